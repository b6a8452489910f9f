"""Show the progress of a long run on stderr: what is done, the time it took, and the time that is left."""

import sys
import time
from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")


def with_progress(items: Sequence[T], what: str, every: int) -> Iterator[T]:
    """Yield the items in turn, and print a line after every `every` items and at the end."""
    start = time.monotonic()
    for done, item in enumerate(items, 1):
        yield item
        if done % every == 0 or done == len(items):
            spent = time.monotonic() - start
            left = spent / done * (len(items) - done)
            line = f"{done}/{len(items)} {what}, {spent / 60:.1f} min, {left / 60:.1f} min left"
            print(line, file=sys.stderr, flush=True)
