"""Tests whose values come from the code: calls are run, what they give is written down, and checked again.

Each call runs twice, on another day the second time: what differs is left out. The calls of tests that are
there run as well, and are not written again. Of the others few are kept: those that reach a branch or notice
a mistake, planted in the function, that these do not. The file of tests is run as a whole,
then with each planted mistake.
"""

import random
import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from assist_context.code.trees.fragments import errors
from assist_context.languages import language_of
from assist_runner.characterization_tests.calls import CallObservation, ProposedCall, RecordedCall, call_key
from assist_runner.characterization_tests.choosing import (
    KnownTests,
    Mutant,
    candidates_of,
    chosen_calls,
    is_comparable,
    noticed_by,
    same_outcome,
    says_much,
    with_few_checks,
    without_idle,
)
from assist_runner.characterization_tests.language import (
    CannotBuildError,
    CannotRunError,
    LanguageRecorder,
    NothingMissingError,
    ObservingRun,
    PlacedTests,
    RecordingContext,
    RunOfTests,
)
from assist_runner.characterization_tests.project_runs import ProjectCopy
from assist_runner.characterization_tests.recorded_words import (
    already_tested,
    end_of,
    left_out_words,
    recorded_words,
)
from assist_runner.sandbox.mutants import mutants
from assist_runner.sandbox.proofs import missing_runner
from assist_server.proof import RecordedCounts

LATER = 400 * 86_400 + 7_261.0  # seconds until the second run: another year, month, day, hour and minute
MUTANTS = 3
MANY_MUTANTS = 16  # where one run tries all of them
FEW = 2  # recorded calls: with fewer, tests of other code are tried, which may reach the function
MAX_TESTED = 40  # calls of existing tests that are run
ROUNDS = 3  # in which tests that fail are taken out
AGAIN = "tested already"
IDLE = "adds nothing to the others"
_AGAIN = 5.0  # a run with a planted mistake may take so many times as long, and some seconds


@dataclass(frozen=True, slots=True)
class RecordedTests:
    """Tests that passed, in their place. `text` is what is new, `calls` what it records.

    `counts` says the same in numbers and in words.
    """

    text: str
    calls: tuple[RecordedCall, ...]
    placed: PlacedTests
    counts: RecordedCounts


class CallRecorder:
    """Runs proposed calls in a copy, and makes tests of them. It blocks; one thread at a time."""

    def __init__(self, language: LanguageRecorder, material: RecordingContext, copy: ProjectCopy) -> None:
        self._language = language
        self._material = material
        self._copy = copy
        self._recorded: list[RecordedCall] = []
        self._tested: dict[str, ProposedCall] = {}  # calls of existing tests, by their keys
        self._again: set[str] = set()  # of these, what was proposed again
        self._repeated: set[ProposedCall] = set()
        self._known: set[str] = set()
        self._left: Counter[str] = Counter()
        self._branches = frozenset(language.branches(material.subject))

    @property
    def count(self) -> int:
        """How many calls gave what can be written down, of those that no test makes."""
        return sum(call.proposed.origin != "tested" for call in self._recorded)

    def begin(self) -> int:
        """Run the calls that need no model, and say how many can be recorded. Raises CannotRunError."""
        proposed = self._language.computed(self._copy, self._material)
        self._observe([call for call in proposed if call.origin == "tested"])
        self._observe([call for call in proposed if call.origin != "tested"])
        if len(self._recorded) < FEW:
            self._observe(self._language.around(self._material))
        self._observe(
            self._language.varied(self._material, self._good("example", "tested", "caller", "syntax"))
        )
        return self.count

    def take(self, answer: str) -> int:
        """Run the calls of a model's answer, and say how many can be recorded."""
        before = len(self._recorded)
        self._observe(self._language.in_answer(self._material, code_in(answer)))
        self._observe(self._language.varied(self._material, self._good("model")))
        return len(self._recorded) - before

    def _good(self, *origins: str) -> list[ProposedCall]:
        return [call.proposed for call in self._recorded if call.proposed.origin in origins]

    def _observe(self, calls: Sequence[ProposedCall]) -> None:
        """Run calls once, and remember what came of them; those of existing tests come before others."""
        new: dict[str, ProposedCall] = {}
        for call in calls:
            key = call_key(call, self._material.subject.short)
            if call.origin == "tested":
                self._tested.setdefault(key, call)
            elif key in self._tested:
                self._again.add(key)
            if key not in self._known and (key not in self._tested or len(self._known) < MAX_TESTED):
                new[key] = call
            self._known.add(key)
        if not new:
            return
        run = ObservingRun(list(new.values()))
        for call, seen in zip(
            run.calls, self._language.observe(self._copy, self._material, run), strict=True
        ):
            if seen.kind != "left" and (call.origin == "tested" or is_comparable(seen)):
                self._recorded.append(RecordedCall(call, seen))
            elif call.origin != "tested":
                self._left[seen.reason or "no literal"] += 1

    def _candidates(self) -> list[RecordedCall]:
        """The new calls that are worth a look, and come to the same at another time."""
        new_ones = [call for call in self._recorded if call.proposed.origin != "tested"]
        candidates = candidates_of(new_ones)
        new = [call for call in candidates if call.proposed not in self._repeated]
        if new:
            again = ObservingRun([call.proposed for call in new], later=LATER)
            found = self._language.observe(self._copy, self._material, again)
            for call, seen in zip(new, found, strict=True):
                self._repeated.add(call.proposed)
                if not same_outcome(call.seen, seen):
                    self._left["different values in two runs" if seen.kind != "left" else seen.reason] += 1
                    self._recorded.remove(call)
        return [call for call in candidates if call in self._recorded]

    def finish(self, taken: Collection[str], rng: random.Random) -> RecordedTests:
        """The tests of the calls that are worth one.

        Raises NothingMissingError if existing tests reach and notice as much, and CannotRunError if no call
        is worth a test or none passes.
        """
        candidates = self._candidates()
        tested = [call for call in self._recorded if call.proposed.origin == "tested"]
        if not candidates and not tested:
            raise CannotRunError("no call gave a value that can be written down" + left_out_words(self._left))
        planted = self._plant_anew([*candidates, *tested], rng)
        known = _known_tests(tested, len(candidates), planted)
        candidates = with_few_checks(candidates, planted)
        chosen = chosen_calls(candidates, self._branches, planted, known)
        if not chosen:
            raise self._nothing_to_add(known, planted)
        calls, placed, seconds = self._passing(
            self._language.named(chosen, self._material.subject.name, taken)
        )
        numbers = {call.proposed: number for number, call in enumerate(candidates)}
        by_value = {call.test: noticed_by(numbers[call.proposed], call, planted) for call in calls}
        failing = self._failing(calls, placed, planted, seconds)
        own = dict(zip(placed.names, (call.test for call in calls), strict=True))
        seen_before = known.mistakes | {number for number, names in enumerate(failing) if names - own.keys()}
        noticed = {test: set[int]() for test in by_value}
        for number, names in enumerate(failing):
            for name in names & own.keys():
                noticed[own[name]] |= {number} & by_value[own[name]]
        added = {test: numbers - seen_before for test, numbers in noticed.items()}
        kept = calls
        if planted or self._branches:
            telling = (
                calls if not planted else [call for call in calls if added[call.test] or says_much(call)]
            )
            # Where tests notice more than their calls that were read, no one knows what they reach.
            known = KnownTests(known.lines, frozenset(seen_before), bool(seen_before - known.mistakes))
            kept = without_idle(telling, added, frozenset() if known.unread else self._branches - known.lines)
        if not kept:
            raise self._nothing_to_add(known, planted)
        if len(kept) < len(calls):
            self._left[IDLE] += len(calls) - len(kept)
            kept, placed, seconds = self._passing(kept)
        found = {number for call in kept for number in noticed[call.test]}
        return self._recorded_tests(kept, placed, found, (found - seen_before, len(planted)))

    def _recorded_tests(
        self,
        kept: Sequence[RecordedCall],
        placed: PlacedTests,
        found: Collection[int],
        planted: tuple[Collection[int], int],
    ) -> RecordedTests:
        """The tests with what is said of them; of the planted mistakes, those only they notice, and all."""
        reached = self._branches & frozenset(line for call in kept for line in call.seen.lines)
        paths = Counter(call.path for call in self._tested.values())
        counts = RecordedCounts(
            tuple(call.test for call in kept),
            (len(reached), len(self._branches)),
            (len(found), planted[1]),
            {**({AGAIN: len(self._again)} if self._again else {}), **self._left},
            tuple(_contradictions(self._recorded)),
            paths,
            len(planted[0]),
        )
        counts = replace(counts, words=recorded_words(counts))
        return RecordedTests(self._language.tests(kept, self._material), tuple(kept), placed, counts)

    def _nothing_to_add(self, known: KnownTests, planted: Sequence[Mutant]) -> CannotRunError:
        """Why no test is written though calls ran."""
        noticed = f"notice {len(known.mistakes)} of {len(planted)} mutants"
        if known.unread:
            told = f"existing tests, of whose calls {len(self._tested)} could be read, {noticed}"
            is_all = len(known.mistakes) == len(planted)
            return NothingMissingError(told) if is_all else CannotRunError(f"{told}; no call adds to it")
        if not self._tested:
            return CannotRunError(
                "no test of these calls would notice a mistake" + left_out_words(self._left)
            )
        reached = len(known.lines & self._branches)
        told = already_tested(Counter(call.path for call in self._tested.values()))
        told += f", which reach {reached} of {len(self._branches)} branches" if self._branches else ""
        told += f" and {noticed}" if planted else ""
        if reached == len(self._branches) and len(known.mistakes) == len(planted):
            return NothingMissingError(told)
        why = left_out_words(self._left) if self._left else ""
        return CannotRunError(f"no other call that was found adds to them ({told}){why}")

    def _plant_anew(self, calls: Sequence[RecordedCall], rng: random.Random) -> list[Mutant]:
        subject = self._material.subject
        body = self._language.body(subject)
        if body is None:
            return []
        language = language_of(subject.path)
        run = ObservingRun([call.proposed for call in calls])
        if self._language.planted is not None:
            texts = mutants(language, subject.text, body, rng, MANY_MUTANTS)
            tried = self._language.planted(self._copy, self._material, run, texts)
            found = [Mutant(text, seen) for text, seen in zip(texts, tried, strict=True) if seen is not None]
            if found:
                return found
        tried_alone = [
            self._plant_one(calls, text) for text in mutants(language, subject.text, body, rng, MUTANTS)
        ]
        return [mistake for mistake in tried_alone if mistake is not None]

    def _plant_one(self, calls: Sequence[RecordedCall], text: str) -> Mutant | None:
        """A mistake with the calls that notice it, None for one that does not compile."""
        changed = {self._material.subject.path: text}
        run = ObservingRun([call.proposed for call in calls], changed, seconds=1.0)
        try:
            seen = self._language.observe(self._copy, self._material, run)
        except CannotBuildError:
            return None
        except CannotRunError:
            crash = CallObservation("left", reason="crash")
            return Mutant(text, dict.fromkeys(range(len(calls)), crash))
        pairs = enumerate(zip(calls, seen, strict=True))
        return Mutant(
            text, {number: other for number, (call, other) in pairs if not same_outcome(call.seen, other)}
        )

    def _passing(self, calls: Sequence[RecordedCall]) -> tuple[list[RecordedCall], PlacedTests, float]:
        """The calls whose tests pass together, in their place, and how many seconds these take."""
        left = list(calls)
        for _ in range(ROUNDS):
            placed = self._place(left)
            result = self._run(placed, placed.names)
            if result.passed:
                return left, placed, result.seconds
            failing = [call for call, name in zip(left, placed.names, strict=True) if name in result.failed]
            self._left["a test that fails"] += len(failing)
            left = [call for call in left if call not in failing]
            if not failing or not left:
                break
        missing = missing_runner(result.output, self._copy.runner.command.words[0])
        raise CannotRunError(missing or f"the project's runner does not pass them: {end_of(result.output)}")

    def _place(self, calls: Sequence[RecordedCall], text: str | None = None) -> PlacedTests:
        """The file with the tests in it, made from another `text` of it. Raises CannotRunError."""
        material = self._material
        before = (material.example if material.added else "") if text is None else text
        placed = self._language.placed(before, calls, material)
        if "\r\n" in before:
            placed = replace(placed, text=re.sub(r"\r?\n", "\r\n", placed.text))
        language = language_of(placed.path)
        if (errors(language, placed.text) or 0) > (errors(language, before) or 0):
            raise CannotRunError(f"{placed.path} could not be parsed after the tests were added")
        return placed

    def _failing(
        self,
        calls: Sequence[RecordedCall],
        placed: PlacedTests,
        planted: Sequence[Mutant],
        seconds: float,
    ) -> list[frozenset[str]]:
        """For each planted mistake, the tests that fail with it, existing ones of the subject among them."""
        names = (*placed.names, *placed.existing)
        known: tuple[frozenset[str] | None, ...] = ()
        if planted and self._language.run_planted is not None:
            with self._copy.files({placed.path: placed.text}):
                texts = [mistake.text for mistake in planted]
                run = self._language.run_planted(self._copy, self._material, placed.path, names, texts)
            known = run.planted
        found = []
        for number, mistake in enumerate(planted):
            failing = known[number] if number < len(known) else None
            if failing is None:
                result = self._run(placed, names, mistake.text, calls, seconds * _AGAIN + _AGAIN)
                failing = result.failed or (frozenset() if result.passed else frozenset(names))
            found.append(failing)
        return found

    def _run(
        self,
        placed: PlacedTests,
        names: Sequence[str],
        changed: str | None = None,
        calls: Sequence[RecordedCall] = (),
        seconds: float = 60.0,
    ) -> RunOfTests:
        """A run of some tests, with a `changed` text of the subject's file if there is one."""
        subject = self._material.subject
        texts = {placed.path: placed.text}
        if changed is not None:
            same = placed.path == subject.path
            texts[subject.path] = self._place(calls, changed).text if same else changed
        with self._copy.files(texts):
            return self._language.run_tests(self._copy, self._material, placed.path, names, seconds)


def _known_tests(tested: Sequence[RecordedCall], first: int, planted: Sequence[Mutant]) -> KnownTests:
    """What the calls of existing tests reach and notice; their numbers begin with `first`."""
    lines = frozenset(line for call in tested for line in call.seen.lines)
    own = range(first, first + len(tested))
    seen = (number for number, mistake in enumerate(planted) if any(at in mistake.seen for at in own))
    return KnownTests(lines, frozenset(seen))


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
