"""Amounts of money as words for people.

This module knows no price and no budget.
"""


def usd(micro: int, *, exact: bool = False) -> str:
    """Micro-dollars as US dollars, rounded. `exact` is for comparisons: it shows every micro-dollar.

    >>> usd(0), usd(1_234), usd(2_500_000)
    ('$0', '$0.0012', '$2.50')
    >>> usd(50_001, exact=True)
    '$0.050001'
    """
    if exact:
        return f"${micro // 1_000_000}.{micro % 1_000_000:06d}"
    if micro == 0:
        return "$0"
    return f"${micro / 1e6:.2f}" if micro >= 1_000_000 else f"${micro / 1e6:.4f}"
