"""Sentences of an answer while it is written: where one ends, in prose with Markdown and code in it."""

import re
from collections.abc import Iterator

# A sentence ends at a mark before a blank, at the end of a line, and never within `code`.
_PART = re.compile(r"`[^`\n]*`?|[.!?][\"')\]*_]*(?=\s)|\n+|[^`.!?\n]+|.")
_SHORT = re.compile(r"(?:\b(?:e\.g|i\.e|etc|vs|cf|approx|resp)|\b[A-Za-z]|^\s*\d+)$", re.IGNORECASE)


def sentences(text: str) -> Iterator[str]:
    """The sentences of a text, each with the blanks after it; the last one may not have ended.

    >>> list(sentences("It reads `a. b`, e.g. a file. Then it ends"))
    ['It reads `a. b`, e.g. a file. ', 'Then it ends']
    """
    start = 0
    is_over = False
    for part in _PART.finditer(text):
        if is_over and part[0].strip():
            blanks = len(part[0]) - len(part[0].lstrip())
            yield text[start : part.start() + blanks]
            start = part.start() + blanks
            is_over = False
        mark = part[0][0] in ".!?" and text[part.end() : part.end() + 1].isspace()
        is_over = is_over or part[0][0] == "\n" or (mark and not _SHORT.search(text[start : part.start()]))
    if text[start:]:
        yield text[start:]


def is_whole(sentence: str) -> bool:
    """Say if a sentence that is the last of a text is whole: a blank follows its mark, or a line ends.

    >>> is_whole("It ends. "), is_whole("It ends."), is_whole("Version 1")
    (True, False, False)
    """
    return next(iter(sentences(sentence + "x"))) == sentence
