"""How many developers a machine serves: what an hour of typing costs, over what it does in an hour.

    busy seconds of an hour = uncached prompt tokens / reading speed + generated tokens / writing speed
    developers = busiest share * 3600 / busy seconds

Reading and writing speeds are a machine's totals over all its requests. The busiest share leaves room so that
few requests wait: `waiting` simulates that, with requests at random moments.
"""

import heapq
import random
from collections.abc import Sequence
from dataclasses import dataclass

SHARE = 0.6  # of a machine's time: at this load 95 of 100 requests wait less than a request takes


@dataclass(frozen=True, slots=True)
class Demand:
    """What one developer costs in an hour of typing: requests, tokens not in the cache, tokens written."""

    requests: float
    read: float
    written: float


@dataclass(frozen=True, slots=True)
class Machine:
    """Tokens a second that a machine reads and writes in all, and requests that it works on at once."""

    name: str
    reads: float
    writes: float
    at_once: int


def developers(demand: Demand, machine: Machine) -> float:
    """Return how many developers type at the same time on a machine that is busy for `SHARE` of it.

    >>> developers(Demand(100, 36_000, 3_600), Machine("x", 1_000, 1_000, 1)) > 50
    True
    """
    seconds = demand.read / machine.reads + demand.written / machine.writes
    return SHARE * 3600 / seconds


def waiting(
    costs: Sequence[tuple[int, int]],
    demand: Demand,
    machine: Machine,
    count: int,
    seconds: float = 600.0,
    seed: int = 1,
) -> list[float]:
    """Return the seconds from request to answer of `count` developers, in a virtual run.

    `costs` are (tokens read, tokens written) of measured requests, drawn at random; requests come at random
    moments. Prompts are read one after the other at full speed; each request then writes in a place of its
    own, at that place's share of the speed.
    """
    rng = random.Random(seed)
    rate = count * demand.requests / 3600
    places = [0.0] * machine.at_once  # when each is free
    heapq.heapify(places)
    writes = machine.writes / machine.at_once
    now = 0.0
    reader = 0.0
    took: list[float] = []
    while now < seconds:
        now += rng.expovariate(rate)
        read, written = rng.choice(costs)
        reader = max(now, reader) + read / machine.reads
        end = max(reader, heapq.heappop(places)) + written / writes
        heapq.heappush(places, end)
        took.append(end - now)
    return took
