"""Tests whose values come from the code: calls are run, what they give is written down, and checked again.

Each call runs twice, on another day the second time: what differs is left out. Of the calls, few are kept:
those that reach another branch, or notice a mistake that is planted in the function. The file of tests is run
as a whole, then with each planted mistake.
"""

import random
import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from assist_context.languages import language_of
from assist_server.recorded_tests.calls import CallObservation, ProposedCall, RecordedCall, ValueCheck
from assist_server.recorded_tests.language import (
    CannotRunError,
    LanguageRecorder,
    ObservingRun,
    RecordingMaterial,
    RunOfTests,
)
from assist_server.recorded_tests.project_runs import ProjectCopy
from assist_server.recorded_tests.test_names import with_names
from assist_server.sandbox.mutants import mutants

LATER = 400 * 86_400 + 7_261.0  # seconds until the second run: another year, month, day, hour and minute
MUTANTS = 3
MOST_TESTS = 8
FEW = 2  # recorded calls: with fewer, tests of other code are tried, which may reach the function
NATURAL = 4  # tests that are kept because their calls are examples, a caller's or the model's
MOST_CHECKS = 3  # of one object
ALIKE = 3  # guessed calls that do the same: one of them may be at an edge that a mistake moves
ROUNDS = 3  # in which tests that fail are taken out
_ORDER = ("example", "caller", "model", "around", "syntax")
_AGAIN = 5.0  # a run with a planted mistake may take so many times as long, and some seconds


@dataclass(frozen=True, slots=True)
class PlacedTests:
    """Where a text of tests goes: the path of the file, and its whole text with the tests in it."""

    path: str
    text: str


Placing = Callable[[str], PlacedTests]


@dataclass(frozen=True, slots=True)
class RecordedTests:
    """Tests that passed. `text` is what is new, `calls` what it records.

    `branches` and `mutants` are (reached or noticed, all); `left_out` counts calls by the reason, and
    `contradictions` say where the code gives another value than its docstring says.
    """

    text: str
    calls: tuple[RecordedCall, ...]
    branches: tuple[int, int]
    mutants: tuple[int, int]
    left_out: Mapping[str, int] = field(default_factory=dict)
    contradictions: tuple[str, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class _Planted:
    """A text of the subject's file with a mistake, and the calls that come to something else with it."""

    text: str
    noticed_by: frozenset[int]
    seen: tuple[CallObservation, ...] = ()


class CallRecorder:
    """Runs proposed calls in a copy, and makes tests of them. It blocks; one thread at a time."""

    def __init__(self, language: LanguageRecorder, material: RecordingMaterial, copy: ProjectCopy) -> None:
        self._language = language
        self._material = material
        self._copy = copy
        self._recorded: list[RecordedCall] = []
        self._known: set[tuple[tuple[str, ...], str]] = set()
        self._left: Counter[str] = Counter()

    def begin(self) -> int:
        """Run the calls that need no model, and say how many can be recorded. Raises CannotRunError."""
        self._observe(self._language.computed(self._copy, self._material))
        if len(self._recorded) < FEW:
            self._observe(self._language.around(self._material))
        self._observe(self._language.varied(self._material, self._good("example", "caller", "syntax")))
        return len(self._recorded)

    def take(self, answer: str) -> int:
        """Run the calls of a model's answer, and say how many can be recorded."""
        before = len(self._recorded)
        proposed = self._language.in_answer(self._material, code_in(answer))
        self._observe(proposed)
        natural = {(call.setup, call.call) for call in proposed}
        for number, call in enumerate(self._recorded):  # what was guessed before is the model's now
            if (call.proposed.setup, call.proposed.call) in natural and call.proposed.origin == "syntax":
                self._recorded[number] = replace(call, proposed=replace(call.proposed, origin="model"))
        self._observe(self._language.varied(self._material, self._good("model")))
        return len(self._recorded) - before

    def _good(self, *origins: str) -> list[ProposedCall]:
        return [call.proposed for call in self._recorded if call.proposed.origin in origins]

    def _observe(self, calls: Sequence[ProposedCall]) -> None:
        """Run calls twice, and remember what came of them both times."""
        new = []
        for call in calls:
            if (call.setup, call.call) not in self._known:
                self._known.add((call.setup, call.call))
                new.append(call)
        if not new and self._recorded:
            return
        first = self._language.observe(self._copy, self._material, ObservingRun(new))
        fit = [number for number, seen in enumerate(first) if seen.kind != "left"]
        self._left.update(seen.reason for seen in first if seen.kind == "left")
        if not fit:
            return
        again = ObservingRun([new[number] for number in fit], later=LATER)
        second = self._language.observe(self._copy, self._material, again)
        for number, seen in zip(fit, second, strict=True):
            if _same(first[number], seen):
                self._recorded.append(RecordedCall(new[number], first[number]))
            else:
                self._left["other values in two runs" if seen.kind != "left" else seen.reason] += 1

    def finish(self, place: Placing, taken: Collection[str], rng: random.Random) -> RecordedTests:
        """The tests of the calls that are worth one. Raises CannotRunError if none is, or none passes."""
        if not self._recorded:
            raise CannotRunError("no call gave a value that can be written down" + _reasons(self._left))
        branches = self._language.branches(self._material.subject)
        candidates = _candidates(self._recorded)
        planted = self._plant(candidates, rng)
        candidates = _trim(candidates, planted)
        chosen = _choose(candidates, frozenset(branches), planted)
        calls = with_names(chosen, self._material.subject.name, taken)
        calls, first = self._passing(calls, place)
        noticed = {call.test: set[int]() for call in calls}
        for number, mistake in enumerate(planted):
            for name in self._noticing(calls, place, mistake.text, first):
                noticed[name].add(number)
        kept = _drop_idle(calls, noticed, frozenset(branches)) if planted or branches else list(calls)
        if not kept:
            raise CannotRunError("no test of it would notice a mistake")
        if len(kept) < len(calls):
            kept, first = self._passing(kept, place)
        reached = frozenset(branches) & frozenset(line for call in kept for line in call.seen.lines)
        found = {number for call in kept for number in noticed[call.test]}
        return RecordedTests(
            self._language.tests(kept, self._material),
            tuple(kept),
            (len(reached), len(branches)),
            (len(found), len(planted)),
            dict(self._left),
            tuple(_contradictions(self._recorded)),
            first.seconds,
        )

    def _plant(self, calls: Sequence[RecordedCall], rng: random.Random) -> list[_Planted]:
        """Texts with one mistake each, and which calls notice it."""
        subject = self._material.subject
        body = self._language.body(subject)
        if body is None:
            return []
        found = []
        for text in mutants(language_of(subject.path), subject.text, body, rng, MUTANTS):
            run = ObservingRun([call.proposed for call in calls], {subject.path: text}, seconds=1.0)
            try:
                seen = self._language.observe(self._copy, self._material, run)
            except CannotRunError:
                found.append(_Planted(text, frozenset(range(len(calls)))))
                continue
            pairs = enumerate(zip(calls, seen, strict=True))
            differing = frozenset(number for number, (call, other) in pairs if not _same(call.seen, other))
            found.append(_Planted(text, differing, tuple(seen)))
        return found

    def _passing(
        self, calls: Sequence[RecordedCall], place: Placing
    ) -> tuple[list[RecordedCall], RunOfTests]:
        """The calls whose tests pass together, and their run."""
        left = list(calls)
        for _ in range(ROUNDS):
            placed = place(self._language.tests(left, self._material))
            result = self._run(placed, left)
            if result.passed:
                return left, result
            failing = [call for call in left if call.test in result.failed]
            self._left["a test that fails"] += len(failing)
            left = [call for call in left if call not in failing]
            if not failing or not left:
                break
        raise CannotRunError(f"the project's runner does not pass them: {_end_of(result.output)}")

    def _noticing(
        self, calls: Sequence[RecordedCall], place: Placing, text: str, first: RunOfTests
    ) -> list[str]:
        """The tests that fail with a mistake in the subject's file; all of them if none can be run."""
        placed = place(self._language.tests(calls, self._material))
        seconds = first.seconds * _AGAIN + _AGAIN
        result = self._run(placed, calls, {self._material.subject.path: text}, seconds)
        if result.passed:
            return []
        return [call.test for call in calls if call.test in result.failed or not result.failed]

    def _run(
        self,
        placed: PlacedTests,
        calls: Sequence[RecordedCall],
        changed: Mapping[str, str] | None = None,
        seconds: float = 60.0,
    ) -> RunOfTests:
        names = [call.test for call in calls]
        with self._copy.files({placed.path: placed.text, **(changed or {})}):
            return self._language.run_tests(self._copy, self._material, placed.path, names, seconds)


def code_in(answer: str) -> str:
    """The code of an answer: what is between its fences, also if the last one is not closed, or all of it.

    >>> code_in("Here:\\n```python\\nf(1)\\n```\\nand\\n```\\nf(2)\\n")
    'f(1)\\n\\nf(2)\\n'
    """
    found = re.findall(r"^(`{3,}|~{3,})[^\n]*\n(.*?)(?:^\1|\Z)", answer, re.DOTALL | re.MULTILINE)
    return "\n".join(code for _, code in found) if found else answer


def _same(one: CallObservation, other: CallObservation) -> bool:
    """Whether a test of one passes with the other."""
    return _outcome(one) == _outcome(other)


def _outcome(seen: CallObservation) -> tuple[object, ...]:
    return seen.kind, seen.value, seen.how, seen.checks, seen.changes, seen.printed, seen.error, seen.message


def _candidates(recorded: Sequence[RecordedCall]) -> list[RecordedCall]:
    """The calls from the most natural to the least; of guessed ones that do the same, few."""
    ordered = sorted(
        recorded, key=lambda call: (_ORDER.index(call.proposed.origin), len(call.proposed.call) > 60)
    )
    found = []
    alike: Counter[tuple[object, ...]] = Counter()
    for call in ordered:
        guessed = call.proposed.origin in ("around", "syntax")
        key = (_outcome(call.seen), call.seen.lines) if guessed else (call.proposed,)
        alike[key] += 1
        if alike[key] <= ALIKE:
            found.append(call)
    return found


def _trim(calls: Sequence[RecordedCall], planted: Sequence[_Planted]) -> list[RecordedCall]:
    """The calls with few of the checks that can be made of each."""
    values: dict[str, set[str]] = {}
    for check in (check for call in calls for check in (*call.seen.checks, *call.seen.changes)):
        values.setdefault(check.target, set()).add(check.equals)
    varied = {target for target, equals in values.items() if len(equals) > 1}
    trimmed = []
    for number, call in enumerate(calls):
        seen = call.seen
        others = [mistake.seen[number] for mistake in planted if mistake.seen]
        kinds = [check for check in seen.checks if check.target == "type"]
        named = [check for check in seen.checks if check.target != "type"]
        checks = _telling(named, [check for other in others for check in other.checks], varied)
        changes = _telling(seen.changes, [check for other in others for check in other.changes], varied)
        trimmed.append(replace(call, seen=replace(seen, checks=(*checks, *kinds), changes=tuple(changes))))
    return trimmed


def _telling(
    own: Sequence[ValueCheck], others: Sequence[ValueCheck], varied: Collection[str]
) -> list[ValueCheck]:
    """The checks that a mistake changes, then those that other calls change, then short ones."""
    elsewhere: dict[str, set[str]] = {}
    for check in others:
        elsewhere.setdefault(check.target, set()).add(check.equals)

    def rank(check: ValueCheck) -> tuple[bool, bool, int]:
        same = elsewhere.get(check.target, set()) <= {check.equals}
        return same, check.target not in varied, len(check.equals)

    best = sorted(own, key=rank)[:MOST_CHECKS]
    return [check for check in own if check in best]


def _choose(
    calls: Sequence[RecordedCall], branches: frozenset[int], planted: Sequence[_Planted]
) -> list[RecordedCall]:
    """Few calls that together reach as much and notice as much as all of them."""
    chosen: list[int] = []
    lines: frozenset[int] = frozenset()
    mistakes: set[int] = set()

    def add(number: int) -> None:
        nonlocal lines
        chosen.append(number)
        lines |= calls[number].seen.lines
        mistakes.update(at for at, mistake in enumerate(planted) if number in mistake.noticed_by)

    for only in (branches, None):  # first by branches, then by any line
        for number, call in enumerate(calls):
            new = (call.seen.lines & only if only is not None else call.seen.lines) - lines
            if new and number not in chosen and len(chosen) < MOST_TESTS:
                add(number)
    for number in range(len(calls)):
        new_mistakes = {at for at, mistake in enumerate(planted) if number in mistake.noticed_by} - mistakes
        if new_mistakes and number not in chosen:
            add(number)
    shown = {_outcome(calls[number].seen) for number in chosen}
    for number, call in enumerate(calls):
        if len(chosen) >= NATURAL:
            break
        if number not in chosen and _outcome(call.seen) not in shown:
            shown.add(_outcome(call.seen))
            add(number)
    return [calls[number] for number in sorted(chosen)]


def _drop_idle(
    calls: Sequence[RecordedCall], noticed: Mapping[str, set[int]], branches: frozenset[int]
) -> list[RecordedCall]:
    """The tests that notice a mistake, and those that alone reach a branch."""
    kept = []
    for call in calls:
        others = [other for other in calls if other is not call]
        elsewhere = frozenset(line for other in others for line in other.seen.lines)
        if noticed[call.test] or (call.seen.lines & branches) - elsewhere:
            kept.append(call)
    return kept


def _contradictions(recorded: Sequence[RecordedCall]) -> list[str]:
    """Where the code gives another value than the docstring's example says."""
    found = []
    for call in recorded:
        wanted = call.proposed.wanted
        seen = call.seen
        if not wanted or wanted.startswith("Traceback") or "..." in wanted:
            continue
        given = seen.shown if seen.kind == "value" else f"{seen.error[1]}"
        if _plain(given) != _plain(wanted):
            found.append(
                f"The docstring (line {call.proposed.line}) says that {call.proposed.call} gives {wanted}; "
                f"the code gives {given}."
            )
    return found


def _plain(text: str) -> str:
    return re.sub(r"\s+", "", text).replace('"', "'")


def _reasons(left: Mapping[str, int]) -> str:
    return f" ({', '.join(f'{count} {reason}' for reason, count in left.items())})" if left else ""


def _end_of(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1][:200] if lines else "it says nothing"
