"""Intervals against published values, and the bootstrap on known cases."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assist_evaluation.ranking.significance import paired_bootstrap
from assist_server.records.proportions import wilson


@pytest.mark.parametrize(
    ("hits", "count", "expected"),
    [
        # Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I, method 3
        (81, 263, (0.2553, 0.3662)),
        (15, 148, (0.0624, 0.1605)),
        (0, 20, (0.0000, 0.1611)),
        (1, 29, (0.0061, 0.1718)),
        (0, 0, (0.0, 1.0)),
        (20, 20, (0.8389, 1.0)),
    ],
)
def test_wilson_agrees_with_published_values(hits: int, count: int, expected: tuple[float, float]) -> None:
    assert wilson(hits, count) == pytest.approx(expected, abs=6e-5)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_holds_the_share_and_stays_within_0_and_1(case: tuple[int, int]) -> None:
    low, high = wilson(*case)
    assert 0 <= low <= case[0] / case[1] + 1e-12
    assert case[0] / case[1] - 1e-12 <= high <= 1


def test_a_seed_gives_the_same_interval_again() -> None:
    ours, theirs = [0.1, 0.73, 1, 0.9, 0.4, 0.99] * 10, [0.25, 0.5, 1, 0.3, 0.61, 0.77] * 10
    first = paired_bootstrap(ours, theirs, seed=3)
    assert first == paired_bootstrap(ours, theirs, seed=3)
    assert first != paired_bootstrap(ours, theirs, seed=4)
    assert first.mean == pytest.approx(sum(ours) / 60 - sum(theirs) / 60)


def test_the_pairs_count_and_not_the_columns_alone() -> None:
    """The same two columns: in matching order the difference is certain, shuffled it is not."""
    ours, theirs = [1] * 60 + [0] * 40, [1] * 50 + [0] * 50
    tight = paired_bootstrap(ours, theirs)
    wide = paired_bootstrap(ours, random.Random(1).sample(theirs, 100))
    assert tight.mean == wide.mean == pytest.approx(0.1)
    assert tight.low > 0 > wide.low


def test_the_interval_covers_the_truth_about_19_times_in_20() -> None:
    rng = random.Random(7)
    covered = 0
    for seed in range(60):
        ours = [int(rng.random() < 0.7) for _ in range(150)]
        theirs = [int(rng.random() < 0.6) for _ in range(150)]
        found = paired_bootstrap(ours, theirs, seed=seed)
        covered += found.low <= 0.1 <= found.high
    assert 53 <= covered <= 60


def test_copies_of_a_task_in_one_group_add_no_certainty() -> None:
    ours, theirs = [1, 0, 1, 1, 0, 1, 1, 0], [0, 0, 1, 0, 1, 0, 1, 0]
    once = paired_bootstrap(ours, theirs)
    groups = [at for at in range(8) for _ in range(25)]
    copies = [[value for value in side for _ in range(25)] for side in (ours, theirs)]
    together = paired_bootstrap(copies[0], copies[1], groups)
    alone = paired_bootstrap(copies[0], copies[1])
    assert (together.low, together.high) == pytest.approx((once.low, once.high))
    assert alone.high - alone.low < (once.high - once.low) / 3


def test_values_that_make_no_pairs_are_refused() -> None:
    with pytest.raises(ValueError, match="2 and 1 values"):
        paired_bootstrap([1, 0], [1])
    with pytest.raises(ValueError, match="at least one"):
        paired_bootstrap([], [])
