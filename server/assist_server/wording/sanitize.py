"""Text from a model, a file or a server made harmless: without escape sequences and unseen characters.

It deletes them, and keeps everything that can be read, line ends included, and the joiners and selectors that
shape what is next to them, as in Persian and in emoji. Blanks after which the rest may be out of sight are
written, as `<U+0020 x 300>`. The preview of an edit deletes nothing: see `edit_previews`. This module knows
no model.
"""

import logging
import re

from assist_context.unseen_characters import (
    LONGEST_RUN,
    UNSEEN,
    is_unseen,
    long_blanks_written,
    shapes_neighbours,
    unseen_written,
)

# Characters that are kept back: of an unfinished sequence, and of blanks until it is known how many they are.
LONGEST = 4096
LONGEST_GAP = 400

_SEQUENCE = re.compile(
    r"""
    \x1b                                       # escape
    (?: [\]PX^_] [^\x07\x1b\n]* (?:\x07|\x1b\\)?  # OSC and other strings, on one line: links, the clipboard
      | \[ [0-?]* [\ -/]* [@-~]?                # CSI: colours, the cursor
      | [\ -/]* [0-~]?                          # other sequences
    )
    """,
    re.VERBOSE,
)


def harmless(text: str) -> str:
    r"""The text as it can be shown.

    >>> harmless("a\x1b]8;;https://x.example\x07b\x1b[31mc\r\nd\u202ee")
    'abc\nde'
    """
    if text.isascii() and text.isprintable() and len(text) <= LONGEST_RUN:
        return text
    return _strip_unseen(_SEQUENCE.sub("", text))


def harmless_line(text: str) -> str:
    r"""A message of one line, in which nothing is deleted: line ends, too, are written.

    A name in it is not another name then, and begins no line that looks like one of ours.

    >>> harmless_line("a\u202eb.py\nassist: done\x1b[2J")
    'a<U+202E>b.py<U+000A>assist: done<U+001B>[2J'
    """
    if text.isascii() and text.isprintable() and len(text) <= LONGEST_RUN:
        return text
    visible_text = "".join(
        character
        if character == "\t" or shapes_neighbours(text, at)
        else unseen_written(character).replace("\n", "<U+000A>")
        for at, character in enumerate(text)
    )
    return long_blanks_written(visible_text)


def _strip_unseen(text: str, start: int = 0) -> str:
    """Return what of a text from `start` on can be shown; what is before that only says what shapes it."""
    parts = []
    at = start
    for match in UNSEEN.finditer(text, start):
        parts.append(text[at : match.start() + shapes_neighbours(text, match.start())])
        at = match.end()
    return long_blanks_written("".join(parts) + text[at:])


class HarmlessFormatter(logging.Formatter):
    """Log lines for a terminal or an editor's log, which may hold names of files and words of a server.

    The message is one line; only the trace of an error has more.
    """

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  (logging's own name)
        """The line of the message."""
        return harmless_line(super().formatMessage(record))

    def format(self, record: logging.LogRecord) -> str:
        """The line, or lines."""
        return harmless(super().format(record))


class StreamSanitizer:
    """The same for a text in pieces: a sequence may begin in one piece and end in another."""

    def __init__(self) -> None:
        self._shown = ""  # the last two characters that were shown
        self._pending = ""

    def take(self, piece: str) -> str:
        """The next part of the text that can be shown."""
        text = self._pending + piece
        sequences = list(_SEQUENCE.finditer(text))
        last = sequences[-1] if sequences else None
        # A sequence at the very end may continue in the next piece, but not for ever.
        open_ = last is not None and last.end() == len(text) and len(last[0]) < LONGEST
        start = last[0] if last is not None and open_ else ""
        plain = _SEQUENCE.sub("", text[: len(text) - len(start)])
        end = len(plain)
        while end and len(plain) - end < LONGEST_GAP and _is_open(plain[end - 1]):
            end -= 1
        self._pending = plain[end:] + start
        visible_part = _strip_unseen(self._shown + plain[:end], len(self._shown))
        self._shown = (self._shown + visible_part)[-2:]
        return visible_part


def _is_open(character: str) -> bool:
    """Return whether what comes after a character decides how it is shown."""
    return (character.isspace() and character != "\n") or is_unseen(character)
