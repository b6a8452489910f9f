"""How values of the index are written into columns: codes, places, imports. It knows no SQL."""

import json
from collections.abc import Iterable

from assist_context.blobs import Kind
from assist_context.imports import Import
from assist_context.varints import pack, unpack

MOST_DEFINITIONS = 1 << 16  # of one content: the id of a definition has 16 bits for its place

# Before a term of a name, and of a signature; for the tokenizer all that is not ASCII is a letter.
NAME, HEAD = "\u00b7", "\u00b6"

KIND_NAMES: tuple[Kind, ...] = ("text", "binary", "large")
KINDS: dict[Kind, int] = {kind: code for code, kind in enumerate(KIND_NAMES)}


def pack_places(located: Iterable[tuple[str, int, int]]) -> tuple[tuple[str, bytes], ...]:
    """(name, line, definition that it is in, or -1) in order of the lines, as the places of each name.

    >>> pack_places([("f", 2, -1), ("g", 3, 0), ("f", 3, 0)])
    (('f', b'\\x02\\x00\\x01\\x01'), ('g', b'\\x03\\x01'))
    """
    numbers: dict[str, list[int]] = {}
    lines: dict[str, int] = {}
    for name, line, inside in located:
        if known := numbers.get(name):
            known += line - lines[name], inside + 1
        else:
            numbers[name] = [line, inside + 1]
        lines[name] = line
    return tuple([(name, pack(each)) for name, each in numbers.items()])


def unpack_places(data: bytes) -> list[tuple[int, int]]:
    """A name's lines, and the definitions that they are in (-1: none), in order of the lines."""
    numbers, line, places = unpack(data), 0, []
    for gap, inside in zip(numbers[::2], numbers[1::2], strict=False):
        line += gap
        places.append((line, inside - 1))
    return sorted(places)  # in one line, a later reference may be in an earlier definition


def pack_imports(imports: Iterable[Import]) -> str | None:
    """Imports as JSON."""
    rows = [[each.module, list(each.names), each.line, each.level] for each in imports]
    return json.dumps(rows, separators=(",", ":")) if rows else None


def unpack_imports(data: str | None) -> tuple[Import, ...]:
    """What `pack_imports` was given."""
    rows = json.loads(data) if data else ()
    return tuple(Import(module, tuple(names), line, level) for module, names, line, level in rows)


def plain(text: str) -> str:
    """A text that SQLite takes: without lone surrogates, which bytes of a path become.

    >>> plain("a\\udcff")
    'a?'
    """
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
