"""How much of a text is left, and where it is in another text.

White space does not count, since formatters change it. It knows texts only.
"""

import re
from difflib import SequenceMatcher

# How much longer than the accepted text that may be in which it is searched for word by word: a line or two
# more. In a longer one, words of other code would count as what is left.
MORE_CHARACTERS = 200
# Characters on each side of the old place in which a text is searched for, about 500 lines. A formatter moves
# it by less; with 64 texts it takes 60 ms.
REACH = 20_000

_PART = re.compile(r"\w+|[^\w\s]")
_BLACK = re.compile(r"\S+")


def share_left(accepted: str, now: str) -> float:
    r"""The share, 0 to 1, of a text's characters that are still there in the same order.

    >>> share_left("return total / count", "return total\n    / count"), share_left("return a", "")
    (1.0, 0.0)
    >>> share_left("total / n", "totals / n"), share_left("items", "start")
    (1.0, 0.0)
    """
    parts = _PART.findall(accepted)
    left = _PART.findall(now[: longest_remains(accepted)])
    length = sum(map(len, parts))
    if not length or not left:
        return 0.0
    count = 0
    for kind, a, b, c, d in SequenceMatcher(None, parts, left, autojunk=False).get_opcodes():
        if kind == "equal":
            count += sum(map(len, parts[a:b]))
        elif kind == "replace":
            count += _count_renamed(parts[a:b], left[c:d])
    return count / length


def _count_renamed(old: list[str], new: list[str]) -> int:
    """How many characters are left of words that others replaced, compared in pairs from either end."""
    pairs = zip(old, new, strict=False), zip(reversed(old), reversed(new), strict=False)
    return max(sum(_count_alike(one, other) for one, other in pair) for pair in pairs)


def _count_alike(old: str, new: str) -> int:
    """How many characters of a word are left in another one; none if that has less than half of them.

    Any two words share some letters.
    """
    blocks = SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks()
    count = sum(block.size for block in blocks)
    return count if 2 * count >= max(len(old), len(new)) else 0


def longest_remains(accepted: str) -> int:
    """How many characters the text in place of an accepted one may have to be taken for its remains."""
    return 2 * len(accepted) + MORE_CHARACTERS


def find_text(wanted: str, text: str, near: int) -> tuple[int, int] | None:
    """Where in `text` the wanted one begins and ends, at its place nearest to the character `near`.

    Only white space may differ. None if it is not within `REACH` of there.

    >>> find_text("f(a, b)", "g(); f(a,b); f(a,  b)", 20)
    (13, 21)
    """
    first = max(0, near - REACH)
    around = text[first : near + REACH]
    needle = "".join(wanted.split())
    hay = "".join(around.split())
    aim = len("".join(around[: near - first].split()))
    nearest = (hay.rfind(needle, 0, aim + len(needle)), hay.find(needle, aim))
    places = [at for at in nearest if at >= 0]
    if not needle or not places:
        return None
    best = min(places, key=lambda at: abs(at - aim))
    return (first + _index_of(around, best), first + _index_of(around, best + len(needle) - 1) + 1)


def _index_of(text: str, number: int) -> int:
    """The index of a character that is no white space, by how many of these come before it."""
    for word in _BLACK.finditer(text):
        length = word.end() - word.start()
        if number < length:
            return word.start() + number
        number -= length
    return len(text)
