"""What an edit is worth by what tests and a type checker say of it: its proof, in a word and in a sentence.

A fix is proven by tests that failed before it and pass with it, a refactoring by tests that pass before it
and with it. It runs nothing.
"""

from dataclasses import dataclass

from assist_runner.characterization_tests.expected_tests import NearbyChanges
from assist_runner.referee.test_verdicts import TestVerdict, verdict_words
from assist_server.proof import Proof

NO_TEST = "no test covers it"
SHOWN = 3  # calls that an edit changes too


@dataclass(frozen=True, slots=True)
class EditVerdict:
    """What tests and the type checker say of an edit; None where none was asked. `types` are new errors.

    `own_tests` are tests that the edit itself changes, and what sets them up. `unnoticed` are functions that
    it changes and that could do nothing at all: the tests would pass. `nearby` is what it changes of
    calls like the user's.
    """

    tests: TestVerdict | None = None
    types: tuple[str, ...] | None = None
    own_tests: tuple[str, ...] = ()
    unnoticed: tuple[str, ...] = ()
    nearby: NearbyChanges | None = None

    @property
    def changes_all(self) -> bool:
        """Whether it changes all calls like the user's: then that one value is right says little."""
        return self.nearby is not None and self.nearby.is_all


def is_accepted(verdict: EditVerdict, command: str) -> bool:
    """Whether nothing speaks against an edit; a fix also has to pass what failed before."""
    tests = verdict.tests
    if verdict.types:
        return False
    return tests is None or (tests.harmless and (command != "fix" or not tests.left))


def rank_of(verdict: EditVerdict) -> tuple[bool, tuple[int, int], bool]:
    """How good an edit is, next to other ones."""
    sound = not verdict.types and not verdict.own_tests
    return sound, verdict.tests.rank if verdict.tests else (0, 0), not verdict.changes_all


def proof_of(verdict: EditVerdict, command: str, checker: str, problem: str = "") -> Proof:
    """The proof of an edit. `checker` is the name of what checked its types, `problem` why no tests ran.

    >>> proof_of(EditVerdict(TestVerdict(14, fixed=frozenset({"a"}))), "fix", "").words
    'tests pass: 14 before, 15 now'
    >>> proof_of(EditVerdict(TestVerdict(14)), "fix", "").words
    'no test covers it (tests pass: 14 before, 14 now)'
    >>> proof_of(EditVerdict(None, ()), "fix", "mypy", "no test covers it").words
    'mypy has no new error, and no test covers it'
    >>> proof_of(EditVerdict(TestVerdict(14), unnoticed=("total",)), "refactor", "").words
    'tests pass: 14 before, 14 now, and also if `total` does nothing'
    """
    tests = verdict.tests
    if verdict.types:
        return Proof("none", f"{checker} has a new error: {verdict.types[0]}", refuted=True)
    if tests is not None:
        words = verdict_words(tests)
        if what := _weakness(verdict, words):
            return Proof("none", what, refuted=not is_accepted(verdict, command))
        if not is_accepted(verdict, command):
            return Proof("none", words, refuted=True)
        if tests.fixed or (command == "refactor" and tests.before):
            return Proof("tests", words + _also_changed(verdict))
        problem = f"{NO_TEST} ({words})"
    if verdict.types is not None:
        return Proof("types", f"{checker} has no new error" + (f", and {problem}" if problem else ""))
    return Proof("none", problem or NO_TEST)


def _also_changed(verdict: EditVerdict) -> str:
    """The calls that come to something else too, for the user to judge; "" if none is known."""
    changed = verdict.nearby.changed if verdict.nearby is not None else ()
    more = f" and {len(changed) - SHOWN} more" if len(changed) > SHOWN else ""
    what = "it changes all similar calls" if verdict.changes_all else "it also changes"
    return f"; {what}{':' * verdict.changes_all} {', '.join(changed[:SHOWN])}{more}" if changed else ""


def _weakness(verdict: EditVerdict, words: str) -> str:
    """Why tests that pass prove nothing, "" if they do."""
    if verdict.own_tests:
        return f"it changes tests that judge it ({words})"
    if verdict.unnoticed:
        names = ", ".join(f"`{name}`" for name in verdict.unnoticed)
        return f"{words}, and also if {names} {'does' if len(verdict.unnoticed) == 1 else 'do'} nothing"
    return ""
