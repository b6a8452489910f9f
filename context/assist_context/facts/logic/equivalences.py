"""Pieces of code that do the same though they are written otherwise, known by examples (`equivalences.toml`).

What an example's two sides differ in, counted as in any edit, may be exchanged for each other wherever an
edit has all of it in one place. So a fault inside of such an exchange is still told: then it is not all
there. `any_value` of an example may be a literal in an edit, too, and its function is any function.
"""

import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from itertools import permutations

from assist_context.facts.logic.compared_sides import (
    ComparedSides,
    Differences,
    EditedText,
    compare_sides,
    count_sides,
    differences_of,
)
from assist_context.facts.logic.edit_sides import EditSide, LogicThing
from assist_context.facts.logic.line_map import LineMap

_NEAR = 12  # lines around one of its things in which an exchange has all others
_MANY = 4  # operators: so many may be exchanged without a call or a word to know them by
_PATHS = {"python": "a.py", "typescript": "a.ts", "go": "a.go", "rust": "a.rs"}
_LANGUAGES = {"javascript": "typescript", "tsx": "typescript", "javascriptreact": "typescript"}
_WISH = "tidy up"
_PLACEHOLDER = re.compile(r"\bany_value\b")
_ANY = "90909"  # a literal in an example, for all literals
_VALUE = "return a value"

Things = Counter[LogicThing]


@dataclass(frozen=True, slots=True)
class Exchange:
    """What may be gone if the other is new."""

    gone: Mapping[LogicThing, int]
    fresh: Mapping[LogicThing, int]
    lost_shapes: Mapping[LogicThing, int]
    new_shapes: Mapping[LogicThing, int]

    @property
    def size(self) -> int:
        """How much it explains."""
        return sum(self.gone.values()) + sum(self.fresh.values())

    @property
    def is_telling(self) -> bool:
        """Whether it can be known: by a shape, or by a call, a word or many operators with both sides."""
        known = any(thing[0] in ("call", "word") for side in (self.gone, self.fresh) for thing in side)
        both = bool(self.gone) and bool(self.fresh)
        return bool(self.lost_shapes or self.new_shapes) or (both and (known or self.size >= _MANY))


def examples() -> Iterator[tuple[str, Sequence[str]]]:
    """The language and the codes that do the same, of each example."""
    table = tomllib.loads((files(__package__) / "equivalences.toml").read_text(encoding="utf-8"))
    for language, rows in table.items():
        yield from ((language, row["same"]) for row in rows)


@lru_cache
def exchanges(language: str) -> tuple[Exchange, ...]:
    """The exchanges of a language, those first that explain most."""
    found = dict[str, Exchange]()
    for codes in [codes for name, codes in examples() if name == language]:
        literal = [_PLACEHOLDER.sub(_ANY, code) for code in codes]
        for before, after in {*permutations(codes, 2), *permutations(literal, 2)}:
            sides = compare_sides([EditedText(_PATHS[language], before, after)], _WISH)
            changed = differences_of(sides, count_sides(sides, _WISH))
            exchange = Exchange(changed.gone, changed.fresh, *_other_shapes(sides))
            if exchange.is_telling:
                found[repr(exchange)] = exchange
    return tuple(sorted(found.values(), key=lambda exchange: (-exchange.size, repr(exchange))))


def drop_exchanges(sides: ComparedSides, found: Differences) -> None:
    """Drop what is only exchanged for code that does the same, as often as it is there."""
    if not found.gone and not found.fresh:
        return
    names = {text.document.language.name for text in sides.new.texts}
    shapes = _other_shapes(sides)
    counts = [found.gone, found.fresh, *shapes]
    spare = [found.free_gone, found.free_fresh, Counter[LogicThing](), Counter[LogicThing]()]
    for language in sorted({_LANGUAGES.get(name, name) for name in names} & _PATHS.keys()):
        for exchange in exchanges(language):
            while (taken := _takings(exchange, counts, spare)) and _is_in_one_place(taken, sides):
                for things, also, rows in zip(counts, spare, taken, strict=True):
                    _subtract(things, also, rows)


def _other_shapes(sides: ComparedSides) -> tuple[Things, Things]:
    counts = [
        Counter({thing: times for thing, times in side.most.items() if thing[0] == "shape"})
        for side in (sides.old, sides.new)
    ]
    return counts[0] - counts[1], counts[1] - counts[0]


def _takings(exchange: Exchange, counts: Sequence[Things], spare: Sequence[Things]) -> list[Things]:
    """What an exchange takes of an edit; empty if the edit lacks some, or needs no exchange."""
    found: list[Things] = []
    parts = (exchange.gone, exchange.fresh, exchange.lost_shapes, exchange.new_shapes)
    for part, things, also in zip(parts, counts, spare, strict=True):
        taken: Things = Counter()
        for wanted, times in part.items():
            candidates = [thing for thing in (things + also) if _fits(thing, wanted) and not taken[thing]]
            thing = max(candidates, key=lambda thing: things[thing] + also[thing], default=None)
            if thing is None or things[thing] + also[thing] < times:
                return []
            taken[thing] = times
        found.append(taken)
    explains = any(
        things[thing] for things, rows in zip(counts[:2], found[:2], strict=True) for thing in rows
    )
    return found if explains else []


def _fits(thing: LogicThing, wanted: LogicThing) -> bool:
    if wanted == ("literal", _ANY):
        return thing[0] == "literal"
    if wanted[0] == "leave" and wanted[1].startswith(_VALUE):
        return thing[0] == "leave" and thing[1].startswith(_VALUE)
    return thing == wanted


def _subtract(things: Things, also: Things, taken: Things) -> None:
    for thing, times in taken.items():
        own = min(times, things[thing])
        things[thing] -= own
        also[thing] -= times - own
        for found in (things, also):
            if found[thing] <= 0:
                del found[thing]


def _is_in_one_place(taken: Sequence[Things], sides: ComparedSides) -> bool:
    """Whether all that an exchange takes is near one of its things, in the lines of the new text."""
    rows = [
        (_lines_of(side, thing, sides.lines if side is sides.old else {}), times)
        for side, things in zip((sides.old, sides.new), taken, strict=False)
        for thing, times in things.items()
    ]
    least, _ = min(rows, key=lambda row: len(row[0]), default=([], 0))
    return any(all(_near(places, path, line) >= times for places, times in rows) for path, line in least)


def _near(places: Sequence[tuple[str, int]], path: str, line: int) -> int:
    return sum(path == there and abs(line - at) <= _NEAR for there, at in places)


def _lines_of(side: EditSide, thing: LogicThing, lines: Mapping[str, LineMap]) -> list[tuple[str, int]]:
    return [(path, lines[path].now(line) if lines else line) for path, line in side.places[thing]]
