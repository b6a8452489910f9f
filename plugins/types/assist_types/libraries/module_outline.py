"""The outline of one module of a library: its names, the members of its classes, and where re-exports lead.

An outline has no text of the module but heads of functions and first sentences. It travels as JSON, between
processes and into the database, and may be from a file that someone made to do harm: reading it again checks
the shape. This module knows no language.
"""

import json
import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

LibraryKind = Literal["class", "function", "value", "module", "import"]
HEAD_CHARACTERS = 700  # of a signature; that of `httpx.get` has 480, and a longer one is a table of defaults
SENTENCE_CHARACTERS = 200
MAX_RESULTS = 8  # of the overloads of a function
MAX_HEADS = 32  # overloads of a function
MAX_BYTES = 8_000_000  # of an outline as JSON; that of the DOM has 1.4 MB

_ALIAS = ": TypeAlias = "
_WITH_MEMBERS = ("class", "module")
_KINDS = frozenset(get_args(LibraryKind))
Target = tuple[str, str]  # a module, "" for the same one, and a name there, "" for the module itself


@dataclass(frozen=True, slots=True)
class LibraryName:
    """A name in a module or a class: `head` is its signature, `doc` the first sentence about it.

    An import leads to its `target`. A class has `members` and the names of its `bases`, as they are written;
    `whole`: these are all, so that with its bases' members there are no others; of a function: a call gives
    what the signature says, or with several signatures, one of `bases`, which are then these. An enclosing
    module decides what is `public`: only that can be imported.
    """

    name: str
    kind: LibraryKind = "value"
    head: str = ""
    doc: str = ""
    target: Target = ("", "")
    bases: tuple[str, ...] = ()
    members: tuple["LibraryName", ...] = ()
    whole: bool = False
    public: bool = True


@dataclass(frozen=True, slots=True)
class ModuleOutline:
    """The names of a module. `stars`: modules whose names it has too.

    `whole`: it has no others. `ambient`: modules that the same file declares, by their names.
    """

    names: Mapping[str, LibraryName] = field(default_factory=dict)
    stars: tuple[str, ...] = ()
    whole: bool = False
    ambient: Mapping[str, "ModuleOutline"] = field(default_factory=dict)

    def of(self, declared: str) -> "ModuleOutline":
        """The outline of a module that the file declares under a name, else that of the file itself."""
        return self.ambient.get(declared) or self.ambient.get(declared.removeprefix("node:")) or self


UNKNOWN = ModuleOutline()


def by_name(names: Iterable[LibraryName]) -> dict[str, LibraryName]:
    """Names by themselves; what is defined twice has the members of both."""
    found: dict[str, LibraryName] = {}
    for name in names:
        known = found.get(name.name)
        found[name.name] = name if known is None else _merge(known, name)
    return found


def _merge(one: LibraryName, other: LibraryName) -> LibraryName:
    """Two definitions of a name: overloads, branches of a condition, or an interface in two parts."""
    public = one.public or other.public
    if one.kind in _WITH_MEMBERS and other.kind in _WITH_MEMBERS:
        return LibraryName(
            one.name,
            one.kind if one.kind == other.kind else "class",
            one.head or other.head,
            one.doc or other.doc,
            bases=tuple(dict.fromkeys((*one.bases, *other.bases))),
            members=tuple(by_name((*one.members, *other.members)).values()),
            whole=one.whole and other.whole,
            public=public,
        )
    if one.kind == other.kind and one.target == other.target:
        heads = () if one.head == other.head else _heads(one, other)
        whole = one.whole and other.whole and (one.head == other.head or bool(heads))
        head = one.head or other.head
        return replace(one, head=head, doc=one.doc or other.doc, bases=heads, whole=whole, public=public)
    if "import" in (one.kind, other.kind):  # which one holds is not known
        return LibraryName(one.name, public=public)
    first, second = (other, one) if other.kind in _WITH_MEMBERS else (one, other)
    return replace(first, whole=first.whole and second.kind == "function", public=public)


def alias_name(name: str, written: str) -> LibraryName:
    """A name for a type as it is written."""
    return LibraryName(name, "value", f"{name}{_ALIAS}{' '.join(written.split())}"[:HEAD_CHARACTERS])


def written_alias(name: LibraryName) -> str:
    """The type that a name is given to, "" if there is none, or if it is too long."""
    start = f"{name.name}{_ALIAS}"
    is_alias = name.kind == "value" and name.head.startswith(start) and len(name.head) < HEAD_CHARACTERS
    return name.head.removeprefix(start) if is_alias else ""


def _heads(one: LibraryName, other: LibraryName) -> tuple[str, ...]:
    """The signatures of a function with several; none if these are too many."""
    heads = tuple(dict.fromkeys((*(one.bases or (one.head,)), *(other.bases or (other.head,)))))
    few = len(heads) <= MAX_HEADS and len(one_for_each_result(heads)) <= MAX_RESULTS
    return heads if one.kind == "function" and few else ()


def one_for_each_result(heads: Sequence[str]) -> tuple[str, ...]:
    """The first of some signatures for each result.

    >>> one_for_each_result(("def a(x) -> int", "def a(x, y) -> int", "def a() -> str"))
    ('def a(x) -> int', 'def a() -> str')
    """
    results = {re.split(r"->|\):", head)[-1].strip(): head for head in reversed(heads)}
    return tuple(reversed(results.values()))


def to_bytes(outline: ModuleOutline) -> bytes:
    """An outline as compressed JSON."""
    return zlib.compress(json.dumps(plain(outline), separators=(",", ":")).encode(), 3)


def from_bytes(data: bytes) -> ModuleOutline:
    """Reverses `to_bytes`. Raises ValueError for anything else."""
    decoder = zlib.decompressobj()
    try:
        text = decoder.decompress(data, MAX_BYTES)
        if decoder.unconsumed_tail:
            raise ValueError("the outline is too large")
        return from_plain(json.loads(text))
    except (zlib.error, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise ValueError(f"no outline: {error!r}") from error


def plain(outline: ModuleOutline) -> list[object]:
    """An outline as JSON can hold it."""
    names = [_plain_name(name) for name in outline.names.values()]
    ambient = {module: plain(inner) for module, inner in outline.ambient.items()}
    return [names, outline.stars, outline.whole, ambient]


def from_plain(value: Any) -> ModuleOutline:
    """Reverses `plain`. Raises ValueError, TypeError, LookupError or AttributeError for anything else."""
    names, stars, whole, ambient = value
    inner = {str(module): from_plain(found) for module, found in ambient.items()}
    known = {name.name: name for name in map(_name_of, names)}
    return ModuleOutline(known, tuple(map(str, stars)), whole is True, inner)


def _plain_name(name: LibraryName) -> list[object]:
    members = [_plain_name(member) for member in name.members]
    flags = name.whole + 2 * name.public
    row: list[object] = [name.name, name.kind, name.head, name.doc, name.target, name.bases, members, flags]
    empty: list[object] = ["", "value", "", "", ("", ""), (), [], 2]
    while len(row) > 1 and row[-1] == empty[len(row) - 1]:
        row.pop()
    return row


def _name_of(value: Any) -> LibraryName:
    row = [*value, *("", "value", "", "", ("", ""), (), (), 2)[len(value) :]]
    name, kind, head, doc, (module, target), bases, members, flags = row
    if kind not in _KINDS or not isinstance(flags, int):
        raise ValueError(f"{kind} is not a kind of a name")
    return LibraryName(
        str(name),
        kind,
        str(head)[:HEAD_CHARACTERS],
        str(doc)[:SENTENCE_CHARACTERS],
        (str(module), str(target)),
        tuple(map(str, bases)),
        tuple(map(_name_of, members)),
        bool(flags & 1),
        bool(flags & 2),
    )
