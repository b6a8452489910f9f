"""What a report tells a lead to do, and which of its tables and charts say something."""

import random
import re

from assist_evaluation.judging.results import ResultRow
from assist_evaluation.judging.summary import RunSummary, summarize
from assist_evaluation.report.advice import advice
from assist_evaluation.report.facts import page, ranking_rows
from assist_evaluation.tasks import TaskKind

SMALL, LARGE = "local:small", "local:large"
RUN = {
    "repository": "shop",
    "commit": "c" * 40,
    "date": "2026-01-31",
    "tasks": 9,
    "seed": 1,
    "minutes": 5,
    "complete": True,
    "version": "0.1.0",
    "machine": "2 cores",
    "versions": {},
    "problems": [],
    "left_out": {},
}


def rows_of(
    candidate: str, chance: float, tasks: int, ms: float = 500.0, kind: TaskKind = "lines"
) -> list[ResultRow]:
    """Rows of a candidate that is right with this chance; the same tasks for every candidate."""
    draw = random.Random(candidate)
    return [
        ResultRow(
            f"{kind}{number}", kind, "python", "", "", candidate, f"f{number}", score, {"exact": score}, {},
            ms, 100, 10, 0, 0.7, answered=True, disturbed=False,
        )
        for number in range(tasks)
        for score in [float(draw.random() < chance)]
    ]  # fmt: skip


def summary(*rows: list[ResultRow]) -> RunSummary:
    labels = [own[0].candidate for own in rows]
    return summarize([row for own in rows for row in own], labels, {})


def test_a_model_that_is_better_than_all_others_is_recommended_with_its_command() -> None:
    found = summary(rows_of(SMALL, 0.2, 80), rows_of(LARGE, 0.9, 80, 1_400.0))
    assert advice(found)[0] == (
        "For ghost text: take local:large (1,400 ms at the median, `assist models use large`). It is "
        "better here than all others that were asked."
    )


def test_of_models_that_cannot_be_told_apart_the_fastest_is_and_how_to_tell_them() -> None:
    off = "local:large,context=off"
    found = summary(rows_of(SMALL, 0.45, 15), rows_of(LARGE, 0.6, 15, 1_400.0), rows_of(off, 0.9, 15, 9.0))
    choice, more, threshold = advice(found)
    assert (
        "15 lines are too few to tell local:large and local:small apart. The fastest is local:small (500 ms"
        in choice
    )
    assert off not in choice
    told = re.search(r"About (\d+) lines would tell .*--count (\d+) --minutes (\d+) -c local:\w+ -c", more)
    assert told is not None
    assert int(told[1]) == int(told[2]) > 15
    assert int(told[3]) >= int(told[1]) * 1.9 * 1.5 / 60
    assert (
        threshold
        == "For the threshold below which a provider is asked: keep it, since no provider was asked here."
    )


def test_what_a_run_cannot_say_is_said() -> None:
    only = advice(summary(rows_of(SMALL, 0.5, 30)))
    assert only[0].startswith("For ghost text: only local:small was asked.")
    edits = [rows_of(name, 0.5, 30, kind="edits") for name in ("local:small,as=answers", "provider:acme")]
    none, fits = advice(summary(*edits))
    assert none == "For ghost text: nothing, since no model was asked to write it."
    assert "`assist eval fit`" in fits
    few = advice(summary(rows_of("provider:acme", 0.5, 3, kind="edits")))
    assert few[1].endswith("keep it, since 3 answers of a provider are too few.")


def test_the_ranking_shows_no_share_that_looks_like_a_winner() -> None:
    found = summary(rows_of(SMALL, 0.4, 10), rows_of(LARGE, 0.6, 10))
    assert [len(row) for row in ranking_rows(found)] == [3, 3]
    assert all(re.fullmatch(r"\d+% to \d+%", row[1]) for row in ranking_rows(found))
    text = page(RUN, found)
    assert (
        text.index("For ghost text")
        < text.index("No two candidates can be told apart")
        < text.index("Common ranking")
    )


def test_confidence_is_drawn_only_for_enough_lines() -> None:
    few = page(RUN, summary(rows_of(SMALL, 0.5, 12), rows_of(LARGE, 0.5, 12)))
    many = page(RUN, summary(rows_of(SMALL, 0.5, 120), rows_of(LARGE, 0.5, 120)))
    assert "How far confidence can be trusted" not in few
    assert "How far confidence can be trusted" in many


def test_quality_and_cost_are_two_tables_that_fit_a_page() -> None:
    text = page(RUN, summary(rows_of(SMALL, 0.5, 12), rows_of(LARGE, 0.5, 12)))
    heads = re.findall(r"<thead><tr>(.*?)</tr></thead>", text, re.DOTALL)
    assert max(head.count("<th") for head in heads) <= 9
    assert "Lines: time and cost of a task" in text
