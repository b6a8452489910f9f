"""An answer that is an edit, as Markdown for people: its SEARCH/REPLACE blocks as fenced diffs, streaming.

What is applied is made of the answer itself, elsewhere; this is only what is shown of it meanwhile.
"""

import re

from assist_escalation.edits.formats.search_replace import MARKER

_WORDS = {"<": " SEARCH", "=": "", ">": " REPLACE"}
_FENCE = re.compile(r" {0,3}(?:`{3,}|~{3,})")


class ShownEdits:
    r"""Owns the beginning of a line that may be a marker. One for each answer.

    >>> shown = ShownEdits()
    >>> shown.fed("a.py\n<<<<<<< SEA"), shown.fed("RCH\nx = 1\n=======\nx = 2\n>>>>>>> REPLACE\n")
    ('a.py\n', '```diff\n-x = 1\n+x = 2\n```\n')
    """

    def __init__(self) -> None:
        self._sign = ""  # of the lines of a block's side; "" outside of blocks
        self._wide = 0  # characters of the block's markers; others in it are lines of the file
        self._line = ""  # the line so far, as the model wrote it
        self._told = 0  # how many of its characters were given back
        self._fenced = False  # inside a fence of the model's own, which then does for ours

    def fed(self, piece: str) -> str:
        """What can be shown now that more has come."""
        shown = []
        for part in piece.splitlines(keepends=True):
            self._line += part
            if self._line.endswith("\n"):
                shown.append(self._whole())
                self._line = ""
                self._told = 0
            elif self._line[0] not in "<=>":  # no marker begins so, and a fence may be drawn as it comes
                shown.append(self._more())
        return "".join(shown)

    def ended(self) -> str:
        """What was held back, and the end of a fence that the answer left open."""
        rest = self._whole() if self._line else ""
        closing = "\n```\n" if self._sign and not self._fenced else ""
        return rest + closing

    def _whole(self) -> str:
        """The rest of a line, or what stands for it."""
        found = MARKER.fullmatch(self._line.rstrip("\r\n"))
        if found and found["word"] == _WORDS[found["run"][0]]:
            kind = found["run"][0]
            wide = len(found["run"])
            if kind == "<" and not self._sign:
                self._sign = "-"
                self._wide = wide
                return "" if self._fenced else "```diff\n"
            if kind == "=" and self._sign == "-" and wide == self._wide:
                self._sign = "+"
                return ""
            if kind == ">" and self._sign and wide == self._wide:
                self._sign = ""
                return "" if self._fenced else "```\n"
        if not self._sign and _FENCE.match(self._line):
            self._fenced = not self._fenced
        return self._more()

    def _more(self) -> str:
        text = self._line[self._told :]
        lead = "" if self._told else self._sign
        self._told = len(self._line)
        return lead + text
