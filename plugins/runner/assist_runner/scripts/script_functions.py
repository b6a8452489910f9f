"""One function, method or class of a script: what it takes, where its body and its branches are.

Of parameters without a written type, their uses in the body say something: `x.map(...)` is a list.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import tree_sitter

from assist_context.code.trees.parsed_text import node_text
from assist_runner.scripts.script_tree import (
    CLASSES,
    FUNCTIONS,
    field,
    field_text,
    first_line,
    last_line,
    root_of,
    statements_in,
    walk,
)

FunctionRole = Literal["function", "method", "static", "getter", "setter", "constructor", "class"]

_STRING_METHODS = (
    "trim|trimStart|trimEnd|split|toUpperCase|toLowerCase|charAt|charCodeAt|codePointAt|startsWith|endsWith|"
    "replace|replaceAll|match|matchAll|padStart|padEnd|repeat|substring|substr|normalize|search|localeCompare"
)
_LIST_METHODS = (
    "map|filter|reduce|forEach|push|pop|shift|unshift|splice|sort|join|some|every|find|findIndex|flatMap|flat|"
    "reverse|fill|entries"
)
MAX_MEMBERS = 10
_AROUND_VALUES = frozenset({"parenthesized_expression", "as_expression", "satisfies_expression"})


_KIND_OF_DEFAULT = ((r"[\"'`]", "string"), (r"-?\d", "number"), (r"true|false", "boolean"), (r"\[", "list"))


@dataclass(frozen=True, slots=True)
class ScriptParameter:
    """One parameter. `type` is as written, else "" and `uses` are kinds of values that its uses suggest.

    `members` are names that are read of it.
    """

    name: str
    type: str = ""
    optional: bool = False
    rest: bool = False
    default: str = ""
    uses: tuple[str, ...] = ()
    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ScriptFunction:
    """A function or a class. `owner` is the class or object that it is a method of.

    `body` are the offsets in characters of its block or its expression. `making` are the parameters of its
    class's constructor. `hidden` says that no other code may call it. `words` are literals that its
    conditions compare with. `methods` are the public ones of a class, with their parameters.
    """

    name: str
    role: FunctionRole
    owner: str = ""
    parameters: tuple[ScriptParameter, ...] = ()
    making: tuple[ScriptParameter, ...] = ()
    body: range = range(0)
    hidden: bool = False
    words: tuple[str, ...] = ()
    methods: tuple["ScriptFunction", ...] = ()
    doc: str = ""
    abstract: bool = False


def script_function(text: str, path: str, name: str, first: int, last: int) -> ScriptFunction | None:
    """The function or class that a definition on some lines is; None if there is none with a body."""
    root = root_of(text, path)
    node = find_definition(root, name, first, last) if root is not None else None
    return None if node is None else _function(node, text)


def functions_of(text: str, path: str) -> list[ScriptFunction]:
    """The functions and classes of a script's top level."""
    root = root_of(text, path)
    nodes = walk(root) if root is not None else iter(())
    kinds = FUNCTIONS | CLASSES
    found = [_function(node, text) for node in nodes if node.type in kinds and _is_top(node)]
    return [row for row in found if row.name]


def _is_top(node: tree_sitter.Node) -> bool:
    above = node.parent
    while above is not None and above.type in (
        "export_statement", "lexical_declaration", "variable_declaration", "variable_declarator",
        "assignment_expression", "expression_statement", "parenthesized_expression",
    ):  # fmt: skip
        above = above.parent
    return above is not None and above.type == "program"


def find_definition(root: tree_sitter.Node, name: str, first: int, last: int) -> tree_sitter.Node | None:
    """The node of a definition: the outermost one of the name on these lines."""
    short = name.rpartition(".")[2]
    for node in walk(root):
        if node.type not in FUNCTIONS and node.type not in CLASSES:
            continue
        if first <= first_line(node) and last_line(node) <= last and name_of(node) == short:
            return node
    return None


def name_of(node: tree_sitter.Node) -> str:
    """The name of a function or a class, its own or that of what it is assigned to."""
    above = node.parent
    while above is not None and above.type in _AROUND_VALUES:
        above = above.parent
    if above is not None and above.type == "arguments":  # wrapped, as in `const f = memo(() => ...)`
        around = above.parent.parent if above.parent is not None else None
        above = around if around is not None and around.type == "variable_declarator" else None
    name = field_text(node, "name")
    if name or above is None:
        return name
    match above.type:
        case "variable_declarator" | "public_field_definition" | "field_definition":
            name = field_text(above, "name") or field_text(above, "property")
        case "pair":
            name = field_text(above, "key").strip("\"'")
        case "assignment_expression":
            name = field_text(above, "left").rpartition(".")[2]
        case "export_statement":
            name = "default"
    return name


def _function(node: tree_sitter.Node, text: str) -> ScriptFunction:
    name = name_of(node)
    if node.type in CLASSES:
        body = field(node, "body")
        members = statements_in(body) if body is not None else []
        made = next((part for part in members if field_text(part, "name") == "constructor"), None)
        methods = tuple(_function(part, text) for part in members if part.type == "method_definition")
        return ScriptFunction(
            name, "class", "", _parameters(made), _parameters(made), _characters(body, text),
            words=tuple(_words(node)), methods=tuple(row for row in methods if not row.hidden),
            doc=_doc(node), abstract=node.type == "abstract_class_declaration",
        )  # fmt: skip
    owner, made = _owner(node)
    body = field(node, "body")
    of_class = owner is not None and owner.type in CLASSES
    return ScriptFunction(
        name, _role(node, of_class), name_of(owner) if owner is not None else "",
        _with_documented_types(_parameters(node), _doc(node)), _parameters(made), _characters(body, text),
        _is_hidden(node), tuple(_words(node)),
        doc=_doc(node), abstract=owner is not None and owner.type == "abstract_class_declaration",
    )  # fmt: skip


def _owner(node: tree_sitter.Node) -> tuple[tree_sitter.Node | None, tree_sitter.Node | None]:
    """The class or object around a method, and the class's constructor."""
    above = node.parent
    if above is not None and above.type in ("public_field_definition", "field_definition", "pair"):
        above = above.parent
    if above is None or above.type not in ("class_body", "object"):
        return None, None
    owner = above.parent if above.type == "class_body" else above
    made = next((part for part in above.named_children if field_text(part, "name") == "constructor"), None)
    return owner, made


def _role(node: tree_sitter.Node, of_class: bool) -> FunctionRole:
    around = node if node.type == "method_definition" else node.parent
    words = {child.type for child in around.children} if around is not None else set()
    if name_of(node) == "constructor" and of_class:
        return "constructor"
    if not of_class:
        return "function"
    if "static" in words:
        return "static"
    return "getter" if "get" in words else "setter" if "set" in words else "method"


def _is_hidden(node: tree_sitter.Node) -> bool:
    around = node if node.type == "method_definition" else node.parent
    marks = (
        [node_text(child) for child in around.children if child.type == "accessibility_modifier"]
        if around
        else []
    )
    return name_of(node).startswith("#") or "private" in marks or "protected" in marks


def _characters(node: tree_sitter.Node | None, text: str) -> range:
    """The offsets of a node in characters."""
    if node is None:
        return range(0)
    data = text.encode("utf-8", "replace")
    start = len(data[: node.start_byte].decode("utf-8", "replace"))
    return range(start, start + len(data[node.start_byte : node.end_byte].decode("utf-8", "replace")))


def _doc(node: tree_sitter.Node) -> str:
    """The comment above a definition."""
    above: tree_sitter.Node | None = node
    while above is not None and above.parent is not None and above.parent.type not in (
        "program", "class_body", "object", "statement_block",
    ):  # fmt: skip
        above = above.parent
    before = above.prev_named_sibling if above is not None else None
    return node_text(before) if before is not None and before.type == "comment" else ""


def _parameters(node: tree_sitter.Node | None) -> tuple[ScriptParameter, ...]:
    if node is None:
        return ()
    listing = field(node, "parameters")
    body = field_text(node, "body")
    if listing is None:
        single = field(node, "parameter")
        return () if single is None else (_parameter(single, body),)
    found = [
        _parameter(part, body) for part in listing.named_children if part.type not in ("comment", "decorator")
    ]
    return tuple(row for row in found if row.name != "this")


def _with_documented_types(parameters: tuple[ScriptParameter, ...], doc: str) -> tuple[ScriptParameter, ...]:
    """The parameters with the types that a comment says, as in `@param {string} name`."""
    rows = re.findall(r"@param\s*\{([^}]+)\}\s*\[?([\w$]+)", doc)
    types = {name: written.strip(" ?!=").removeprefix("...") for written, name in rows}
    known = {name: written for name, written in types.items() if written.lower() not in ("object", "*")}
    return tuple(
        replace(row, type=known[row.name]) if row.name in known and not row.type else row
        for row in parameters
    )


def _parameter(part: tree_sitter.Node, body: str) -> ScriptParameter:
    pattern = field(part, "pattern") or field(part, "left") or part
    default = field_text(part, "value") or field_text(part, "right")
    written = field_text(part, "type").removeprefix(":").strip()
    rest = pattern.type == "rest_pattern"
    inner = pattern.named_children[0] if rest and pattern.named_children else pattern
    name = node_text(inner)
    optional = part.type == "optional_parameter" or bool(default)
    uses: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    if inner.type == "object_pattern":
        uses = ("object",)
        members = tuple(re.findall(r"(?:^\{|,)\s*(\w+)", name))
    elif not written and name.isidentifier():
        by_default = [kind for start, kind in _KIND_OF_DEFAULT if re.match(start, default)]
        uses = tuple(by_default or _uses(name, body))
        read = re.findall(rf"(?<![\w.$]){name}\??\.(\w+)(?!\w*\()", body)
        for listed in re.findall(rf"{{([^{{}}]*)}}\s*=\s*{name}\b", body):  # taken apart
            read += re.findall(r"(?:^|,)\s*(\w+)", listed)
        members = tuple(dict.fromkeys(read))
    return ScriptParameter(name, written, optional, rest, default, uses, members[:MAX_MEMBERS])


def _uses(name: str, body: str) -> Iterator[str]:
    """What kinds of values a body's uses of a name suggest, the likeliest first.

    >>> list(_uses("a", "return a.trim()")), list(_uses("a", "a.map(b); a > 1"))
    (['string', 'object'], ['number', 'list', 'object'])
    """
    own = rf"(?<![\w.$]){re.escape(name)}"
    kinds = {
        "string": (rf"typeof {name}\s*[!=]==?\s*['\"]string", rf"{own}\??\.(?:{_STRING_METHODS})\("),
        "number": (
            rf"typeof {name}\s*[!=]==?\s*['\"]number",
            rf"{own}\s*(?:[<>]=?|[-*/%])\s*[\w(]",
            rf"Number\.is\w+\({name}\)",
            rf"{own}(?:\+\+|--)",
        ),
        "list": (
            rf"Array\.isArray\({name}\)",
            rf"{own}\??\.(?:{_LIST_METHODS})\(",
            rf"of {name}\b",
            rf"\.\.\.{name}\b",
        ),
        "function": (rf"typeof {name}\s*[!=]==?\s*['\"]function", rf"{own}\("),
        "boolean": (rf"typeof {name}\s*[!=]==?\s*['\"]boolean",),
        "date": (
            rf"{own}\??\.(?:getTime|getFullYear|getMonth|getDate|toISOString)\(",
            rf"{name} instanceof Date",
        ),
        "regexp": (rf"{own}\.(?:test|exec)\(", rf"{name} instanceof RegExp"),
        "object": (
            rf"Object\.(?:keys|entries|values|assign)\({name}",
            rf"typeof {name}\s*[!=]==?\s*['\"]object",
            rf"\bin {name}\b",
            rf"}}\s*=\s*{name}\b",
            rf"{own}\??\.\w+",
            rf"{own}\[",
        ),
    }
    for kind, patterns in kinds.items():
        if any(re.search(pattern, body) for pattern in patterns):
            yield kind


def _words(node: tree_sitter.Node) -> Iterator[str]:
    """The literals that a function compares with or looks for."""
    for part in walk(node):
        values: list[tree_sitter.Node] = []
        if part.type == "binary_expression" and re.fullmatch(r"[=!]==?|[<>]=?", field_text(part, "operator")):
            values = part.named_children
            if field_text(values[0], "operator") == "typeof":
                values = []
        elif part.type == "switch_case":
            values = [value for value in (field(part, "value"),) if value is not None]
        elif part.type == "call_expression":
            called = field_text(part, "function").rpartition(".")[2]
            arguments = field(part, "arguments")
            if called in ("startsWith", "endsWith", "includes", "split", "indexOf") and arguments is not None:
                values = arguments.named_children[:1]
        for value in values:
            if value.type in ("string", "number"):
                yield node_text(value)
