"""How likely an offer is right: one fitted probability for each kind, from the features of an offer.

The weights are data (`likelihood.toml`), fitted by `benchmarks/next_edit.py`. It knows no document.
"""

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from types import MappingProxyType
from typing import Any

from assist_context.next_edit.offer import Kind, Offer

# Of kinds without weights, as commits have too few of them: three of four changes of calls were right in 13
# repositories, and what another tool proposes is not in a commit.
UNKNOWN: Mapping[Kind, float] = MappingProxyType({"signature": 0.6, "report": 0.6})


@dataclass(frozen=True, slots=True)
class KindWeights:
    """Of a logistic regression: log-odds = bias + the sum of weight * feature."""

    bias: float
    weights: MappingProxyType[str, float]


def likelihood(offer: Offer) -> float:
    """The probability that a user accepts an offer."""
    weights = _weights().get(offer.kind)
    return UNKNOWN.get(offer.kind, 0.3) if weights is None else probability(weights, offer)


def probability(weights: KindWeights, offer: Offer) -> float:
    """The same by given weights."""
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, _log_odds(weights, offer)))))


def _log_odds(weights: KindWeights, offer: Offer) -> float:
    of = weights.weights
    return weights.bias + sum(of.get(name, 0.0) * value for name, value in offer.features.items())


@lru_cache
def _weights() -> dict[Kind, KindWeights]:
    file = resources.files("assist_context.next_edit") / "likelihood.toml"
    if not file.is_file():
        return {}
    rows: dict[Kind, Any] = tomllib.loads(file.read_text(encoding="utf-8"))  # type: ignore[assignment]
    return {kind: _read(row) for kind, row in rows.items()}


def _read(row: dict[str, float]) -> KindWeights:
    return KindWeights(
        row["bias"], MappingProxyType({name: at for name, at in row.items() if name != "bias"})
    )
