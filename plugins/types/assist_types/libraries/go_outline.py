"""The outline of a package of Go: what its files offer together, whatever systems they are for.

Types that other packages cannot name are kept for their members, which types that embed them have too.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

import tree_sitter

from assist_context.code.trees.parsed_text import ParsedText, node_text
from assist_context.documents import Document, split_lines
from assist_context.languages import language_of
from assist_types.libraries.module_outline import HEAD_CHARACTERS, LibraryName, ModuleOutline, by_name

_GO = language_of("a.go")
_NAMED = ("struct_type", "interface_type")
# Types that have no members but their methods.
_PLAIN = frozenset({"map_type", "slice_type", "array_type", "channel_type", "function_type", "pointer_type"})
_BASIC = frozenset(
    {"bool", "string", "byte", "rune", "uintptr", "float32", "float64", "complex64", "complex128"}
)
_INTEGER = re.compile(r"u?int(?:8|16|32|64)?")


def go_outline(texts: Iterable[str]) -> ModuleOutline:
    """The outline of the package that some files make."""
    names: list[LibraryName] = []
    methods: dict[str, list[LibraryName]] = {}
    whole = True
    for text in texts:
        root = ParsedText(Document("a.go", split_lines(text), _GO)).root
        if root is None or root.has_error:
            whole = False
        for node in root.named_children if root is not None else ():
            if node.type == "method_declaration":
                owner, method = _method(node)
                methods.setdefault(owner, []).append(method)
            else:
                names += _declarations(node)
    outlined = by_name(names)
    for owner, own in methods.items():
        known = outlined.get(owner)
        if known is not None and known.kind == "class":
            offered = (method for method in own if method.public)
            outlined[owner] = replace(known, members=tuple(by_name((*known.members, *offered)).values()))
    return ModuleOutline(outlined, whole=whole)


def _declarations(node: tree_sitter.Node) -> Iterator[LibraryName]:
    if node.type == "function_declaration":
        name = node_text(node.child_by_field_name("name"))
        yield LibraryName(name, "function", _head(node), public=_is_public(name))
    elif node.type in ("const_declaration", "var_declaration", "var_spec_list"):
        for inner in node.named_children:
            if inner.type.endswith("_spec"):
                for name in map(node_text, inner.children_by_field_name("name")):
                    yield LibraryName(name, public=_is_public(name))
            elif inner.type == "var_spec_list":
                yield from _declarations(inner)
    elif node.type == "type_declaration":
        for spec in node.named_children:
            if spec.type in ("type_spec", "type_alias"):
                yield _type(spec)


def _type(spec: tree_sitter.Node) -> LibraryName:
    name = node_text(spec.child_by_field_name("name"))
    written = spec.child_by_field_name("type")
    public = _is_public(name)
    if written is None or spec.type == "type_alias":
        return LibraryName(name, public=public)
    members, bases, whole = _members(written)
    head = f"{written.type.partition('_')[0]} {name}"
    return LibraryName(name, "class", head, bases=bases, members=members, whole=whole, public=public)


def _members(written: tree_sitter.Node) -> tuple[tuple[LibraryName, ...], tuple[str, ...], bool]:
    """The own members of a written type, what it embeds, and whether that is all."""
    if written.type not in _NAMED:
        return (), (), written.type in _PLAIN or _is_basic(node_text(written))
    names: list[str] = []
    bases: list[str] = []
    whole = not written.has_error
    body = written.named_children if written.type == "interface_type" else _fields(written)
    for node in body:
        own = [node_text(name) for name in node.children_by_field_name("name")]
        names += own
        if not own and node.type != "comment":
            embedded = node.child_by_field_name("type") or node
            base = node_text(embedded).lstrip("*").partition("[")[0].strip()
            names.append(base.rpartition(".")[2])
            bases.append(base)
            whole = whole and base.isidentifier()
    offered = (LibraryName(name) for name in dict.fromkeys(names) if _is_public(name))
    return tuple(offered), tuple(bases), whole


def _is_basic(written: str) -> bool:
    return written in _BASIC or _INTEGER.fullmatch(written) is not None


def _fields(struct: tree_sitter.Node) -> list[tree_sitter.Node]:
    return [node for part in struct.named_children for node in part.named_children]


def _method(node: tree_sitter.Node) -> tuple[str, LibraryName]:
    """The type to which a method belongs, and the method."""
    name = node_text(node.child_by_field_name("name"))
    receiver = node_text(node.child_by_field_name("receiver")).strip("()").split("[")[0]
    owner = receiver.replace("*", " ").split()[-1] if receiver.strip() else ""
    return owner, LibraryName(name, "function", _head(node), public=_is_public(name))


def _head(node: tree_sitter.Node) -> str:
    body = node.child_by_field_name("body")
    text = node_text(node)
    if body is not None:
        text = text[: len(text) - len(node_text(body))]
    return " ".join(text.split())[:HEAD_CHARACTERS]


def _is_public(name: str) -> bool:
    return name[:1].isupper()
