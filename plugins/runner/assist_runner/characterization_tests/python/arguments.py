"""Arguments for a Python function by its syntax alone: by annotations and names, and edges of what is given.

They need not fit: what the code does with them is seen when they are run. This module runs nothing.
"""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import replace

from assist_runner.characterization_tests.calls import CallSubject, ProposedCall, calls_in_turns
from assist_runner.characterization_tests.python.calls import PythonModule, definition_in

MAX_VARIATIONS = 24
MAX_WORDS = 6  # literals of the function's own conditions

_BY_TYPE = {
    "str": '"abc"', "int": "3", "float": "1.5", "bool": "True", "bytes": 'b"abc"', "object": '"abc"',
    "Any": '"abc"', "list": "[]", "dict": "{}", "tuple": "()", "None": "None",
}  # fmt: skip
_LISTS = frozenset({"list", "List", "Sequence", "Iterable", "Collection"})
_MAPPINGS = frozenset({"dict", "Dict", "Mapping", "MutableMapping"})
_EDGES = {
    "str": ('""', '" "', "None"), "int": ("0", "-1", "1", "100", "None"), "float": ("0.0", "-1.5"),
    "bytes": ('b""',), "list": ("[]", "None"), "dict": ("{}", "None"), "tuple": ("()",),
    "NoneType": ('"abc"', "3", "True", "[]"),
}  # fmt: skip


def _of_type(node: ast.expr) -> str:
    """A value of a type that is written plainly, "" for any other."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return "[]" if name in _LISTS else "{}" if name in _MAPPINGS else _BY_TYPE.get(name, "")
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return _of_type(left) or _of_type(right)
        case ast.Subscript(value=value, slice=inner):
            optional = ast.unparse(value).rpartition(".")[2] == "Optional"
            return _of_type(inner if optional else value)
    return ""


def variations(
    calls: Sequence[ProposedCall], subject: CallSubject, module: PythonModule
) -> list[ProposedCall]:
    """The calls with one argument at an edge: empty, zero, what a condition compares with, the other flag."""
    node = definition_in(module, subject)
    words = list(_own_words(node))[:MAX_WORDS] if node is not None else []
    options = _optional(node) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) else []
    return calls_in_turns(
        calls, [list(_variations_of(call, words, options)) for call in calls], MAX_VARIATIONS
    )


def _own_words(node: ast.AST) -> Iterator[str]:
    """The literals that a function compares with or looks for."""
    for part in ast.walk(node):
        values: list[ast.expr] = []
        if isinstance(part, ast.Call) and _name_of(part.func) == "isinstance" and len(part.args) == 2:
            kinds = part.args[1].elts if isinstance(part.args[1], ast.Tuple) else [part.args[1]]
            yield from (text for kind in kinds if (text := _of_type(kind)))
        elif isinstance(part, ast.Compare):
            values = [part.left, *part.comparators]
        elif isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) and part.args:
            values = (
                [part.args[0]]
                if part.func.attr in ("startswith", "endswith", "split", "partition", "find")
                else []
            )
        for value in values:
            for constant in value.elts if isinstance(value, (ast.Tuple, ast.List, ast.Set)) else [value]:
                if isinstance(constant, ast.Constant) and isinstance(constant.value, (str, int, bytes)):
                    yield _quote(constant.value)


def _name_of(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else ""


def _quote(value: object) -> str:
    text = repr(value)
    return f'"{text[1:-1]}"' if isinstance(value, str) and text[0] == "'" and '"' not in text else text


def _optional(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    """Arguments by name for what has a default: another value than that."""
    pairs = list(zip([*node.args.posonlyargs, *node.args.args][::-1], node.args.defaults[::-1], strict=False))
    pairs += [
        (row, value) for row, value in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True) if value
    ]
    found = []
    for argument, default in pairs:
        if argument in node.args.posonlyargs:
            continue
        if isinstance(default, ast.Constant) and isinstance(default.value, bool):
            found.append(f"{argument.arg}={not default.value}")
        elif isinstance(default, ast.Constant) and default.value is None and argument.annotation is not None:
            value = _of_type(argument.annotation)
            found += [f"{argument.arg}={value}"] if value not in ("", "None") else []
        elif isinstance(default, ast.Constant) and isinstance(default.value, int):
            found.append(f"{argument.arg}={default.value + 1}")
        elif isinstance(default, ast.Constant) and isinstance(default.value, str):
            found.append(f'{argument.arg}="x"')
    return found


def _variations_of(
    call: ProposedCall, words: Sequence[str], options: Sequence[str]
) -> Iterator[ProposedCall]:
    tree = ast.parse(call.call, mode="eval").body
    if not isinstance(tree, ast.Call):
        return
    given = {row.arg for row in tree.keywords}
    for option in options:
        if option.partition("=")[0] not in given:
            joined = f"{call.call.rstrip()[:-1].rstrip().rstrip(',')}, {option})"
            yield replace(call, call=joined.replace("(, ", "("), origin="syntax", wanted="")
    for row in (*tree.args, *(word.value for word in tree.keywords)):
        for text in _other_values(row, words):
            yield replace(call, call=_with_argument(call.call, row, text), origin="syntax", wanted="")


def _other_values(node: ast.expr, words: Sequence[str]) -> Iterator[str]:
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return
    kind = type(value).__name__
    if isinstance(value, bool):
        yield str(not value)
        return
    values = {word: _value_of(word) for word in words}
    same = [word for word in words if type(values[word]) is type(value)]
    yield from same
    yield from (word for word in words if word not in same and not isinstance(values[word], (str, int)))
    yield from _EDGES.get(kind, ())
    if isinstance(value, str) and value:
        yield from (_quote(f"{value}{values[word]}{value}") for word in same[:3] if values[word])
        yield _quote(value.upper() if value != value.upper() else value.lower())


def _value_of(word: str) -> object:
    return ast.literal_eval(word)


def _with_argument(text: str, node: ast.expr, new: str) -> str:
    """A call in one line with another text for one of its parts."""
    lines = text.encode().split(b"\n")
    if node.lineno != node.end_lineno or node.end_col_offset is None:
        return text
    line = lines[node.lineno - 1]
    lines[node.lineno - 1] = line[: node.col_offset] + new.encode() + line[node.end_col_offset :]
    return b"\n".join(lines).decode()
