"""What is piped into a question: the text on stdin, as a piece of the question.

`ask` reads a pipe or a file by itself. The other commands read it where a `-` says so, since they are run in
loops over a list, and to read stdin would eat the list. A file that another program has begun to read, as the
list of a loop is, is left alone too. A pipe that stays open without a word is left after `PATIENCE`;
with `-` it is awaited. A terminal, a device and a socket are never read.
"""

import os
import select
import stat
from dataclasses import dataclass

from assist_escalation.prompts import Origin, Span, fence
from assist_server.errors import WRONG_USAGE, UserError

DASH = "-"
MOST = 100_000  # bytes, about 30,000 tokens: as much as providers read by default, and more than local models
PATIENCE = 2.0  # seconds until a pipe without `-` has to say something


@dataclass(frozen=True, slots=True)
class PipedInput:
    """A piped text, "" for none, and what to tell the user about it, or ""."""

    text: str = ""
    notice: str = ""


def piped_input(handle: int, *, asked: bool, by_itself: bool, patience: float = PATIENCE) -> PipedInput:
    """What is piped in at this file descriptor.

    `asked`: a `-` says so. `by_itself`: the command reads it without that. Raises
    `UserError` for a text that is too long or no text, and for a `-` without anything piped in.
    """
    kind = _kind(handle)
    if asked:
        if not kind:
            raise UserError("Nothing is piped in for `-`: write `COMMAND | assist ...`.", WRONG_USAGE)
        return PipedInput(_text(handle))
    if not kind or (kind == "file" and os.lseek(handle, 0, os.SEEK_CUR)):
        return PipedInput()
    ready = _speaks(handle, patience if by_itself else 0.0)
    if not by_itself:
        waits = ready and (kind == "pipe" or os.fstat(handle).st_size > 0)
        return PipedInput(notice="What is piped in is not read: add a `-` for that." if waits else "")
    if not ready:
        return PipedInput(
            notice="Nothing was piped in until now, so the question goes without: add a `-` to wait."
        )
    return PipedInput(_text(handle))


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


def _speaks(handle: int, patience: float) -> bool:
    """Whether there is something to read, or the end. Windows cannot say that of a pipe: there, not."""
    try:
        return bool(select.select([handle], [], [], patience)[0])
    except OSError:
        return False


def _text(handle: int) -> str:
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
        raise UserError("What is piped in is no text, it has zero bytes in it: pipe in text.")
    return raw.decode("utf-8", "replace") if raw.strip() else ""
