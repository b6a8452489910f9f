"""How alike two pieces of code are: as tokens, as characters, by their names. White space does not count."""

import re

from rapidfuzz.distance import Levenshtein

from assist_context.code.trees.fragments import marks
from assist_context.languages import Language

MOST = 4_000  # characters of a statement: a longer one is a table

_TOKEN = re.compile(r"\w+|[^\w\s]")
_NAME = re.compile(r"[^\W\d]\w*")


def tokens(text: str) -> list[str]:
    """The tokens of a text, without a comma before a closing bracket, which formatters add and take away.

    >>> tokens("f(a,\\n  b,\\n)")
    ['f', '(', 'a', ',', 'b', ')']
    """
    found = _TOKEN.findall(text)
    pairs = zip(found, [*found[1:], ""], strict=False)
    return [piece for piece, following in pairs if not (piece == "," and following in (")", "]", "}"))]


def similarity(one: str, other: str) -> float:
    """1 minus the edit distance of the tokens' characters by the longer length; 1 for two empty texts.

    >>> similarity("a = f(x)", "a=f( x )"), similarity("", "abc")
    (1.0, 0.0)
    """
    return float(Levenshtein.normalized_similarity(" ".join(tokens(one)), " ".join(tokens(other))))


def names_f1(answer: str, truth: str) -> float:
    """How well the names of an answer match those of the truth; 1 if neither has any.

    >>> round(names_f1("f(a, b)", "f(a, c)"), 2)
    0.67
    """
    ours = set(_NAME.findall(answer))
    theirs = set(_NAME.findall(truth))
    if not ours and not theirs:
        return 1.0
    return 2 * len(ours & theirs) / (len(ours) + len(theirs))


def statement(language: Language, text: str) -> str:
    r"""The text up to the end of the first line at which its round and square brackets are closed.

    A call that is broken over lines is one statement, so that layout does not count. A block is none: a line
    that opens one ends with it.

    >>> from assist_context.languages import language_of
    >>> statement(language_of("a.py"), "f(\n  a)\ng()"), statement(language_of("a.go"), "if a {\n\tb()")
    ('f(\n  a)', 'if a {')
    """
    text = text[:MOST]
    depth = 0
    at = 0  # up to where the line ends are looked at
    for kind, start, end in marks(language, text):
        found = _line_end(text, at, start, depth)
        if found is not None:
            return text[:found]
        depth = max(0, depth + (kind in ("(", "[")) - (kind in (")", "]")))
        at = end if kind in ("string", "comment") else start
    found = _line_end(text, at, len(text), depth)
    return text if found is None else text[:found]


def _line_end(text: str, first: int, last: int, depth: int) -> int | None:
    """The first line end in a part of a text, if no bracket is open and something is before it."""
    at = text.find("\n", first, last) if depth == 0 else -1
    while at >= 0 and not text[:at].strip():
        at = text.find("\n", at + 1, last)
    return at if at >= 0 else None


def common_length(one: str, other: str) -> int:
    """How many characters two texts share at their beginnings."""
    pairs = zip(one, other, strict=False)
    return next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))
