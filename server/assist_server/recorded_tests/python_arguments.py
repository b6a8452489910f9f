"""Arguments for a Python function by its syntax alone: by annotations and names, and edges of what is given.

They need not fit: what the code does with them is seen when they are run. This module runs nothing.
"""

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from assist_server.recorded_tests.calls import CallSubject, ProposedCall
from assist_server.recorded_tests.python_calls import PythonModule, definition_in

MOST_VARIATIONS = 40
MOST_WORDS = 6  # literals of the function's own conditions

_BY_TYPE = {
    "str": '"abc"', "int": "3", "float": "1.5", "bool": "True", "bytes": 'b"abc"', "object": '"abc"', "Any": '"abc"',
    "list": "[]", "dict": "{}", "tuple": "()", "set": "set()", "None": "None", "AnyStr": '"abc"', "Path": '"abc"',
}  # fmt: skip
_LISTS = frozenset({"list", "List", "Sequence", "Iterable", "Collection", "Iterator", "MutableSequence"})
_MAPPINGS = frozenset({"dict", "Dict", "Mapping", "MutableMapping"})
_NUMBERS = re.compile(
    r"n|i|num\w*|count\w*|size|length|width|height|limit|index|max\w*|min\w*|start|stop|end|\w*_count|\w*_size|depth|level|offset|port|code|status\w*"
)
_FLAGS = re.compile(
    r"(?:is|has|use|allow|with|no|force|strict|ignore)_\w+|reverse|strict|force|quiet|verbose"
)
_MANY = re.compile(r"items|values|args|parts|names|lines|rows|list|seq\w*|iterable|elements|keys")
_EDGES = {
    "str": ('""', '" "', "None"), "int": ("0", "-1", "1", "100", "None"), "float": ("0.0", "-1.5"), "bool": (),
    "bytes": ('b""',), "list": ("[]", "None"), "dict": ("{}", "None"), "NoneType": ('"abc"', "3", "True", "[]"),
    "tuple": ("()",), "set": (),
}  # fmt: skip


def synthesized_calls(subject: CallSubject, module: PythonModule) -> list[ProposedCall]:
    """Calls whose arguments fit annotations and names; none where no argument can be guessed."""
    node = definition_in(module, subject)
    if isinstance(node, ast.ClassDef):
        init = _method(node, "__init__")
        arguments = _arguments(init, skip=1) if init else [""]
        found = [ProposedCall(f"{node.name}({given})", origin="syntax") for given in arguments]
    elif not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return []
    elif "." not in subject.name:
        found = [ProposedCall(f"{node.name}({given})", origin="syntax") for given in _arguments(node)]
    else:
        found = list(_method_calls(subject, module, node))
    top = subject.name.partition(".")[0]
    return [replace(call, imports=(f"from {module.name} import {top}",)) for call in found]


def _method_calls(
    subject: CallSubject, module: PythonModule, node: ast.FunctionDef | ast.AsyncFunctionDef
) -> Iterator[ProposedCall]:
    owner = subject.name.rpartition(".")[0]
    around = next(
        (part for part in module.tree.body if isinstance(part, ast.ClassDef) and part.name == owner), None
    )
    if around is None:
        return
    marks = {ast.unparse(mark) for mark in node.decorator_list}
    init = _method(around, "__init__")
    made = _arguments(init, skip=1) if init else [""]
    if node.name in ("__init__", "__post_init__", "__new__"):
        for given in made:
            yield ProposedCall(f"{owner}({given})", origin="syntax")
        return
    static = marks & {"staticmethod", "classmethod"}
    arguments = _arguments(node, skip=0 if "staticmethod" in marks else 1)
    variable = variable_of(owner)
    is_property = any("property" in mark for mark in marks)
    for start in made[:2]:
        setup = () if static else (f"{variable} = {owner}({start})",)
        for given in arguments:
            called = owner if static else variable
            text = f"{called}.{node.name}" if is_property else _as_call(called, node.name, given)
            yield ProposedCall(text, setup=setup, origin="syntax")
        if static:
            return


_OPERATORS = {"__len__": "len({})", "__str__": "str({})", "__repr__": "repr({})", "__bool__": "bool({})", "__iter__": "list({})",
    "__hash__": "hash({})", "__call__": "{}({})", "__getitem__": "{}[{}]", "__contains__": "{1} in {0}", "__eq__": "{} == {}"}  # fmt: skip


def _as_call(owner: str, name: str, given: str) -> str:
    return _OPERATORS[name].format(owner, given) if name in _OPERATORS else f"{owner}.{name}({given})"


def variable_of(name: str) -> str:
    """A name for an object of a class.

    >>> variable_of("LRUCache"), variable_of("URLPath"), variable_of("Cart")
    ('lru_cache', 'url_path', 'cart')
    """
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name.rpartition(".")[2])
    return words.strip("_").lower()


def _method(node: ast.ClassDef, name: str) -> ast.FunctionDef | None:
    return next((part for part in node.body if isinstance(part, ast.FunctionDef) and part.name == name), None)


def _arguments(node: ast.FunctionDef | ast.AsyncFunctionDef, skip: int = 0) -> list[str]:
    """The required arguments as text, in up to three ways; none if one cannot be guessed."""
    required = [*node.args.posonlyargs, *node.args.args][skip:]
    required = required[: len(required) - len(node.args.defaults)]
    named = [
        argument
        for argument, default in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
        if default is None
    ]
    found = []
    for way in range(3):
        values = [_guess(argument, way) for argument in required]
        own = [f"{argument.arg}={_guess(argument, way)}" for argument in named]
        if "" in values or any(text.endswith("=") for text in own):
            return []
        found.append(", ".join([*values, *own]))
    return list(dict.fromkeys(found))


def _guess(argument: ast.arg, way: int) -> str:
    """A value for an argument, "" if none can be guessed; without an annotation in several ways."""
    if argument.annotation is not None:
        return _of_type(argument.annotation)
    name = argument.arg
    if _FLAGS.fullmatch(name):
        return "True"
    if _NUMBERS.fullmatch(name):
        return "3"
    if _MANY.fullmatch(name):
        return '["abc", "def"]' if way != 1 else "[1, 2, 3]"
    return ('"abc"', "3", "[1, 2, 3]")[way]


def _of_type(node: ast.expr) -> str:
    """A value of an annotated type, "" for one that is not known."""
    match node:
        case ast.Constant(value=str() as text):
            try:
                return _of_type(ast.parse(text, mode="eval").body)
            except SyntaxError:
                return ""
        case ast.Constant(value=None):
            return "None"
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return "[]" if name in _LISTS else "{}" if name in _MAPPINGS else _BY_TYPE.get(name, "")
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return _of_type(left) or _of_type(right)
        case ast.Subscript(value=value, slice=inner):
            return _of_generic(ast.unparse(value).rpartition(".")[2], inner)
    return ""


def _of_generic(name: str, inner: ast.expr) -> str:
    parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
    if name in ("Optional", "Union", "Annotated"):
        return next((text for part in parts if (text := _of_type(part)) and text != "None"), "")
    values = [_of_type(part) for part in parts if not (isinstance(part, ast.Constant) and part.value is ...)]
    if name == "Literal":
        return ast.unparse(parts[0])
    if not values or "" in values:
        return ""
    if name in _LISTS:
        return f"[{values[0]}]"
    if name in _MAPPINGS and len(values) == 2:
        return f"{{{values[0]}: {values[1]}}}"
    if name in ("tuple", "Tuple"):
        return f"({', '.join(values)},)"
    return f"{{{values[0]}}}" if name in ("set", "Set", "frozenset", "FrozenSet") else ""


def variations(
    calls: Sequence[ProposedCall], subject: CallSubject, module: PythonModule
) -> list[ProposedCall]:
    """The calls with one argument at an edge: empty, zero, what a condition compares with, the other flag."""
    node = definition_in(module, subject)
    words = list(_own_words(node))[:MOST_WORDS] if node is not None else []
    options = _optional(node) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) else []
    known = {(call.setup, call.call) for call in calls}
    found: dict[tuple[tuple[str, ...], str], ProposedCall] = {}
    rounds = [list(_variations_of(call, words, options)) for call in calls]
    for number in range(max(map(len, rounds), default=0)):
        for row in rounds:
            key = (row[number].setup, row[number].call) if number < len(row) else None
            if key is not None and key not in known and len(found) < MOST_VARIATIONS:
                found.setdefault(key, row[number])
    return list(found.values())


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
    return set() if word == "set()" else ast.literal_eval(word)


def _with_argument(text: str, node: ast.expr, new: str) -> str:
    """A call in one line with another text for one of its parts."""
    lines = text.encode().split(b"\n")
    if node.lineno != node.end_lineno or node.end_col_offset is None:
        return text
    line = lines[node.lineno - 1]
    lines[node.lineno - 1] = line[: node.col_offset] + new.encode() + line[node.end_col_offset :]
    return b"\n".join(lines).decode()
