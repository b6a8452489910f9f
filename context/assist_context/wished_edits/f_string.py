"""Strings that are put together by `%`, `.format` or `+` in Python become f-strings.

Only what certainly gives the same text is changed; the other places are named.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import tree_sitter

from assist_context.syntax.grammars import ByteSpan
from assist_context.syntax.scopes.parsed_text import ParsedText, node_text
from assist_context.wished_edits.code_texts import nodes_in

_PREFIX = re.compile(r"([A-Za-z]*)(\"\"\"|'''|\"|')")
_PERCENT = re.compile(r"%(?:\((\w+)\))?([-#0 +]*)(\d+|\*)?(?:\.(\d+|\*))?([a-zA-Z%])")
_FIELD = re.compile(r"\{\{|\}\}|\{(\w*)((?:![rsa])?)((?::[^{}]*)?)\}|[{}]")
# Operands of `+` that are a text: calls that give one, and what is written as one.
_TEXT_CALL = re.compile(
    r"""
      (?:str|repr|ascii|chr|hex|oct|bin|format)      # a function of the language
    | .*\.(?:join|format|strip|lstrip|rstrip|lower|upper|title|capitalize|replace|decode|ljust|rjust|center
        |zfill|hexdigest|isoformat|removeprefix|removesuffix)   # a method that gives a text
    """,
    re.VERBOSE | re.DOTALL,
)
_OTHER_TEXTS = re.compile(r"\b(?:Markup|markupsafe|SafeString|mark_safe|lazystr|gettext_lazy)\b")
_TEXTS = frozenset({"string", "concatenated_string"})
_SIMPLE = frozenset({"identifier", "attribute", "integer", "string", "subscript"})


@dataclass(frozen=True, slots=True)
class Conversion:
    """A text that is put together: its bytes, and the string with the values in it, "" if not sure."""

    span: ByteSpan
    text: str


def python_conversions(parsed: ParsedText, span: ByteSpan, kind: str) -> Iterator[Conversion]:
    """The conversions within some bytes; `kind` is "%", "format", "+" or "" for all."""
    done: list[ByteSpan] = []
    whole = parsed.document.text
    for node in nodes_in(parsed, span):
        if any(start <= node.start_byte and node.end_byte <= end for start, end in done):
            continue
        own, found = _conversion(node, whole)
        if own and (not kind or own == kind):
            done.append(node.byte_range)
            yield Conversion(node.byte_range, found or "")


def _conversion(node: tree_sitter.Node, whole: str) -> tuple[str, str | None]:
    """How a node puts a text together, "" for not at all, and the string with the values in it."""
    if node.type == "call" and _formats(node):
        return "format", _from_format(node)
    if node.type != "binary_operator":
        return "", None
    left = node.child_by_field_name("left")
    if node_text(node.child_by_field_name("operator")) == "%" and left is not None:
        return ("%", _from_percent(node, left)) if left.type in _TEXTS else ("", None)
    if _has_text(node) and _has_value(node):
        return "+", None if _OTHER_TEXTS.search(whole) else _from_sum(node)
    return "", None


# --- Pieces ---


def _literal(node: tree_sitter.Node | None) -> tuple[str, str] | None:
    """The quotes and the inner text of a string; `None` for bytes, f-strings, and the like.

    The quotes of a raw string have "r" in front, if that says anything about its text.
    """
    if node is None or node.type != "string":
        return None
    text = node_text(node)
    opening = _PREFIX.match(text)
    if opening is None or opening[1].lower() not in ("", "u", "r") or "\\N{" in text:
        return None
    if any(child.type == "interpolation" for child in node.children):
        return None
    inner = text[opening.end() : len(text) - len(opening[2])]
    raw = "r" if opening[1].lower() == "r" and "\\" in inner else ""
    return raw + opening[2], inner


def _with_braces(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def _join_parts(quotes: str, parts: list[tuple[str, bool]]) -> str | None:
    """An f-string of texts (as they are written between the quotes) and of expressions."""
    raw, quotes = ("r", quotes[1:]) if quotes.startswith("r") else ("", quotes)
    other = "'" if quotes[0] == '"' else '"'
    texts = "".join(part for part, is_value in parts if not is_value)
    if quotes in texts.replace("\\" + quotes, ""):
        return None
    written = ""
    for part, is_value in parts:
        value = (
            re.sub(f"{quotes[0]}([^\"'\\\\{{}}]*){quotes[0]}", rf"{other}\1{other}", part)
            if is_value
            else part
        )
        if is_value and any(sign in value for sign in ("\n", "\\", "#", quotes[0])):
            return None
        written += f"{{{value}}}" if is_value else part
    return f"{raw}f{quotes}{written}{quotes}"


def _value(node: tree_sitter.Node) -> str | None:
    """An expression as it may be between braces."""
    text = node_text(node)
    if node.type in (
        "lambda",
        "named_expression",
        "conditional_expression",
        "yield",
        "list_splat",
        "keyword_argument",
    ):
        return f"({text})" if node.type == "conditional_expression" else None
    if text.startswith("{"):
        return f" {text} "
    return None if "!=" in text or ":" in _outside_brackets(text) else text


def _outside_brackets(text: str) -> str:
    return re.sub(r"\([^()]*\)|\[[^\[\]]*\]", "", text)


# --- % ---


def _from_percent(node: tree_sitter.Node, left: tree_sitter.Node) -> str | None:
    literal = _literal(left)
    right = node.child_by_field_name("right")
    if literal is None or right is None:
        return None
    quotes, text = literal
    if right.type == "tuple":
        values = [child for child in right.named_children if child.type != "comment"]
    elif _is_no_tuple(right):
        values = [right]
    else:
        return None
    parts: list[tuple[str, bool]] = []
    at = 0
    used = 0
    for found in _PERCENT.finditer(text):
        parts.append((_with_braces(text[at : found.start()]), False))
        at = found.end()
        if found[0] == "%%":
            parts.append(("%", False))
            continue
        if used >= len(values) or found[1] is not None:
            return None
        piece = _percent_piece(found, values[used])
        if piece is None:
            return None
        parts.append((piece, True))
        used += 1
    rest = text[at:]
    if "%" in rest or used != len(values):
        return None
    parts.append((_with_braces(rest), False))
    return _join_parts(quotes, parts)


def _percent_piece(found: re.Match[str], node: tree_sitter.Node) -> str | None:
    _, flags, width, precision, kind = found.groups()
    value = _value(node)
    if value is None or width == "*" or precision == "*":
        return None
    if not flags and width is None and precision is None and kind in "sra":
        return value if kind == "s" else f"{value}!{kind}"
    if kind == "f" and flags in ("", "0"):
        return f"{value}:{flags}{width or ''}{f'.{precision}' if precision is not None else ''}f"
    if kind == "d" and not precision and flags in ("", "0") and _is_whole(node):
        return f"{value}:{flags}{width}d" if width else value
    return None


def _is_whole(node: tree_sitter.Node) -> bool:
    """Whether an expression is certainly a whole number."""
    return node.type == "integer" or bool(re.fullmatch(r"(?:len|int|ord|id|hash)\(.*\)", node_text(node)))


def _is_no_tuple(node: tree_sitter.Node) -> bool:
    """Whether a value is certainly no tuple, which `%` would take apart."""
    if node.type in ("integer", "float", "string", "concatenated_string", "binary_operator"):
        return True
    if node.type == "call":
        function = node_text(node.child_by_field_name("function"))
        return _TEXT_CALL.fullmatch(function) is not None or function in (
            "len",
            "int",
            "type",
            "round",
            "float",
        )
    return node.type == "identifier" and _annotation(node) in ("str", "int", "float", "bool", "bytes", "Path")


def _annotation(node: tree_sitter.Node) -> str:
    """The type of a parameter that a name means, "" if it is none, or has none; without "| None"."""
    name = node_text(node)
    around = node.parent
    while around is not None and around.type != "function_definition":
        around = around.parent
    listing = around.child_by_field_name("parameters") if around is not None else None
    body = around.child_by_field_name("body") if around is not None else None
    if re.search(rf"(?m)^\s*{re.escape(name)}\s*(?::[^=]+)?=(?!=)", node_text(body)):
        return ""  # it is another value by then
    for parameter in listing.named_children if listing is not None else ():
        typed = parameter.child_by_field_name("type")
        own = parameter.child_by_field_name("name") or (parameter.named_children or [parameter])[0]
        if typed is not None and node_text(own) == name:
            return node_text(typed).removesuffix(" | None")
    return ""


# --- .format ---


def _formats(node: tree_sitter.Node) -> bool:
    function = node.child_by_field_name("function")
    if function is None or function.type != "attribute":
        return False
    inside = function.child_by_field_name("object")
    name = node_text(function.child_by_field_name("attribute"))
    return name == "format" and inside is not None and inside.type in _TEXTS


def _from_format(node: tree_sitter.Node) -> str | None:
    function = node.child_by_field_name("function")
    listing = node.child_by_field_name("arguments")
    literal = _literal(function.child_by_field_name("object")) if function is not None else None
    if literal is None or listing is None or listing.type != "argument_list":
        return None
    quotes, text = literal
    values: dict[str, tree_sitter.Node] = {}
    for number, argument in enumerate(listing.named_children):
        if argument.type in ("list_splat", "dictionary_splat", "comment"):
            return None
        name = node_text(argument.child_by_field_name("name")) if argument.type == "keyword_argument" else ""
        passed = argument.child_by_field_name("value") if name else argument
        if passed is not None:
            values[name or str(number)] = passed
    parts: list[tuple[str, bool]] = []
    used: list[str] = []
    at = 0
    automatic = 0
    for found in _FIELD.finditer(text):
        parts.append((text[at : found.start()], False))
        at = found.end()
        if found[0] in ("{{", "}}"):
            parts.append((found[0], False))
            continue
        if found[0] in ("{", "}"):
            return None
        key = found[1] or str(automatic)
        automatic += not found[1]
        value = _value(values[key]) if key in values else None
        if value is None:
            return None
        used.append(key)
        parts.append((f"{value}{found[2]}{found[3]}", True))
    parts.append((text[at:], False))
    simple = all(value.type in _SIMPLE for value in values.values())
    if set(used) != set(values) or (not simple and used != list(values)):
        return None
    return _join_parts(quotes, parts)


# --- + ---


def _is_sum(node: tree_sitter.Node | None) -> bool:
    operator = node.child_by_field_name("operator") if node is not None else None
    return node is not None and node.type == "binary_operator" and node_text(operator) == "+"


def _operands(node: tree_sitter.Node) -> list[tree_sitter.Node]:
    """The operands of a chain of `+`, without brackets around the chain."""
    if not _is_sum(node):
        return [node]
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    return [*(_operands(left) if left is not None else ()), *((right,) if right is not None else ())]


def _has_text(node: tree_sitter.Node) -> bool:
    """Whether a chain of `+` has a string in it; the strings of the parts are not seen twice."""
    if _is_sum(node.parent) and node.parent is not None and node.parent.child_by_field_name("left") == node:
        return False
    operands = _operands(node)
    texts = [operand for operand in operands if operand.type in _TEXTS]
    return bool(texts) and not any(re.match(r"[rRuU]?[bB]", node_text(text)) for text in texts)


def _has_value(node: tree_sitter.Node) -> bool:
    return any(operand.type not in _TEXTS for operand in _operands(node))


def _from_sum(node: tree_sitter.Node) -> str | None:
    """A chain of `+` as an f-string, if its first operand is certainly a text, so that all others are."""
    operands = _operands(node)
    if not _has_value(node) or any(child.type == "comment" for child in node.children):
        return None
    literals = [found for operand in operands if (found := _literal(operand)) is not None]
    raw = {quotes[0] == "r" for quotes, text in literals if "\\" in text}
    plain = {quotes.removeprefix("r") for quotes, _ in literals}
    if len(raw) > 1 or len(plain) != 1 or len(quotes := plain.pop()) > 1:
        return None
    quotes = f"r{quotes}" if True in raw else quotes
    first = operands[0]
    if first.type != "string" and not _is_text(first):
        return None
    parts: list[tuple[str, bool]] = []
    for operand in operands:
        literal = _literal(operand)
        if literal is not None:
            parts.append((_with_braces(literal[1]), False))
            continue
        value = _value(operand) if operand.type != "string" else None
        if value is None or operand.type in ("concatenated_string", "binary_operator", "boolean_operator"):
            return None
        parts.append((value, True))
    return _join_parts(quotes, parts)


def _is_text(node: tree_sitter.Node) -> bool:
    """Whether an expression is certainly a text."""
    if node.type == "call":
        return _TEXT_CALL.fullmatch(node_text(node.child_by_field_name("function"))) is not None
    return node.type == "identifier" and _annotation(node) == "str"
