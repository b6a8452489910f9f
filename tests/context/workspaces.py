"""Folders to list, as tests write them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from assist_context.files.blobs import FileEntry
from assist_context.files.git_repository import Git
from assist_context.files.listing import Listing, list_folder

ENVIRON = {
    "PATH": os.environ["PATH"],
    "HOME": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@example.com",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@example.com",
}
GIT, NO_GIT = Git(ENVIRON), Git({"PATH": ""})
posix = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX file names and links")

# A module of a shop, for tests that search its names.
MODELS = '''\
class Money:
    """An amount."""

    def __init__(self, amount, currency="EUR"):
        self.amount = amount

    def plus(self, other):
        return Money(self.amount + other.amount)


def parse_money(text):
    """Money from what people write."""
    return Money(float(text))
'''


def run(root: Path, *arguments: str) -> str:
    command = ["git", "-c", "protocol.file.allow=always", *arguments]
    done = subprocess.run(command, cwd=root, env=ENVIRON, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def write(root: Path, **files: str) -> None:
    """`a__b=text` writes a/b.py; names with a dot go through `put`."""
    for name, text in files.items():
        put(root, name.replace("__", "/") + ".py", text)


def put(root: Path, path: str, text: str | bytes = "") -> Path:
    place = root / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(text if isinstance(text, bytes) else text.encode())
    return place


def commit(root: Path, *options: str) -> Path:
    if not (root / ".git").exists():
        root.mkdir(parents=True, exist_ok=True)
        run(root, "init", "-q", *options)
    run(root, "add", "-A")
    run(root, "commit", "-q", "--allow-empty", "-m", "x")
    return root


def paths(listing: Listing) -> list[str]:
    return [entry.path for entry in listing.entries]


def entry(listing: Listing, path: str) -> FileEntry:
    return next(each for each in listing.entries if each.path == path)


def both(root: Path) -> tuple[Listing, Listing]:
    """The folder as a repository and without git; both must have what the caller then checks."""
    found = list_folder(str(root), git=GIT), list_folder(str(root), git=NO_GIT)
    assert [listing.git for listing in found] == [True, False]
    return found
