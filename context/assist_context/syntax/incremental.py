"""The syntax tree of one open document, kept up as it is edited, and what the document defines.

With `grammars` and `parse` a door to tree-sitter. An edit costs a splice; the next question parses with
the old tree at hand and asks the query about the changed blocks alone (`blocks`), of a long class about
the changed member. The answer is that of
a full query over the same tree, which in sound code is that of `symbols.symbols`. In code with errors a
tree that grew may differ from a fresh one, as grammars recover in more than one way; the next sound
text ends that.
It knows no files and no editor. One thread at a time may use a tree.
"""

import time
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice

import tree_sitter

from assist_context.documents import Cursor
from assist_context.languages import Language
from assist_context.syntax import grammars, incremental_blocks
from assist_context.syntax.definitions import NOTHING, EnclosingScopes, Key, scopes_below
from assist_context.syntax.grammars import Reading
from assist_context.syntax.incremental_blocks import EditExtent, Node, Seen, SyntaxBlock
from assist_context.syntax.source_text import Source, normal
from assist_context.syntax.symbols import Symbols, outline

# The GIL is held while a tree is made, so a key waits as long: a frame or so. A character in 5,000 lines
# of Python takes 1 ms, a quote that opens a string 12 ms, the first parse 16 ms.
MICROSECONDS = 20_000
BATCH_BYTES = 8_192  # of blocks that are asked about at once: a query walks past all nodes ahead of them
# Grammars that are not given the old tree. After random edits 1 in 600 sound texts in Swift had another
# tree than a fresh one, and so had JavaScript behind a comment; TypeScript's are made of the same rules. Of
# the other grammars none had in 10,000. A fresh parse takes 0.14 ms a kB.
FRESH = frozenset({"swift", "javascript", "typescript", "tsx"})
# Bytes of a node that is looked into. A character in 450 kB of long classes takes 4.6 ms; with 2,048 it is
# 7.7 ms, as there are more nodes, and 27 ms where none is looked into. To ask about as many takes 0.5 ms.
LONG = 8_192
MOST_OPEN = 16  # long nodes in long nodes; a sum of many terms is a thousand deep
# Of such a node's children on average at least this share of LONG: 24 bytes. A table of 7,000 words costs
# more to look through than to ask about.
SHARE = 3 / 1_024
BODY = 0.75  # of a node is its body
MOST_BYTES = 1_000_000  # as for indexed files; more is data


@dataclass(slots=True)
class Grown:
    """A tree with the edits since it was made, its blocks, and what those edits left as it was."""

    tree: tree_sitter.Tree
    blocks: list[SyntaxBlock]
    touched: EditExtent


class OpenTree:
    """The tree of one document while it is open. It parses when it is first asked.

    A call of `symbols` parses for `microseconds` at most and then asks for as long, and a block longer;
    a parse that takes `most` of the processor over all calls, by `clock`, is given up.
    A node of more than `long` bytes is looked into, so that an edit in it asks about a part of it.
    `reread` is the number of bytes that the last call asked the query about.
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
        self._microseconds, self._most, self._long, self._clock = microseconds, most, long, clock
        self._raw = "".join(lines).encode("utf-8", "replace")
        self._source = Source(normal(self._raw))
        self._parser: tree_sitter.Parser | None = None
        self._last_grown: Grown | None = None
        self._last_sound: Grown | None = None  # where an error is mended, most is as it was ahead of it
        self._parsed = False  # it is that of the text as it is
        self._spent = 0.0  # seconds of the processor, on parses of the text as it is
        self._last = Symbols()
        self._answered = False  # `_last` is of the text as it is

    @property
    def sound(self) -> bool:
        """Whether there is a tree of the text as it is, without an error."""
        grown = self._last_grown
        return self._parsed and grown is not None and not grown.tree.root_node.has_error

    def edit(self, start: Cursor, end: Cursor, text: str) -> None:
        """Put `text` for what is between two places of the document; beyond it they are its end."""
        first = self._byte(start)
        self._splice(first, max(first, self._byte(end)), text.encode("utf-8", "replace"))

    def replace(self, text: str) -> None:
        """Take `text` for the whole document; its lines that stay at both ends count as not edited."""
        old = self._raw
        new = text.encode("utf-8", "replace")
        most = min(len(old), len(new))
        same = bisect_left(range(most), True, key=lambda size: old[: size + 1] != new[: size + 1])
        head = old.rfind(b"\n", 0, same) + 1
        same = bisect_left(
            range(most - head),
            True,
            key=lambda size: old[len(old) - size - 1 :] != new[len(new) - size - 1 :],
        )
        line = old.find(b"\n", len(old) - same)
        tail = len(old) - line - 1 if line >= 0 else 0
        if old != new:
            self._splice(head, len(old) - tail, new[head : len(new) - tail])

    def symbols(self) -> Symbols:
        """What the document defines, refers to and imports.

        `partial` if the time ran out: it is then the last whole answer, and the next call goes on.
        """
        self.reread = 0
        if self._answered:
            return self._last
        if problem := self._problem():
            return Symbols(problem=problem)
        if not self._parsed and not self._parse():
            return replace(self._last, partial=True)
        found = self._joined() if _rooted(self._grammar) else self.whole()
        if found is None:
            return replace(self._last, partial=True)
        self._last = found
        self._answered = True
        return found

    def whole(self) -> Symbols:
        """The same from a query over all of the last tree, whatever is known of its parts."""
        if self._last_grown is None:
            return Symbols()
        self.reread = len(self._raw)
        reading = grammars.matches(self._grammar, self._last_grown.tree.root_node, self._source.data)
        found = outline(self._source, reading)
        return Symbols(found.definitions, found.references, found.imports, reading.partial, reading.problem)

    def _byte(self, place: Cursor) -> int:
        starts = self._source.starts
        if place.line >= len(starts):
            return len(self._raw)
        line = self._raw[starts[place.line] : (*starts[place.line + 1 : place.line + 2], len(self._raw))[0]]
        return starts[place.line] + len(line.decode()[: place.column].encode())

    def _splice(self, start: int, end: int, piece: bytes) -> None:
        if start and self._raw[start - 1 : start] == b"\r":  # what follows says whether it ends a line
            start, piece = start - 1, b"\r" + piece
        old = self._source
        size = len(self._raw)
        stop = start + len(piece)
        self._raw = self._raw[:start] + piece + self._raw[end:]
        self._source = old.spliced(start, end, normal(self._raw[start : stop + 1])[: len(piece)])
        points = _point(old, start), _point(old, end), _point(self._source, stop)
        for grown in self._grown():
            grown.touched.edit(start, size, end)
            grown.tree.edit(start, end, stop, *points)
        if self._parser is not None:
            self._parser.reset()  # it may be amid a parse of the old text
        self._spent = 0.0
        self._parsed = False
        self._answered = False

    def _problem(self) -> str:
        if not self._grammar:
            return f"there is no grammar for {self._language.name}"
        if isinstance(query := grammars.query(self._grammar), str):
            return query
        if len(self._raw) > MOST_BYTES:
            return f"the text has more than {MOST_BYTES} bytes"
        if self._spent * 1_000_000 > self._most:
            return f"the grammar {self._grammar} took longer than {self._most} µs"
        return ""

    def _parse(self) -> bool:
        """Parse, or go on with it, until the time is up; True with a tree of the text as it is."""
        self._parser = self._parser or grammars.new_parser(self._grammar, self._microseconds)
        if self._parser is None:
            return False
        grown = self._grown()
        old = () if not grown or self._grammar in FRESH else (grown[0].tree,)
        start = self._clock()
        try:
            tree = self._parser.parse(self._source.data, *old)
        except ValueError:  # the time limit, in 0.25.2; without a reset the next parse goes on
            self._spent += self._clock() - start
            return False
        new = incremental_blocks.laid(self._source, _nodes(tree.root_node, self._long))
        size = len(self._raw)
        for each in grown:
            if each.tree.root_node.type == tree.root_node.type:
                changed = [(span.start_byte, span.end_byte) for span in each.tree.changed_ranges(tree)]
                incremental_blocks.keep(each.blocks, new, each.touched, size, changed)
        self._last_grown = Grown(tree, new, EditExtent(size, size, size))
        if not tree.root_node.has_error:
            self._last_sound = self._last_grown
        self._parsed = True
        self._spent = 0.0
        return True

    def _grown(self) -> list[Grown]:
        """The last tree, and the last sound one where that is another."""
        both = self._last_grown, self._last_sound
        return [each for each in both[: 1 if both[0] is both[1] else 2] if each]

    def _joined(self) -> Symbols | None:
        """The answer of all blocks; `None` if the time was up before all were asked."""
        until = time.monotonic() + self._microseconds / 1_000_000
        before: set[Key] = set()
        around = NOTHING
        all_blocks = self._last_grown.blocks if self._last_grown else []
        last: tuple[EnclosingScopes | None, Seen] = None, ()
        for place, block in enumerate(all_blocks):
            within = around.nearest >= block.reach  # then what is seen is the same for all such blocks
            now = last[1] if within and around is last[0] else incremental_blocks.seen(around, block)
            last = (around if within else None), now
            if block.found is None or block.seen != now or block.found.keys & before != block.hits:
                if block.reading is None and self.reread and time.monotonic() > until:
                    return None
                if block.reading is None and not self._ask(place):
                    return self.whole()
                reading = block.reading or Reading()
                block.found = outline(self._source, reading, before, True, around, block.end)
                block.hits = block.found.keys & before
                block.seen = now
                block.reading = None
            before |= block.found.keys
            around = scopes_below(around, block.found.open, block.end)
        if sum(block.count for block in all_blocks) > grammars.MOST_MATCHES:
            return self.whole()
        return incremental_blocks.joined(all_blocks)

    def _ask(self, place: int) -> bool:
        """Ask the query about a block, and about those behind it of which nothing is known either."""
        if self._last_grown is None:
            return False
        all_blocks = self._last_grown.blocks
        first = end = all_blocks[place]
        after = place + 1
        for each in islice(all_blocks, after, None):
            if each.found or each.reading or each.end - first.start > BATCH_BYTES:
                break
            end, after = each, after + 1
        span = first.start, end.end
        self.reread += span[1] - span[0]
        root = self._last_grown.tree.root_node
        reading = grammars.matches(self._grammar, root, self._source.data, span)
        return not reading.partial and incremental_blocks.shared(all_blocks, (place, after), reading)


def _nodes(root: tree_sitter.Node, long: int) -> list[Node]:
    """The nodes of a tree that blocks are made of: in place of a long one those in it."""
    found: list[Node] = []

    def add(parent: tree_sitter.Node, above: tuple[int, ...], upto: int, free: bool) -> None:
        children = parent.children
        spans = [each.byte_range for each in children]
        head = _head(spans) if above else 0
        for at, (each, (start, end)) in enumerate(zip(children, spans, strict=True)):
            free = free if at == 0 else at > head
            if end - start > long and len(above) < MOST_OPEN and _opens(each, long):
                add(each, (*above, each.kind_id), max(upto, end), free)
            else:
                found.append(Node(start, end, each.kind_id, each.descendant_count, above, upto, free))
            upto = 0

    add(root, (), 0, True)
    return found


def _opens(node: tree_sitter.Node, long: int) -> bool:
    return 0 < node.child_count * long * SHARE <= node.end_byte - node.start_byte


def _head(spans: list[grammars.Span]) -> int:
    """The place of the child that is nearly all of a node, as a class's body is; 0 if there is none."""
    size = spans[-1][1] - spans[0][0]
    return next((at for at, (start, end) in enumerate(spans) if end - start > BODY * size), 0)


@lru_cache
def _rooted(grammar: str) -> bool:
    """Whether no pattern of a grammar's query is about siblings, which may stand in two blocks."""
    query = grammars.query(grammar)
    if isinstance(query, str):
        return False
    count: int = query.pattern_count  # type: ignore[assignment]  # a property, whatever its stub says
    return all(query.is_pattern_rooted(pattern) for pattern in range(count))


def _point(source: Source, byte: int) -> tuple[int, int]:
    row = source.line(byte) - 1
    return row, byte - source.starts[row]
