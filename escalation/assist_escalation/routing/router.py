"""Decides whether a request is answered locally or may go to a frontier model, and says why.

Rules come first, and nothing overrides them. Then comes what the user asked for, and then a score that must
be below a threshold. The same arguments always give the same decision: it uses no file, socket, clock or
random number. It sees no text of a workspace. How sure a local answer was depends on such texts, so what
follows from that is asked first, unless the user allowed it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from assist_escalation.policy.endpoints import usd
from assist_escalation.policy.settings import DEFAULT, EscalationMode, Thresholds
from assist_escalation.routing.calibration import NONE, WEIGHTS, WORTH, Calibration, score
from assist_escalation.routing.features import (
    INLINE,
    Confidence,
    RequestFacts,
    answer_features,
    features,
    kinds,
)

Wish = Literal["auto", "local", "frontier"]
RouteTarget = Literal["local", "frontier", "refused"]

WINDOW = 200  # scores: the rate of escalations is kept over this many requests
MEMORY = 200  # scores over which the threshold is followed: it is computed 21 times
BLOCK = 10  # requests between two changes of the threshold, so that a repeated question goes the same way
BAND = 0.03  # the threshold rises only by more than this, and falls at once, since the rate is a maximum

OPEN = frozenset({"not_worth", "threshold", "rate"})
"""Causes of a local answer that its confidence may still change."""


@dataclass(frozen=True, slots=True)
class RoutingRules:
    """The limits of a decision. By default nothing may leave. Money is in micro-dollars.

    `provider`: who would answer, or "". `barred`: why the request cannot be sent, as a stable word and a
    sentence, or two empty texts. `upper_micro`: the most that the request can cost, None if no price is
    known. `request_micro`, `left_micro`: the most that one request may cost, and what is left of the budget.
    `classified`: some text has a data class from a glob. `thresholds`: from all settings; the
    lowest applies; `own_thresholds`: the user's, which take the place of our own estimate of what is worth
    its cost. Others' settings can only lower it.
    """

    mode: EscalationMode = "never"
    offline: bool = False
    rate: float = 0.15
    always_local: tuple[str, ...] = ()
    always_ask: tuple[str, ...] = ()
    provider: str = ""
    barred: tuple[str, str] = ("", "")
    upper_micro: int | None = None
    allow_unknown_price: bool = False
    allow_unasked_retry: bool = False
    request_micro: int = 0
    left_micro: int = 0
    local_model: bool = True
    classified: bool = False
    calibration: Calibration = NONE
    thresholds: tuple[Thresholds, ...] = ()
    own_thresholds: tuple[Thresholds, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """The target of a request. `cause` is a stable code, and `why` a sentence for people.

    `p_local`: how likely the local answer is right. `threshold`: if `p_local` is below it, an escalation is
    worth its cost and within the rate; if it is `fixed`, it comes from settings, and the rate is another
    bound. `asks`: the user must confirm. `kinds`: the request's kinds, its
    command first. `again`: there is a local answer, and this is a second request, which --yes does not cover.
    """

    target: RouteTarget
    cause: str
    why: str
    p_local: float
    threshold: float
    features: Mapping[str, float]
    asks: bool
    kinds: tuple[str, ...]
    again: bool = False
    fixed: bool = False


def route(facts: RequestFacts, rules: RoutingRules, wish: Wish, history: Sequence[float]) -> Decision:
    """The decision before any answer. `history` holds the `p_local` of earlier requests, newest last.

    >>> route(RequestFacts("explain"), RoutingRules(), "frontier", ()).why
    'mode is "never": nothing may leave this machine'
    """
    kinds_asked = kinds(facts)
    numbers = features(facts)
    p_local = rules.calibration.apply(score(numbers))
    limits = _limits(kinds_asked, rules, history)
    target, cause, why = _verdict(kinds_asked, rules, wish, (p_local, limits))
    asks = _asks(target, kinds_asked, rules)
    return Decision(target, cause, why, p_local, limits.shown, numbers, asks, kinds_asked, fixed=limits.fixed)


def after(
    decision: Decision, confidence: Confidence, rules: RoutingRules, history: Sequence[float]
) -> Decision:
    """The decision again, with a local answer. It can change only if the score alone had decided.

    A text in a file can make a local model doubt, so it asks, unless `allow_unasked_retry` is set.
    """
    if decision.cause not in OPEN:
        return decision
    numbers = {**decision.features, **answer_features(confidence)}
    p_local = rules.calibration.apply(score(numbers))
    limits = _limits(decision.kinds, rules, history)
    target, cause, why = _verdict(decision.kinds, rules, "auto", (p_local, limits))
    return replace(
        decision,
        target=target,
        cause=cause,
        why=why,
        p_local=p_local,
        threshold=limits.shown,
        features=numbers,
        asks=target == "frontier" and (not rules.allow_unasked_retry or _asks(target, decision.kinds, rules)),
        again=target == "frontier" and not rules.allow_unasked_retry,
    )


@dataclass(frozen=True, slots=True)
class _RoutingLimits:
    """The `p_local` below which an escalation is worth its cost, and below which it is within the rate.

    `fixed`: settings have a threshold for it, so the first one is a plain number that no history moves.
    """

    worth: float
    rate: float
    fixed: bool

    @property
    def shown(self) -> float:
        """The threshold as people are told it."""
        return self.worth if self.fixed else min(self.worth, self.rate)


def _limits(kinds: Sequence[str], rules: RoutingRules, history: Sequence[float]) -> _RoutingLimits:
    own = set_threshold(rules.own_thresholds, kinds)
    lowest = set_threshold(rules.thresholds, kinds)
    worth = _break_even(rules) if own is None else own
    worth = worth if lowest is None else min(worth, lowest)
    rate = round(_limit_rate(history, rules), 6)
    return _RoutingLimits(round(max(0.0, worth), 6), rate, fixed=lowest is not None)


def set_threshold(thresholds: Sequence[Thresholds], kinds: Sequence[str]) -> float | None:
    """The lowest threshold that settings have for a request of these kinds, None if they have none.

    In each of the settings a number for one of the kinds comes before the one for all.

    >>> set_threshold([Thresholds({"default": 0.7, "fix": 0.9}), Thresholds({"default": 0.8})], ["fix"])
    0.8
    """
    values = []
    for limits in thresholds:
        special = [limits[kind] for kind in kinds if kind in limits]
        values += [min(special)] if special else [limits[DEFAULT]] if DEFAULT in limits else []
    return min(values, default=None)


def threshold(history: Sequence[float], rules: RoutingRules, kinds: Sequence[str] = ()) -> float:
    """The `p_local` below which an escalation is worth its cost and within the rate.

    >>> threshold([0.1, 0.8] * 100, RoutingRules(rate=0.5))
    0.8
    """
    return _limits(kinds, rules, history).shown


def _limit_rate(history: Sequence[float], rules: RoutingRules) -> float:
    """A quantile of the last scores, computed at each full block, and kept while it changes little."""
    typical = [rules.calibration.apply(score) for score in WEIGHTS.scores]
    # Counted from the start of the history, so that a longer one has the same blocks.
    first = max(BLOCK, (len(history) - MEMORY) // BLOCK * BLOCK)
    best: float | None = None
    for end in range(first, len(history) + 1, BLOCK):
        window = history[max(0, end - WINDOW) : end]
        # Each score that was seen replaces one of the typical scores.
        now = _quantile([*typical[len(window) :], *window], rules.rate)
        if best is None or now < best or now > best + BAND:
            best = now
    return _quantile(typical, rules.rate) if best is None else best


def _quantile(scores: Sequence[float], share: float) -> float:
    """The score below which at most `share` of the scores are. A share of 1 gives 1.0."""
    at = int(share * len(scores))
    return sorted(scores)[at] if at < len(scores) else 1.0


def _break_even(rules: RoutingRules) -> float:
    """The `p_local` at which the gain in right answers equals the cost: money, waiting, and data classes."""
    money = rules.request_micro if rules.upper_micro is None else rules.upper_micro
    cost = money + WORTH.wait_micro + (WORTH.classified_micro if rules.classified else 0)
    return WORTH.frontier - cost / WORTH.right_answer_micro


def _verdict(
    kinds: tuple[str, ...], rules: RoutingRules, wish: Wish, measurement: tuple[float, _RoutingLimits]
) -> tuple[RouteTarget, str, str]:
    bar = next(_bars(kinds, rules), None)
    if wish == "local":
        return _answer_here("asked_local", "you asked for the local model", rules)
    if wish == "frontier":
        return ("refused", *bar) if bar else ("frontier", "asked_frontier", "you asked for a provider")
    if bar is None and rules.rate <= 0:
        bar = "rate_zero", "max_escalation_rate is 0: only --frontier may send this request"
    if bar:
        return _answer_here(*bar, rules)
    if not rules.local_model:
        return "frontier", "no_local_model", "there is no local model"
    return _sort_by_score(*measurement, rules)


def _sort_by_score(
    p_local: float, limits: _RoutingLimits, rules: RoutingRules
) -> tuple[RouteTarget, str, str]:
    odds = f"a local answer is right with {p_local:.0%}"
    ours = " of the settings" if limits.fixed else ""
    if p_local < min(limits.worth, limits.rate):
        return "frontier", "gain", f"{odds}, below the threshold of {limits.shown:.0%}{ours}"
    if p_local >= limits.worth and limits.fixed:
        return "local", "threshold", f"{odds}, not below the threshold of {limits.worth:.0%}{ours}"
    if p_local >= limits.worth:
        return "local", "not_worth", f"{odds}: the frontier would gain less than it costs"
    hardest = f"the hardest {rules.rate:.0%} of your requests"
    return "local", "rate", f"{odds}, so it is not among {hardest} (below {limits.rate:.0%})"


def _answer_here(cause: str, why: str, rules: RoutingRules) -> tuple[RouteTarget, str, str]:
    if rules.local_model:
        return "local", cause, why
    return "refused", cause, f"{why}, and there is no local model: fetch one with `assist setup`"


def _bars(kinds: tuple[str, ...], rules: RoutingRules) -> Iterator[tuple[str, str]]:
    """The rules that keep a request on this machine, whatever the user wants. The first one is reported."""
    if kinds[0] == INLINE:
        yield "inline", "ghost text asks no provider"
    if rules.offline:
        yield "offline", "you are offline by choice (--offline or ASSIST_OFFLINE)"
    if rules.mode == "never":
        yield "mode_never", 'mode is "never": nothing may leave this machine'
    for kind in kinds:
        if kind in rules.always_local:
            yield "always_local", f"requests of kind {kind} stay on this machine (always_local)"
    if not rules.provider:
        yield "no_provider", "no provider may be used: name one under [providers] in config.toml"
    if rules.barred[0]:
        yield rules.barred
    yield from _money_bars(rules)


def _money_bars(rules: RoutingRules) -> Iterator[tuple[str, str]]:
    cost = rules.upper_micro
    if cost is None:
        if not rules.allow_unknown_price:
            yield "unknown_price", f"no price is known for {rules.provider}: set one in config.toml"
        return
    most = f"it may cost up to {usd(cost, exact=True)}"
    if cost > rules.request_micro:
        limit = usd(rules.request_micro, exact=True)
        yield "request_limit", f"{most}, but a request may cost at most {limit} (max_cost_usd_per_request)"
    if cost > rules.left_micro:
        money = usd(rules.left_micro, exact=True)
        yield "budget", f"{most}, but only {money} is left for today (max_cost_usd_per_day)"


def _asks(target: RouteTarget, kinds: tuple[str, ...], rules: RoutingRules) -> bool:
    return target == "frontier" and (rules.mode == "ask" or any(kind in rules.always_ask for kind in kinds))
