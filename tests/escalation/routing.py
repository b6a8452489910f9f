"""Requests and rules for the router's tests, some of them random."""

import random
from dataclasses import replace
from typing import Any

from assist_escalation.policy import settings
from assist_escalation.routing.features import Confidence, RequestFacts
from assist_escalation.routing.router import RoutingRules

OPEN_RULES = RoutingRules(
    mode="auto", rate=0.5, provider="cloud", upper_micro=5_000, request_micro=50_000, left_micro=2_000_000
)
HARD = RequestFacts("fix", files=4, symbols=60, fan_out=30, edit_lines=200, context_tokens=8_000)
EASY = RequestFacts("explain", symbols=1, fan_out=1)
SURE = Confidence(12.0, 4.0, 6.0, length_stop=False, parse_delta=0, edit_fits=True)
UNSURE = Confidence(1.0, 0.0, 0.1, length_stop=True, parse_delta=2, edit_fits=False)

BARRED = {
    "offline": replace(OPEN_RULES, offline=True),
    "mode_never": replace(OPEN_RULES, mode="never"),
    "always_local": replace(OPEN_RULES, always_local=("fix",)),
    "no_provider": replace(OPEN_RULES, provider=""),
    "policy": replace(OPEN_RULES, barred=("policy", "infra/prod.tf is denied")),
    "unknown_price": replace(OPEN_RULES, upper_micro=None),
    "request_limit": replace(OPEN_RULES, upper_micro=50_001),
    "budget": replace(OPEN_RULES, left_micro=4_999),
}


def some_ask(rng: random.Random) -> RequestFacts:
    words = rng.choices(
        ["rename", "and", "architecture", "deadlock", "why", "split.", "é", "\n- "], k=rng.randrange(40)
    )
    return RequestFacts(
        command=rng.choice([*settings.REQUESTS, "complete", "other"]),
        words=" ".join(words),
        files=rng.randrange(5),
        symbols=rng.randrange(100),
        fan_out=rng.randrange(30),
        edit_lines=rng.randrange(400),
        context_tokens=rng.randrange(20_000),
        local_window=rng.choice([0, 4096, 32_768]),
        diagnostics=rng.randrange(9),
    )


def some_rules(rng: random.Random) -> RoutingRules:
    return RoutingRules(
        mode=rng.choice(["never", "ask", "auto", "auto"]),
        offline=rng.random() < 0.1,
        rate=rng.choice([0.0, 0.15, 0.5, 1.0]),
        always_local=tuple(rng.sample(settings.REQUESTS, rng.randrange(2))),
        always_ask=tuple(rng.sample(settings.REQUESTS, rng.randrange(3))),
        provider=rng.choice(["", "cloud", "cloud", "cloud"]),
        barred=rng.choice([("", ""), ("", ""), ("", ""), ("policy", ".env is denied")]),
        upper_micro=rng.choice([None, 0, 5_000, 60_000, 3_000_000]),
        allow_unknown_price=rng.random() < 0.3,
        allow_unasked_retry=rng.random() < 0.5,
        request_micro=rng.choice([0, 50_000, 5_000_000]),
        left_micro=rng.choice([0, 4_000, 2_000_000]),
        local_model=rng.random() < 0.8,
        classified=rng.random() < 0.3,
    )


def some_case(seed: int) -> tuple[RequestFacts, RoutingRules, Any, list[float]]:
    rng = random.Random(seed)
    history = [rng.random() for _ in range(rng.randrange(450))]
    return some_ask(rng), some_rules(rng), rng.choice(["auto", "auto", "local", "frontier"]), history
