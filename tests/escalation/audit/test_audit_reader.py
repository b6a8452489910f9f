"""What is read from a log: through filters, and as JSON Lines for other tools."""

import io
import json
from pathlib import Path

import pytest
from audit_logs import START, intent, outcome, ticking

from assist_escalation.audit.log import AuditError, AuditLog
from assist_escalation.audit.reader import Filter, events, export
from assist_gateway.tool_events import later_events


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Two requests of two repositories, an edit of the first, a refused request, and one without an outcome."""
    log = AuditLog(tmp_path / "log", clock=ticking(step=10))
    log.append("intent", intent("r1"))
    log.append("intent", intent("r2", repo="mill", model="large-2"))
    log.append("outcome", outcome("r2", error="timeout", finish="", model_returned=""))
    log.append("outcome", outcome("r1"))
    log.append("edit", {"request_id": "r1", "paths": ["a.py", "b.py"]})
    log.append("refused", {"request_id": "r3", "repo": "mill", "cause": "budget"})
    log.append("intent", intent("r4", command="tool:aider"))
    return tmp_path / "log"


def _exported(path: Path, only: Filter = Filter()) -> tuple[int, str]:  # noqa: B008
    out = io.StringIO()
    return export(path, out.write, only), out.getvalue()


@pytest.mark.parametrize(
    ("only", "seqs"),
    [
        (Filter(), [1, 2, 3, 4, 5, 6, 7]),
        (Filter(since=START + 20), [3, 4, 5, 6, 7]),
        (Filter(until=START + 20), [1, 2]),
        (Filter(since=START + 10, until=START + 20), [2]),
        (Filter(kind="intent"), [1, 2, 7]),
        (Filter(request="r1"), [1, 4, 5]),
        (Filter(repo="shop"), [1, 4, 5, 7]),
        (Filter(repo="mill"), [2, 3, 6]),
        (Filter(repo="shop", since=START + 20), [4, 5, 7]),
        (Filter(repo="mill", kind="outcome"), [3]),
        (Filter(repo="none"), []),
        (Filter(tool="aider"), [7]),
        (Filter(tool="*"), [7]),
        (Filter(tool="aider", repo="mill"), []),
        (Filter(tool="zed"), []),
    ],
)
def test_filters(path: Path, only: Filter, seqs: list[int]) -> None:
    assert [event["seq"] for event in events(path, only)] == seqs
    assert _exported(path, only)[0] == len(seqs)


def test_a_log_is_followed_from_where_it_ended_and_a_line_that_is_being_written_waits(path: Path) -> None:
    whole = path.read_bytes()
    middle = whole.index(b"\n", whole.index(b"\n") + 1) + 1
    path.write_bytes(whole[: middle + 20])
    found, end = later_events(path, 0)
    assert ([event["seq"] for event in found], end) == ([1, 2], middle)
    path.write_bytes(whole)
    later, end = later_events(path, end)
    assert ([event["seq"] for event in later], end) == ([3, 4, 5, 6, 7], len(whole))
    assert later_events(path, end) == ([], end)
    assert later_events(path.with_name("none"), 0) == ([], 0)


def test_a_missing_log_has_no_events(tmp_path: Path) -> None:
    assert list(events(tmp_path / "log")) == []
    with pytest.raises(AuditError, match="cannot use"):
        list(events(tmp_path))


def test_a_damaged_line_is_named_behind_the_events_before_it(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"timeout", b"success"))
    shown = events(path)
    assert [next(shown)["seq"], next(shown)["seq"]] == [1, 2]
    with pytest.raises(AuditError, match=r"Line 3 of .*log was changed"):
        next(shown)


def test_json_lines_hold_every_field(path: Path) -> None:
    count, text = _exported(path)
    rows = [json.loads(line) for line in text.splitlines()]
    assert (count, len(rows)) == (7, 7)
    whole = [json.loads(line) for line in path.read_bytes().splitlines()]
    assert rows == [{**line["event"], "sha256": line["sha256"]} for line in whole]
