"""Which recorded calls become tests: few that together reach and notice as much as all of them.

A call is worth a test if it reaches a branch that existing tests do not, or gives another value with a
mistake that is planted in the function and that they do not notice. That a call only ends with an error then
is no reason: a test would not compare anything. This module runs nothing.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace

from assist_runner.characterization_tests.calls import CallObservation, RecordedCall, ValueCheck

MAX_TESTS = 8
MAX_CANDIDATES = 32
NATURAL = 4  # tests that are kept because their calls are examples, a caller's or the model's
EXAMPLES = 2  # of a docstring, which come first
ALIKE_KEPT = 2  # tests that run the same lines, of those that are kept for their calls
MAX_CHECKS = 4  # of one object
ALIKE = 3  # guessed calls that do the same: one of them may be at an edge that a mistake moves
GUESSED = ("around", "syntax")
_EMPTY = frozenset({"", '""', "''", "[]", "{}", "()", "None", "null", "undefined", "vec![]", "Ok(())"})
_ORDER = ("example", "tested", "caller", "model", "around", "syntax")


@dataclass(frozen=True, slots=True)
class Mutant:
    """A text of the subject's file with a mistake, and what calls come to that notice it, by their number."""

    text: str
    seen: Mapping[int, CallObservation] = field(default_factory=dict)


def same_outcome(one: CallObservation, other: CallObservation) -> bool:
    """Whether a test of one passes with the other."""
    return outcome(one) == outcome(other)


def outcome(seen: CallObservation) -> tuple[object, ...]:
    """What a test would look at."""
    return seen.kind, seen.value, seen.how, seen.checks, seen.changes, seen.printed, seen.error, seen.message


def is_comparable(seen: CallObservation) -> bool:
    """Whether a test can compare what a call comes to: a class alone, or that it ends, says too little."""
    named = any(check.target != "type" for check in seen.checks)
    return (
        seen.kind == "raised"
        or bool(seen.value or seen.how == "is_empty" or seen.printed or seen.changes)
        or named
    )


def says_much(call: RecordedCall) -> bool:
    """Whether a call's own value is known and more than an empty one, which code that does nothing gives."""
    seen = call.seen
    own = call.proposed.origin != "around"
    return own and (seen.kind == "raised" or seen.value not in _EMPTY or bool(seen.changes or seen.printed))


def is_noticed(before: CallObservation, after: CallObservation) -> bool:
    """Whether a test of a call sees a mistake by what it compares, and not only by an error on the way."""
    return (before.kind == "raised" or after.kind == "value") and not same_outcome(before, after)


@dataclass(frozen=True, slots=True)
class KnownTests:
    """What existing tests have already: the lines that they reach, and the mistakes that they notice.

    They are `unread` if they make other calls than those that were read, so that they may reach more.
    """

    lines: frozenset[int] = frozenset()
    mistakes: frozenset[int] = frozenset()
    unread: bool = False


def candidates_of(recorded: Sequence[RecordedCall]) -> list[RecordedCall]:
    """The calls from the most natural to the least; of guessed ones that do the same, few."""
    ordered = sorted(
        recorded,
        key=lambda call: (
            _ORDER.index(call.proposed.origin),
            len(call.proposed.call) > 60,
            call.proposed.call.endswith("()"),
        ),
    )
    found = []
    alike: Counter[tuple[object, ...]] = Counter()
    for call in ordered:
        guessed = call.proposed.origin in GUESSED
        key = (outcome(call.seen), call.seen.lines) if guessed else (call.proposed,)
        alike[key] += 1
        if alike[key] <= ALIKE:
            found.append(call)
    return found[:MAX_CANDIDATES]


def with_few_checks(calls: Sequence[RecordedCall], planted: Sequence[Mutant]) -> list[RecordedCall]:
    """The calls with few of the checks that can be made of each."""
    values: dict[str, set[str]] = {}
    for check in (check for call in calls for check in (*call.seen.checks, *call.seen.changes)):
        values.setdefault(check.target, set()).add(check.equals)
    varied = {target for target, equals in values.items() if len(equals) > 1}
    trimmed = []
    for number, call in enumerate(calls):
        seen = call.seen
        others = [mistake.seen[number] for mistake in planted if number in mistake.seen]
        kinds = [check for check in seen.checks if check.target == "type"]
        named = [check for check in seen.checks if check.target != "type"]
        checks = _telling(named, [other.checks for other in others], varied)
        changes = _telling(seen.changes, [other.changes for other in others], varied)
        trimmed.append(replace(call, seen=replace(seen, checks=(*checks, *kinds), changes=tuple(changes))))
    return trimmed


def _telling(
    own: Sequence[ValueCheck], others: Sequence[Sequence[ValueCheck]], varied: Collection[str]
) -> list[ValueCheck]:
    """The checks that together notice most mistakes, then those that other calls change, then short ones."""
    notices = {check: {at for at, other in enumerate(others) if check not in other} for check in own}
    found: list[ValueCheck] = []
    left = set(range(len(others)))

    def rank(check: ValueCheck) -> tuple[int, bool, int]:
        return -len(notices[check] & left), check.target not in varied, len(check.equals)

    while len(found) < min(MAX_CHECKS, len(own)):
        best = min((check for check in own if check not in found), key=rank)
        if found and not notices[best] and best.target not in varied:
            break
        found.append(best)
        left -= notices[best]
    return [check for check in own if check in found]


def chosen_calls(
    calls: Sequence[RecordedCall],
    branches: frozenset[int],
    planted: Sequence[Mutant],
    known: KnownTests,
) -> list[RecordedCall]:
    """Few calls that together add as much as all of them to what existing tests reach and notice.

    Without existing tests, at least some natural ones.
    """
    notices = [noticed_by(number, call, planted) for number, call in enumerate(calls)]
    chosen: list[int] = []
    lines: set[int] = set(known.lines)
    mistakes: set[int] = set(known.mistakes)

    def gain(number: int) -> tuple[int, int]:
        new = calls[number].seen.lines - lines
        return len(new & branches) + len(notices[number] - mistakes), len(new) if not known.lines else 0

    def add(number: int) -> None:
        chosen.append(number)
        lines.update(calls[number].seen.lines)
        mistakes.update(notices[number])

    natural = [number for number, call in enumerate(calls) if call.proposed.origin not in GUESSED]
    examples = [number for number in natural if calls[number].proposed.origin == "example"]
    for numbers, most in ((examples, EXAMPLES), (natural, NATURAL), (list(range(len(calls))), MAX_TESTS)):
        while numbers and len(chosen) < most and any(gain(best := max(numbers, key=gain))):
            add(best)
    shown = {outcome(calls[number].seen) for number in chosen}
    for number in natural if len(chosen) < NATURAL and not known.lines else ():
        is_new = number not in chosen and outcome(calls[number].seen) not in shown
        alike = sum(calls[other].seen.lines == calls[number].seen.lines for other in chosen)
        if is_new and alike < ALIKE_KEPT and (notices[number] or not planted) and len(chosen) < NATURAL:
            shown.add(outcome(calls[number].seen))
            add(number)
    return [calls[number] for number in sorted(chosen)]


def noticed_by(number: int, call: RecordedCall, planted: Sequence[Mutant]) -> frozenset[int]:
    """The mistakes that a call notices by its value; it has a number in what was planted."""
    return frozenset(
        at
        for at, mistake in enumerate(planted)
        if number in mistake.seen and is_noticed(call.seen, mistake.seen[number])
    )


def without_idle(
    calls: Sequence[RecordedCall], noticed: Mapping[str, AbstractSet[int]], branches: frozenset[int]
) -> list[RecordedCall]:
    """The tests that notice a mistake, and those that alone reach one of the branches in question."""
    kept = []
    for call in calls:
        others = [other for other in calls if other is not call]
        elsewhere = frozenset(line for other in others for line in other.seen.lines)
        if noticed[call.test] or (call.seen.lines & branches) - elsewhere:
            kept.append(call)
    return kept
