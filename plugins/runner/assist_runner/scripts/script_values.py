"""Values that are written plainly, for a parameter: by its type, by its uses, or by its name.

They need not fit: what the code does with them is seen when they are run. The usual value comes first, then
those at edges.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import tree_sitter

from assist_context.code.trees.parsed_text import node_text
from assist_runner.scripts.script_functions import ScriptParameter
from assist_runner.scripts.script_tree import field as part_of
from assist_runner.scripts.script_tree import field_text, root_of, statements_in, walk

MAX_DEEP = 4
MAX_VALUES = 6
_DECLARATIONS = frozenset(
    {"interface_declaration", "type_alias_declaration", "enum_declaration", "class_declaration"}
)
_KINDS: Mapping[str, tuple[str, ...]] = {
    "string": ("'abc'", "''", "'Hello World'"), "number": ("3", "0", "-1.5"), "boolean": ("true", "false"),
    "bigint": ("3n", "0n"), "symbol": ("Symbol.for('a')",), "null": ("null",), "undefined": ("undefined",),
    "void": ("undefined",), "never": (), "list": ("[3, 1, 2]", "[]", "['b', 'a', 'b']"),
    "object": ("{ a: 1, b: 2 }", "{}"), "function": ("(value) => value",), "date": ("new Date(2024, 1, 29)",),
    "regexp": ("/b/",), "any": ("'abc'", "3", "[1, 2, 3]", "{ a: 1 }", "null"),
    "unknown": ("'abc'", "3", "[1, 2, 3]", "{ a: 1 }", "null"), "true": ("true",), "false": ("false",),
}  # fmt: skip
_GENERIC = ("1", "'a'")
_NAMED: Mapping[str, tuple[str, ...]] = {
    "Date": _KINDS["date"], "RegExp": ("/b/",), "Error": ("new Error('oops')",),
    "Function": _KINDS["function"], "Object": _KINDS["object"], "String": _KINDS["string"],
    "Number": _KINDS["number"], "Boolean": _KINDS["boolean"], "Uint8Array": ("new Uint8Array([1, 2, 3])",),
    "ArrayBuffer": ("new ArrayBuffer(2)",), "Buffer": ("Buffer.from('abc')",),
    "URL": ("new URL('https://example.com/a?b=1')",), "URLSearchParams": ("new URLSearchParams('a=1')",),
    "PropertyKey": ("'a'",), "AbortSignal": ("undefined",), "Headers": ("new Headers({ a: '1' })",),
    "WeakMap": ("new WeakMap()",), "JSON": ("'{}'",),
}  # fmt: skip
_SAME = frozenset(
    {"Readonly", "Partial", "Required", "NonNullable", "Awaited", "NoInfer", "DeepPartial", "Writable"}
)
_LISTS = frozenset(
    {"Array", "ReadonlyArray", "ArrayLike", "Iterable", "IterableIterator", "Iterator", "List", "Collection"}
)
# Words that names of parameters are or end with, by the kind of value that is meant.
_WORDS: Mapping[str, str] = {
    "string": """str string text s input source word name path key url title label prefix suffix pattern msg
        message id property prop selector format template html css code line file filename encoding locale
        lang type""",
    "number": """n num number count size length index i j start end min max from to step amount depth level
        limit width height x y a b ms milliseconds seconds digits precision radix port offset times delay""",
    "list": """arr array list items values elements args collection xs ys keys entries parts lines names
        numbers rest others""",
    "function": """fn func cb callback predicate iteratee mapper reducer handler comparator transform getter
        customizer compare f g""",
    "object": """obj object options opts config settings params props data record map context target
        attributes init""",
    "boolean": "flag deep strict force verbose enabled",
    "date": "date now day time",
    "regexp": "re regex regexp",
}
_KIND_OF_WORD = {word: kind for kind, words in _WORDS.items() for word in words.split()}
_FLAG = re.compile(r"(?:is|has|should|can|with|no|allow|enable)[A-Z]")
_RESULTS = {
    "string": "String({0})", "number": "Number({0})", "boolean": "Boolean({0})", "void": "undefined",
    "PropertyKey": "String({0})",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class TypeBook:
    """The types that some files declare, by name, as the text of their declaration.

    `limits` are those that type parameters must fit, by the parameter's name.
    """

    declared: Mapping[str, str] = field(default_factory=dict)
    limits: Mapping[str, str] = field(default_factory=dict)


def type_book(texts: Iterable[tuple[str, str]]) -> TypeBook:
    """The types of some files, each a path and its text; the first one of a name counts."""
    declared: dict[str, str] = {}
    limits: dict[str, str] = {}
    for path, text in texts:
        root = root_of(text, path)
        for node in walk(root) if root is not None else ():
            if node.type in _DECLARATIONS:
                declared.setdefault(field_text(node, "name"), node_text(node))
            elif node.type == "type_parameter" and part_of(node, "constraint") is not None:
                limits.setdefault(
                    field_text(node, "name"), field_text(node, "constraint").removeprefix("extends").strip()
                )
    return TypeBook(declared, limits)


def parameter_values(parameter: ScriptParameter, book: TypeBook) -> list[str]:
    """Values for a parameter, [] if nothing is known to fit."""
    written = parameter.type
    if parameter.rest and (listed := re.fullmatch(r"(?:readonly\s+)?(.+)\[\]", written)):
        written = listed[1]
    found = type_values(written, book) if written else []
    if not found and (parameter.uses or not written):
        found = _values_by_uses(parameter)
    return list(dict.fromkeys(found))[:MAX_VALUES]


def _values_by_uses(parameter: ScriptParameter) -> list[str]:
    kinds = list(dict.fromkeys((*parameter.uses, *_kinds_by_name(parameter.name))))[:3]
    rows = [_KINDS[kind] for kind in kinds] or [_KINDS["any"]]
    if parameter.members and set(kinds) & {"object"}:
        rows.insert(0, (_object_with(parameter.members), "{}"))
    found = [row[number] for number in range(3) for row in rows if number < len(row)]
    return [parameter.default, *found] if parameter.default and not kinds else found


def _object_with(members: Sequence[str]) -> str:
    """An object with some members, each with a value that its name suggests."""
    kinds = [next(_kinds_by_name(name), "number") for name in members]
    return (
        f"{{ {', '.join(f'{name}: {_KINDS[kind][0]}' for name, kind in zip(members, kinds, strict=True))} }}"
    )


def _kinds_by_name(name: str) -> Iterator[str]:
    """What a parameter's name suggests.

    >>> list(_kinds_by_name("userName")), list(_kinds_by_name("isDeep")), list(_kinds_by_name("things"))
    (['string'], ['boolean'], ['list'])
    """
    last = re.findall(r"[A-Z]?[a-z]+|[A-Z]+", name)[-1:]
    for word in dict.fromkeys((name.lower(), *(part.lower() for part in last))):
        if word in _KIND_OF_WORD:
            yield _KIND_OF_WORD[word]
            return
    if _FLAG.match(name):
        yield "boolean"
    elif re.match(r"(?:on|get)[A-Z]", name):
        yield "function"
    elif name.endswith("s"):
        yield "list"


def type_values(written: str, book: TypeBook) -> list[str]:
    """Values of a written type.

    >>> type_values("'a' | 'b'", TypeBook())[:2], type_values("{ n: number; s?: string }", TypeBook())
    (["'a'", "'b'"], ['{ n: 3 }', "{ n: 3, s: 'abc' }"])
    """
    root = root_of(f"type X = {written};")
    declaration = root.named_children[0] if root is not None and root.named_children else None
    value = part_of(declaration, "value")
    return [] if value is None else list(dict.fromkeys(_values(value, book, 0)))[:MAX_VALUES]


def _values(node: tree_sitter.Node, book: TypeBook, depth: int) -> list[str]:
    """The values of a type's node, [] if none is known."""
    reader = _READERS.get(node.type)
    return reader(node, book, depth) if reader is not None and depth <= MAX_DEEP else []


def _of_parts(node: tree_sitter.Node, book: TypeBook, depth: int) -> list[list[str]]:
    return [_values(part, book, depth + 1) for part in node.named_children if part.type != "comment"]


def _inner(node: tree_sitter.Node, book: TypeBook, depth: int) -> list[str]:
    return _values(node.named_children[-1], book, depth) if node.named_children else []


def _any_of(node: tree_sitter.Node, book: TypeBook, depth: int) -> list[str]:
    rows = _of_parts(node, book, depth)
    most = max((len(row) for row in rows), default=0)
    found = [row[at] for at in range(most) for row in rows if at < len(row)]
    return sorted(found, key=lambda text: text in ("null", "undefined"))


def _all_of(node: tree_sitter.Node, book: TypeBook, depth: int) -> list[str]:
    merged = _merge([row[0] for row in _of_parts(node, book, depth) if row])
    return [merged] if merged else []


def _tuples(node: tree_sitter.Node, book: TypeBook, depth: int) -> list[str]:
    rows = _of_parts(node, book, depth)
    return [f"[{', '.join(row[0] for row in rows)}]"] if all(rows) else []


def _template(node: tree_sitter.Node) -> list[str]:
    return [f"'{re.sub(r'[$][{][^}]*[}]', '1', node_text(node).strip('`'))}'"]


def _lists(inner: list[str]) -> list[str]:
    if inner == list(_KINDS["number"]):
        return ["[3, 1, 2]", "[]", "[1, 1]"]
    if inner == list(_KINDS["string"]):
        return ["['b', 'a']", "[]", "['a', 'a']"]
    if inner == list(_GENERIC):
        return ["[3, 1, 2]", "['a', 'b', 'a']", "[]"]
    if not inner:
        return ["[]"]
    return [f"[{', '.join(inner[:3])}]", "[]", f"[{inner[0]}]"]


def _merge(values: list[str]) -> str:
    """Object literals as one."""
    inner = [value[1:-1].strip().strip(",") for value in values if value.startswith("{")]
    return f"{{ {', '.join(part for part in inner if part)} }}" if inner else ""


def _objects(node: tree_sitter.Node, book: TypeBook, depth: int) -> list[str]:
    """Objects with what a type needs, then with all that it knows."""
    needed, known = [], []
    for member in statements_in(node):
        name = field_text(member, "name")
        if member.type == "index_signature":
            value = part_of(member, "type")
            inner = (
                _values(value.named_children[0], book, depth + 1) if value and value.named_children else []
            )
            needed += [f"a: {inner[0]}"] if inner else []
            continue
        if member.type == "method_signature":
            values = ["() => undefined"]
        else:
            written = part_of(member, "type")
            values = (
                _values(written.named_children[0], book, depth + 1)
                if written and written.named_children
                else ["1"]
            )
        if not name:
            continue
        optional = any(child.type == "?" for child in member.children)
        if not optional and not values:
            return []
        if values:
            known.append(f"{name}: {values[0]}")
            needed += [] if optional else known[-1:]
    rows = [f"{{ {', '.join(row)} }}" if row else "{}" for row in (needed, known)]
    return list(dict.fromkeys(rows))


def _function_value(node: tree_sitter.Node, book: TypeBook) -> str:
    """A function of a type: it gives what it is given, as far as its result allows that."""
    listing = part_of(node, "parameters")
    count = min(2, len(listing.named_children)) if listing is not None else 0
    names = ["value", "other"][:count]
    given = f"({', '.join(names)})"
    result = field_text(node, "return_type")
    first = names[0] if names else "1"
    promised = re.fullmatch(r"Promise<(.*)>", result)
    result = promised[1] if promised else result
    shape = _RESULTS.get(result)
    if shape is None and re.fullmatch(r"\w+ is .+", result):
        shape = "Boolean({0})"
    if shape is None and (result.endswith("[]") or result.startswith(("Array<", "Iterable<"))):
        shape = "[{0}]"
    if shape is None and (found := type_values(result, book)) and not _is_parameter(result):
        shape = "{0}" if {found[0], "1"} <= {"1", "'abc'"} else found[0].replace("{", "{{").replace("}", "}}")
        shape = f"({shape})" if shape.startswith("{{") else shape
    body = (shape or "{0}").format(first)
    return f"{'async ' if promised else ''}{given} => {body}"


def _is_parameter(name: str) -> bool:
    return re.fullmatch(r"[A-Z][A-Z0-9]?|T[A-Z]\w*", name) is not None


def _by_type_name(name: str, book: TypeBook, depth: int) -> list[str]:
    if name in book.declared:
        return _of_declaration(book.declared[name], book, depth + 1)
    if name in book.limits:
        root = root_of(f"type X = {book.limits[name]};")
        value = part_of(root.named_children[0], "value") if root is not None and root.named_children else None
        return _values(value, book, depth + 1) if value is not None else list(_GENERIC)
    if name in _NAMED:
        return list(_NAMED[name])
    return list(_GENERIC) if _is_parameter(name) else []


def _of_declaration(text: str, book: TypeBook, depth: int) -> list[str]:
    root = root_of(text)
    node = root.named_children[0] if root is not None and root.named_children else None
    if node is None:
        return []
    name, body = field_text(node, "name"), part_of(node, "body")
    match node.type:
        case "type_alias_declaration":
            value = part_of(node, "value")
            return _values(value, book, depth) if value is not None else []
        case "interface_declaration" if body is not None:
            return _values(body, book, depth)
        case "enum_declaration" if body is not None:
            names = [field_text(part, "name") or node_text(part) for part in statements_in(body)]
            return [f"{name}.{member}" for member in names[:3]]
    return []


def _generic(node: tree_sitter.Node, book: TypeBook, depth: int) -> list[str]:
    name = field_text(node, "name")
    arguments = part_of(node, "type_arguments")
    inner = _of_parts(arguments, book, depth) if arguments is not None else []
    first = inner[0] if inner else []
    second = inner[1] if len(inner) > 1 else []
    if name in _LISTS:
        return _lists(first)
    if name in _SAME or name in ("Pick", "Omit", "Exclude", "Extract"):
        return ["{}", *first] if name.endswith("Partial") else first
    found = _by_type_name(name, book, depth)
    if name in ("Promise", "PromiseLike"):
        found = [f"Promise.resolve({first[0] if first and first[0] != 'undefined' else ''})"]
    elif name in ("Set", "ReadonlySet"):
        found = [f"new Set([{', '.join(first[:2])}])", "new Set()"]
    elif name in ("Map", "ReadonlyMap"):
        found = [*([f"new Map([[{first[0]}, {second[0]}]])"] if first and second else []), "new Map()"]
    elif name == "Record" and second:
        keys = [_key(text) for text in first[:2] if _key(text)] or ["a"]
        found = [f"{{ {', '.join(f'{key}: {second[0]}' for key in keys)} }}", "{}"]
    return found


def _key(value: str) -> str:
    """A literal as a key of an object."""
    plain = value.strip("'\"")
    return plain if plain.isidentifier() else value if value.startswith(("'", '"')) and len(plain) else ""


_TypeReader = Callable[[tree_sitter.Node, TypeBook, int], list[str]]
_READERS: Mapping[str, _TypeReader] = {
    "predefined_type": lambda node, _book, _depth: list(_KINDS.get(node_text(node), ())),
    "literal_type": lambda node, _book, _depth: [node_text(node)],
    "parenthesized_type": _inner,
    "readonly_type": _inner,
    "union_type": _any_of,
    "intersection_type": _all_of,
    "array_type": lambda node, book, depth: _lists(_values(node.named_children[0], book, depth + 1)),
    "tuple_type": _tuples,
    "object_type": _objects,
    "interface_body": _objects,
    "function_type": lambda node, book, _depth: [_function_value(node, book)],
    "type_identifier": lambda node, book, depth: _by_type_name(node_text(node), book, depth),
    "nested_type_identifier": lambda node, book, depth: _by_type_name(node_text(node), book, depth),
    "generic_type": _generic,
    "template_literal_type": lambda node, _book, _depth: _template(node),
    "index_type_query": lambda _node, _book, _depth: ["'a'"],
}
