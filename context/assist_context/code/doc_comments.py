"""Comments and docstrings as prose: finds the comment above a line, and its first paragraph.

It knows how comments are marked in all languages, but not what they are about.
"""

import re

from assist_context.code.trees.grammars import Mark
from assist_context.code.trees.source_text import Source

DOC_CHARACTERS = 900  # of 100 first paragraphs that are longer, none was read to its end
MOST = 2_700  # bytes of a comment or docstring that are read
MAX_LINES = 60  # of a comment above a definition; more is a licence

_OPENS = re.compile(r"\s*(?:///?!?|//!|/\*+!?|\*(?!/)|#+!?|--+(?:\[=*\[)?|<!--|\"{3}|'{3})?[ \t]?")
_CLOSES = re.compile(r"\s*(?:\*+/|-->|\]=*\]|\"{3}|'{3})\s*$")
_QUOTE = re.compile(r"\s*[rRuUbBfF]{0,2}(\"{3}|'{3}|\"|')")
_TAGS = re.compile(r"</?(?:summary|remarks|para|p)\s*/?>")


class StandaloneComments:
    """The comments of a file that are alone on their lines, by their last line."""

    def __init__(self) -> None:
        self._ending: dict[int, tuple[int, str]] = {}

    def add(self, first: int, last: int, text: str) -> None:
        self._ending[last] = (first, text)

    def of(self, line: int) -> str:
        """The first paragraph of the comments that end right above a line, "" if none does."""
        parts: list[str] = []
        above = line - 1
        lowest = line - MAX_LINES
        while above > lowest and (comment := self._ending.get(above)):
            first, text = comment
            parts.append(text)
            above = first - 1
        return paragraph("\n".join(reversed([part for part in parts if part]))) if parts else ""


def standalone_comments(source: Source, marks: tuple[Mark, ...]) -> StandaloneComments:
    """Collects the comments, and the attributes that may be between a comment and its definition."""
    docs = StandaloneComments()
    for start, stop, kind in marks:
        if kind not in ("comment", "decor"):
            continue
        end = source.trim((start, stop))[1]
        first = source.line(start)
        if end > start and source.leads(start, first):
            text = source.text(start, min(end, start + MOST)) if kind == "comment" else ""
            docs.add(first, source.line(end - 1), text)
    return docs


def first_sentence(doc: str) -> str:
    """The first sentence of a paragraph.

    >>> first_sentence("Splits a key. Keys are `a.b`.")
    'Splits a key.'
    """
    return re.split(r"(?<=[.!?]) (?=\S)", doc, maxsplit=1)[0]


def paragraph(text: str) -> str:
    """The first paragraph of a comment or docstring on one line, without comment marks.

    >>> paragraph("/**\\n * Adds one.\\n * Fast.\\n *\\n * @return more\\n */")
    'Adds one. Fast.'
    """
    if not text:
        return ""
    if quote := _QUOTE.match(text):
        text = text[quote.end() :].rstrip().removesuffix(quote[1])
    words: list[str] = []
    for line in text.splitlines():
        bare = _OPENS.sub("", _CLOSES.sub("", _TAGS.sub("", line)), count=1).strip()
        if bare.strip("-=*/#~ "):
            words.append(bare)
        elif words:
            break
    return " ".join(" ".join(words).split())[:DOC_CHARACTERS]
