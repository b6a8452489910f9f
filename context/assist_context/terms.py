"""Text cut into search terms: words, and the parts of identifiers, in lower case, short and without endings.

It knows how identifiers are put together and how English words end, not which language a text is in.
"""

import re
from itertools import chain
from sys import intern

from assist_context.shortened import SHORT

MOST_CHARACTERS = 40  # of a term; what is longer is data
MOST_CACHED = 50_000  # identifiers whose parts are kept

_WORD = re.compile(r"\w+")
_SPACED = bytes(code if code < 128 and _WORD.match(chr(code)) else 32 for code in range(256))
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_LETTERS = re.compile(r"[^\W\d_]+|\d+")
_SIBILANTS = ("sses", "shes", "ches", "xes")


class _Known(dict[str, tuple[str, ...]]):
    """The terms of each word that was asked about."""

    def __missing__(self, word: str) -> tuple[str, ...]:
        if len(self) >= MOST_CACHED:
            self.clear()
        found = self[word] = _split(word)
        return found


_known = _Known()


def terms(text: str) -> list[str]:
    """The search terms of a text, in order, repeated as they repeat; none has one character only.

    >>> terms("raise HTTPServerError(max_retries=3)")
    ['rais', 'http', 'server', 'err', 'max', 'retry']
    """
    return list(chain.from_iterable(map(_known.__getitem__, _words(text))))


def listed(text: str) -> str:
    """The same, each term once, with spaces between them.

    >>> listed("def run(runs): run()")
    'def run'
    """
    # Half of the words of a chunk are there twice; tuples of known strings take half the time of joined ones.
    words = dict.fromkeys(_words(text))
    return " ".join(dict.fromkeys(chain.from_iterable(map(_known.__getitem__, words))))


def _words(text: str) -> list[str]:
    # Nearly all code is ASCII, where this takes half the time of the regular expression.
    return text.encode().translate(_SPACED).decode().split() if text.isascii() else _WORD.findall(text)


def _split(word: str) -> tuple[str, ...]:
    found = (_PARTS if word.isascii() else _LETTERS).findall(word)
    parts = [part.lower() for part in found if len(part) <= MOST_CHARACTERS]
    stems = [_stem(part) for part in parts if len(part) > 1]
    return tuple([intern(_SHORT.get(stem, stem)) for stem in stems])


def _stem(word: str) -> str:
    """A word without its plural, "ing", "ed" and last "e". It need not be a word.

    On docstrings that look for their functions: MRR@10 0.292 as is, 0.300 without plurals, 0.302 so;
    FTS5's Porter stemmer finds less than none at all.
    """
    if word.endswith("ies") and len(word) > 4:
        word = word[:-3] + "y"
    elif word.endswith(_SIBILANTS) and len(word) > 4:
        word = word[:-2]
    elif word.endswith("s") and len(word) > 3 and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    for ending in ("ing", "ed"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word.removesuffix(ending)
            if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "sl":
                word = word[:-1]
            break
    return word[:-1] if word.endswith("e") and len(word) > 3 else word


_SHORT = {_stem(word): _stem(short) for word, short in SHORT.items()}
