"""What a text says that no allowed file says: two lines in a row, or 80 characters in a row.

Only letters and digits are compared, without the codes of colours. A line with fewer than four of them, such
as `}`, is passed over.
Two lines that have fewer than `LETTERS` together are common short lines; they are counted apart.
80 characters are counted without blanks, and half of them have to be letters or digits.
It compares texts themselves, and so shares nothing with what is measured.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

LETTERS = 16
RUN = 80
_SIGNS = re.compile(r"[\W_]")
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_ESCAPES = re.compile(r"(?:\x1b|\\u001b)\[[0-9;]*[A-Za-z]|\\+[nrt]")


@dataclass(frozen=True, slots=True)
class AllowedTexts:
    """All that allowed files say: pairs of lines, and all of it in letters."""

    pairs: frozenset[tuple[str, str]] = field(repr=False)
    text: str = field(repr=False)


def _letters(text: str) -> str:
    return _SIGNS.sub("", _COLOURS.sub("", text)).lower()


def _lines(text: str) -> list[str]:
    lines = (_letters(line) for line in text.split("\n"))
    return [line for line in lines if len(line) >= 4]


def allowed_texts(texts: Iterable[str]) -> AllowedTexts:
    pairs: set[tuple[str, str]] = set()
    whole = []
    for text in texts:
        lines = _lines(text)
        pairs.update(pairwise(lines))
        whole.append(_letters(text))
    return AllowedTexts(frozenset(pairs), "\n".join(whole))


def says_more(text: str, allowed: AllowedTexts, *, joined: bool = False) -> str:
    """Whether a piece of a file has a `pair`, only a `short pair`, or a `run` that no allowed file has.

    `joined` is for a piece whose lines are not kept: only runs count.
    """
    new = [pair for pair in pairwise(_lines(text)) if not joined and pair not in allowed.pairs]
    if any(len(first + second) >= LETTERS for first, second in new):
        return "pair"
    if next(_new_runs("".join(_COLOURS.sub("", text).split()), allowed.text), ""):
        return "run"
    return "short pair" if new else ""


def _new_runs(solid: str, allowed: str) -> Iterator[str]:
    """The runs of a text without blanks that are not in the allowed text.

    A run that follows one that is there is looked for where it would follow: to search all each time takes
    hours for a generated page of which other versions are allowed.
    """
    at = 0
    before = ""
    for start in range(0, len(solid) - RUN + 1, 7):
        run = _SIGNS.sub("", solid[start : start + RUN]).lower()
        at += len(_SIGNS.sub("", before))
        before = solid[start : start + 7]
        if len(run) >= RUN // 2 and not allowed.startswith(run, max(at, 0)):
            at = allowed.find(run)
            if at < 0:
                yield run


def more_in_parts(whole: Iterable[str], parts: Iterable[str], allowed: AllowedTexts) -> str:
    """The same for a text of which parts are shown: lines count where they are whole."""
    kinds = {says_more(text, allowed) for text in whole} | {
        says_more(text, allowed, joined=True) for text in parts
    }
    return next((kind for kind in ("pair", "run", "short pair") if kind in kinds), "")


def left_over(piece: str, sent: str, allowed: AllowedTexts) -> str:
    """Two lines in a row of a piece, which no allowed file has, that are in what would be sent; else ""."""
    kept = _lines(_ESCAPES.sub("\n", sent))
    rows = list(pairwise(kept))
    for first, second in pairwise(_lines(piece)):
        is_new = (first, second) not in allowed.pairs and len(first + second) >= LETTERS
        if is_new and any(one.endswith(first) and other.endswith(second) for one, other in rows):
            return f"{first} {second}"
    return ""
