"""A document divided into blocks, so that after an edit only a few of them are queried again.

A block is a run of nodes without a blank line in between, in whole lines, so that a comment stays with its
definition. The nodes are the top-level ones; a long node is replaced by the nodes in it, and the block in
which it begins is queried again after each edit inside it. What a block contains depends on other blocks
only by the names that are assigned again, and by the scopes around it.
This module knows spans of bytes and outlines, but no trees and no text.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from itertools import chain
from typing import NamedTuple

from assist_context.code.definitions import DefinitionKey, EnclosingScopes, shift_scopes
from assist_context.code.imports import Import
from assist_context.code.symbols import Definition, Outline, Reference, Symbols
from assist_context.code.trees.grammars import DOCS, ByteSpan, Mark, QueryMatch, Reading
from assist_context.code.trees.source_text import Source


class Node(NamedTuple):
    """A piece of the tree that is not divided further: its bytes, its kind, and how many nodes it `holds`.

    `above` are the kinds of the long nodes around it. `upto` is where the last long node ends that begins
    with it, 0 for none. It is not `free` if no block may begin there, as in the head of a long node.
    """

    start: int
    end: int
    kind: int
    holds: int
    above: tuple[int, ...] = ()
    upto: int = 0
    free: bool = True


NodeShape = tuple[int, int, int, int, tuple[int, ...]]  # a node, relative to the start of its block
VisibleScopes = tuple[object, ...]  # the part of an `EnclosingScopes` that matters to a block


@dataclass(slots=True)
class SyntaxBlock:
    """The bytes of some lines, starting at `line` (from 1), and what is known about them.

    `reach` is where the last long node ends that begins in the block, or else the block's own end. `reading`
    is the result of the query, until `outline` is made from it. `hits` are the keys of `outline` that the
    blocks above also have, `seen` the scopes around it then, `count` the number of matches and marks.
    """

    start: int
    end: int
    line: int
    reach: int
    shape: list[NodeShape]
    outline: Outline | None = None
    hits: frozenset[DefinitionKey] = frozenset()
    seen: VisibleScopes = ()
    count: int = 0
    reading: Reading | None = None

    def extend(self, end: int, upto: int) -> None:
        """Takes in a node whose lines end at `end`."""
        self.end = max(self.end, end)
        self.reach = max(self.reach, self.end, upto)

    def set_reading(self, reading: Reading) -> None:
        """Records what the query found in this block."""
        self.reading = reading
        self.count = len(reading.matches) + len(reading.marks)

    def set_outline(
        self, outline: Outline, before: AbstractSet[DefinitionKey], visible: VisibleScopes
    ) -> None:
        """Records the outline that was made from the reading, which is dropped."""
        self.outline = outline
        self.hits = outline.keys & before
        self.seen = visible
        self.reading = None

    def copy_answer(self, other: "SyntaxBlock", outline: Outline) -> None:
        """Takes over what is known about the same block of the text before an edit, with a moved outline."""
        self.outline = outline
        self.hits = other.hits
        self.seen = other.seen
        self.count = other.count


# Captures that identify a match, so they must be in the block of their match.
_NAMING = frozenset(
    {"name", "path", "module"} | {f"module.{how}" for how in ("dots", "path", "tree", "file", "beside")}
)


@dataclass(slots=True)
class EditExtent:
    """The unchanged part of a text of `size` bytes: so many bytes at its head and its tail."""

    size: int = 0
    head: int = 0
    tail: int = 0

    def edit(self, start: int, size: int, end: int) -> None:
        """The bytes from `start` to `end` of the text, which has `size` bytes now, are replaced."""
        self.head = min(self.head, start)
        self.tail = min(self.tail, size - end)


def lay_out(source: Source, nodes: Iterable[Node]) -> list[SyntaxBlock]:
    """Divides a text into blocks, from its nodes in order."""
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
        else:
            block = SyntaxBlock(starts[first - 1], stop, first, 0, [])
            blocks.append(block)
        block.extend(stop, upto)
        origin = block.start
        block.shape.append((start - origin, end - origin, kind, holds, above))
        last = max(last, ends)
    return blocks


def keep_unchanged(
    old: list[SyntaxBlock], new: list[SyntaxBlock], edit: EditExtent, size: int, changes: list[ByteSpan]
) -> None:
    """Copies what the old blocks know to new blocks whose text and tree have not changed.

    `size` is the size of the new text; `changes` are its spans where the tree is different, in order.
    """
    old_blocks: dict[ByteSpan, SyntaxBlock] = {}
    for block in old:
        if block.reach <= edit.head:
            old_blocks[block.start, block.end] = block
        elif block.start >= edit.size - edit.tail:
            old_blocks[block.start + size - edit.size, block.end + size - edit.size] = block
    ends = [end for _, end in changes]
    for block in new:
        was = old_blocks.get((block.start, block.end))
        if block.outline or not was or not was.outline or was.reach - was.start != block.reach - block.start:
            continue
        near = bisect_left(ends, block.start)
        touched_here = near < len(ends) and changes[near][0] <= block.reach
        if was.shape == block.shape and not touched_here:
            outline = move_outline(was.outline, block.line - was.line)
            by = block.start - was.start
            if by:
                outline = replace(outline, open=shift_scopes(outline.open, by))
            block.copy_answer(was, outline)


def visible_scopes(around: EnclosingScopes, block: SyntaxBlock) -> VisibleScopes:
    """The part of the scopes around a block that matters to it: no position beyond its reach."""

    def ends(end: int) -> int:
        return end - block.start if end < block.reach else -1

    return (
        tuple([(ends(end), function) for _, end, function in around.extents]),
        tuple([(ends(p.end), p.qualified, p.name, p.kind, p.holds_members) for p in around.stack]),
        tuple([(ends(p.end), p.qualified) for p in around.shown]),
    )


def share_reading(blocks: list[SyntaxBlock], some: ByteSpan, reading: Reading) -> bool:
    """Gives each of some blocks the matches and marks that begin in it; False if one reaches out of its
    block.

    `some` are the index of the first of these blocks and the index after the last. A match may reach into a
    long node that begins in its block, as the end of a class does.
    """
    starts = [block.start for block in blocks]
    matches = [list[QueryMatch]() for _ in range(*some)]
    marks = [list[Mark]() for _ in range(*some)]

    def block_of(first: int, last: int, inner: int) -> int | None:
        """The index of a span's block in `some`; -1 for another block, `None` if the span reaches out.

        `inner` must be in the block itself.
        """
        index = bisect_right(starts, first) - 1
        if index < 0 or last > blocks[index].reach or inner >= blocks[index].end:
            return None
        return index - some[0] if index < some[1] else -1

    for match in reading.matches:
        captures = match[1]
        spans = [span for spans in captures.values() for span in spans]
        first = min(spans)[0]
        name_spans = (spans[0] for name, spans in captures.items() if name in _NAMING)
        at = block_of(
            first, max([end for _, end in spans]), max([start for start, _ in name_spans], default=first)
        )
        if at is None:
            return False
        if at >= 0:
            matches[at].append(match)
    for mark in reading.marks:
        at = block_of(mark[0], mark[1], mark[1] - 1 if mark[2] in DOCS else mark[0])
        if at is None:
            return False
        if at >= 0:
            marks[at].append(mark)
    for block, own_matches, own_marks in zip(blocks[slice(*some)], matches, marks, strict=True):
        block.set_reading(Reading(tuple(own_matches), tuple(own_marks)))
    return True


def join_outlines(blocks: list[SyntaxBlock]) -> Symbols:
    """The symbols of all blocks, whose outlines must be known."""
    outlines = [block.outline for block in blocks if block.outline]
    return Symbols(
        tuple(chain.from_iterable(outline.definitions for outline in outlines)),
        tuple(chain.from_iterable(outline.references for outline in outlines)),
        tuple(chain.from_iterable(outline.imports for outline in outlines)),
    )


def move_outline(outline: Outline, by: int) -> Outline:
    """An outline, so many lines further down."""
    if not by:
        return outline
    return Outline(
        tuple(
            Definition(d.name, d.kind, d.start_line + by, d.end_line + by, d.signature, d.parent, d.doc)
            for d in outline.definitions
        ),
        tuple(
            Reference(reference.name, reference.line + by, reference.inside)
            for reference in outline.references
        ),
        tuple(
            Import(import_.module, import_.names, import_.line + by, import_.level)
            for import_ in outline.imports
        ),
        outline.keys,
        outline.open,
    )
