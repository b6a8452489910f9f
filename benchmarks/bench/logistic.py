"""Logistic regression by Newton's method, for weights in data files."""

from typing import Any

import numpy as np

PENALTY = 1e-6  # on the weights: without it, lines that one limit separates have no finite weights
Numbers = Any  # of NumPy


def logistic(features: Numbers, right: Numbers, penalty: float = PENALTY) -> Numbers:
    """The weights of a logistic regression; the bias is first. `penalty` draws the weights towards 0."""
    columns = np.column_stack([np.ones(len(features)), features])
    weights = np.zeros(columns.shape[1])
    for _ in range(100):
        chance = 1 / (1 + np.exp(-np.clip(columns @ weights, -40, 40)))
        slope = columns.T @ (right - chance) - penalty * weights
        bend = (columns.T * (chance * (1 - chance))) @ columns + penalty * np.eye(len(weights))
        step = np.linalg.solve(bend, slope)
        weights += np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-9:
            break
    return weights
