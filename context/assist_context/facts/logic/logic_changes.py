"""Where an edit changes what code does, though it should only be written otherwise: by syntax alone.

All files of an edit are compared at once, as sets of statements: code may move, get another name, become a
function, a constant or a comprehension, or have its branches turned around. What remains is compared by what
it consists of: operators, negations, literals, calls and their arguments, branches, words such as `raise`,
`return` or `await`. A thing that is gone, or is new, is a change, unless the user's words name it.

It knows no types: a call that another one replaces is a change though both may do the same. What no grammar
reads has no changes here.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from assist_context.facts.logic.allowances import (
    EditAllowance,
    drop_idioms,
    drop_members,
    drop_mirrored,
    drop_trades,
    is_said,
)
from assist_context.facts.logic.changed_names import ChangedNames
from assist_context.facts.logic.compared_sides import (
    ComparedSides,
    EditedText,
    compare_sides,
    count_sides,
    differences_of,
)
from assist_context.facts.logic.edit_sides import (
    NO_EFFECT,
    EditSide,
    LogicThing,
    PlacedUnit,
    is_confirmed,
    kept_conditions,
)
from assist_context.facts.logic.equivalences import drop_exchanges
from assist_context.facts.logic.line_map import LineMap
from assist_context.languages import ECMASCRIPT, language_of
from assist_context.syntax.scopes.logic.conditions import negation_of, plain_item, turned_words
from assist_context.syntax.scopes.logic.logic_units import LogicUnit

_RETURNING = ("python", *ECMASCRIPT)  # where a function may forget to return
_VALUES = frozenset({"None", "True", "False", "null", "true", "false", "undefined", "nil"})
_NEAR = 2  # lines between a call and what it replaced


@dataclass(frozen=True, slots=True)
class LogicChange:
    """A change of what code does, in words; the line is one of the new text, from 1."""

    path: str
    line: int
    text: str


def logic_changes(texts: Sequence[EditedText], wish: str = "") -> tuple[LogicChange, ...]:
    """What an edit changes beyond its wish, in the order of files and lines.

    >>> [(c.line, c.text) for c in logic_changes([EditedText("a.py", "f(x in y)\\n", "f(x not in y)\\n")])]
    [(1, '`in` became `not in`')]
    """
    sides = compare_sides(texts, wish)
    old, new, pairs = sides.old, sides.new, sides.pairs
    found = [*_turned_branches(pairs), *_lost_values(new, sides.names), *_lost_words(old, new)]
    found += _differences(sides, count_sides(sides, wish))
    found = found or [*_misplaced_statements(pairs, old, new), *_other_operands(old, new, sides.names)]
    return tuple(dict.fromkeys(sorted(found, key=lambda change: (change.path, change.line))))


def _turned_branches(pairs: Sequence[tuple[PlacedUnit, PlacedUnit]]) -> Iterator[LogicChange]:
    """Conditions that became their opposite, though what they lead to did not change sides."""
    turned: dict[tuple[str, str], tuple[str, int]] = {}
    for (_, was), (path, now) in pairs:
        if was.role == "branch" and was.holds != now.holds:
            turned.update(
                dict.fromkeys(((now.within, item) for item in was.holds | was.fails), (path, now.line))
            )
    told: set[tuple[str, str]] = set()
    for (_, was), (_, now) in pairs:
        for item in _opposite_items(was, now):
            if (now.within, item) in told:
                continue
            told |= {(now.within, item), (now.within, negation_of(item))}
            if place := turned.get((now.within, item)):
                yield LogicChange(*place, turned_words(item))
    kept = kept_conditions(pairs)
    for (_, was), (path, now) in pairs:
        loose = was.role == "branch" and not is_confirmed(was, now, kept)
        if loose and told.isdisjoint((now.within, item) for item in was.holds | was.fails):
            yield LogicChange(path, now.line, "the condition became its opposite")


def _misplaced_statements(
    pairs: Sequence[tuple[PlacedUnit, PlacedUnit]], old: EditSide, new: EditSide
) -> Iterator[LogicChange]:
    """Statements that run now where they did not run before, or no longer where they did."""
    for (_, was), (path, now) in pairs:
        for item in _opposite_items(was, now):
            where = f"`{plain_item(item)}`, and now where `{plain_item(negation_of(item))}`"
            yield LogicChange(path, now.line, f"it ran where {where}")
    known = [_known_conditions(side) for side in (old, new)]
    both = known[0] & known[1]
    counts = [Counter((unit.within, unit.code) for _, unit in side.units) for side in (old, new)]
    for (_, was), (path, now) in pairs:
        single = all(times[was.within, was.code] == 1 for times in counts)
        if was.within != now.within or was.role == "branch" or not single or now.code in NO_EFFECT:
            continue
        for item in sorted(was.context ^ now.context):
            if (now.within, item) in both and was.context.issuperset(now.context):
                yield LogicChange(
                    path, now.line, f"it ran only where `{plain_item(item)}`, and now elsewhere too"
                )
            elif (now.within, item) in both and now.context.issuperset(was.context):
                yield LogicChange(path, now.line, f"it runs only where `{plain_item(item)}` now")


def _other_operands(old: EditSide, new: EditSide, names: ChangedNames) -> Iterator[LogicChange]:
    """Comparisons of a function with another of its names: `stop is None` where `length is None` was."""
    compared = [_operands(side) for side in (old, new)]
    known = [_names_within(side) for side in (old, new)]
    moved = names.fresh | names.gone | names.renamed.keys() | set(names.renamed.values())
    gone = [key for key in compared[0] if key not in compared[1]]
    for (within, word, *now), (path, line) in compared[1].items():
        if (within, word, *now) in compared[0]:
            continue
        for key in gone:
            was, other = _one_other(key[2:], tuple(now))
            both = {(within, was), (within, other)}
            same = key[:2] == (within, word) and both <= known[0] & known[1]
            if same and moved.isdisjoint((was, other)):
                yield LogicChange(path, line, f"`{was}` became `{other}` in a comparison")
                break


def _operands(side: EditSide) -> dict[tuple[str, ...], tuple[str, int]]:
    """The comparisons of what changed, by function, word and both sides, with their places."""
    return {
        (unit.within, token.text, *token.sides): (path, unit.line)
        for path, unit in side.alone
        for token in unit.tokens
        if token.kind == "operator" and token.sides[0]
    }


def _one_other(was: tuple[str, ...], now: tuple[str, ...]) -> tuple[str, str]:
    """The names of the one side in which two comparisons differ; empty if that is not so."""
    other = [(left, right) for left, right in zip(was, now, strict=True) if left != right]
    plain = len(other) == 1 and all(word.isidentifier() and word not in _VALUES for word in other[0])
    return other[0] if plain else ("", "")


def _names_within(side: EditSide) -> set[tuple[str, str]]:
    return {(unit.within, word) for _, unit in side.units for word in unit.code.split()}


def _known_conditions(side: EditSide) -> set[tuple[str, str]]:
    """The conditions of branches by function, and their opposites."""
    return {(unit.within, item) for _, unit in side.units for item in unit.holds | unit.fails}


def _lost_words(old: EditSide, new: EditSide) -> Iterator[LogicChange]:
    """Statements that lost the word in front: `return f()` became `f()`."""
    if new.ends_open:
        return
    left = {unit.code.partition(" ")[2]: unit for _, unit in old.alone if unit.role == "leave"}
    parted = {unit.within for _, unit in new.alone if unit.code == "return"}  # `f(); return`
    for path, unit in new.alone:
        was = left.get(unit.code)
        if was is not None and unit.role == "plain" and unit.code and unit.within not in parted:
            yield LogicChange(path, unit.line, f"a `{was.code.partition(' ')[0]}` is gone")


def _opposite_items(was: LogicUnit, now: LogicUnit) -> Iterator[str]:
    """What held around a statement whose opposite holds there now."""
    if was.role != "branch" and now.code not in NO_EFFECT:
        for item in sorted(was.context - now.context):
            if negation_of(item) in now.context:
                yield item


def _lost_values(new: EditSide, names: ChangedNames) -> Iterator[LogicChange]:
    """New functions without a `return`, whose value is used."""
    for path, unit in new.units:
        name = unit.within
        if not unit.heads or name not in names.added:
            continue
        if language_of(path).name not in _RETURNING:
            continue
        own = [other for _, other in new.units if other.within == name]
        things = {(token.kind, token.text) for other in own for token in other.tokens}
        if ("leave", "return a value") in things or ("word", "yield") in things or "async" in unit.code:
            continue
        for _, other in new.units:
            if f"@ {name}" in other.code:
                yield LogicChange(path, unit.line, f"`{name}` returns nothing, and its value is used")
                break
            used = other.role != "plain" or other.assigns
            if used and any(token.kind == "call" and token.text == name for token in other.tokens):
                yield LogicChange(path, unit.line, f"`{name}` returns nothing, and its value is used")
                break


def _differences(sides: ComparedSides, allowed: EditAllowance) -> Iterator[LogicChange]:
    """What is gone and what is new, after all that is allowed."""
    old, new, lines = sides.old, sides.new, sides.lines
    found = differences_of(sides, allowed)
    drop_exchanges(sides, found)
    gone, fresh = found.gone, found.fresh
    drop_mirrored(old, new, gone, fresh)
    drop_members(old, new, gone, fresh)
    drop_idioms(old, new, gone, fresh)
    drop_trades(gone, fresh, allowed.turns)
    replaced = _replaced_lines(new, allowed, lines)
    for thing, places in _places(gone, old):
        kind, text = thing
        path, line = places
        if (path, line) in replaced:
            continue
        at = lines[path].now(line)
        other = next((found for found in fresh if found[0] == kind and kind in ("operator", "literal")), None)
        if other is not None:
            fresh[other] -= 1
            fresh = +fresh
            path, at = new.places[other][0] if new.places[other] else (path, at)
            yield LogicChange(path, at, f"`{text}` became `{other[1]}`")
        else:
            yield LogicChange(path, at, _gone_words(thing))
    for thing, (path, line) in _places(fresh, new):
        yield LogicChange(path, line, _fresh_words(thing))


def _replaced_lines(
    new: EditSide, allowed: EditAllowance, lines: Mapping[str, LineMap]
) -> frozenset[tuple[str, int]]:
    """Old lines in whose place a call is that the wish names: what they did, that call does."""
    named = {
        (path, token.line)
        for path, unit in new.alone
        for token in unit.tokens
        if token.kind == "call" and is_said(token.text, allowed.wish)
    }
    return frozenset(
        (path, line)
        for path, mapped in lines.items()
        for low, high, start, end in mapped.runs
        if any(there == path and start - _NEAR <= at <= end + _NEAR for there, at in named)
        for line in range(low, high + 1)
    )


def _places(found: Counter[LogicThing], side: EditSide) -> Iterator[tuple[LogicThing, tuple[str, int]]]:
    for thing in sorted(found):
        places = side.places[thing][: found[thing]] or side.places[thing]
        for place in places[: found[thing]]:
            yield thing, place


def _gone_words(thing: LogicThing) -> str:
    return _words(thing, "the call", "is gone")


def _fresh_words(thing: LogicThing) -> str:
    return _words(thing, "a call", "was added")


def _words(thing: LogicThing, call: str, became: str) -> str:
    kind, text = thing
    named = {
        "negation": "a negation",
        "call": f"{call} of `{text}`",
        "argument": f"an argument of `{text}`",
        "branch": "a condition",
        "store": f"what puts a value into `{text.removeprefix('.')}`",
        "leave": f"a `{text}`" if text == "return" else "a `return` of a value",
    }.get(kind, f"`{text}`")
    return f"{named} {became}"
