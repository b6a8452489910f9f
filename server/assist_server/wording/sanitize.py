"""Text of a model or of a file made harmless for a terminal: no escape sequences, no hidden order of letters.

It keeps everything that can be read, and knows no model.
"""

import re

LONGEST = 4096  # characters of a sequence that is waited for

# What a terminal obeys, up to the end of the sequence: OSC (links, clipboard), CSI (colours, cursor), others.
_SEQUENCE = re.compile(r"\x1b(?:[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|\[[0-?]*[ -/]*[@-~]?|[ -/]*[0-~]?)")
# Control characters but tab and line feed; C1; marks that turn or hide text; tags that only machines read.
_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]"
)


def harmless(text: str) -> str:
    r"""The text as it can be shown.

    >>> harmless("a\x1b]8;;https://x.example\x07b\x1b[31mc\r\nd\u202ee")
    'abc\nde'
    """
    return _CONTROL.sub("", _SEQUENCE.sub("", text))


class StreamSanitizer:
    """The same for a text that comes in pieces: a sequence may begin in one and end in another."""

    def __init__(self) -> None:
        self._held = ""

    def take(self, piece: str) -> str:
        """What of the text so far can be shown and was not yet."""
        text = self._held + piece
        *_, last = (None, *_SEQUENCE.finditer(text))
        # A sequence at the very end may go on; one that never ends is not waited for.
        open_ = last is not None and last.end() == len(text) and len(last[0]) < LONGEST
        self._held = last[0] if last is not None and open_ else ""
        return harmless(text[: len(text) - len(self._held)])
