"""Two models of ghost text next to each other: the candidate and the model, or the two that showed most.

It knows counts and settings only. Whether a difference is beyond chance, `model_comparison` decides.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from assist_completion.settings import CompletionSettings, model_name
from assist_server.records.model_comparison import ModelComparison, compare_models
from assist_server.records.usage_rows import percentile


@dataclass(frozen=True, slots=True)
class ModelPair:
    """Two models, each with its 95th percentile in milliseconds.

    They are the candidate and the model of the settings if `named`, else the two that showed most, the one
    that showed more in front. A percentile is None if no answer was timed, infinity in the slowest bucket.
    """

    names: tuple[str, str]
    p95: tuple[float | None, float | None]
    comparison: ModelComparison
    named: bool = False


def wanted_pair(settings: CompletionSettings) -> tuple[str, str] | None:
    """The names of the candidate and the model, as counts have them; None without another candidate."""
    if settings.candidate in ("", settings.model):
        return None
    return (model_name(settings.candidate), model_name(settings.model))


def pair_of(
    models: Mapping[str, Mapping[str, int]], wanted: tuple[str, str] | None = None
) -> ModelPair | None:
    """The pair in counts by model: the `wanted` one, else the two that showed most.

    None if one of the two showed nothing; a model without a name is none.
    """
    shown = {name: counts.get("shown", 0) for name, counts in models.items()}
    names = sorted((name for name in shown if name and shown[name]), key=lambda name: (-shown[name], name))
    first, second = wanted or (*names, "", "")[:2]
    if first == second or not {first, second} <= set(names):
        return None
    p95 = percentile(models[first], 0.95), percentile(models[second], 0.95)
    return ModelPair((first, second), p95, compare_models(models[first], models[second]), wanted is not None)
