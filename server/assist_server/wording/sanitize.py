"""Text from a model or a file made harmless for a terminal: no escape sequences, no hidden text direction.

It keeps everything that can be read, and knows no model.
"""

import re

LONGEST = 4096  # characters; an unfinished sequence that is longer is not kept back

_SEQUENCE = re.compile(
    r"""
    \x1b                                       # escape
    (?: [\]PX^_] [^\x07\x1b]* (?:\x07|\x1b\\)?  # OSC and other strings: links, the clipboard
      | \[ [0-?]* [\ -/]* [@-~]?                # CSI: colours, the cursor
      | [\ -/]* [0-~]?                          # other sequences
    )
    """,
    re.VERBOSE,
)
_CONTROL = re.compile(
    r"""
      [\x00-\x08\x0b-\x1f\x7f-\x9f]  # control characters other than tab and line feed
    | [\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]  # characters that turn or hide text
    | [\U000e0000-\U000e007f]  # tags, which only machines read
    """,
    re.VERBOSE,
)


def harmless(text: str) -> str:
    r"""The text as it can be shown.

    >>> harmless("a\x1b]8;;https://x.example\x07b\x1b[31mc\r\nd\u202ee")
    'abc\nde'
    """
    return _CONTROL.sub("", _SEQUENCE.sub("", text))


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
