"""Pairs of statements of the old and the new text, over all files of an edit.

Equal statements match in their order, then those that moved, then the only new one between what is around a
gone statement, and similar ones. What was rewritten matches nothing. What a difference means is for others.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import SequenceMatcher

from assist_context.code.trees.tokens import is_name
from assist_context.code.units import CodeUnit

_ALIKE = 0.6  # share of equal tokens from which two statements are one that was changed
_ALIKE_IN_PLACE = 0.25  # the same, for the only new statement between what is around one that is gone
_MAX_PAIRS = 60_000  # of statements that are compared, which takes 0.3 s; more is another text
_SHORT = 2  # tokens of a statement that says too little to be looked for in another place
OPPOSITES = tuple(
    frozenset(pair.split()) for pair in ("== !=", "=== !==", "in not-in", "is is-not", "< >=", "<= >")
)
_BRANCH = re.compile(r"if|elif|while")
_IMPORTS = ("import", "use_", "package", "future_import")
StatementPair = tuple[CodeUnit, CodeUnit]
TokenStep = tuple[int, int, int, int]  # first and last of the old tokens, and of the new ones
UnitsByPath = Mapping[str, Sequence[CodeUnit]]


def token_steps(was: CodeUnit, now: CodeUnit) -> list[TokenStep]:
    """The changed places of a statement; as many tokens as there were are compared one by one.

    So is an operator that begins both and became its opposite, as in `in (1, 2)` and `not in ITEMS`.
    """
    pairs = list[TokenStep]()
    steps = SequenceMatcher(None, was.words, now.words, autojunk=False).get_opcodes()
    for kind, first, last, start, end in steps:
        if kind == "replace" and last - first == end - start:
            pairs += [(first + at, first + at + 1, start + at, start + at + 1) for at in range(last - first)]
        elif kind == "replace" and {was.words[first], now.words[start]} in OPPOSITES:
            pairs += [(first, first + 1, start, start + 1), (first + 1, last, start + 1, end)]
        elif kind != "equal":
            pairs.append((first, last, start, end))
    return pairs


class StatementMatches:
    """Matched statements: `pairs` with another text, `gone` and `fresh` without a match.

    Of too many that are left over none are compared; then `too_much` is true.
    """

    def __init__(self, old: UnitsByPath, new: UnitsByPath) -> None:
        self.old = old
        self.new = new
        self.pairs: list[StatementPair] = []
        self._now: dict[tuple[str, int], CodeUnit] = {}
        self.gone, self.fresh = (
            [unit for units in side.values() for unit in units if not unit.type.startswith(_IMPORTS)]
            for side in (old, new)
        )
        self._join(self._find_equal())
        moves = self._find_moved(_SHORT)
        self.moved = {was.key for was, _ in moves}
        self._join(moves)
        self.too_much = len(self.gone) * len(self.fresh) > _MAX_PAIRS
        if not self.too_much:
            self._join(self._find_in_place())
            self._join(self._find_moved(0))
            self._join(self._find_alike())
            self._join(self._find_in_place())

    def now(self, unit: CodeUnit) -> CodeUnit | None:
        """Return what became of a statement."""
        return self._now.get((unit.path, unit.place))

    def between(self, gone: CodeUnit) -> list[CodeUnit] | None:
        """Return what is new where a statement is gone; None if the place is gone too."""
        new = self.new[gone.path]
        before, after = self.around(gone)
        start = before.place if before else -1
        end = after.place if after else len(new)
        if start >= end:
            return None
        return [unit for unit in new[start + 1 : end] if unit in self._fresh_units]

    def around(self, gone: CodeUnit) -> tuple[CodeUnit | None, CodeUnit | None]:
        """Find what the nearest statements before and after one became, in the same file."""
        old = self.old[gone.path]
        sides = (range(gone.place - 1, -1, -1), range(gone.place + 1, len(old)))
        before, after = (
            next((now for at in side if (now := self.now(old[at])) and now.path == gone.path), None)
            for side in sides
        )
        return before, after

    def goes_on(self, was: CodeUnit, now: CodeUnit) -> bool:
        """Return whether what comes after a condition is the same; else its branches may be exchanged."""
        if not _BRANCH.match(was.type):
            return True
        following = self.old[was.path][was.place + 1 :][:1], self.new[now.path][now.place + 1 :][:1]
        return [unit.key for unit in following[0]] == [unit.key for unit in following[1]]

    def _join(self, pairs: Iterable[StatementPair]) -> None:
        units_taken = set[CodeUnit]()
        for was, now in pairs:
            self._now[was.path, was.place] = now
            units_taken.add(now)
            if was.words != now.words:
                self.pairs.append((was, now))
        self.gone = [unit for unit in self.gone if (unit.path, unit.place) not in self._now]
        self.fresh = [unit for unit in self.fresh if unit not in units_taken]
        self._fresh_units = set(self.fresh)

    def _find_equal(self) -> Iterator[StatementPair]:
        for path, old in self.old.items():
            new = self.new[path]
            keys = [unit.key for unit in old], [unit.key for unit in new]
            for first, start, size in SequenceMatcher(
                None, *keys, autojunk=len(old) > 2_000
            ).get_matching_blocks():
                yield from zip(old[first : first + size], new[start : start + size], strict=True)

    def _find_moved(self, least: int) -> list[StatementPair]:
        """Equal statements in other places, of more than so many tokens."""
        waiting: dict[tuple[str, ...], list[CodeUnit]] = {}
        for unit in reversed(self.fresh):
            waiting.setdefault(unit.key, []).append(unit)
        long = [unit for unit in self.gone if len(unit.key) > least]
        return [(unit, waiting[unit.key].pop()) for unit in long if waiting.get(unit.key)]

    def _find_alike(self) -> Iterator[StatementPair]:
        near = list[tuple[float, int, int]]()
        counts = [Counter(unit.words) for unit in self.fresh]
        for at, was in enumerate(self.gone):
            count = Counter(was.words)
            for to, now in enumerate(self.fresh):
                share = 2 * (count & counts[to]).total() / (len(was.words) + len(now.words))
                if share >= _ALIKE:
                    here = 0.05 if was.path == now.path else 0.0
                    near.append((share + here - abs(was.line - now.line) * 1e-5, at, to))
        used: tuple[set[int], set[int]] = (set(), set())
        for _, at, to in sorted(near, reverse=True):
            if at not in used[0] and to not in used[1]:
                used[0].add(at)
                used[1].add(to)
                yield self.gone[at], self.fresh[to]

    def _find_in_place(self) -> list[StatementPair]:
        pairs: dict[CodeUnit, CodeUnit] = {}
        for was in self.gone:
            between = self.between(was) or []
            if len(between) != 1 or between[0] in pairs:
                continue
            now = between[0]
            same = (Counter(was.words) & Counter(now.words)).total()
            if 2 * same >= _ALIKE_IN_PLACE * (len(was.words) + len(now.words)):
                pairs[now] = was
        return [(was, now) for now, was in pairs.items()]


def renamed_words(matches: StatementMatches) -> dict[str, str]:
    """Names that are gone from all files, and the new ones that replace them.

    A call that is changed once calls another function, for all that is known.
    """
    words = [
        {word for units in side.values() for unit in units for word in unit.words}
        for side in (matches.old, matches.new)
    ]
    votes: dict[str, Counter[str]] = {}
    for was, now in matches.pairs:
        for at, last, to, end in token_steps(was, now):
            name, other = was.words[at : at + 1], now.words[to : to + 1]
            if (last - at, end - to) != (1, 1) or name[0] in words[1] or other[0] in words[0]:
                continue
            if is_name(was.types[at]) and is_name(now.types[to]):
                votes.setdefault(name[0], Counter())[other[0]] += 1
    callees = {name for was, _ in matches.pairs for name in was.calls}
    best = {name: votes_for.most_common(1)[0] for name, votes_for in votes.items()}
    return {name: other for name, (other, times) in best.items() if times > 1 or name not in callees}


def rename_words(units: UnitsByPath, names: Mapping[str, str]) -> dict[str, list[CodeUnit]]:
    """The same statements with other names."""
    return {
        path: [replace(unit, words=tuple(names.get(word, word) for word in unit.words)) for unit in own_units]
        for path, own_units in units.items()
    }
