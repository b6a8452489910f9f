"""What a script exports, imports and defines at its top, of ES modules and of CommonJS.

Each import is given as a statement that imports one name alone, so that it can be moved to another file.
"""

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import tree_sitter

from assist_context.code.trees.parsed_text import node_text
from assist_runner.scripts.script_tree import CLASSES, field_text, root_of, string_value
from assist_runner.scripts.script_tree import field as part_of

DEFAULT = "default"
WHOLE = "*"


@dataclass(frozen=True, slots=True)
class ScriptImport:
    """One name that a script imports.

    `name` is what the module calls it: "default", or "*" for the whole module. `required` says that it comes
    by `require`, `typed` that it is only a type.
    """

    local: str
    module: str
    name: str
    required: bool = False
    typed: bool = False

    def from_folder(self, before: str, after: str) -> "ScriptImport":
        """The same for a script in another folder; both are relative to one place.

        >>> ScriptImport("a", "../src/x", "a").from_folder("tests", "tests/unit").module
        '../../src/x'
        """
        if not self.module.startswith("."):
            return self
        there = posixpath.normpath(posixpath.join(before, self.module))
        return replace(self, module=relative_module(there, after))


def relative_module(path: str, folder: str) -> str:
    """A path as an import in a folder names it.

    >>> relative_module("src/a", "src"), relative_module("src/a", "test")
    ('./a', '../src/a')
    """
    found = posixpath.relpath(path, folder or ".")
    return found if found.startswith(".") else f"./{found}"


@dataclass(frozen=True, slots=True)
class ScriptModule:
    """A script seen from outside.

    `exports` are the names of its code by which others know it; `defined` is what its top level defines.
    `common` says that it is CommonJS. `assigned` is the name of what `module.exports` is, as a whole.
    """

    exports: Mapping[str, str] = field(default_factory=dict)
    imports: Mapping[str, ScriptImport] = field(default_factory=dict)
    defined: frozenset[str] = frozenset()
    common: bool = False
    assigned: str = ""


def script_module(text: str, path: str = "a.ts") -> ScriptModule:
    """What a script says at its top.

    >>> found = script_module("export const a = 1; function b() {} export { b as c }; import d from 'e';")
    >>> dict(found.exports), found.imports["d"].module
    ({'a': 'a', 'b': 'c'}, 'e')
    """
    root = root_of(text, path)
    if root is None:
        return ScriptModule()
    exports: dict[str, str] = {}
    imports: dict[str, ScriptImport] = {}
    defined: set[str] = set()
    assigned = ""
    for node in root.named_children:
        imports |= {found.local: found for found in imports_of(node)}
        if node.type == "export_statement":
            exports |= dict(_export_names(node))
        if node.type == "expression_statement":
            found, whole = _common_exports(node)
            exports |= found
            assigned = whole or assigned
        defined |= set(defined_by(node))
    esm = any(node.type in ("export_statement", "import_statement") for node in root.named_children)
    common = not esm and bool(re.search(r"\brequire\(|\bmodule\.exports\b|^exports\.", text, re.MULTILINE))
    return ScriptModule(exports, imports, frozenset(defined), common, assigned)


def defined_by(node: tree_sitter.Node) -> Iterator[str]:
    """The names that a statement of the top level defines."""
    inner = part_of(node, "declaration") if node.type == "export_statement" else node
    if inner is None:
        return
    if inner.type in ("lexical_declaration", "variable_declaration"):
        for child in inner.named_children:
            name = part_of(child, "name")
            if name is not None and name.type == "identifier":
                yield node_text(name)
    elif (name := part_of(inner, "name")) is not None:
        yield node_text(name)


def imports_of(node: tree_sitter.Node) -> Iterator[ScriptImport]:
    """The names that a statement imports."""
    if node.type == "import_statement":
        module = string_value(part_of(node, "source"))
        typed = any(child.type == "type" for child in node.children)
        for clause in node.named_children:
            if clause.type == "import_clause":
                yield from _clause(clause, module, typed)
    elif node.type in ("lexical_declaration", "variable_declaration"):
        for declarator in node.named_children:
            yield from _require_imports(declarator)


def _clause(clause: tree_sitter.Node, module: str, typed: bool) -> Iterator[ScriptImport]:
    for child in clause.named_children:
        if child.type == "identifier":
            yield ScriptImport(node_text(child), module, DEFAULT, typed=typed)
        elif child.type == "namespace_import":
            yield ScriptImport(node_text(child.named_children[0]), module, WHOLE, typed=typed)
        elif child.type == "named_imports":
            for specifier in child.named_children:
                name = field_text(specifier, "name")
                own = typed or any(part.type == "type" for part in specifier.children)
                yield ScriptImport(field_text(specifier, "alias") or name, module, name, typed=own)


def _require_imports(declarator: tree_sitter.Node) -> Iterator[ScriptImport]:
    value, name = part_of(declarator, "value"), part_of(declarator, "name")
    member = ""
    if value is not None and value.type == "member_expression":
        member = field_text(value, "property")
        value = part_of(value, "object")
    if value is None or name is None or field_text(value, "function") != "require":
        return
    arguments = part_of(value, "arguments")
    if arguments is None or not arguments.named_children:
        return
    module = string_value(arguments.named_children[0])
    if name.type == "identifier":
        yield ScriptImport(node_text(name), module, member or WHOLE, required=True)
    elif name.type == "object_pattern" and not member:
        for part in name.named_children:
            if part.type == "shorthand_property_identifier_pattern":
                yield ScriptImport(node_text(part), module, node_text(part), required=True)
            elif part.type == "pair_pattern" and (value := part_of(part, "value")) is not None:
                yield ScriptImport(node_text(value), module, field_text(part, "key"), required=True)


def _export_names(node: tree_sitter.Node) -> Iterator[tuple[str, str]]:
    is_default = any(child.type == DEFAULT for child in node.children)
    if part_of(node, "source") is not None:  # of another module
        return
    for child in node.named_children:
        if child.type == "export_clause":
            for specifier in child.named_children:
                name = field_text(specifier, "name")
                yield name, field_text(specifier, "alias") or name
    value = part_of(node, "value")
    if is_default and value is not None:
        name = node_text(value) if value.type == "identifier" else field_text(value, "name")
        yield name or DEFAULT, DEFAULT
    declaration = part_of(node, "declaration")
    if declaration is not None:
        for name in (
            defined_by(node) if declaration.type not in CLASSES else [field_text(declaration, "name")]
        ):
            yield name or DEFAULT, DEFAULT if is_default else name


def _common_exports(node: tree_sitter.Node) -> tuple[dict[str, str], str]:
    """What an assignment exports of CommonJS: names, or the name of what the module is as a whole."""
    found: dict[str, str] = {}
    value: tree_sitter.Node | None = node.named_children[0] if node.named_children else None
    whole = ""
    while value is not None and value.type == "assignment_expression":
        left = field_text(value, "left")
        right = part_of(value, "right")
        last = right
        while last is not None and last.type == "assignment_expression":
            last = part_of(last, "right")
        named = re.fullmatch(r"(?:module\.)?exports\.(\w+)", left)
        own = node_text(last) if last is not None and last.type == "identifier" else field_text(last, "name")
        if named:
            found[own or named[1]] = named[1]
        elif left in ("module.exports", "exports") and last is not None:
            whole = own or ("" if last.type == "object" else DEFAULT)
            found |= dict(_object_exports(last)) if last.type == "object" else {whole: WHOLE}
        value = right
    return found, whole


def _object_exports(value: tree_sitter.Node) -> Iterator[tuple[str, str]]:
    for part in value.named_children:
        if part.type == "shorthand_property_identifier":
            yield node_text(part), node_text(part)
        elif part.type == "pair" and (own := part_of(part, "value")) is not None:
            key = string_value(part_of(part, "key"))
            yield (node_text(own) if own.type == "identifier" else key), key
        elif part.type == "method_definition":
            yield field_text(part, "name"), field_text(part, "name")


def import_lines(imports: tuple[ScriptImport, ...], quote: str = '"', end: str = ";") -> list[str]:
    """Statements that import names, one for each module.

    >>> import_lines((ScriptImport("c", "m", "b"), ScriptImport("d", "m", "default")))
    ['import d, { b as c } from "m";']
    """
    lines = []
    groups: dict[tuple[str, bool, bool], list[ScriptImport]] = {}
    for found in dict.fromkeys(imports):
        groups.setdefault((found.module, found.required, found.typed), []).append(found)
    for (module, required, typed), rows in groups.items():
        source = f"{quote}{module}{quote}"
        named = [row for row in rows if row.name not in (DEFAULT, WHOLE)]
        for row in rows:
            if row.name == WHOLE and required:
                lines.append(f"const {row.local} = require({source}){end}")
            elif row.name == WHOLE:
                lines.append(f"import * as {row.local} from {source}{end}")
            elif row.name == DEFAULT and required:
                lines.append(f"const {row.local} = require({source}).default{end}")
        joiner = ": " if required else " as "
        listed = ", ".join(
            row.name if row.name == row.local else f"{row.name}{joiner}{row.local}"
            for row in sorted(named, key=lambda row: row.local.lower())
        )
        defaults = [row.local for row in rows if row.name == DEFAULT and not required]
        what = ", ".join([*defaults[:1], *([f"{{ {listed} }}"] if listed else [])])
        if required and listed:
            lines.append(f"const {{ {listed} }} = require({source}){end}")
        elif what and not required:
            lines.append(f"import {'type ' if typed else ''}{what} from {source}{end}")
    return lines
