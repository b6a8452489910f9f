"""Both sides of an edit with all that may differ between them: read, paired, and counted.

What is gone and what is new is returned as it is counted. What explains it, and which words it gets, is for
others.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from assist_context.documents import Document, split_lines
from assist_context.facts.logic.allowances import EditAllowance, drop_arguments
from assist_context.facts.logic.changed_names import ChangedNames, changed_names
from assist_context.facts.logic.edit_sides import (
    EditSide,
    LogicThing,
    PlacedUnit,
    count_helpers,
    count_things,
    divided_functions,
    drop_copies,
    drop_imported,
    drop_merged,
    drop_settled,
    drop_settled_branches,
    pair_units,
    without_loose_turns,
)
from assist_context.facts.logic.line_map import LineMap
from assist_context.languages import language_of
from assist_context.syntax.scopes.logic.logic_units import definition_codes, logic_units
from assist_context.syntax.scopes.parsed_text import ParsedText

_DATA = frozenset({"json", "yaml", "toml", "css", "html", "markdown", "shellscript"})


@dataclass(frozen=True, slots=True)
class EditedText:
    """A file before and after an edit."""

    path: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class ComparedSides:
    """Both sides of an edit. Pairs are units with the same code; `lines` has the changed lines by file."""

    old: EditSide
    new: EditSide
    pairs: Sequence[tuple[PlacedUnit, PlacedUnit]]
    names: ChangedNames
    lines: Mapping[str, LineMap]


@dataclass(frozen=True, slots=True)
class Differences:
    """What is gone and what is new; `free` is what the wish and other names explain."""

    gone: Counter[LogicThing]
    fresh: Counter[LogicThing]
    free_gone: Counter[LogicThing]
    free_fresh: Counter[LogicThing]


class _EditedTrees:
    """An edited text with both trees; `same` is the code of definitions that both have."""

    def __init__(self, text: EditedText) -> None:
        self.path = text.path
        self.old = _parse(text.path, text.before)
        self.new = _parse(text.path, text.after)
        self.same = definition_codes(self.old) & definition_codes(self.new)
        self.lines = LineMap(text.before, text.after)


def compare_sides(texts: Sequence[EditedText], wish: str) -> ComparedSides:
    """Both sides with their pairs; texts that no grammar reads, and data, are left out."""
    read = [_EditedTrees(text) for text in texts if text.before != text.after and _has_logic(text.path)]
    names = changed_names([(text.old, text.new, text.same, text.lines.runs) for text in read], wish)
    old, new = EditSide([text.old for text in read]), EditSide([text.new for text in read])
    for text in read:
        changed = {line for low, high, _, _ in text.lines.runs for line in range(low, high + 1)}
        old.units += [(text.path, unit) for unit in logic_units(text.old, names.renamed, text.same, changed)]
        new.units += [(text.path, unit) for unit in logic_units(text.new, {}, text.same)]
    pairs = without_loose_turns(pair_units(old, new), old, new)
    return ComparedSides(old, new, pairs, names, {text.path: text.lines for text in read})


def count_sides(sides: ComparedSides, wish: str) -> EditAllowance:
    """Count what is only on one side, into the sides; returns what may differ."""
    old, new, names = sides.old, sides.new, sides.names
    drop_settled(old, new)
    drop_settled_branches(sides.pairs, old, new)
    drop_copies(old, new)
    drop_imported(old, new)
    drop_merged(old, new)
    heads = [{unit.within for _, unit in side.units if unit.heads} for side in (old, new)]
    given = [{(unit.within, unit.assigns) for _, unit in side.units} for side in (old, new)]
    count_things(old, names.removed | (heads[0] - heads[1]), given[0] - given[1])
    count_things(new, names.added | (heads[1] - heads[0]), given[1] - given[0])
    helpers = count_helpers(old, new) | count_helpers(new, old)
    turns = sum(1 for was, now in sides.pairs if was[1].role == "branch" and was[1].holds != now[1].holds)
    return EditAllowance(wish, names, turns, divided_functions(old, new, (heads[0] ^ heads[1]) | helpers))


def differences_of(sides: ComparedSides, allowed: EditAllowance) -> Differences:
    """What is gone and what is new."""
    old, new = sides.old, sides.new
    found = Differences(Counter(), Counter(), Counter(), Counter())
    for thing in {*old.most, *new.most}:
        if thing[0] == "shape":
            continue
        free = allowed.explains(thing) or (thing[0] == "store" and not _is_lost(thing[1], new))
        gone = max(0, old.least[thing] - new.most[thing])
        fresh = max(0, new.least[thing] - old.most[thing]) if thing[0] != "leave" or not new.ends_open else 0
        splat = ("shape", f"splat {thing[1]}")
        if thing[0] == "argument" and (old.most[splat] or new.most[splat]):
            continue  # how many there are is not known
        if gone:
            (found.free_gone if free else found.gone)[thing] = gone
        if fresh:
            (found.free_fresh if free else found.fresh)[thing] = fresh
    drop_arguments(found.gone, found.fresh)
    return found


def _is_lost(name: str, new: EditSide) -> bool:
    """Whether no changed line has something that was written into; a variable still has to be there."""
    bare = name.removeprefix(".")
    changed = {word for _, unit in new.alone for word in unit.code.split()}
    there = bare != name or any(bare in unit.code.split() for _, unit in new.units)
    return bare not in changed and there


def _has_logic(path: str) -> bool:
    language = language_of(path)
    return bool(language.grammar or language.outline) and language.name not in _DATA


def _parse(path: str, text: str) -> ParsedText:
    return ParsedText(Document(path, split_lines(text), language_of(path)))
