"""The interval of a proportion: where the true share may be, by how often something was seen.

It is arithmetic alone: it knows neither what is counted nor what follows from it.
"""

import math

Z = 1.959963984540054  # standard deviations around the mean that hold 95 % of a normal distribution


def wilson(hits: float, count: float) -> tuple[float, float]:
    """The interval of a proportion of 95 % (Wilson 1927); (0, 1) for no tries.

    >>> [round(end, 3) for end in wilson(163, 200)]
    [0.755, 0.863]
    """
    if not count:
        return 0.0, 1.0
    share = hits / count
    square = Z * Z
    middle = (share + square / (2 * count)) / (1 + square / count)
    half = Z * math.sqrt(share * (1 - share) / count + square / (4 * count * count)) / (1 + square / count)
    return max(0.0, middle - half), min(1.0, middle + half)
