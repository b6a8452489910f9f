r"""Finds the lines of a block in a file, and puts other lines in their place.

The search tries these steps in order, and each must find exactly one place: the same lines; the same except
for white space at their ends; the same except for one indentation before all of them; the same lines within
the named definition. It never guesses: case matters, and a similar place is not a match.

Lines that a block does not change keep their bytes. A new line ends like the line next to it.
This module knows no format of answers and reads no file.
"""

import difflib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from assist_context.code.symbols import symbols
from assist_context.languages import language_of
from assist_escalation.edits.plan import MARK, EditError, How, Hunk, split_text

SHOWN_LINES = 12  # of an excerpt
SEARCHED_LINES, SEARCHED_CHARACTERS = (
    20_000,
    200,
)  # limits of the search for an excerpt, which compares characters


@dataclass(frozen=True, slots=True)
class Wanted:
    """The change that a block wants: `search` becomes `replace`, within `symbol` unless that is "".

    Lines have no line ends. `name` describes the block in messages.
    """

    name: str
    path: str
    symbol: str
    search: tuple[str, ...]
    replace: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Match:
    """The lines that a block replaces, and the lines that replace them.

    `search` and `replace` are indented as the file is. Lines that are equal in both stay unchanged.
    """

    hunk: Hunk
    search: tuple[str, ...]
    replace: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _PlaceFit:
    """A line (from 0) where a search fits, with the indentation to add or to remove."""

    line: int
    add: str = ""
    take: str = ""


def bare_lines(text: str) -> list[str]:
    """The lines without their ends and without the byte order mark."""
    return [line.rstrip("\r\n") for line in split_text(text.removeprefix(MARK))]


def find(search: Wanted, text: str) -> Match:
    """The only place of a block in a file. `EditError` names the number of places if it is not one.

    >>> find(Wanted("block 1", "a.py", "", ("x = 1",), ("x = 2",)), "if y:\\n    x = 1\\n").replace
    ('    x = 2',)
    """
    lines = bare_lines(text)
    if not any(line.strip() for line in search.search):
        raise EditError(
            f"{search.name}: the search is empty, which is valid only for a new or an empty file: ask again"
        )
    within = _within(search, text) if search.symbol else None
    for how, step in _LADDER:
        places = list(step(search.search, lines))
        if len(places) == 1:
            return _match(search, how, places[0], within)
        inside = [place for place in places if within and _inside(place.line, search, within)]
        if how == "exact" and len(inside) == 1:
            return _match(search, "symbol", inside[0], within)
        if places:
            raise _ambiguous_error(search, [fit.line + 1 for fit in inside or places])
    raise _missing_error(search, lines)


def check_indented(searches: Sequence[Wanted], matches: Sequence[Match], text: str) -> None:
    """If one block of a file matched at another depth, refuse blocks that also fit at several depths.

    This model gets indentation wrong, so an exact match may be the wrong one of two equal pieces of code.
    """
    if all(match.hunk.how != "indent" for match in matches):
        return
    lines = bare_lines(text)
    for block in searches:
        at = [place.line + 1 for place in _match_indented(block.search, lines)]
        if len(at) > 1:
            raise _ambiguous_error(block, at)


def _match_exact(search: Sequence[str], lines: Sequence[str]) -> Iterator[_PlaceFit]:
    size, search_lines = len(search), list(search)
    for place in range(len(lines) - size + 1):
        if lines[place] == search_lines[0] and list(lines[place : place + size]) == search_lines:
            yield _PlaceFit(place)


def _match_spaced(search: Sequence[str], lines: Sequence[str]) -> Iterator[_PlaceFit]:
    yield from _match_exact([_trim(line) for line in search], [_trim(line) for line in lines])


def _match_indented(search: Sequence[str], lines: Sequence[str]) -> Iterator[_PlaceFit]:
    """Places where every line that is not blank has the same white space too much or too little before it."""
    search_lines, trimmed_lines = [_trim(line) for line in search], [_trim(line) for line in lines]
    first = next(place for place, line in enumerate(search_lines) if line)
    core = search_lines[first].lstrip(" \t")
    for place in range(len(trimmed_lines) - len(search_lines) + 1):
        here = trimmed_lines[place + first]
        if not here.endswith(core) or here[: -len(core)].strip(" \t"):
            continue
        old = _indent(search_lines[first])
        new = _indent(here)
        if new.endswith(old):
            fit = _PlaceFit(place, add=new[: len(new) - len(old)])
        elif old.endswith(new):
            fit = _PlaceFit(place, take=old[: len(old) - len(new)])
        else:
            continue
        shifted_lines = shift(search_lines, fit.add, fit.take)
        if shifted_lines == trimmed_lines[place : place + len(search_lines)]:
            yield fit


_LADDER: tuple[tuple[How, Callable[[Sequence[str], Sequence[str]], Iterator[_PlaceFit]]], ...] = (
    ("exact", _match_exact),
    ("space", _match_spaced),
    ("indent", _match_indented),
)


def shift(lines: Sequence[str], add: str, take: str) -> list[str] | None:
    """The lines with `add` before them, or without `take`, except blank ones. None if one lacks `take`."""
    if any(line.strip() and not line.startswith(take) for line in lines):
        return None
    return [add + line[len(take) :] if line.strip() else line for line in lines]


def _trim(line: str) -> str:
    return line.rstrip(" \t")


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip(" \t"))]


def _match(target: Wanted, how: How, place: _PlaceFit, within: tuple[int, int] | None) -> Match:
    first = place.line + 1
    if within and not _inside(place.line, target, within):
        raise EditError(
            f"{target.name} names {target.symbol}, lines {within[0]} to {within[1]} of {target.path}, "
            f"but its lines are at line {first}: ask again"
        )
    search, replace = (shift(lines, place.add, place.take) for lines in (target.search, target.replace))
    if search is None or replace is None:
        raise EditError(
            f"{target.name}: found at line {first} of {target.path} with less indentation, so its new lines "
            "do not fit: ask again"
        )
    return Match(Hunk(first, first + len(search) - 1, how), tuple(search), tuple(replace))


def _inside(line: int, search: Wanted, within: tuple[int, int]) -> bool:
    return within[0] <= line + 1 and line + len(search.search) <= within[1]


def _within(search: Wanted, text: str) -> tuple[int, int] | None:
    """The lines of the definition that a block names; None where the file has no such name, as yet."""
    name = search.symbol.replace("::", ".").replace("#", ".").removesuffix("()")
    outline = symbols(language_of(search.path), text.removeprefix(MARK))
    if outline.partial:
        return None
    exact = [definition for definition in outline.definitions if definition.qualified == name]
    definitions = exact or [definition for definition in outline.definitions if definition.name == name]
    places = [(definition.start_line, definition.end_line) for definition in definitions]
    if len(places) > 1:
        at = ", ".join(str(first) for first, _ in places[:SHOWN_LINES])
        raise EditError(
            f"{search.name}: {search.path} has {len(places)} definitions of that name, at lines {at}"
        )
    return places[0] if places else None


def _ambiguous_error(search: Wanted, at: list[int]) -> EditError:
    places = ", ".join(map(str, at[:SHOWN_LINES])) + (", ..." if len(at) > SHOWN_LINES else "")
    return EditError(
        f"{search.name}: its lines occur {len(at)} times in {search.path}, at lines {places}, and it is not "
        "clear which are meant: ask for more lines around the change"
    )


def _missing_error(search: Wanted, lines: list[str]) -> EditError:
    place = closest(search.search, lines)
    near = f"; line {place + 1} comes closest" if place is not None else ""
    nearby_lines = lines[place : place + min(len(search.search), SHOWN_LINES)] if place is not None else []
    excerpt = "\n".join(f"{number:>5}  {line}" for number, line in enumerate(nearby_lines, (place or 0) + 1))
    return EditError(
        f"{search.name}: its lines occur 0 times in {search.path}{near}: the file may have changed since, "
        "or the model may have copied it wrongly; ask again",
        excerpt,
    )


def closest(search: Sequence[str], lines: Sequence[str]) -> int | None:
    """The line (from 0) where a file is most similar to a search. For people only, never for an edit."""
    bare = [line.strip()[:SEARCHED_CHARACTERS] for line in lines[:SEARCHED_LINES]]
    search_lines = [line.strip()[:SEARCHED_CHARACTERS] for line in search]
    anchor = max(range(len(search_lines)), key=lambda place: len(search_lines[place]))
    near = set(difflib.get_close_matches(search_lines[anchor], sorted(set(bare) - {""}), n=3, cutoff=0.5))
    starts = [max(0, place - anchor) for place, line in enumerate(bare) if line in near]

    def likeness(start: int) -> float:
        window = bare[start : start + len(search_lines)]
        same = sum(one == other for one, other in zip(window, search_lines, strict=False))
        best = bare[min(start + anchor, len(bare) - 1)]
        return same + difflib.SequenceMatcher(None, best, search_lines[anchor], autojunk=False).ratio()

    return max(starts[:SEARCHED_CHARACTERS], key=likeness) if starts else None


def splice(text: str, matches: Sequence[Match]) -> str:
    r"""The text with every match replaced. `EditError` if two matches share a line.

    >>> splice("a\r\nb", [Match(Hunk(2, 2, "exact"), ("b",), ("b", "c"))])
    'a\r\nb\r\nc'
    """
    in_order = sorted(matches, key=lambda match: (match.hunk.first, match.hunk.last))
    for one, other in pairwise(match.hunk for match in in_order):
        if other.first <= one.last or (one.first, one.last) == (other.first, other.last):
            raise EditError(f"two blocks are about line {other.first}: ask for one block instead")
    mark = MARK if text.startswith(MARK) else ""
    lines = split_text(text.removeprefix(MARK))
    pieces = []
    place = 0
    for match in in_order:
        pieces += lines[place : match.hunk.first - 1]
        pieces += _replacement_lines(lines, match)
        place = match.hunk.last
    pieces += lines[place:]
    return mark + _join_pieces(pieces, lines)


def _replacement_lines(lines: list[str], match: Match) -> Iterator[str]:
    """The new lines of a match: unchanged ones with the file's bytes, others with the end of a near line."""
    start = match.hunk.first - 1
    is_unended = match.hunk.last == len(lines) and lines and not _get_line_end(lines[-1])
    search, replace = match.search, match.replace
    if match.hunk.how in ("space", "indent"):  # white space that the model got wrong is no change of its own
        search, replace = (tuple(map(_trim, side)) for side in (search, replace))
    opcodes = difflib.SequenceMatcher(None, search, replace, autojunk=False).get_opcodes()
    for what, first, last, new_first, new_last in opcodes:
        if what == "equal":
            yield from lines[start + first : start + last]
            continue
        for new in range(new_first, new_last):
            near = start + (min(first + new - new_first, last - 1) if last > first else first - 1)
            final = is_unended and new == len(match.replace) - 1
            yield match.replace[new] + ("" if final else _end_near(lines, max(near, 0)))


def _get_line_end(line: str) -> str:
    return line[len(line.rstrip("\r\n")) :]


def _end_near(lines: list[str], place: int) -> str:
    """The end of a line, or else of the line before it, or of the file's first line."""
    near = (*lines[place : place + 1], *lines[max(place - 1, 0) : place], *lines[:1])
    return next((end for line in near if (end := _get_line_end(line))), "\n")


def _join_pieces(pieces: list[str], lines: list[str]) -> str:
    """The pieces as a text. The old last line may now have lines after it, and then needs an end."""
    whole = [piece if _get_line_end(piece) else piece + _end_near(lines, len(lines)) for piece in pieces[:-1]]
    return "".join([*whole, *pieces[-1:]])
