"""Says by which calls a function of a project could be tried: its signature and types, as they are at run time.

It is a program that is run in the project's own interpreter, by its text: it uses nothing but Python's own
library, of 3.8 or newer. Calls need not work; that is seen when they are run.
"""

from __future__ import annotations

import collections.abc
import enum
import functools
import importlib
import inspect
import io
import json
import os
import re
import sys
import typing
from contextlib import redirect_stdout
from typing import Any, Dict, List, Optional, Tuple

DEPTH = 3
WAYS = 3
PLAIN = {
    str: '"abc"', int: "3", float: "1.5", bool: "True", bytes: 'b"abc"', list: "[]", dict: "{}", tuple: "()",
    set: "set()", frozenset: "frozenset()", object: '"abc"', type(None): "None", complex: "1j", bytearray: 'bytearray(b"abc")',
}  # fmt: skip
KINDS = {
    "Path": "pathlib.Path", "PurePath": "pathlib.PurePath", "datetime": "datetime.datetime(2024, 5, 17, 10, 30)",
    "date": "datetime.date(2024, 5, 17)", "timedelta": "datetime.timedelta(seconds=90)", "Decimal": 'decimal.Decimal("1.5")',
    "StringIO": 'io.StringIO("abc")', "BytesIO": 'io.BytesIO(b"abc")', "IO": 'io.StringIO("abc")', "TextIO": 'io.StringIO("abc")',
    "BinaryIO": 'io.BytesIO(b"abc")', "IOBase": 'io.BytesIO(b"abc")', "UUID": "uuid.UUID(int=7)", "Pattern": 're.compile("b")',
}  # fmt: skip
NUMBERS = re.compile(
    r"n|i|num\w*|count\w*|size|length|width|height|limit|index|max\w*|min\w*|start|stop|end|\w*_count|\w*_size|depth|level|offset|port|code|status\w*|timeout"
)
FLAGS = re.compile(r"(?:is|has|use|allow|with|no|force|strict|ignore)_\w+|reverse|strict|force|quiet|verbose")
MANY = re.compile(r"items|values|args|parts|names|lines|rows|\w*list|seq\w*|iterable|elements|keys")
BYTES = re.compile(r"data|body|content|raw|chunk|bytes|buffer")
CALLED = re.compile(r"f|fn|func\w*|callback\w*|handler|app|factory|key_func")
MAPPED = re.compile(
    r"kwargs|mapping|context|options|params|headers|environ|config|attrs|dict|scope|variables|globals"
)


class Proposer:
    """Writes arguments, and collects the imports that they need. `way` is which of several values is meant."""

    def __init__(self, package: str, way: int) -> None:
        self.package = package
        self.way = way
        self.imports: List[str] = []

    def use(self, line: str) -> None:
        if line not in self.imports:
            self.imports.append(line)

    def arguments(self, function: Any, skip: int, depth: int) -> Optional[str]:
        """The arguments without a default as text; None if one cannot be guessed."""
        try:
            parameters = list(inspect.signature(function).parameters.values())[skip:]
        except (TypeError, ValueError):
            return ""
        hints = hints_of(function)
        found = []
        for parameter in parameters:
            if (
                parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
                or parameter.default is not parameter.empty
            ):
                continue
            text = self.value(hints.get(parameter.name, parameter.empty), parameter.name, depth)
            if text is None:
                return None
            found.append(f"{parameter.name}={text}" if parameter.kind is parameter.KEYWORD_ONLY else text)
        return ", ".join(found)

    def value(self, hint: Any, name: str, depth: int) -> Optional[str]:
        """A value of a type, or for a name."""
        if hint is inspect.Parameter.empty or hint is Any:
            return self.by_name(name, depth)
        if isinstance(hint, str):
            return self.by_name(name, depth)
        if isinstance(hint, typing.TypeVar):
            return self.value(hint.__bound__ or (hint.__constraints__ or (str,))[0], name, depth)
        if hasattr(hint, "__supertype__"):
            return self.value(hint.__supertype__, name, depth)
        origin, inner = typing.get_origin(hint), typing.get_args(hint)
        if origin is not None:
            return self.generic(origin, inner, name, depth)
        if hint is None:
            return "None"
        if hint in (dict, list, object) and self.way == 0 and MAPPED.fullmatch(name):
            return '{"key": "value"}'
        if isinstance(hint, type):
            return self.plain(hint, name, depth)
        named = getattr(hint, "__name__", "")
        return self.kind(named) if named in KINDS else self.by_name(name, depth)

    def plain(self, hint: type, name: str, depth: int) -> Optional[str]:
        if hint in PLAIN:
            if hint is str and self.way == 1:
                return '"a b, c"'
            return PLAIN[hint] if hint is not int or self.way != 1 else "10"
        if hint.__name__ in KINDS and hint.__module__.partition(".")[0] not in (self.package,):
            return self.kind(hint.__name__)
        if issubclass(hint, enum.Enum):
            members = list(hint)
            return f"{self.named(hint)}.{members[self.way % len(members)].name}" if members else None
        if issubclass(hint, BaseException):
            return f'{self.named(hint)}("abc")'
        if hint in (collections.abc.Callable,):
            return "lambda *args, **kwargs: None"
        if hint.__module__ in ("collections.abc", "typing"):
            return self.generic(hint, (), name, depth)
        return self.construct(hint, depth)

    def kind(self, name: str) -> str:
        text = KINDS[name]
        self.use(f"import {text.partition('.')[0]}")
        return f'{text}("abc")' if name in ("Path", "PurePath") else text

    def generic(self, origin: Any, inner: Tuple[Any, ...], name: str, depth: int) -> Optional[str]:
        if origin is typing.Union or getattr(origin, "__name__", "") == "UnionType":
            chosen = [part for part in inner if part is not type(None)]
            for part in chosen[self.way % len(chosen) :] + chosen:
                text = self.value(part, name, depth)
                if text is not None:
                    return text
            return None
        if getattr(origin, "__name__", "") == "Annotated" or str(origin).endswith("Annotated"):
            return self.value(inner[0], name, depth)
        if origin is typing.Literal:
            return repr(inner[self.way % len(inner)])
        if origin is type:
            return "str"
        if origin is collections.abc.Callable:
            return "lambda *args, **kwargs: None"
        if not isinstance(origin, type):
            return self.by_name(name, depth)
        parts = [self.value(part, "", depth) for part in inner if part is not Ellipsis]
        if None in parts:
            parts = []
        if issubclass(origin, collections.abc.Mapping):
            return f"{{{parts[0]}: {parts[1]}}}" if len(parts) == 2 else "{}"
        if issubclass(origin, tuple):
            return f"({', '.join(map(str, parts))},)" if parts else "()"
        if issubclass(origin, collections.abc.Set):
            return f"{{{parts[0]}}}" if parts else "set()"
        if origin.__module__ not in ("builtins", "collections.abc", "typing", "collections"):
            return self.construct(origin, depth)
        if issubclass(origin, (collections.abc.AsyncIterable, collections.abc.Awaitable)):
            return None
        if issubclass(origin, collections.abc.Iterator):
            return f"iter([{parts[0]}])" if parts else "iter([])"
        return f"[{parts[0]}]" if parts else "[]"

    def by_name(self, name: str, depth: int) -> Optional[str]:
        kind = self.class_named(name)
        if kind is not None and depth < DEPTH:
            text = self.construct(kind, depth)
            if text is not None:
                return text
        if FLAGS.fullmatch(name):
            return "True"
        if NUMBERS.fullmatch(name):
            return "3"
        if MANY.fullmatch(name):
            return '["abc", "def"]' if self.way != 1 else "[1, 2, 3]"
        if MAPPED.fullmatch(name):
            return '{"key": "value"}'
        if CALLED.fullmatch(name):
            return "lambda *args, **kwargs: None"
        if BYTES.fullmatch(name):
            return ('b"abc"', '"abc"', "[1, 2]")[self.way]
        return ('"abc"', "3", "[1, 2, 3]")[self.way]

    def class_named(self, name: str) -> Optional[type]:
        """The class of the project that an argument is named after."""
        if len(name) < 3:
            return None
        wanted = {
            "ctx": "context",
            "cmd": "command",
            "param": "option",
            "env": "environment",
            "req": "request",
        }.get(name, name)
        for module_name, module in sorted(sys.modules.items()):
            if module_name.partition(".")[0] != self.package or module is None:
                continue
            for key, found in list(vars(module).items()):
                if (
                    isinstance(found, type)
                    and key.lower() == wanted.replace("_", "")
                    and found.__module__ == module_name
                ):
                    return found
        return None

    def named(self, kind: type) -> str:
        """The name of a class, which is imported."""
        module = kind.__module__
        if module != "builtins":
            top = kind.__qualname__.partition(".")[0]
            self.use(f"from {module} import {top}")
        return kind.__qualname__

    def construct(self, kind: type, depth: int) -> Optional[str]:
        """A call that makes an object of a class."""
        if depth >= DEPTH or "<locals>" in kind.__qualname__:
            return None
        if inspect.isabstract(kind) or getattr(kind, "_is_protocol", False):
            for inner in kind.__subclasses__():
                text = self.construct(inner, depth + 1)
                if text is not None:
                    return text
            return None
        given = self.arguments(kind, 0, depth + 1)
        return None if given is None else f"{self.named(kind)}({given})"


def hints_of(function: Any) -> Dict[str, Any]:
    """The types of a function's arguments, as far as they can be found."""
    if isinstance(function, type):
        function = function.__init__ if function.__init__ is not object.__init__ else function.__new__
    function = inspect.unwrap(function)
    try:
        return typing.get_type_hints(function)
    except Exception:
        pass
    found = {}
    names = dict(getattr(function, "__globals__", {}))
    names.setdefault("t", typing)
    for name, note in getattr(function, "__annotations__", {}).items():
        try:
            found[name] = eval(note, names) if isinstance(note, str) else note
        except Exception:
            found[name] = inspect.Parameter.empty
    return found


OPERATORS = {
    "__len__": "len({0})", "__str__": "str({0})", "__repr__": "repr({0})", "__bool__": "bool({0})", "__iter__": "list({0})",
    "__hash__": "hash({0})", "__call__": "{0}({1})", "__getitem__": "{0}[{1}]", "__contains__": "{1} in {0}",
    "__eq__": "{0} == {1}", "__ne__": "{0} != {1}", "__lt__": "{0} < {1}", "__add__": "{0} + {1}", "__mul__": "{0} * {1}",
    "__mod__": "{0} % {1}", "__or__": "{0} | {1}", "__next__": "next({0})", "__bytes__": "bytes({0})", "__html__": "{0}.__html__()",
    "__enter__": "{0}.__enter__()", "__reversed__": "list(reversed({0}))", "__copy__": "{0}.__copy__()", "__int__": "int({0})",
}  # fmt: skip


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).strip("_").lower()


def calls_of(module: Any, qualified: str, way: int) -> Optional[Dict[str, Any]]:
    """One call of a function, method, property or class."""
    proposer = Proposer(module.__name__.partition(".")[0], way)
    parts = qualified.split(".")
    owner: Any = module
    raw: Any = None
    for number, part in enumerate(parts):
        raw = inspect.getattr_static(owner, part, None) if isinstance(owner, type) else None
        owner_before = owner
        owner = getattr(owner, part, None)
        if owner is None:
            # Something defined inside of a function: what is around it is called.
            return calls_of(module, ".".join(parts[:number]), way) if number else None
    target = owner
    if isinstance(target, type):
        text = proposer.construct(target, 0)
        return {"call": text, "setup": [], "imports": proposer.imports} if text else None
    top = parts[0]
    if len(parts) == 1:
        if not callable(target):
            return None
        proposer.use(f"from {module.__name__} import {top}")
        given = proposer.arguments(target, 0, 0)
        return (
            None if given is None else {"call": f"{top}({given})", "setup": [], "imports": proposer.imports}
        )
    kind = owner_before
    name = parts[-1]
    if name in ("__init__", "__new__", "__post_init__"):
        text = proposer.construct(kind, 0)
        return {"call": text, "setup": [], "imports": proposer.imports} if text else None
    if isinstance(raw, (staticmethod, classmethod)):
        given = proposer.arguments(target, 0, 0)
        if given is None:
            return None
        return {"call": f"{proposer.named(kind)}.{name}({given})", "setup": [], "imports": proposer.imports}
    made = proposer.construct(kind, 0)
    if made is None:
        return None
    variable = snake(kind.__name__)
    is_property = isinstance(raw, (property, functools.cached_property)) or (
        not callable(raw) and raw is not None
    )
    given = "" if is_property else proposer.arguments(target, 1, 0)
    if given is None:
        return None
    if name == "__eq__":
        given = made
    if is_property:
        call = f"{variable}.{name}"
    elif name in OPERATORS:
        call = OPERATORS[name].format(variable, given)
    else:
        call = f"{variable}.{name}({given})"
    return {"call": call, "setup": [f"{variable} = {made}"], "imports": proposer.imports}


def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as file:
        plan = json.load(file)
    mark = sys.argv[2]
    sys.dont_write_bytecode = True
    sys.path[0] = os.getcwd()
    found = []
    with redirect_stdout(io.StringIO()):
        module = importlib.import_module(plan["module"])
        for way in range(WAYS):
            try:
                call = calls_of(module, plan["name"], way)
            except Exception:
                call = None
            if call and call not in found:
                found.append(call)
    os.write(1, f"\n{mark}{json.dumps(found)}\n".encode())


if __name__ == "__main__":
    main()
