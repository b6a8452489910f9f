"""A threshold in settings: a plain number that no history moves, and that others than the user can only lower."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from routing import EASY, HARD, OPEN_RULES, SURE, UNSURE, some_case

from assist_escalation.policy.permissions import OPEN, Layer, permissions
from assist_escalation.policy.settings import DEFAULT, REQUESTS, EscalationSettings, Thresholds
from assist_escalation.routing.router import after, route, set_threshold

SHARES = st.floats(0, 1)
THRESHOLDS = st.dictionaries(st.sampled_from((DEFAULT, *REQUESTS)), SHARES, max_size=4).map(Thresholds)


@given(st.integers(0, 2**32), THRESHOLDS, st.lists(THRESHOLDS, max_size=1), THRESHOLDS)
def test_no_threshold_of_a_repository_lets_more_leave(
    seed: int, repository: Thresholds, own: list[Thresholds], organisation: Thresholds
) -> None:
    ask, rules, wish, history = some_case(seed)
    mine = tuple(own)
    without = replace(rules, thresholds=(*mine, organisation), own_thresholds=mine)
    bound = replace(without, thresholds=(*without.thresholds, repository))
    for confidence in (None, SURE, UNSURE):
        free, kept = route(ask, without, wish, history), route(ask, bound, wish, history)
        if confidence is not None:
            if free.target == "frontier":  # it left at once, so a second decision adds nothing
                continue
            free = after(free, confidence, without, history)
            kept = after(kept, confidence, bound, history)
        assert not (kept.target == "frontier" and free.target != "frontier")
        assert kept.threshold <= free.threshold or kept.fixed


def test_a_set_threshold_is_the_same_whatever_came_before() -> None:
    mine = (Thresholds({DEFAULT: 0.6}),)
    rules = replace(OPEN_RULES, thresholds=mine, own_thresholds=mine)
    for history in ((), (0.05,) * 200, (0.95,) * 200, tuple(i / 200 for i in range(200))):
        found = route(HARD, rules, "auto", history)
        assert (found.threshold, found.fixed) == (0.6, True)
    moved = {route(HARD, OPEN_RULES, "auto", history).threshold for history in ((), (0.05,) * 200)}
    assert len(moved) == 2  # without one it follows the requests


def test_the_rate_stays_a_bound_next_to_a_set_threshold() -> None:
    mine = (Thresholds({DEFAULT: 1.0}),)
    rules = replace(OPEN_RULES, rate=0.15, thresholds=mine, own_thresholds=mine)
    found = route(EASY, rules, "auto", ())
    assert (found.target, found.cause, found.threshold) == ("local", "rate", 1.0)
    assert "hardest 15%" in found.why
    assert route(EASY, replace(rules, rate=1.0), "auto", ()).target == "frontier"


def test_a_decision_says_what_its_threshold_is_from() -> None:
    mine = (Thresholds({"explain": 0.01}),)
    rules = replace(OPEN_RULES, rate=1.0, thresholds=mine, own_thresholds=mine)
    here = route(EASY, rules, "auto", ())
    assert (here.target, here.cause) == ("local", "threshold")
    assert here.why.endswith("not below the threshold of 1% of the settings")
    again = after(here, UNSURE, replace(rules, thresholds=(), own_thresholds=()), ())
    assert again.target == "frontier"  # it is open to what the local answer shows
    assert route(HARD, rules, "auto", ()).fixed is False  # a fix has none


def test_a_users_threshold_takes_the_place_of_the_estimate() -> None:
    dear = replace(OPEN_RULES, rate=1.0, upper_micro=50_000)
    assert route(EASY, dear, "auto", ()).cause == "not_worth"
    everything = (Thresholds({DEFAULT: 1.0}),)
    assert route(EASY, replace(dear, thresholds=everything), "auto", ()).cause == "threshold"
    mine = replace(dear, thresholds=everything, own_thresholds=everything)
    assert route(EASY, mine, "auto", ()).target == "frontier"


@pytest.mark.parametrize(
    ("thresholds", "kinds", "expected"),
    [
        ([], ["fix"], None),
        ([{"fix": 0.5}], ["explain"], None),
        ([{"fix": 0.5, "cross_file": 0.3}], ["fix", "cross_file"], 0.3),
        ([{DEFAULT: 0.2, "fix": 0.5}], ["fix"], 0.5),
        ([{DEFAULT: 0.9}, {"fix": 0.5}], ["fix"], 0.5),
        ([{DEFAULT: 0.4}, {"fix": 0.5}], ["fix"], 0.4),
    ],
)
def test_the_lowest_of_all_settings_applies(
    thresholds: list[dict[str, float]], kinds: list[str], expected: float | None
) -> None:
    assert set_threshold([Thresholds(each) for each in thresholds], kinds) == expected


def test_only_the_users_own_replaces_the_estimate() -> None:
    said = [
        Layer(author, author, replace(OPEN, threshold=Thresholds({DEFAULT: share})))
        for author, share in (("organisation", 0.9), ("user", 0.8), ("repository", 0.7), ("editor", 0.6))
    ]
    found = permissions(said)
    assert found.own_thresholds == ({DEFAULT: 0.8},)
    assert set_threshold(found.thresholds, ["ask"]) == 0.6


@pytest.mark.parametrize("wrong", [{"fixx": 0.5}, {"fix": 1.5}, {DEFAULT: float("nan")}, {"fix": -0.1}])
def test_a_wrong_threshold_is_refused_by_name(wrong: dict[str, float]) -> None:
    [kind] = wrong
    with pytest.raises(Exception, match=r"threshold" if kind == DEFAULT else rf"threshold\.{kind}"):
        EscalationSettings(threshold=Thresholds(wrong))
