"""Indexes for tests, made by the real writer from texts, without a folder on the disk."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from assist_context.files.blobs import FileEntry, blob_id, classify
from assist_context.files.listing import Listing
from assist_context.index.extraction import parse
from assist_context.index.reader import IndexReader
from assist_context.index.writer import IndexWriter, PathChanges

VERSION = "1"
TEXTS = {
    "a.py": "import os\n\n\nclass Parcel:\n    def weigh(self):\n        return measure(os.name)\n",
    "lib/b.py": "from a import Parcel\n\n\ndef measure(thing):\n    return Parcel().weigh()\n",
    "README.md": "# Parcels\n\nHow heavy things are sent.\n",
}


def entry(path: str, text: str, mtime_ns: int = 1) -> FileEntry:
    data = text.encode()
    return FileEntry(path, blob_id(data), len(data), mtime_ns, classify(data, len(data)))


def listing(texts: Mapping[str, str], root: str = "/root") -> Listing:
    entries = tuple(entry(path, texts[path]) for path in sorted(texts))
    return Listing(root, entries, {"ignored": 2}, git=True, started_ns=7)


def opened(path: Path, version: str = VERSION) -> "closing[IndexWriter]":
    return closing(IndexWriter(str(path), version))


def asked(path: Path) -> "closing[IndexReader]":
    return closing(IndexReader(str(path)))


def index(writer: IndexWriter, texts: Mapping[str, str]) -> PathChanges:
    """Applies a listing of the texts, and adds the contents that are wanted."""
    change = writer.apply_listing(listing(texts))
    writer.add([(each.blob, parse(each.path, texts[each.path])) for each in change.wanted])
    return change


def build(path: Path, texts: Mapping[str, str] = TEXTS) -> Path:
    with opened(path) as writer:
        index(writer, texts)
    return path


def many(count: int, salt: str) -> dict[str, str]:
    """Files with 60 definitions each."""
    return {
        f"{salt}{at}.py": "".join(f"def {salt}_{at}_{n}(): pass\n" for n in range(60)) for at in range(count)
    }


def rows(path: Path, table: str) -> int:
    """The number of rows in a table, read without our code."""
    with closing(sqlite3.connect(path)) as db:
        return int(db.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0])  # noqa: S608
