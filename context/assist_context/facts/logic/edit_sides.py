"""Both sides of an edit, all files at once: which statements only one side has, and what is in them.

Statements may move, and a function or a constant may be taken out or put in: then one side has it once, and
the other as often as it is used. What a difference means is for `logic_changes`.
"""

from collections import Counter, defaultdict
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field

from assist_context.syntax.scopes.logic.logic_tokens import LogicToken
from assist_context.syntax.scopes.logic.logic_units import LogicUnit, body_units, imported_words
from assist_context.syntax.scopes.parsed_text import ParsedText

_LAST_RETURNS = frozenset({"rust", "ruby", "scala"})
NO_EFFECT = frozenset({"return", "return None", "continue", "break", "return nil", "return ;"})
_MOSTLY = 0.7  # of a function's body, which replaced code has if the function is called instead

LogicThing = tuple[str, str]  # kind and text of a token
PlacedUnit = tuple[str, LogicUnit]


@dataclass(slots=True)
class EditSide:
    """The units of one side, by file, and of these the ones that the other side lacks."""

    texts: Sequence[ParsedText]
    units: list[tuple[str, LogicUnit]] = field(default_factory=list)
    alone: list[tuple[str, LogicUnit]] = field(default_factory=list)
    least: Counter[LogicThing] = field(default_factory=Counter)
    most: Counter[LogicThing] = field(default_factory=Counter)
    places: dict[LogicThing, list[tuple[str, int]]] = field(default_factory=lambda: defaultdict(list))

    @property
    def ends_open(self) -> bool:
        """Whether a function may return its last expression, so that a `return` may only be written out."""
        return any(text.document.language.name in _LAST_RETURNS for text in self.texts)


def pair_units(old: EditSide, new: EditSide) -> list[tuple[PlacedUnit, PlacedUnit]]:
    """Units with the same code on both sides, those of the same place first; the others are alone."""
    waiting: dict[str, list[PlacedUnit]] = defaultdict(list)
    for placed in old.units:
        waiting[placed[1].code].append(placed)
    pairs: list[tuple[PlacedUnit, PlacedUnit]] = []
    left = list(new.units)
    for is_same in (_is_same_place, _is_same_function, lambda _one, _other: True):
        unpaired = []
        for placed in left:
            candidates = waiting[placed[1].code]
            at = next((at for at, other in enumerate(candidates) if is_same(other, placed)), None)
            if at is None:
                unpaired.append(placed)
            else:
                pairs.append((candidates.pop(at), placed))
        left = unpaired
    new.alone = left
    old.alone = sorted((placed for found in waiting.values() for placed in found), key=_place_of)
    return pairs


def _place_of(placed: PlacedUnit) -> tuple[str, int]:
    return placed[0], placed[1].line


def _is_same_place(one: PlacedUnit, other: PlacedUnit) -> bool:
    return one[1].within == other[1].within and one[1].context == other[1].context


def _is_same_function(one: PlacedUnit, other: PlacedUnit) -> bool:
    return one[1].within == other[1].within


def kept_conditions(pairs: Sequence[tuple[PlacedUnit, PlacedUnit]]) -> Mapping[str, set[str]]:
    """By function, what held and holds around the same statement."""
    kept: dict[str, set[str]] = defaultdict(set)
    for (_, was), (_, now) in pairs:
        if was.role != "branch" and now.code not in NO_EFFECT:
            kept[now.within] |= was.context & now.context
    return kept


def is_confirmed(was: LogicUnit, now: LogicUnit, kept: Mapping[str, set[str]]) -> bool:
    """Whether what a branch leads to is the same, though its condition may be the opposite."""
    known = kept.get(now.within, set())
    return was.holds == now.holds or was.holds <= known or was.fails <= known


def without_loose_turns(
    pairs: Sequence[tuple[PlacedUnit, PlacedUnit]], old: EditSide, new: EditSide
) -> list[tuple[PlacedUnit, PlacedUnit]]:
    """The pairs without opposite conditions in other functions that nothing shows to be the same branch."""
    kept = kept_conditions(pairs)
    found = []
    for was, now in pairs:
        if was[1].within == now[1].within or is_confirmed(was[1], now[1], kept):
            found.append((was, now))
        else:
            old.alone.append(was)
            new.alone.append(now)
    return found


def divided_functions(old: EditSide, new: EditSide, own: set[str]) -> frozenset[str]:
    """The functions that use one of `own`, which only one side has or which is called instead of its body."""
    return frozenset(
        unit.within
        for side in (old, new)
        for _, unit in side.units
        if not unit.heads and not (own - {unit.within}).isdisjoint(unit.code.split())
    )


def drop_settled(old: EditSide, new: EditSide) -> None:
    """Functions whose statements all run where they did: only their branches are written otherwise."""
    effects: list[dict[str, Counter[tuple[str, frozenset[str]]]]] = []
    for side in (old, new):
        found: dict[str, Counter[tuple[str, frozenset[str]]]] = defaultdict(Counter)
        for _, unit in side.units:
            if unit.role != "branch" and unit.code not in NO_EFFECT:
                found[unit.within][unit.code, unit.context] += 1
        effects.append(found)
    settled = {name for name in effects[0].keys() & effects[1].keys() if effects[0][name] == effects[1][name]}
    for side in (old, new):
        side.alone = [placed for placed in side.alone if placed[1].within not in settled]


def drop_settled_branches(
    pairs: Sequence[tuple[PlacedUnit, PlacedUnit]], old: EditSide, new: EditSide
) -> None:
    """Branches whose statements all run under the same conditions on the other side."""
    passed = [{(unit.within, item) for _, unit in side.units for item in unit.fails} for side in (old, new)]
    both = passed[0] & passed[1]
    same = set[int]()
    for (_, was), (_, now) in pairs:
        other = {(now.within, item) for item in was.context ^ now.context}
        if was.within == now.within and other <= both and now.code not in NO_EFFECT:
            same |= {id(was), id(now)}
    for side in (old, new):
        for placed in [placed for placed in side.alone if placed[1].role == "branch"]:
            branch = placed[1]
            inside = [
                unit
                for _, unit in side.units
                if unit.within == branch.within and unit.role != "branch" and branch.holds <= unit.context
            ]
            if inside and all(id(unit) in same for unit in inside):
                side.alone.remove(placed)


def drop_copies(old: EditSide, new: EditSide) -> None:
    """Copies of a function, of which one is left, or more are made."""
    heads = [Counter(unit.within for _, unit in side.units if unit.heads) for side in (old, new)]
    for here, there, at in ((old, new, 0), (new, old, 1)):
        copied = {name for name, times in heads[at].items() if times > heads[1 - at][name] >= 1}
        known = {(unit.within, unit.code) for _, unit in there.units if unit.within in copied}
        here.alone = [placed for placed in here.alone if (placed[1].within, placed[1].code) not in known]


def drop_imported(old: EditSide, new: EditSide) -> None:
    """Values at the top of a file that one side gives a name, and that the other imports by it."""
    before, after = ({text.document.path: imported_words(text) for text in side.texts} for side in (old, new))
    for side, here, there in ((old, before, after), (new, after, before)):
        side.alone = [
            (path, unit)
            for path, unit in side.alone
            if unit.within or not unit.assigns or unit.assigns not in there[path] - here[path]
        ]


def drop_merged(old: EditSide, new: EditSide) -> None:
    """Several branches with the same way out became one with `or`, or the other way round."""
    for here, there in ((old, new), (new, old)):
        fewer = _total(here, "branch", "if") - _total(there, "branch", "if")
        joined = sum(
            _total(there, "operator", word) - _total(here, "operator", word) for word in ("or", "and")
        )
        known = {unit.code for _, unit in there.units}
        for placed in list(here.alone):
            if min(fewer, joined) > 0 and placed[1].role == "leave" and placed[1].code in known:
                here.alone.remove(placed)
                fewer -= 1


def _total(side: EditSide, kind: str, text: str) -> int:
    return sum((token.kind, token.text) == (kind, text) for _, unit in side.alone for token in unit.tokens)


def count_things(side: EditSide, own: frozenset[str], given: Container[tuple[str, str]]) -> None:
    """How often each thing is on one side at least and at most.

    What only this side has a name for (functions in `own`, values in `given`) counts once, and as often as it
    is used: it was taken out of, or is put into, so many places.
    """
    alone = {id(unit) for _, unit in side.alone}
    uses = Counter(word for _, unit in side.units for word in unit.code.split())
    inside = Counter((unit.within, word) for _, unit in side.units for word in unit.code.split())
    calls = Counter(token.text for _, unit in side.units for token in unit.tokens if token.kind == "call")
    for path, unit in side.units:
        times = 1
        if unit.within in own:
            times = max(1, calls[unit.within], uses[unit.within] - 1)
        elif unit.assigns and (unit.within, unit.assigns) in given:
            used = inside[unit.within, unit.assigns] if unit.within else uses[unit.assigns]
            times = max(1, used - (unit.role != "branch"))
        single = id(unit) in alone
        if not single and times == 1:
            continue
        for token in unit.tokens:
            thing = _thing_of(token, unit)
            if thing[0] == "leave" and unit.within in own:
                continue
            free = unit.within in own and (unit.heads or token.text in ("async", "await"))
            side.least[thing] += single and not free
            side.most[thing] += (times - 1) * (thing[0] != "leave") + single
            if single:
                side.places[thing].append((path, token.line))


def _thing_of(token: LogicToken, unit: LogicUnit) -> LogicThing:
    """What a token is compared as; a `return` only with those of the same function."""
    if token.kind == "leave" and token.text != "return":
        return token.kind, f"{token.text} {unit.within}"
    return token.kind, token.text


def count_helpers(here: EditSide, there: EditSide) -> set[str]:
    """More calls of a function that both sides have, whose body is what the other side has instead."""
    found: set[str] = set()
    for (kind, name), times in list(here.least.items()):
        more = times - there.most[kind, name]
        if kind != "call" or more <= 0:
            continue
        bodies = [units for text in here.texts for units in body_units(text, name)]
        body = max(
            (_things_in(units) for units in bodies),
            key=lambda body: (_share(body, there), len(body)),
            default=[],
        )
        if _share(body, there) < _MOSTLY:
            continue
        found.add(name)
        for thing in body:
            here.most[thing] += more
        here.least[kind, name] -= more
        here.least["argument", name] = 0
        here.least["call", "super"] = max(0, here.least["call", "super"] - more)  # `super().name()`
    return found


def _things_in(units: Sequence[LogicUnit]) -> list[LogicThing]:
    return [
        (token.kind, token.text)
        for unit in units
        for token in unit.tokens
        if token.kind not in ("leave", "shape")
    ]


def _share(body: Sequence[LogicThing], there: EditSide) -> float:
    """How much of a function's body the other side has instead; 0 of one that does nothing."""
    telling = [thing for thing in body if thing[0] not in ("argument", "branch")]
    return sum(there.least[thing] > 0 for thing in telling) / len(telling) if telling else 0.0
