"""How alike two pieces of code are: as tokens, as characters, by their names. White space does not count."""

import re

from rapidfuzz.distance import Levenshtein

from assist_context.languages import Language
from assist_context.syntax.fragments import balance

_TOKEN = re.compile(r"\w+|[^\w\s]")
_NAME = re.compile(r"[^\W\d]\w*")


def tokens(text: str) -> list[str]:
    """The tokens of a text, without a comma before a closing bracket, which formatters add and take away.

    >>> tokens("f(a,\\n  b,\\n)")
    ['f', '(', 'a', ',', 'b', ')']
    """
    found = _TOKEN.findall(text)
    pairs = zip(found, [*found[1:], ""], strict=False)
    return [each for each, following in pairs if not (each == "," and following in (")", "]", "}"))]


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
    r"""The text up to the end of the first line at which all brackets that it opened are closed.

    A call that is broken over lines is one statement, so that layout does not count.

    >>> from assist_context.languages import language_of
    >>> statement(language_of("a.py"), "f(\n  a)\ng()")
    'f(\n  a)'
    """
    at = text.find("\n")
    while at >= 0:
        if text[:at].strip() and not balance(language, "", text[:at]).left:
            return text[:at]
        at = text.find("\n", at + 1)
    return text


def common_length(one: str, other: str) -> int:
    """How many characters two texts share at their beginnings."""
    pairs = zip(one, other, strict=False)
    return next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))
