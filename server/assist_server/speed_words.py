"""What the probe's figures mean for the person who types, in seconds and in a sentence.

It estimates from tokens a second; it measures nothing and opens no model.
"""

from assist_completion.generate import Budget
from assist_completion.probe import Speed

LINE = 10  # tokens written for one line
TYPED = 3  # tokens read for what was typed since: the anchored prompt keeps the rest


def warm_seconds(speed: Speed) -> float:
    """A one-line suggestion at a place that the model has read already."""
    return (TYPED + LINE) / speed.decode


def cold_seconds(speed: Speed, budget: Budget) -> float:
    """A one-line suggestion where nothing was read before: a small head and suffix come first."""
    return (budget.small.head + budget.small.suffix) / speed.prefill + LINE / speed.decode


def in_words(speed: Speed, budget: Budget) -> str:
    """Both, as a sentence; it says so where other programs disturbed the measurement."""
    warm, cold = warm_seconds(speed), cold_seconds(speed, budget)
    words = (
        f"A warm one-line suggestion takes about {warm:.1f} s here, the first one at a new place about "
        f"{cold:.1f} s. What the model foresaw comes at once."
    )
    return words if speed.quiet else f"{words} Other programs computed meanwhile: it may be faster."
