"""How soon a model's suggestions come, in seconds and in words.

It estimates from tokens a second; it measures nothing, and opens no model.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # they load llama.cpp, 0.4 s
    from assist_completion.inference.generation import TokenBudget
    from assist_completion.inference.speed_trial import Speed

LINE_TOKENS = 10  # written for one line
TYPED_TOKENS = 3  # read for what was typed since the last request; the rest of the prompt is in the KV cache


def warm_seconds(speed: "Speed") -> float:
    """The time of a one-line suggestion at a place that the model has already read."""
    return (TYPED_TOKENS + LINE_TOKENS) / speed.writing


def cold_seconds(speed: "Speed", budget: "TokenBudget") -> float:
    """The time of a one-line suggestion at a new place, where a small head and suffix must be read first."""
    return (budget.small.head + budget.small.suffix) / speed.reading + LINE_TOKENS / speed.writing


def speed_words(speed: "Speed", budget: "TokenBudget") -> str:
    """Both times as a sentence, which says if other programs disturbed the measurement."""
    warm = warm_seconds(speed)
    cold = cold_seconds(speed, budget)
    words = (
        f"A warm one-line suggestion takes about {warm:.1f} s here, the first one at a new place about "
        f"{cold:.1f} s. Suggestions that the model prepared in advance come at once."
    )
    return words if speed.quiet else f"{words} Other programs were busy meanwhile, so it may be faster."
