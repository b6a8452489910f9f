"""The outline of a module of JavaScript or TypeScript, best from its declarations (`.d.ts`).

What has types that are computed, such as a mapped or a conditional one, has members that are not known.
"""

from collections.abc import Iterator
from dataclasses import replace

import tree_sitter

from assist_context.code.doc_comments import paragraph
from assist_context.code.trees.parsed_text import ParsedText, node_text
from assist_context.documents import Document, split_lines
from assist_context.languages import language_of
from assist_types.libraries.module_outline import (
    HEAD_CHARACTERS,
    LibraryKind,
    LibraryName,
    ModuleOutline,
    by_name,
)
from assist_types.libraries.python_outline import first_sentence

ASSIGNED = "export="  # the name of what a module is as a whole, as in `export = x`
MAX_DEEP = 5  # namespaces in namespaces
_SPACES = frozenset({"module", "internal_module"})


def script_outline(text: str, path: str) -> ModuleOutline:
    """The outline of a file; its path tells the language, and whether it has only declarations."""
    declares = path.endswith((".d.ts", ".d.mts", ".d.cts"))
    document = Document("a.ts" if declares else path, split_lines(text), language_of(path))
    root = ParsedText(document).root
    if root is None:
        return ModuleOutline()
    reader = _ScriptReader(declares, "/// <reference path" in text)
    return reader.outline(root, top=True)


class _ScriptReader:
    """Reads the statements of one file. `declares`: it has only declarations; `refers`: others add to it."""

    def __init__(self, declares: bool, refers: bool) -> None:
        self._declares = declares
        self._refers = refers
        self._ambient: dict[str, ModuleOutline] = {}

    def outline(self, block: tree_sitter.Node, *, top: bool = False, deep: int = 0) -> ModuleOutline:
        """The outline of a file, or of the body of a module that is declared in it."""
        names: list[LibraryName] = []
        stars: list[str] = []
        whole = not block.has_error
        marked = False  # whether exports are marked, and names without a mark are private
        for node in block.named_children:
            if node.type == "export_statement":
                if not any(part.type == "export" for part in node.children):
                    continue
                exported = list(self._exports(node, stars, deep))
                names += exported
                declared = node.child_by_field_name("declaration") is not None
                marked = marked or not (self._declares and declared)
            else:
                names += self._declarations(node, deep, public=False)
        if top and self._refers:
            whole = False
            names = [replace(name, whole=False) for name in names]
        if top and not self._declares and not (marked or any(name.public for name in names)):
            whole = False  # CommonJS, or no module at all
        if not marked and (self._declares or deep):
            names = [_as_public(name) for name in names]
        # What a module of ES declares under another module's name is added to that one, which is elsewhere.
        module = any(node.type in ("import_statement", "export_statement") for node in block.named_children)
        ambient = dict(self._ambient) if top and not module else {}
        return ModuleOutline(by_name(names), tuple(dict.fromkeys(stars)), whole, ambient)

    def _exports(self, node: tree_sitter.Node, stars: list[str], deep: int) -> Iterator[LibraryName]:
        source = node.child_by_field_name("source")
        module = node_text(source).strip("\"'`") if source is not None else ""
        declaration = node.child_by_field_name("declaration")
        default = any(part.type == "default" for part in node.children)
        if declaration is not None:
            for declared in self._declarations(declaration, deep, public=not default):
                yield declared
                if default:
                    yield LibraryName("default", "import", target=("", declared.name))
            return
        for part in node.named_children:
            if part.type == "export_clause":
                for item in part.named_children:
                    yield from _export_item(item, module)
            elif part.type == "namespace_export":
                name = next((node_text(inner) for inner in part.named_children), "")
                yield LibraryName(name, "import", target=(module, ""))
        if module and any(part.type == "*" for part in node.children):
            stars.append(module)
        yield from _whole_export(node, default=default)

    def _declarations(self, node: tree_sitter.Node, deep: int, *, public: bool) -> Iterator[LibraryName]:
        name = node_text(node.child_by_field_name("name"))
        kind = node.type
        if kind in _SINGLE:
            yield _SINGLE[kind](node, name, public)
        elif kind in _SPACES:
            yield from self._space(node, deep, public)
        elif kind in _AROUND:
            for part in node.named_children:
                if kind == "ambient_declaration" or part.type in _SPACES:
                    yield from self._declarations(part, deep, public=public)
        elif kind in ("lexical_declaration", "variable_declaration"):
            for part in node.named_children:
                yield from _variable(part, public)
        elif kind == "import_statement":
            yield from _import_names(node)
        elif kind == "import_alias":
            parts = [node_text(part) for part in node.named_children]
            yield LibraryName(parts[0] if parts else "", public=public)

    def _space(self, node: tree_sitter.Node, deep: int, public: bool) -> Iterator[LibraryName]:
        name = node.child_by_field_name("name")
        body = node.child_by_field_name("body")
        text = node_text(name)
        if body is None or deep >= MAX_DEEP:
            return
        inner = self.outline(body, deep=deep + 1)
        if name is not None and name.type == "string":
            module = text.strip("\"'`")
            known = self._ambient.get(module)
            self._ambient[module] = inner if known is None else _join(known, inner)
        else:
            members = tuple(member for member in inner.names.values() if member.public)
            whole = inner.whole and not inner.stars
            yield LibraryName(text, "module", members=members, whole=whole, public=public)


def _join(one: ModuleOutline, other: ModuleOutline) -> ModuleOutline:
    """Two declarations of a module in one file."""
    names = by_name((*one.names.values(), *other.names.values()))
    return ModuleOutline(names, (*one.stars, *other.stars), one.whole and other.whole)


def _as_public(name: LibraryName) -> LibraryName:
    return name if name.kind == "import" else replace(name, public=True)


def _whole_export(node: tree_sitter.Node, *, default: bool) -> Iterator[LibraryName]:
    """Yield the names of a module's export as a whole: `export = x` or `export default x`."""
    value = node.child_by_field_name("value")
    if any(part.type == "=" for part in node.children):
        assigned = node_text(node.named_children[-1]) if node.named_children else ""
        yield LibraryName(ASSIGNED, "import", target=("", assigned))
    elif value is not None and default:
        target = node_text(value) if value.type == "identifier" else ""
        yield LibraryName("default", "import" if target else "value", target=("", target))


def _export_item(item: tree_sitter.Node, module: str) -> Iterator[LibraryName]:
    name = node_text(item.child_by_field_name("name")).strip("\"'")
    alias = node_text(item.child_by_field_name("alias")).strip("\"'")
    if not name:
        return
    if module or (alias and alias != name):
        yield LibraryName(alias or name, "import", target=(module, name))
    else:
        yield LibraryName(name, "import", target=("", name))


def _import_names(node: tree_sitter.Node) -> Iterator[LibraryName]:
    module = node_text(node.child_by_field_name("source")).strip("\"'`")
    for clause in node.named_children:
        if clause.type == "import_require_clause":
            parts = clause.named_children
            source = node_text(clause.child_by_field_name("source") or parts[-1]).strip("\"'`")
            yield LibraryName(node_text(parts[0]), "import", target=(source, ""), public=False)
        if clause.type != "import_clause":
            continue
        for part in clause.named_children:
            if part.type == "identifier":
                yield LibraryName(node_text(part), "import", target=(module, "default"), public=False)
            elif part.type == "namespace_import":
                name = next((node_text(inner) for inner in part.named_children), "")
                yield LibraryName(name, "import", target=(module, ""), public=False)
            elif part.type == "named_imports":
                for item in part.named_children:
                    name = node_text(item.child_by_field_name("name"))
                    alias = node_text(item.child_by_field_name("alias")) or name
                    yield LibraryName(alias, "import", target=(module, name), public=False)


def _class(node: tree_sitter.Node, name: str, public: bool) -> LibraryName:
    """A class or an interface. What it implements adds no member."""
    bases: list[str] = []
    for part in node.named_children:
        if part.type == "class_heritage":
            for clause in part.named_children:
                bases += _heads_of(clause) if clause.type == "extends_clause" else []
            if not any(clause.type.endswith("_clause") for clause in part.named_children):
                bases += _heads_of(part)  # JavaScript
        elif part.type in ("extends_type_clause", "extends_clause"):
            bases += _heads_of(part)
    members, whole = _members(node.child_by_field_name("body"))
    # An empty interface is there for others to add to it.
    whole = whole and (bool(members or bases) or node.type != "interface_declaration")
    return LibraryName(
        name,
        "class",
        _head(node),
        _doc(node),
        bases=tuple(bases),
        members=members,
        whole=whole and not node.has_error,
        public=public,
    )


def _heads_of(clause: tree_sitter.Node) -> list[str]:
    """Return the names of bases in a clause, without type arguments; "?" for anything but a name."""
    found = []
    for part in clause.named_children:
        if part.type in ("type_arguments", "comment"):
            continue
        found.append(_base_of(part))
    return found


def _base_of(node: tree_sitter.Node) -> str:
    if node.type == "generic_type":
        return _base_of(node.named_children[0]) if node.named_children else "?"
    names = (
        "type_identifier",
        "identifier",
        "nested_type_identifier",
        "member_expression",
        "nested_identifier",
    )
    return "".join(node_text(node).split()) if node.type in names else "?"


def _members(body: tree_sitter.Node | None) -> tuple[tuple[LibraryName, ...], bool]:
    """The members in the body of a class, an interface or an object type, and whether these are all."""
    found: list[LibraryName] = []
    whole = body is not None
    for node in body.named_children if body is not None else ():
        kind = node.type
        name = node.child_by_field_name("name")
        if kind in ("index_signature", "mapped_type_clause"):
            whole = False
        elif kind in ("call_signature", "construct_signature"):
            found += [LibraryName(word) for word in ("call", "apply", "bind", "length", "name")]
        elif name is None:
            continue
        elif name.type == "computed_property_name":
            whole = whole and node_text(name).startswith("[Symbol.")
        else:
            method = kind.endswith(("method_signature", "method_definition"))
            method = method and not any(part.type in ("get", "set") for part in node.children)
            text = node_text(name).strip("\"'")
            made: LibraryKind = "function" if method else "value"
            found.append(LibraryName(text, made, _head(node), _doc(node), whole=method))
            if text == "constructor":
                found += _parameter_fields(node)
    return tuple(by_name(found).values()), whole


def _parameter_fields(node: tree_sitter.Node) -> Iterator[LibraryName]:
    """Fields that a constructor's parameters declare: `constructor(readonly url: string)`."""
    parameters = node.child_by_field_name("parameters")
    for part in parameters.named_children if parameters is not None else ():
        if any(inner.type in ("accessibility_modifier", "readonly") for inner in part.children):
            yield LibraryName(node_text(part.child_by_field_name("pattern")))


def _alias(node: tree_sitter.Node, name: str, public: bool) -> LibraryName:
    """A type alias: members of object types, and other names as bases."""
    members: list[LibraryName] = []
    bases: list[str] = []
    whole = True
    waiting = [part for part in (node.child_by_field_name("value"),) if part is not None]
    while waiting:
        part = waiting.pop()
        if part.type == "object_type":
            inner, all_of_it = _members(part)
            members += inner
            whole = whole and all_of_it
        elif part.type in ("intersection_type", "parenthesized_type"):
            waiting += part.named_children
        else:
            bases.append(_base_of(part))
    return LibraryName(
        name,
        "class",
        _head(node),
        _doc(node),
        bases=tuple(bases),
        members=tuple(by_name(members).values()),
        whole=whole,
        public=public,
    )


def _enum(node: tree_sitter.Node, name: str, public: bool) -> LibraryName:
    body = node.child_by_field_name("body")
    cases = []
    for part in body.named_children if body is not None else ():
        case = part.child_by_field_name("name") if part.type == "enum_assignment" else part
        if part.type != "comment":
            cases.append(LibraryName(node_text(case).strip("\"'")))
    return LibraryName(
        name, "class", f"enum {name}", _doc(node), members=tuple(cases), whole=True, public=public
    )


def _variable(node: tree_sitter.Node, public: bool) -> Iterator[LibraryName]:
    if node.type != "variable_declarator":
        return
    name = node.child_by_field_name("name")
    if name is None:
        return
    if name.type == "identifier":
        head = " ".join(node_text(node)[:HEAD_CHARACTERS].split()) if "{" not in node_text(node) else ""
        statement = node.parent
        doc = _doc(statement) if statement is not None else ""
        yield LibraryName(node_text(name), "value", head, doc, public=public)
        return
    waiting = [*name.named_children]  # a pattern
    while waiting:
        part = waiting.pop()
        if part.type in ("identifier", "shorthand_property_identifier_pattern"):
            yield LibraryName(node_text(part), public=public)
        waiting += part.named_children


def _function(node: tree_sitter.Node, name: str, public: bool) -> LibraryName:
    return LibraryName(name, "function", _head(node), _doc(node), whole=True, public=public)


_AROUND = ("ambient_declaration", "expression_statement")  # the latter is around a `namespace`
# The kinds of nodes that declare one name.
_SINGLE = {
    **dict.fromkeys(
        ("function_declaration", "generator_function_declaration", "function_signature"), _function
    ),
    **dict.fromkeys(("class_declaration", "abstract_class_declaration", "class"), _class),
    "interface_declaration": _class,
    "type_alias_declaration": _alias,
    "enum_declaration": _enum,
}


def _head(node: tree_sitter.Node) -> str:
    """The text of a definition before its body, on one line."""
    body = node.child_by_field_name("body")
    data = node.text or b""
    end = len(data) if body is None else body.start_byte - node.start_byte
    text = " ".join(data[: min(end, 4 * HEAD_CHARACTERS)].decode("utf-8", "replace").split())
    return text.rstrip(" ;{")[:HEAD_CHARACTERS]


def _doc(node: tree_sitter.Node) -> str:
    """The first sentence of the comment above a definition."""
    above = node
    while above.prev_named_sibling is None or above.prev_named_sibling.type != "comment":
        outer = above.parent
        if outer is None or outer.type not in ("export_statement", "ambient_declaration"):
            return ""
        above = outer
    comment = above.prev_named_sibling
    if comment is None or not node_text(comment).startswith("/**"):
        return ""
    return first_sentence(paragraph(node_text(comment)))
