"""Of recorded calls few become tests: those that notice most, the natural ones first."""

from assist_runner.characterization_tests.calls import (
    CallObservation,
    CallOrigin,
    ProposedCall,
    RecordedCall,
    ValueCheck,
)
from assist_runner.characterization_tests.choosing import KnownTests, Mutant, chosen_calls, with_few_checks


def call(text: str, origin: CallOrigin, *lines: int, checks: tuple[ValueCheck, ...] = ()) -> RecordedCall:
    seen = CallObservation("value", text, lines=frozenset(lines), checks=checks)
    return RecordedCall(ProposedCall(text, origin=origin), seen)


def noticed_by(*numbers: int) -> Mutant:
    return Mutant("", {number: CallObservation("value", "other") for number in numbers})


def test_few_calls_notice_as_much_as_all() -> None:
    calls = [
        call("f(1)", "caller", 1, 2),
        call("f(2)", "syntax", 1, 2),
        call("f(0)", "syntax", 1, 3),
        call("f(3)", "syntax", 1, 2),
    ]
    planted = [noticed_by(0, 1), noticed_by(2), noticed_by(2, 3)]
    chosen = [row.proposed.call for row in chosen_calls(calls, frozenset({2, 3}), planted, KnownTests())]
    assert chosen[:2] == ["f(1)", "f(0)"]


def test_what_existing_tests_have_is_not_tested_again() -> None:
    calls = [call("f(1)", "caller", 1, 2), call("f(2)", "syntax", 1, 2), call("f(0)", "syntax", 1, 3)]
    planted = [noticed_by(0, 1), noticed_by(1)]
    known = KnownTests(frozenset({1, 2}), frozenset({0}))
    chosen = [row.proposed.call for row in chosen_calls(calls, frozenset({2, 3}), planted, known)]
    assert chosen == ["f(2)", "f(0)"]
    assert chosen_calls(calls[:1], frozenset({2}), planted, known) == []


def test_that_a_call_only_ends_with_an_error_is_no_reason() -> None:
    crash = Mutant("", {0: CallObservation("left", reason="misuse")})
    known = KnownTests(frozenset({1}))
    assert chosen_calls([call("f(1)", "syntax", 1)], frozenset({1}), [crash], known) == []


def test_an_example_of_the_docstring_is_kept_though_a_guess_notices_more() -> None:
    calls = [call("f(1)", "example", 1), call("f(2)", "syntax", 1)]
    chosen = chosen_calls(calls, frozenset(), [noticed_by(0, 1), noticed_by(1)], KnownTests())
    assert [row.proposed.call for row in chosen] == ["f(1)", "f(2)"]


def test_an_attribute_that_a_mistake_takes_away_is_checked() -> None:
    names = ("a", "b", "c", "d", "e", "state")
    checks = tuple(ValueCheck(f".{name}", "0") for name in names)
    mistake = Mutant("", {0: CallObservation("value", checks=checks[:-1])})
    (kept,) = with_few_checks([call("f()", "caller", 1, checks=checks)], [mistake])
    assert checks[-1] in kept.seen.checks
    assert len(kept.seen.checks) < len(checks)
