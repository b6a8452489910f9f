"""Feedback: events without code, torn lines, many writers, limited size, and what is learned from them."""

import json
import stat
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from assist_escalation.routing.calibration import score
from assist_escalation.routing.features import RequestFacts, features
from assist_escalation.routing.feedback import MAX_BYTES, Event, events, record, scores
from assist_evaluation.judging.calibration_fit import labels
from assist_evaluation.usage.usage_sums import answers_kept_from

ROUTED = Event(1.5, "repo", "fix", "r1", "local", 0.4, 0.2, features(RequestFacts("fix")), "routed")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "feedback.jsonl"


def happened(path: Path, request_id: str, *names: Any, **changes: Any) -> None:
    for name in names:
        assert record(path, replace(ROUTED, request_id=request_id, event=name, **changes))


def test_events_come_back_as_they_went_and_only_for_the_owner(path: Path) -> None:
    happened(path, "r1", "routed", "accepted")
    assert list(events(path)) == [ROUTED, replace(ROUTED, event="accepted")]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert list(events(path.with_name("missing"))) == []
    assert answers_kept_from(path) is None, "nothing made room yet"
    assert answers_kept_from(path.with_name("missing")) is None


def test_an_event_has_no_place_for_code() -> None:
    texts = {each.name for each in fields(Event) if each.type in (str, "str")}
    assert texts == {"repo", "command", "request_id", "target", "model", "language", "proof"}
    assert all(isinstance(value, float) for value in ROUTED.features.values())


def test_a_torn_line_costs_itself_alone(path: Path) -> None:
    happened(path, "r1", "routed")
    with path.open("ab") as lines:
        lines.write(b'{"at": 1, "repo": "x')
    happened(path, "r2", "routed")
    with path.open("ab") as lines:
        lines.write(b"\xff\xfe\n[1]\n{}\n" + b"[" * 100_000 + b"\n" + json.dumps({"at": 1}).encode())
    assert [each.request_id for each in events(path)] == ["r1", "r2"]


@pytest.mark.parametrize(
    "change",
    [{"event": "sent"}, {"p_local": "high"}, {"features": {"code": "x = 1"}}, {"features": 3}, {"more": 1}],
)
def test_a_foreign_line_is_passed_over(path: Path, change: dict[str, Any]) -> None:
    happened(path, "r1", "routed")
    line = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**line, **change}) + "\n", encoding="utf-8")
    assert list(events(path)) == []


def test_the_oldest_make_room(path: Path) -> None:
    path.parent.mkdir()
    line = json.dumps({"pad": "x" * 990}).encode() + b"\n"
    path.write_bytes(line * (MAX_BYTES // len(line)))
    assert answers_kept_from(path) is None
    for number in range(5):
        happened(path, f"r{number}", "routed")
    assert answers_kept_from(path) == ROUTED.at, "from its first event on"
    assert path.stat().st_size < 0.6 * MAX_BYTES
    assert [each.request_id for each in events(path)] == [f"r{number}" for number in range(5)]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert all(line.endswith(b"}") for line in path.read_bytes().splitlines())


def test_many_processes_write_whole_lines(path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from assist_escalation.routing.feedback import Event, record\n"
        "for n in range(50): record(Path(sys.argv[1]), Event(n, 'r', 'fix', f'{sys.argv[2]}-{n}', 'local', .1, .2, {}, 'routed'))"
    )
    running = [subprocess.Popen([sys.executable, "-c", code, str(path), str(number)]) for number in range(3)]
    assert [each.wait(60) for each in running] == [0, 0, 0]
    assert len({each.request_id for each in events(path)}) == 150


def test_what_cannot_be_written_is_lost_and_nobody_fails(path: Path) -> None:
    happened(path, "r1", "routed")
    with FileLock(f"{path}.lock"):
        code = (
            "import sys; from pathlib import Path; from assist_escalation.routing.feedback import Event, record\n"
            "print(record(Path(sys.argv[1]), Event(1, 'r', 'fix', 'late', 'local', .1, .2, {}, 'routed')))"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True
        )
    assert done.stdout == "False\n"
    in_the_way = path / "below" / "feedback.jsonl"
    assert not record(in_the_way, ROUTED)


def test_history_has_the_last_score_of_each_request_in_order(path: Path) -> None:
    happened(path, "r1", "routed", p_local=0.1)
    happened(path, "r2", "routed", p_local=0.2, command="ask")
    happened(path, "r1", "routed", "accepted", p_local=0.3)
    assert scores(path) == (0.3, 0.2)
    assert scores(path, "ask") == (0.2,)
    assert scores(path.with_name("missing")) == ()


def test_labels_are_local_answers_that_somebody_judged(path: Path) -> None:
    easy = features(RequestFacts("explain"))
    happened(path, "good", "routed", "accepted", features=easy)
    happened(path, "liked", "routed", "up")
    happened(path, "undone", "routed", "accepted", "undone")
    happened(path, "disliked", "routed", "up", "down")
    happened(path, "no edit", "routed", "unusable")
    happened(path, "too weak", "routed")
    happened(path, "too weak", "escalated_after", target="frontier")
    happened(path, "unjudged", "routed")
    happened(path, "remote", "routed", "accepted", target="frontier")
    happened(path, "turned", "routed")
    happened(path, "turned", "routed", "accepted", target="frontier")
    found = labels(path)
    assert [each.good for each in found] == [True, True, False, False, False, False]
    assert found[0].score == score(easy) > found[1].score == score(ROUTED.features)
