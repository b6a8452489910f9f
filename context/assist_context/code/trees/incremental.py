"""The syntax tree of one open document, updated with its edits, and the symbols of the document.

An edit only changes bytes. The next request for symbols parses with the old tree, and runs the query on the
changed blocks alone (`incremental_blocks`); in a long class, on the changed member. The result equals that of
a full query over the same tree, which for sound code is that of `symbols.symbols`. In code with errors an
updated tree may differ from a fresh one, because grammars recover from errors in more than one way; the next
sound text ends that. It knows no files and no editor. A tree may be used by one thread at a time. Together
with `grammars` and `fragments` this is the only door to tree-sitter.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice

import tree_sitter

from assist_context.code.definitions import NO_SCOPES, DefinitionKey, EnclosingScopes, scopes_below
from assist_context.code.symbols import Symbols, outline
from assist_context.code.trees import grammars, incremental_blocks
from assist_context.code.trees.grammars import Reading
from assist_context.code.trees.incremental_blocks import EditExtent, Node, SyntaxBlock, VisibleScopes
from assist_context.code.trees.source_text import Source, equal_ends, normalize_line_ends
from assist_context.documents import Cursor
from assist_context.languages import ECMASCRIPT, Language

# The GIL is held during a parse, so a keystroke may wait as long: about a frame. A character in 5,000 lines
# of Python takes 1 ms, a quote that opens a string 12 ms, the first parse 16 ms.
MICROSECONDS = 20_000
BATCH_BYTES = 8_192  # of blocks queried at once: each query walks past all nodes before them
# Grammars that do not get the old tree. After random edits, 1 in 600 sound texts in Swift had a different
# tree than a fresh parse, and so had JavaScript after a comment; TypeScript's grammars have the same rules.
# No other grammar had one in 10,000 texts. A fresh parse takes 0.14 ms a kB.
FRESH = frozenset({"swift", *ECMASCRIPT})
# A node of more bytes is divided. A character in 450 kB of long classes takes 4.6 ms; with 2,048 it takes
# 7.7 ms, as there are more nodes, and 27 ms if no node is divided. To query so many bytes takes 0.5 ms.
LONG = 8_192
MAX_OPEN = 16  # nested long nodes; a sum of many terms is a thousand deep
# The children of a divided node have on average at least this share of LONG: 24 bytes. A table of 7,000 words
# takes longer to divide than to query.
SHARE = 3 / 1_024
BODY = 0.75  # a child is the body if it has this share of a node
MAX_BYTES = 1_000_000  # as for indexed files; more is data


@dataclass(slots=True)
class EditedTree:
    """A tree with the edits since it was parsed, its blocks, and which bytes the edits left unchanged."""

    tree: tree_sitter.Tree
    blocks: list[SyntaxBlock]
    touched: EditExtent


@dataclass(frozen=True, slots=True)
class _Limits:
    """Limits of time and size for a tree, as for `OpenTree`."""

    microseconds: int
    most: int
    long: int
    clock: grammars.Clock


class OpenTree:
    """The tree of one document while it is open. It is parsed when it is first needed.

    A call of `symbols` parses for at most `microseconds`, and then queries for as long and one block more. A
    parse that takes `most` microseconds of processor time over all calls, by `clock`, is given up.
    A node of more than `long` bytes is divided, so that an edit in it queries only a part of it.
    `reread` is the number of bytes that the last call queried.
    """

    def __init__(
        self,
        language: Language,
        lines: Iterable[str],
        microseconds: int = MICROSECONDS,
        most: int = grammars.PARSE_MICROSECONDS,
        long: int = LONG,
        clock: grammars.Clock = time.thread_time,
    ) -> None:
        self.reread = 0
        self._language = language
        self._grammar = language.grammar or language.outline
        self._limits = _Limits(microseconds, most, long, clock)
        self._raw = "".join(lines).encode("utf-8", "replace")
        self._source = Source(normalize_line_ends(self._raw))
        self._parser: tree_sitter.Parser | None = None
        self._last_tree: EditedTree | None = None
        self._last_sound: EditedTree | None = None  # once an error is fixed, most is as it was before it
        self._parsed = False  # whether `_last_tree` is of the current text
        self._spent = 0.0  # seconds of processor time, on parses of the current text
        self._last = Symbols()
        self._answered = False  # whether `_last` is of the current text

    @property
    def sound(self) -> bool:
        """Return whether there is a tree of the current text, without errors."""
        tree = self._last_tree
        return self._parsed and tree is not None and not tree.tree.root_node.has_error

    def edit(self, start: Cursor, end: Cursor, text: str) -> None:
        """Replaces the text between two positions by `text`; a position beyond the document is its end."""
        first = self._byte(start)
        self._splice(first, max(first, self._byte(end)), text.encode("utf-8", "replace"))

    def replace(self, text: str) -> None:
        """Takes `text` as the whole document; equal lines at both ends count as not edited."""
        old = self._raw
        new = text.encode("utf-8", "replace")
        head, tail = equal_ends(old, new)
        if old != new:
            self._splice(head, len(old) - tail, new[head : len(new) - tail])

    def symbols(self) -> Symbols:
        """Return what the document defines, refers to and imports.

        If the time runs out, the result is `partial`: it is the last complete one, and the next call goes on.
        """
        self.reread = 0
        if self._answered:
            return self._last
        if problem := self._problem():
            return Symbols(problem=problem)
        if not self._parsed and not self._parse():
            return replace(self._last, partial=True)
        symbols = self._join_blocks() if _has_rooted_patterns(self._grammar) else self.whole()
        if symbols is None:
            return replace(self._last, partial=True)
        self._last = symbols
        self._answered = True
        return symbols

    def whole(self) -> Symbols:
        """The same, from a query over all of the last tree, without using what is known of its blocks."""
        if self._last_tree is None:
            return Symbols()
        self.reread = len(self._raw)
        reading = grammars.matches(self._grammar, self._last_tree.tree.root_node, self._source.data)
        result = outline(self._source, reading)
        return Symbols(
            result.definitions, result.references, result.imports, reading.partial, reading.problem
        )

    def _byte(self, cursor: Cursor) -> int:
        starts = self._source.starts
        if cursor.line >= len(starts):
            return len(self._raw)
        line = self._raw[
            starts[cursor.line] : (*starts[cursor.line + 1 : cursor.line + 2], len(self._raw))[0]
        ]
        return starts[cursor.line] + len(line.decode()[: cursor.column].encode())

    def _splice(self, start: int, end: int, piece: bytes) -> None:
        if start and self._raw[start - 1 : start] == b"\r":  # the next byte decides whether it ends a line
            start -= 1
            piece = b"\r" + piece
        old = self._source
        size = len(self._raw)
        stop = start + len(piece)
        self._raw = self._raw[:start] + piece + self._raw[end:]
        self._source = old.splice(start, end, normalize_line_ends(self._raw[start : stop + 1])[: len(piece)])
        points = old.point(start), old.point(end), self._source.point(stop)
        for tree in self._trees():
            tree.touched.edit(start, size, end)
            tree.tree.edit(start, end, stop, *points)
        if self._parser is not None:
            self._parser.reset()  # it may have begun to parse the old text
        self._spent = 0.0
        self._parsed = False
        self._answered = False

    def _problem(self) -> str:
        if not self._grammar:
            return f"there is no grammar for {self._language.name}"
        if isinstance(query := grammars.query(self._grammar), str):
            return query
        if len(self._raw) > MAX_BYTES:
            return f"the text has more than {MAX_BYTES} bytes"
        if self._spent * 1_000_000 > self._limits.most:
            return f"the grammar {self._grammar} took longer than {self._limits.most} µs"
        return ""

    def _parse(self) -> bool:
        """Parses, or goes on parsing, until the time is up; True with a tree of the current text."""
        self._parser = self._parser or grammars.new_parser(self._grammar, self._limits.microseconds)
        if self._parser is None:
            return False
        trees = self._trees()
        old = () if not trees or self._grammar in FRESH else (trees[0].tree,)
        start = self._limits.clock()
        try:
            tree = self._parser.parse(self._source.data, *old)
        except ValueError:  # 0.25.2 raises it at the time limit; without a reset the next parse goes on
            self._spent += self._limits.clock() - start
            return False
        new = incremental_blocks.lay_out(self._source, _nodes(tree.root_node, self._limits.long))
        size = len(self._raw)
        for old_tree in trees:
            if old_tree.tree.root_node.type == tree.root_node.type:
                ranges = [(span.start_byte, span.end_byte) for span in old_tree.tree.changed_ranges(tree)]
                incremental_blocks.keep_unchanged(old_tree.blocks, new, old_tree.touched, size, ranges)
        self._last_tree = EditedTree(tree, new, EditExtent(size, size, size))
        if not tree.root_node.has_error:
            self._last_sound = self._last_tree
        self._parsed = True
        self._spent = 0.0
        return True

    def _trees(self) -> list[EditedTree]:
        """The last tree, and the last sound one if that is a different tree."""
        both = self._last_tree, self._last_sound
        return [tree for tree in both[: 1 if both[0] is both[1] else 2] if tree]

    def _join_blocks(self) -> Symbols | None:
        """The symbols of all blocks; `None` if the time was up before all were queried."""
        until = time.monotonic() + self._limits.microseconds / 1_000_000
        before: set[DefinitionKey] = set()
        around = NO_SCOPES
        all_blocks = self._last_tree.blocks if self._last_tree else []
        last: tuple[EnclosingScopes | None, VisibleScopes] = None, ()
        for index, block in enumerate(all_blocks):
            within = around.nearest >= block.reach  # then all such blocks see the same scopes
            now = (
                last[1] if within and around is last[0] else incremental_blocks.visible_scopes(around, block)
            )
            last = (around if within else None), now
            if block.outline is None or block.seen != now or block.outline.keys & before != block.hits:
                if block.reading is None and self.reread and time.monotonic() > until:
                    return None
                if block.reading is None and not self._query(index):
                    return self.whole()
                reading = block.reading or Reading()
                block_outline = outline(self._source, reading, before, True, around, block.end)
                block.set_outline(block_outline, before, now)
            else:
                block_outline = block.outline
            before |= block_outline.keys
            around = scopes_below(around, block_outline.open, block.end)
        if sum(block.count for block in all_blocks) > grammars.MAX_MATCHES:
            return self.whole()
        return incremental_blocks.join_outlines(all_blocks)

    def _query(self, index: int) -> bool:
        """Runs the query on a block, and on the unknown ones after it."""
        if self._last_tree is None:
            return False
        all_blocks = self._last_tree.blocks
        first = all_blocks[index]
        end = first.end
        after = index + 1
        for block in islice(all_blocks, after, None):
            if block.outline or block.reading or block.end - first.start > BATCH_BYTES:
                break
            end = block.end
            after += 1
        span = first.start, end
        self.reread += span[1] - span[0]
        root = self._last_tree.tree.root_node
        reading = grammars.matches(self._grammar, root, self._source.data, span)
        return not reading.partial and incremental_blocks.share_reading(all_blocks, (index, after), reading)


def _nodes(root: tree_sitter.Node, long: int) -> list[Node]:
    """The nodes of a tree that blocks are made of; a long node is replaced by the nodes in it."""
    nodes: list[Node] = []

    def add(parent: tree_sitter.Node, above: tuple[int, ...], upto: int, free: bool) -> None:
        children = parent.children
        spans = [child.byte_range for child in children]
        head = _body_index(spans) if above else 0
        for at, (child, (start, end)) in enumerate(zip(children, spans, strict=True)):
            free = free if at == 0 else at > head
            if end - start > long and len(above) < MAX_OPEN and _is_split(child, long):
                add(child, (*above, child.kind_id), max(upto, end), free)
            else:
                nodes.append(Node(start, end, child.kind_id, child.descendant_count, above, upto, free))
            upto = 0

    add(root, (), 0, True)
    return nodes


def _is_split(node: tree_sitter.Node, long: int) -> bool:
    return 0 < node.child_count * long * SHARE <= node.end_byte - node.start_byte


def _body_index(spans: list[grammars.ByteSpan]) -> int:
    """The index of the child that is nearly all of a node, as a class's body is; 0 if there is none."""
    size = spans[-1][1] - spans[0][0]
    return next((at for at, (start, end) in enumerate(spans) if end - start > BODY * size), 0)


@lru_cache
def _has_rooted_patterns(grammar: str) -> bool:
    """Return whether no pattern of a grammar's query is about siblings, which may be in two blocks."""
    query = grammars.query(grammar)
    if isinstance(query, str):
        return False
    count: int = query.pattern_count  # type: ignore[assignment]  # a property, whatever its stub says
    return all(query.is_pattern_rooted(pattern) for pattern in range(count))
