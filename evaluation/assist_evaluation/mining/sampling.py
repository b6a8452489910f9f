"""Draws a few of many candidates so that each stratum has its share, the same few for the same seed."""

import hashlib
import random
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")


def seeded_random(seed: int, *names: str) -> random.Random:
    """A source of chance that depends on a seed and names only.

    >>> seeded_random(1, "a").random() == seeded_random(1, "a").random() != seeded_random(1, "b").random()
    True
    """
    return random.Random(f"{seed} {' '.join(names)}")  # noqa: S311  (a sample, no secret)


def task_id(kind: str, *parts: object) -> str:
    """A short name of a task that is the same on every machine."""
    text = "\0".join(map(str, parts))
    return f"{kind}-{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"


def spread(items: Sequence[T], stratum: Callable[[T], Hashable], seed: int, *names: str) -> Iterator[T]:
    """Yield the items in a drawn order in which each beginning has about the share of each stratum.

    A rare stratum comes early once: with ten items of two strata, the first two have one of each.

    >>> list(spread("aaab", str, 1, "x")).index("b") < 2
    True
    """
    rng = seeded_random(seed, *names)
    groups: dict[Hashable, list[T]] = {}
    for item in items:
        groups.setdefault(stratum(item), []).append(item)
    placed: list[tuple[float, int, T]] = []
    for number, key in enumerate(sorted(groups, key=repr)):
        own = groups[key]
        rng.shuffle(own)
        placed += [(at / len(own), number, item) for at, item in enumerate(own)]
    placed.sort(key=lambda each: each[:2])
    yield from (item for _, _, item in placed)


def at_most_per(items: Iterable[T], key: Callable[[T], Hashable], most: int) -> Iterator[T]:
    """Yield the items, but of each key only the first ones.

    >>> list(at_most_per("aabab", str, 2))
    ['a', 'a', 'b', 'b']
    """
    counted: dict[Hashable, int] = {}
    for item in items:
        name = key(item)
        counted[name] = counted.get(name, 0) + 1
        if counted[name] <= most:
            yield item
