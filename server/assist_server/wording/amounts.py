"""Amounts for people: limits in money, memory, sizes in bytes, and the seconds until a suggestion comes.

Seconds are estimated from tokens a second; nothing is measured, and no model is opened.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # they load llama.cpp, 0.4 s
    from assist_completion.inference.generation import TokenBudget
    from assist_completion.inference.speed_trial import Speed

KILO_TO = 500_000  # bytes that are told in kB: as MB they would be 0
LINE_TOKENS = 10  # written for one line
TYPED_TOKENS = 3  # read for what was typed since the last request; the rest of the prompt is in the KV cache


def exact_usd(micro: int) -> str:
    """Micro-dollars as dollars with up to six digits, for limits that users have set.

    >>> exact_usd(20_000), exact_usd(2_500_000)
    ('$0.02', '$2.5')
    """
    return f"${micro / 1e6:,.6g}"


def memory(count: int, digits: int = 1) -> str:
    """Bytes of memory, in units of 2**30 bytes.

    >>> memory(8_321_499_136), memory(8_321_499_136, digits=0)
    ('7.8 GB', '8 GB')
    """
    return f"{count / 2**30:.{digits}f} GB"


def megabytes(count: int) -> str:
    """A number of bytes in MB or GB, a small one in kB.

    >>> megabytes(491_400_064), megabytes(4_683_073_536), megabytes(430_080), megabytes(0)
    ('491 MB', '4.7 GB', '430 kB', '?')
    """
    if not count:
        return "?"
    if count < KILO_TO:
        return f"{count / 1e3:.0f} kB"
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"


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
