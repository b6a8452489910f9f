"""When the measured speed of a model is believed, and when it is measured again."""

from dataclasses import replace

import pytest

from assist_completion.inference.speed_probe import AGAIN, TRIES, Speed, best_of, budget_for, needs_probe
from assist_completion.settings import CompletionSettings

NOW = 1e9
HASTY = Speed(90, 20, 1, 32_768, quiet=False, tried=NOW)


@pytest.mark.parametrize(
    ("speed", "later", "busy", "again"),
    [
        (replace(HASTY, quiet=True, tried=0.0), AGAIN, False, False),
        (HASTY, AGAIN / 2, False, False),  # not at every command
        (HASTY, AGAIN + 1, False, True),
        (HASTY, AGAIN + 1, True, False),
        (replace(HASTY, tries=TRIES), 10 * AGAIN, False, False),  # it never is quiet here
        (replace(HASTY, tried=0.0), 1, False, True),  # measured by an earlier version
    ],
)
def test_a_measurement_is_repeated_rarely_and_not_for_ever(
    speed: Speed, later: float, busy: bool, again: bool
) -> None:
    assert needs_probe(speed, NOW + later, busy=busy) is again


def test_the_best_of_several_measurements_counts_unless_one_was_quiet() -> None:
    faster, slower = replace(HASTY, prefill=120.0), replace(HASTY, prefill=60.0)
    assert best_of(None, HASTY, NOW + 5) == replace(HASTY, tried=NOW + 5)
    assert best_of(HASTY, faster, NOW + 5) == replace(faster, tries=2, tried=NOW + 5)
    assert best_of(HASTY, slower, NOW + 5) == replace(HASTY, tries=2, tried=NOW + 5)
    assert best_of(HASTY, replace(slower, quiet=True), NOW).prefill == 60.0


@pytest.mark.parametrize(("prefill", "read"), [(40, 190), (155, 190), (400, 300), (1000, 750)])
def test_a_new_place_is_read_within_a_time_but_never_too_little_of_it(prefill: float, read: int) -> None:
    budget = budget_for(Speed(prefill, 20.0, 1, 32768), CompletionSettings())
    assert budget.small.head + budget.small.suffix == read
    assert budget.small.suffix == read // 5


def test_the_tokens_that_the_settings_ask_for_are_read_at_a_new_place_too() -> None:
    for prefill in (40, 1000):
        budget = budget_for(Speed(prefill, 20.0, 1, 32768), CompletionSettings(context_tokens=800))
        for extent in (budget.small, budget.full):
            assert extent.head + extent.suffix == 800
