"""The cost of tokens, in micro-dollars: the prices of providers, and sums with them.

A price in US dollars for a million tokens is a price in micro-dollars for one token. List prices are in
`prices.toml`, with their date. A user's own price always wins.
A provider's count of tokens is believed only if the answer came to its end and the count can be true. In
every other case, such as a cancelled stream, the provider may charge for all that it was allowed to write. So
the reservation is booked, or more if the count says more. This module does not know what was spent.
"""

import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from importlib import resources
from typing import Any
from urllib.parse import urlsplit

from assist_escalation.errors import EscalationError
from assist_escalation.policy.checks import is_loopback
from assist_escalation.policy.endpoints import Price, Provider
from assist_escalation.prompts import Usage

# How vendors name a fixed version of a model. "-latest" is not fixed: the model changes, and its price too.
_DATED = re.compile(r"(?P<model>.+)[-@](?:\d{4}-\d{2}-\d{2}|\d{8})")


def cost_micro(price: Price, usage: Usage) -> int:
    """Return what `usage` costs in micro-dollars, rounded up. Negative tokens raise `EscalationError`.

    >>> cost_micro(Price(input_usd_per_mtok=2.5, output_usd_per_mtok=10), Usage(input=1001, output=10))
    2603
    """
    if min(usage.input, usage.cache_read, usage.cache_write, usage.output) < 0:
        raise EscalationError(f"{usage} has negative tokens: the provider's token counts are not valid")
    rates = _rates(price)
    counts = (usage.input, usage.cache_read, usage.cache_write, usage.output)
    return math.ceil(sum(rate * count for rate, count in zip(rates, counts, strict=True)))


def upper_micro(price: Price, total: int, max_output: int) -> int:
    """The most that a request can cost, in micro-dollars, whether the provider caches its input or not.

    >>> upper_micro(Price(input_usd_per_mtok=2.5, output_usd_per_mtok=10), 1000, 100)
    3500
    """
    *input_rates, output_rate = _rates(price)
    return math.ceil(max(input_rates) * max(0, total) + output_rate * max(0, max_output))


def find_price(provider: Provider) -> Price | None:
    """The provider's own price, else the list price, else zero for this machine itself, else `None`.

    The list is searched for the model's name, and then for the name without the date at its end.
    """
    if provider.price is not None:
        return provider.price
    models = _price_list()["models"]
    model_name = _DATED.fullmatch(provider.model)
    row = models.get(provider.model) or (models.get(model_name["model"]) if model_name else None)
    if row is not None:
        return _price(row) if provider.context_tokens <= row.get("up_to", math.inf) else None
    return Price(0.0, 0.0) if is_loopback(urlsplit(provider.base_url).hostname or "") else None


def _rates(price: Price) -> tuple[Fraction, Fraction, Fraction, Fraction]:
    """The exact prices of a token that is sent, read from a cache, written to a cache, and received."""
    input_rate = price.input_usd_per_mtok
    read, write = price.cache_read_usd_per_mtok or input_rate, price.cache_write_usd_per_mtok or input_rate
    return (
        Fraction(str(input_rate)),
        Fraction(str(read)),
        Fraction(str(write)),
        Fraction(str(price.output_usd_per_mtok)),
    )


@cache
def _price_list() -> Mapping[str, Any]:
    text = resources.files("assist_escalation.budget").joinpath("prices.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def _price(row: Mapping[str, float]) -> Price:
    return Price(
        input_usd_per_mtok=row["input"],
        output_usd_per_mtok=row["output"],
        cache_read_usd_per_mtok=row.get("cache_read", 0.0),
        cache_write_usd_per_mtok=row.get("cache_write", 0.0),
    )


@dataclass(frozen=True, slots=True)
class Attempts:
    """A reservation: `micro` for each attempt. `charged` earlier ones failed, and may be charged."""

    micro: int
    charged: int = 0


@dataclass(frozen=True, slots=True)
class Settlement:
    """The booked cost, in micro-dollars, and its tokens. `usage.estimated`: not from a provider."""

    usage: Usage
    micro: int


def settlement(price: Price, reservation: Attempts, claim: Usage | None, own_count: Usage) -> Settlement:
    """Return what all attempts of a request are booked at.

    `claim` is the provider's count for the last attempt: `estimated` if it cannot be true or is not the final
    one, None if there is none. `own_count` is our own bound of what was sent and received.

    >>> price = Price(input_usd_per_mtok=1, output_usd_per_mtok=2)
    >>> settlement(price, Attempts(5000), Usage(input=30, output=4), Usage(input=50)).micro
    38
    >>> settlement(price, Attempts(5000), None, Usage(input=50, output=9)).micro
    5000
    """
    if claim is not None and not claim.estimated:
        usage = claim
        micro = cost_micro(price, usage)
    else:
        usage_claim = claim or Usage()
        total = usage_claim.input + usage_claim.cache_read + usage_claim.cache_write
        usage = Usage(
            max(total, own_count.input), output=max(usage_claim.output, own_count.output), estimated=True
        )
        micro = max(reservation.micro, cost_micro(price, usage))
    if reservation.charged:
        usage = replace(usage, input=usage.input + reservation.charged * own_count.input, estimated=True)
    return Settlement(usage, micro + reservation.charged * reservation.micro)
