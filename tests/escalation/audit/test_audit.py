"""The audit log's writer: what it writes to the disk, what it refuses, what it undoes."""

import base64
import errno
import fcntl
import hashlib
import io
import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from audit_logs import KEY, START, fill, intent, outcome, put, sealed, ticking, whole_lines
from hypothesis import given
from hypothesis import strategies as st

from assist_escalation.audit.chain import GENESIS, MAX_EVENT, canonical, seal, tail, unseal
from assist_escalation.audit.log import TORN, AuditError, AuditLog, failure, stamp
from assist_escalation.audit.reader import events
from assist_escalation.audit.verifier import verify

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def test_lines_form_a_chain_that_anybody_can_recompute(tmp_path: Path) -> None:
    log = AuditLog(tmp_path / "audit.jsonl", clock=ticking())
    given_back = [log.append("intent", intent("r1")), log.append("outcome", outcome("r1"))]
    first, second = (json.loads(line) for line in whole_lines(tmp_path / "audit.jsonl"))
    assert [first["sha256"], second["sha256"]] == given_back
    assert (first["event"]["prev"], second["event"]["prev"]) == (GENESIS, given_back[0])
    assert (first["event"]["seq"], second["event"]["seq"]) == (1, 2)
    assert (first["event"]["kind"], first["event"]["time"]) == ("intent", stamp(START))
    text = json.dumps({"event": first["event"]}, sort_keys=True, separators=(",", ":"))[:-1]
    assert hashlib.sha256(text.encode()).hexdigest() == given_back[0]


def test_only_its_owner_can_read_it(tmp_path: Path) -> None:
    path = tmp_path / "state" / "audit" / "log.jsonl"
    AuditLog(path, checkpoint=tmp_path / "checkpoint").append("intent", intent("r1"))
    for directory in (path.parent, path.parent.parent):
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    for file in (path, path.with_name("log.jsonl.lock"), tmp_path / "checkpoint"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert sorted(each.name for each in tmp_path.iterdir()) == ["checkpoint", "state"]


def test_an_append_reads_the_end_of_a_long_log_only() -> None:
    class Counting(io.BytesIO):
        count = 0

        def read(self, size: int | None = -1) -> bytes:
            data = super().read(size)
            self.count += len(data)
            return data

    data = sealed([{"kind": "edit", "content": "x" * 2000}] * 1000)
    file = Counting(data)
    end = tail(file, len(data))
    assert (end.seq, end.end, end.torn) == (1000, len(data), b"")
    assert file.count <= 1 << 16


def test_the_tail_is_found_wherever_the_blocks_end() -> None:
    for size in (65_000, 65_300, 65_536, 66_000, 131_000, 500_000):
        data = sealed([{"kind": "edit", "content": "x" * size}] * 3)
        for torn in (b"", b"{", data[: size // 2]):
            end = tail(io.BytesIO(data + torn), len(data + torn))
            assert (end.seq, end.end, end.torn) == (3, len(data), torn)


@given(st.dictionaries(st.text().filter(lambda name: name not in ("kind", "prev", "seq", "time")), JSON))
def test_every_json_comes_back_as_it_was(fields: dict[str, Any]) -> None:
    event = {**fields, "kind": "edit", "prev": GENESIS, "seq": 1, "time": stamp(0)}
    for key in (None, KEY):
        line = seal(event, key)
        entry = unseal(line, key)
        assert entry.event == event
        assert entry.authentic is (True if key else None)
        assert line.isascii()
        assert line.count(b"\n") == 1


def test_file_names_that_are_no_text_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "log"
    AuditLog(path).append("edit", {"path": "caf\udce9.py", "note": "\u2028\x1b[31m"})
    assert next(events(path))["path"] == "caf\udce9.py"
    assert verify(path).ok


@pytest.mark.parametrize(
    ("kind", "fields", "message"),
    [
        ("intended", {}, "not a kind of event"),
        ("torn", {}, "not a kind of event"),
        ("intent", {"request_id": "r1"}, "lacks actor, repo"),
        ("outcome", {"request_id": "r1"}, "lacks model_returned"),
        ("edit", {"seq": 3}, "cannot set seq"),
        ("edit", {"share": float("nan")}, "cannot be written"),
        ("edit", {"at": {1: "a", 10: "b", 9: "c"}}, "keys are not strings"),
        ("edit", {"at": {1: "a", "b": 2}}, "cannot be written"),
        ("edit", {"path": Path("a")}, "cannot be written"),
        ("edit", {"content": "x" * MAX_EVENT}, "bytes, 600000 at most"),
        ("edit", {"content": "x" * 2_000_000}, "bytes, 1000000 at most"),
    ],
)
def test_what_is_no_event_is_refused(tmp_path: Path, kind: str, fields: dict[str, Any], message: str) -> None:
    path = tmp_path / "log"
    log = AuditLog(path)
    fill(log, [1])
    before = path.read_bytes()
    with pytest.raises(AuditError, match=message):
        log.append(kind, fields)
    assert path.read_bytes() == before


@pytest.mark.parametrize("seconds", [float("nan"), float("inf"), 1e300])
def test_a_clock_that_tells_no_time_is_refused(tmp_path: Path, seconds: float) -> None:
    with pytest.raises(AuditError, match="cannot be written"):
        AuditLog(tmp_path / "log", clock=lambda: seconds).append("edit", {})


def test_a_key_is_a_matter_of_the_whole_log(tmp_path: Path) -> None:
    plain, keyed = tmp_path / "plain", tmp_path / "keyed"
    AuditLog(plain).append("edit", {})
    AuditLog(keyed, key=KEY).append("edit", {})
    for path, key, message in [
        (plain, KEY, "written without a key, and one was given"),
        (keyed, None, "written with a key, and none was given"),
        (keyed, b"another", "not written with the given key"),
    ]:
        before = path.read_bytes()
        with pytest.raises(AuditError, match=message) as caught:
            AuditLog(path, key=key).append("edit", {})
        assert "another" not in str(caught.value)
        assert path.read_bytes() == before
    with pytest.raises(AuditError, match="key is empty"):
        AuditLog(keyed, key=b"")


def test_a_torn_line_is_kept_wherever_it_was_cut(tmp_path: Path) -> None:
    path = tmp_path / "log"
    whole = sealed([{"kind": "edit"}] * 3)
    start = whole[:-1].rindex(b"\n") + 1
    for cut in range(start + 1, len(whole)):
        put(path, whole[:cut])
        report = verify(path)
        assert (report.ok, report.torn, report.line, report.events) == (False, cut - start, 3, 2)
        assert len(list(events(path))) == 2
        AuditLog(path).append("undo", {})
        _, _, torn, last = events(path)
        assert (torn["kind"], last["kind"]) == (TORN, "undo")
        assert base64.b64decode(torn["base64"]) == whole[start:cut]
        assert torn["sha256"] == hashlib.sha256(whole[start:cut]).hexdigest()
        assert verify(path).ok
        assert verify(path).marks == 1


def test_a_first_line_that_is_torn_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b'{"event":{')
    AuditLog(path).append("edit", {})
    assert [event["kind"] for event in events(path)] == [TORN, "edit"]
    assert verify(path).ok


@pytest.mark.parametrize(
    "ending", [b"\n", b"no line\n", b"x" * 700_001, b"x" * 3_000_000, b"x" * 3_000_000 + b"\n"]
)
def test_an_end_that_no_writer_left_stops_egress(tmp_path: Path, ending: bytes) -> None:
    path = tmp_path / "log"
    path.write_bytes(sealed([{"kind": "edit"}]) + ending)
    with pytest.raises(AuditError, match=r"last line of .*log.*name a new one"):
        AuditLog(path).append("edit", {})
    report = verify(path)
    assert (report.ok, report.line) == (False, 2)


def test_another_writer_is_waited_for_and_named(tmp_path: Path) -> None:
    path = tmp_path / "log"
    log = AuditLog(path, wait_s=0.05)
    log.append("edit", {})
    with path.with_name("log.lock").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(AuditError, match=r"log has been locked by another process for 0\.05 s"):
            log.append("edit", {})
        assert verify(path).events == 1  # readers do not wait
    log.append("edit", {})
    assert verify(path).events == 2


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        (errno.ENOSPC, "Free some space"),
        (errno.EDQUOT, "Free some space"),
        (errno.EROFS, "Make it writable"),
        (errno.EACCES, "Make it writable"),
        (errno.EIO, "Name a file"),
    ],
)
def test_failures_name_the_file_and_the_remedy(code: int, remedy: str) -> None:
    text = failure(OSError(code, "it failed"), Path("/somewhere/log"))
    assert "/somewhere/log: it failed" in text
    assert remedy in text


def test_places_that_hold_no_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "file" / "log"):
        with pytest.raises(AuditError, match=str(tmp_path)):
            AuditLog(path).append("edit", {})
    with pytest.raises(AuditError, match="not a regular file"):
        AuditLog(tmp_path / "pipe").append("edit", {})


def test_canonical_bytes_do_not_depend_on_the_order() -> None:
    assert canonical({"b": 1, "a": [True, None]}) == canonical({"a": [True, None], "b": 1})
