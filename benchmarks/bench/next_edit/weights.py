"""The weights of the likelihoods, fitted to offers whose outcome is known, and written as their data file."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from bench.next_edit.simulation import Outcome
from bench.show_gate.fit import logistic

# On each weight, as two offers that speak against it: a kind may have 100 offers and 15 features.
PENALTY = 2.0
FEWEST_RIGHT = 8  # of a kind; with fewer it keeps the weights that it has
HEAD = """\
# Written by `benchmarks/next_edit.py fit --write`. Do not edit it by hand: fit it again.
# The log-odds that an offer of a kind is accepted are bias + the sum of weight * feature.
"""


def first_of_each(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Each pattern at each place once: it is looked at after each edit, until it is made or rejected."""
    found: dict[tuple[object, ...], Outcome] = {}
    for each in outcomes:
        found.setdefault((each.kind, *each.key), each)
    return list(found.values())


def fit(outcomes: Mapping[str, Sequence[Outcome]]) -> dict[str, dict[str, float]]:
    """The weights of each kind with enough right offers, from the outcomes by repository.

    "bias" is the log-odds without features. A kind has weights only if they tell right offers from wrong
    ones in repositories that they were not fitted on; else all its offers are as likely as the average.
    """
    result = {}
    for kind in sorted({each.kind for own in outcomes.values() for each in own}):
        by_repository = [[each for each in own if each.kind == kind] for own in outcomes.values()]
        every = [each for own in by_repository for each in own]
        if sum(each.right for each in every) < FEWEST_RIGHT:
            continue
        names = sorted({name for each in every for name in each.features})
        if _held_out_loss(by_repository, names) >= _held_out_loss(by_repository, []):
            names = []
        found = _weights(every, names)
        result[kind] = dict(zip(["bias", *names], (round(float(each), 3) for each in found), strict=True))
    return result


def _held_out_loss(by_repository: Sequence[Sequence[Outcome]], names: Sequence[str]) -> float:
    """The logarithmic loss of each repository's offers, by weights fitted on the others."""
    loss = 0.0
    for at, own in enumerate(by_repository):
        others = [each for group in (*by_repository[:at], *by_repository[at + 1 :]) for each in group]
        weights = _weights(others, names)
        odds = weights[0] + _rows(own, names) @ weights[1:]
        signs = np.array([1.0 if each.right else -1.0 for each in own])
        loss += float(np.log1p(np.exp(-signs * odds)).sum())
    return loss


def _weights(outcomes: Sequence[Outcome], names: Sequence[str]) -> np.ndarray:
    return logistic(_rows(outcomes, names), np.array([float(each.right) for each in outcomes]), PENALTY)


def _rows(outcomes: Sequence[Outcome], names: Sequence[str]) -> np.ndarray:
    return np.array([[each.features.get(name, 0.0) for name in names] for each in outcomes]).reshape(
        len(outcomes), len(names)
    )


def weights_file(outcomes: Mapping[str, Sequence[Outcome]]) -> str:
    """The data file, fitted on outcomes by repository."""
    count = sum(map(len, outcomes.values()))
    lines = [HEAD.rstrip(), f"# Fitted on {count} offers in {', '.join(outcomes)}."]
    for kind, row in fit(outcomes).items():
        lines += ["", f"[{kind}]", *(f"{name} = {value}" for name, value in row.items())]
    return "\n".join(lines) + "\n"
