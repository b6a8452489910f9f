"""The form of an audit log: what a line is, how it is bound to the line before, how to find the last line.

A line holds one event, its MAC if there is a key, and the sha256 of all bytes before it in the line:

    {"event":{"kind":"intent",...,"prev":"SHA256","seq":7,"time":"..."},"mac":"HMAC","sha256":"SHA256"}

`prev` is the sha256 of the line before, and `seq` is the number of the line. The hash is over the bytes in
the file, so every change of a byte shows, even of a blank or of the line's end.
This module writes nothing, and knows no path, no lock and no meaning of an event.
"""

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, TypeAlias

Json: TypeAlias = "str | int | float | bool | Sequence[Json] | Mapping[str, Json] | None"
LogEvent: TypeAlias = Mapping[str, Any]

GENESIS = "0" * 64  # `prev` of the first line
OURS = ("kind", "prev", "seq", "time")  # names that an event's own fields cannot have

# Bytes. An event holds hashes and counts, about 200 bytes a span. If the log keeps contents, a prompt of
# 100,000 tokens takes 400 KB. A torn line is kept in base64, a third longer, and must still fit into a line.
MAX_EVENT = 600_000
MAX_TORN = 700_000
MAX_LINE = 1_000_000

_BLOCK = 1 << 16  # bytes read at once when looking for the last line; nearly all lines are shorter
_OPEN, _MAC, _SHA256, _CLOSE = b'{"event":', b',"mac":"', b',"sha256":"', b'"}\n'
_HEX = 64


class DamagedError(ValueError):
    """Bytes that are not a line of a log. The message says what is wrong with them, not where they are."""


@dataclass(frozen=True, slots=True)
class LogEntry:
    """A line that was read: its event, and the sha256 that the next line must name."""

    event: LogEvent
    sha256: str
    authentic: bool | None  # whether the MAC fits the key; None without a key or a MAC
    has_mac: bool


@dataclass(frozen=True, slots=True)
class Tail:
    """A log's end: its last whole line or None, the offset of its end in bytes, and the bytes after it."""

    last: LogEntry | None
    end: int
    torn: bytes

    @property
    def seq(self) -> int:
        """The number of the last line, from 1; 0 in an empty log."""
        return int(self.last.event["seq"]) if self.last else 0

    @property
    def sha256(self) -> str:
        """`prev` of the next line."""
        return self.last.sha256 if self.last else GENESIS


def canonical(value: Json) -> bytes:
    """The one way to write `value`: JSON with sorted names, without blanks, in ASCII.

    ASCII has only one normal form and one line separator, can hold file names that are not UTF-8, and brings
    no escape sequence into a terminal. Raises ValueError for a value that JSON cannot hold unchanged.

    >>> canonical({"b": [1, "ü"], "a": None})
    b'{"a":null,"b":[1,"\\\\u00fc"]}'
    """
    try:
        text = _dump(value)
        same = _dump(json.loads(text)) == text  # names that are numbers sort differently as texts
    except (TypeError, RecursionError) as error:
        raise ValueError(str(error)) from error
    if not same:
        raise ValueError("its keys are not strings")
    return text.encode("ascii")


def _dump(value: Json) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def seal(event: Mapping[str, Json], key: bytes | None = None) -> bytes:
    """The line of an event that has all its fields. ValueError if it is not JSON or is too long."""
    body = canonical(event)
    mac = _MAC + _mac(body, key) + b'"' if key else b""
    payload = _OPEN + body + mac
    line = payload + _SHA256 + hashlib.sha256(payload).hexdigest().encode() + _CLOSE
    if len(line) > MAX_LINE:
        raise ValueError(f"it has {len(line)} bytes, {MAX_LINE} at most")
    return line


def unseal(line: bytes, key: bytes | None = None) -> LogEntry:
    """Read a line back, with its end. DamagedError if it is not as it was written."""
    if len(line) > MAX_LINE:
        raise DamagedError(f"is longer than {MAX_LINE} bytes")
    payload = line[: -len(_SHA256) - _HEX - len(_CLOSE)]
    digest = line[-_HEX - len(_CLOSE) : -len(_CLOSE)]
    sha256 = hashlib.sha256(payload).hexdigest()
    if line != payload + _SHA256 + digest + _CLOSE or not payload.startswith(_OPEN):
        raise DamagedError("does not have the form of a line")
    if sha256.encode() != digest:
        raise DamagedError("was changed: its bytes do not have the sha256 that it names")
    cut = len(payload) - len(_MAC) - _HEX - 1
    has_mac = payload.startswith(_MAC, max(cut, 0)) and payload.endswith(b'"')
    body = payload[len(_OPEN) : cut] if has_mac else payload[len(_OPEN) :]
    try:
        event = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise DamagedError("is not valid JSON") from error
    if not isinstance(event, dict) or not _is_ours(event):
        raise DamagedError("is not an event")
    authentic = hmac.compare_digest(_mac(body, key), payload[-_HEX - 1 : -1]) if key and has_mac else None
    return LogEntry(event, sha256, authentic, has_mac)


def _is_ours(event: Mapping[str, object]) -> bool:
    texts = all(isinstance(event.get(name), str) for name in ("kind", "prev", "time"))
    return texts and type(event.get("seq")) is int


def _mac(body: bytes, key: bytes) -> bytes:
    return hmac.digest(key, body, "sha256").hex().encode()


def lines(file: BinaryIO, size: int) -> Iterator[bytes]:
    """The lines in the next `size` bytes. The last may lack its end, and a line that is too long is cut.

    A reader must stop at a line of more than `MAX_LINE` bytes: what follows does not begin a line.
    """
    while size > 0 and (line := file.readline(min(size, MAX_LINE + 1))):
        size -= len(line)
        yield line


def last_events(file: BinaryIO, end: int, size: int) -> Iterator[LogEvent]:
    """The events of the whole lines in the last `size` bytes before `end`. DamagedError for a broken line."""
    start = max(0, end - size)
    file.seek(start)
    data = file.read(end - start)
    lines = data.splitlines(keepends=True)
    return (unseal(line).event for line in (lines[1:] if start else lines))


def tail(file: BinaryIO, size: int, key: bytes | None = None) -> Tail:
    """Find the end of a log's first `size` bytes. It reads backward from there, so a long log costs no more.

    DamagedError if the last line is not as it was written, or is followed by more than a torn line.
    """
    data = b""
    start = size
    while start and data.count(b"\n") < 2 and len(data) <= 2 * MAX_LINE:
        step = min(_BLOCK, start)
        start -= step
        file.seek(start)
        data = file.read(step) + data
    cut = data.rfind(b"\n") + 1
    torn = data[cut:]
    if len(torn) > MAX_TORN:
        raise DamagedError(f"is followed by more than {MAX_TORN} bytes that are not a line")
    last = unseal(data[data.rfind(b"\n", 0, max(cut - 1, 0)) + 1 : cut], key) if cut else None
    return Tail(last, size - len(torn), torn)
