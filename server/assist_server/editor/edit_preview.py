"""An answer that is an edit, shown while it streams: its SEARCH/REPLACE blocks as fenced diffs in Markdown.

This is only what the user sees. The edit itself is made from the whole answer, elsewhere. Characters that no
one sees are written visibly; a line of code is shown once it is complete.
"""

import re

from assist_context.unseen_characters import unseen_written, visible
from assist_escalation.edits.formats.search_replace import MARKER

_WORDS = {"<": " SEARCH", "=": "", ">": " REPLACE"}
_FENCE = re.compile(r" {0,3}(?:`{3,}|~{3,})")
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r(?!\Z))")  # a "\r" at the very end may be half of a line's end


class EditPreview:
    r"""Converts one answer piece by piece; it keeps back the start of a line that may be a marker.

    >>> preview = EditPreview()
    >>> preview.feed("a.py\n<<<<<<< SEA"), preview.feed("RCH\nx = 1\n=======\nx = 2\n>>>>>>> REPLACE\n")
    ('a.py\n', '```diff\n-x = 1\n+x = 2\n```\n')
    """

    def __init__(self) -> None:
        self._sign = ""  # "-" or "+" for the two sides of a block, "" outside of blocks
        self._width = 0  # characters of the block's markers; a marker of another length is a line of the file
        self._line = ""  # the line so far, as the model wrote it
        self._returned = 0  # how many of its characters were returned
        self._fenced = False  # inside a fence that the model wrote; then we add none

    def feed(self, piece: str) -> str:
        """The next piece of the answer; returns what can be shown now."""
        shown = []
        rest = self._line + piece
        while found := _LINE.match(rest):
            self._line = found[0]
            shown.append(self._complete_line())
            self._line = ""
            self._returned = 0
            rest = rest[found.end() :]
        self._line = rest
        prose = not self._sign and not self._fenced and not rest.startswith(("<", "=", ">"))
        if prose:  # no marker begins like this, so the line can be shown early
            shown.append(self._rest_of_prose())
        return "".join(shown)

    def end(self) -> str:
        """What was kept back, and the end of a fence that the answer left open."""
        rest = self._complete_line() if self._line else ""
        closing = "\n```\n" if self._sign and not self._fenced else ""
        return rest + closing

    def _complete_line(self) -> str:
        """The rest of a complete line, or what replaces it if it is a marker."""
        bare = self._line.rstrip("\r\n")
        found = MARKER.fullmatch(bare)
        if found and found["word"] == _WORDS[found["run"][0]]:
            kind = found["run"][0]
            width = len(found["run"])
            if kind == "<" and not self._sign:
                self._sign = "-"
                self._width = width
                return "" if self._fenced else "```diff\n"
            if kind == "=" and self._sign == "-" and width == self._width:
                self._sign = "+"
                return ""
            if kind == ">" and self._sign and width == self._width:
                self._sign = ""
                return "" if self._fenced else "```\n"
        fence = not self._sign and _FENCE.match(self._line) is not None
        if fence:
            self._fenced = not self._fenced
        code = not fence and (self._sign or self._fenced)
        shown = self._sign + visible(bare) if code else self._rest_of_prose()
        return shown + ("\n" if bare != self._line else "")

    def _rest_of_prose(self) -> str:
        """What was not yet shown of a line outside of code, without its end."""
        bare = self._line.rstrip("\r\n")
        text = bare[self._returned :]
        self._returned = len(bare)
        return unseen_written(text)
