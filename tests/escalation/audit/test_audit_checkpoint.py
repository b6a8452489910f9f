"""The checkpoint follows the log, and nothing is appended to a log that lost lines."""

import json
from pathlib import Path

import pytest
from audit_logs import fill, put, sealed, whole_lines

from assist_escalation.audit.log import BEGUN, AuditError, AuditLog
from assist_escalation.audit.reader import events
from assist_escalation.audit.verifier import verify


def test_a_checkpoint_follows_the_end(tmp_path: Path) -> None:
    path, checkpoint = tmp_path / "log", tmp_path / "checkpoint"
    log = AuditLog(path, checkpoint=checkpoint)
    for seq in (1, 2, 3):
        sha256 = log.append("edit", {})
        assert json.loads(checkpoint.read_bytes()) == {
            "seq": seq,
            "sha256": sha256,
            "size": path.stat().st_size,
        }


def test_a_log_that_lost_lines_is_not_gone_on_with(tmp_path: Path) -> None:
    path, checkpoint = tmp_path / "log", tmp_path / "checkpoint"
    log = AuditLog(path, checkpoint=checkpoint)
    fill(log, range(3))
    lines, known = whole_lines(path), checkpoint.read_bytes()
    rewritten = sealed([{"kind": "edit"}] * 9)
    for content in (b"".join(lines[:5]), b"".join(lines[:5]) + lines[5][:-1], lines[0], b"", rewritten):
        put(path, content)
        with pytest.raises(AuditError, match=r"no longer holds line 6 .*removed or rewritten"):
            log.append("edit", {})
        assert (path.read_bytes(), checkpoint.read_bytes()) == (content, known)


def test_an_older_checkpoint_is_gone_on_from(tmp_path: Path) -> None:
    """The state after a writer died between the line and the checkpoint."""
    path, checkpoint = tmp_path / "log", tmp_path / "checkpoint"
    log = AuditLog(path, checkpoint=checkpoint)
    fill(log, [1])
    older = checkpoint.read_bytes()
    fill(log, [2])
    checkpoint.write_bytes(older)
    assert verify(path, checkpoint=checkpoint).ok
    log.append("edit", {})
    assert json.loads(checkpoint.read_bytes())["seq"] == 5
    assert verify(path, checkpoint=checkpoint).ok


def test_a_checkpoint_that_begins_later_leaves_a_mark(tmp_path: Path) -> None:
    path, checkpoint = tmp_path / "log", tmp_path / "checkpoint"
    AuditLog(path).append("edit", {})
    assert not verify(path, checkpoint=checkpoint).ok
    AuditLog(path, checkpoint=checkpoint).append("edit", {})
    assert [event["kind"] for event in events(path)] == ["edit", BEGUN, "edit"]
    report = verify(path, checkpoint=checkpoint)
    assert (report.ok, report.marks) == (True, 1)


def test_without_its_checkpoint_an_event_is_taken_back(tmp_path: Path) -> None:
    path = tmp_path / "log"
    fill(AuditLog(path), [1])
    before = path.read_bytes()
    for content in (before, before + b"torn"):
        put(path, content)
        with pytest.raises(AuditError, match="missing/checkpoint"):
            AuditLog(path, checkpoint=tmp_path / "missing" / "checkpoint").append("edit", {})
        assert path.read_bytes() == content


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[1]", b'{"seq":0,"sha256":"","size":1}', b"\xff", b"[" * 900]
)
def test_a_damaged_checkpoint_stops_egress(tmp_path: Path, content: bytes) -> None:
    path, checkpoint = tmp_path / "log", tmp_path / "checkpoint"
    log = AuditLog(path, checkpoint=checkpoint)
    log.append("edit", {})
    checkpoint.write_bytes(content)
    with pytest.raises(AuditError, match="is no checkpoint"):
        log.append("edit", {})
    report = verify(path, checkpoint=checkpoint)
    assert (report.ok, report.line) == (False, 0)
    assert "is no checkpoint" in report.problem


def test_a_log_is_not_its_own_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(AuditError, match="own checkpoint"):
        AuditLog(tmp_path / "log", checkpoint=tmp_path / "log")
