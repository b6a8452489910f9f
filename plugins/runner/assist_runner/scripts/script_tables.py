"""Tables of tests written out: a loop over rows, or `it.each`, as one test for each row.

So calls in it are read like any others. Rows are written in the script itself; this module runs nothing.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

import tree_sitter

from assist_context.code.trees.parsed_text import node_text
from assist_runner.scripts.script_tree import field, field_text, root_of, walk

MAX_ROWS = 60
_EACH = re.compile(r"(?:it|test|describe)(?:\.\w+)*\.each")
_VISITS = frozenset({"forEach", "map"})


def with_rows(text: str, path: str = "a.ts") -> str:
    """The script with tables of tests written out.

    >>> print(with_rows("for (const t of [{ a: 1 }, { a: 2 }]) { test('x', () => { f(t.a); }); }"))
    { test('x', () => { f(1); }); }
    { test('x', () => { f(2); }); }
    >>> print(with_rows("it.each([[1, 2]])('x', (a, b) => { f(a, b); });"))
    it('x', () => { f(1, 2); });
    """
    root = root_of(text, path)
    if root is None or root.has_error:
        return text
    data = text.encode()
    lists = [node for node in walk(root) if node.type == "variable_declarator"]
    done = len(data) + 1
    for node in sorted(walk(root), key=lambda node: -node.start_byte):
        rows = list(_written_out(node, lists)) if node.end_byte <= done else []
        if rows:
            data = data[: node.start_byte] + "\n".join(rows).encode() + data[node.end_byte :]
            done = node.start_byte
    return data.decode()


def _written_out(node: tree_sitter.Node, lists: Sequence[tree_sitter.Node]) -> Iterator[str]:
    """The statements in place of a table, none for any other node."""
    if node.type == "for_in_statement":
        yield from _loop_rows(node, lists)
    elif node.type == "expression_statement" and node.named_children:
        call = node.named_children[0]
        called, arguments = field(call, "function"), field(call, "arguments")
        function = (
            arguments.named_children[-1] if arguments is not None and arguments.named_children else None
        )
        body, listing = field(function, "body"), field(function, "parameters")
        if called is None or body is None or body.type != "statement_block" or listing is None:
            return
        if called.type == "member_expression" and field_text(called, "property") in _VISITS:
            for row in _rows(field(called, "object"), lists):
                if values := _values(next(iter(listing.named_children), None), row):
                    yield _with_values(body, values)
        elif _EACH.fullmatch(field_text(called, "function")):
            word = field_text(called, "function").partition(".")[0]
            title = node_text(arguments.named_children[0]) if arguments is not None else ""
            for values in _each_row(field(called, "arguments"), listing, lists):
                yield f"{word}({title}, () => {_with_values(body, values)});"


def _loop_rows(node: tree_sitter.Node, lists: Sequence[tree_sitter.Node]) -> Iterator[str]:
    """The blocks of a loop over the rows of a list, or over the keys of an object."""
    body = field(node, "body")
    pattern = field(node, "left")
    over = "object" if field_text(node, "operator") == "in" else "array"
    for row in _rows(field(node, "right"), lists, over) if body is not None else []:
        key = field(row, "key") if row.type == "pair" else None
        values = _values(pattern, row) if key is None else {node_text(pattern): _as_string(key)}
        if values and body is not None:
            yield _with_values(body, values)


def _each_row(
    table: tree_sitter.Node | None, listing: tree_sitter.Node, lists: Sequence[tree_sitter.Node]
) -> Iterator[dict[str, str]]:
    """What the parameters of a test mean in each row of its table."""
    for row in _rows(next(iter(table.named_children), None) if table is not None else None, lists):
        several = row.type == "array" and len(listing.named_children) > 1
        values: dict[str, str] = {}
        for part, value in zip(
            listing.named_children, row.named_children if several else [row], strict=False
        ):
            values |= _values(part, value)
        if values:
            yield values


def _as_string(key: tree_sitter.Node) -> str:
    return node_text(key) if key.type == "string" else f'"{node_text(key)}"'


def _rows(
    node: tree_sitter.Node | None, lists: Sequence[tree_sitter.Node], kind: str = "array"
) -> list[tree_sitter.Node]:
    """The rows of a list that is written here or above under a name; of an object its pairs."""
    if node is not None and node.type == "identifier":
        name = node_text(node)
        place = node.start_byte
        above = [row for row in lists if row.start_byte < place and field_text(row, "name") == name]
        node = field(above[-1], "value") if above else None
    wrapping = ("as_expression", "satisfies_expression", "parenthesized_expression")
    while node is not None and node.type in wrapping:
        node = node.named_children[0]
    rows = node.named_children if node is not None and node.type == kind else []
    return [row for row in rows if row.type != "comment" and (kind == "array" or row.type == "pair")][
        :MAX_ROWS
    ]


def _values(pattern: tree_sitter.Node | None, row: tree_sitter.Node) -> dict[str, str]:
    """What the names of a pattern mean in a row: "t" and "t.a" for a name, "a" for `{ a }`."""
    if pattern is not None and pattern.type in ("required_parameter", "optional_parameter"):
        pattern = field(pattern, "pattern")
    if pattern is None:
        return {}
    if pattern.type == "array_pattern" and row.type == "array":
        pairs = zip(pattern.named_children, row.named_children, strict=False)
        return {node_text(part): node_text(value) for part, value in pairs if part.type == "identifier"}
    fields = {
        field_text(pair, "key"): node_text(field(pair, "value"))
        for pair in (row.named_children if row.type == "object" else [])
        if pair.type == "pair"
    }
    if pattern.type == "object_pattern":
        return {
            name: fields.get(name, "undefined")
            for part in pattern.named_children
            if (name := node_text(part)).isidentifier()
        }
    if pattern.type != "identifier":
        return {}
    name = node_text(pattern)
    return {name: node_text(row), **{f"{name}.{key}": value for key, value in fields.items()}}


def _with_values(body: tree_sitter.Node, values: Mapping[str, str]) -> str:
    """The text of a block with values in place of names."""
    start = body.start_byte
    data = (body.text or b"").decode("utf-8", "replace").encode()
    done = len(data) + 1
    members = {key.partition(".")[0] for key in values if "." in key}
    for node in sorted(walk(body), key=lambda node: (-node.start_byte, node.start_byte - node.end_byte)):
        text = node_text(node) if node.type in ("identifier", "member_expression") else ""
        value = values.get(text)
        if value is None and node.type == "member_expression" and field_text(node, "object") in members:
            value = "undefined"
        if value is not None and node.end_byte - start <= done:
            first = node.start_byte - start
            data = data[:first] + value.encode() + data[node.end_byte - start :]
            done = first
    return data.decode()
