"""How values of the index are written into columns: codes, places, imports. It knows no SQL."""

import json
from collections.abc import Iterable, Sequence

from assist_context.blobs import Kind
from assist_context.imports import Import
from assist_context.varints import pack, unpack

MOST_DEFINITIONS = 1 << 16  # of one content: the id of a definition has 16 bits for its place

KIND_NAMES: tuple[Kind, ...] = ("text", "binary", "large")
KINDS: dict[Kind, int] = {kind: code for code, kind in enumerate(KIND_NAMES)}


def pack_places(places: Sequence[tuple[int, int]]) -> bytes:
    """Lines from 1 and the definitions they are in (-1: none), in order of the lines."""
    numbers: list[int] = []
    last = 0
    for line, inside in sorted(places):
        numbers += [line - last, inside + 1]
        last = line
    return pack(numbers)


def unpack_places(data: bytes) -> list[tuple[int, int]]:
    """What `pack_places` was given, sorted."""
    numbers, line, places = unpack(data), 0, []
    for gap, inside in zip(numbers[::2], numbers[1::2], strict=False):
        line += gap
        places.append((line, inside - 1))
    return places


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
