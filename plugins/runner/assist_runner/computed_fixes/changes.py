"""Small changes of code that often are what a bug fix is: each one is a candidate for tests to judge.

What becomes what is data (`change_rules`); here the rules are applied to the lines of a file. A text that is
not sound as a whole, by its grammar, is not offered. Nothing is run.
"""

import heapq
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count

import tree_sitter

from assist_context.code.trees import grammars
from assist_context.code.trees.parsed_text import ParsedText, node_text
from assist_context.documents import Document, split_lines
from assist_context.languages import Language
from assist_runner.computed_fixes.change_tables import ChangeRule, ChangeTable, change_table
from assist_runner.computed_fixes.failures import FailureFacts
from assist_runner.computed_fixes.neighbours import Neighbours

# So many changes of a line come before the first of the line after it. Of 23 planted faults of the tuned
# repositories (benchmarks/planted_fixes.py) the change that repairs is among the first 150 for 21, as with 6,
# and for 17 if the lines that are equally suspicious are tried one after the other.
A_LINE = 12
LONGEST = 2_000  # characters of what is replaced
_NEUTRAL = re.compile(r"[-+*/]\s*$")  # before a number
_NONE = FailureFacts()


@dataclass(frozen=True, slots=True)
class CodeChange:
    """One change of a file: the characters from `start` up to `end` become `text`.

    `kind` is a word for people, `line` the line of the change, from 1.
    """

    start: int
    end: int
    text: str
    kind: str
    line: int

    def apply_to(self, text: str) -> str:
        """The file with the change."""
        return text[: self.start] + self.text + text[self.end :]


def changes(
    language: Language, text: str, lines: Mapping[int, int], failure: FailureFacts = _NONE
) -> Iterator[CodeChange]:
    """The changes of some lines, from 1, each with how many are more suspicious; none without a table.

    Those of a likely kind come first, and more of them in the first lines; equally suspicious lines take
    turns. All texts are unlike, and each has a sound syntax if the text has.
    """
    grammar = language.grammar or language.outline
    table = change_table(grammar)
    parsed = ParsedText(Document("", split_lines(text), language))
    if table is None or parsed.root is None:
        return
    places = _ChangedPlaces(table, parsed, failure)
    of_line: dict[int, list[_PlacedChange]] = {}
    for edit in places.edits(lines):
        own = edit.line if edit.line in lines else edit.statement
        if own in lines:
            of_line.setdefault(own, []).append(edit)
    queues = [_queue(lines[line], of_line.get(line, [])) for line in lines]
    known = {hash(text)}  # texts may be large
    sound = not parsed.root.has_error
    for _, edit in heapq.merge(*queues, key=lambda row: row[0]):
        change = places.change(edit)
        new = change.apply_to(text)
        if hash(new) not in known and (not sound or _is_sound(new, parsed)):
            yield change
        known.add(hash(new))


@dataclass(frozen=True, slots=True)
class _PlacedChange:
    """A change by bytes. `order` is how likely its kind is, `rank` how likely it is among its like."""

    start: int
    end: int
    text: str
    kind: str
    line: int
    statement: int
    order: tuple[int, int] = field(default=(0, 0))


def _queue(rank: int, found: list[_PlacedChange]) -> list[tuple[float, _PlacedChange]]:
    """The edits of a line, the likeliest first, each with its place among those of all lines."""
    return [(rank + at / A_LINE, edit) for at, edit in enumerate(sorted(found, key=_likely))]


def _likely(edit: _PlacedChange) -> tuple[tuple[int, int], int]:
    return edit.order, edit.start


def _is_sound(text: str, old: ParsedText) -> bool:
    parsed = ParsedText(Document("", split_lines(text), old.document.language), near=old)
    return parsed.root is not None and not parsed.root.has_error


class _ChangedPlaces:
    """The places of a text, and what becomes of each one."""

    def __init__(self, table: ChangeTable, parsed: ParsedText, failure: FailureFacts) -> None:
        self._table = table
        self._parsed = parsed
        self._failure = failure
        self._neighbours = Neighbours(table, parsed)
        self._data = parsed.source.data
        self._lines = split_lines(parsed.document.text)
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line))

    def change(self, edit: _PlacedChange) -> CodeChange:
        """An edit with its place in characters."""
        return CodeChange(self._offset(edit.start), self._offset(edit.end), edit.text, edit.kind, edit.line)

    def _offset(self, byte: int) -> int:
        cursor = self._parsed.cursor(byte)
        return self._starts[cursor.line] + cursor.column

    def edits(self, lines: Collection[int]) -> Iterator[_PlacedChange]:
        """The edits of all rules near some lines."""
        root = self._parsed.root
        if root is None or not lines:
            return
        span = self._span(root, lines)
        order = {kind: at for at, kind in enumerate(dict.fromkeys(rule.kind for rule in self._table.rules))}
        for rule in self._table.rules:
            if rule.raised is not None and self._failure.raised not in rule.raised:
                continue
            found, _ = grammars.run_query(rule.query, root, span)
            for _, captures in found:
                nodes = {name: of_name[0] for name, of_name in captures.items()}
                for rank, edit in zip(count(), self._edits_of(rule, nodes), strict=False):
                    start, stop, new = edit
                    line = self._parsed.source.line(start)
                    statement = self._parsed.source.line(_statement(_main(nodes)).start_byte)
                    yield _PlacedChange(
                        start, stop, new, rule.kind, line, statement, (order[rule.kind], rank)
                    )

    def _span(self, root: tree_sitter.Node, lines: Collection[int]) -> tuple[int, int]:
        """The bytes of some lines, with all of the statements that begin there."""
        source = self._parsed.source
        spans = []
        for line in {min(max(line, 1), len(self._lines)) for line in lines}:
            start = source.starts[line - 1] + len(self._lines[line - 1]) - len(self._lines[line - 1].lstrip())
            node = root.descendant_for_byte_range(start, start)
            statement = _statement(node or root)
            spans.append((source.starts[line - 1], max(statement.end_byte, start + 1)))
        return min(start for start, _ in spans), max(end for _, end in spans)

    def _edits_of(
        self, rule: ChangeRule, nodes: dict[str, tree_sitter.Node]
    ) -> Iterator[tuple[int, int, str]]:
        """What becomes of one match of a rule: from a byte up to another, and the new text."""
        place = nodes.get("place")
        start = (place or nodes["first"]).start_byte
        end = (place or nodes["second"]).end_byte
        old = self._text(start, end)
        if len(old) > LONGEST or any(node.type in rule.without for node in nodes.values()):
            return
        if rule.within and not rule.within.search(self._neighbours.heading(place or nodes["first"])):
            return
        if rule.names and place is not None:
            news: Iterator[str] = self._neighbours.names(rule.names, place, nodes.get("object"))
        elif rule.expected:
            yield from self._expectations(start, old)
            return
        elif rule.part:
            yield from self._parts(rule, start, old)
            return
        else:
            news = self._texts(rule, nodes, start, old)
        for new in news:
            yield start, end, new

    def _texts(
        self, rule: ChangeRule, nodes: dict[str, tree_sitter.Node], start: int, old: str
    ) -> Iterator[str]:
        yield from rule.options.get(old, ())
        for step in rule.steps:
            yield from self._one_off(step, start, old)
        if rule.to:
            known = {name: node_text(node) for name, node in nodes.items()} | {
                "between": self._between(nodes),
                "indent": self._indent(start),
                "raised": self._failure.raised,
                "wanted": self._failure.wanted,
            }
            for form in rule.to:
                needed = re.findall(r"\{(raised|wanted)\}", form)
                if all(known[name] not in ("", "AssertionError") for name in needed):
                    yield re.sub(r"\{(\w+)\}", lambda match: known.get(match[1], match[0]), form)

    def _parts(self, rule: ChangeRule, start: int, old: str) -> Iterator[tuple[int, int, str]]:
        """Changes of what an expression matches in a place."""
        if rule.part is None or (rule.where and not rule.where.search(old)):
            return
        for match in rule.part.finditer(old):
            at = start + len(old[: match.start()].encode())
            end = at + len(match[0].encode())
            for new in rule.to:
                yield at, end, new
            for step in rule.steps:
                for new in self._one_off(step, at, match[0]):
                    yield at, end, new

    def _expectations(self, start: int, old: str) -> Iterator[tuple[int, int, str]]:
        """A text with what the test expects in place of what came out."""
        for came, wanted in self._failure.texts:
            if old.count(came) == 1:
                at = start + len(old[: old.index(came)].encode())
                yield at, at + len(came.encode()), wanted

    def _one_off(self, step: int, start: int, old: str) -> Iterator[str]:
        """A number with so much more. A calculation that would do nothing is one that was deleted."""
        if not old.isdecimal() or (old[0] == "0" and old != "0"):
            return
        number = int(old) + step
        before = _NEUTRAL.search(self._data[max(0, start - 8) : start].decode("utf-8", "replace"))
        if not (before and number == (0 if before[0][0] in "+-" else 1)):
            yield str(number) if number >= 0 or not before else f"({number})"

    def _between(self, nodes: dict[str, tree_sitter.Node]) -> str:
        if "first" not in nodes or "second" not in nodes:
            return ""
        return self._text(nodes["first"].end_byte, nodes["second"].start_byte)

    def _indent(self, start: int) -> str:
        line = self._lines[self._parsed.source.line(start) - 1]
        return line[: len(line) - len(line.lstrip())]

    def _text(self, start: int, end: int) -> str:
        return self._data[start:end].decode("utf-8", "replace")


def _main(nodes: dict[str, tree_sitter.Node]) -> tree_sitter.Node:
    return nodes.get("place") or nodes["first"]


# Nodes whose children are statements.
_BODIES = frozenset(
    {"module", "program", "source_file", "block", "statement_block", "statement_list", "declaration_list"}
    | {"class_body", "match_block", "switch_body"}
)


def _statement(node: tree_sitter.Node) -> tree_sitter.Node:
    """The innermost statement around a node: coverage names a statement by its first line."""
    while node.parent is not None and node.parent.type not in _BODIES:
        node = node.parent
    return node
