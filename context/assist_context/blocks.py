"""A document in blocks, so that an edit asks again about few of them.

A block is a run of top-level nodes without a blank line in between, in whole lines: no comment is parted
from its definition, and what a block says depends on no other, but for names that are assigned again.
It knows spans of bytes and outlines; no trees, no text.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain

from assist_context.grammars import Mark, Match, Reading, Span
from assist_context.imports import Import
from assist_context.places import Key
from assist_context.references import Reference
from assist_context.source import Source
from assist_context.symbols import Definition, Outline, Symbols

Node = tuple[
    int, int, int, int
]  # the first byte, the one after the last, the kind, and how many nodes it holds


@dataclass(slots=True)
class Block:
    """The bytes of some lines, the first of them being `line` (from 1), and what is known of them.

    `shape` is what its top-level nodes are, counted from `start`.

    `reading` is what the query gave, until `found` is made of it; `hits` are the keys of `found` that
    the blocks above had said, `count` the number of matches and marks.
    """

    start: int
    end: int
    line: int
    shape: list[Node]
    found: Outline | None = None
    hits: frozenset[Key] = frozenset()
    count: int = 0
    reading: Reading | None = None


@dataclass(slots=True)
class Touched:
    """How much of a text of `size` bytes stayed as it was: so many bytes at its head and its tail."""

    size: int = 0
    head: int = 0
    tail: int = 0

    def edit(self, start: int, size: int, end: int) -> None:
        """The bytes from `start` to `end` of the text, of `size` bytes now, are replaced."""
        self.head, self.tail = min(self.head, start), min(self.tail, size - end)


def laid(source: Source, nodes: Iterable[Node]) -> list[Block]:
    """The blocks of a text, from its top-level nodes in order."""
    blocks: list[Block] = []
    starts, data, last = source.starts, source.data, -1
    for start, end, kind, count in nodes:
        first, ends = source.line(start), source.line(max(start, end - 1))
        stop = starts[ends] if ends < len(starts) else len(data)
        if blocks and first < last + 2:
            blocks[-1].end = max(blocks[-1].end, stop)
        else:
            blocks.append(Block(starts[first - 1], stop, first, []))
        origin = blocks[-1].start
        blocks[-1].shape.append((start - origin, end - origin, kind, count))
        last = max(last, ends)
    return blocks


def keep(old: list[Block], new: list[Block], touched: Touched, size: int, changed: list[Span]) -> None:
    """Give the new blocks what the old ones knew, where neither the text nor its tree has changed.

    `size` is that of the new text; `changed` are its spans where the tree is another, in order.
    """
    known: dict[Span, Block] = {}
    for each in old:
        if each.end <= touched.head:
            known[each.start, each.end] = each
        elif each.start >= touched.size - touched.tail:
            known[each.start + size - touched.size, each.end + size - touched.size] = each
    ends = [end for _, end in changed]
    for block in new:
        was = known.get((block.start, block.end))
        near = bisect_left(ends, block.start)
        touched_here = near < len(ends) and changed[near][0] <= block.end
        if was and was.found and was.shape == block.shape and not touched_here:
            block.found = moved(was.found, block.line - was.line)
            block.hits, block.count = was.hits, was.count


def shared(blocks: list[Block], reading: Reading) -> bool:
    """Give each match and mark to the block it stands in; False if one reaches out of its block."""
    starts = [each.start for each in blocks]
    matches, marks = [list[Match]() for _ in blocks], [list[Mark]() for _ in blocks]

    def place(first: int, last: int) -> int | None:
        """The block of a span, -1 if it is ahead of all or behind them, `None` if it reaches out."""
        if last <= starts[0] or first >= blocks[-1].end:
            return -1
        found = bisect_right(starts, first) - 1
        return found if found >= 0 and last <= blocks[found].end else None

    for match in reading.matches:
        spans = [span for spans in match[1].values() for span in spans]
        at = place(min(spans)[0], max(end for _, end in spans))
        if at is None:
            return False
        if at >= 0:
            matches[at].append(match)
    for mark in reading.marks:
        at = place(mark[0], mark[1])
        if at is None:
            return False
        if at >= 0:
            marks[at].append(mark)
    for block, own, some in zip(blocks, matches, marks, strict=True):
        block.reading, block.count = Reading(tuple(own), tuple(some)), len(own) + len(some)
    return True


def joined(blocks: list[Block]) -> Symbols:
    """What all blocks say, which must be known."""
    found = [each.found for each in blocks if each.found]
    return Symbols(
        tuple(chain.from_iterable(each.definitions for each in found)),
        tuple(chain.from_iterable(each.references for each in found)),
        tuple(chain.from_iterable(each.imports for each in found)),
    )


def moved(found: Outline, by: int) -> Outline:
    """An outline so many lines further down."""
    if not by:
        return found
    return Outline(
        tuple(
            Definition(d.name, d.kind, d.start_line + by, d.end_line + by, d.signature, d.parent, d.doc)
            for d in found.definitions
        ),
        tuple(Reference(each.name, each.line + by, each.inside) for each in found.references),
        tuple(Import(each.module, each.names, each.line + by, each.level) for each in found.imports),
        found.keys,
    )
