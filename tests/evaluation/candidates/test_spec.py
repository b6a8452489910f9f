"""Candidates as people write them."""

import doctest

import pytest

from assist_evaluation.candidates import spec as spec_module
from assist_evaluation.candidates.spec import CandidateSpec, parse_candidate
from assist_server.errors import UserError


@pytest.mark.parametrize(
    "text",
    [
        "local:a",
        "local:a,context=off",
        "local:a,mode=quiet",
        "local:a,context=off,mode=eager,as=answers",
        "local:/models/a.gguf",
        "server:team",
        "provider:openai",
        "search",
        "known:oracle",
    ],
)
def test_a_candidate_is_written_in_one_way(text: str) -> None:
    assert parse_candidate(text).label == text


def test_spaces_and_defaults_do_not_count() -> None:
    assert parse_candidate("local:a, context=on, as=ghost") == CandidateSpec("local", "a")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is not a candidate"),
        ("a", "is not a candidate"),
        ("local:", "is not a candidate"),
        ("cloud:a", "is not a candidate"),
        ("local:a,context=maybe", "is not one of on, off"),
        ("local:a,mode=loud", "is not one of eager"),
        ("local:a,speed=1", "not known"),
        ("provider:a,as=answers", "not known"),
        ("known:liar", "known answers are"),
    ],
)
def test_another_text_is_refused_with_what_to_write(text: str, told: str) -> None:
    with pytest.raises(UserError, match=told):
        parse_candidate(text)


def test_what_each_can_be_asked() -> None:
    assert parse_candidate("local:a").kinds == ("lines", "typing", "bodies", "edits")
    assert parse_candidate("local:a,as=answers").kinds == ("bodies", "edits")
    assert "lines" not in parse_candidate("provider:a").kinds


def test_examples() -> None:
    assert doctest.testmod(spec_module).failed == 0
