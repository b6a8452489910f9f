"""Amounts for people: money and sizes."""


def usd(micro: int) -> str:
    """Money for people.

    >>> usd(0), usd(1_234), usd(2_500_000)
    ('$0', '$0.0012', '$2.50')
    """
    if micro == 0:
        return "$0"
    return f"${micro / 1e6:.2f}" if micro >= 1_000_000 else f"${micro / 1e6:.4f}"


def megabytes(count: int) -> str:
    """A size in words.

    >>> megabytes(491_400_064), megabytes(4_683_073_536), megabytes(0)
    ('491 MB', '4.7 GB', '?')
    """
    if not count:
        return "?"
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"
