"""The names that do not exist in parts of files, as type checkers see it.

A part is judged in its file, and the file in its workspace with what is installed there. The checkers are
installed by you:

    npm install --prefix FOLDER pyright typescript@5
"""

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

INSTALLED = (".venv", "node_modules")  # folders of installed packages; copies of a workspace share them
KINDS = ("member", "name", "import", "argument")
_LEFT_OUT = (*INSTALLED, ".git", "__pycache__")


@dataclass(frozen=True, slots=True)
class FilePart:
    """A file of a workspace by its path there, as it would be, and the offsets of the part that is judged."""

    path: str
    whole: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Fault:
    """A name that does not exist: one of `KINDS`, the name, and its offset in the part."""

    kind: str
    name: str
    at: int


@contextmanager
def copy_of(root: Path) -> Iterator[Path]:
    """A copy of a workspace that shares the installed packages."""
    with tempfile.TemporaryDirectory() as folder:
        copied = Path(folder, root.name)
        shutil.copytree(root, copied, symlinks=True, ignore=shutil.ignore_patterns(*_LEFT_OUT))
        link_installed(root, copied)
        yield copied


def link_installed(root: Path, copied: Path) -> None:
    """Give a copy of a workspace, or of a commit of it, the packages that are installed there."""
    for name in INSTALLED:
        if (root / name).exists() and not (copied / name).exists():
            (copied / name).symlink_to((root / name).resolve())


def line_starts(text: str) -> list[int]:
    """The offsets of the lines of a text, by the line ends that type checkers know."""
    return [0, *(at + 1 for at, sign in enumerate(text) if sign == "\n")]


def offset_of(text: str, starts: Sequence[int], position: Mapping[str, int]) -> int:
    """The offset of a position of the Language Server Protocol, with columns in UTF-16."""
    first = starts[position["line"]]
    line = text[first : first + position["character"]]
    wide = line.encode("utf-16-le")[: 2 * position["character"]]
    return first + len(wide.decode("utf-16-le", "ignore"))
