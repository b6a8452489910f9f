"""A check that a file is a whole GGUF model, by its header.

It reads the header and the table of tensors, and compares the end of the last tensor with the file's size.
It does not load the model, check its contents, or know the catalogue. llama.cpp checks the contents.

The layout, with all integers little-endian::

    "GGUF" u32 version  u64 tensors  u64 pairs
    pair:    string key, u32 kind, value        (a string is u64 length + bytes)
    tensor:  string name, u32 n, u64 size * n, u32 type, u64 offset from the start of the data
    padding to `general.alignment` (32), then the data
"""

from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass
from pathlib import Path

from assist_completion.errors import ModelError

VERSIONS = (2, 3)  # what llama.cpp reads; version 1 had 32-bit counts and is no longer used
STRING = 8
ARRAY = 9
UINT32 = 4
LONGEST_NAME = 65_535  # bytes; the format's own limit
MAX_DIMENSIONS = 4  # of a tensor; ggml has no more

SCALAR_BYTES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
"""The size of a value in bytes, by its kind: u8 i8 u16 i16 u32 i32 f32 bool u64 i64 f64."""

TENSOR_BLOCKS = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 9: (32, 36),
    10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 15: (256, 292),
    16: (256, 66), 17: (256, 74), 18: (256, 98), 19: (256, 50), 20: (32, 18), 21: (256, 110), 22: (256, 82),
    23: (256, 136), 24: (1, 1), 25: (1, 2), 26: (1, 4), 27: (1, 8), 28: (1, 8), 29: (256, 56), 30: (1, 2),
    34: (256, 54), 35: (256, 66), 39: (32, 17),
}  # fmt: skip
"""(weights, bytes) of a block, by ggml's tensor type. A type that is not listed counts as empty."""


@dataclass(frozen=True, slots=True)
class GgufHeader:
    """Values of the header: format version, architecture ("qwen2"), tensors, and bytes the file needs."""

    version: int
    architecture: str
    tensors: int
    needed_bytes: int


def unreadable_words(path: Path, error: OSError) -> str:
    """Describe a file that cannot be read: it is not known to be wrong, and is never deleted."""
    return (
        f"{path} cannot be read: {error.strerror or error}. Check its permissions. A virus scanner may have "
        "locked or moved it: check its quarantine, and allow this folder there."
    )


def read_header(path: Path) -> GgufHeader:
    """The header of the GGUF file at `path`.

    This takes about 0.1 s for a vocabulary of 150,000 tokens.
    Raises ModelError if the file cannot be read, is not GGUF, or is shorter than its own table says.
    """
    try:
        size = path.stat().st_size
        if size < 24:
            raise ModelError(f"{path} is not a GGUF model: it has {size} bytes. Fetch it again.")
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
            header = _parse(path, view)
    except OSError as error:
        raise ModelError(unreadable_words(path, error)) from error
    if header.needed_bytes > size:
        raise ModelError(
            f"{path} is cut short: it has {size:,} bytes and its table of tensors needs "
            f"{header.needed_bytes:,}. Fetch it again."
        )
    return header


def _parse(path: Path, view: mmap.mmap) -> GgufHeader:
    if view[:4] != b"GGUF":
        raise ModelError(f"{path} is not a GGUF model: it starts with {view[:4]!r}. Give a GGUF file.")
    (version,) = struct.unpack_from("<I", view, 4)
    if version not in VERSIONS:
        raise ModelError(
            f"{path} has GGUF version {version}; versions {VERSIONS[0]} to {VERSIONS[1]} can be read. "
            "Convert it with a current llama.cpp."
        )
    try:
        return _parse_body(view, version)
    except (struct.error, IndexError, ValueError, OverflowError) as error:
        raise ModelError(f"{path} is cut short or damaged inside its header. Fetch it again.") from error


def _parse_body(view: mmap.mmap, version: int) -> GgufHeader:
    tensors, pairs = struct.unpack_from("<QQ", view, 8)
    at = 24
    architecture = ""
    alignment = 32
    for _ in range(pairs):
        key, at = _name(view, at)
        (kind,) = struct.unpack_from("<I", view, at)
        value = at + 4
        at = _skip_value(view, value, kind)
        if key == b"general.architecture" and kind == STRING:
            architecture = _name(view, value)[0].decode("utf-8", "replace")
        elif key == b"general.alignment" and kind == UINT32:
            (alignment,) = struct.unpack_from("<I", view, value)
    end = 0
    for _ in range(tensors):
        _, at = _name(view, at)
        (dimensions,) = struct.unpack_from("<I", view, at)
        if dimensions > MAX_DIMENSIONS:
            raise ValueError(dimensions)
        *shape, kind, offset = struct.unpack_from(f"<{dimensions}QIQ", view, at + 4)
        at += 16 + 8 * dimensions
        end = max(end, offset + _tensor_bytes(kind, shape))
    data = -(-at // alignment) * alignment if alignment else at
    return GgufHeader(version, architecture, tensors, data + end)


def _tensor_bytes(kind: int, shape: list[int]) -> int:
    weights, size = TENSOR_BLOCKS.get(kind, (1, 0))
    count = 1
    for extent in shape:
        count *= extent
    return count // weights * size


def _name(view: mmap.mmap, at: int) -> tuple[bytes, int]:
    end = _skip_string(view, at)
    if end - at - 8 > LONGEST_NAME:
        raise ValueError(end)
    return view[at + 8 : end], end


def _skip_string(view: mmap.mmap, at: int) -> int:
    end = at + 8 + int.from_bytes(view[at : at + 8], "little")
    if end > len(view):
        raise IndexError(end)
    return end


def _skip_value(view: mmap.mmap, at: int, kind: int) -> int:
    if kind == STRING:
        return _skip_string(view, at)
    if kind != ARRAY:
        return at + _scalar_bytes(kind)
    inner: int
    count: int
    inner, count = struct.unpack_from("<IQ", view, at)
    at += 12
    if inner != STRING:  # llama.cpp reads no arrays within arrays either, so those are an unknown kind
        return at + count * _scalar_bytes(inner)
    for _ in range(count):
        at = _skip_string(view, at)
    return at


def _scalar_bytes(kind: int) -> int:
    if kind not in SCALAR_BYTES:
        raise ValueError(kind)
    return SCALAR_BYTES[kind]
