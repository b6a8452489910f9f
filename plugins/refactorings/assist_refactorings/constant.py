"""A literal becomes a constant of its module: all places of it in the code in question.

Python, JavaScript and TypeScript. A constant of that name and value that is there already is used.
"""

import re

import tree_sitter

from assist_context.code.import_statements import import_statements
from assist_context.code.trees.parsed_text import ByteEdit, ParsedText, node_text
from assist_context.languages import ECMASCRIPT
from assist_refactorings.code_texts import CodeTexts, WishedCode, apply_edits, find_nodes, lines_span
from assist_refactorings.reading import ConstantWish
from assist_server.questions.computed_edits import RefactoringEdit, RefactoringProblem, count_words

_LITERALS = frozenset({"integer", "float", "number", "string", "unary_operator", "unary_expression"})
# Where a name would mean something else than the literal: types, patterns, keys, texts that say what code is.
_FIXED = re.compile(
    r"type|type_.*|.*_type|case_pattern|.*_pattern|literal_type|import.*|export_specifier|format_specifier|concatenated_string|jsx_attribute"
)
_CODE = re.compile(r"(?!lexical_).*(?:definition|declaration)")
_HEADS = re.compile(r"comment|import_.*|future_import_statement|hash_bang_line|export_clause")


def to_constant(
    texts: CodeTexts, code: WishedCode, wish: ConstantWish
) -> RefactoringEdit | RefactoringProblem | None:
    """The edit, or where the name is taken; `None` if the literal is not there, or cannot be a name there."""
    path = code.lines.path
    reader = texts.reader(path)
    parsed = reader.parsed
    language = parsed.document.language.name
    if parsed.root is None or (language != "python" and language not in ECMASCRIPT):
        return None
    known = _read_value(parsed, wish.name)
    taken = [place.start.line + 1 for place in reader.occurrences(wish.name) if place.place == "code"]
    places = [
        node for node in find_nodes(parsed, lines_span(parsed, code.lines)) if _is_same(node, wish.literal)
    ]
    if not places or (not code.name and len(places) > 1) or not all(map(_may_be_named, places)):
        return None
    written = node_text(places[0])
    if taken and (known is None or not _same_value(known, written)):
        value = f"is {known} already" if known is not None else f"already has a meaning in {path}:{taken[0]}"
        reading = f"the literal {written} becomes the constant `{wish.name}`"
        return RefactoringProblem(reading, f"`{wish.name}` {value}; choose another name")
    edits: list[ByteEdit] = [(node.start_byte, node.end_byte, wish.name) for node in places]
    if known is None:
        edit = _definition(parsed, wish.name, written)
        if edit is None or any(node.start_byte < edit[0] for node in places):
            return None
        edits.append(edit)
    reading = (
        f"the literal {written} at {count_words(len(places), 'place')} of {code.name or path} becomes "
        f"the constant `{wish.name}`"
    )
    return RefactoringEdit(reading, {path: apply_edits(parsed, edits)})


def _is_same(node: tree_sitter.Node, literal: str) -> bool:
    """Say whether a node is a literal of the same value as the wish writes it."""
    return node.type in _LITERALS and _same_value(node_text(node), literal)


def _same_value(one: str, other: str) -> bool:
    return _plain(one) == _plain(other)


def _plain(literal: str) -> str:
    """A literal without what may be written in several ways: its quotes, and "_" in numbers."""
    if literal[:1] in "\"'" and literal[-1:] == literal[:1] and len(literal) > 1:
        return f'"{literal[1:-1]}"'
    return literal.replace("_", "") if literal[:1].isdigit() else literal


def _may_be_named(node: tree_sitter.Node) -> bool:
    """Say whether a name may take the place of a literal."""
    parent = node.parent
    if parent is not None and node.type == "string":
        if parent.type in ("expression_statement", "concatenated_string"):
            return False  # a docstring, a directive
        if (
            parent.type == "pair"
            and parent.child_by_field_name("key") == node
            and parent.grammar_name == "pair"
        ):
            return _is_python(node)  # the key of an object would be the name itself
    if parent is not None and parent.type in ("unary_operator", "unary_expression"):
        return False  # a part of a negative number
    around = parent
    while around is not None and not around.type.endswith(("statement", "declaration", "definition")):
        if _FIXED.fullmatch(around.type):
            return False
        around = around.parent
    return around is None or not around.type.startswith("import")


def _is_python(node: tree_sitter.Node) -> bool:
    root = node
    while root.parent is not None:
        root = root.parent
    return root.type == "module"


def _read_value(parsed: ParsedText, name: str) -> str | None:
    """The value of a constant at the top of a text, as it is written; `None` if there is none."""
    found = re.findall(
        rf"^(?:export\s+)?(?:const\s+)?{re.escape(name)}(?:\s*:\s*[\w.\[\]]+)?\s*=\s*(.+?);?\s*(?:#.*|//.*)?$",
        parsed.document.text,
        re.MULTILINE,
    )
    return found[0] if len(found) == 1 else None


def _definition(parsed: ParsedText, name: str, literal: str) -> ByteEdit | None:
    """The new line after the imports, next to constants that are there already."""
    statements = list(parsed.root.children) if parsed.root is not None else []
    python = parsed.document.language.name == "python"
    last = _last_head(parsed, statements)
    constants = _constants_after(statements, last)
    end = _line_end(parsed)
    line = f"{name} = {literal}" if python else f"const {name} = {literal}{_semicolon(parsed)}"
    if constants:
        at = _line_after(parsed, constants[-1].end_byte)
        return at, at, f"{line}{end}"
    if last < 0:
        at = _line_start(parsed, statements[0]) if statements else 0
        return at, at, f"{line}{end}{end}{end if python else ''}"
    at = _line_after(parsed, statements[last].end_byte)
    below = parsed.source.data[at:].decode("utf-8", "replace")
    return at, at, f"{end}{line}{end}" + ("" if below.startswith(("\n", "\r\n")) else end)


def _last_head(parsed: ParsedText, statements: list[tree_sitter.Node]) -> int:
    """The last import above all code; else the last statement of what a file begins with; else -1."""
    imports = [statement.span for statement in import_statements(parsed) if not statement.nested]
    last = -1
    for at, node in enumerate(statements):
        if _CODE.fullmatch(node.type) and not _HEADS.fullmatch(node.type):
            break
        heads = last < at and (_is_text(node) or _HEADS.fullmatch(node.type)) and not _touches(statements, at)
        imported = any(node.start_byte <= start and end <= node.end_byte for start, end in imports)
        if imported or (heads and last == at - 1):
            last = at
    return last


def _touches(statements: list[tree_sitter.Node], at: int) -> bool:
    """Say whether a comment belongs to the statement right below it."""
    node = statements[at]
    if node.type != "comment" or at + 1 >= len(statements):
        return False
    return statements[at + 1].start_point[0] <= node.end_point[0] + 1 and statements[at + 1].type != "comment"


def _is_text(node: tree_sitter.Node) -> bool:
    """Say whether a statement is a docstring or a directive."""
    return node.type == "expression_statement" and bool(node.children) and node.children[0].type == "string"


def _constants_after(statements: list[tree_sitter.Node], last: int) -> list[tree_sitter.Node]:
    """The constants that come directly after the imports, in lines of their own."""
    found: list[tree_sitter.Node] = []
    for node in statements[last + 1 :]:
        text = node_text(node)
        is_constant = re.match(r"(?:const\s+)?[A-Z_][A-Z0-9_]*(?:\s*:[^=]+)?\s*=(?!=)", text) is not None
        if not is_constant or "\n" in text:
            break
        found.append(node)
    return found


def _line_after(parsed: ParsedText, byte: int) -> int:
    """The start of the line after the one of a byte."""
    line = parsed.source.line(max(0, byte - 1))
    return parsed.source.starts[line] if line < len(parsed.source.starts) else len(parsed.source.data)


def _line_start(parsed: ParsedText, node: tree_sitter.Node) -> int:
    return parsed.source.starts[parsed.source.line(node.start_byte) - 1]


def _semicolon(parsed: ParsedText) -> str:
    lines = [line.rstrip() for line in parsed.document.lines]
    return ";" if sum(line.endswith(";") for line in lines) * 5 > sum(bool(line) for line in lines) else ""


def _line_end(parsed: ParsedText) -> str:
    """Return the line end of a text."""
    first = parsed.document.lines[0]
    return first[len(first.rstrip("\r\n")) :] or "\n"
