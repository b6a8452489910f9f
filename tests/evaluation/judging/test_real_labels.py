"""Thresholds fitted to half of the HumanEval tasks that the 0.5B answered, held against the other half."""

import json
import random
from pathlib import Path

from assist_escalation.routing.calibration import score
from assist_evaluation.judging.thresholds import FitTask, fit_thresholds

LABELS = Path(__file__).parents[3] / "benchmarks/results/route-labels-0.5b.json"
AFTER = {"mean_margin", "least_margin", "worst8_margin", "length_stop", "parse_broken", "edit_misfit"}
PROVIDER = 0.9  # of its answers are right; the labels have none, so they are drawn


def real_tasks(rng: random.Random) -> list[tuple[str, FitTask]]:
    """Each task with its problem: tasks of one problem depend on each other."""
    found = json.loads(LABELS.read_text())
    columns = found["columns"]
    tasks = []
    for row in found["rows"]:
        cells = dict(zip(columns, row, strict=True))
        known = columns[columns.index("tokens") + 1 :]
        features = {name: float(cells[name]) for name in known if name not in AFTER}
        command = next(each for each in ("fix", "refactor", "test", "explain", "ask") if features[each])
        theirs = rng.random() < PROVIDER
        task = FitTask(cells["id"], command, score(features), bool(cells["good"]), theirs, 4_000)
        tasks.append((cells["group"], task))
    return tasks


def test_what_half_of_the_problems_predict_holds_on_the_other_half() -> None:
    held = {"escalated": 0, "right": 0}
    splits = 60
    for seed in range(splits):
        rng = random.Random(seed)
        tasks = real_tasks(rng)
        groups = sorted({group for group, _ in tasks})
        rng.shuffle(groups)
        half = set(groups[: len(groups) // 2])
        known = [task for group, task in tasks if group in half]
        others = [task for group, task in tasks if group not in half]
        found = fit_thresholds(known)
        assert found.chosen is not None
        limit = found.recommended["default"]
        leaves = [each.score < limit for each in others]
        escalated = sum(leaves) / len(others)
        right = sum(
            bool(each.provider) if leaving else each.local
            for each, leaving in zip(others, leaves, strict=True)
        ) / len(others)
        held["escalated"] += found.chosen.escalated_low <= escalated <= found.chosen.escalated_high
        held["right"] += found.chosen.right_low <= right <= found.chosen.right_high
    assert min(held.values()) >= 0.85 * splits, held
