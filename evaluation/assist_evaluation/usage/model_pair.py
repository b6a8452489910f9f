"""The two models of ghost text that showed most, next to each other.

It knows counts only. Whether a difference is beyond chance, `model_comparison` decides.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from assist_evaluation.usage.bucket_times import percentile
from assist_evaluation.usage.model_comparison import ModelComparison, compare_models


@dataclass(frozen=True, slots=True)
class ModelPair:
    """Two models, each with its 95th percentile in milliseconds.

    The one that showed more is in front. A percentile is None if no answer was timed, infinity in the
    slowest bucket.
    """

    names: tuple[str, str]
    p95: tuple[float | None, float | None]
    comparison: ModelComparison


def pair_of(models: Mapping[str, Mapping[str, int]]) -> ModelPair | None:
    """The pair in counts by model, None if fewer than two showed anything; a model without a name is none."""
    shown = {name: counts.get("shown", 0) for name, counts in models.items()}
    names = sorted((name for name in shown if name and shown[name]), key=lambda name: (-shown[name], name))
    if len(names) < 2:
        return None
    first, second = names[:2]
    p95 = percentile(models[first], 0.95), percentile(models[second], 0.95)
    return ModelPair((first, second), p95, compare_models(models[first], models[second]))
