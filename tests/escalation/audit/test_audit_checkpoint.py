"""The checkpoint follows the log, and nothing is appended to a log that lost lines."""

import base64
import json
from pathlib import Path

import pytest
from audit_logs import fill, put, sealed, whole_lines

from assist_escalation.audit.chain import MAX_EVENT
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


LOSSES = ["removed", "emptied", "cut", "of another log", "older than a cut log"]


def lose(how: str, path: Path, checkpoint: Path) -> None:
    """Lose the checkpoint of a log of six lines, or the lines that it knows."""
    if how == "removed":
        checkpoint.unlink()
    elif how == "emptied":
        checkpoint.write_bytes(b"")
    elif how == "cut":
        checkpoint.write_bytes(checkpoint.read_bytes()[:20])
    elif how == "of another log":
        fill(AuditLog(path.with_name("other"), checkpoint=checkpoint.with_name("others")), [7])
        checkpoint.write_bytes(checkpoint.with_name("others").read_bytes())
    else:
        put(path, b"".join(whole_lines(path)[:3]))


@pytest.mark.parametrize("how", LOSSES)
def test_a_lost_checkpoint_stops_everything_until_a_person_accepts_the_log(tmp_path: Path, how: str) -> None:
    path, checkpoint = tmp_path / "log", tmp_path / "checkpoint"
    log = AuditLog(path, checkpoint=checkpoint)
    fill(log, range(3))
    lose(how, path, checkpoint)
    before, found = path.read_bytes(), checkpoint.read_bytes() if checkpoint.exists() else None
    for _ in range(2):
        with pytest.raises(AuditError, match="assist audit checkpoint --restart"):
            log.append("edit", {})
    assert path.read_bytes() == before
    assert (checkpoint.read_bytes() if checkpoint.exists() else None) == found
    assert not verify(path, checkpoint=checkpoint).ok
    line = log.restart_checkpoint("ann")
    log.append("edit", {})
    *_, begun, edit = events(path)
    assert (begun["kind"], begun["seq"], begun["actor"], edit["kind"]) == (BEGUN, line, "ann", "edit")
    assert base64.b64decode(begun["base64"]) == (found or b"")
    report = verify(path, checkpoint=checkpoint)
    assert (report.ok, report.marks, report.restarted) == (True, 1, line)


def test_a_checkpoint_that_is_there_is_not_begun_again(tmp_path: Path) -> None:
    path, checkpoint = tmp_path / "log", tmp_path / "checkpoint"
    log = AuditLog(path, checkpoint=checkpoint)
    for _ in range(2):
        with pytest.raises(AuditError, match="nothing was lost"):
            log.restart_checkpoint("ann")
        log.append("edit", {})
    with pytest.raises(AuditError, match="no checkpoint"):
        AuditLog(path).restart_checkpoint("ann")
    assert [event["kind"] for event in events(path)] == ["edit", "edit"]


def test_a_log_that_lost_everything_is_no_new_log(tmp_path: Path) -> None:
    """The log and its checkpoint are gone, and only the ledger knows that there were requests."""
    path, checkpoint = tmp_path / "log", tmp_path / "checkpoint"
    log = AuditLog(path, checkpoint=checkpoint, was_used=lambda: True)
    with pytest.raises(AuditError, match="is empty although requests were paid"):
        log.append("edit", {})
    log.restart_checkpoint("ann")
    log.append("edit", {})
    assert [event["kind"] for event in events(path)] == [BEGUN, "edit"]


def test_the_first_line_never_lacks_its_checkpoint(tmp_path: Path) -> None:
    """A writer that is killed after its first line leaves a log that can be gone on with."""
    path, checkpoint = tmp_path / "log", tmp_path / "checkpoint"
    log = AuditLog(path, checkpoint=checkpoint)
    with pytest.raises(AuditError):
        log.append("edit", {"note": "x" * MAX_EVENT})
    assert path.read_bytes() == b""
    put(path, sealed([{"kind": "edit"}]))
    log.append("edit", {})
    assert verify(path, checkpoint=checkpoint).ok


def test_without_its_checkpoint_an_event_is_taken_back(tmp_path: Path) -> None:
    path, folder = tmp_path / "log", tmp_path / "missing"
    for content in (b"", b"torn"):
        put(path, content)
        with pytest.raises(AuditError, match="missing/checkpoint"):
            AuditLog(path, checkpoint=folder / "checkpoint").append("edit", {})
        assert path.read_bytes() == content


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[1]", b'{"seq":0,"sha256":"","size":1}', b"\xff", b"[" * 900]
)
def test_a_damaged_checkpoint_stops_egress(tmp_path: Path, content: bytes) -> None:
    path, checkpoint = tmp_path / "log", tmp_path / "checkpoint"
    log = AuditLog(path, checkpoint=checkpoint)
    log.append("edit", {})
    checkpoint.write_bytes(content)
    with pytest.raises(AuditError, match="is not a checkpoint"):
        log.append("edit", {})
    report = verify(path, checkpoint=checkpoint)
    assert (report.ok, report.line) == (False, 0)
    assert "is not a checkpoint" in report.problem


def test_a_log_is_not_its_own_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(AuditError, match="own checkpoint"):
        AuditLog(tmp_path / "log", checkpoint=tmp_path / "log")
