"""Amounts for people: money and sizes."""

from assist_escalation.amounts import usd

__all__ = ["megabytes", "usd"]


def megabytes(count: int) -> str:
    """A size in words.

    >>> megabytes(491_400_064), megabytes(4_683_073_536), megabytes(0)
    ('491 MB', '4.7 GB', '?')
    """
    if not count:
        return "?"
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"
