"""Marks of a request: the same for the same request, and nothing that a text can hold or foretell."""

import os
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from assist_escalation.gate.request_marks import KEY_BYTES, installation_key, request_mark
from assist_escalation.prompts import Origin, Prompt, Span

KEY = b"k" * KEY_BYTES
texts = st.lists(st.text("ab`\n\ud800é", max_size=8), min_size=1, max_size=4)


def prompt(*found: str, path: str = "a.py") -> Prompt:
    return Prompt("ask", tuple(Span(text, Origin("file", path, "/", 1, 2)) for text in found))


@given(texts, texts)
def test_a_mark_follows_from_the_request_alone(one: list[str], other: list[str]) -> None:
    marks = [request_mark(KEY, "fence", prompt(*each)) for each in (one, one, other)]
    assert marks[0] == marks[1]
    assert (marks[0] == marks[2]) == (one == other)
    assert marks[0] != request_mark(KEY, "placeholder", prompt(*one))
    assert marks[0] != request_mark(b"K" * KEY_BYTES, "fence", prompt(*one))
    assert marks[0] != request_mark(KEY, "fence", prompt(*one, path="b.py"))


@given(texts)
def test_a_text_that_learns_a_mark_gets_another(found: list[str]) -> None:
    seen: list[str] = []
    for _ in range(5):
        mark = request_mark(KEY, "fence", prompt(*found, *seen))
        assert not any(mark in text for text in (*found, *seen))
        seen.append(mark)


def test_an_installation_has_one_secret_that_only_its_owner_reads(tmp_path: Path) -> None:
    path = tmp_path / "data" / "marks.key"
    key = installation_key(path)
    assert (len(key), installation_key(path)) == (KEY_BYTES, key)
    assert path.stat().st_mode & 0o777 == 0o600
    assert os.listdir(path.parent) == ["marks.key"]
    path.write_bytes(b"short")
    other = installation_key(path)
    assert installation_key(path) == other != key
    assert installation_key(tmp_path / "second" / "marks.key") != other


def test_without_a_place_for_it_the_secret_is_a_new_one(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    path = tmp_path / "file" / "marks.key"
    assert installation_key(path) != installation_key(path)
