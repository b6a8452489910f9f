"""Comments and docstrings as prose: what stands above a line, and its first paragraph.

It knows how comments are marked, over all languages alike; not what they are about.
"""

import re
from typing import Protocol

from assist_context.grammars import Match, Span

DOC_CHARACTERS = 300  # a sentence or three; a longer paragraph is a manual
MOST_LINES = 60  # of comment above a definition; more is a licence

_OPENS = re.compile(r"\s*(?:///?!?|//!|/\*+!?|\*(?!/)|#+!?|--+(?:\[=*\[)?|<!--|\"{3}|'{3})?[ \t]?")
_CLOSES = re.compile(r"\s*(?:\*+/|-->|\]=*\]|\"{3}|'{3})\s*$")
_QUOTES = re.compile(r"\s*[rRuUbBfF]{0,2}(\"{3}|'{3}|\"|')(.*?)\1?\s*", re.DOTALL)
_TAGS = re.compile(r"</?(?:summary|remarks|para|p)\s*/?>")


class Source(Protocol):
    """What is asked of the text: bytes, and the line of a byte from 1."""

    data: bytes
    starts: list[int]

    def line(self, byte: int) -> int: ...
    def text(self, start: int, end: int) -> str: ...
    def trimmed(self, span: Span) -> Span: ...


class Docs:
    """The comments of a file that stand alone on their lines, by their last line."""

    def __init__(self) -> None:
        self._ending: dict[int, tuple[int, str]] = {}

    def add(self, first: int, last: int, text: str) -> None:
        self._ending[last] = (first, text)

    def of(self, line: int) -> str:
        """The first paragraph of the comments that end right above a line, "" if none does."""
        parts: list[str] = []
        above, lowest = line - 1, line - MOST_LINES
        while above > lowest and (found := self._ending.get(above)):
            parts.append(found[1])
            above = found[0] - 1
        return paragraph("\n".join(reversed([part for part in parts if part])))


def above(source: Source, matches: tuple[Match, ...]) -> Docs:
    """The comments, and the attributes that may stand between a comment and what it is about."""
    docs = Docs()
    for _, captures in matches:
        for kind in ("comment", "decor"):
            for span in captures.get(kind, ()):
                start, end = source.trimmed(span)
                first, last = source.line(start), source.line(max(start, end - 1))
                if end > start and not source.data[source.starts[first - 1] : start].strip():
                    text = source.text(start, min(end, start + 8 * DOC_CHARACTERS))
                    docs.add(first, last, text if kind == "comment" else "")
    return docs


def paragraph(text: str) -> str:
    """The first paragraph of a comment or docstring, on one line, without its marks.

    >>> paragraph("/**\\n * Adds one.\\n * Fast.\\n *\\n * @return more\\n */")
    'Adds one. Fast.'
    """
    if quoted := _QUOTES.fullmatch(text):
        text = quoted[2]
    words: list[str] = []
    for line in text.splitlines():
        bare = _OPENS.sub("", _CLOSES.sub("", _TAGS.sub("", line)), count=1).strip()
        if bare.strip("-=*/#~ "):
            words.append(bare)
        elif words:
            break
    return " ".join(" ".join(words).split())[:DOC_CHARACTERS]
