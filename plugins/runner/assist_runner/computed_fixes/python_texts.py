"""Changes of texts in Python code: what a test expects to read, an expression that matches more or less.

They are candidates, as those in `python_repairs`. This module runs nothing.
"""

import ast
import re
from collections.abc import Iterator

from assist_runner.computed_fixes.candidates import CodeChange, FailureFacts
from assist_runner.computed_fixes.python_code import PythonCode

LONGEST = 400  # characters of an expression
_EXPRESSION = re.compile(
    r"\\[dwsbDWSZ.()\[\]]|\(\?|\[\^|[\])][+*?]|\.[+*]"
)  # a text with one of these is one
# What matches one character or group, and whether more of it may follow.
_ITEM = re.compile(r"(?P<item>\\[dwsDWS]|\]|\))(?P<more>[+*?]|\{\d*,?\d*\})?")
_MORE = {None: ("+", "*", "?"), "+": ("*",), "*": ("+", "*?"), "?": ("", "*")}


def text_changes(node: ast.Constant, code: PythonCode, failure: FailureFacts) -> Iterator[CodeChange]:
    """Other texts for one in the code: with what should have come out, and as an expression."""
    start, end = code.span(node)
    value = node.value
    if not isinstance(value, str) or not value or code.text[start].lower() not in "'\"rb":
        return
    for old, new in failure.texts:
        if value.count(old) == 1 and (at := code.text.find(old, start, end)) >= 0:
            yield CodeChange(at, at + len(old), new, "text", node.lineno)
    if len(value) <= LONGEST and _EXPRESSION.search(value) and "\n" not in value:
        yield from _other_expressions(range(start, end), code, node.lineno)


def _other_expressions(place: range, code: PythonCode, line: int) -> Iterator[CodeChange]:
    for match in _ITEM.finditer(code.text, place.start, place.stop):
        at = match.end("item")
        for more in _MORE.get(match["more"], ()):
            yield CodeChange(at, match.end(), more, "expression", line)
    for match in re.finditer(r"(?<![\\\[])\$(?=['\"|)])", code.text[place.start : place.stop]):
        at = place.start + match.start()
        yield CodeChange(at, at + 1, r"\Z", "expression", line)


def case_changes(node: ast.Compare, code: PythonCode) -> Iterator[CodeChange]:
    """A comparison with a text whatever the case of its letters is."""
    if len(node.ops) != 1 or not isinstance(node.ops[0], (ast.Eq, ast.NotEq, ast.In, ast.NotIn)):
        return
    right = node.comparators[0]
    parts = right.elts if isinstance(right, (ast.Tuple, ast.List, ast.Set)) else [right]
    values = [part.value for part in parts if isinstance(part, ast.Constant)]
    texts = [value for value in values if isinstance(value, str)]
    if not texts or len(texts) < len(parts) or isinstance(node.left, ast.Constant):
        return
    end = code.span(node.left)[1]
    for way in ("upper", "lower"):
        if all(getattr(text, way)() == text for text in texts) and any(map(str.isalpha, "".join(texts))):
            yield CodeChange(end, end, f".{way}()", "case", node.lineno)
