"""The calls of a name in a script or a file of tests, each with the statements that make what it uses.

Of tests the calls are taken, and what they expect is dropped. What only shows, compares or waits for a value
is not part of a call: of `expect(await f(1)).toBe(2)` that is `f(1)`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import tree_sitter

from assist_context.code.trees.parsed_text import node_text
from assist_runner.scripts.script_module import ScriptImport, imports_of
from assist_runner.scripts.script_tables import with_rows
from assist_runner.scripts.script_tree import (
    CLASSES,
    FUNCTIONS,
    field,
    field_text,
    first_line,
    root_of,
    statements_in,
    walk,
)

MAX_SETUP = 8  # statements before a call
MAX_CUT = 30  # lines at the end of a cut script that are tried without
_ASSERTION_WORDS = (
    "expect", "assert", "t", "should", "chai", "test", "console", "expectTypeOf", "assertType", "strictEqual",
    "deepEqual", "deepStrictEqual", "equal", "is", "ok", "throws", "rejects",
)  # fmt: skip
_ASSERTIONS = re.compile(rf"(?:{'|'.join(_ASSERTION_WORDS)})(?:\.\w+)*")
_RUNNING = re.compile(r"(?:it|test|specify|describe|suite|context|Deno\.test|bench)(?:\.\w+)*")
_BEFORE = re.compile(r"(?:before|beforeEach|beforeAll|setup)")
_COMPARING = re.compile(r"[=!]==?|[<>]=?|instanceof|in|&&|\|\|")
# Names that every script has.
KNOWN_NAMES = frozenset(
    [
        "Array",
        "ArrayBuffer",
        "BigInt",
        "Boolean",
        "DataView",
        "Date",
        "Error",
        "EvalError",
        "Float32Array",
        "Float64Array",
        "Function",
        "Infinity",
        "Int16Array",
        "Int32Array",
        "Int8Array",
        "Intl",
        "JSON",
        "Map",
        "Math",
        "NaN",
        "Number",
        "Object",
        "Promise",
        "Proxy",
        "RangeError",
        "ReferenceError",
        "Reflect",
        "RegExp",
        "Set",
        "String",
        "Symbol",
        "SyntaxError",
        "TypeError",
        "URIError",
        "Uint16Array",
        "Uint32Array",
        "Uint8Array",
        "URL",
        "URLSearchParams",
        "WeakMap",
        "WeakSet",
        "WeakRef",
        "AggregateError",
        "decodeURI",
        "decodeURIComponent",
        "encodeURI",
        "encodeURIComponent",
        "escape",
        "globalThis",
        "isFinite",
        "isNaN",
        "parseFloat",
        "parseInt",
        "undefined",
        "unescape",
        "structuredClone",
        "console",
        "process",
        "Buffer",
        "setTimeout",
        "clearTimeout",
        "setInterval",
        "clearInterval",
        "setImmediate",
        "queueMicrotask",
        "TextEncoder",
        "TextDecoder",
        "AbortController",
        "AbortSignal",
        "Headers",
        "Request",
        "Response",
        "Blob",
        "File",
        "FormData",
        "Event",
        "EventTarget",
        "arguments",
        "performance",
        "atob",
        "btoa",
        "Record",
        "Partial",
        "Readonly",
        "Required",
        "Pick",
        "Omit",
        "ReadonlyArray",
        "PropertyKey",
        "Awaited",
        "Exclude",
        "Extract",
        "NonNullable",
        "const",
    ]
)


@dataclass(frozen=True, slots=True)
class ScriptCall:
    """A call as text, the statements and imports that it needs, and the line where it is.

    `unknown` are names that come from nowhere in the script.
    """

    text: str
    setup: tuple[str, ...]
    imports: tuple[ScriptImport, ...]
    unknown: tuple[str, ...]
    line: int


def calls_in_script(text: str, names: frozenset[str], path: str = "a.ts") -> list[ScriptCall]:
    """The calls of some names in a script, once each; of anything that it looks at if `names` is empty.

    >>> script = "import { f } from './f'; test('a', () => { const n = 2; expect(f(n)).toBe(3) })"
    >>> [(call.text, call.setup) for call in calls_in_script(script, frozenset({"f"}))]
    [('f(n)', ('const n = 2;',))]
    """
    root = _whole(with_rows(text, path), path)
    if root is None:
        return []
    known = {found.local: found for node in root.named_children for found in imports_of(node)}
    found_calls: dict[tuple[str, tuple[str, ...]], ScriptCall] = {}
    for body in _sequences(root):
        for at, statement in enumerate(body):
            for call in _calls_of(statement, names):
                setup = _setup(body, at, call, known)
                if len(setup) > MAX_SETUP:
                    continue
                needed, unknown = _needs_of([*setup, call], known)
                lines = tuple(node_text(node) for node in setup)
                row = ScriptCall(node_text(call), lines, needed, unknown, first_line(call))
                found_calls.setdefault((row.text, lines), row)
    return list(found_calls.values())


def _whole(text: str, path: str) -> tree_sitter.Node | None:
    """The tree of a script without the end that cannot be parsed."""
    lines = text.splitlines()
    for cut in range(min(MAX_CUT, len(lines))):
        root = root_of("\n".join(lines[: len(lines) - cut]), path)
        if root is not None and not root.has_error:
            return root
    return root_of(text, path)


def _sequences(root: tree_sitter.Node) -> Iterator[list[tree_sitter.Node]]:
    """The statements that run one after the other: of the script, and of each test after its own."""
    yield from _inside(root, [])


def _inside(block: tree_sitter.Node, above: Sequence[tree_sitter.Node]) -> Iterator[list[tree_sitter.Node]]:
    own: list[tree_sitter.Node] = []
    inner: list[tree_sitter.Node] = []
    for node in statements_in(block):
        called, body = _callback(node)
        if body is not None and _BEFORE.fullmatch(called):
            own += statements_in(body)
        elif body is not None and _RUNNING.fullmatch(called):
            inner.append(body)
        elif node.type == "statement_block":
            inner.append(node)
        elif node.type == "try_statement":
            own += statements_in(field(node, "body") or node)
        else:
            own.append(node)
    sequence = [*above, *own]
    yield sequence
    shared = [node for node in sequence if node.type not in ("import_statement", "return_statement")]
    for body in inner:
        yield from _inside(body, shared)


def _callback(node: tree_sitter.Node) -> tuple[str, tree_sitter.Node | None]:
    """What a statement calls with a function as the last argument, and that function's block."""
    call = node.named_children[0] if node.type == "expression_statement" and node.named_children else None
    arguments = field(call, "arguments")
    if call is None or call.type != "call_expression" or arguments is None:
        return "", None
    function = next((part for part in reversed(arguments.named_children) if part.type in FUNCTIONS), None)
    body = field(function, "body")
    if body is None or body.type != "statement_block" or _has_parameters(function):
        return "", None
    called = field(call, "function")
    while called is not None and called.type == "call_expression":  # as in it.each(...)(...)
        called = field(called, "function")
    return node_text(called), body


def _has_parameters(function: tree_sitter.Node | None) -> bool:
    listing = field(function, "parameters")
    names = [node_text(part) for part in listing.named_children] if listing is not None else []
    return any(name not in ("t", "done", "_") for name in names)


def _calls_of(statement: tree_sitter.Node, names: frozenset[str]) -> Iterator[tree_sitter.Node]:
    match statement.type:
        case "expression_statement" | "return_statement":
            parts = statement.named_children[:1]
        case "lexical_declaration" | "variable_declaration":
            parts = [
                value for part in statement.named_children if (value := field(part, "value")) is not None
            ]
        case _:
            parts = []
    for part in parts:
        yield from _within(part, names)


def _within(node: tree_sitter.Node, names: frozenset[str]) -> Iterator[tree_sitter.Node]:
    """The expression without what only compares, shows or waits for it."""
    if not _has_call(node, names):
        return
    inner = _inner(node)
    if inner is None:
        yield node
        return
    for part in inner:
        if part.type in ("expression_statement", "return_statement", "lexical_declaration"):
            yield from _calls_of(part, names)
        else:
            yield from _within(part, names)


def _inner(node: tree_sitter.Node) -> Sequence[tree_sitter.Node] | None:
    """The parts of what only compares, shows or waits for them; None for any other expression."""
    operator = field_text(node, "operator")
    found: Sequence[tree_sitter.Node] | None = None
    match node.type:
        case "await_expression" | "parenthesized_expression":
            found = node.named_children
        case "as_expression" | "satisfies_expression" | "non_null_expression":
            found = node.named_children[:1]
        case "unary_expression" if operator in ("!", "typeof"):
            found = node.named_children
        case "assignment_expression":
            found = [part for part in (field(node, "right"),) if part is not None]
        case "binary_expression" if _COMPARING.fullmatch(operator):
            found = node.named_children
        case "arrow_function" | "function_expression":
            body = field(node, "body")
            block = body is not None and body.type == "statement_block"
            found = [] if body is None else statements_in(body) if block else [body]
        case "call_expression" | "member_expression":
            found = _assertion_arguments(node)
    return found


def _assertion_arguments(node: tree_sitter.Node) -> list[tree_sitter.Node] | None:
    """The arguments of all calls of a chain that begins with an assertion, as in `expect(a).not.toBe(b)`."""
    found: list[tree_sitter.Node] = []
    current: tree_sitter.Node | None = node
    while current is not None and current.type in ("call_expression", "member_expression"):
        if current.type == "call_expression":
            arguments = field(current, "arguments")
            found = [*(arguments.named_children if arguments is not None else []), *found]
            called = field(current, "function")
            if (
                called is not None
                and called.type != "call_expression"
                and _ASSERTIONS.fullmatch(node_text(called))
            ):
                return found
            current = called
        else:
            current = field(current, "object")
    return None


def _has_call(node: tree_sitter.Node, names: frozenset[str]) -> bool:
    return any(_is_call(part, names) for part in walk(node))


def _is_call(node: tree_sitter.Node, names: frozenset[str]) -> bool:
    match node.type:
        case "call_expression":
            called = field(node, "function")
            if called is None or _ASSERTIONS.fullmatch(node_text(called)):
                return False
            name = field_text(called, "property") if called.type == "member_expression" else node_text(called)
            return not names or name in names
        case "new_expression":
            return not names or field_text(node, "constructor").rpartition(".")[2] in names
        case "member_expression":  # a property may be a getter
            return field_text(node, "property") in names
    return False


def bound_in(node: tree_sitter.Node) -> set[str]:
    """The names that a piece of code binds, at any depth."""
    found: set[str] = set()
    for part in walk(node):
        match part.type:
            case "variable_declarator":
                found |= _pattern_names(field(part, "name"))
            case "required_parameter" | "optional_parameter":
                found |= _pattern_names(field(part, "pattern"))
            case "formal_parameters":
                for child in part.named_children:
                    found |= _pattern_names(child)
            case "arrow_function" | "catch_clause":
                found |= _pattern_names(field(part, "parameter"))
            case "for_in_statement":
                found |= _pattern_names(field(part, "left"))
            case "type_parameter":
                found.add(field_text(part, "name"))
        if part.type in FUNCTIONS or part.type in CLASSES:
            found.add(field_text(part, "name"))
    return found - {""}


def _pattern_names(node: tree_sitter.Node | None) -> set[str]:
    """The names that a pattern binds; defaults in it bind none."""
    if node is None:
        return set()
    if node.type in ("identifier", "shorthand_property_identifier_pattern"):
        return {node_text(node)}
    parts: Sequence[tree_sitter.Node | None] = ()
    if node.type in ("assignment_pattern", "object_assignment_pattern"):
        parts = [field(node, "left")]
    elif node.type == "pair_pattern":
        parts = [field(node, "value")]
    elif node.type in ("object_pattern", "array_pattern", "rest_pattern"):
        parts = node.named_children
    return {name for part in parts for name in _pattern_names(part)}


def free_in(node: tree_sitter.Node) -> set[str]:
    """The names that a piece of code reads and does not bind itself."""
    kinds = ("identifier", "shorthand_property_identifier", "type_identifier")
    return {node_text(part) for part in walk(node) if part.type in kinds} - bound_in(node)


def own_names(node: tree_sitter.Node) -> set[str]:
    """The names that a statement gives to those after it, or changes."""
    match node.type:
        case "lexical_declaration" | "variable_declaration":
            return {name for part in node.named_children for name in _pattern_names(field(part, "name"))}
        case "expression_statement" if (
            node.named_children and node.named_children[0].type == "assignment_expression"
        ):
            return set(re.findall(r"^[A-Za-z_$][\w$]*", field_text(node.named_children[0], "left")))
    return {field_text(node, "name")} - {""}


def _setup(
    body: Sequence[tree_sitter.Node], at: int, call: tree_sitter.Node, known: Mapping[str, ScriptImport]
) -> list[tree_sitter.Node]:
    """The statements before a call that make what it uses, or change it."""
    needed = free_in(call) - known.keys()
    made = {name for node in body[:at] for name in own_names(node)}
    found: list[tree_sitter.Node] = []
    for node in reversed(body[:at]):
        if any(imports_of(node)) or node.type in ("import_statement", "return_statement", "comment"):
            continue
        used = bool(own_names(node) & needed)
        if node.type == "expression_statement" and not used and node.named_children:
            inner = node.named_children[0]
            inner = inner.named_children[0] if inner.type == "await_expression" else inner
            changes = inner.type == "call_expression" and _assertion_arguments(inner) is None
            used = changes and bool(free_in(inner) & needed & made)
        if used:
            found.insert(0, node)
            if node.type != "expression_statement":  # what is declared further above is another one
                needed -= own_names(node)
            needed |= free_in(node) - known.keys()
    return found


def _needs_of(
    nodes: Sequence[tree_sitter.Node], known: Mapping[str, ScriptImport]
) -> tuple[tuple[ScriptImport, ...], tuple[str, ...]]:
    bound = {name for node in nodes for name in own_names(node)}
    free = sorted({name for node in nodes for name in free_in(node)} - bound)
    imports = tuple(known[name] for name in free if name in known)
    return imports, tuple(name for name in free if name not in known and name not in KNOWN_NAMES)
