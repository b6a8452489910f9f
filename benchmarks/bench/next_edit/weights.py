"""The weights of the likelihoods, fitted to offers whose outcome is known, and written as their data file."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from bench.logistic import logistic
from bench.next_edit.simulation import Outcome

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
    for outcome in outcomes:
        found.setdefault((outcome.kind, *outcome.key), outcome)
    return list(found.values())


def fit(outcomes: Mapping[str, Sequence[Outcome]]) -> dict[str, dict[str, float]]:
    """The weights of each kind with enough right offers, from the outcomes by repository.

    "bias" is the log-odds without features. A kind has weights only if they tell right offers from wrong
    ones in repositories that they were not fitted on; else all its offers are as likely as the average.
    """
    result = {}
    for kind in sorted({outcome.kind for own in outcomes.values() for outcome in own}):
        by_repository = [[outcome for outcome in own if outcome.kind == kind] for own in outcomes.values()]
        every = [outcome for own in by_repository for outcome in own]
        if sum(outcome.right for outcome in every) < FEWEST_RIGHT:
            continue
        names = sorted({name for outcome in every for name in outcome.features})
        if _held_out_loss(by_repository, names) >= _held_out_loss(by_repository, []):
            names = []
        found = _weights(every, names)
        result[kind] = dict(zip(["bias", *names], (round(float(each), 3) for each in found), strict=True))
    return result


def _held_out_loss(by_repository: Sequence[Sequence[Outcome]], names: Sequence[str]) -> float:
    """The logarithmic loss of each repository's offers, by weights fitted on the others."""
    loss = 0.0
    for at, own in enumerate(by_repository):
        others = [outcome for group in (*by_repository[:at], *by_repository[at + 1 :]) for outcome in group]
        weights = _weights(others, names)
        odds = weights[0] + _rows(own, names) @ weights[1:]
        signs = np.array([1.0 if outcome.right else -1.0 for outcome in own])
        loss += float(np.log1p(np.exp(-signs * odds)).sum())
    return loss


def _weights(outcomes: Sequence[Outcome], names: Sequence[str]) -> np.ndarray:
    return logistic(_rows(outcomes, names), np.array([float(outcome.right) for outcome in outcomes]), PENALTY)


def _rows(outcomes: Sequence[Outcome], names: Sequence[str]) -> np.ndarray:
    return np.array([[outcome.features.get(name, 0.0) for name in names] for outcome in outcomes]).reshape(
        len(outcomes), len(names)
    )


def weights_file(outcomes: Mapping[str, Sequence[Outcome]]) -> str:
    """The data file, fitted on outcomes by repository."""
    count = sum(map(len, outcomes.values()))
    lines = [HEAD.rstrip(), f"# Fitted on {count} offers in {', '.join(outcomes)}."]
    for kind, row in fit(outcomes).items():
        lines += ["", f"[{kind}]", *(f"{name} = {value}" for name, value in row.items())]
    return "\n".join(lines) + "\n"
