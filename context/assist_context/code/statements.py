"""Statements of a function: what it returns, yields, raises and changes, and when it leaves early.

The types of nodes are data (`statements.toml`). What a function inside of it does is not counted, since it
may never run. This module knows one text and no index.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

import tree_sitter

from assist_context.code.arguments import changed_object, find_whole, written_parameters
from assist_context.code.calls import call_rules
from assist_context.code.language_rules import as_rules, language_rules
from assist_context.code.trees.parsed_text import ParsedText, node_text
from assist_context.languages import Language

StatementKind = Literal["guard", "returns", "yields", "raises", "changes", "catches", "branch", "holds"]

_OPENING = ("comment", "string", "declaration")
_SEVERAL = re.compile(r"list|tuple|array_pattern|object_pattern")  # targets of one assignment
_NO_VALUE = re.compile(r"_(?:statement|declaration|item)$|^(?:while|for)_expression$")
_LOOP = re.compile(r"^(?:loop|while|for)_expression$")
_LONGEST = 100  # characters of a statement in one line


@dataclass(frozen=True, slots=True)
class CodeStatement:
    """One statement; `line` counts from 1, and `text` is the code in one line, shortened with "...".

    Of a guard, `text` is its condition and what happens then; of a branch, its condition.
    """

    kind: StatementKind
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class StatementRules:
    """The rules of one language, as in the file."""

    functions: frozenset[str]
    nested: frozenset[str]
    returns: frozenset[str]
    changes: Mapping[str, str]
    branches: Mapping[str, list[str]]
    leaves: frozenset[str]
    cases: Mapping[str, str] = field(default_factory=dict)
    yields: frozenset[str] = frozenset()
    raises: frozenset[str] = frozenset()
    handlers: frozenset[str] = frozenset()
    holds: frozenset[str] = frozenset()
    raising: frozenset[str] = frozenset()
    receivers: frozenset[str] = frozenset()
    calls: Mapping[str, str] = field(default_factory=dict)
    receiver: str = ""
    tail: str = ""
    values: Mapping[str, list[str]] = field(default_factory=dict)
    breaks: Mapping[str, str] = field(default_factory=dict)
    changing: frozenset[str] = frozenset()
    shared: str = ""
    declared: bool = False


@lru_cache
def statement_rules(language: Language) -> StatementRules | None:
    """The rules of a language, None for one whose statements are not known."""
    row = language_rules(language.name, "statements")
    return None if row is None else as_rules(StatementRules, row)


def find_statements(text: ParsedText, first: int, last: int) -> tuple[CodeStatement, ...]:
    """The statements of the function in these lines, in order; none for anything else.

    >>> from assist_context.documents import Document, split_lines
    >>> from assist_context.languages import language_of
    >>> text = "def f(x):\\n    if not x:\\n        return 0\\n    return g(x)\\n"
    >>> parsed = ParsedText(Document("a.py", split_lines(text), language_of("a.py")))
    >>> [(found.kind, found.line, found.text) for found in find_statements(parsed, 1, 4)]
    [('guard', 2, 'not x: return 0'), ('returns', 4, 'g(x)')]
    """
    rules = statement_rules(text.document.language)
    function = find_function(text, rules, first, last) if rules else None
    body = function.child_by_field_name("body") if function is not None else None
    if rules is None or function is None or body is None:
        return ()
    guards = list(_guards(rules, body))
    leaving = {then.id for _, then in guards}
    statements = [guard for guard, _ in guards]
    statements += _statements(rules, body, leaving)
    statements += [
        CodeStatement("returns", value.start_point.row + 1, write_line(value))
        for value in tail_values(rules, function, body)
    ]
    statements += _changes(rules, text, function, body)
    return tuple(sorted(statements, key=lambda statement: statement.line))


def find_protections(text: ParsedText, first: int, last: int) -> tuple[CodeStatement, ...]:
    """Return what keeps a function from going on: each branch, what it raises, catches, and holds meanwhile.

    Unlike `find_statements`, it finds branches at any depth, and in functions without a name. A branch that
    ends by leaving is a guard.
    """
    rules = statement_rules(text.document.language)
    function = find_function(text, rules, first, last) if rules else None
    if rules is None or function is None:
        return ()
    statements = []
    leaving = set[int]()
    waiting = list(function.named_children)
    while waiting:
        node = waiting.pop()
        if node.id in leaving or (node.type in rules.nested and _has_name(text, node)):
            continue
        waiting += reversed(node.named_children)
        guard = _guard(rules, node, alone=False) if node.type in rules.branches else None
        if guard is not None:
            statements.append(guard[0])
            leaving.add(guard[1].id)
            continue
        line = node.start_point.row + 1
        if condition := _condition(rules, node):
            statements.append(CodeStatement("branch", line, condition))
        elif node.type in rules.raises or raises_by_call(rules, node):
            statements.append(CodeStatement("raises", line, write_line(node)))
        elif node.type in rules.handlers:
            statements.append(
                CodeStatement("catches", line, write_line(node).partition(":")[0].partition("{")[0].strip())
            )
        elif node.type in rules.holds and " as " not in write_line(node):
            statements.append(CodeStatement("holds", line, write_line(node)))
    return tuple(sorted(statements, key=lambda statement: statement.line))


def _condition(rules: StatementRules, node: tree_sitter.Node) -> str:
    """The condition of a branch, "" for anything else."""
    if node.type in rules.branches:
        condition = node.child_by_field_name(rules.branches[node.type][0])
    elif name := rules.cases.get(node.type, ""):
        condition = node.child_by_field_name(name)
    else:
        condition = node.named_children[0] if node.type in rules.cases else None
    return _strip_brackets(write_line(condition)) if condition is not None else ""


def _has_name(text: ParsedText, function: tree_sitter.Node) -> bool:
    """Say if a function or class within another one has a name, by itself or by what it is assigned to."""
    calls = call_rules(text.document.language)
    around = function.parent
    if around is not None and around.type == "expression_list":  # Go: `f := func() {}`
        around = around.parent
    is_assigned = calls is not None and around is not None and around.type in calls.named_by
    return is_assigned or function.child_by_field_name("name") is not None


def find_function(text: ParsedText, rules: StatementRules, first: int, last: int) -> tree_sitter.Node | None:
    """The outermost function that begins in these lines and ends on the last."""
    if text.root is None:
        return None
    waiting = [text.root]
    while waiting:
        node = waiting.pop()
        start, end = node.start_point.row + 1, node.end_point.row + 1
        if first <= start and end <= last and node.type in rules.functions and end == last:
            return node
        if start <= last and end >= first:
            waiting += reversed(node.children)
    return None


def _guards(
    rules: StatementRules, body: tree_sitter.Node
) -> Iterator[tuple[CodeStatement, tree_sitter.Node]]:
    """The branches at the top of a function that only leave it, each with the statement that does."""
    for child in _top_statements(body):
        statement = child.named_children[0] if child.type == "expression_statement" else child
        if statement.type not in rules.branches:
            if _is_opening(statement):
                continue
            return
        guard = _guard(rules, statement)
        if guard is None:
            return
        yield guard


def _guard(
    rules: StatementRules, branch: tree_sitter.Node, *, alone: bool = True
) -> tuple[CodeStatement, tree_sitter.Node] | None:
    """A branch without an `else` that leaves, as for `guard_parts`; None for any other."""
    parts = guard_parts(rules, branch, alone=alone)
    if parts is None:
        return None
    text = f"{parts[0]}: {write_line(parts[1])}"
    return CodeStatement("guard", branch.start_point.row + 1, text), parts[1]


def guard_parts(
    rules: StatementRules, branch: tree_sitter.Node, *, alone: bool = True
) -> tuple[str, tree_sitter.Node] | None:
    """The condition of a branch without an `else` that leaves, and the statement that does.

    `alone`: that statement is its only one, else its last one.
    """
    condition, consequence = map(branch.child_by_field_name, rules.branches[branch.type])
    then = _leaving_statement(rules, consequence, alone=alone)
    if condition is None or then is None or branch.child_by_field_name("alternative") is not None:
        return None
    return _strip_brackets(write_line(condition)), then


def _top_statements(body: tree_sitter.Node) -> list[tree_sitter.Node]:
    inner = body.named_children
    return inner[0].named_children if [child.type for child in inner] == ["statement_list"] else inner


def _is_opening(statement: tree_sitter.Node) -> bool:
    """Return whether guards may still follow: a comment, a docstring, or a mere declaration."""
    return statement.type == "assignment" or any(kind in statement.type for kind in _OPENING)


def _leaving_statement(
    rules: StatementRules, node: tree_sitter.Node | None, *, alone: bool
) -> tree_sitter.Node | None:
    """The statement that leaves at the end of a branch, if the branch has no other or need not be `alone`."""
    while node is not None:
        if node.type in rules.leaves or raises_by_call(rules, node):
            return node
        inner = [child for child in node.named_children if "comment" not in child.type]
        if not inner or (alone and len(inner) != 1) or node.type in rules.nested:
            return None
        node = inner[-1]
    return None


def _own_nodes(
    rules: StatementRules, body: tree_sitter.Node, left_out: Collection[int] = ()
) -> Iterator[tree_sitter.Node]:
    """The nodes of a body in order, without the functions in it."""
    waiting = [body]
    while waiting:
        node = waiting.pop()
        if node.id in left_out or (node.type in rules.nested and node != body):
            continue
        yield node
        waiting += reversed(node.named_children)


def _statements(
    rules: StatementRules, body: tree_sitter.Node, leaving: Collection[int]
) -> Iterator[CodeStatement]:
    """Yield what is returned, yielded and raised by statements, but for those that guards leave by."""
    for node in _own_nodes(rules, body, leaving):
        line = node.start_point.row + 1
        if node.type in rules.returns:
            if text := get_value(node):
                yield CodeStatement("returns", line, text)
        elif node.type in rules.yields:
            yield CodeStatement("yields", line, get_value(node))
        elif node.type in rules.raises or raises_by_call(rules, node):
            yield CodeStatement("raises", line, write_line(node) if rules.calls else get_value(node))


def _changes(
    rules: StatementRules, tree: ParsedText, function: tree_sitter.Node, body: tree_sitter.Node
) -> Iterator[CodeStatement]:
    """Yield what a function changes of its own object and of its arguments.

    An argument that is declared as one to change is named as such if no statement of the function does it.
    """
    language = tree.document.language
    own = rules.receivers | {_receiver(rules, function)} - {""}
    parameters = written_parameters(language, function, rules.shared)
    parameters = {name: parameter for name, parameter in parameters.items() if name not in own}
    targets = set[str]()
    for node in _own_nodes(rules, body):
        line = node.start_point.row + 1
        for part in _targets(rules, node):
            name = _whole_name(part)
            is_given = name in parameters and name != node_text(part)
            if is_given or _belongs_to(part, own):
                targets.add(name)
                yield CodeStatement("changes", line, write_line(part))
        object_name = changed_object(language, node, rules.changing)
        name = _whole_name(object_name)
        if name in parameters or (name in own and name != node_text(object_name)):
            targets.add(name)
            yield CodeStatement("changes", line, f"{write_line(node.named_children[0])}(...)")
    inside = range(*body.byte_range)
    for name, parameter in parameters.items() if rules.declared else ():
        if name not in targets and any(start in inside for start, _ in tree.words(name)):
            first, last = parameter.span
            text = " ".join(tree.source.data[first:last].decode("utf-8", "replace").split())
            yield CodeStatement("changes", tree.source.line(first), text)


def _whole_name(part: tree_sitter.Node | None) -> str:
    return node_text(find_whole(part)) if part is not None else ""


def get_value(node: tree_sitter.Node) -> str:
    """Return what follows the keyword of a statement."""
    text = write_line(node)
    return text.partition(" ")[2].removeprefix("from ").rstrip(";") if " " in text else ""


def raises_by_call(rules: StatementRules, node: tree_sitter.Node) -> bool:
    """Return whether a call ends the function, as `panic` does."""
    field_name = rules.calls.get(node.type)
    return field_name is not None and node_text(node.child_by_field_name(field_name)) in rules.raising


def _targets(rules: StatementRules, node: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    """Yield what an assignment changes; nothing for another node."""
    if node.type not in rules.changes:
        return
    field_name = rules.changes[node.type]
    target = node.child_by_field_name(field_name) if field_name else node.named_children[0]
    waiting = [target] if target is not None else []
    while waiting:
        part = waiting.pop()
        if _SEVERAL.search(part.type):
            waiting += reversed(part.named_children)
        else:
            yield part


def _belongs_to(part: tree_sitter.Node, own: frozenset[str]) -> bool:
    """Return whether a node is a part of the function's own object, or of what a call of it gives."""
    holder = part
    while holder.named_children:
        holder = holder.named_children[0]
    return node_text(holder) in own and holder != part


def _receiver(rules: StatementRules, function: tree_sitter.Node) -> str:
    """Return what a method of Go calls its own object."""
    listing = function.child_by_field_name(rules.receiver) if rules.receiver else None
    children = [child for child in listing.named_children if "comment" not in child.type] if listing else []
    return node_text(children[0].child_by_field_name("name")) if children else ""


def tail_values(
    rules: StatementRules, function: tree_sitter.Node, body: tree_sitter.Node
) -> Iterator[tree_sitter.Node]:
    """The expressions with which a function ends without a `return`: one for each way through it."""
    if rules.tail == function.type:
        yield from () if body.type == "statement_block" else (body,)
    elif rules.tail == body.type and function.child_by_field_name("return_type") is not None:
        yield from _values(rules, body)


def _values(rules: StatementRules, node: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    """The expressions whose value a node may have; none for a statement that leaves."""
    waiting: list[tree_sitter.Node | None] = [node]
    while waiting:
        part = waiting.pop()
        if part is None:
            continue
        if part.type in rules.breaks:
            yield from _break_values(rules, part)
        elif part.type in rules.values:
            waiting += reversed(_parts_with_value(rules, part))
        elif not (part.type in rules.leaves or raises_by_call(rules, part) or _NO_VALUE.search(part.type)):
            yield part


def _parts_with_value(rules: StatementRules, node: tree_sitter.Node) -> list[tree_sitter.Node | None]:
    """The possible values of a node; none after a semicolon, or of an `if` without `else`."""
    fields = rules.values[node.type]
    inner = [child for child in node.named_children if "comment" not in child.type]
    parts_by_field = [node.child_by_field_name(name) for name in fields]
    parts = inner if fields == ["*"] else parts_by_field if fields else inner[-1:]
    is_ended = bool(node.children) and node.children[-1].type == ";"
    return [] if is_ended or None in parts else [*parts]


def _break_values(rules: StatementRules, loop: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    """Yield what a loop's own `break` statements give."""
    waiting = list(loop.named_children)
    while waiting:
        node = waiting.pop()
        if node.type in rules.breaks.values():
            yield from (child for child in node.named_children if child.type != "label")
        elif node.type not in rules.nested and not _LOOP.match(node.type):
            waiting += reversed(node.named_children)


def _strip_brackets(condition: str) -> str:
    """A condition without the pair of brackets around all of it.

    >>> _strip_brackets("(a(b) || c)"), _strip_brackets("(a) || (b)")
    ('a(b) || c', '(a) || (b)')
    """
    depth = 0
    for at, character in enumerate(condition):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return condition[1:-1].strip() if 0 < at == len(condition) - 1 else condition
    return condition


def write_line(node: tree_sitter.Node) -> str:
    """A node in one line, without a comment that it ends with."""
    whole = node_text(node)
    if node.children and "comment" in (last := node.children[-1]).type:
        whole = whole.encode()[: last.start_byte - node.start_byte].decode("utf-8", "replace")
    return one_line(whole)


def one_line(code: str) -> str:
    """Code in one line, shortened with "..."."""
    text = " ".join(code.split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 4].rstrip()} ..."
