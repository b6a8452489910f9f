"""The types that Python's `isinstance` gives an object. It knows no other language, and no class."""

import re

from assist_context.code.trees.fragments import split_outside
from assist_context.code.trees.parsed_text import node_text
from assist_types.types.declarations import TypedText, function_text, is_narrowed

_FORM = r"\bisinstance\(\s*{0}\s*,\s*(\([\w\s.,]*\)|[\w.]+(?:\s*\|\s*[\w.]+)*)\s*,?\s*\)"


def checked_classes(text: TypedText, receiver: str, at: int) -> tuple[tuple[str, ...], bool]:
    """The classes that code around a byte asks for, and whether the object is certainly of one of them.

    That code is the `if` that says yes, else the function. If it looks at the object in another way too,
    there are none.
    """
    form = _FORM.replace("{0}", re.escape(receiver))
    block = _certain_block(text, receiver, at, form) if text.family == "python" else ""
    code = block or function_text(text, at)
    if text.family != "python" or is_narrowed(text, receiver, code, form):
        return (), False
    written = (part for found in re.findall(form, code) for part in split_outside(found.strip("()"), ",|"))
    return tuple(dict.fromkeys(filter(None, written))), bool(block)


def _certain_block(text: TypedText, receiver: str, at: int, form: str) -> str:
    """The `if` around a byte that asks for the class of an object and says yes, with its block."""
    name = re.escape(receiver.partition(".")[0])
    changed = rf"\b{name}(?:\.[\w.]+)?\s*(?::[^=\n]*)?(?:=(?!=)|\bin\b)"
    node = text.node(at)
    inner = node
    while node is not None:
        block = node.child_by_field_name("consequence")
        if node.type in ("if_statement", "elif_clause") and block is not None and block == inner:
            condition = node.child_by_field_name("condition")
            asked = " ".join(node_text(condition).split())
            asks = [re.fullmatch(rf"\(*{form}\)*", part.strip()) for part in asked.split(" and ")]
            sure = " or " not in asked and any(asks)
            since = text.parsed.source.data[block.start_byte : at].decode("utf-8", "replace")
            if sure and re.search(changed, since) is None:
                return f"{asked}\n{node_text(block)}"
        inner = node
        node = node.parent
    return ""
