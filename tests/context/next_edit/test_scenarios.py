"""Scenarios of next edit, and which of them come out right: a golden table, so that any change is seen.

`pytest --inline-snapshot=fix` writes what is different into it.
"""

from collections import Counter

import pytest
from inline_snapshot import snapshot
from scenario import Scenario, applied, load, made, outcome, play

from assist_context.documents import Cursor
from assist_context.next_edit.offer import Change

SCENARIOS = load()
# What does not come out right, and how: the rest of the table is `right` or `quiet`.
WRONG: dict[str, str] = snapshot(
    {
        "quiet_names: a class of a style sheet, and an element of the same name": "shown: repeat button -> action",
        "quiet_undo: an edit is undone and made once more elsewhere": "shown: repeat stop -> halt",
        "repeat_calls: unwrap is added to calls": "found, not shown",
        "quiet_typing: a line is added in a function": "shown: repeat -> house.measure()",
        "quiet_typing: one line is deleted": "shown: repeat order.notify() ->",
        "repeat_calls: a keyword argument is added to calls": "found, not shown",
        "repeat_calls: an assertion's method becomes a statement": "found, not shown",
        "repeat_calls: an assertion of one value becomes a statement": "found, not shown",
        "repeat_calls: await is added to calls": "missed",
        "repeat_calls: printing becomes logging": "found, not shown",
        "repeat_calls: print statements get brackets": "missed",
        "repeat_calls: a method's call becomes an operator": "missed",
        "repeat_calls: texts are wrapped for translation": "missed",
        "repeat_calls: two arguments change places": "missed",
        "repeat_calls: old formatting becomes an f-string": "missed",
        "repeat_declarations: null pointers get their own word": "found, not shown",
        "repeat_declarations: tests in shell get double brackets": "missed",
        "repeat_declarations: a decorator's line above each handler comes": "found, not shown",
        "repeat_declarations: the same in another file of the session": "found, not shown",
    }
)


@pytest.fixture(scope="module")
def outcomes() -> dict[str, str]:
    return {str(each): outcome(each) for each in SCENARIOS}


def right(scenarios: list[Scenario], outcomes: dict[str, str]) -> float:
    return sum(outcomes[str(each)] in ("right", "quiet") for each in scenarios) / len(scenarios)


def test_half_of_the_scenarios_are_quiet() -> None:
    assert len({str(each) for each in SCENARIOS}) == len(SCENARIOS) >= 120
    assert sum(each.quiet for each in SCENARIOS) >= 60
    assert all(each.quiet != bool(each.shows) for each in SCENARIOS)


def rates(outcomes: dict[str, str]) -> dict[str, float]:
    quiet = right([each for each in SCENARIOS if each.quiet], outcomes)
    shows = right([each for each in SCENARIOS if not each.quiet], outcomes)
    mean = 2 * quiet * shows / (quiet + shows)
    return {"quiet": round(quiet, 3), "shows": round(shows, 3), "harmonic mean": round(mean, 3)}


def test_silence_is_kept_and_offers_are_right_often_enough(outcomes: dict[str, str]) -> None:
    found = rates(outcomes)
    assert found["quiet"] >= 0.95
    assert found["shows"] >= 0.80


def test_the_rates_are_these(outcomes: dict[str, str]) -> None:
    assert rates(outcomes) == snapshot({"quiet": 0.959, "shows": 0.851, "harmonic mean": 0.902})


def test_exactly_these_do_not_come_out_right(outcomes: dict[str, str]) -> None:
    wrong = {name: what for name, what in outcomes.items() if what not in ("right", "quiet")}
    assert wrong == WRONG


def test_each_subject(outcomes: dict[str, str]) -> None:
    total = Counter(each.subject for each in SCENARIOS)
    good = Counter(each.subject for each in SCENARIOS if outcomes[str(each)] in ("right", "quiet"))
    assert {subject: f"{good[subject]} of {total[subject]}" for subject in total} == snapshot(
        {
            "php": "9 of 9",
            "quiet_bulk": "14 of 14",
            "quiet_names": "23 of 24",
            "quiet_prose": "13 of 13",
            "quiet_typing": "32 of 34",
            "quiet_undo": "10 of 11",
            "rename": "35 of 35",
            "repeat_calls": "14 of 25",
            "repeat_declarations": "24 of 28",
            "reports": "5 of 5",
        }
    )


@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_what_a_scenario_expects_can_be_made(scenario: Scenario) -> None:
    """Each expected change has one place in the text after the edits, and changes something there."""
    session = play(scenario)
    for each in scenario.shows:
        text = session.texts[each.get("file", scenario.path)]
        assert made(text, [each], scenario.newline) != text


def test_a_change_outside_of_a_text_and_changes_that_overlap_are_errors() -> None:
    assert applied("ab\ncd", [Change("", Cursor(0, 1), Cursor(1, 1), "-")]) == "a-d"
    for changes in (
        [Change("", Cursor(0, 3), Cursor(0, 3), "")],
        [Change("", Cursor(2, 0), Cursor(2, 0), "")],
        [Change("", Cursor(0, 2), Cursor(0, 1), "")],
        [Change("", Cursor(0, 0), Cursor(0, 2), ""), Change("", Cursor(0, 1), Cursor(1, 1), "")],
    ):
        with pytest.raises(IndexError):
            applied("ab\ncd", changes)
