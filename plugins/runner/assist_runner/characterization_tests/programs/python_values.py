"""Values of a project as expressions that mean them anywhere, for the programs that run there.

It uses nothing but Python's own library, of 3.8 or newer.
"""

from __future__ import annotations

import dataclasses
import enum
import importlib
import inspect
import itertools
import math
import re
import sys
import types
from typing import Any

LONGEST = 300  # characters of an expression
ITEMS = 50  # of an iterator
CHANGES = 16  # of what a call changes, and of an object's attributes; few of them are asserted
DEPTH = 6
TEXT = 400  # characters of a message or of what was printed
BY_REPR = {
    "datetime": ("date", "datetime", "time", "timedelta", "timezone"),
    "decimal": ("Decimal",),
    "fractions": ("Fraction",),
    "uuid": ("UUID",),
    "pathlib": ("PurePosixPath", "PosixPath", "PureWindowsPath"),
}


class UnfitValue(Exception):
    """A value that cannot be written as an expression."""


class Encoder:
    """Writes values as expressions, and collects the names that these need."""

    def __init__(self, local: list[str]) -> None:
        self.local = local
        self.needs: set[tuple[str, str]] = set()

    def expression(self, value: Any, depth: int = 0) -> str:
        """An expression that means the value. Raises UnfitValue."""
        kind = type(value)
        if depth > DEPTH:
            raise UnfitValue("deep")
        if value is None or kind in (bool, int) or value is Ellipsis:
            return repr(value)
        if kind in (range, complex, bytearray):
            return repr(value)
        if kind is float:
            if not math.isfinite(value):
                raise UnfitValue("no number")
            return repr(value)
        if isinstance(value, enum.Enum):
            return self.named(kind) + "." + str(value.name)
        if isinstance(value, (str, bytes)):
            return self.text(value)
        if kind in (list, tuple, set, frozenset, dict) or (
            isinstance(value, (list, tuple, dict)) and not dataclasses.is_dataclass(value)
        ):
            return self.collection(value, depth)
        if kind.__name__ in BY_REPR.get(kind.__module__.partition("._")[0], ()):
            return self.by_repr(value)
        if isinstance(value, type):
            return self.named(value)
        if dataclasses.is_dataclass(value):
            return self.dataclass(value, depth)
        if isinstance(value, int):
            return repr(int(value))
        raise UnfitValue("no literal")

    def text(self, value: Any) -> str:
        plain = str.__str__(value) if isinstance(value, str) else bytes(value)
        shown = plain if isinstance(plain, str) else plain.decode("latin-1")
        if any(text in shown for text in self.local) or re.search(r" at 0x[0-9a-f]{6}", shown):
            raise UnfitValue("of this machine")
        if not plain == value:
            raise UnfitValue("not comparable")
        return repr(plain)

    def collection(self, value: Any, depth: int) -> str:
        if isinstance(value, dict):
            if dict(value) != value:
                raise UnfitValue("not comparable")
            rows = [
                (self.expression(key, depth + 1), self.expression(row, depth + 1))
                for key, row in value.items()
            ]
            return "{" + ", ".join(f"{key}: {row}" for key, row in rows) + "}"
        parts = [self.expression(part, depth + 1) for part in itertools.islice(value, 500)]
        if isinstance(value, (set, frozenset)):
            inner = "{" + ", ".join(sorted(parts)) + "}" if parts else "set()"
            return inner if isinstance(value, set) else f"frozenset({inner})" if parts else "frozenset()"
        if isinstance(value, tuple):
            return "(" + ", ".join(parts) + ("," if len(parts) == 1 else "") + ")"
        return "[" + ", ".join(parts) + "]"

    def by_repr(self, value: Any) -> str:
        text = repr(value)
        if type(value).__module__ == "datetime":
            self.needs.add(("datetime", ""))
            return text
        self.needs.add((type(value).__module__.partition("._")[0], type(value).__name__))
        self.text(text)
        return text

    def dataclass(self, value: Any, depth: int) -> str:
        parts = []
        for field in dataclasses.fields(value):
            own = getattr(value, field.name)
            is_default = (
                field.default is not dataclasses.MISSING
                and type(own) is type(field.default)
                and own == field.default
            )
            if field.init and not is_default:
                parts.append(f"{field.name}={self.expression(own, depth + 1)}")
        return f"{self.named(type(value))}({', '.join(parts)})"

    def named(self, kind: type) -> str:
        """The name of a class that can be imported."""
        module, _, path = kind.__module__, "", kind.__qualname__
        found: Any = sys.modules.get(module)
        for part in path.split("."):
            found = getattr(found, part, None)
        if found is not kind or module == "__main__":
            raise UnfitValue("no name")
        if module != "builtins":
            self.needs.add((module, path.partition(".")[0]))
        return path


def encoded(value: Any, local: list[str]) -> tuple[str, list[tuple[str, str]]] | None:
    """A value as an expression with what it needs; None if it has none that is equal to it, or a long one."""
    encoder = Encoder(local)
    try:
        text = encoder.expression(value)
        if len(text) > LONGEST:
            return None
        names: dict[str, Any] = {}
        for module, name in encoder.needs:
            names[name or module] = (
                getattr(importlib.import_module(module), name) if name else importlib.import_module(module)
            )
        if (eval(text, names) == value) is not True:
            return None
    except BaseException:
        return None
    return text, sorted(encoder.needs)


def attributes(value: Any, local: list[str]) -> dict[str, tuple[str, list[tuple[str, str]]]]:
    """The attributes of an object, as expressions: the public ones first."""
    try:
        names = list(vars(value))
    except TypeError:
        names = [name for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ())]
    found = {}
    for name in sorted(names, key=lambda name: name.startswith("_")):
        if name.startswith("__") or not name.isidentifier() or "__" in name:
            continue
        try:
            text = encoded(getattr(value, name), local)
        except BaseException:
            continue
        if text is not None:
            found[name] = text
    return found


def properties(value: Any, local: list[str]) -> dict[str, tuple[str, list[tuple[str, str]]]]:
    """The public properties of an object of the project, as expressions."""
    found: dict[str, tuple[str, list[tuple[str, str]]]] = {}
    for kind in type(value).__mro__:
        if kind.__module__.partition(".")[0] in ("builtins", "collections", "typing", "abc", "io"):
            continue
        for name, part in vars(kind).items():
            if isinstance(part, property) and not name.startswith("_") and name not in found:
                try:
                    text = encoded(getattr(value, name), local)
                except BaseException:
                    continue
                if text is not None and len(found) < CHANGES:
                    found[name] = text
    return found


def state(names: dict[str, Any], local: list[str]) -> dict[str, tuple[str, list[tuple[str, str]]]]:
    """What the variables of a set-up hold, by expressions that read it."""
    found = {}
    for name, value in list(names.items()):
        if (
            name.startswith("__")
            or isinstance(value, (type, types.ModuleType))
            or (callable(value) and not hasattr(value, "__dict__"))
        ):
            continue
        if inspect.isroutine(value):
            continue
        text = encoded(value, local)
        if text is not None:
            found[name] = text
            continue
        for attribute, own in attributes(value, local).items():
            found[f"{name}.{attribute}"] = own
    return found


def returned(value: Any, how: str, local: list[str]) -> dict[str, Any]:
    """A value as an expression, else as what its attributes are."""
    text = encoded(value, local)
    if text is not None:
        return {"value": text[0], "needs": text[1], "how": how, "shown": repr_of(value)}
    return looked_at(value, how, local)


def looked_at(value: Any, how: str, local: list[str]) -> dict[str, Any]:
    """An object that has no expression, by its attributes, its text or its length."""
    found = attributes(value, local)  # first: to show an object may change it
    kind = type(value)
    public = [name for name in found if not name.startswith("_")]
    checks = [[f".{name}", *found[name]] for name in public]
    checks += [[f".{name}", *text] for name, text in properties(value, local).items() if name not in found]
    shown = repr_of(value)
    for target, text in (("str", str_of(value)), ("repr", shown)):
        own = getattr(kind, f"__{target}__") is not getattr(object, f"__{target}__")
        own_text = encoded(text, local) if own and not re.search(r"<| at 0x", text) else None
        if own_text and kind.__module__ != "builtins":
            checks.append([target, *own_text])
            break
    if not checks:
        checks = [[f".{name}", *found[name]] for name in found]
    checks = checks[:CHANGES]
    if not checks and isinstance(value, (list, tuple, dict, set, frozenset)):
        checks.append(["len", str(len(value)), []])
    encoder = Encoder(local)
    try:
        if kind.__module__ == "builtins" and not checks:
            raise UnfitValue("nothing to say of it")
        checks.append(["type", encoder.named(kind), sorted(encoder.needs)])
    except UnfitValue:
        pass
    return {"checks": checks, "how": how, "shown": shown} if checks else {"left": "no literal"}


def repr_of(value: Any) -> str:
    try:
        return repr(value)[:TEXT]
    except BaseException:
        return ""


def str_of(value: Any) -> str:
    try:
        return str(value)
    except BaseException:
        return "<>"
