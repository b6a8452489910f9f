"""The encoding of the index's columns: codes, places, chunks, imports, outlines, varints.

This module knows no SQL. Reading a damaged column raises ValueError or TypeError.
"""

import json
import struct
import zlib
from collections.abc import Iterable, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any, NamedTuple

from assist_context.code.imports import Import
from assist_context.files.blobs import ContentKind
from assist_context.pages import BETWEEN, SECTION


def qualified_name(outline: bytes | None, definition: int) -> str:
    """The qualified name of a definition in an outline, "" if there is none."""
    row = unpack_outline(outline)
    if not 0 <= definition < len(row.names):
        return ""
    return full_name(row.names[definition], row.kinds[definition], row.parents[definition])


def full_name(name: str, kind: str, parent: str) -> str:
    """A definition's qualified name, or a section's path of headings.

    >>> full_name("total", "method", "Cart"), full_name("Usage", "section", "Manual")
    ('Cart.total', 'Manual > Usage')
    """
    between = BETWEEN if kind == SECTION else "."
    return f"{parent}{between}{name}" if parent else name


# In a file with more than 127 lines, nearly every list has a number of two bytes. A loop takes eight times as
# long as this table.
_SHORT = 1 << 14
_BYTES = [
    bytes((number,)) if number < 128 else bytes((number & 127 | 128, number >> 7)) for number in range(_SHORT)
]


def pack(numbers: Iterable[int]) -> bytes:
    """Encodes numbers from 0 as bytes.

    >>> pack([1, 300])
    b'\\x01\\xac\\x02'
    """
    sequence = list(numbers)
    most = max(sequence, default=0)
    if most < 128:
        return bytes(sequence)
    return b"".join([_BYTES[number] if number < _SHORT else _long(number) for number in sequence])


def _long(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def unpack(data: bytes) -> list[int]:
    """Decodes the result of `pack`.

    >>> unpack(b'\\x01\\xac\\x02')
    [1, 300]
    """
    numbers = []
    number = 0
    shift = 0
    for byte in data:
        number |= (byte & 127) << shift
        if byte > 127:
            shift += 7
        else:
            numbers.append(number)
            number = 0
            shift = 0
    return numbers


DEFINES, REFERS = 0, 1  # roles of a mention; REFERS sorts last
NOWHERE = 0xFFFF  # the definition index of a chunk outside of definitions
MAX_DEFINITIONS = NOWHERE  # of one content
KEPT_OUTLINES = 128  # unpacked; they have 35 definitions on average, and up to some thousands

# first line, lines after it, index of the definition or NOWHERE, number of terms in body, name and signature
PackedChunk = tuple[int, int, int, int, int, int]
CHUNK = struct.Struct("<IHHHBB")

# The prefixes of terms in names and in signatures; the tokenizer takes all non-ASCII characters as letters.
NAME, HEAD = "\u00b7", "\u00b6"

KIND_NAMES: tuple[ContentKind, ...] = ("text", "binary", "large")
KINDS: dict[ContentKind, int] = {kind: code for code, kind in enumerate(KIND_NAMES)}


def pack_places(places: Iterable[tuple[str, int, int]]) -> tuple[tuple[str, bytes], ...]:
    """(name, line, index of the enclosing definition or -1) in line order, as the packed places of each name.

    >>> pack_places([("f", 2, -1), ("g", 3, 0), ("f", 3, 0)])
    (('f', b'\\x02\\x00\\x01\\x01'), ('g', b'\\x03\\x01'))
    """
    numbers: dict[str, list[int]] = {}
    lines: dict[str, int] = {}
    for name, line, inside in places:
        if offsets := numbers.get(name):
            offsets += line - lines[name], inside + 1
        else:
            numbers[name] = [line, inside + 1]
        lines[name] = line
    return tuple([(name, pack(values)) for name, values in numbers.items()])


def unpack_places(data: bytes) -> list[tuple[int, int]]:
    """A name's lines and the indexes of the definitions around them (-1: none), in line order."""
    numbers = unpack(data)
    line = 0
    places = []
    for gap, inside in zip(numbers[::2], numbers[1::2], strict=False):
        line += gap
        places.append((line, inside - 1))
    return sorted(places)  # in one line, a later reference may be in an earlier definition


@lru_cache(1 << 16)
def number(name: str) -> int:
    """A name as a number of 48 bits, which SQLite stores in six bytes.

    Among a million names, two have the same number with a chance of 1 : 500: definitions are compared by name
    as well.
    """
    return int.from_bytes(blake2b(plain(name).encode(), digest_size=6).digest(), "big", signed=True)


def pack_chunks(chunks: Iterable[PackedChunk]) -> bytes:
    """Chunks in order, `CHUNK.size` bytes each; numbers too large for their field are capped.

    >>> CHUNK.unpack(pack_chunks([(1, 99_999, NOWHERE, 7, 300, 2)]))
    (1, 65535, 65535, 7, 255, 2)
    """
    limits = (0xFFFFFFFF, 0xFFFF, NOWHERE, 0xFFFF, 0xFF, 0xFF)
    return b"".join([CHUNK.pack(*map(min, chunk, limits)) for chunk in chunks])


class OutlineColumns(NamedTuple):
    """Definitions in order, by columns: that is unpacked in half the time, and takes 7 % less room."""

    names: Sequence[str] = ()
    kinds: Sequence[str] = ()
    starts: Sequence[int] = ()
    lines: Sequence[int] = ()  # after the first
    heads: Sequence[int] = ()  # lines of each head
    parents: Sequence[str] = ()  # qualified


def pack_outline(definitions: Iterable[tuple[str, str, int, int, int, str]]) -> bytes | None:
    """Packs definitions (name, kind, first and last line, lines of the head, parent) to a third of their
    JSON.

    >>> unpack_outline(pack_outline([("f", "method", 3, 5, 1, "C")]))
    OutlineColumns(names=['f'], kinds=['method'], starts=[3], lines=[2], heads=[1], parents=['C'])
    """
    rows = [
        (plain(name), kind, start, end - start, head, plain(parent))
        for name, kind, start, end, head, parent in definitions
    ]
    return _compress(list(zip(*rows, strict=True))) if rows else None


@lru_cache(KEPT_OUTLINES)
def unpack_outline(data: bytes | None) -> OutlineColumns:
    """Reverses `pack_outline`; it takes 0.05 ms for 35 definitions."""
    if data is None:
        return OutlineColumns()
    outline = OutlineColumns(*_decompress(data))
    if len({len(column) for column in outline}) > 1:
        raise ValueError("an outline with holes")
    return outline


def pack_imports(imports: Iterable[Import]) -> bytes | None:
    """Packs imports as compressed JSON."""
    rows = [[import_.module, list(import_.names), import_.line, import_.level] for import_ in imports]
    return _compress(rows) if rows else None


def unpack_imports(data: bytes | None) -> tuple[Import, ...]:
    """Reverses `pack_imports`."""
    rows = _decompress(data) if data else ()
    return tuple(Import(module, tuple(names), line, level) for module, names, line, level in rows)


def _compress(value: object) -> bytes:
    return zlib.compress(json.dumps(value, separators=(",", ":")).encode(), 1)


def _decompress(data: bytes) -> Any:
    try:
        return json.loads(zlib.decompress(data))
    except zlib.error as error:
        raise ValueError(str(error)) from error


def plain(text: str) -> str:
    """A text that SQLite accepts: without lone surrogates, which paths may contain.

    >>> plain("a\\udcff")
    'a?'
    """
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
