"""Contradictions between the lines around a cursor and a text that a model wrote there.

The statement is there below already, or the body is that of a neighbour; it assigns to a constant, names what
is bound only further down, or returns another kind than the signature says. Pure functions over text, for
broken code too. Where a form is not plain, nothing is said.
"""

import re
from collections.abc import Iterable, Iterator

from assist_completion.display.cursor_site import CursorSite, indent, is_substantial, same_lines
from assist_context.languages import ECMASCRIPT

BELOW = 6  # lines below the cursor among which a statement is not written again
ABOVE = 40  # lines above the cursor in which its function's head is looked for
_NAME = re.compile(r"(?<![\w.\"'`$#])[^\W\d]\w*")
_HEAD = re.compile(
    r"\s*(?:[\w()]+\s+)*?(?:def|fn|func|function)\b|\s*(?:[\w#]+\s+)*[\w#]+\s*\(.*\)[^;=]*\{\s*\Z"
)
_PATTERN = re.compile(r"\s*(?:let|const|var)\b[^=]*")  # what a line binds
_ASSIGNS = re.compile(r"\s*([^\W\d]\w*)\s*(?:[-+*/%&|^]|<<|>>|\?\?|\|\||&&)?=(?![=>])")
_RETURNED = re.compile(r"\s*return\s+(.+?);?\s*\Z")
_RESULT = {
    "python": re.compile(r"->\s*(?P<kind>[\w.]+)\s*:\s*\Z"),
    "rust": re.compile(r"->\s*(?P<kind>&?(?:'\w+\s+)?\w+)\s*(?:<.*>)?\s*\{\s*\Z"),
    "go": re.compile(r"\)\s*(?P<kind>\w+)\s*\{\s*\Z"),
    **dict.fromkeys(("typescript", "tsx"), re.compile(r"\)\s*:\s*(?P<kind>\w+)\s*\{\s*\Z")),
}
# The kinds of plain literals, and the plain types that hold one.
_LITERALS = (
    ("string", re.compile(r"[bfru]{0,2}(\"[^\"]*\"|'[^']*')")),
    ("number", re.compile(r"-?\d[\w.]*")),
    ("boolean", re.compile(r"True|False|true|false")),
    ("nothing", re.compile(r"None|null|undefined|nil")),
    ("maybe", re.compile(r"(?:Some|Ok|Err)\(.*\)")),
)
_NUMBERS = """
int float number usize isize u8 u16 u32 u64 u128 i8 i16 i32 i64 i128 f32 f64 int8 int16 int32 int64 uint uint8
uint16 uint32 uint64 float32 float64 byte rune
"""
_TYPES = {
    "string": frozenset({"str", "string", "String", "&str", "bytes"}),
    "number": frozenset(_NUMBERS.split()),
    "boolean": frozenset({"bool", "boolean"}),
    "nothing": frozenset({"None", "error", "undefined", "null"}),
    "maybe": frozenset({"Option", "Result"}),
}


def contradicts(site: CursorSite, text: str) -> bool:
    """Return whether the lines around a cursor speak against a text that would be written there."""
    first, *others = text.split("\n")
    line = site.line + first
    if site.in_literal:
        return False
    return (
        _stands_below(site, line)
        or _is_body_of_neighbour(site, [line, *others])
        or _assigns_to_constant(site, line)
        or _names_what_comes_later(site, first)
        or _returns_another_kind(site, line)
    )


def _stands_below(site: CursorSite, line: str) -> bool:
    """Return whether the line is one of the next ones in the same block.

    Lines that only look alike in a list of arguments or cases do not count, nor a line that the lines above
    repeat too: where there are two, there may be a third.
    """
    if not is_substantial(line) or not site.is_line_end or line.rstrip().endswith((",", ":", "{", "(", "[")):
        return False
    lines_seen = 0
    for below in site.after.split("\n")[1:]:
        if not below.strip():
            continue
        lines_seen += 1
        if lines_seen > BELOW or indent(below) < indent(line):
            return False
        if same_lines([line], [below], ""):
            return line.strip() not in site.before[-2_000:]
    return False


def _is_body_of_neighbour(site: CursorSite, body: list[str]) -> bool:
    """Return whether a new function's body is that of the function before it."""
    head, *above = _blocks_above(site)
    own = [line for line in body if line.strip()]
    if not head or not own or not all(map(is_substantial, own)) or not _HEAD.match(head):
        return False
    deep = indent(head)
    ends = [at for at, line in enumerate(above) if indent(line) <= deep and line.strip(" \t})];,")]
    last = [line for line in above[: ends[0]] if indent(line) > deep] if ends else []
    header = above[ends[0]] if ends else ""
    other = last[::-1]
    same = len(own) == len(other) and all(a.strip() == b.strip() for a, b in zip(own, other, strict=True))
    return same and _HEAD.match(header) is not None


def _blocks_above(site: CursorSite) -> list[str]:
    """The lines above the cursor's that are not blank, the nearest first, if the cursor begins a body."""
    lines = [line for line in _above(site.before) if line.strip()]
    begins = bool(lines) and not site.line.strip() and site.below_header
    return lines if begins else [""]


def _assigns_to_constant(site: CursorSite, line: str) -> bool:
    """Return whether a statement assigns to a name whose nearest binding above cannot be assigned to."""
    language = site.language.name
    assignment = _ASSIGNS.match(line)
    if assignment is None or language not in (*ECMASCRIPT, "rust") or "." in line[: assignment.end()]:
        return False
    name = re.escape(assignment[1])
    constant = (
        rf"\bconst\s+{name}\b"
        if language != "rust"
        else rf"\blet\s+{name}\s*(?::[^=;]*)?=|\bconst\s+{name}\b"
    )
    bound = re.compile(
        rf"(?P<constant>{constant})|\b(?:let|var|mut|static)\s+{name}\b|[({{,|\[]\s*(?:mut\s+)?{name}\b"
    )
    above = bound.finditer(site.before[: len(site.before) - len(site.line)])
    nearest = max(above, key=re.Match.start, default=None)
    return nearest is not None and nearest["constant"] is not None


def _names_what_comes_later(site: CursorSite, text: str) -> bool:
    """Return whether a text uses a variable that its own block binds only further down."""
    below = "\n".join(_rest_of_block(site))
    if not below:
        return False
    code = _PATTERN.sub("", site.line + text)
    for match in _NAME.finditer(text):
        name = re.escape(match[0])
        if not re.search(rf"\b{name}\b", code):
            continue
        if re.match(r"\s*(?:=(?!=)|:=|:|\()", text[match.end() :]) or re.search(rf"\b{name}\b", site.before):
            continue
        binding = rf"^\s*(?:(?:const|let|var)\s+(?:mut\s+)?{name}\b|{name}\s*:=)"
        if site.language.name == "python":
            binding = rf"^\s+{name}\s*(?::[^=\n]*)?=(?!=)"
        first = re.search(rf"\b{name}\b", below)
        bound = re.search(binding, below, re.MULTILINE)
        if first is not None and bound is not None and bound.start() <= first.start() < bound.end():
            return True
    return False


def _rest_of_block(site: CursorSite) -> Iterator[str]:
    """The lines below the cursor up to the end of its block; none outside of a block."""
    deep = site.indent if site.line.strip() else indent(site.code_above)
    for line in site.after.split("\n")[1:]:
        if line.strip() and indent(line) < max(deep, 1):
            return
        yield line


def _returns_another_kind(site: CursorSite, line: str) -> bool:
    """Return whether a plain value is returned from a function whose plain result is of another kind."""
    return_match = _RETURNED.match(line)
    shape = _RESULT.get(site.language.name)
    if return_match is None or shape is None:
        return False
    result = shape.search(_head_above(site, line))
    value = next((kind for kind, form in _LITERALS if form.fullmatch(return_match[1])), "")
    declared_kind = next((kind for kind, names in _TYPES.items() if result and result["kind"] in names), "")
    if not value or not declared_kind or value == declared_kind:
        return False
    return not (value == "nothing" and declared_kind == "maybe") and not (
        declared_kind == "nothing" and value != "number"
    )


def _head_above(site: CursorSite, line: str) -> str:
    """The head of the function around a line, "" where its lines do not show it plainly."""
    deep = indent(line)
    for above in _above(site.before):
        if indent(above) < deep and above.strip():
            deep = indent(above)
            if _HEAD.match(above):
                return above
            if re.search(r"=>|\bclosure\b|\|[^|]*\|\s*\{|\blambda\b", above):
                return ""
    return ""


def _above(before: str) -> Iterable[str]:
    """The lines above the cursor's, the nearest first."""
    return before.split("\n")[-ABOVE - 1 : -1][::-1]
