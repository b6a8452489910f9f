"""Times from counts in buckets, as `usage_rows` keeps them."""

import math
from collections.abc import Mapping
from itertools import accumulate

from assist_evaluation.usage.usage_rows import BUCKETS, MS_BOUNDS


def percentile(counts: Mapping[str, int], share: float) -> float | None:
    """The milliseconds within which a share (0 to 1) of the answers came: the upper bound of its bucket.

    None if no answer was timed, infinity in the last bucket.
    """
    found = [counts.get(name, 0) for name in BUCKETS]
    total = sum(found)
    if not total:
        return None
    wanted = max(1, math.ceil(share * total))
    place = next(number for number, reached in enumerate(accumulate(found)) if reached >= wanted)
    return float((*MS_BOUNDS, math.inf)[place])
