"""The outline of a function: its branches, loops, calls and ways out, in order, each with its lines.

A part is said in the code's own words, from its first word to its body. The types of nodes are data
(`outline.toml`, `statements.toml`). This module knows one text and no index.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

import tree_sitter

from assist_context.code.language_rules import as_rules, language_rules
from assist_context.code.statements import (
    StatementRules,
    find_function,
    get_value,
    guard_parts,
    one_line,
    raises_by_call,
    statement_rules,
    tail_values,
    write_line,
)
from assist_context.code.trees.parsed_text import ParsedText, node_text
from assist_context.languages import Language

OutlineKind = Literal[
    "guard", "branch", "case", "loop", "try", "catch", "with", "callback", "call", "returns", "raises",
    "yields", "member", "more",
]  # fmt: skip

MAX_ROWS = 25  # of an outline; a screen has room for them
# How deep parts are shown and how deep calls, from all to little; the first that fits is taken.
_DETAILS = ((2, 2), (2, 1), (2, 0), (2, -1), (1, 1), (1, 0), (1, -1), (0, 0), (0, -1))
_LONG = 2  # line ends in a function from which it is a part of the one around it
_CALLED = re.compile(r"(\w+)\s*(?:::<[^()]*>|<[^()<>]*>)?!?\(")
_FAILED = re.compile(r"err\w* != nil")  # in Go, after what may fail
_ERROR = re.compile(r"\berr\w*\b")
_SHORT = 50  # characters of what a guard returns, next to its condition
_LEAVES = {
    "return": "returns", "raise": "raises", "throw": "throws", "continue": "goes on with the next",
    "break": "leaves the loop",
}  # fmt: skip
_ENDS = " {:(,;"
_BREAK = "break_statement"  # at the end of a case


@dataclass(frozen=True, slots=True)
class OutlinePart:
    """One part of a definition. Lines count from 1, both ends included; `depth` is 0 at the top of its body.

    `text` is code in one line, shortened with "...", or what it does by leaving, as in "returns 0 if not x".
    """

    line: int
    end_line: int
    depth: int
    kind: OutlineKind
    text: str


@dataclass(frozen=True, slots=True)
class _OutlineRules:
    """The rules of one language, as in the file, and the rules of its statements."""

    parts: Mapping[str, OutlineKind]
    follows: frozenset[str]
    blocks: frozenset[str]
    callbacks: frozenset[str]
    statements: StatementRules
    always: Mapping[str, OutlineKind] = field(default_factory=dict)


@lru_cache
def _outline_rules(language: Language) -> _OutlineRules | None:
    row = language_rules(language.name, "outline")
    statements = statement_rules(language)
    return as_rules(_OutlineRules, row, statements=statements) if row and statements else None


def read_outline(text: ParsedText, first: int, last: int, names: Collection[str]) -> tuple[OutlinePart, ...]:
    """The parts of the function in these lines; none for anything else. Calls of these `names` are shown.

    >>> from assist_context.documents import Document, split_lines
    >>> from assist_context.languages import language_of
    >>> text = "def f(x):\\n    if not x:\\n        return 0\\n    for y in x:\\n        g(y)\\n"
    >>> parsed = ParsedText(Document("a.py", split_lines(text), language_of("a.py")))
    >>> [(part.line, part.kind, part.text) for part in read_outline(parsed, 1, 5, {"g"})]
    [(2, 'guard', 'returns 0 if not x'), (4, 'loop', 'for y in x: g(y)')]
    """
    rules = _outline_rules(text.document.language)
    function = find_function(text, rules.statements, first, last) if rules else None
    body = function.child_by_field_name("body") if function is not None else None
    if rules is None or body is None:
        return ()
    tails = tail_values(rules.statements, function, body) if function is not None else ()
    ends = frozenset(node.id for node in tails)
    walk = _OutlineWalk(text.source.data, rules, frozenset(names), ends)
    return fitting(list(walk.list_parts([body], 0)))


def fitting(parts: Sequence[OutlinePart]) -> tuple[OutlinePart, ...]:
    """As much of the parts as a screen has room for: what is deepest goes first, and calls before parts."""
    for deepest, deepest_call in _DETAILS:
        shown_parts = tuple(
            part for part in parts if part.depth <= (deepest_call if part.kind == "call" else deepest)
        )
        if len(shown_parts) <= MAX_ROWS:
            return shown_parts
    rest_count = len(shown_parts) - MAX_ROWS + 1
    rest = OutlinePart(
        shown_parts[-rest_count].line, shown_parts[-1].end_line, 0, "more", f"and {rest_count} more parts"
    )
    return (*shown_parts[:-rest_count], rest)


@dataclass(frozen=True, slots=True)
class _OutlineWalk:
    """A walk over the tree of a text, whose bytes are `data`. `ends` are the nodes whose value it returns."""

    data: bytes
    rules: _OutlineRules
    known: frozenset[str]
    ends: frozenset[int]

    def list_parts(self, nodes: Sequence[tree_sitter.Node], depth: int) -> Iterator[OutlinePart]:
        """The parts of statements, and of what holds statements."""
        statements = list(self._statements(nodes))
        is_skipped = False
        for node, after in zip(statements, [*statements[1:], None], strict=False):
            if is_skipped:
                is_skipped = False
            elif after is not None and not self._inner(node) and (fails := self._failure(after)):
                is_skipped = True
                yield OutlinePart(_line(node), _last(after), depth, "guard", f"{write_line(node)}, {fails}")
            else:
                yield from self._outline_plain(node, depth)

    def _statements(self, nodes: Sequence[tree_sitter.Node]) -> Iterator[tree_sitter.Node]:
        for node in nodes:
            inner = node.named_children
            bare = (
                node.type == "expression_statement" and len(inner) == 1 and inner[0].type in self.rules.blocks
            )
            if bare or node.type in self.rules.blocks:
                yield from self._statements(inner)
            elif "comment" not in node.type:
                yield node

    def _failure(self, branch: tree_sitter.Node) -> str:
        """Say how a branch of Go passes on the error of the statement before it, "" for another one."""
        guard = self._guard(branch)
        if guard is None or not _FAILED.fullmatch(guard[0]) or branch.child_by_field_name("initializer"):
            return ""
        return _passed_on(guard[1])

    def _guard(self, branch: tree_sitter.Node) -> tuple[str, tree_sitter.Node] | None:
        statements = self.rules.statements
        return guard_parts(statements, branch) if branch.type in statements.branches else None

    def _outline_plain(self, node: tree_sitter.Node, depth: int) -> Iterator[OutlinePart]:
        start = node.start_byte
        if inner := self._inner(node):
            for part in inner:
                yield from self._outline_part(part, start, depth)
                start = part.end_byte
        elif simple := self._simple(node):
            yield OutlinePart(_line(node), _last(node), depth, *simple)

    def _inner(self, node: tree_sitter.Node) -> list[tree_sitter.Node]:
        """The parts that a statement is or holds: a branch as a value, functions that it hands on."""
        if node.type in self.rules.parts:
            return [node]
        long = node.end_point.row - node.start_point.row >= _LONG
        if long and node.type in self.rules.callbacks:
            return [node]
        single = node.type == "expression_statement"
        return [part for child in node.named_children if long or single for part in self._inner(child)]

    def _outline_part(self, node: tree_sitter.Node, start: int, depth: int) -> Iterator[OutlinePart]:
        """A part whose text begins at a byte, what is in it, and what follows it, such as an `else`."""
        guard = self._guard(node)
        if guard is not None and start == node.start_byte:
            yield OutlinePart(_line(node), _last(node), depth, "guard", self._guard_words(node, *guard))
            return
        children = [child for child in node.named_children if "comment" not in child.type]
        if node.type == "else_clause" and len(children) == 1 and children[0].type in self.rules.parts:
            yield from self._outline_part(children[0], start, depth)
            return
        body = self._body_start(node)
        alternative = node.child_by_field_name("alternative")
        following = [child for child in children if child.type in self.rules.follows or child == alternative]
        inside = [child for child in children if child.start_byte >= body and child not in following]
        end = inside[-1].end_byte if inside else body
        head = _head(self.data[start:body])
        if node.type == "do_statement":
            inside = inside[:1]
            head = f"do ... {_head(self.data[inside[0].end_byte : node.end_byte])}"
        kind = self.rules.parts.get(node.type, "callback")
        yield from self._outline_body((self._line_number(start, node), inside), (kind, head), depth)
        for part in following:
            if part.type in self.rules.blocks:  # of Go, where an `else` is no node
                yield from self._outline_body((_line(part), [part]), ("branch", "else"), depth)
            else:
                yield from self._outline_part(part, part.start_byte if part != alternative else end, depth)

    def _outline_body(
        self,
        place: tuple[int, Sequence[tree_sitter.Node]],
        kind_and_text: tuple[OutlineKind, str],
        depth: int,
    ) -> Iterator[OutlinePart]:
        """A part with what is in it; a single plain statement is said next to the part."""
        line, inside = place
        kind, head = kind_and_text
        statements = [node for node in self._statements(inside) if kind != "case" or node.type != _BREAK]
        last = max([line, *map(_last, inside)])
        if len(statements) == 1 and not self._inner(statements[0]):
            yield OutlinePart(line, last, depth, kind, _outline_statement(head, _plain(statements[0])))
            return
        yield OutlinePart(line, last, depth, kind, head)
        yield from self.list_parts(statements, depth + 1)

    def _line_number(self, start: int, node: tree_sitter.Node) -> int:
        """The line of a part whose text begins at an earlier byte, which may be the end of another part."""
        return _line(node) - self.data[start : node.start_byte].lstrip(b"\n\r\t )}];,").count(b"\n")

    def _body_start(self, node: tree_sitter.Node) -> int:
        """The first byte of what a part holds, or of a comment before it; its end if it holds nothing."""
        name = "value" if node.type == "match_arm" else "body"
        body = node.child_by_field_name(name) or node.child_by_field_name("consequence")
        only = node.type == "else_clause"
        for child in node.named_children:
            holds = child == body or child.type in self.rules.blocks or child.type in self.rules.parts
            if only or holds or "comment" in child.type:
                return child.start_byte
        return node.end_byte

    def _guard_words(self, branch: tree_sitter.Node, condition: str, then: tree_sitter.Node) -> str:
        first = branch.child_by_field_name("initializer")
        if first is not None and _FAILED.fullmatch(condition) and (error_text := _passed_on(then)):
            return f"{write_line(first)}, {error_text}"
        before = f"{write_line(first)}; " if first is not None else ""
        return one_line(f"{_way_out(then)} if {before}{condition}")

    def _simple(self, node: tree_sitter.Node) -> tuple[OutlineKind, str] | None:
        """The kind and words of a statement without parts; None where an outline leaves it out."""
        rules = self.rules.statements
        only = node.named_children[0] if node.type == "expression_statement" and node.named_children else node
        kinds: dict[OutlineKind, frozenset[str]] = {
            "returns": rules.returns, "raises": rules.raises, "yields": rules.yields,
        }  # fmt: skip
        for kind, types in kinds.items():
            if only.type in types:
                return kind, in_line(f"{kind} {get_value(only)}").strip()
        if node.id in self.ends:
            return "returns", f"returns {_plain(node)}"
        if raises_by_call(rules, only):
            return "raises", _plain(node)
        if node.type in self.rules.always:
            return self.rules.always[node.type], _plain(node)
        calls = only.type != "string" and self.known.intersection(_CALLED.findall(node_text(node)))
        return ("call", _plain(node)) if calls else None


def _passed_on(leaving: tree_sitter.Node) -> str:
    """Return what a way out does with an error: it returns it, or wraps it; "" if it drops it."""
    text = write_line(leaving)
    if not text.startswith("return") or not _ERROR.search(text):
        return ""
    return "or returns its error" if re.search(r"\berr\w*$", text) else "or returns an error"


def _way_out(leaving: tree_sitter.Node) -> str:
    """Return what a guard does, in words: "returns early", "raises KeyError(name)"."""
    word, _, value = write_line(leaving).rstrip(";").partition(" ")
    value = value if len(value) <= _SHORT else f"{value[: _SHORT - 4].rstrip()} ..."
    return " ".join(filter(None, (_LEAVES.get(word, word), value or ("early" if word == "return" else ""))))


def _head(code: bytes) -> str:
    """Return what is before the body of a part, without what the part before it ends with."""
    return in_line(code.decode("utf-8", "replace").strip().lstrip(")}];, \n").rstrip(_ENDS))


def _outline_statement(head: str, statement: str) -> str:
    return one_line(f"{head} {statement}" if head.endswith("=>") else f"{head}: {statement}")


def _plain(statement: tree_sitter.Node) -> str:
    return in_line(node_text(statement)).rstrip(";")


def in_line(code: str) -> str:
    """Code in one line, as it would be written in one.

    >>> in_line("run(\\n  a,\\n  b,\\n)")
    'run(a, b)'
    """
    return one_line(re.sub(r"(?<=[(\[])\s+|,?\s+(?=[)\]])", "", code))


def _line(node: tree_sitter.Node) -> int:
    return node.start_point.row + 1


def _last(node: tree_sitter.Node) -> int:
    return node.end_point.row + 1
