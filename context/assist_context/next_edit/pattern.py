"""A replacement that several places can have in common: tokens, and holes for what differs between them.

It says where a text holds such a place and what becomes of it; `generalisation` finds patterns. It knows no
syntax tree.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from assist_context.next_edit.substitution import IDENTIFIER

LONG_NAME = 3  # letters from which on an identifier says what a place is about
MAX_MATCHES = 200  # in one document
LONGEST_LINE = 500  # characters: longer ones are data

# What a hole may hold: text of one line in which brackets are balanced, two deep.
_INNER = r"[^\n()\[\]{}]"
_ONCE = rf"\((?:{_INNER})*\)|\[(?:{_INNER})*\]|\{{(?:{_INNER})*\}}"
_TWICE = rf"\((?:{_INNER}|{_ONCE})*\)|\[(?:{_INNER}|{_ONCE})*\]|\{{(?:{_INNER}|{_ONCE})*\}}"
# It is short, as the time to match grows with the square of its length.
_HOLE = rf"(?:{_INNER}|{_TWICE}){{1,80}}?"
# A hole with nothing before or after it holds one expression without spaces: a name, its members and calls.
_EDGE = rf"(?:[\w.:'\"]|{_TWICE}){{1,80}}"


_BLANKS = re.compile(r"[ \t]*")


@dataclass(frozen=True, slots=True)
class Hole:
    """A place for text that differs: the number of the hole."""

    number: int


Items = tuple[str | Hole, ...]


@dataclass(frozen=True, slots=True)
class Pattern:
    """`old` between `left` and `right` becomes `new`.

    `indent` is that of the line of the first example, or of the one below if `right` begins there.
    """

    left: Items
    old: Items
    new: Items
    right: Items
    indent: str = ""

    @property
    def key(self) -> str:
        """Return what it replaces by what, without what is around it."""
        return f"{_words(self.old)} -> {_words(self.new)}"

    @property
    def names(self) -> tuple[str, ...]:
        """The long identifiers that a place must hold, the longest first."""
        constants = [item for item in (*self.left, *self.old, *self.right) if isinstance(item, str)]
        words = {item for item in constants if is_long_name(item)}
        return tuple(sorted(words, key=lambda name: (-len(name), name)))

    @property
    def holes(self) -> int:
        return sum(isinstance(item, Hole) for item in (*self.left, *self.old, *self.right))


@dataclass(frozen=True, slots=True)
class PatternMatch:
    """A match of a pattern in a text, in characters, and its text then."""

    start: int
    end: int
    new: str


def is_long_name(token: object) -> bool:
    """Return whether a token is an identifier that says what a place is about."""
    return isinstance(token, str) and len(token) >= LONG_NAME and IDENTIFIER.fullmatch(token) is not None


def matches(pattern: Pattern, text: str) -> Iterator[PatternMatch]:
    r"""The places of a text where a pattern fits and has not been applied yet. Lines end in "\n".

    The first line is as any other: a line end is thought before it.
    """
    names = pattern.names
    if any(word not in text for word in names):
        return
    whole = f"\n{text}"
    count = 0
    for place in _near(pattern, names[0] if names else "", whole):
        start, end = place.span("old")
        new = _fill(pattern, place, whole)
        if new == place["old"] or _is_made(pattern, whole, (start, end), new):
            continue
        if start == 0:  # at the line end before the text: the one after it takes its place
            if whole[end : end + 1] != "\n":
                continue
            yield PatternMatch(0, end, f"{new}\n"[1:])
        else:
            yield PatternMatch(start - 1, end - 1, new)
        count += 1
        if count == MAX_MATCHES:
            return


def _near(pattern: Pattern, name: str, text: str) -> Iterator[re.Match[str]]:
    """The places where the expression fits, looked for only in lines around a name, as it is slow."""
    expression = _expression(pattern)
    lines = 1 + sum(str(item)[0] == "\n" for item in (*pattern.left, *pattern.old, *pattern.right))
    last_end = 0
    at = text.find(name)
    while at >= 0:
        first = at
        last = at
        for _ in range(lines):
            first = max(last_end, text.rfind("\n", 0, first))
            last = text.find("\n", last + 1) if last >= 0 else -1
        end = len(text) if last < 0 else last + 1
        short = end - first <= LONGEST_LINE * (2 * lines + 1)
        for hit in expression.finditer(text, first, end) if short else ():
            if hit.end() > hit.start() or hit.start() >= last_end:
                yield hit
                last_end = max(last_end, hit.end())
        last_end = max(last_end, last if last >= 0 else end)
        at = text.find(name, max(at + 1, last_end))


@lru_cache(maxsize=256)
def _expression(pattern: Pattern) -> re.Pattern[str]:
    holes: set[int] = set()

    items = (*pattern.left, *pattern.old, *pattern.right)
    edges = {items[0], items[-1]} if items else set()

    def piece(item: str | Hole) -> str:
        if isinstance(item, Hole):
            again = item.number in holes
            holes.add(item.number)
            mark = _EDGE if item in edges else _HOLE
            return f"(?P=h{item.number})" if again else f"(?P<h{item.number}>{mark})"
        if item[0] == "\n":
            return r"\n[ \t]*"
        if item.isspace():
            return r"[^\S\n]+"
        before = r"(?<!\w)" if item[0].isalnum() or item[0] == "_" else ""
        after = r"(?!\w)" if item[-1].isalnum() or item[-1] == "_" else ""
        return before + re.escape(item) + after

    head = "".join(map(piece, pattern.left))
    old = "".join(map(piece, pattern.old))
    right = "".join(map(piece, pattern.right))
    return re.compile(rf"{head}(?P<old>{old})(?={right})")


def _fill(pattern: Pattern, match: re.Match[str], text: str) -> str:
    """The new text at a match, indented as the line where it begins, or as the next one."""
    below = is_before_line(pattern.right)
    line = match.end("old") + 1 if below else text.rfind("\n", 0, match.start("old")) + 1
    indent = _BLANKS.match(text, line)[0]  # type: ignore[index]  # it also matches nothing
    result = []
    for item in pattern.new:
        if isinstance(item, Hole):
            result.append(match[f"h{item.number}"])
        elif item[0] == "\n" and item[1:].startswith(pattern.indent):
            result.append("\n" + indent + item[1 + len(pattern.indent) :])
        else:
            result.append(item)
    return "".join(result)


def _is_made(pattern: Pattern, text: str, span: tuple[int, int], new: str) -> bool:
    """Return whether the new text is already around a place, as after `foo` became `await foo`."""
    start, end = span
    if start == end:
        line = "\n" in new  # the same line twice says nothing
        open_end = _is_blank(pattern.left) or isinstance(
            pattern.left[-1], Hole
        )  # which may hold the new text
        before = (line or open_end) and text.endswith(new, 0, start)
        return before or ((line or _is_blank(pattern.right)) and text.startswith(new, end))
    room = len(new) - (end - start)
    if room <= 0:
        return False
    around = text[max(0, start - room) : end + room]
    at = around.find(new)
    first = start - max(0, start - room)
    while at >= 0:
        if at <= first and at + len(new) >= first + end - start:
            return True
        at = around.find(new, at + 1)
    return False


def _is_blank(items: Items) -> bool:
    """Return whether items are nothing but spaces, if any."""
    return all(isinstance(item, str) and item.isspace() and item[0] != "\n" for item in items)


def is_before_line(right: Items) -> bool:
    """Return whether what comes after a pattern is a whole line."""
    return bool(right) and isinstance(right[0], str) and right[0][0] == "\n"


def _words(items: Items) -> str:
    return "".join(f"<{item.number}>" if isinstance(item, Hole) else item for item in items)
