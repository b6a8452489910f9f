"""Whether the ghost text of two models can be told apart by what is kept of it."""

import random
from collections import Counter

import pytest

from assist_evaluation.usage.model_comparison import (
    KEPT,
    OFFERED,
    SHOWN,
    compare_models,
    newcombe,
    with_offered,
)


# Newcombe, Statistics in Medicine 17 (1998), table II, method 10: contrasts (a) to (h).
@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ((56, 70, 48, 80), (0.0524, 0.3339)),
        ((9, 10, 3, 10), (0.1705, 0.8090)),
        ((6, 7, 2, 7), (0.0582, 0.8062)),
        ((5, 56, 0, 29), (-0.0381, 0.1926)),
        ((0, 10, 0, 20), (-0.1611, 0.2775)),
        ((0, 10, 0, 10), (-0.2775, 0.2775)),
        ((10, 10, 0, 20), (0.6791, 1.0)),
        ((10, 10, 0, 10), (0.6075, 1.0)),
    ],
)
def test_the_interval_agrees_with_published_values(
    counts: tuple[int, int, int, int], expected: tuple[float, float]
) -> None:
    assert newcombe(*counts) == pytest.approx(expected, abs=6e-5)


@pytest.mark.parametrize(
    ("ours", "theirs", "verdict"),
    [
        ((20, 400), (60, 400), "worse"),
        ((60, 400), (20, 400), "better"),
        ((40, 400), (44, 400), "cannot be told apart"),
        ((0, 49), (400, 400), "cannot be told apart"),  # too few of one
        ((0, 50), (400, 400), "worse"),
        ((400, 400), (0, 49), "cannot be told apart"),
        ((0, 0), (0, 0), "cannot be told apart"),
    ],
)
def test_a_verdict_needs_enough_suggestions_and_a_difference_beyond_chance(
    ours: tuple[int, int], theirs: tuple[int, int], verdict: str
) -> None:
    found = compare_models(_counts(*ours), _counts(*theirs))
    assert found.verdict == verdict
    assert (found.more == 0) is (verdict != "cannot be told apart")
    assert found.low <= found.difference <= found.high


def test_as_many_more_as_it_says_are_needed_and_no_fewer() -> None:
    found = compare_models(_counts(120, 2_400), _counts(600, 10_000))
    assert found.more is not None
    for share, verdict in ((0.9, "cannot be told apart"), (1.1, "worse")):
        times = 1 + share * found.more / 12_400
        ours = _counts(round(120 * times), round(2_400 * times))
        theirs = _counts(round(600 * times), round(10_000 * times))
        assert compare_models(ours, theirs).verdict == verdict


@pytest.mark.parametrize(("ours", "theirs"), [((0, 0), (9, 90)), ((9, 90), (9, 90)), ((0, 60), (0, 90))])
def test_without_a_difference_it_cannot_say_how_many_more(
    ours: tuple[int, int], theirs: tuple[int, int]
) -> None:
    assert compare_models(_counts(*ours), _counts(*theirs)).more is None


def test_each_text_counts_once_however_often_it_was_shown() -> None:
    typed = {KEPT: 40, SHOWN: 4_000, OFFERED: 400}
    found = compare_models(typed, {KEPT: 40, SHOWN: 400, OFFERED: 400})
    assert (found.ours.share, found.verdict) == (0.1, "cannot be told apart")


def test_a_row_without_texts_that_count_once_has_what_was_shown() -> None:
    old = _counts(4, 40)
    assert compare_models(old, {}).ours.shown == 40
    new = {KEPT: 4, SHOWN: 90, OFFERED: 30}
    both = sum((Counter(with_offered(each)) for each in (old, new)), Counter())
    assert compare_models(both, {}).ours.shown == 70
    assert with_offered({"accepted": 1}) == {"accepted": 1}


def test_of_equal_models_few_are_called_worse() -> None:
    draw = random.Random(7)

    def kept(shown: int) -> int:
        return sum(draw.random() < 0.1 for _ in range(shown))

    verdicts = [compare_models(_counts(kept(100), 100), _counts(kept(900), 900)).verdict for _ in range(300)]
    assert verdicts.count("worse") <= 0.05 * len(verdicts)


def test_more_kept_than_shown_counts_as_all() -> None:
    assert compare_models(_counts(9, 3), _counts(1, 3)).ours.share == 1


def _counts(kept: int, shown: int) -> dict[str, int]:
    return {KEPT: kept, SHOWN: shown}
