"""The declarations of a name or a member in a text: the values that the readers of the languages return.

Also the text itself with its tree, read once. No node leaves the readers.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

import tree_sitter

from assist_context.code.trees.parsed_text import ParsedText, node_text
from assist_context.documents import Document
from assist_types.types.words import FAMILIES, words_of

DeclarationKind = Literal[
    "type",
    "value",
    "element",
    "entered",
    "raised",
    "function",
    "class",
    "alias",
    "import",
    "self",
    "cls",
    "unknown",
]


@dataclass(frozen=True, slots=True)
class NameDeclaration:
    """One thing that a text says of a name.

    `text` is what is written: a type, an expression, or of a function what it returns; `at` is the byte where
    the names in it are looked up, of a `class`, `self` and `cls` where the class begins. `part` is the number
    of the name among several that a value is taken apart into, -1 for the whole.
    Of an `import`, `text` is the module and `name` what is taken from it, "" for the module itself.
    """

    kind: DeclarationKind
    text: str = ""
    at: int = 0
    part: int = -1
    name: str = ""
    level: int = 0


UNKNOWN = NameDeclaration("unknown")
_NEVER = r"(?!)"
_FUNCTION = re.compile(r"function|method|func_literal|closure")


@dataclass(frozen=True, slots=True)
class ClassOutline:
    """The content of a class: its members' names, its bases as written, and whether that is all."""

    names: frozenset[str] = frozenset()
    bases: tuple[NameDeclaration, ...] = ()
    whole: bool = True


@dataclass(slots=True)
class TypedText:
    """One text with its tree, and what was read from it. One thread."""

    path: str
    parsed: ParsedText
    outlines: dict[int, ClassOutline] = field(default_factory=dict)

    @property
    def family(self) -> str:
        return FAMILIES.get(self.parsed.document.language.name, "")

    @property
    def root(self) -> tree_sitter.Node | None:
        return self.parsed.root

    def node(self, at: int) -> tree_sitter.Node | None:
        """The smallest node at a byte."""
        return self.parsed.node(at, at)

    def names(self, name: str, within: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
        """The nodes of a name within another node, in order; no places in strings and comments."""
        for start, end in self.parsed.words(name):
            if within.start_byte <= start < within.end_byte:
                node = self.parsed.node(start, end)
                if node is not None and node.start_byte == start and node.end_byte == end:
                    yield node


def text_of(path: str, document: Document, near: "TypedText | None" = None) -> TypedText:
    """A document with its tree; the tree of nearly the same text makes that faster."""
    return TypedText(path, ParsedText(document, near.parsed if near is not None else None))


def field_text(node: tree_sitter.Node, name: str) -> str:
    """The text of a field of a node, "" without it."""
    return node_text(node.child_by_field_name(name))


def is_field(node: tree_sitter.Node, around: tree_sitter.Node, name: str) -> bool:
    """Say whether a node is a field of the node around it."""
    return around.child_by_field_name(name) == node


def around(node: tree_sitter.Node | None, kinds: frozenset[str]) -> tree_sitter.Node | None:
    """The nearest node of some kinds around a node, itself included."""
    while node is not None and node.type not in kinds:
        node = node.parent
    return node


def members_in(class_: tree_sitter.Node, words: str) -> frozenset[str]:
    """The names after one of some words and a dot in a class, but not in the classes within it."""
    text = class_.text or b""
    for inner in nodes_within(class_, frozenset({class_.type})):
        start = inner.start_byte - class_.start_byte
        end = inner.end_byte - class_.start_byte
        text = text[:start] + b" " * (end - start) + text[end:]
    written = text.decode("utf-8", "replace")
    return frozenset(re.findall(rf"(?<![\w.])(?:{words})\s*\??\.\s*(#?\w+)", written))


def nodes_within(node: tree_sitter.Node, kinds: frozenset[str]) -> Iterator[tree_sitter.Node]:
    """The outermost nodes of some kinds within another one."""
    waiting = list(node.named_children)
    while waiting:
        child = waiting.pop()
        if child.type in kinds:
            yield child
        else:
            waiting += child.named_children


@dataclass(frozen=True, slots=True)
class LanguageReader:
    """The way a family of languages is read.

    `declarations` gives what a name is at a byte, or at the top of a text, in the space of types or values;
    `outline` and `member` say what the class that begins at a byte has, and `module_outline` what a text has.
    """

    declarations: Callable[[TypedText, str, int | None, str], tuple[NameDeclaration, ...]]
    outline: Callable[[TypedText, int], ClassOutline]
    member: Callable[[TypedText, int, str], tuple[NameDeclaration, ...]]
    module_outline: Callable[[TypedText], ClassOutline]


def is_narrowed(text: TypedText, receiver: str, code: str, apart_from: str = _NEVER) -> bool:
    """Say whether some code of a text looks at what an object is: then it may be more than is written.

    What has the form `apart_from` does not count.
    """
    asked = words_of(text.family).narrows.replace("{0}", re.escape(receiver))
    return re.search(asked, re.sub(apart_from, "", code)) is not None


def function_text(text: TypedText, at: int) -> str:
    """The text of the function around a byte, of the whole module outside of functions."""
    node = text.node(at)
    while node is not None and node.parent is not None and not _FUNCTION.search(node.type):
        node = node.parent
    return node_text(node)
