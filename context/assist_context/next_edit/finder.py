"""The next edit: the offers of all kinds, how likely each is, and which one is shown.

Why none is: no kind finds a place, its pattern was rejected, or it is less likely than the mode asks for.
It is a pure function of a situation and of what became of earlier offers.
"""

import math
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from importlib import resources
from types import MappingProxyType
from typing import Literal

from assist_context.documents import Document
from assist_context.next_edit.kinds.renaming import find_renames
from assist_context.next_edit.kinds.repetition import find_repetitions
from assist_context.next_edit.kinds.reported_fixes import find_reported_fixes
from assist_context.next_edit.offer import EditHunk, Offer, OfferKind, Situation

OfferMode = Literal["eager", "balanced", "quiet", "manual"]
THRESHOLDS: Mapping[OfferMode, float] = MappingProxyType(
    {"eager": 0.2, "balanced": 0.4, "quiet": 0.7, "manual": 0.2}
)
# A user's own accepts and rejects count as so many of the commits that the weights were fitted on.
PRIOR = 8.0
# Of kinds without weights: what another tool proposes is not in a commit.
UNKNOWN: Mapping[OfferKind, float] = MappingProxyType({"report": 0.6})

_KINDS: tuple[Callable[[Situation], Iterator[Offer]], ...] = (
    find_repetitions,
    find_renames,
    find_reported_fixes,
)


@dataclass(frozen=True, slots=True)
class PastOffers:
    """The fate of a session's offers: patterns that were rejected, and counts by kind."""

    rejected: frozenset[str] = frozenset()
    accepts: Mapping[OfferKind, int] = field(default_factory=Counter)
    rejects: Mapping[OfferKind, int] = field(default_factory=Counter)

    def accept(self, offer: Offer) -> "PastOffers":
        """The same after an offer was accepted."""
        counts = Counter(self.accepts)
        counts[offer.kind] += 1
        return replace(self, accepts=counts)

    def reject(self, offer: Offer) -> "PastOffers":
        """The same after an offer was rejected."""
        counts = Counter(self.rejects)
        counts[offer.kind] += 1
        return replace(self, rejected=self.rejected | {offer.pattern}, rejects=counts)


def find_offers(situation: Situation, past: PastOffers = PastOffers()) -> tuple[Offer, ...]:
    """All offers after the last hunk, the most likely first, without rejected patterns.

    A pattern is offered in the document itself before it is offered in others.
    """
    offers: dict[tuple[object, ...], Offer] = {}
    for kind in _KINDS:
        for offer in kind(situation):
            if offer.pattern in past.rejected:
                continue
            rated_offer = replace(offer, probability=_weigh_past(likelihood(offer), offer.kind, past))
            first = rated_offer.changes[0]
            key = (first.path, first.start, first.end, first.text)
            offers[key] = _better(offers[key], rated_offer) if key in offers else rated_offer
    path = situation.document.path
    own = {offer.pattern: offer.probability for offer in offers.values() if offer.path == path}
    offers_left = [
        replace(offer, probability=min(offer.probability, own.get(offer.pattern, 1.0)))
        for offer in offers.values()
    ]
    return tuple(sorted(offers_left, key=lambda offer: (-offer.probability, offer.path != path)))


def _better(one: Offer, other: Offer) -> Offer:
    """Of two offers that begin with the same change, the more likely one, but a rename before a repetition.

    Both bear it out, and the rename knows which other places mean the name.
    """
    likely = max(one, other, key=lambda offer: offer.probability)
    rename = next((offer for offer in (one, other) if offer.kind == "rename"), likely)
    return replace(rename, probability=likely.probability)


def choose(offers: Sequence[Offer], mode: OfferMode) -> Offer | None:
    """The offer that is shown, if the most likely one is likely enough for a mode."""
    if offers and offers[0].probability >= THRESHOLDS[mode]:
        return offers[0]
    return None


def document_before(document: Document, hunk: EditHunk) -> Document:
    """A document as it was before a hunk that is in it."""
    end = hunk.line + len(hunk.new)
    return replace(document, lines=(*document.lines[: hunk.line], *hunk.old, *document.lines[end:]))


def _weigh_past(probability: float, kind: OfferKind, past: PastOffers) -> float:
    """The probability with what the user did with such offers before, in log-odds."""
    accepts = past.accepts.get(kind, 0)
    rejects = past.rejects.get(kind, 0)
    if not accepts + rejects:
        return probability
    own = math.log((accepts + PRIOR / 2) / (rejects + PRIOR / 2))
    odds = math.log(probability / (1 - probability)) + own / 2
    return 1 / (1 + math.exp(-odds))


def likelihood(offer: Offer) -> float:
    """The probability that a user accepts an offer: log-odds = bias + the sum of weight * feature.

    The weights of the kinds are data, `likelihood.toml`, fitted by `benchmarks/next_edit.py`.
    """
    row = _weights().get(offer.kind)
    if row is None:
        return UNKNOWN.get(offer.kind, 0.3)
    terms = (weight * offer.features.get(name, 0.0) for name, weight in row.items() if name != "bias")
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, row["bias"] + sum(terms)))))


@lru_cache
def _weights() -> Mapping[str, Mapping[str, float]]:
    file = resources.files("assist_context.next_edit") / "likelihood.toml"
    return tomllib.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
