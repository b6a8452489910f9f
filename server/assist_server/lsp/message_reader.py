"""Standard input as messages: well-formed ones only, in order, and none holds the event loop for long.

It knows headers and JSON, and not what a message means.
"""

import asyncio
import json
import re
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Any

LONGEST_HEADER = 1 << 16  # bytes; editors send less than 100
LONGEST_BODY = 1 << 28  # bytes; a document of 30 MB is the largest that was tried
MARK_BYTES = 64  # what may be the beginning of a header at the end of what has arrived
_LENGTH = re.compile(
    rb"Content-Length:([^\r\n]*)", re.IGNORECASE
)  # anywhere: the rest of a bad body comes before
_TOO_LONG = f"a header is longer than {LONGEST_HEADER:,} bytes"
_MARK = re.compile(rb"Content-Length: *[0-9]{1,18}\r\n", re.IGNORECASE)
LARGE = 1 << 16  # bytes; 64 kB take up to 10 ms to read, as events of files
STAND_IN = b"{}"
TURN = 0.005  # seconds of messages after which other tasks have their turn
STEP = 1 << 18  # bytes or characters; Python's functions work through so many in 1 ms
# As much of a string as there is; an escape at the end of the bytes counts if it is whole.
_STRING = re.compile(rb'(?:[^"\\]++|\\(?:u.{4}|[^u]))*+', re.DOTALL)


async def _nothing() -> None:
    """Wait for nothing."""


class MessageReader:
    """Standard input as pygls reads it, without headers that would end pygls or leave it waiting for ever.

    A message whose header is wrong is left out. `complain` is told why, once until a good one comes. Reading
    goes on at the next header. JSON has no raw line end in a string, so a header inside of a body means that
    the body's length was wrong.

    Other tasks have their turn between messages. One of more than `LARGE` bytes is read by `read_large`, on a
    thread, and the messages after it wait, so that all stay in order. `deliver` gets what it returns or
    raises, and pygls gets `STAND_IN` for it. `finish` ends the work of the message before.
    """

    def __init__(
        self,
        source: asyncio.StreamReader,
        complain: Callable[[str], None],
        read_large: Callable[[bytearray], Any] = bytes,
        deliver: Callable[[Any], None] = lambda _: None,
        finish: Callable[[], Awaitable[None]] = _nothing,
    ) -> None:
        self._source = source
        self._complain = complain
        self._read_large = read_large
        self._deliver = deliver
        self._finish = finish
        self._turn = 0.0  # when other tasks had theirs
        self._lost = False
        self._buffer = bytearray()
        self._ready: list[bytes] = []  # what pygls reads next: header, empty line, body

    async def readline(self) -> bytes:
        """The next line of a well-formed header; b"" at the end."""
        if not self._ready:
            await self._finish()
            if time.monotonic() - self._turn > TURN:
                await asyncio.sleep(0)
                self._turn = time.monotonic()
            body = await self._next_body()
            if body is None:
                return b""
            self._lost = False
            if len(body) > LARGE:
                reading = asyncio.to_thread(self._read_large, body)
                self._deliver(*await asyncio.gather(reading, return_exceptions=True))
            message = bytes(body) if len(body) <= LARGE else STAND_IN
            self._ready = [b"Content-Length: %d\r\n" % len(message), b"\r\n", message]
        return self._ready.pop(0)

    async def readexactly(self, n: int) -> bytes:
        """The body, after its header; `n` is the length that the header gave."""
        return self._ready.pop(0)[:n]

    async def _next_body(self) -> bytearray | None:
        while (header := await self._header()) is not None:
            length = self._length(header)
            if length and (body := await self._body(length)) is not None:
                return body
        return None

    async def _header(self) -> bytes | None:
        """Everything up to the next empty line; None at the end."""
        while (end := self._buffer.find(b"\r\n\r\n")) < 0:
            if len(self._buffer) > LONGEST_HEADER:
                self._report(_TOO_LONG)
                del self._buffer[:-MARK_BYTES]
            if not await self._more():
                return None
        if end > LONGEST_HEADER:
            self._report(_TOO_LONG)
        header = bytes(self._buffer[: end + 2])
        del self._buffer[: end + 4]
        return header

    def _length(self, header: bytes) -> int:
        """The length that a header gives; 0 if it gives none that can be."""
        matches = _LENGTH.findall(header)
        value = matches[-1].strip() if matches else b""
        if not matches:
            self._report("a header has no Content-Length")
        elif not value.isdigit() or len(value) > 18 or not 0 < int(value) <= LONGEST_BODY:
            printable = value[:20].decode("ascii", "replace")
            self._report(f"Content-Length is {printable!r}; it must be a number from 1 to {LONGEST_BODY:,}")
        else:
            return int(value)
        return 0

    async def _body(self, length: int) -> bytearray | None:
        """The body of a message; None if its length is wrong, or at the end."""
        size = 0
        while True:
            mark = _MARK.search(self._buffer, size, min(len(self._buffer), length))
            if mark is not None:
                self._report(
                    f"Content-Length is {length:,}, but the next message begins after {mark.start():,}"
                )
                del self._buffer[: mark.start()]
                return None
            if len(self._buffer) >= length:
                body = self._buffer  # not copied: that would take long for 40 MB
                self._buffer = body[length:]
                del body[length:]
                return body
            size = max(0, len(self._buffer) - MARK_BYTES)
            if not await self._more():
                return None

    async def _more(self) -> bool:
        chunk = await self._source.read(1 << 18)
        self._buffer += chunk
        return bool(chunk)

    def _report(self, reason: str) -> None:
        if not self._lost:
            self._lost = True
            self._complain(f"A message was skipped: {reason}. Reading continues at the next header.")


def load_in_steps(body: bytearray, hook: Callable[[dict[str, Any]], Any], step: int = STEP) -> Any:
    """Load JSON as `json.loads` does with this hook, without a step that keeps other threads waiting.

    Python's parser lets no other thread run while it is in one string. So strings of more than `step` bytes
    are read in pieces, and short marks take their places before the rest is parsed.
    """
    nonce = secrets.token_hex(8)
    long: dict[str, str] = {}
    rest: list[bytearray] = []
    position = 0  # up to where `body` is in `rest`
    start = body.find(b'"')
    while start >= 0:
        end = _end_of_string(body, start + 1)
        if end - start > step:
            mark = f"{nonce}-{len(long)}"
            long[mark] = _long_string(body, start + 1, end, step)
            rest += [body[position : start + 1], bytearray(mark, "ascii")]
            position = end
        start = body.find(b'"', end + 1)
    rest.append(body[position:])

    def restore(value: Any) -> Any:
        if isinstance(value, list):
            return list(map(restore, value))
        return long.get(value, value) if isinstance(value, str) else value

    def restored_hook(members: dict[str, Any]) -> Any:
        return hook({restore(name): restore(value) for name, value in members.items()} if long else members)

    return json.loads(bytearray().join(rest), object_hook=restored_hook)


def _end_of_string(body: bytearray, at: int) -> int:
    """Find where the string ends whose text begins at `at`: at its quote, or at the end of the body."""
    while at < len(body):
        match = _STRING.match(body, at, at + STEP)
        end = match.end() if match else at
        if end < len(body) and body[end] == ord('"'):
            return end
        if end == at:
            break
        at = end
    return len(body)


def _long_string(body: bytearray, at: int, end: int, step: int) -> str:
    """The text of a string. Raises `ValueError` if it is not one."""
    pieces: list[str] = []
    while at < end:
        match = _STRING.match(body, at, min(end, at + step))
        stop = match.end() if match else end
        while stop < end and body[stop] & 0xC0 == 0x80:  # in a character
            stop -= 1
        if stop <= at:
            raise ValueError("a string has an invalid escape or is not valid UTF-8")
        piece = str(json.loads('"' + body[at:stop].decode("utf-8", "surrogatepass") + '"'))
        is_escaped = (
            at > 0 and body[at - 1] < 0x80 and body[at] < 0x80
        )  # halves in bytes of their own stay apart
        if (
            pieces
            and is_escaped
            and "\ud800" <= pieces[-1][-1:] <= "\udbff"
            and "\udc00" <= piece[:1] <= "\udfff"
        ):
            pair = (pieces[-1][-1] + piece[0]).encode("utf-16", "surrogatepass").decode("utf-16")
            pieces[-1] = pieces[-1][:-1] + pair
            piece = piece[1:]
        pieces.append(piece)
        at = stop
    return "".join(pieces)
