"""The recommended threshold holds on requests that it was not chosen from."""

import random
import tomllib

import pytest

from assist_escalation.routing.calibration import Calibration
from assist_evaluation.judging.thresholds import FitTask, fit_thresholds, settings_patch
from assist_server.errors import UserError


def some_tasks(
    rng: random.Random, count: int, *, provider: float | None = 0.9, skill: float = 1.0
) -> list[FitTask]:
    """Tasks whose local answer is right with the chance that the router's score says, if `skill` is 1."""
    found = []
    for at in range(count):
        score = rng.random()
        chance = skill * score + (1 - skill) * 0.5
        theirs = None if provider is None else rng.random() < provider
        command = rng.choice(("fix", "refactor"))
        found.append(FitTask(str(at), command, score, rng.random() < chance, theirs, 3_000))
    return found


def test_share_and_accuracy_hold_on_a_held_out_half() -> None:
    """100 repositories of 160 tasks: what one half predicts holds on the other within its intervals."""
    held = {"escalated": 0, "right": 0}
    for seed in range(100):
        tasks = some_tasks(random.Random(seed), 160)
        found = fit_thresholds(tasks[:80])
        limit = found.recommended["default"]
        other = tasks[80:]
        leaves = [each.score < limit for each in other]
        escalated = sum(leaves) / len(other)
        right = sum(
            each.provider if leaving else each.local for each, leaving in zip(other, leaves, strict=True)
        )
        held["escalated"] += found.chosen.escalated_low <= escalated <= found.chosen.escalated_high
        held["right"] += found.chosen.right_low <= right / len(other) <= found.chosen.right_high
    assert min(held.values()) >= 90, held


def test_a_provider_that_is_no_better_is_not_asked() -> None:
    found = fit_thresholds(some_tasks(random.Random(1), 200, provider=0.2))
    assert found.recommended["default"] <= 0.35
    worse = [FitTask(str(n), "fix", n / 50, True, False, 3_000) for n in range(50)]
    nothing = fit_thresholds(worse)
    assert nothing.chosen is not None
    assert nothing.chosen.escalated == 0
    assert nothing.local_only == ("fix",)
    assert tomllib.loads(settings_patch(nothing)) == {
        "escalation": {"threshold": 0.0, "always_local": ["fix"]}
    }


def test_rows_rise_with_the_threshold_and_cost_follows() -> None:
    found = fit_thresholds(some_tasks(random.Random(2), 300))
    shares = [each.escalated for each in found.rows]
    dollars = [each.usd_per_100 for each in found.rows]
    assert shares == sorted(shares)
    assert dollars == sorted(dollars)
    assert dollars[-1] == pytest.approx(0.3 * shares[-1], rel=0.01)
    assert all(each.right_low <= each.right <= each.right_high for each in found.rows)


def test_without_a_provider_nothing_is_recommended() -> None:
    found = fit_thresholds(some_tasks(random.Random(3), 60, provider=None))
    assert found.assumed
    assert (found.chosen, found.recommended, settings_patch(found)) == (None, {}, "")


def test_an_equal_provider_forbids_no_command() -> None:
    for seed in range(20):
        rng = random.Random(seed)
        tasks = [
            FitTask(str(n), "fix", rng.random(), rng.random() < 0.5, rng.random() < 0.5, 10)
            for n in range(40)
        ]
        assert fit_thresholds(tasks).local_only == (), seed


def test_scores_are_read_through_the_calibration_in_force() -> None:
    tasks = [FitTask(str(n), "fix", 0.5, n % 2 == 0, True, 10) for n in range(40)]
    low = Calibration(((0.0, 0.0), (0.5, 0.1), (1.0, 1.0)))
    assert fit_thresholds(tasks, low).rows[1].escalated == 1.0  # 0.1 is below 0.2
    assert fit_thresholds(tasks).rows[1].escalated == 0.0


def test_recalibrated_scores_are_judged_by_tasks_they_were_not_fitted_to() -> None:
    tasks = some_tasks(random.Random(4), 200, skill=0.0)  # the score says nothing
    found = fit_thresholds(tasks, recalibrate=True)
    assert found.calibration.labels == 200
    assert found.calibration.apply(0.9) - found.calibration.apply(0.1) < 0.35


def test_too_few_answers_are_refused_with_what_to_run() -> None:
    with pytest.raises(UserError, match="assist eval run"):
        fit_thresholds(some_tasks(random.Random(5), 19))
