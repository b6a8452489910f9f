"""When the measured speed of a model is believed, and when it is measured again."""

from dataclasses import replace

import pytest

from assist_completion.inference.speed_probe import (
    AGAIN,
    NO_DEVICE,
    TRIES,
    Speeds,
    budget_for,
    choose_best,
    needs_probe,
)
from assist_completion.inference.speed_trial import Speed
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
    assert choose_best(None, HASTY, NOW + 5) == replace(HASTY, tried=NOW + 5)
    assert choose_best(HASTY, faster, NOW + 5) == replace(faster, tries=2, tried=NOW + 5)
    assert choose_best(HASTY, slower, NOW + 5) == replace(HASTY, tries=2, tried=NOW + 5)
    assert choose_best(HASTY, replace(slower, quiet=True), NOW).prefill == 60.0


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


PROCESSOR = Speed(110, 30, 1, 32_768, sizes=(0.9, 9.0, 0.6))
CARD = replace(
    PROCESSOR, prefill=2500, decode_threads=8, sizes=(0.05, 0.4, 0.2), device="vulkan", name="a card"
)
SLOW_CARD = replace(CARD, sizes=(0.5, 5.0, 2.2))  # reads faster and writes slower, as integrated ones do


def test_figures_decide_and_not_that_a_device_is_there() -> None:
    assert Speeds(PROCESSOR, CARD).used.device == "vulkan"
    assert Speeds(PROCESSOR, CARD).used.decode_threads == 1, "the processor's, in case the device fails"
    assert Speeds(PROCESSOR, SLOW_CARD).used is PROCESSOR
    assert Speeds(PROCESSOR, SLOW_CARD, "gpu").used.device == "vulkan"
    assert Speeds(PROCESSOR).used is PROCESSOR
    assert Speeds(PROCESSOR, SLOW_CARD).words == (
        "a card reads 100 tokens in 0.5 s (processor 0.9 s), 1,000 in 5 s (processor 9 s), and writes 20 in 2.2 s "
        "(processor 0.6 s). The processor is used."
    )


def test_a_device_that_fails_is_told_of_and_one_that_is_not_there_only_to_who_asked_for_it() -> None:
    failed = replace(CARD, sizes=())
    hung, absent = replace(failed, why="vulkan took too long."), replace(failed, why=NO_DEVICE)
    for wanted in ("auto", "gpu"):
        speeds = Speeds(PROCESSOR, hung, wanted)
        assert speeds.used is PROCESSOR
        assert speeds.words == "The graphics device is not used: vulkan took too long."
    assert Speeds(PROCESSOR, absent).words == Speeds(PROCESSOR).words == ""
    assert Speeds(PROCESSOR, absent, "gpu").trouble.endswith("there is none, or no driver for it.")
    assert "`assist setup` offers support" in Speeds(PROCESSOR, None, "gpu").trouble
    assert Speeds(PROCESSOR, None, "cpu").trouble == ""
