"""The lines of a code that the model would have written otherwise: where a mistake is likely.

While a model reads code it says at each token which one it expected. A wrong operator or number is often one
that it did not expect. This costs nothing, since the code has to be read anyway.
Names that are new in the code say nothing: anyone may choose them freely. Method: fault localization by the
"naturalness" of code (Ray et al. 2016), at single tokens.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

MARGIN = 2.5  # logits; of 48 functions with one wrong token, the lines of 43 have a token with more
_NAME = re.compile(r"[^\W\d]\w*")
_COMMENT = ("#", "//", "/*", "*/", "--", '"""', "'''")
_PUNCTUATION = "()[]{},;:.\"'` \t"
_WORDS = frozenset({"and", "or", "not", "is", "in", "True", "False", "None", "true", "false", "null", "nil"})


@dataclass(frozen=True, slots=True)
class WeighedToken:
    """A token of a text, the expected one, and by how many logits it did."""

    written: str
    expected: str
    margin: float


@dataclass(frozen=True, slots=True)
class Doubt:
    """A token that the model did not expect: its line, from 0, and where it starts in the text.

    `written` and `expected` are the texts of the tokens, with the spaces before them.
    """

    line: int
    start: int
    written: str
    expected: str
    margin: float


def doubts(tokens: Sequence[WeighedToken]) -> tuple[Doubt, ...]:
    """The doubtful lines, one doubt for each, the most doubtful first.

    >>> doubts([WeighedToken("x", "x", 0), WeighedToken(" >=", " >", 8), WeighedToken(" y", " z", 9)])
    (Doubt(line=0, start=1, written=' >=', expected=' >', margin=8),)
    """
    best: dict[int, Doubt] = {}
    above = ""
    for token in tokens:
        lead = token.written[: len(token.written) - len(token.written.lstrip())]
        line = (above + lead).count("\n")
        if token.margin >= MARGIN and _tells(token.written.strip(), token.expected.strip(), above):
            line_doubt = best.get(line)
            if line_doubt is None or line_doubt.margin < token.margin:
                best[line] = Doubt(line, len(above), token.written, token.expected, token.margin)
        above += token.written
    return tuple(sorted(best.values(), key=lambda doubt: -doubt.margin))


def _tells(own: str, best: str, above: str) -> bool:
    """Say if another token was possible, and not only another name, space, bracket or comment."""
    if not own or not best or own == best or _is_prose(above):
        return False
    if own.startswith(_COMMENT) or best.startswith(_COMMENT):
        return False
    if all(letter in _PUNCTUATION for letter in own):
        return best[0].isdecimal()
    if best.startswith("_") and not _NAME.fullmatch(own):
        return False  # a longer name was expected
    name, other = (text.lstrip(_PUNCTUATION) for text in (own, best))
    if not _NAME.fullmatch(name) or name in _WORDS:
        return True
    is_above = re.search(rf"\b{re.escape(name)}\b", above) is not None
    return is_above and _NAME.fullmatch(other) is not None and len(own) - len(name) == len(best) - len(other)


def _is_prose(above: str) -> bool:
    """Return whether a text ends within a comment of its own line or a docstring."""
    line = above.rpartition("\n")[2].lstrip()
    return line.startswith(_COMMENT) or any(above.count(mark) % 2 for mark in ('"""', "'''"))
