"""The outline of a module of Python, from its source or its stub, without running any of it.

All branches of conditions count, and every name that the text mentions after `self.`: too many names refute
too little, which does no harm. What can add names in ways that are not written down, such as `__getattr__`,
`globals()` or a metaclass that is not known, leaves a module or a class not whole.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

import tree_sitter

from assist_context.code.doc_comments import paragraph
from assist_context.code.trees.parsed_text import ParsedText, node_text
from assist_context.documents import Document, split_lines
from assist_context.languages import language_of
from assist_types.libraries.module_outline import (
    HEAD_CHARACTERS,
    SENTENCE_CHARACTERS,
    LibraryName,
    ModuleOutline,
    alias_name,
    by_name,
)

MAX_DEEP = 6  # classes inside classes
# Decorators that add no member whose name is not in the text, by the last part of their name.
_HARMLESS = frozenset(
    {"dataclass", "define", "frozen", "mutable", "attrs", "attributes", "s", "final", "total_ordering"}
    | {"runtime_checkable", "deprecated", "unique", "disjoint_base", "type_check_only", "dataclass_transform"}
    | {"set_module", "public", "export", "tf_export", "keras_export", "api_export", "doc_controls"}
)
_PROPERTIES = frozenset({"property", "cached_property", "abstractproperty", "setter", "deleter"})
# Decorators of functions after which a call gives what it gave before.
_PLAIN = frozenset(
    {"classmethod", "staticmethod", "abstractmethod", "override", "overload", "final", "deprecated"}
)
_METACLASSES = frozenset({"type", "ABCMeta", "EnumMeta", "EnumType"})
_TARGETS = {"named_expression": "name", "for_statement": "left", "as_pattern_target": ""}
_ADDED = {  # by decorators
    "dataclass": ("__dataclass_fields__", "__dataclass_params__", "__match_args__", "__replace__"),
    "total_ordering": ("__lt__", "__le__", "__gt__", "__ge__"),
}
# Code that can add names to a module or to an object.
_DYNAMIC = re.compile(
    r"""
    \b(?:globals|locals|vars)\(\) \s* (?:\[[^\]\n]*\]\s*=(?!=) | \.update | \.setdefault)
    | \bsys\.modules\s*\[[^\]\n]*\]\s*(?:=(?!=)|\.__)
    | \bsetattr\(\s*(?:sys\.modules|\w*(?:mod|module|namespace)\b)
    | \bexec\( | \._convert_?\( | @(?:enum\.)?_?global_enum
    """,
    re.VERBOSE,
)
_SETTER = re.compile(r"^\s*setattr\(\s*(\w+)\s*,", re.MULTILINE)
_NAMESPACE = re.compile(r"\b(\w+)(?:\s*:[^=\n]*)?\s*=\s*(?:globals|locals|vars)\(\)\s*$", re.MULTILINE)
_DYNAMIC_CLASS = re.compile(
    r"""
    \bsetattr\( | \blocals\(\) | \bexec\( | \b__getattr__\b | \b__getattribute__\b
    | (?<!def[ ])\b__setattr__\((?!\s*\w+,\s*["'])              # but for a name that is written
    | (?:\b__dict__|\bvars\(\w+\)) \s* (?:\[(?!["'])|=|\|=|\.update|\.setdefault)
    """,
    re.VERBOSE,
)
_HIDDEN = re.compile(r"\bif not (?:\w+\.)?TYPE_CHECKING\b.*?\bdef __getattr__\b", re.DOTALL)
# Models that take any field: `model_config = ConfigDict(extra="allow")`.
_ALLOWS_MORE = re.compile(
    r"""
    (?: \A\s*class\b[^:]* | ^\s*(?:class\s+Config\b|model_config\b) [^=]*=? [^#@]*? )
    \bextra["']? \s* [:=] (?!=) \s* ["']? (?:\w+\.)* allow\b
    """,
    re.VERBOSE | re.MULTILINE,
)
_ALIAS = re.compile(r"(?:\w+\.)?(?:Union|Optional|Annotated)\[")
_METACLASS = re.compile(r"(?:^|\.)type$|Meta(?:[Cc]lass)?$|EnumType$")
_MAKES_CLASSES = re.compile(r"\bdef __(?:new|init|prepare)__\b")
# Methods that give an object again the members that it had.
_RESTORING = re.compile(r"def __(?:set|get)state__\b.*?(?=\n\s*(?:def|async|@|class)\b|\Z)", re.DOTALL)
_SLOT = re.compile(r"""["'](\w+)["']""")
_SET = re.compile(r"""\b(?:__setattr__\(\s*\w+,|__dict__\[)\s*["'](\w+)["']""")
_FIRST = re.compile(r"\bdef\s+\w+\s*(?:\[[^\]]*\])?\(\s*(\w+)")
_GLOBAL = re.compile(r"^\s+global\s+([\w, \t]+)", re.MULTILINE)
_ATTRIBUTES = (
    "__name__", "__doc__", "__file__", "__path__", "__package__", "__spec__", "__loader__", "__dict__",
    "__cached__", "__builtins__", "__annotations__", "__class__", "__all__",
)  # fmt: skip


def python_outline(text: str, module: str, *, package: bool, stub: bool = False) -> ModuleOutline:
    """The outline of a module by its full name; `package`: it is an `__init__`."""
    document = Document("a.pyi" if stub else "a.py", split_lines(text), language_of("a.py"))
    root = ParsedText(document).root
    if root is None:
        return ModuleOutline()
    reader = _ModuleReader(module, package)
    names = list(reader.names(root))
    names += [LibraryName(name.strip()) for found in _GLOBAL.finditer(text) for name in found[1].split(",")]
    found = by_name(names)
    for owner, member in reader.added:
        if (known := found.get(owner)) is not None and known.kind == "class":
            found |= by_name([known, LibraryName(owner, "class", members=(member,), whole=True)])
    for owner in _SETTER.findall(text):
        if (known := found.get(owner)) is not None:
            found[owner] = replace(known, whole=False)
    for name in _ATTRIBUTES:
        found.setdefault(name, LibraryName(name))
    whole = not root.has_error and "__getattr__" not in found and (stub or not _adds_names(text))
    return ModuleOutline(found, tuple(dict.fromkeys(reader.stars)), whole)


def _adds_names(text: str) -> bool:
    """Say whether code of a module seems to add names that are not written down."""
    held = "|".join(re.escape(name) for name in _NAMESPACE.findall(text))
    written = rf"\b(?:{held})\s*(?:\[[^\]\n]*\]\s*=(?!=)|\.update|\.setdefault)"
    return bool(_DYNAMIC.search(text) or (held and re.search(written, text)))


class _ModuleReader:
    """Reads the statements of one module. `added`: members that are assigned to its classes elsewhere."""

    def __init__(self, module: str, package: bool) -> None:
        self._module = module
        self._package = package
        self.stars: list[str] = []
        self.added: list[tuple[str, LibraryName]] = []

    def names(self, block: tree_sitter.Node, deep: int = 0) -> Iterator[LibraryName]:
        """The names that the statements of a block bind, those in its conditions and loops included."""
        waiting = list(reversed(block.named_children))
        while waiting:
            node = waiting.pop()
            match node.type:
                case "function_definition" | "class_definition" | "decorated_definition":
                    yield from self._definition(node, deep)
                case "import_statement":
                    yield from self._import_names(node)
                case "import_from_statement":
                    yield from self._from_import_names(node)
                case "future_import_statement":
                    yield from map(LibraryName, _names_in(node))
                case "type_alias_statement":
                    left, right = (node_text(node.child_by_field_name(part)) for part in ("left", "right"))
                    yield (
                        alias_name(left, right)
                        if "[" not in left
                        else LibraryName(left.split("[")[0].strip())
                    )
                case "lambda" | "string" | "comment":
                    pass
                case _:
                    if "assignment" in node.type:
                        yield from self._assignment_names(node)
                    elif node.type in _TARGETS:
                        target = node.child_by_field_name(_TARGETS[node.type])
                        yield from map(LibraryName, _names_in(target or node))
                    waiting += reversed(node.named_children)

    def _definition(self, node: tree_sitter.Node, deep: int) -> Iterator[LibraryName]:
        inner = node.child_by_field_name("definition") if node.type == "decorated_definition" else node
        if inner is None:
            return
        name = node_text(inner.child_by_field_name("name"))
        decorators = [_last_name(part) for part in node.named_children if part.type == "decorator"]
        if inner.type == "function_definition":
            yield _function(inner, name, decorators)
        elif deep < MAX_DEEP:
            yield self._class(inner, name, decorators, deep)
        else:
            yield LibraryName(name)

    def _class(self, node: tree_sitter.Node, name: str, decorators: Sequence[str], deep: int) -> LibraryName:
        body = node.child_by_field_name("body")
        text = node_text(body)
        bases = _bases(node)
        known = _ALLOWS_MORE.search(node_text(node)) is None
        members = list(self.names(body, deep + 1)) if body is not None else []
        own = {"self", "cls", *_FIRST.findall(text)}
        found = {word for first in own for word in re.findall(rf"\b{first}\.(\w+)", text)}
        found |= {*_SET.findall(text)}
        found |= {word for decorator in decorators for word in _ADDED.get(decorator, ())}
        members += [LibraryName(word) for word in sorted(found - {member.name for member in members})]
        # What is hidden from type checkers is not meant to be used.
        dynamic = _HIDDEN.search(text) is None and bool(_DYNAMIC_CLASS.search(_RESTORING.sub("", text)))
        if any(_METACLASS.search(base) for base in bases) and _HIDDEN.search(text) is None:
            dynamic = dynamic or bool(_MAKES_CLASSES.search(text))
        whole = known and not node.has_error and not dynamic
        whole = whole and all(decorator in _HARMLESS for decorator in decorators)
        private = _is_private(name)
        return LibraryName(
            name,
            "class",
            "" if private else _head(node),
            "" if private else _doc(node),
            bases=bases,
            members=tuple(by_name(members).values()),
            whole=whole,
        )

    def _import_names(self, node: tree_sitter.Node) -> Iterator[LibraryName]:
        for part in node.children_by_field_name("name"):
            if part.type == "aliased_import":
                module = node_text(part.child_by_field_name("name"))
                yield LibraryName(node_text(part.child_by_field_name("alias")), "import", target=(module, ""))
            else:
                top = node_text(part).partition(".")[0]
                yield LibraryName(top, "import", target=(top, ""))

    def _from_import_names(self, node: tree_sitter.Node) -> Iterator[LibraryName]:
        module = self._absolute(node_text(node.child_by_field_name("module_name")))
        if any(part.type == "wildcard_import" for part in node.named_children):
            self.stars.append(module)
        for part in node.children_by_field_name("name"):
            name = part.child_by_field_name("name") if part.type == "aliased_import" else part
            alias = part.child_by_field_name("alias") if part.type == "aliased_import" else part
            yield LibraryName(node_text(alias), "import", target=(module, node_text(name)))

    def _absolute(self, written: str) -> str:
        """The full name of a module that an import names, "?" above the top."""
        dots = len(written) - len(written.lstrip("."))
        if not dots:
            return written
        parts = self._module.split(".") if self._package else self._module.split(".")[:-1]
        if dots - 1 > len(parts):
            return "?"
        kept = parts[: len(parts) - (dots - 1)]
        return ".".join([*kept, *filter(None, [written.lstrip(". ")])]) or "?"

    def _assignment_names(self, node: tree_sitter.Node) -> Iterator[LibraryName]:
        left = node.child_by_field_name("left")
        if left is None:
            return
        if node_text(left) == "__slots__":
            yield from map(LibraryName, _SLOT.findall(node_text(node)))
        if left.type == "identifier":
            kind = node.child_by_field_name("type")
            head = f"{node_text(left)}: {node_text(kind)}"[:HEAD_CHARACTERS] if kind is not None else ""
            right = node.child_by_field_name("right")
            target = _alias_of(right)
            name = node_text(left)
            if right is not None and (_ALIAS.match(node_text(right)) or head.endswith("TypeAlias")):
                yield alias_name(name, node_text(right))
            elif target:
                yield LibraryName(name, "import", target=("", target))
            else:
                yield LibraryName(name, "value", head)
        elif left.type == "attribute":
            owner = node_text(left.child_by_field_name("object"))
            self.added.append((owner, LibraryName(node_text(left.child_by_field_name("attribute")))))
        else:
            yield from map(LibraryName, _names_in(left))


def _function(node: tree_sitter.Node, name: str, decorators: Sequence[str]) -> LibraryName:
    """A function; whole if a call gives what its signature says. A property is a value."""
    if not _PROPERTIES.isdisjoint(decorators):
        result = node_text(node.child_by_field_name("return_type"))
        return LibraryName(name, "value", f"{name}: {result}"[:HEAD_CHARACTERS] if result else "", _doc(node))
    if _is_private(name):
        return LibraryName(name, "function")
    return LibraryName(
        name, "function", _head(node), _doc(node), whole=all(word in _PLAIN for word in decorators)
    )


def _names_in(node: tree_sitter.Node | None) -> Iterator[str]:
    """The names that a pattern binds."""
    if node is None:
        return
    if node.type == "identifier":
        yield node_text(node)
    elif node.type not in ("attribute", "subscript"):
        for part in node.named_children:
            yield from _names_in(part)


def _alias_of(value: tree_sitter.Node | None) -> str:
    """The name that an assignment gives another name to: `Client = HTTPClient`; "" for any other value."""
    return node_text(value) if value is not None and value.type == "identifier" else ""


def _bases(node: tree_sitter.Node) -> tuple[str, ...]:
    """The bases of a class as they are written, without type arguments. A metaclass counts as one."""
    bases: list[str] = []
    arguments = node.child_by_field_name("superclasses")
    for part in arguments.named_children if arguments is not None else ():
        if part.type == "keyword_argument":
            value = node_text(part.child_by_field_name("value"))
            if node_text(part.child_by_field_name("name")) == "metaclass" and not _is_plain(value):
                bases.append(value if re.fullmatch(r"[\w.]+", value) else "?")
        elif part.type == "subscript":
            bases.append(node_text(part.child_by_field_name("value")))
        elif part.type in ("identifier", "attribute"):
            bases.append(node_text(part))
        elif part.type != "comment":
            bases.append("?")
    return tuple(bases)


def _is_plain(metaclass: str) -> bool:
    return metaclass.rpartition(".")[2] in _METACLASSES


def _last_name(decorator: tree_sitter.Node) -> str:
    """The last part of a decorator's name: `dataclasses.dataclass(slots=True)` is "dataclass"."""
    return re.split(r"[(\[]", node_text(decorator).lstrip("@").strip())[0].rpartition(".")[2].strip()


def _is_private(name: str) -> bool:
    return name.startswith("_") and not (name.startswith("__") and name.endswith("__"))


def _head(node: tree_sitter.Node) -> str:
    """The text of a definition before its body, on one line."""
    ends = (node.child_by_field_name(part) for part in ("name", "parameters", "superclasses", "return_type"))
    end = max((part.end_byte for part in ends if part is not None), default=node.end_byte)
    data = (node.text or b"")[: min(end - node.start_byte, 4 * HEAD_CHARACTERS)]
    text = " ".join(data.decode("utf-8", "replace").split())
    return text.replace("( ", "(").replace(", )", ")").replace(",)", ")")[:HEAD_CHARACTERS]


def _doc(node: tree_sitter.Node) -> str:
    body = node.child_by_field_name("body")
    first = next(iter(body.named_children), None) if body is not None else None
    if first is None or first.type != "expression_statement" or not first.named_children:
        return ""
    inner = first.named_children[0]
    return first_sentence(paragraph(node_text(inner))) if inner.type == "string" else ""


def first_sentence(text: str) -> str:
    """The first sentence of a paragraph.

    >>> first_sentence("Sends a request, e.g. a GET. Then waits.")
    'Sends a request, e.g. a GET.'
    """
    end = re.search(r"(?<!e\.g)(?<!i\.e)[.!?](?=\s+[A-Z`(]|\s*$)", text)
    return (text[: end.end()] if end else text)[:SENTENCE_CHARACTERS]
