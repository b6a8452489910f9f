"""The bootstrap and the permutation test on known cases; strengths from comparisons: order, ties, chains, intervals."""

import random

import pytest

from assist_evaluation.statistics import Comparison, paired_bootstrap, rank, sign_flip, tasks_needed


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


def test_the_chance_to_win_is_what_the_model_says() -> None:
    """Of strengths 4, 2 and 1 the first wins two of three against the second, and four of five against the third."""
    rng = random.Random(3)
    strength = {"a": 4.0, "b": 2.0, "c": 1.0}
    found = []
    for task in range(3000):
        one, other = rng.sample(sorted(strength), 2)
        won = rng.random() < strength[one] / (strength[one] + strength[other])
        found.append(Comparison(task, one, other, float(won)))
    ranked = {each.candidate: each.share for each in rank(found)}
    odds = {name: share / (1 - share) for name, share in ranked.items()}
    assert odds["a"] / odds["b"] == pytest.approx(2.0, rel=0.15)
    assert odds["b"] / odds["c"] == pytest.approx(2.0, rel=0.15)


def test_candidates_that_never_met_are_ranked_through_a_third() -> None:
    chain = [Comparison(f"1{n}", "a", "b", float(n < 7)) for n in range(10)]
    chain += [Comparison(f"2{n}", "b", "c", float(n < 7)) for n in range(10)]
    assert [each.candidate for each in rank(chain)] == ["a", "b", "c"]


def test_ties_and_nothing_at_all() -> None:
    tied = rank([Comparison(task, "a", "b", 0.5) for task in range(9)])
    assert [each.share for each in tied] == [pytest.approx(0.5), pytest.approx(0.5)]
    assert rank([]) == ()


def test_who_always_wins_is_not_infinitely_strong_and_few_tasks_leave_it_open() -> None:
    first, second = rank([Comparison(task, "a", "b", 1.0) for task in range(3)])
    assert (first.candidate, second.candidate) == ("a", "b")
    assert 0.5 < first.share < 1
    assert first.low <= first.share <= first.high
    assert first.comparisons == 3


def test_the_permutation_test_says_how_rare_a_sum_is() -> None:
    assert sign_flip([1.0, -1.0] * 10) == pytest.approx(1.0)
    assert sign_flip([1.0] * 3) == pytest.approx(0.25, abs=0.03)  # two of eight signs
    assert sign_flip([1.0] * 12) < 0.01


def test_how_many_tasks_would_tell() -> None:
    assert tasks_needed([0.0] * 9, 0.95) == 0
    few, many = tasks_needed([1.0, 1.0, 0.0], 0.95), tasks_needed([1.0, -1.0, 1.0, -1.0, 1.0], 0.95)
    assert 0 < few < many
