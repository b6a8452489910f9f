"""Words in place of secrets, and the bytes in which they are searched."""

import re
import sqlite3
import zlib
from contextlib import closing, suppress
from pathlib import Path


def word(number: int) -> str:
    """No other word has the same beginning or end, so no shared prefix or suffix hides it in the index."""
    letters = "".join(chr(ord("a") + int(digit)) for digit in f"{number:03}")
    return f"q{letters}x{letters}wkvz{letters}"


def text(secret: str) -> str:
    return f"def {secret}(a):\n    '''About {secret}.'''\n    return {secret}(a)\n"


def bytes_of(database: Path) -> bytes:
    """All bytes of an index on the disk, and its compressed values also decompressed."""
    files = [file.read_bytes() for file in sorted(database.parent.glob(f"{database.name}*"))]
    assert files
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as db:
        columns = [each for row in db.execute("SELECT imports, outline FROM content") for each in row if each]
    packed = [
        data[each.start() :] for data in files for each in re.finditer(b"x\x01", data)
    ]  # in free pages too
    return b"\0".join([*files, *map(zlib.decompress, columns), *map(_beginning, packed)])


def _beginning(data: bytes) -> bytes:
    """The readable part of a compressed value that is incomplete or invalid."""
    unpacking, found = zlib.decompressobj(), b""
    with suppress(zlib.error):
        for at in range(0, min(len(data), 4_096), 64):
            found += unpacking.decompress(data[at : at + 64])
    return found


def traces(data: bytes, secret: str) -> list[str]:
    """The forms in which a word is in some bytes; FTS5 omits letters shared with the previous word."""
    found = data.lower()
    return [part for part in (secret, secret[4:], secret[6:]) if part.encode() in found]
