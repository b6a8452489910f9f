"""What became of requests: what counts as an answer, and for whom."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from assist_escalation.routing.feedback import Event
from assist_server.records.answer_counts import AnswerKey, answer_rows, answers_document, group, total

NOON = 1_769_860_800.0  # 2026-01-31, 12:00 UTC


def happened(request: str, *names: Any, target: str = "local", **more: Any) -> list[Event]:
    command = more.get("command", "fix")
    at = more.get("at", NOON)
    model = more.get("model", "")
    return [
        Event(
            at,
            "0a1b",
            command,
            request,
            target,
            0.6,
            0.4,
            {},
            name,
            "" if name == "routed" else model,
            "python",
        )
        for name in names
    ]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["routed"], set()),  # it failed, or was cancelled
        (["routed", "answered"], {"answered"}),
        (["routed", "answered", "up"], {"answered", "good"}),
        (["routed", "offered"], {"offered", "not-applied"}),
        (["routed", "offered", "not_applied"], {"offered", "not-applied"}),
        (["routed", "offered", "accepted"], {"answered", "offered", "applied"}),
        (["routed", "offered", "accepted", "undone"], {"offered", "applied", "undone"}),
        (["routed", "offered", "not_applied", "down"], {"offered", "not-applied", "bad"}),
        (["routed", "unusable"], {"refused-by-checks"}),
        (["routed", "accepted"], {"answered", "offered", "applied"}),
    ],
)
def test_an_edit_that_did_not_stay_is_no_answer(names: Sequence[str], expected: set[str]) -> None:
    counts = total(answer_rows(happened("r1", *names)))
    known = {name for name in counts if not name.endswith("-local")} - {"asked", "ended"}
    assert counts["asked"] == counts["asked-local"] == 1
    assert known == expected
    assert counts["answered-local"] == counts["answered"]


def test_kept_edits_count_by_their_proof() -> None:
    kept = [replace(event, proof="tests") for event in happened("r1", "accepted")]
    undone = [replace(event, proof="types") for event in happened("r2", "accepted", "undone")]
    events = [*happened("r1", "routed"), *kept, *happened("r2", "routed"), *undone]
    counts = total(answer_rows(events))
    assert {name: count for name, count in counts.items() if name.startswith("kept-")} == {"kept-tests": 1}


def test_keys_have_the_day_of_the_question_and_the_model_that_answered() -> None:
    events = happened("r1", "routed", "offered", model="small")
    events += happened("r1", "accepted", at=NOON + 86_400)
    assert answer_rows(events).keys() == {AnswerKey("2026-01-31", "0a1b", "fix", "small", "python")}
    assert answer_rows(events, "2026-02-01") == {}
    assert answer_rows(happened("r2", "offered")) == {}  # its decision is too old to be kept


def test_a_request_counts_for_the_one_that_answered_in_the_end() -> None:
    fell_back = happened("r1", "routed", target="frontier") + happened("r1", "answered")
    asked_again = happened("r2", "routed") + happened("r2", "escalated_after", "answered", target="frontier")
    counts = total(answer_rows([*fell_back, *asked_again]))
    assert (counts["asked-frontier"], counts["escalated"]) == (2, 1)
    assert (counts["answered-local"], counts["answered-frontier"]) == (1, 1)


def test_a_provider_that_was_never_asked_or_failed_answered_nothing() -> None:
    before = happened("r0", "routed", "answered")
    declined = happened("r1", "routed", target="frontier")
    rated = happened("r2", "routed", "up", target="frontier")
    undoubted = happened("r3", "routed", "answered") + happened("r3", "escalated_after", target="frontier")
    counts = total(answer_rows([*before, *declined, *rated, *undoubted]))
    assert (counts["asked"], counts["ended"], counts["answered"]) == (4, 2, 2)
    assert (counts["escalated"], counts["ended-frontier"], counts["good"]) == (0, 0, 1)


def failed_over(number: int) -> list[Event]:
    """Decided for a provider, which failed; this machine's edit could not be made."""
    return happened(f"f{number}", "routed", target="frontier") + happened(f"f{number}", "unusable")


def test_shares_are_of_those_who_answered() -> None:
    events = [
        *happened("r1", "routed", "offered", "accepted"),
        *(each for n in range(3) for each in failed_over(n)),
    ]
    found = answers_document(events)
    assert found["by_target"] == {"frontier": 3, "local": 1}
    assert (found["ended_by_target"], found["refused_by_checks"]) == ({"local": 4}, {"local": 3})
    assert (found["local_usable_share"], found["escalated_share"]) == (0.25, 0.0)


def test_groups_add_up_to_the_total() -> None:
    rows = answer_rows(
        [
            *happened("r1", "routed", "answered", command="ask"),
            *happened("r2", "routed"),
            *happened("r3", "routed"),
        ]
    )
    found = group(rows, "command")
    assert {name: counts["asked"] for name, counts in found.items()} == {"ask": 1, "fix": 2}
    assert total(rows) == found["ask"] + found["fix"]
