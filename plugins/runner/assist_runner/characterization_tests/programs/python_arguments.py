"""Values that a running program passes, as expressions that make the same again, for the tracer.

It uses nothing but Python's own library, of 3.8 or newer. Whether an expression does make the same is not
known: it is seen when the call is run.
"""

from __future__ import annotations

import ast
import collections
import dataclasses
import enum
import functools
import inspect
import io
import itertools
import os
import re
import sys
import textwrap
import types
from typing import Any

from python_values import BY_REPR, Encoder, UnfitValue

DEEP = 5
LINES = 14  # of a function that is written with the call
ITEMS = 30
PLAIN = (bool, int, float, complex, str, bytes, bytearray, range)


@dataclasses.dataclass
class MadeObject:
    """An object with the class that made it, its constructor's code, and what that was given."""

    value: Any
    kind: Any
    code: Any
    given: dict[str, Any]


class ArgumentWriter(Encoder):
    """Writes arguments, with the imports and the definitions that they need."""

    def __init__(self, root: str, made: dict[int, MadeObject], module: str) -> None:
        super().__init__([text for text in (root, os.path.expanduser("~"), sys.prefix) if len(text) > 3])
        self.root = root
        self.made = made
        self.package = module.partition(".")[0]
        self.statements: list[str] = []

    def imports(self) -> list[str]:
        return [
            f"from {module} import {name}" if name else f"import {module}"
            for module, name in sorted(self.needs)
        ]

    def arguments(self, made: MadeObject, function: Any, skip: int) -> str:
        """What a call was given, without what is as the defaults say."""
        code = made.code
        try:
            parameters = list(inspect.signature(inspect.unwrap(function)).parameters.values())
            defaults = {row.name: row.default for row in parameters if row.default is not row.empty}
        except (TypeError, ValueError):
            defaults = {}
        names = code.co_varnames
        count = code.co_argcount
        found = []
        by_name = False
        at = count + code.co_kwonlyargcount
        more = made.given[names[at]] if code.co_flags & inspect.CO_VARARGS else ()
        for number, name in enumerate(names[skip:count], skip):
            value = made.given[name]
            if not more and name in defaults and is_same(value, defaults[name]):
                by_name = number >= getattr(code, "co_posonlyargcount", 0)
                continue
            text = self.expression(value, 1)
            found.append(f"{name}={text}" if by_name or (name in defaults and not more) else text)
        found += [self.expression(value, 1) for value in more]
        at += 1 if code.co_flags & inspect.CO_VARARGS else 0
        for name in names[count : count + code.co_kwonlyargcount]:
            if name not in defaults or not is_same(made.given[name], defaults[name]):
                found.append(f"{name}={self.expression(made.given[name], 1)}")
        if code.co_flags & inspect.CO_VARKEYWORDS:
            rows = made.given[names[at]]
            if any(not name.isidentifier() for name in rows):
                raise UnfitValue("a name")
            found += [f"{name}={self.expression(value, 1)}" for name, value in rows.items()]
        return ", ".join(found)

    def expression(self, value: Any, depth: int = 0) -> str:
        kind = type(value)
        if depth > DEEP:
            raise UnfitValue("deep")
        if value is None or value is Ellipsis or kind in PLAIN or isinstance(value, (enum.Enum, type)):
            return super().expression(value, min(depth, 1))
        if kind in (list, tuple, set, frozenset, dict, collections.OrderedDict, collections.defaultdict):
            return self.items(value, depth)
        if isinstance(value, (types.FunctionType, types.BuiltinFunctionType)):
            return self.function(value)
        if (found := self.made.get(id(value))) is not None and found.value is value:
            return f"{self.named(found.kind)}({self.arguments_of(found, depth)})"
        if (name := self.global_name(value)) is not None:
            return name
        return self.other(value, kind, depth)

    def arguments_of(self, found: MadeObject, depth: int) -> str:
        self.depth = getattr(self, "depth", 0) + 1
        try:
            if self.depth > DEEP:
                raise UnfitValue("deep")
            return self.arguments(found, found.kind.__init__, 1)
        finally:
            self.depth -= 1

    def items(self, value: Any, depth: int) -> str:
        """A collection; of a mapping by names, without what cannot be written."""
        if len(value) > ITEMS:
            raise UnfitValue("many")
        if not isinstance(value, dict):
            parts = [self.expression(part, depth + 1) for part in value]
            if isinstance(value, (set, frozenset)):
                inner = "{" + ", ".join(sorted(parts)) + "}" if parts else "set()"
                return inner if isinstance(value, set) else f"frozenset({inner})"
            if isinstance(value, tuple):
                return "(" + ", ".join(parts) + ("," if len(parts) == 1 else "") + ")"
            return "[" + ", ".join(parts) + "]"
        rows = []
        for key, row in value.items():
            try:
                rows.append(f"{self.expression(key, depth + 1)}: {self.expression(row, depth + 1)}")
            except UnfitValue:
                if not isinstance(key, str):
                    raise
        return "{" + ", ".join(rows) + "}"

    def other(self, value: Any, kind: Any, depth: int) -> str:
        """An object that no constructor of the project was seen to make."""
        if dataclasses.is_dataclass(value):
            return self.dataclass(value, min(depth, 1))
        if kind.__name__ in BY_REPR.get(kind.__module__.partition("._")[0], ()):
            return self.by_repr(value)
        if isinstance(value, re.Pattern):
            self.needs.add(("re", ""))
            flags = value.flags & ~(re.UNICODE if isinstance(value.pattern, str) else 0)
            return f"re.compile({value.pattern!r}{f', {flags}' if flags else ''})"
        if kind in (io.BytesIO, io.StringIO):
            self.needs.add(("io", ""))
            return f"io.{kind.__name__}({self.expression(value.getvalue(), depth + 1)})"
        if kind is functools.partial:
            self.needs.add(("functools", "partial"))
            parts = [self.expression(part, depth + 1) for part in (value.func, *value.args)]
            parts += [f"{name}={self.expression(part, depth + 1)}" for name, part in value.keywords.items()]
            return f"partial({', '.join(parts)})"
        if isinstance(value, types.MethodType):
            return f"{self.expression(value.__self__, depth + 1)}.{value.__name__}"
        if isinstance(value, BaseException):
            parts = [self.expression(part, depth + 1) for part in value.args]
            return f"{self.named(kind)}({', '.join(parts)})"
        if isinstance(value, tuple) and hasattr(kind, "_fields"):
            parts = [f"{name}={self.expression(getattr(value, name), depth + 1)}" for name in kind._fields]
            return f"{self.named(kind)}({', '.join(parts)})"
        for plain in (str, bytes, int, float, dict, list, tuple, set):
            if isinstance(value, plain):
                return f"{self.named(kind)}({self.expression(plain(value), depth + 1)})"
        if kind.__init__ is object.__init__ and not getattr(value, "__dict__", None) and not has_slots(kind):
            return f"{self.named(kind)}()"
        raise UnfitValue("no literal")

    def named(self, kind: type) -> str:
        text = super().named(kind)
        self.refuse_tests(kind.__module__)
        return text

    def refuse_tests(self, module: str) -> None:
        """What a file of tests defines cannot be imported from elsewhere."""
        path = getattr(sys.modules.get(module), "__file__", None) or ""
        name = os.path.basename(path)
        if name.startswith(("test_", "conftest")) or name.endswith("_test.py"):
            raise UnfitValue("of a test")

    def global_name(self, value: Any) -> str | None:
        """An object that a module of the project keeps by a name."""
        for module_name, module in list(sys.modules.items()):
            if module_name.partition(".")[0] != self.package or module is None:
                continue
            for name, found in list(vars(module).items()):
                if found is value and name.isidentifier() and not name.startswith("__"):
                    self.needs.add((module_name, name))
                    return name
        return None

    def importable(self, function: Any) -> str:
        """The name of a function of a module, which is imported."""
        module, path = function.__module__, getattr(function, "__qualname__", function.__name__)
        found: Any = sys.modules.get(module)
        for part in path.split("."):
            found = getattr(found, part, None)
        if found is not function and inspect.unwrap(found or object) is not inspect.unwrap(function):
            raise UnfitValue("no name")
        self.refuse_tests(module)
        if module != "builtins":
            self.needs.add((module, path.partition(".")[0]))
        return path

    def function(self, value: Any) -> str:
        """A function by its name, or by its text if it is defined in a test and uses little of it."""
        try:
            return self.importable(value)
        except UnfitValue:
            pass
        if not isinstance(value, types.FunctionType) or value.__closure__:
            raise UnfitValue("a function of a test")
        text = source_of(value)
        for name in names_in(value.__code__):
            if name not in value.__globals__:
                continue
            own = value.__globals__[name]
            if isinstance(own, types.ModuleType):
                if own.__name__ != name:
                    raise UnfitValue("another name")
                self.needs.add((own.__name__, ""))
            elif self.expression(own, 2) != name:
                raise UnfitValue("of a test")
        if value.__name__ == "<lambda>":
            return text
        if text not in self.statements:
            self.statements.append(text)
        return value.__name__


def source_of(function: Any) -> str:
    """The text of a short function, without its decorators. Raises UnfitValue."""
    try:
        text = textwrap.dedent(inspect.getsource(function)).strip()
        tree = ast.parse(text)
    except (OSError, TypeError, SyntaxError, IndentationError) as error:
        raise UnfitValue("no source") from error
    if function.__name__ == "<lambda>":
        found = [node for node in ast.walk(tree) if isinstance(node, ast.Lambda)]
        own = ast.get_source_segment(text, found[0]) if len(found) == 1 else None
        if not own or "\n" in own:
            raise UnfitValue("a lambda")
        return own
    node = tree.body[0]
    if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) or node.decorator_list:
        raise UnfitValue("decorated")
    if text.count("\n") >= LINES:
        raise UnfitValue("long")
    return text


def names_in(code: Any) -> list[str]:
    return [
        *code.co_names,
        *itertools.chain.from_iterable(
            names_in(part) for part in code.co_consts if isinstance(part, types.CodeType)
        ),
    ]


def has_slots(kind: type) -> bool:
    return any(getattr(part, "__slots__", ()) for part in kind.__mro__)


def is_same(value: Any, default: Any) -> bool:
    try:
        return value is default or (type(value) is type(default) and bool(value == default))
    except Exception:
        return False
