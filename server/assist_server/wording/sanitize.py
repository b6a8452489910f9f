"""Text from a model or a file made harmless for a terminal: without escape sequences and unseen characters.

It deletes them, and keeps everything that can be read, line ends included. The preview of an edit deletes
nothing: see `edit_previews`. This module knows no model.
"""

import re

from assist_context.unseen_characters import UNSEEN

LONGEST = 4096  # characters; an unfinished sequence that is longer is not kept back

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
    return UNSEEN.sub("", _SEQUENCE.sub("", text))


class StreamSanitizer:
    """The same for a text in pieces: a sequence may begin in one piece and end in another."""

    def __init__(self) -> None:
        self._pending = ""

    def take(self, piece: str) -> str:
        """The next part of the text that can be shown."""
        text = self._pending + piece
        sequences = list(_SEQUENCE.finditer(text))
        last = sequences[-1] if sequences else None
        # A sequence at the very end may continue in the next piece, but not for ever.
        open_ = last is not None and last.end() == len(text) and len(last[0]) < LONGEST
        self._pending = last[0] if last is not None and open_ else ""
        return harmless(text[: len(text) - len(self._pending)])
