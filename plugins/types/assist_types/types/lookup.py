"""The types that an expression may have at a cursor, across the files of a workspace folder.

It follows names to what is written about them, and members to the classes that have them. A type is known
only if all that it may be is known. How a language writes things, its reader knows.
"""

import builtins
import collections
import collections.abc
import re
import typing
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import PurePosixPath
from typing import TypeVar

from assist_context.code.imports import Import
from assist_context.code.trees.fragments import split_outside
from assist_context.relations import import_resolution
from assist_types.types import go_names
from assist_types.types.declarations import ClassOutline, NameDeclaration, TypedText
from assist_types.types.expressions import ExpressionPart, Written, parts_of
from assist_types.types.members import Members, TypeSource, union_of
from assist_types.types.object_types import ObjectType, class_of, instance_of
from assist_types.types.readers import READERS
from assist_types.types.script_built_ins import GLOBALS, global_class, global_members
from assist_types.types.texts import SourceFiles, TextStore
from assist_types.types.words import words_of
from assist_types.types.written import written_types

DEEPEST = 12  # names that are followed one after the other
_UNKNOWN = Members()
_CLASS_NAME = re.compile(
    r"(?:(?:pub(?:\([^)]*\))?|abstract|class|struct|interface|enum|union)\s+)*([^\W\d]\w*)"
)
_Types = tuple[ObjectType, ...]
_Thing = TypeVar("_Thing")


class TypeLookup:
    """The types in one folder. Use it from one thread, and tell it the text of each request's document."""

    def __init__(self, files: SourceFiles, source: TypeSource | None = None) -> None:
        self.texts = TextStore(files)
        self._source = source

    def types_of(self, text: TypedText, expression: str, at: int | None) -> _Types:
        """Return the possible types of an expression at a byte, or at the top of a text; none if unknown."""
        return self._of_parts(text, parts_of(expression), at, 0)

    def members(self, kinds: Sequence[ObjectType]) -> Members:
        """The members that one of some types has; whole if all of them are known."""
        return _union([self._members(kind, 0) for kind in kinds])

    def heads(self, kind: ObjectType) -> tuple[str, ...]:
        """The heads of a function or a class's maker outside of the workspace; none if they are not known."""
        known = (
            self._source is not None and kind.kind == "outside class" and kind.path != GLOBALS and kind.name
        )
        return self._source.heads(kind.path, kind.name) if known and self._source is not None else ()

    def names_of(self, kinds: Sequence[ObjectType]) -> tuple[str, ...]:
        """The names of types, of those that have one."""
        return tuple(dict.fromkeys(filter(None, map(self._name_of, kinds))))

    def _name_of(self, kind: ObjectType) -> str:
        text = self.texts.text(kind.path) if kind.kind in ("instance", "class") else None
        return kind.name if text is None else _name_at(text, kind.at)

    # --- Names ---

    def _of_parts(
        self,
        text: TypedText,
        parts: Sequence[ExpressionPart],
        at: int | None,
        depth: int,
        space: str = "value",
    ) -> _Types:
        if not parts or depth > DEEPEST:
            return ()
        first = parts[0]
        if first.kind == "name":
            found = self._of_name(text, first.text, at, depth + 1, space)
        elif first.kind == "type":
            found = self._of_written(text, first.text, at, depth + 1)
        else:
            found = _built_in(text, first.text, "outside")
        for part in parts[1:]:
            found = _all(found, partial(self._after, part=part, depth=depth + 1))
        return found

    def _of_name(self, text: TypedText, name: str, at: int | None, depth: int, space: str) -> _Types:
        reader = READERS.get(text.family)
        if reader is None or depth > DEEPEST:
            return ()
        found = reader.declarations(text, name, at, space)
        if found:
            return self._of_declarations(text, found, depth)
        if text.family == "go":
            return self._of_package_name(text.path.rpartition("/")[0], name, depth + 1, text)
        return _built_in(text, name, "outside class")

    def _of_declarations(
        self, text: TypedText, found: Sequence[NameDeclaration], depth: int, own: _Types = ()
    ) -> _Types:
        """Return the types of a name by all that declares it. Only nothing says nothing."""
        words = words_of(text.family)
        telling = [one for one in found if not (one.kind == "value" and words.has("nothing", one.text))]
        return _all(telling, lambda one: self._of_declaration(text, one, depth + 1, own))

    def _of_declaration(self, text: TypedText, found: NameDeclaration, depth: int, own: _Types) -> _Types:
        if depth > DEEPEST:
            return ()
        match found.kind:
            case "type" | "alias":
                kinds = self._of_written(text, found.text, found.at, depth, own)
                return kinds if found.kind == "type" else _all(kinds, class_of)
            case "function":
                return (ObjectType("function", text.path, found.text, found.at, own),)
            case "class" | "cls" | "self":
                return (ObjectType("instance" if found.kind == "self" else "class", text.path, at=found.at),)
            case "import":
                return self._of_import(text, found, depth)
        return self._of_value(text, found, depth)

    def _of_value(self, text: TypedText, found: NameDeclaration, depth: int) -> _Types:
        """Return the types of a name by an expression: its value, a part or an element of it, or a `with`."""
        if found.kind == "raised" and found.text.startswith("(") and found.text.endswith(")"):
            names = [name for name in split_outside(found.text[1:-1], ",") if name]
            return _all(names, lambda name: self._of_value(text, replace(found, text=name), depth + 1))
        parts = parts_of(found.text)
        if found.part >= 0:
            called = parts and parts[-1].kind == "call"
            kinds = self._of_parts(text, parts[:-1], found.at, depth) if called else ()
            return _all(kinds, lambda kind: self._result(kind, depth, found.part))
        kinds = self._of_parts(text, parts, found.at, depth)
        match found.kind:
            case "element":
                return _all(kinds, partial(self._inside, step="*"))
            case "entered":
                return _all(kinds, lambda kind: self._entry(kind, depth))
            case "raised":
                return _all(kinds, instance_of)
        return kinds

    # --- Written types ---

    def _of_written(
        self, text: TypedText, written: str, at: int | None, depth: int, own: _Types = ()
    ) -> _Types:
        """The types that a written type may be; `own` is what `Self` is."""
        kinds = written_types(written, text.family)
        return _all(kinds, lambda kind: self._of_one(text, kind, at, depth + 1, own))

    def _of_one(self, text: TypedText, kind: Written, at: int | None, depth: int, own: _Types) -> _Types:
        last = kind.name.rpartition(".")[2]
        inside = kind.arguments[0] if kind.arguments else ""
        if kind.name in ("Self", "this"):
            return own
        if kind.name == "typeof":
            return self._of_parts(text, parts_of(inside), at, depth)
        if kind.name in ("[]", "{}", "promise", "ContextManager"):
            return _of_holder(kind, self._of_written(text, inside, at, depth, own), text.family)
        if last in ("Type", "type") and inside and text.family == "python":
            return _all(self._of_written(text, inside, at, depth, own), class_of)
        return _all(self._of_parts(text, parts_of(kind.name), at, depth, "type"), instance_of)

    # --- Members ---

    def _after(self, kind: ObjectType, part: ExpressionPart, depth: int) -> _Types:
        """Return the types of a part of an expression, after the type of the part before it."""
        match part.kind:
            case "member":
                return self._member(kind, part.text, kind, depth)
            case "call":
                return self._result(kind, depth)
            case "item":
                same = part.text or kind.kind == "class"  # a slice, or arguments of a type
                whole = (kind,) if kind.kind in ("class", "holder") else ()
                return whole if same else self._inside(kind, "[]")
            case "await" if kind.kind == "outside":
                return self._outside_step(kind, "!")
            case "await":
                return kind.inside if kind.kind == "promise" else ()
        return instance_of(kind)

    def _inside(self, kind: ObjectType, step: str) -> _Types:
        """Return the types in a container: of an item, or of an element of a loop."""
        if kind.kind == "holder":
            keys = step == "*" and words_of("python").has("maps", kind.name)
            return () if keys else kind.inside
        return self._outside_step(kind, step)

    def _result(self, kind: ObjectType, depth: int, part: int = -1) -> _Types:
        """Return the types that a call gives, or one of the several things."""
        if kind.kind != "function":
            return instance_of(kind) if part < 0 else ()
        text = self.texts.text(kind.path)
        if text is None:
            return ()
        written = kind.name
        if text.family == "go":
            results = split_outside(written[1:-1], ",") if written.startswith("(") else [written]
            written = (
                results[max(part, 0)]
                if max(part, 0) < len(results) and (part >= 0 or len(results) == 1)
                else ""
            )
            written = written.rpartition(" ")[2] if "(" not in written else ""
        elif part >= 0:
            return ()
        own = _all(kind.inside, lambda owner: instance_of(owner) or (owner,))
        return self._of_written(text, written, kind.at, depth + 1, own)

    def _entry(self, kind: ObjectType, depth: int) -> _Types:
        """Return the types that `with` gives: those that the object's `__enter__` returns."""
        if kind.kind == "entering":
            return kind.inside
        if kind.kind == "outside":
            return self._outside_step(kind, "%")
        for name in ("__enter__", "__aenter__"):
            found = _all(self._member(kind, name, kind, depth), lambda method: self._result(method, depth))
            if found:
                return _all(found, lambda one: one.inside if one.kind == "promise" else (one,))
        return ()

    def _member(self, kind: ObjectType, name: str, own: ObjectType, depth: int) -> _Types:
        """Return the types of a member of something; none if not known, or if there is no such member."""
        if depth > DEEPEST:
            return ()
        if kind.kind == "module":
            return self._of_module_member(kind.path, name, depth + 1)
        if kind.kind == "package":
            return self._of_package_name(kind.path, name, depth + 1)
        text = self.texts.text(kind.path) if kind.kind in ("instance", "class") else None
        if text is None:
            return self._outside_step(kind, f".{name}")
        found = READERS[text.family].member(text, kind.at, name)
        if found:
            kinds = self._of_declarations(text, found, depth + 1, (own,))
            return () if any("__get__" in self._members(one, depth).names for one in kinds) else kinds
        method = self._go_method(text, kind, name) if text.family == "go" else ()
        return method or self._of_base_member(text, kind, name, own, depth)

    def _of_base_member(
        self, text: TypedText, kind: ObjectType, name: str, own: ObjectType, depth: int
    ) -> _Types:
        for base in self._bases(text, self._outline(text, kind.at), depth + 1):
            if (
                base.kind in ("class", "instance")
                and base.at != kind.at
                and name in self._members(base, depth).names
            ):
                return self._member(base, name, own, depth + 1)
        return ()

    def _outline(self, text: TypedText, at: int) -> ClassOutline:
        if at not in text.outlines:
            text.outlines[at] = READERS[text.family].outline(text, at)
        return text.outlines[at]

    def _bases(self, text: TypedText, outline: ClassOutline, depth: int) -> _Types:
        return tuple(
            kind for base in outline.bases for kind in self._of_declaration(text, base, depth + 1, ())
        )

    def _members(self, kind: ObjectType, depth: int) -> Members:
        if depth > DEEPEST:
            return _UNKNOWN
        match kind.kind:
            case "instance" | "class":
                return self._of_class(kind, depth + 1)
            case "module":
                return self._of_module(kind.path, depth + 1)
            case "package":
                names = self.texts.package(kind.path).names
                return Members(frozenset(names), whole=bool(names))
            case "outside" | "outside class":
                return self._outside(kind)
        return _of_container(kind) if kind.kind in ("holder", "promise") else _UNKNOWN

    def _of_class(self, kind: ObjectType, depth: int) -> Members:
        text = self.texts.text(kind.path)
        if text is None:
            return _UNKNOWN
        outline = self._outline(text, kind.at)
        found = [Members(outline.names, outline.whole)]
        if text.family == "go":
            methods = self.texts.package(text.path.rpartition("/")[0]).methods
            found.append(Members(frozenset(methods.get(go_names.type_name(text, kind.at), ())), whole=True))
        for base in outline.bases:
            above = self._of_declaration(text, base, depth + 1, ())
            found.append(_union([self._members(one, depth + 1) for one in above]))
        return _union(found)

    def _outside_step(self, kind: ObjectType, step: str) -> _Types:
        """Return the types that follow from something of a library, in the words of its source."""
        is_outside = kind.kind in ("outside", "outside class") and kind.path != GLOBALS
        if self._source is None or not is_outside:
            return ()
        name = f"{kind.name}()" if kind.kind == "outside" else kind.name
        return (ObjectType("outside class", kind.path, f"{name}{step}".lstrip(".")),)

    def _outside(self, kind: ObjectType) -> Members:
        bases = words_of("python").bases
        whole_name = f"{kind.path}.{kind.name}"
        if whole_name in bases:
            return Members(bases[whole_name], whole=True)
        if kind.path == GLOBALS:
            return global_members(kind.name) or _UNKNOWN
        if kind.path == "builtins" and isinstance(getattr(builtins, kind.name, None), type):
            return Members(frozenset(dir(getattr(builtins, kind.name))), whole=True)
        if self._source is None:
            return _UNKNOWN
        name = f"{kind.name}()" if kind.kind == "outside" else kind.name
        found = self._source.members(kind.path, name) if kind.name else None
        if found is not None:
            return found
        names = self._source.names(f"{kind.path}.{kind.name}" if kind.name else kind.path)
        return _UNKNOWN if names is None or kind.kind == "outside" else Members(names, whole=True)

    # --- Modules ---

    def _of_module(self, path: str, depth: int) -> Members:
        text = self.texts.text(path)
        if text is None or depth > DEEPEST:
            return _UNKNOWN
        outline = READERS[text.family].module_outline(text)
        found = [Members(outline.names, outline.whole)]
        for base in outline.bases:
            paths = [other for other in self._resolve(text, replace(base, name="*")) if other != path]
            found.append(_union([self._of_module(other, depth + 1) for other in paths]))
        found.append(Members(self.texts.submodules(path), whole=True))
        return _union(found)

    def _of_module_member(self, path: str, name: str, depth: int) -> _Types:
        text = self.texts.text(path)
        if text is None or depth > DEEPEST:
            return ()
        reader = READERS[text.family]
        found = reader.declarations(text, name, None, "value") or reader.declarations(
            text, name, None, "type"
        )
        if found:
            return self._of_declarations(text, found, depth + 1)
        inside = self.texts.submodule(path, name)
        if inside:
            return (ObjectType("module", inside),)
        for base in reader.module_outline(text).bases:
            for other in self._resolve(text, base):
                elsewhere = self._of_module_member(other, name, depth + 1)
                if elsewhere:
                    return elsewhere
        return ()

    def _resolve(self, text: TypedText, found: NameDeclaration) -> tuple[str, ...]:
        names = (found.name,) if found.name else ()
        import_ = Import(found.text, names, 0, found.level)
        language = text.parsed.document.language.name
        return import_resolution.resolve(self.texts.paths(), text.path, language, import_)

    def _of_import(self, text: TypedText, found: NameDeclaration, depth: int) -> _Types:
        """Find the types of an import: something of a workspace's module, a module, or something outside."""
        paths = self._resolve(text, found)
        if not paths:
            return () if found.level else (ObjectType("outside class", found.text, found.name),)
        if text.family == "go":
            return (ObjectType("package", paths[0].rpartition("/")[0]),)
        if not found.name:
            return (ObjectType("module", paths[-1]),)
        for path in reversed(paths):  # the package before a module within it
            member = self._of_module_member(path, found.name, depth + 1)
            if member:
                return member
        inside = [
            path
            for path in paths
            if PurePosixPath(path.removesuffix("/__init__.py")).stem == found.name
            and not self._has_name(path, found.name)
        ]
        if not inside and not found.level and text.family == "python":  # a file that has a library's name
            return (ObjectType("outside class", found.text, found.name),)
        return (ObjectType("module", inside[0]),) if inside else ()

    def _has_name(self, path: str, name: str) -> bool:
        text = self.texts.text(path)
        return text is None or name in READERS[text.family].module_outline(text).names

    # --- Packages of Go ---

    def _of_package_name(self, folder: str, name: str, depth: int, own: TypedText | None = None) -> _Types:
        """Return the types of a name of the top level of a package."""
        for path in self.texts.package(folder).names.get(name, ()):
            text = self.texts.text(path)
            if text is not None and text is not own:
                found = go_names.declarations(text, name, None)
                if found and found[0].kind != "import":
                    return self._of_declarations(text, found, depth + 1)
        return ()

    def _go_method(self, text: TypedText, kind: ObjectType, name: str) -> _Types:
        owner = go_names.type_name(text, kind.at)
        path = self.texts.package(text.path.rpartition("/")[0]).methods.get(owner, {}).get(name, "")
        other = self.texts.text(path) if path else None
        return () if other is None else self._of_declarations(other, go_names.method(other, owner, name), 0)


def _name_at(text: TypedText, at: int) -> str:
    """The name of the class that begins at a byte."""
    head = text.parsed.source.data[at : at + 200].decode("utf-8", "replace")
    found = _CLASS_NAME.match(head)
    return found[1] if found is not None else ""


def _all(items: Sequence[_Thing], then: Callable[[_Thing], _Types]) -> _Types:
    """Collect the types of each item; none if they are unknown for one of them."""
    result: list[ObjectType] = []
    for item in items:
        found = then(item)
        if not found:
            return ()
        result += found
    return tuple(dict.fromkeys(result))


def _union(found: Sequence[Members]) -> Members:
    return union_of(found) or _UNKNOWN


def _of_holder(kind: Written, inside: _Types, family: str) -> _Types:
    name = kind.arguments[1] if len(kind.arguments) > 1 else ""
    if kind.name in ("[]", "{}"):
        return (ObjectType("holder", family, name, inside=inside),)
    if kind.name == "promise":
        return (ObjectType("promise", family, name, inside=inside),) if inside or family == "script" else ()
    return (ObjectType("entering", inside=inside),) if inside else ()


def _of_container(kind: ObjectType) -> Members:
    """The members of a container or a promise by the last word of its name, as far as they are known."""
    if kind.path == "script":
        return global_members(kind.name) or _UNKNOWN
    of_typing = getattr(typing, kind.name, None)
    found = getattr(builtins, kind.name, None) or getattr(collections.abc, kind.name, None)
    found = getattr(of_typing, "__origin__", found) or getattr(collections, kind.name, None)
    is_known = kind.kind == "holder" and kind.path == "python" and isinstance(found, type)
    return Members(frozenset(dir(found)), whole=True) if is_known else _UNKNOWN


def _built_in(text: TypedText, name: str, kind: str) -> _Types:
    """A class or a function of the language itself."""
    if text.family == "script" and (known_class := global_class(name)):
        return (ObjectType("outside" if kind == "outside" else "outside class", GLOBALS, known_class),)
    known = getattr(builtins, name, None) if text.family == "python" else None
    if known is None or words_of("python").has("no_objects", name):
        return ()
    return (ObjectType("outside" if kind == "outside" else "outside class", "builtins", name),)
