"""The texts of a workspace's secret files, so that their values are found wherever else they stand.

It looks at the files that the deny list names, in the folders that people put them in. It sends nothing
and shows nothing.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from assist_context.files.denylist import denied_by

MOST_FOLDERS = 2_000  # looked through: 20 ms; deeper down, vendored code keeps its own examples
MOST_FILES = 100
MOST_BYTES = 64_000  # of one file; key stores are binary, and longer
_APART = frozenset({".git", ".hg", ".svn", "node_modules", ".venv", "venv", "__pycache__", "target", "dist"})


def denied_texts(roots: tuple[str, ...]) -> Mapping[str, str]:
    """The text of each denied file that is one, by its path; what cannot be read is left out."""
    texts: dict[str, str] = {}
    for root in dict.fromkeys(map(_top, roots)):
        for path in _denied(root):
            if len(texts) == MOST_FILES:
                return texts
            try:
                if path.stat().st_size <= MOST_BYTES and path.is_file():
                    texts[str(path)] = path.read_text(encoding="utf-8", errors="replace")
            except OSError:
                continue
    return texts


def _top(root: str) -> str:
    """The top of the repository that a folder is in, else the folder."""
    for folder in (Path(root), *Path(root).parents):
        if os.path.lexists(folder / ".git"):
            return str(folder)
    return root


def _denied(root: str) -> Iterator[Path]:
    """Denied files, breadth first."""
    waiting = [root]
    for number, folder in enumerate(waiting):
        if number == MOST_FOLDERS:
            return
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError:
            continue
        for entry in entries:
            inside = os.path.relpath(entry.path, root).replace(os.sep, "/")
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in _APART:
                    waiting.append(entry.path)
            elif denied_by(inside):
                yield Path(entry.path)
