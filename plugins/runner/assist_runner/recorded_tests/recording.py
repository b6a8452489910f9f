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
from assist_runner.recorded_tests.calls import ProposedCall, RecordedCall
from assist_runner.recorded_tests.choosing import (
    PlantedMistake,
    candidates_of,
    chosen_calls,
    reach,
    same_outcome,
    with_few_checks,
    without_idle,
)
from assist_runner.recorded_tests.language import (
    CannotBuildError,
    CannotRunError,
    LanguageRecorder,
    ObservingRun,
    RecordingMaterial,
    RunOfTests,
)
from assist_runner.recorded_tests.project_runs import ProjectCopy
from assist_runner.sandbox.mutants import mutants
from assist_runner.sandbox.proofs import missing_runner
from assist_server.proof import RecordedCounts

LATER = 400 * 86_400 + 7_261.0  # seconds until the second run: another year, month, day, hour and minute
MUTANTS = 3
MANY_MUTANTS = 16  # where one run tries all of them
FEW = 2  # recorded calls: with fewer, tests of other code are tried, which may reach the function
ENOUGH = 0.75  # of the planted mistakes: with more, and all branches, no model is asked
ROUNDS = 3  # in which tests that fail are taken out
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

    @property
    def counts(self) -> RecordedCounts:
        """The same in numbers, and the names of the tests."""
        names = tuple(call.test for call in self.calls)
        return RecordedCounts(names, self.branches, self.mutants, self.left_out, self.contradictions)


class CallRecorder:
    """Runs proposed calls in a copy, and makes tests of them. It blocks; one thread at a time."""

    def __init__(self, language: LanguageRecorder, material: RecordingMaterial, copy: ProjectCopy) -> None:
        self._language = language
        self._material = material
        self._copy = copy
        self._recorded: list[RecordedCall] = []
        self._repeated: set[ProposedCall] = set()
        self._known: set[tuple[tuple[str, ...], str]] = set()
        self._left: Counter[str] = Counter()
        self._planted: tuple[list[RecordedCall], list[PlantedMistake]] = ([], [])
        self._branches = frozenset(language.branches(material.subject))

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
        """Run calls once, and remember what came of them."""
        new = []
        for call in calls:
            if (call.setup, call.call) not in self._known:
                self._known.add((call.setup, call.call))
                new.append(call)
        if not new:
            return
        for call, seen in zip(
            new, self._language.observe(self._copy, self._material, ObservingRun(new)), strict=True
        ):
            if seen.kind == "left":
                self._left[seen.reason] += 1
            else:
                self._recorded.append(RecordedCall(call, seen))

    def _candidates(self) -> list[RecordedCall]:
        """The recorded calls that are worth a look, and come to the same at another time."""
        candidates = candidates_of(self._recorded)
        new = [call for call in candidates if call.proposed not in self._repeated]
        if new:
            again = ObservingRun([call.proposed for call in new], later=LATER)
            found = self._language.observe(self._copy, self._material, again)
            for call, seen in zip(new, found, strict=True):
                self._repeated.add(call.proposed)
                if not same_outcome(call.seen, seen):
                    self._left["other values in two runs" if seen.kind != "left" else seen.reason] += 1
                    self._recorded.remove(call)
        return [call for call in candidates if call in self._recorded]

    def is_enough(self, rng: random.Random) -> bool:
        """Whether the calls reach all branches and notice most mistakes, so that no model need be asked."""
        if not self._recorded or self._language.planted is None:
            return False
        candidates = self._candidates()
        reached, noticed = reach(candidates, self._branches, self._plant(candidates, rng))
        return reached == 1 and noticed >= ENOUGH

    def finish(self, place: Placing, taken: Collection[str], rng: random.Random) -> RecordedTests:
        """The tests of the calls that are worth one. Raises CannotRunError if none is, or none passes."""
        candidates = self._candidates()
        if not candidates:
            raise CannotRunError("no call gave a value that can be written down" + _reasons(self._left))
        branches = self._branches
        planted = self._plant(candidates, rng)
        candidates = with_few_checks(candidates, planted)
        chosen = chosen_calls(candidates, branches, planted)
        calls = self._language.named(chosen, self._material.subject.name, taken)
        calls, first = self._passing(calls, place, [mistake.text for mistake in planted])
        noticed = {call.test: set[int]() for call in calls}
        for number, mistake in enumerate(planted):
            names = first.planted[number] if number < len(first.planted) else None
            if names is None:
                names = self._noticing(calls, place, mistake.text, first)
            for name in noticed.keys() & names:
                noticed[name].add(number)
        kept = without_idle(calls, noticed, branches) if planted or branches else list(calls)
        if not kept:
            raise CannotRunError("no test of it would notice a mistake")
        if len(kept) < len(calls):
            kept, first = self._passing(kept, place)
        reached = branches & frozenset(line for call in kept for line in call.seen.lines)
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

    def _plant(self, calls: Sequence[RecordedCall], rng: random.Random) -> list[PlantedMistake]:
        """Texts with one mistake each, and which calls notice it."""
        if calls != self._planted[0]:
            self._planted = (list(calls), self._plant_anew(calls, rng))
        return self._planted[1]

    def _plant_anew(self, calls: Sequence[RecordedCall], rng: random.Random) -> list[PlantedMistake]:
        subject = self._material.subject
        body = self._language.body(subject)
        if body is None:
            return []
        language = language_of(subject.path)
        run = ObservingRun([call.proposed for call in calls])
        if self._language.planted is not None:
            texts = mutants(language, subject.text, body, rng, MANY_MUTANTS)
            tried = self._language.planted(self._copy, self._material, run, texts)
            found = [
                PlantedMistake(text, seen)
                for text, seen in zip(texts, tried, strict=True)
                if seen is not None
            ]
            if found:
                return found
        tried_alone = [
            self._plant_one(calls, text) for text in mutants(language, subject.text, body, rng, MUTANTS)
        ]
        return [mistake for mistake in tried_alone if mistake is not None]

    def _plant_one(self, calls: Sequence[RecordedCall], text: str) -> PlantedMistake | None:
        """A mistake with the calls that notice it, None for one that does not compile."""
        changed = {self._material.subject.path: text}
        run = ObservingRun([call.proposed for call in calls], changed, seconds=1.0)
        try:
            seen = self._language.observe(self._copy, self._material, run)
        except CannotBuildError:
            return None
        except CannotRunError:
            return PlantedMistake(text, {number: call.seen for number, call in enumerate(calls)})
        pairs = enumerate(zip(calls, seen, strict=True))
        return PlantedMistake(
            text, {number: other for number, (call, other) in pairs if not same_outcome(call.seen, other)}
        )

    def _passing(
        self, calls: Sequence[RecordedCall], place: Placing, planted: Sequence[str] = ()
    ) -> tuple[list[RecordedCall], RunOfTests]:
        """The calls whose tests pass together, and their run, also with planted mistakes."""
        left = list(calls)
        known: tuple[frozenset[str] | None, ...] = ()
        for _ in range(ROUNDS):
            placed = place(self._language.tests(left, self._material))
            result = self._run(placed, left, planted=() if known else planted)
            known = known or result.planted
            if result.passed:
                return left, replace(result, planted=known)
            failing = [call for call in left if call.test in result.failed]
            self._left["a test that fails"] += len(failing)
            left = [call for call in left if call not in failing]
            if not failing or not left:
                break
        missing = missing_runner(result.output, self._copy.runner.command.words[0])
        raise CannotRunError(missing or f"the project's runner does not pass them: {_end_of(result.output)}")

    def _noticing(
        self, calls: Sequence[RecordedCall], place: Placing, text: str, first: RunOfTests
    ) -> frozenset[str]:
        """The tests that fail with a mistake in the subject's file; all of them if none can be run."""
        placed = place(self._language.tests(calls, self._material))
        seconds = first.seconds * _AGAIN + _AGAIN
        result = self._run(placed, calls, {self._material.subject.path: text}, seconds)
        if result.passed:
            return frozenset()
        return result.failed or frozenset(call.test for call in calls)

    def _run(
        self,
        placed: PlacedTests,
        calls: Sequence[RecordedCall],
        changed: Mapping[str, str] | None = None,
        seconds: float = 60.0,
        planted: Sequence[str] = (),
    ) -> RunOfTests:
        names = [call.test for call in calls]
        texts = {placed.path: placed.text, **(changed or {})}
        subject = self._material.subject
        if changed and placed.path == subject.path:
            texts[placed.path] = with_added(changed[placed.path], subject.text, placed.text)
        with self._copy.files(texts):
            if planted and self._language.run_planted is not None:
                return self._language.run_planted(self._copy, self._material, placed.path, names, planted)
            return self._language.run_tests(self._copy, self._material, placed.path, names, seconds)


def with_added(text: str, before: str, after: str) -> str:
    r"""Another text of a file with what was added to the end of it.

    >>> with_added("b\n", "a\n", "a\n\ntests\n")
    'b\n\ntests\n'
    """
    return text.rstrip("\n") + after[len(before.rstrip("\n")) :]


def code_in(answer: str) -> str:
    """The code of an answer: what is between its fences, also if the last one is not closed, or all of it.

    >>> code_in("Here:\\n```python\\nf(1)\\n```\\nand\\n```\\nf(2)\\n")
    'f(1)\\n\\nf(2)\\n'
    """
    found = re.findall(r"^(`{3,}|~{3,})[^\n]*\n(.*?)(?:^\1|\Z)", answer, re.DOTALL | re.MULTILINE)
    return "\n".join(code for _, code in found) if found else answer


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


_WORDS = {
    "misuse": "pass what the code does not take",
    "set-up": "need an object that nothing says how to make",
    "does not reach the code": "do not reach it",
    "no literal": "give what has no literal",
    "network": "use the network",
    "programs": "start programs",
    "files": "change files",
    "time": "take too long",
    "crash": "end the process",
}


def _reasons(left: Mapping[str, int]) -> str:
    """What is missing, of the calls that were left out.

    >>> _reasons({"misuse": 2, "time": 1})
    ': of the calls 2 pass what the code does not take, 1 take too long'
    """
    parts = [f"{count} {_WORDS.get(reason, f'are left out ({reason})')}" for reason, count in left.items()]
    return f": of the calls {', '.join(parts)}" if parts else ": no test, caller or type says how to call it"


def _end_of(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1][:200] if lines else "it says nothing"
