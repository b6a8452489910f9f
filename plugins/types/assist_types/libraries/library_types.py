"""The names of installed modules and the members of their classes, through re-exports and bases.

It answers from outlines that were made before. What has none yet, and what is not whole, is unknown. The
classes of Python's own `builtins`, `abc`, `typing` and the like come from the Python that runs this.
"""

import abc
import builtins
import collections
import collections.abc
import contextlib
import enum
import re
import types
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from assist_types.libraries.installed import InstalledModule, ModuleFinder
from assist_types.libraries.module_outline import (
    LibraryName,
    ModuleOutline,
    Target,
    one_for_each_result,
    written_alias,
)
from assist_types.libraries.script_outline import ASSIGNED
from assist_types.libraries.written_results import declared_type, type_parameters, written_result
from assist_types.types.expressions import Written
from assist_types.types.members import Members, union_of
from assist_types.types.script_built_ins import global_class, global_members
from assist_types.types.words import words_of
from assist_types.types.written import written_types

OutlineLookup = Callable[[InstalledModule], ModuleOutline | None]

MAX_STEPS = 24  # from one re-export to the next
MAX_LOOKS = 3_000  # at outlines, for one question; a front of 250 modules takes 300
MAX_CLASSES = 300  # above one class
MAX_TYPES = 40  # that one expression may be; openai's events of a stream are 50, and then nothing is known
_OWN = {
    "builtins": builtins,
    "abc": abc,
    "collections": collections,
    "collections.abc": collections.abc,
    "contextlib": contextlib,
    "enum": enum,
    "types": types,
    "typing": typing,
    "typing_extensions": typing,
}
_OF_ALL_PYTHON = frozenset(
    {*dir(object), *dir(type), "__dict__", "__weakref__", "__annotations__", "__slots__"}
)
_OF_ALL_SCRIPTS = frozenset(
    {"constructor", "hasOwnProperty", "isPrototypeOf", "propertyIsEnumerable", "toLocaleString", "toString"}
    | {"valueOf", "__proto__", "prototype", "call", "apply", "bind", "name", "length"}
)
_GLOBALS = {
    "Error": "name message stack cause captureStackTrace stackTraceLimit prepareStackTrace",
    "Object": "",
    "Function": "arguments caller",
}
_SPECIAL: Mapping[str, tuple[type, tuple[str, ...]]] = {
    "NamedTuple": (tuple, ("_asdict", "_replace", "_fields", "_make", "_field_defaults")),
    "TypedDict": (dict, ("__total__", "__required_keys__", "__optional_keys__")),
}
_STEP = re.compile(r"[^.()!%*\[\]]+|\(\)|\[\]|!|%|\*")
_TYPE_VARIABLES = {"LiteralString": ("str",), "AnyStr": ("str", "bytes")}
_FAMILIES = {"python": "python", "node": "script", "go": "go"}


@dataclass(frozen=True, slots=True)
class PlacedName:
    """A name with the module that defines it."""

    module: InstalledModule
    name: LibraryName


@dataclass(frozen=True, slots=True)
class _Evaluated:
    """A name, or an object of the class that it is if it was `made`; `later`: after `await`.

    Of a container, `inside` is the type of what it holds, as it is written where `written` is. `promise` is
    the class of what has to be awaited.
    """

    placed: PlacedName
    owner: PlacedName | None = None
    made: bool = False
    later: bool = False
    inside: str = ""
    written: PlacedName | None = None
    promise: str = ""


_First = TypeVar("_First")
_Next = TypeVar("_Next")
_Values = tuple["_Evaluated | InstalledModule", ...]  # what an expression may be; none if that is not known


class LibraryTypes:
    """A `TypeSource` for the files of one folder."""

    def __init__(self, finder: ModuleFinder, outlines: OutlineLookup) -> None:
        self._finder = finder
        self._outlines = outlines
        self._budget = 0

    def names(self, module: str) -> frozenset[str] | None:
        """The names that a module offers, `None` if that is not known for certain."""
        self._budget = MAX_LOOKS
        found = self._finder.find(module)
        return self._names(found, set()) if found is not None else None

    def members(self, module: str, name: str) -> Members | None:
        """The members of a class, of what a value is declared to be, or of a module.

        After a name, ".member", "()" for a call, "!" for `await`, "%" for `with`, "*" for an element of a
        loop and "[]" for an item lead further.
        """
        self._budget = MAX_LOOKS
        found = self._finder.find(module)
        things = self._evaluate(found, _STEP.findall(name)) if found is not None and name else ()
        found_members = union_of([self._members_at(thing) for thing in things])
        return found_members or _own_members(module, name.removesuffix("()"))

    def _members_at(self, thing: "_Evaluated | InstalledModule") -> Members | None:
        """The members of what an expression is."""
        if isinstance(thing, InstalledModule):
            names = self._names(thing, set())
            return Members(names, True) if names is not None else None
        if thing.later:
            return global_members(thing.promise) if thing.placed.module.kind == "node" else None
        declared = self._values_of(thing)
        return union_of([None if value.later else self._members_of(value.placed) for value in declared])

    def _evaluate(self, module: InstalledModule, steps: Sequence[str]) -> _Values:
        """Return the values that an expression of a module's names may have."""
        things: _Values = (module,)
        for step in steps:
            things = _each_after(things, partial(self._step, step=step))
        return things

    def _step(self, thing: "_Evaluated | InstalledModule", step: str) -> _Values:
        """Return the values of a call, `await`, `with`, an item, an element or a member of something."""
        if isinstance(thing, InstalledModule):
            placed = self._resolve(thing, step, MAX_STEPS)
            return (_Evaluated(placed),) if isinstance(placed, PlacedName) else (placed,) if placed else ()
        if step == "!" or thing.later:
            return (replace(thing, later=False, promise=""),) if step == "!" and thing.later else ()
        if thing.placed.name.kind == "value":
            return _each_after(self._values_of(thing), partial(self._after, step=step))
        return self._after(thing, step)

    def _after(self, thing: "_Evaluated", step: str) -> _Values:
        """Do the same for anything but a plain value."""
        placed = thing.placed
        match step:
            case "()" if placed.name.kind == "class":
                return () if thing.made else (_Evaluated(placed, made=True),)
            case "()":
                return self._result(placed, thing.owner)
            case "%":
                entered = self._member(placed, "__enter__") or self._member(placed, "__aenter__")
                given = self._result(entered, placed) if entered is not None else ()
                return tuple(replace(one, later=False) for one in given)
            case "*" | "[]":
                return self._element(thing, step)
        member = self._member(placed, step)
        return (_Evaluated(member, placed),) if member is not None else ()

    def _element(self, thing: "_Evaluated", step: str) -> tuple["_Evaluated", ...]:
        """Return the content of a container, or the class for subscripts of a class."""
        if thing.inside and thing.written is not None:
            if step == "*" and words_of("python").has("maps", thing.placed.name.name):
                return ()  # keys
            return self._types_written(thing.written, thing.inside, None)
        if not thing.made:
            return (thing,) if step == "[]" and thing.placed.name.kind == "class" else ()
        if step == "[]":
            item = self._member(thing.placed, "__getitem__")
            return self._result(item, thing.placed) if item is not None else ()
        for name in ("__iter__", "__aiter__"):
            member = self._member(thing.placed, name)
            given = self._result(member, thing.placed) if member is not None else ()
            if given and all(one.inside for one in given):
                return _each_after(given, partial(self._element, step=step))
        return ()

    def _result(self, placed: PlacedName, owner: PlacedName | None) -> tuple["_Evaluated", ...]:
        """Return the values that a call of a function may give; `owner` is what it is a method of."""
        if placed.name.kind != "function" or not placed.name.whole:
            return ()
        around = type_parameters(owner.name.head) if owner is not None else frozenset()
        return _each_after(
            one_for_each_result(placed.name.bases or (placed.name.head,)),
            lambda head: self._call_result(placed, head, owner, around),
        )

    def _call_result(
        self, placed: PlacedName, head: str, owner: PlacedName | None, parameters: frozenset[str]
    ) -> tuple["_Evaluated", ...]:
        """Return the values of a call by one signature of a function; nothing is known of type parameters."""
        written = written_result(head, placed.module.kind)
        if written is None or not (parameters | type_parameters(head)).isdisjoint(
            found.name for found in written_types(written.text, _FAMILIES[placed.module.kind])
        ):
            return ()
        given = self._types_written(placed, written.text, owner)
        return tuple(replace(one, later=True) for one in given) if written.later else given

    def _values_of(self, thing: "_Evaluated") -> tuple["_Evaluated", ...]:
        """Return the values that a value may have by its declaration; anything else is itself."""
        if thing.placed.name.kind != "value":
            return (thing,)
        written = declared_type(thing.placed.name.head)
        return self._types_written(thing.placed, written, thing.owner) if written else ()

    def _types_written(
        self, placed: PlacedName, text: str, owner: PlacedName | None
    ) -> tuple["_Evaluated", ...]:
        """Return the values of a type that is written in a module; `owner` is what `Self` is."""
        kinds = written_types(text, _FAMILIES[placed.module.kind])
        return _each_after(kinds, lambda written: self._type_written(placed, written, owner))

    def _type_written(
        self, placed: PlacedName, written: Written, owner: PlacedName | None
    ) -> tuple["_Evaluated", ...]:
        inside = written.arguments[0] if written.arguments else ""
        match written.name:
            case "Self" | "this":
                return (_Evaluated(owner, made=True),) if owner is not None else ()
            case "promise":
                waited = self._types_written(placed, inside, owner)
                return tuple(replace(one, later=True, promise=written.arguments[1]) for one in waited)
            case "[]" | "{}":
                usual = "list" if placed.module.kind == "python" else "Array"
                holder = self._base(placed, written.arguments[1] if len(written.arguments) > 1 else usual)
                return (_Evaluated(holder, None, True, False, inside, placed),) if holder is not None else ()
            case "type" | "Type" | "typing.Type" if inside and placed.module.kind == "python":
                return tuple(replace(one, made=False) for one in self._types_written(placed, inside, owner))
        return self._class_written(placed, written.name)

    def _class_written(self, placed: PlacedName, name: str) -> tuple["_Evaluated", ...]:
        """An object of a class, or what a name is given to."""
        if name in _TYPE_VARIABLES:
            return _each_after(_TYPE_VARIABLES[name], lambda of: self._class_written(placed, of))
        found = self._base(placed, name)
        if found is not None:
            return (_Evaluated(found, made=True),)
        alias = self._resolve(placed.module, name, MAX_STEPS)
        meaning = written_alias(alias.name) if isinstance(alias, PlacedName) else ""
        self._budget -= MAX_LOOKS // 30  # such names may lead in a circle
        return self._types_written(alias, meaning, None) if meaning and isinstance(alias, PlacedName) else ()

    def describe(self, module: str, name: str) -> PlacedName | None:
        """Find where a name of a module is defined, and what it is. It may go on as for `members`."""
        self._budget = MAX_LOOKS
        found = self._finder.find(module)
        things = self._evaluate(found, _STEP.findall(name)) if found is not None else ()
        thing = things[0] if len(things) == 1 else None
        return thing.placed if isinstance(thing, _Evaluated) and not (thing.made or thing.later) else None

    def outline(self, module: InstalledModule) -> ModuleOutline | None:
        """Return the outline of a module; a declaration under its name comes before the file's own."""
        self._budget -= 1
        found = self._outlines(module) if self._budget > 0 else None
        return found.of(module.declared) if found is not None else None

    def _names(self, module: InstalledModule, seen: set[str]) -> frozenset[str] | None:
        outline = self.outline(module)
        if module.file in seen:
            return frozenset()
        seen.add(module.file)
        if outline is None or not outline.whole:
            return None
        if ASSIGNED in outline.names:
            return self._names_assigned(module)
        found = {name.name for name in outline.names.values() if name.public}
        for star in outline.stars:
            target = self._finder.beside(star, module)
            names = self._names(target, seen) if target is not None else None
            if names is None:
                return None
            found |= names
        return frozenset(found)

    def _names_assigned(self, module: InstalledModule) -> frozenset[str] | None:
        """Return the names of a module that is one value as a whole."""
        assigned = self._resolve(module, ASSIGNED, MAX_STEPS)
        if not isinstance(assigned, PlacedName):
            return self._names(assigned, set()) if assigned is not None else None
        members = self._members_of(assigned)
        return members.names | {"default"} if members is not None and members.whole else None

    def _resolve(self, module: InstalledModule, name: str, steps: int) -> PlacedName | InstalledModule | None:
        """Follow all imports of a name in a module: to a name in its own module, or a module."""
        outline = self.outline(module)
        if outline is None or steps <= 0:
            return None
        known = outline.names.get(name)
        if known is None:
            if ASSIGNED in outline.names:
                return self._resolve_in_assigned(module, name, steps)
            return self._resolve_in_stars(module, outline.stars, name, steps)
        if known.kind != "import":
            return PlacedName(module, known)
        if not known.target[0] and known.target[1] != name:
            return self._resolve(module, known.target[1], steps - 1)
        return self._follow(module, known.target, steps) if known.target[0] else None

    def _resolve_in_assigned(
        self, module: InstalledModule, name: str, steps: int
    ) -> PlacedName | InstalledModule | None:
        assigned = self._resolve(module, ASSIGNED, steps - 1)
        if name == "default" or assigned is None:
            return assigned
        if isinstance(assigned, InstalledModule):
            return self._resolve(assigned, name, steps - 1)
        own = next((member for member in assigned.name.members if member.name == name), None)
        return PlacedName(assigned.module, own) if own is not None else None

    def _resolve_in_stars(
        self, module: InstalledModule, stars: Sequence[str], name: str, steps: int
    ) -> PlacedName | InstalledModule | None:
        for star in stars:
            target = self._finder.beside(star, module)
            found = self._resolve(target, name, steps - 1) if target is not None else None
            if found is not None:
                return found
        return None

    def _follow(
        self, module: InstalledModule, target: Target, steps: int
    ) -> PlacedName | InstalledModule | None:
        """Follow an import of another module in an installed one."""
        source, target_name = target
        own = _own_members(source, target_name) if module.kind == "python" else None
        if own is not None:
            members = tuple(map(LibraryName, sorted(own.names)))
            return PlacedName(module, LibraryName(target_name, "class", members=members, whole=True))
        there = self._finder.beside(source, module)
        if there is None or not target_name:
            return there
        found = self._resolve(there, target_name, steps - 1)
        if found is None and module.kind == "python":
            return self._finder.beside(f"{source}.{target_name}", module)
        return found

    def _members_of(self, placed: PlacedName) -> Members | None:
        kind = placed.name.kind
        if kind == "module":
            return Members(frozenset(member.name for member in placed.name.members), placed.name.whole)
        if kind != "class":
            return None
        names: set[str] = set()
        whole = True
        for above in self._line_of(placed):
            if above is None:
                whole = False
            else:
                names |= {member.name for member in above.name.members}
                whole = whole and above.name.whole and not self._may_grow(above)
        whole = whole and "__get__" not in names  # a descriptor: its owner has what it gives
        names |= _OF_ALL_PYTHON if placed.module.kind == "python" else _OF_ALL_SCRIPTS
        return Members(frozenset(names), whole)

    def _may_grow(self, placed: PlacedName) -> bool:
        """Say whether another package may add members to an interface."""
        is_interface = placed.name.head.startswith("interface")
        return is_interface and self._finder.is_extended(placed.module.package)

    def _member(self, placed: PlacedName, name: str) -> PlacedName | None:
        """A member of a class by its name, from the class itself or the first base that has it."""
        for above in self._line_of(placed):
            for member in above.name.members if above is not None else ():
                if above is not None and member.name == name:
                    return PlacedName(above.module, member)
        return None

    def _line_of(self, placed: PlacedName) -> Iterator[PlacedName | None]:
        """A class and all above it, None for each that is not known."""
        waiting: list[PlacedName] = [placed]
        seen: set[tuple[str, str]] = set()
        while waiting and len(seen) < MAX_CLASSES:
            current = waiting.pop(0)
            key = (current.module.file, current.name.name)
            if key in seen:
                continue
            seen.add(key)
            yield current
            for base in current.name.bases:
                above = self._base(current, base)
                if above is None:
                    yield None
                else:
                    waiting.append(above)
        if waiting:
            yield None

    def _base(self, placed: PlacedName, base: str) -> PlacedName | None:
        """A class by its name as it is written in a module, such as `enum.Enum`; None if it is not known."""
        first, *rest = base.split(".")
        found = self._resolve(placed.module, first, MAX_STEPS)
        if found is None and not rest:
            return _global_class(placed.module, first)
        if found is None and placed.module.kind == "python":
            target = self._import_of(placed.module, first)
            own = _own_members(target, ".".join(rest))
            return _as_class(placed.module, base, own) if own is not None else None
        for part in rest:
            if isinstance(found, InstalledModule):
                own = _own_members(found.name, part) if found.kind == "python" else None
                found = _as_class(placed.module, part, own) if own else self._resolve(found, part, MAX_STEPS)
            elif found is not None:
                inner = next((member for member in found.name.members if member.name == part), None)
                found = PlacedName(found.module, inner) if inner is not None else None
        if not isinstance(found, PlacedName) or found.name.kind != "class":
            return None
        return found if found.name is not placed.name else None

    def _import_of(self, module: InstalledModule, name: str) -> str:
        """Return the module that a name in another module is, "" if it is not a module."""
        outline = self.outline(module)
        known = outline.names.get(name) if outline is not None else None
        return known.target[0] if known is not None and not known.target[1] else ""


def _each_after(
    items: "Sequence[_First]", then: "Callable[[_First], tuple[_Next, ...]]"
) -> "tuple[_Next, ...]":
    """Collect the results of each item; none if they are unknown for one, or if there are too many."""
    found: list[_Next] = []
    for item in items:
        after = then(item)
        if not after or len(found) > MAX_TYPES:
            return ()
        found += after
    return tuple(found)


def _global_class(module: InstalledModule, name: str) -> PlacedName | None:
    """A class that needs no import."""
    if module.kind == "python":
        own = _own_members("builtins", name)
        return _as_class(module, name, own) if own is not None else None
    found = Members(frozenset(_GLOBALS[name].split()), True) if name in _GLOBALS else global_members(name)
    return _as_class(module, global_class(name) or name, found) if found is not None else None


def _as_class(module: InstalledModule, name: str, members: Members) -> PlacedName:
    """Members as a class in a module."""
    inner = tuple(map(LibraryName, sorted(members.names)))
    return PlacedName(
        replace(module, file=f"{module.file}:{name}"),
        LibraryName(name, "class", members=inner, whole=members.whole),
    )


def _own_members(module: str, name: str) -> Members | None:
    """The members of a class of Python's own modules that define how classes work."""
    found = getattr(_OWN.get(module), name, None)
    if name in ("Generic", "Protocol"):
        return Members(frozenset(dir(object)), True) if module.startswith("typing") else None
    if name in ("SimpleNamespace", "ModuleType", "object"):
        return None  # objects of these have other members too
    if name in _SPECIAL:
        base, own = _SPECIAL[name]
        return Members(frozenset({*dir(base), *own}), True)
    found = getattr(found, "__origin__", found)
    if not isinstance(found, type) or (module == "typing" and found.__module__ == "typing"):
        return None
    more = ("name", "value", "_value_", "_name_", "_missing_", "_generate_next_value_", "_member_map_")
    names = {*dir(found), *(more if issubclass(found, enum.Enum) else ())}
    return Members(frozenset(names), True)
