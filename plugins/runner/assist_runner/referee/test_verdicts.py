"""What tests say of an edit: two runs before it, and one after it.

A test that differs in the two runs is flaky, and proves nothing. It runs nothing.
"""

from dataclasses import dataclass

from assist_runner.computed_fixes.failures import FailedTest
from assist_runner.referee.test_results import ALL, TestResults

NAMED = 3  # tests that a sentence names


@dataclass(frozen=True, slots=True)
class TestBaseline:
    """The tests that pass before the edit in both runs, those that fail in both, and the flaky ones."""

    __test__ = False  # pytest takes any class with this beginning for a test

    passing: frozenset[str]
    failing: frozenset[str]
    flaky: frozenset[str]
    said: tuple[str, ...] = ()
    failures: tuple[FailedTest, ...] = ()


@dataclass(frozen=True, slots=True)
class TestVerdict:
    """What tests say of an edit. `broken` passed before, `fixed` and `left` failed before.

    `said` are lines of what the tests print of it.
    """

    __test__ = False  # pytest takes any class with this beginning for a test

    before: int
    broken: frozenset[str] = frozenset()
    fixed: frozenset[str] = frozenset()
    left: frozenset[str] = frozenset()
    said: tuple[str, ...] = ()

    @property
    def harmless(self) -> bool:
        """Whether all tests that passed before pass."""
        return not self.broken

    @property
    def proves(self) -> bool:
        """Whether what failed before passes now, all of it, and nothing is broken."""
        return bool(self.fixed) and not self.broken and not self.left

    @property
    def rank(self) -> tuple[int, int]:
        """How good an edit is, next to others: what it breaks counts first."""
        return (-len(self.broken), len(self.fixed))


def baseline_of(first: TestResults, second: TestResults) -> TestBaseline:
    """What is known of the tests before an edit."""
    passing = first.passed & second.passed
    failing = first.failed & second.failed
    every = first.passed | second.passed | first.failed | second.failed
    flaky = every - passing - failing
    if not failing:
        return TestBaseline(passing, failing, flaky)
    return TestBaseline(passing, failing, flaky, second.said, second.failures)


def verdict_of(before: TestBaseline, after: TestResults) -> TestVerdict:
    """What the tests say of an edit. A test that no longer runs is broken, and one that is new says nothing.

    Where the runs before named their tests, one after it that names none has broken all.
    """
    broken = before.passing - after.passed
    fixed = before.failing & after.passed
    wrong = broken or before.failing - fixed
    return TestVerdict(
        len(before.passing), broken, fixed, before.failing - fixed, after.said if wrong else ()
    )


def verdict_words(verdict: TestVerdict) -> str:
    """The verdict in a sentence without an end.

    >>> verdict_words(TestVerdict(14, fixed=frozenset({"a"})))
    'tests pass: 14 before, 15 now'
    >>> verdict_words(TestVerdict(14, left=frozenset({"t.py::a"})))
    'tests fail as before: t.py::a'
    >>> verdict_words(TestVerdict(2, broken=frozenset({"t.py::b", "t.py::c"})))
    'it breaks tests: t.py::b, t.py::c'
    """
    whole = ALL in verdict.broken | verdict.fixed | verdict.left
    if verdict.broken:
        return "the tests fail with it" if whole else f"it breaks tests: {_names(verdict.broken)}"
    if verdict.left and verdict.fixed:
        some = f"{len(verdict.fixed)} of {len(verdict.fixed) + len(verdict.left)} failing tests pass"
        return f"{some}, others fail as before: {_names(verdict.left)}"
    if verdict.left:
        return "the tests fail as before" if whole else f"tests fail as before: {_names(verdict.left)}"
    if whole and verdict.fixed:
        return "the tests pass; they failed before"
    now = verdict.before + len(verdict.fixed)
    return f"tests pass: {verdict.before} before, {now} now"


def _names(tests: frozenset[str]) -> str:
    named = sorted(tests)
    more = f" and {len(named) - NAMED} more" if len(named) > NAMED else ""
    return ", ".join(named[:NAMED]) + more
