"""How long redaction takes for the slowest of many hostile windows.

    uv run python benchmarks/redaction_time.py 100000

The windows are made of the words that the rules themselves look for, so that each rule is begun many times.
"""

import argparse
import heapq
import random
import time

from bench.redaction.hostile_windows import hostile_windows, search_window

SEED = 7
SHOWN = 12


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int, nargs="?", default=100_000)
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()
    slowest = list[tuple[float, int, str, str]]()
    begin = time.monotonic()
    for number, (unit, window) in enumerate(hostile_windows(random.Random(options.seed), options.count)):
        for kind in ("code", "data"):
            start = time.process_time()
            search_window(window, kind)
            entry = (time.process_time() - start, number, unit, kind)
            heapq.heappush(slowest, entry) if len(slowest) < SHOWN else heapq.heappushpop(slowest, entry)
    print(f"{options.count} windows of 4,086 characters, {time.monotonic() - begin:.0f} s")
    for seconds, number, unit, kind in sorted(slowest, reverse=True):
        print(f"{1000 * seconds:8.1f} ms  window {number}, as {kind}: {unit!r}")


if __name__ == "__main__":
    main()
