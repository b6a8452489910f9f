"""Amounts for people: limits in money, memory, and sizes in bytes."""

KILO_TO = 500_000  # bytes that are told in kB: as MB they would be 0


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
