"""The router's rules: what is never sent, whose wish counts, when the user must confirm, and what a local answer changes."""

from dataclasses import replace
from typing import Any

import pytest
from routing import BARRED, EASY, HARD, OPEN_RULES, SURE, UNSURE, some_case

from assist_escalation.routing.calibration import Calibration
from assist_escalation.routing.features import RequestFacts
from assist_escalation.routing.router import OPEN, Decision, after, route

# Rules that nothing overrides


@pytest.mark.parametrize("cause", BARRED)
def test_a_rule_keeps_the_request_here_and_refuses_the_frontier(cause: str) -> None:
    rules = replace(BARRED[cause], rate=1.0)
    here = route(HARD, rules, "auto", ())
    assert (here.target, here.cause, here.asks) == ("local", cause, False)
    refused = route(HARD, rules, "frontier", ())
    assert (refused.target, refused.cause, refused.why) == ("refused", cause, here.why)
    neither = route(HARD, replace(rules, local_model=False), "auto", ())
    assert (neither.target, neither.cause) == ("refused", cause)
    assert "assist setup" in neither.why
    assert after(here, UNSURE, OPEN_RULES, ()) == here


def test_inline_completion_is_local_whatever_else_holds() -> None:
    assert (
        route(RequestFacts("complete", files=9), replace(OPEN_RULES, rate=1.0), "auto", ()).cause == "inline"
    )
    assert route(RequestFacts("complete"), OPEN_RULES, "frontier", ()).target == "refused"


def test_nothing_goes_out_against_a_rule() -> None:
    gone = 0
    for seed in range(1000):
        ask, rules, wish, history = some_case(seed)
        for found in (
            decision := route(ask, rules, wish, history),
            after(decision, UNSURE, rules, history),
        ):
            if found.target != "frontier":
                assert not found.asks
                continue
            gone += 1
            assert wish != "local"
            assert rules.mode != "never"
            assert rules.provider
            assert not rules.barred[0]
            assert not rules.offline
            assert not set(found.kinds) & set(rules.always_local)
            assert "complete" not in found.kinds
            assert rules.rate > 0 or wish == "frontier"
            cost = rules.upper_micro
            assert (
                rules.allow_unknown_price
                if cost is None
                else cost <= min(rules.request_micro, rules.left_micro)
            )
    assert gone > 50  # the loop has tested something


def test_an_explicit_wish_wins_within_the_rules() -> None:
    all_out = replace(OPEN_RULES, rate=1.0)
    assert route(HARD, all_out, "auto", ()).target == "frontier"
    assert (route(HARD, all_out, "local", ()).target, route(HARD, all_out, "local", ()).cause) == (
        "local",
        "asked_local",
    )
    none_out = replace(OPEN_RULES, rate=0.0)
    assert route(EASY, none_out, "auto", ()).cause == "rate_zero"
    assert route(EASY, none_out, "frontier", ()).target == "frontier"
    assert route(EASY, replace(OPEN_RULES, local_model=False), "local", ()).target == "refused"


def test_without_a_local_model_the_frontier_answers_if_it_may() -> None:
    rules = replace(OPEN_RULES, local_model=False, rate=0.01)
    assert (route(EASY, rules, "auto", ()).target, route(EASY, rules, "auto", ()).cause) == (
        "frontier",
        "no_local_model",
    )


def test_a_refusal_says_amounts_and_settings() -> None:
    assert "$0.050001" in route(HARD, BARRED["request_limit"], "frontier", ()).why
    assert "max_cost_usd_per_request" in route(HARD, BARRED["request_limit"], "frontier", ()).why
    assert "$0.004999" in route(HARD, BARRED["budget"], "frontier", ()).why
    assert "infra/prod.tf" in route(HARD, BARRED["policy"], "frontier", ()).why


# When the user must confirm


@pytest.mark.parametrize(
    ("ask", "kind"),
    [
        (RequestFacts("fix"), "fix"),
        (RequestFacts("fix", files=2), "cross_file"),
        (RequestFacts("ask", "How should we restructure this into packages?"), "architecture"),
        (RequestFacts("ask", "Which design-pattern fits?"), "architecture"),
    ],
)
def test_auto_asks_only_for_kinds_that_always_ask(ask: RequestFacts, kind: str) -> None:
    rules = replace(OPEN_RULES, always_ask=(kind,))
    assert route(ask, rules, "frontier", ()).asks
    assert not route(RequestFacts("explain", "what is this?"), rules, "frontier", ()).asks
    assert route(ask, replace(OPEN_RULES, always_local=(kind,)), "frontier", ()).cause == "always_local"


def test_mode_ask_asks_whenever_something_leaves() -> None:
    rules = replace(OPEN_RULES, mode="ask", rate=1.0)
    assert route(HARD, rules, "auto", ()).asks
    assert route(EASY, rules, "frontier", ()).asks
    assert not route(HARD, rules, "local", ()).asks


# With a local answer


def open_decision() -> Decision:
    found = route(EASY, OPEN_RULES, "auto", [0.4] * 200)
    assert found.cause in OPEN
    return found


def test_a_doubtful_local_answer_is_escalated_and_a_sure_one_is_not() -> None:
    history = [0.4] * 200
    doubtful, sure = (after(open_decision(), each, OPEN_RULES, history) for each in (UNSURE, SURE))
    assert (doubtful.target, doubtful.cause) == ("frontier", "gain")
    assert sure.target == "local"
    assert doubtful.p_local < open_decision().p_local < sure.p_local
    assert doubtful.features["edit_misfit"] == 1.0
    assert after(open_decision(), UNSURE, replace(OPEN_RULES, mode="ask"), history).asks


def test_what_a_local_answer_doubts_sends_nothing_unasked() -> None:
    history = [0.4] * 200
    found = after(open_decision(), UNSURE, OPEN_RULES, history)
    assert (found.target, found.asks, found.again) == ("frontier", True, True)
    free = after(open_decision(), UNSURE, replace(OPEN_RULES, allow_unasked_retry=True), history)
    assert (free.target, free.asks, free.again) == ("frontier", False, False)
    kept = after(open_decision(), SURE, OPEN_RULES, history)
    assert (kept.asks, kept.again) == (False, False)


def test_a_budget_spent_meanwhile_keeps_the_local_answer() -> None:
    found = after(open_decision(), UNSURE, replace(OPEN_RULES, left_micro=0), [0.4] * 200)
    assert (found.target, found.cause) == ("local", "budget")


@pytest.mark.parametrize("wish", ["local", "frontier"])
def test_a_wish_is_not_turned_by_doubt(wish: Any) -> None:
    decision = route(EASY, OPEN_RULES, wish, ())
    assert after(decision, UNSURE, OPEN_RULES, ()) == decision


def test_a_calibration_moves_the_odds_and_no_rule() -> None:
    trusting = Calibration(((0.0, 0.96), (1.0, 0.99)))
    rules = replace(OPEN_RULES, rate=1.0)
    assert route(HARD, rules, "auto", ()).target == "frontier"
    found = route(HARD, replace(rules, calibration=trusting), "auto", ())
    assert (
        (found.target, found.cause) == ("frontier", "gain")
        if found.p_local < found.threshold
        else ("local", "not_worth")
    )
    assert found.p_local >= 0.9
    doubting = Calibration(((0.0, 0.0), (1.0, 0.01)))
    for cause, barred in BARRED.items():
        assert route(HARD, replace(barred, calibration=doubting), "auto", ()).cause == cause
