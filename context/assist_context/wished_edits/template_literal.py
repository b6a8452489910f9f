"""Strings that are put together by `+` in JavaScript and TypeScript become template literals."""

from collections.abc import Iterator

import tree_sitter

from assist_context.syntax.grammars import ByteSpan
from assist_context.syntax.scopes.parsed_text import ParsedText, node_text
from assist_context.wished_edits.code_texts import nodes_in
from assist_context.wished_edits.f_string import Conversion

_TEXTS = ("string", "template_string")


def ecma_conversions(parsed: ParsedText, span: ByteSpan) -> Iterator[Conversion]:
    """The chains of `+` with a string in them, within some bytes."""
    done: list[ByteSpan] = []
    for node in nodes_in(parsed, span):
        inside = any(start <= node.start_byte and node.end_byte <= end for start, end in done)
        if inside or not _is_sum(node):
            continue
        operands = _operands(node)
        texts = [operand for operand in operands if operand.type == "string"]
        if texts and any(operand.type not in _TEXTS for operand in operands):
            done.append(node.byte_range)
            yield Conversion(node.byte_range, _template(operands) or "")


def _is_sum(node: tree_sitter.Node | None) -> bool:
    return (
        node is not None
        and node.type == "binary_expression"
        and node_text(node.child_by_field_name("operator")) == "+"
    )


def _operands(node: tree_sitter.Node) -> list[tree_sitter.Node]:
    if not _is_sum(node):
        return [node]
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    return [*(_operands(left) if left is not None else ()), *((right,) if right is not None else ())]


def _template(operands: list[tree_sitter.Node]) -> str | None:
    """The template literal. What is before the first string is added up first, as before."""
    first = next(at for at, operand in enumerate(operands) if operand.type in _TEXTS)
    head = " + ".join(node_text(operand) for operand in operands[:first])
    pieces = [f"${{{head}}}"] if head else []
    for operand in operands[first:]:
        text = node_text(operand)
        if "\n" in text or ("//" in text and operand.type not in _TEXTS):
            return None
        if operand.type == "string":
            inner = text[1:-1].replace(f"\\{text[0]}", text[0])
            pieces.append(inner.replace("`", "\\`").replace("${", "\\${"))
        elif operand.type == "template_string":
            pieces.append(text[1:-1])
        else:
            pieces.append(f"${{{text}}}")
    return f"`{''.join(pieces)}`" if "\n" not in head and "//" not in head else None
