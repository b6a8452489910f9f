"""Which files matter most for the files at work, and a map of their definitions within a budget.

This module reads no file and no index: the caller provides links, outlines and the lines to show.
"""

import math
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from operator import itemgetter
from typing import Protocol

import numpy as np
import numpy.typing as npt

from assist_context.index.reader import IndexedDefinition, ReferenceSite

PRECISE = 1e-6  # of a total of 1: the ranks are final once a step moves less
MOST_STEPS = 100  # 0.85 ** 100 is 1e-7: more steps change nothing
MOST_MAPPED = 300  # files whose outlines are read: a map holds fewer than a hundred
MOST_REFERENCES = 50  # of a name: a name with more is a common word
NO_ROOM = 20  # a map is full after so many definitions in a row did not fit

SCALE = 2.0**30  # the greatest weight, as a whole number: 2 ** 23 such numbers add up exactly

_Indexes = npt.NDArray[np.int64]
_Numbers = npt.NDArray[np.float64]


class Outlines(Protocol):
    """What a map needs from the index."""

    def outline(self, path: str) -> tuple[IndexedDefinition, ...]: ...

    def references(self, name: str, limit: int = 200) -> tuple[ReferenceSite, ...]: ...


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """Which file refers to which: each pair once, as indexes into `paths`, ordered by the defining file."""

    paths: tuple[str, ...]
    sources: _Indexes
    targets: _Indexes
    weights: _Numbers


@dataclass(frozen=True, slots=True)
class MapBudget:
    """The size of a map: characters of paths and lines with their ends, and lines.

    A path counts as a line.
    """

    characters: int
    lines: int


@dataclass(frozen=True, slots=True)
class Head:
    """The first lines of a definition, as text; the line counts from 1."""

    start_line: int
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class MappedFile:
    """One file of a map, with its heads in the order of the file."""

    path: str
    rank: float
    heads: tuple[Head, ...]


def graph_of(links: Iterable[tuple[str, str, float]]) -> Graph:
    """The graph of links (referring file, defining file, weight), in any order.

    Several links of a pair add up. Links of a file to itself, and weights that are not finite and above 0,
    are ignored. For a million links this takes most of the time; `rank_files` is twenty times faster.
    """
    rows = [row for row in links if 0 < row[2] < math.inf]
    names = sorted({*map(itemgetter(0), rows), *map(itemgetter(1), rows)})
    numbers = {name: number for number, name in enumerate(names)}
    sources = np.fromiter(map(numbers.__getitem__, map(itemgetter(0), rows)), np.int64, len(rows))
    targets = np.fromiter(map(numbers.__getitem__, map(itemgetter(1), rows)), np.int64, len(rows))
    weights = np.fromiter(map(itemgetter(2), rows), np.float64, len(rows))
    # Sums of whole numbers are exact, so that the order of the links does not change the last digit.
    weights = np.maximum(1, np.rint(weights / weights.max(initial=0.0) * SCALE)) if rows else weights
    others = sources != targets
    keys = (targets * len(names) + sources)[others]
    weights = weights[others]
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    weights = weights[order]
    firsts = np.flatnonzero(np.diff(keys, prepend=-1))
    sums = np.add.reduceat(weights, firsts) if len(firsts) else weights
    many = max(1, len(names))
    return Graph(tuple(names), keys[firsts] % many, keys[firsts] // many, sums)


def rank_files(graph: Graph, favoured: Mapping[str, float], damping: float = 0.85) -> dict[str, float]:
    """The rank of each file in the graph and of each favoured file; the sum is 1.

    A rank is the share of time that a random walk spends at a file. It follows links by their weight; with
    1 - `damping` at each step, or if there is no link, it jumps to one of the favoured files (to any file, if
    none is favoured).
    """
    liked = {path: weight for path, weight in favoured.items() if 0 < weight < math.inf}
    known = set(graph.paths)
    paths = (*graph.paths, *sorted(path for path in liked if path not in known))
    if not paths:
        return {}
    start = np.array([liked.get(path, 0.0) if liked else 1.0 for path in paths])
    ranks = _walk(graph, start / start.sum(), damping)
    return dict(zip(paths, ranks.tolist(), strict=True))


def _walk(graph: Graph, start: _Numbers, damping: float) -> _Numbers:
    """Power iteration; a step is one gather and one sum over the pairs."""
    many = len(start)
    outgoing = np.bincount(graph.sources, graph.weights, many)
    shares = graph.weights / outgoing[graph.sources]
    dangling = outgoing == 0
    ranks = start
    for _ in range(MOST_STEPS):
        arriving = np.bincount(graph.targets, ranks[graph.sources] * shares, many)
        stepped = damping * (arriving + ranks[dangling].sum() * start) + (1 - damping) * start
        moved = np.abs(stepped - ranks).sum()
        ranks = stepped
        if moved < PRECISE:
            break
    return ranks


def repo_map(
    ranks: Mapping[str, float],
    index: Outlines,
    heads: Callable[[IndexedDefinition], str | None],
    budget: MapBudget,
    without: Collection[str] = (),
) -> tuple[MappedFile, ...]:
    """The definitions that matter most, by file, best file first; files in `without` are left out.

    A definition's worth is its file's rank, divided in proportion to how many other files refer to it. The
    best are taken one by one while they fit, each with the heads of the definitions around it. The cost of
    each is known at once, so a single pass fills the budget; a search for the right number of definitions
    would have to lay out the map at each try. `heads` is called only for what may be shown; None leaves the
    definition out.
    """
    room = _MapRoom(budget, heads)
    best = sorted((path for path in ranks if path not in without), key=lambda path: (-ranks[path], path))
    worth: list[tuple[float, str, int, IndexedDefinition, tuple[IndexedDefinition, ...]]] = []
    for path in best[:MOST_MAPPED]:
        outline = index.outline(path)
        counts = [_count_users(index, definition) for definition in outline]
        total = sum(counts)
        named = {definition.qualified: definition for definition in reversed(outline)}
        for definition, count in zip(outline, counts, strict=True):
            if count:
                share = ranks[path] * count / total
                worth.append((-share, path, definition.start_line, definition, _enclosing(definition, named)))
    refused = 0
    for _, path, _, definition, enclosing in sorted(worth, key=lambda row: (*row[:3], row[3].name)):
        refused = 0 if room.take(path, (*enclosing, definition)) else refused + 1
        if refused == NO_ROOM:
            break
    return tuple(
        MappedFile(path, ranks[path], tuple(room.taken[path][key] for key in sorted(room.taken[path])))
        for path in best
        if path in room.taken
    )


def _count_users(index: Outlines, definition: IndexedDefinition) -> int:
    """How many other files use the name."""
    return len({site.path for site in index.references(definition.name, MOST_REFERENCES)} - {definition.path})


def _enclosing(
    definition: IndexedDefinition, named: Mapping[str, IndexedDefinition]
) -> tuple[IndexedDefinition, ...]:
    """The definitions around one, outermost first, as far as the outline has them."""
    parts = definition.parent.split(".") if definition.parent else []
    above = (named.get(".".join(parts[: deep + 1])) for deep in range(len(parts)))
    return tuple(
        heading
        for heading in above
        if heading and heading.start_line <= definition.start_line <= heading.end_line
    )


class _MapRoom:
    """What is left of a budget while a map fills it, and what was taken."""

    def __init__(self, budget: MapBudget, heads: Callable[[IndexedDefinition], str | None]) -> None:
        self.characters = budget.characters
        self.lines = budget.lines
        self.heads = heads
        self.taken: dict[str, dict[tuple[int, str], Head]] = {}

    def take(self, path: str, wanted: tuple[IndexedDefinition, ...]) -> bool:
        """Takes the missing heads, all or none; returns False if they did not fit."""
        if self.lines < 1 or self.characters < 1:
            return False
        there = self.taken.get(path, {})
        new: dict[tuple[int, str], Head] = {}
        for definition in wanted:
            key = (definition.start_line, definition.name)
            if key in there:
                continue
            text = self.heads(definition)
            if text is None:
                return True
            new[key] = Head(definition.start_line, definition.name, text)
        texts = [head.text for head in new.values()] + ([] if there else [path])
        characters = sum(len(text) + 1 for text in texts)
        lines = sum(text.count("\n") + 1 for text in texts)
        if characters > self.characters or lines > self.lines:
            return False
        if new:
            self.characters -= characters
            self.lines -= lines
            self.taken[path] = there | new
        return True
