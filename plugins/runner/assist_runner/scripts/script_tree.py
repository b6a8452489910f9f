"""The tree of one script, and the few things that all modules of this wing ask of its nodes.

A script is parsed by its path's language; a piece of code without a path is taken for TypeScript, which has
all of JavaScript but for tags.
"""

from collections.abc import Iterator

import tree_sitter

from assist_context.code.trees.parsed_text import ParsedText, node_text
from assist_context.documents import Document, split_lines
from assist_context.languages import language_of

FUNCTIONS = frozenset(
    {"function_declaration", "generator_function_declaration", "function_expression", "generator_function",
     "arrow_function", "method_definition"}
)  # fmt: skip
CLASSES = frozenset({"class_declaration", "abstract_class_declaration", "class"})


def root_of(text: str, path: str = "a.ts") -> tree_sitter.Node | None:
    """The tree of a text, None without one."""
    return ParsedText(Document(path, split_lines(text), language_of(path))).root


def walk(node: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    """A node and all that is in it, in the order of the text."""
    waiting = [node]
    while waiting:
        found = waiting.pop()
        yield found
        waiting += reversed(found.children)


def field(node: tree_sitter.Node | None, name: str) -> tree_sitter.Node | None:
    """A part of a node by its name in the grammar."""
    return node.child_by_field_name(name) if node is not None else None


def field_text(node: tree_sitter.Node | None, name: str) -> str:
    """The text of such a part, "" for none."""
    return node_text(field(node, name))


def first_line(node: tree_sitter.Node) -> int:
    """The line of a node's beginning, from 1."""
    return node.start_point[0] + 1


def last_line(node: tree_sitter.Node) -> int:
    """The line of a node's end, from 1."""
    return node.end_point[0] + 1


def string_value(node: tree_sitter.Node | None) -> str:
    """What is between the quotes of a string."""
    text = node_text(node)
    return text[1:-1] if text[:1] in ("'", '"', "`") else text


def statements_in(node: tree_sitter.Node) -> list[tree_sitter.Node]:
    """The statements of a block or a program, without comments."""
    return [part for part in node.named_children if part.type != "comment"]
