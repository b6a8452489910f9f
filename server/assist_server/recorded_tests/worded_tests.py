"""Tests from what the user's words demand of code: each call runs as it is, and its test has to fail today.

It fails for the reason that the words say: where they name a value or an exception of today, the code has to
give that. A test that passes, or fails otherwise, is none.
"""

import ast
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from assist_server.recorded_tests.calls import CallObservation, ProposedCall, RecordedCall
from assist_server.recorded_tests.language import (
    CannotRunError,
    LanguageRecorder,
    ObservingRun,
    RecordingMaterial,
)
from assist_server.recorded_tests.nearby_calls import nearby_calls
from assist_server.recorded_tests.project_runs import ProjectCopy
from assist_server.recorded_tests.recording import PlacedTests, Placing
from assist_server.recorded_tests.worded_values import ANY_ERROR, WordedValue

_SECONDS = 60.0  # of the run of the tests
CallsObserver = Callable[[ObservingRun], Sequence[CallObservation]]
_NOTHING = frozenset({"none", "null", "nil", "undefined", "nothing"})


@dataclass(frozen=True, slots=True)
class WordedTest:
    """A test by its name: a call, what it comes to today, and what it should come to.

    `only_ends`: all that is wanted is that it raises nothing.
    """

    name: str
    call: str
    today: str
    wanted: str
    only_ends: bool = False


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
class WordedTests:
    """Tests of which some fail today, what they are in code, and the file that they are in.

    `before` is the text of the file without them, "" if it is new. `nearby` are calls like the user's, with
    what each comes to today; `observe` runs them with other texts of files.
    """

    tests: tuple[WordedTest, ...]
    code: str
    placed: PlacedTests
    before: str = ""
    nearby: tuple[tuple[ProposedCall, CallObservation], ...] = ()
    observe: CallsObserver | None = field(default=None, repr=False, compare=False)

    @property
    def says_little(self) -> bool:
        """Whether no test says which value is right."""
        return all(test.only_ends for test in self.tests)


@dataclass(frozen=True, slots=True)
class WordedMaterial:
    """What tests are made of: the words' demands, the language and the code, and where tests go."""

    wanted: Sequence[WordedValue]
    language: LanguageRecorder
    material: RecordingMaterial
    place: Placing
    taken: Collection[str] = ()


def worded_tests(asked: WordedMaterial, copy: ProjectCopy) -> WordedTests:
    """The tests, of which at least one fails today. Raises CannotRunError, which says why there is none."""
    language, material = asked.language, asked.material
    pairs = [(value, call) for value in asked.wanted for call in _call_of(asked, value)]
    if not pairs:
        raise CannotRunError("nothing says how to make what is called")
    like = [
        call
        for text in nearby_calls(pairs[0][0].call)
        for call in language.in_answer(material, f"{text}\n")[:1]
    ]
    seen = language.observe(copy, material, ObservingRun([*(call for _, call in pairs), *like]))
    nearby = tuple(zip(like, seen[len(pairs) :], strict=True))
    kept: list[tuple[RecordedCall, WordedValue, CallObservation]] = []
    for (value, call), today in zip(pairs, seen, strict=False):
        if problem := _misfit(value, today):
            raise CannotRunError(problem)
        outcome = language.worded(material, value, today) if language.worded is not None else None
        if outcome is None:
            raise CannotRunError(f"{value.error or value.value} is not known there")
        kept.append((RecordedCall(call, outcome), value, today))
    calls = language.named([call for call, _, _ in kept], material.subject.name, asked.taken)
    code = language.tests(calls, material)
    placed = asked.place(code)
    with copy.files({placed.path: placed.text}):
        result = language.run_tests(copy, material, placed.path, [call.test for call in calls], _SECONDS)
    if not result.failed or not result.built:
        reason = "that is so today" if result.passed else "the test does not compile or run"
        raise CannotRunError(reason)
    tests = [
        WordedTest(
            call.test,
            call.proposed.call,
            _words_of_today(today),
            _words_of_wish(value),
            not (value.value or value.error),
        )
        for call, (_, value, today) in zip(calls, kept, strict=True)
    ]
    before = material.example if material.added else ""
    return WordedTests(tuple(tests), code, placed, before, nearby, partial(language.observe, copy, material))


def nearby_changes(made: WordedTests, texts: Mapping[str, str]) -> NearbyChanges:
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
        before, after = _words_of_today(today), _words_of_today(then)
        if before == after:
            same += 1
        else:
            changed.append(f"`{call.call}`: {before} becomes {after}")
    return NearbyChanges(same, tuple(changed))


def _has_result(seen: CallObservation) -> bool:
    """Whether what a call comes to is known, and the same each time."""
    return seen.kind in ("value", "raised") and bool(seen.error[1] or seen.shown or seen.value)


def _call_of(asked: WordedMaterial, value: WordedValue) -> list[ProposedCall]:
    """The call as the language reads it, with its imports; nothing if it is none of the code."""
    ways = [value.call]
    if asked.material.subject.path.endswith((".go", ".rs")):  # there, single quotes are around one character
        ways = [re.sub(r"'((?:[^'\"\\]{2,})?)'", r'"\1"', value.call)]
        ways.append(re.sub(r"'([^'\"\\]*)'", r'"\1"', value.call))
    found = (asked.language.in_answer(asked.material, f"{call}\n")[:1] for call in ways)
    return next((calls for calls in found if calls), [])


def _misfit(wanted: WordedValue, today: CallObservation) -> str:
    """How what the code does today differs from what the words say of it, "" if it does not."""
    raised = today.error[1].rpartition(".")[2] or ("panic" if today.kind == "raised" else "")
    if today.kind == "left" and not raised:
        return f"`{wanted.call}` cannot be run here ({today.reason})"
    said = wanted.raises
    fits = not said or (bool(raised) and said.rpartition(".")[2] in (ANY_ERROR, raised))
    if wanted.today:
        fits = fits and today.kind == "value" and is_same(wanted.today, today.shown or today.value)
    if fits:
        return ""
    claimed = wanted.today or ("an exception" if said == ANY_ERROR else said)
    return f"`{wanted.call}` gives {_words_of_today(today)} today, not {claimed}"


def is_same(said: str, seen: str) -> bool:
    """Whether two literals mean the same, also of two languages.

    >>> is_same("1", "1.0"), is_same("'a'", '"a"'), is_same("nothing", "null"), is_same("1", "2")
    (True, True, True, False)
    """
    if said.lower() in _NOTHING and seen.lower() in _NOTHING:
        return True
    try:
        return bool(ast.literal_eval(said) == ast.literal_eval(seen))
    except (ValueError, SyntaxError, TypeError):
        plain = [re.sub(r"\s+", "", text).replace('"', "'") for text in (said, seen)]
        return plain[0] == plain[1] or plain[0].lower() == plain[1].lower() in ("true", "false")


def _words_of_today(today: CallObservation) -> str:
    return today.error[1] or today.shown or today.value or "another object"


def _words_of_wish(value: WordedValue) -> str:
    if value.value or value.error:
        return value.value or value.error
    return "no exception" if value.raises == ANY_ERROR else f"no {value.raises}"


def failing_words(test: WordedTest) -> str:
    """What a user reads about a test before it judges an edit.

    >>> failing_words(WordedTest("test_f", "f(3)", "5", "4"))
    'A test that fails today, from your words: `f(3)` (today: 5, wanted: 4). It judges the fix.'
    """
    values = f"today: {test.today}, wanted: {test.wanted}"
    return f"A test that fails today, from your words: `{test.call}` ({values}). It judges the fix."


def passing_words(made: WordedTests) -> str:
    """What a proof says of tests that an edit lets pass."""
    said = ", ".join(f"`{test.call}` gives {test.wanted} (before: {test.today})" for test in made.tests)
    return f"the {'test' if len(made.tests) == 1 else 'tests'} from your words: {said}"
