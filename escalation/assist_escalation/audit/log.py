"""The audit log's writer: what left the machine, or was refused, is on the disk before anything else happens.

An append takes the log's lock, checks the last line (its form, its MAC, the checkpoint), adds one line, and
returns once the line is on the disk. If any of that fails, there is no event and no egress: `AuditError`.
If the checkpoint is lost, that holds until a person has looked and begun it again, which is an event too.
The log is evidence, so lines are never changed, and the log is never rotated. If a writer was killed in the
middle of a line, the next append keeps the rest of that line in a "torn" event.
This module does not know what an event means, or who else reads the log.
"""

import base64
import errno
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from stat import S_ISREG
from typing import BinaryIO

from filelock import FileLock, Timeout

from assist_context import durable_files
from assist_context.regular_files import read_regular
from assist_escalation.audit.chain import (
    GENESIS,
    MAX_EVENT,
    OURS,
    DamagedError,
    Json,
    Tail,
    canonical,
    last_events,
    seal,
    tail,
    unseal,
)
from assist_escalation.errors import EscalationError

# The fields that an event must have, by its kind.
REQUIRED: Mapping[str, tuple[str, ...]] = {
    "intent": (
        *("request_id", "actor", "repo", "command", "cause", "features", "verdict", "spans", "redactions"),
        *("payload_sha256", "provider", "host", "model", "tokens", "upper_micro"),
    ),
    "outcome": ("request_id", "model_returned", "usage", "cost_micro", "latency_ms", "finish", "error"),
    "refused": (),
    "model_changed": (),
    "edit": (),
    "undo": (),
}
TORN = "torn"  # holds what a killed writer left of a line
BEGUN = "checkpoint_begun"  # a person accepted the log as it is, and its checkpoint begins again

LOCK_S = 10.0  # how long to wait for other writers; an append takes milliseconds, but disks can stall
_POLL_S = 0.01
# Bytes at the log's end in which events of a kind are counted: 100 refusals and as much again of others.
_LOOK_BACK = 100_000
_CHECKPOINT_BYTES = 1000  # a checkpoint has about 120
_DATE = len("2026-01-31")

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_FORBIDDEN = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


class AuditError(EscalationError):
    """The log cannot be written, or cannot be trusted. Nothing may leave the machine."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The last line of a log: its number, its sha256, and the log's length in bytes, this line included.

    It is kept in a file at another place. To hide that lines were cut off the end of a log, or that the log
    was rewritten, an attacker must change that file too. So keep it where they cannot: in another account's
    directory, or on another machine's share.
    """

    seq: int
    sha256: str
    size: int


# Of a log without lines, so that the first line never lacks a checkpoint.
NO_LINES = Checkpoint(0, GENESIS, 0)


class AuditLog:
    """One audit log, for any number of threads and processes. Its file is open only during a write.

    `key` gives every line a MAC; all lines of a log have the same key, or none has one. `checkpoint` is a
    file elsewhere that records the log's end; its directory must exist. `clock` returns seconds since 1970.
    `wait_s` is how long to wait for other writers. `was_used` says whether another record knows of requests
    that this log must have: an empty log without its checkpoint has then lost both.
    """

    def __init__(
        self,
        path: Path,
        *,
        key: bytes | None = None,
        checkpoint: Path | None = None,
        clock: Callable[[], float] = time.time,
        wait_s: float = LOCK_S,
        was_used: Callable[[], bool] = lambda: False,
    ) -> None:
        check_key(key)
        if checkpoint and checkpoint.absolute() == path.absolute():
            raise AuditError(f"{path} cannot be its own checkpoint: name a different file.")
        self._path, self._key, self._checkpoint = path, key, checkpoint
        self._clock, self._wait_s = clock, wait_s
        self._was_used = was_used

    def append(self, kind: str, fields: Mapping[str, Json]) -> str:
        """Add an event, and return the sha256 of its line once the line is on the disk.

        Raises AuditError if it is not. The log is then as it was.
        """
        _check(kind, fields)
        with self._hold() as (file, end):
            self._check_key(end)
            if self._checkpoint:
                self._check_checkpoint(file, end, self._checkpoint)
            lines = self._new_lines(end, kind, fields)
            self._write(file, end, lines)
            return unseal(lines[-1]).sha256

    def append_some(self, kind: str, fields: Mapping[str, Json], most: int) -> bool:
        """Add an event, unless the end of the log has `most` of its kind today. Whether it was added.

        The last added one has a field `last_today`. Raises AuditError like `append`.
        """
        _check(kind, fields)
        with self._hold() as (file, end):
            today = stamp(self._clock())[:_DATE]
            count = sum(
                event["kind"] == kind and event["time"][:_DATE] == today
                for event in last_events(file, end.end, _LOOK_BACK)
            )
        if count >= most:
            return False
        self.append(kind, {**fields, "last_today": True} if count == most - 1 else fields)
        return True

    def restart_checkpoint(self, actor: str) -> int:
        """Accept the log as it is, write down that `actor` did so, and return the number of that line.

        The event holds what was found in place of the checkpoint. Raises AuditError if the checkpoint is not
        lost, or if the log itself cannot be gone on with.
        """
        if self._checkpoint is None:
            raise AuditError(f"{self._path} has no checkpoint: name a file for it in [audit] checkpoint.")
        with self._hold() as (file, end):
            self._check_key(end)
            try:
                self._check_checkpoint(file, end, self._checkpoint)
            except AuditError as error:
                why = str(error)
            else:
                raise AuditError(f"{self._checkpoint} is the checkpoint of {self._path}: nothing was lost.")
            with _name_in_errors(self._checkpoint):
                old_bytes = base64.b64encode(_read_bytes(self._checkpoint)).decode()
            fields: dict[str, Json] = {"path": str(self._checkpoint), "actor": actor, "lines": end.seq}
            lines = self._new_lines(end, BEGUN, {**fields, "base64": old_bytes, "why": why})
            self._write(file, end, lines)
            return end.seq + len(lines)

    @contextmanager
    def _hold(self) -> Iterator[tuple[BinaryIO, Tail]]:
        """The open log with its lock held, and how it ends. Raises AuditError for whatever goes wrong."""
        try:
            durable_files.make_folder(self._path.parent)
            with hold_lock(self._path, self._wait_s), _open_log(self._path) as file:
                size = file.seek(0, os.SEEK_END)
                yield file, tail(file, size, self._key)
        except Timeout as error:
            raise AuditError(
                f"{self._path} has been locked by another process for {self._wait_s:g} s: end it and retry."
            ) from error
        except DamagedError as error:
            raise AuditError(f"The last line of {self._path} {error}. {_ANEW}") from error
        except OSError as error:
            raise AuditError(failure(error, self._path)) from error

    def _check_key(self, end: Tail) -> None:
        """Raises AuditError if the last line was not written with this log's key."""
        last = end.last
        if last and last.has_mac != bool(self._key):
            how = "with a key, and none was given" if last.has_mac else "without a key, and one was given"
            raise AuditError(f"{self._path} was written {how}. {_ANEW}")
        if last and last.authentic is False:
            raise AuditError(f"The last line of {self._path} was not written with the given key. {_ANEW}")

    def _check_checkpoint(self, file: BinaryIO, end: Tail, checkpoint: Path) -> None:
        """Raises AuditError if the checkpoint is lost, or is not this log's. A new log gets a new one."""
        known_end = known_checkpoint(checkpoint)
        if known_end is None and (end.last or self._was_used()):
            raise AuditError(
                f"The checkpoint {checkpoint} does not exist, although {self._path} "
                f"{f'has {end.seq} lines' if end.last else 'is empty although requests were paid for'}: its "
                "disk is not mounted, it was removed, or it was named in the settings only now. Without it "
                f"nothing shows whether lines were cut off the log. Restore it. {_RESTART}"
            )
        if known_end is None:
            with _name_in_errors(checkpoint):
                _write_checkpoint(checkpoint, NO_LINES)
            return
        there = tail(file, known_end.size) if known_end.size <= end.end else None
        if there is None or there.torn or (there.seq, there.sha256) != (known_end.seq, known_end.sha256):
            raise AuditError(
                f"{self._path} no longer holds line {known_end.seq} as recorded in {checkpoint}: lines were "
                f"removed or rewritten. Keep a copy of both. {_RESTART}"
            )

    def _new_lines(self, end: Tail, kind: str, fields: Mapping[str, Json]) -> Sequence[bytes]:
        """The lines to add after `end`: the event's, and before it one for a torn line."""
        events: list[tuple[str, Mapping[str, Json]]] = [(kind, fields)]
        if end.torn:
            sha256, torn_text = hashlib.sha256(end.torn).hexdigest(), base64.b64encode(end.torn).decode()
            events.insert(0, (TORN, {"bytes": len(end.torn), "sha256": sha256, "base64": torn_text}))
        lines: list[bytes] = []
        seq, prev = end.seq, end.sha256
        for name, values in events:
            seq += 1
            try:
                lines.append(seal({**values, **self._ours(name, seq, prev)}, self._key))
            except (ValueError, OverflowError) as error:
                raise AuditError(f"An event {name!r} cannot be written to {self._path}: {error}.") from error
            prev = unseal(lines[-1]).sha256
        if len(lines[-1]) > MAX_EVENT:
            raise AuditError(
                f"An event {kind!r} has {len(lines[-1])} bytes, {MAX_EVENT} at most: send less, or keep "
                "less of it in the audit log."
            )
        return lines

    def _ours(self, kind: str, seq: int, prev: str) -> Mapping[str, Json]:
        return {"kind": kind, "prev": prev, "seq": seq, "time": stamp(self._clock())}

    def _write(self, file: BinaryIO, end: Tail, lines: Sequence[bytes]) -> None:
        """Write all lines and the checkpoint, or nothing.

        A torn line is overwritten by the longer line that holds it, and never cut off first. If this writer
        is killed too, it leaves a torn line again, which holds the first one, so nothing is lost.
        """
        data = b"".join(lines)
        try:
            _put(file, end.end, data)
            os.fsync(file.fileno())
            if not end.seq:
                durable_files.sync(self._path.parent)
            if self._checkpoint:
                last = unseal(lines[-1])
                seq = int(last.event["seq"])
                size = end.end + len(data)
                with _name_in_errors(self._checkpoint):
                    _write_checkpoint(self._checkpoint, Checkpoint(seq, last.sha256, size))
        except OSError:
            with suppress(OSError):  # if this fails too, the next append keeps the torn line
                _put(file, end.end, end.torn)
                file.truncate(end.end + len(end.torn))
                os.fsync(file.fileno())
            raise


_RESTART = (
    "Until this is resolved, nothing leaves this machine. Run `assist audit verify`, then accept the log "
    "as it is with `assist audit checkpoint --restart`."
)
_ANEW = "`assist audit verify` says more; keep the file, and name a new one."


def check_key(key: bytes | None) -> None:
    """Raise AuditError for an empty key, which protects nothing."""
    if key is not None and not key:
        raise AuditError("The audit key is empty: give one of 32 random bytes, or none.")


def stamp(seconds: float) -> str:
    """A time in UTC as a text of fixed length, so that texts sort like times. ValueError if it is not a time.

    >>> stamp(0)
    '1970-01-01T00:00:00.000000Z'
    """
    try:
        moment = datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError) as error:
        raise ValueError(f"{seconds} is not a time") from error
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def known_checkpoint(path: Path) -> Checkpoint | None:
    """The checkpoint in the file, or None without a file. AuditError if it cannot be read."""
    try:
        with _name_in_errors(path):
            return _read_checkpoint(path)
    except (ValueError, RecursionError) as error:
        raise AuditError(f"{path} is not a checkpoint: {error}. Restore it. {_RESTART}") from error
    except OSError as error:
        raise AuditError(failure(error, path)) from error


def _read_checkpoint(path: Path) -> Checkpoint | None:
    """The checkpoint, or None without a file. ValueError if it is damaged, OSError if it cannot be read."""
    data = _read_bytes(path)
    if not data and not path.exists():
        return None
    document = json.loads(data)
    match document:
        case {"seq": int(seq), "sha256": str(sha256), "size": int(size)} if seq > 0 and size > 0:
            return Checkpoint(seq, sha256, size)
        case {"seq": 0, "sha256": str(sha256), "size": 0} if sha256 == GENESIS:
            return NO_LINES
    raise ValueError("it names no line of a log")


def _read_bytes(path: Path) -> bytes:
    """Read the file, as far as a checkpoint could be in it; empty without a file."""
    try:
        return read_regular(path, _CHECKPOINT_BYTES)
    except FileNotFoundError:
        return b""


def _write_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Replace the file in one step. Only its owner can read it. Its directory must exist.

    After a crash of the machine the file may hold an older checkpoint, which is still true.
    """
    data = canonical({"seq": checkpoint.seq, "sha256": checkpoint.sha256, "size": checkpoint.size}) + b"\n"
    durable_files.replace(path, data)


def failure(error: OSError, path: Path) -> str:
    """Return what to tell the user about a file that could not be used."""
    if error.errno in _FULL:
        remedy = "Free some space, or name another file."
    elif error.errno in _FORBIDDEN:
        remedy = "Make it writable, or name another file."
    else:
        remedy = "Name a file in an existing directory of your own."
    return f"The audit log cannot use {error.filename or path}: {error.strerror or error}. {remedy}"


@contextmanager
def hold_lock(path: Path, wait_s: float) -> Iterator[None]:
    """Hold the lock of the log at `path`. The system releases it when a process dies."""
    lock = FileLock(path.with_name(path.name + ".lock"), mode=0o600)
    with lock.acquire(timeout=wait_s, poll_interval=_POLL_S):
        yield


def _check(kind: str, fields: Mapping[str, Json]) -> None:
    if kind not in REQUIRED:
        raise AuditError(f"{kind!r} is not a kind of event: use one of {', '.join(REQUIRED)}.")
    if missing := [name for name in REQUIRED[kind] if name not in fields]:
        raise AuditError(f"An event {kind!r} lacks {', '.join(missing)}.")
    if reserved_names := [name for name in OURS if name in fields]:
        raise AuditError(f"An event {kind!r} cannot set {', '.join(reserved_names)}: the log does.")


@contextmanager
def _open_log(path: Path) -> Iterator[BinaryIO]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
    with open(descriptor, "r+b", buffering=0) as file:
        if not S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file", str(path))
        yield file


def _put(file: BinaryIO, at: int, data: bytes) -> None:
    """Write all of `data`. A disk that fills up takes a part of it and fails at the next."""
    file.seek(at)
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]


@contextmanager
def _name_in_errors(path: Path) -> Iterator[None]:
    """Put the name of this file into errors that have none."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(error.filename or path)) from error
