"""Calibrations are right for new data, and keep the order of scores."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rounds import rounds

from assist_escalation.errors import EscalationError
from assist_escalation.routing.calibration import NONE, read
from assist_evaluation.judging.calibration_fit import (
    ISOTONIC_FROM,
    LEAST,
    Label,
    expected_error,
    fit,
    patch,
    reliability,
)


def made(count: int, seed: int = 1) -> list[Label]:
    """Answers of a router that is too confident: the true share is the square of its score."""
    rng = random.Random(seed)
    scores = [rng.random() for _ in range(count)]
    return [Label(score, rng.random() < score**2) for score in scores]


@pytest.mark.parametrize(
    ("count", "method"),
    [(100, "platt"), (ISOTONIC_FROM - 1, "platt"), (ISOTONIC_FROM, "isotonic"), (2000, "isotonic")],
)
def test_the_method_goes_by_the_number_of_labels_and_makes_scores_honest(count: int, method: str) -> None:
    found, fresh = fit(made(count)), made(4000, seed=2)
    assert (found.method, found.labels) == (method, count)
    raw, calibrated = (expected_error(reliability(fresh, each)) for each in (NONE, found))
    assert raw > 0.15
    assert calibrated < 0.5 * raw


@settings(max_examples=rounds(200))
@given(
    st.lists(
        st.tuples(
            st.sampled_from([0.0, 1e-9, 1e-5, 0.3, 0.30000001, 0.5, 0.99999, 1.0]) | st.floats(0, 1),
            st.booleans(),
        ),
        min_size=LEAST,
        max_size=60,
    ),
    st.sampled_from([1, ISOTONIC_FROM // LEAST]),  # enough for each method
)
def test_any_labels_make_a_rising_line_that_survives_the_file(
    rows: list[tuple[float, bool]], times: int
) -> None:
    found = fit([Label(*row) for row in rows] * times)
    assert read(patch(found)) == found
    shares = [found.apply(step / 200) for step in range(201)]
    assert shares == sorted(shares)
    assert 0 <= shares[0] < shares[-1] <= 1


def test_isotonic_is_the_step_function_of_pooled_neighbours() -> None:
    rows = [(0.1, 0), (0.2, 1), (0.3, 0), (0.9, 1)] * 100
    found = fit([Label(score, bool(good)) for score, good in rows])
    # 0.2 and 0.3 are in the wrong order, so both get their mean.
    assert [point[1] for point in found.points] == pytest.approx([0.0, 0.002, 0.495, 0.998, 1.0], abs=1e-6)
    assert [point[0] for point in found.points] == [0.0, 0.1, 0.25, 0.9, 1.0]


def test_too_few_labels_are_refused_with_what_makes_more() -> None:
    with pytest.raises(EscalationError, match=f"{LEAST - 1} .*too few.*{LEAST}"):
        fit(made(LEAST - 1))


def test_all_good_does_not_make_anything_certain() -> None:
    found = fit([Label(0.5, True)] * 30)
    assert 0.8 < found.apply(0.5) < 0.99


def test_reliability_shows_each_bin() -> None:
    labels = [Label(0.05, False), Label(0.05, True), Label(1.0, True)]
    low, high = reliability(labels)
    assert (low.low, low.high, low.count, low.predicted, low.observed) == (0.0, 0.1, 2, 0.05, 0.5)
    assert (high.low, high.count, high.predicted, high.observed) == (0.9, 1, 1.0, 1.0)
    assert expected_error((low, high)) == pytest.approx((2 * 0.45 + 0) / 3)
    assert expected_error(()) == 0.0


def test_a_score_that_says_nothing_gets_a_flat_calibration() -> None:
    """Newton's method swings between two slopes here if it takes whole steps."""
    for seed in range(20):
        rng = random.Random(seed)
        found = fit([Label(rng.random(), rng.random() < 0.5) for _ in range(200)])
        assert found.apply(0.9) - found.apply(0.1) < 0.35, seed
        assert abs(found.apply(0.5) - 0.5) < 0.12, seed
