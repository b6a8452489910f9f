"""Input piped into a question: the text on stdin, as a piece of the question.

Stdin is read only where a `-` says so. Without one it may be the list of a loop or the rest of a script, and
to read it would eat and send that. Where something seems to be piped in, the user is told that it is not
read. A terminal, a device and a socket are never read.
"""

import os
import select
import stat
import struct
import sys
from dataclasses import dataclass

from assist_escalation.prompts import Origin, Span, fence
from assist_server.errors import WRONG_USAGE, UserError

DASH = "-"
MOST = 100_000  # bytes, about 30,000 tokens: as much as providers read by default, and more than local models


@dataclass(frozen=True, slots=True)
class PipedInput:
    """A piped text, "" for none, its length in bytes, and what to tell the user about it, or ""."""

    text: str = ""
    size: int = 0
    notice: str = ""


NOTHING = PipedInput()


def piped_input(handle: int, *, is_asked: bool) -> PipedInput:
    """Return what is piped in at this file descriptor, if `is_asked`: the user asked for it with a `-`.

    Raises `UserError` for a text that is too long or no text, and for a `-` without anything piped in.
    """
    kind = _kind(handle)
    if is_asked:
        if not kind:
            raise UserError("Nothing is piped in for `-`: write `COMMAND | assist ...`.", WRONG_USAGE)
        return _piped_text(handle)
    if not kind or (kind == "file" and os.lseek(handle, 0, os.SEEK_CUR)):
        return PipedInput()  # another program has begun to read this file, as the list of a loop
    waiting = os.fstat(handle).st_size if kind == "file" else _bytes_in_pipe(handle)
    if waiting:
        return PipedInput(notice=f"{waiting:,} bytes on stdin are not read; add `-` to ask about them.")
    if kind == "pipe" and not _is_ready(handle):
        return PipedInput(notice="Stdin is a pipe and is not read; add `-` to ask about its content.")
    return PipedInput()


def piped_span(text: str) -> Span:
    """A piped text as the user's own, in a fence, so that a model does not take it for their words."""
    bars = fence([text])
    body = text if text.endswith("\n") else text + "\n"
    return Span(f"{bars}piped in by the person\n{body}{bars}", Origin("user"))


def _kind(handle: int) -> str:
    try:
        mode = os.fstat(handle).st_mode
    except OSError:  # closed
        return ""
    return "pipe" if stat.S_ISFIFO(mode) else "file" if stat.S_ISREG(mode) else ""


def _bytes_in_pipe(handle: int) -> int:
    """Return how many bytes can be read at once, without reading them. Windows cannot say that: there, 0."""
    if sys.platform == "win32":
        return 0
    import fcntl  # noqa: PLC0415  (not on Windows)
    import termios  # noqa: PLC0415

    try:
        (count,) = struct.unpack("i", fcntl.ioctl(handle, termios.FIONREAD, bytes(4)))
    except OSError:
        return 0
    return int(count)


def _is_ready(handle: int) -> bool:
    """Say if there is something to read, or the end. Windows cannot say that of a pipe: there, not."""
    try:
        return bool(select.select([handle], [], [], 0)[0])
    except OSError:
        return False


def _piped_text(handle: int) -> PipedInput:
    parts: list[bytes] = []
    size = 0
    while size <= MOST and (part := os.read(handle, MOST + 1 - size)):
        parts.append(part)
        size += len(part)
    if size > MOST:
        raise UserError(
            f"More than {MOST:,} bytes are piped in: pass less, as in `... | tail -c {MOST} | assist ...`."
        )
    raw = b"".join(parts)
    if b"\0" in raw:
        raise UserError("The input from the pipe is not text (it contains zero bytes).")
    return PipedInput(raw.decode("utf-8", "replace"), size) if raw.strip() else PipedInput()
