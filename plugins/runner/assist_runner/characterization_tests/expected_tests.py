"""A test from what the user expects of a call: the call runs as it is, and its test has to fail today.

Where the user says what the call gives today, the code has to give that. A test that passes, or fails
otherwise, is none.
"""

import ast
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from assist_runner.characterization_tests.calls import CallObservation, ProposedCall, RecordedCall
from assist_runner.characterization_tests.expected_values import ExpectedValue
from assist_runner.characterization_tests.language import (
    CannotRunError,
    LanguageRecorder,
    ObservingRun,
    PlacedTests,
    RecordingContext,
)
from assist_runner.characterization_tests.nearby_calls import nearby_calls
from assist_runner.characterization_tests.project_runs import ProjectCopy

_SECONDS = 60.0  # of the run of the test
Placing = Callable[[str], PlacedTests]
CallsObserver = Callable[[ObservingRun], Sequence[CallObservation]]


@dataclass(frozen=True, slots=True)
class NearbyChanges:
    """What an edit does to calls like the user's: how many stay, and in words those that do not."""

    same: int
    changed: tuple[str, ...]

    @property
    def is_all(self) -> bool:
        """Whether it changes every call, as what happens to give one value does."""
        return self.same == 0 and len(self.changed) > 1


@dataclass(frozen=True, slots=True)
class ExpectedTest:
    """A test that fails today, by its name: its call, what that comes to today, and what it should come to.

    `code` is the test, `placed` the file that it is in, and `before` the text of that file without it, "" if
    it is new. `nearby` are calls like the user's, with what each comes to today; `observe` runs them with
    other texts of files.
    """

    name: str
    call: str
    today: str
    wanted: str
    code: str
    placed: PlacedTests
    before: str = ""
    nearby: tuple[tuple[ProposedCall, CallObservation], ...] = ()
    observe: CallsObserver | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class ExpectedMaterial:
    """What a test is made of: what the user expects, the language and the code, and where tests go."""

    wanted: ExpectedValue
    language: LanguageRecorder
    material: RecordingContext
    place: Placing
    taken: Collection[str] = ()


def expected_test(asked: ExpectedMaterial, copy: ProjectCopy) -> ExpectedTest:
    """The test, which fails today. Raises CannotRunError, which says why there is none."""
    language, material, wanted = asked.language, asked.material, asked.wanted
    own = language.in_answer(material, f"{wanted.call}\n")[:1]
    if not own:
        raise CannotRunError("nothing shows how to construct the object that is called")
    like = [
        call for text in nearby_calls(wanted.call) for call in language.in_answer(material, f"{text}\n")[:1]
    ]
    today, *others = language.observe(copy, material, ObservingRun([*own, *like]))
    if problem := _misfit(wanted, today):
        raise CannotRunError(problem)
    recorded = RecordedCall(own[0], language.expected(material, wanted, today))
    calls = language.named([recorded], material.subject.name, asked.taken)
    code = language.tests(calls, material)
    placed = asked.place(code)
    name = calls[0].test
    with copy.files({placed.path: placed.text}):
        result = language.run_tests(copy, material, placed.path, [name], _SECONDS)
    if not result.failed or not result.built:
        reason = "that is so today" if result.passed else "the test does not compile or run"
        raise CannotRunError(reason)
    return ExpectedTest(
        name,
        own[0].call,
        _in_words(today),
        wanted.value,
        code,
        placed,
        material.example if material.added else "",
        tuple(zip(like, others, strict=True)),
        partial(language.observe, copy, material),
    )


def nearby_changes(made: ExpectedTest, texts: Mapping[str, str]) -> NearbyChanges:
    """What other texts of files change of the calls like the user's. Blocking; runs code in the copy."""
    comparable = [(call, today) for call, today in made.nearby if _has_result(today)]
    if not comparable or made.observe is None:
        return NearbyChanges(0, ())
    try:
        seen = made.observe(ObservingRun([call for call, _ in comparable], texts))
    except CannotRunError:
        return NearbyChanges(0, ())
    same = 0
    changed = []
    for (call, today), then in zip(comparable, seen, strict=True):
        before, after = _in_words(today), _in_words(then)
        if before == after:
            same += 1
        else:
            changed.append(f"`{call.call}`: {before} becomes {after}")
    return NearbyChanges(same, tuple(changed))


def _has_result(seen: CallObservation) -> bool:
    """Whether what a call comes to is known, and the same each time."""
    return seen.kind in ("value", "raised") and bool(seen.error[1] or seen.shown or seen.value)


def _misfit(wanted: ExpectedValue, today: CallObservation) -> str:
    """How what the code does today differs from what the user says of it, "" if it does not."""
    if today.kind == "left" and not today.error[1]:
        return f"`{wanted.call}` cannot be run here ({today.reason})"
    fits = today.kind == "value" and is_same(wanted.today, today.shown or today.value)
    if not wanted.today or fits:
        return ""
    return f"`{wanted.call}` gives {_in_words(today)} today, not {wanted.today}"


def is_same(said: str, seen: str) -> bool:
    """Whether two literals of one language mean the same.

    >>> is_same("1", "1.0"), is_same("'a'", '"a"'), is_same("[1,2]", "[1, 2]"), is_same("1", "2")
    (True, True, True, False)
    """
    try:
        return bool(ast.literal_eval(said) == ast.literal_eval(seen))
    except (ValueError, SyntaxError, TypeError):
        plain = [re.sub(r"\s+", "", text).replace('"', "'") for text in (said, seen)]
        return plain[0] == plain[1]


def _in_words(today: CallObservation) -> str:
    return today.error[1] or today.shown or today.value or "another object"


def failing_words(test: ExpectedTest) -> str:
    """What a user reads about the test before it judges an edit."""
    values = f"today: {test.today}, wanted: {test.wanted}"
    return f"This test of what you expect fails today: `{test.call}` ({values}). The fix must pass it."


def passing_words(made: ExpectedTest) -> str:
    """What a proof says of the test if an edit lets it pass."""
    return f"the test of what you expect: `{made.call}` gives {made.wanted} (before: {made.today})"
