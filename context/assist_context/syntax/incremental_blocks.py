"""A document in blocks, so that an edit asks again about few of them.

A block is a run of nodes without a blank line in between, in whole lines: no comment is parted from its
definition. The nodes are top-level ones, and in place of a long one what is in it; the block in which a
long node begins is asked about again with each edit inside of that node. What a block says depends on
others only by the names that are assigned again, and by what is around it.
It knows spans of bytes and outlines; no trees, no text.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import chain
from typing import NamedTuple

from assist_context.syntax.definitions import EnclosingScopes, Key, shifted
from assist_context.syntax.grammars import DOCS, Mark, Match, Reading, Span
from assist_context.syntax.imports import Import
from assist_context.syntax.source_text import Source
from assist_context.syntax.symbols import Definition, Outline, Reference, Symbols


class Node(NamedTuple):
    """A piece of the tree that is not looked into: its bytes, its kind, and how many nodes it `holds`.

    `above` are the kinds of the long nodes that it is in, `upto` is where the last of those ends that begin
    with it, 0 for none. It is not `free` where no block may begin: in the head of a long node.
    """

    start: int
    end: int
    kind: int
    holds: int
    above: tuple[int, ...] = ()
    upto: int = 0
    free: bool = True


Shape = tuple[int, int, int, int, tuple[int, ...]]  # a node, from the start of its block
Seen = tuple[object, ...]  # what of an `EnclosingScopes` makes a difference for a block


@dataclass(slots=True)
class SyntaxBlock:
    """The bytes of some lines, the first of them being `line` (from 1), and what is known of them.

    `reach` is where the last long node ends that begins in it, or else its own end.
    `reading` is what the query gave, until `found` is made of it; `hits` are the keys of `found` that
    the blocks above had said, `seen` what was around it, `count` the number of matches and marks.
    """

    start: int
    end: int
    line: int
    reach: int
    shape: list[Shape]
    found: Outline | None = None
    hits: frozenset[Key] = frozenset()
    seen: Seen = ()
    count: int = 0
    reading: Reading | None = None


# Captures by which matches are put together, so that they must stand in the block of their match.
_NAMING = frozenset(
    {"name", "path", "module"} | {f"module.{how}" for how in ("dots", "path", "tree", "file", "beside")}
)


@dataclass(slots=True)
class EditExtent:
    """How much of a text of `size` bytes stayed as it was: so many bytes at its head and its tail."""

    size: int = 0
    head: int = 0
    tail: int = 0

    def edit(self, start: int, size: int, end: int) -> None:
        """The bytes from `start` to `end` of the text, of `size` bytes now, are replaced."""
        self.head, self.tail = min(self.head, start), min(self.tail, size - end)


def laid(source: Source, nodes: Iterable[Node]) -> list[SyntaxBlock]:
    """The blocks of a text, from its nodes in order."""
    blocks: list[SyntaxBlock] = []
    starts = source.starts
    data = source.data
    last = -1
    for start, end, kind, holds, above, upto, free in nodes:
        first = bisect_right(starts, start)
        ends = first if end <= start else bisect_right(starts, end - 1, first - 1)
        stop = starts[ends] if ends < len(starts) else len(data)
        if blocks and (first < last + 2 or not free):
            block = blocks[-1]
            block.end = max(block.end, stop)
        else:
            block = SyntaxBlock(starts[first - 1], stop, first, 0, [])
            blocks.append(block)
        block.reach = max(block.reach, block.end, upto)
        origin = block.start
        block.shape.append((start - origin, end - origin, kind, holds, above))
        last = max(last, ends)
    return blocks


def keep(
    old: list[SyntaxBlock], new: list[SyntaxBlock], touched: EditExtent, size: int, changed: list[Span]
) -> None:
    """Give new blocks that know nothing what the old ones knew, where neither text nor tree has changed.

    `size` is that of the new text; `changed` are its spans where the tree is another, in order.
    """
    known: dict[Span, SyntaxBlock] = {}
    for each in old:
        if each.reach <= touched.head:
            known[each.start, each.end] = each
        elif each.start >= touched.size - touched.tail:
            known[each.start + size - touched.size, each.end + size - touched.size] = each
    ends = [end for _, end in changed]
    for block in new:
        was = known.get((block.start, block.end))
        if block.found or not was or not was.found or was.reach - was.start != block.reach - block.start:
            continue
        near = bisect_left(ends, block.start)
        touched_here = near < len(ends) and changed[near][0] <= block.reach
        if was.shape == block.shape and not touched_here:
            found = moved(was.found, block.line - was.line)
            by = block.start - was.start
            block.found = replace(found, open=shifted(found.open, by)) if by else found
            block.hits, block.seen, block.count = was.hits, was.seen, was.count


def seen(around: EnclosingScopes, block: SyntaxBlock) -> Seen:
    """What of that which is around a block makes a difference for it: no place that is beyond its reach."""

    def ends(end: int) -> int:
        return end - block.start if end < block.reach else -1

    return (
        tuple([(ends(end), function) for _, end, function in around.extents]),
        tuple([(ends(p.end), p.qualified, p.name, p.kind, p.holds_members) for p in around.stack]),
        tuple([(ends(p.end), p.qualified) for p in around.shown]),
    )


def shared(blocks: list[SyntaxBlock], some: Span, reading: Reading) -> bool:
    """Give some blocks each match and mark that begins in them; False if one reaches out of its block.

    `some` is the place of the first of those blocks and of the one after the last. A match may reach into
    a long node that begins in its block, as the end of a class does.
    """
    starts = [each.start for each in blocks]
    matches, marks = [list[Match]() for _ in range(*some)], [list[Mark]() for _ in range(*some)]

    def place(first: int, last: int, inner: int) -> int | None:
        """The block of a span among some, negative if it is another, `None` if it reaches out.

        `inner` must stand in the block itself.
        """
        found = bisect_right(starts, first) - 1
        if found < 0 or last > blocks[found].reach or inner >= blocks[found].end:
            return None
        return found - some[0] if found < some[1] else -1

    for match in reading.matches:
        captures = match[1]
        spans = [span for spans in captures.values() for span in spans]
        first = min(spans)[0]
        named = (spans[0] for what, spans in captures.items() if what in _NAMING)
        at = place(first, max([end for _, end in spans]), max([start for start, _ in named], default=first))
        if at is None:
            return False
        if at >= 0:
            matches[at].append(match)
    for mark in reading.marks:
        at = place(mark[0], mark[1], mark[1] - 1 if mark[2] in DOCS else mark[0])
        if at is None:
            return False
        if at >= 0:
            marks[at].append(mark)
    for block, own, told in zip(blocks[slice(*some)], matches, marks, strict=True):
        block.reading = Reading(tuple(own), tuple(told))
        block.count = len(own) + len(told)
    return True


def joined(blocks: list[SyntaxBlock]) -> Symbols:
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
        found.open,
    )
