"""The texts of a workspace's secret files, so that their values are found wherever else they occur.

It reads the files that the deny list names, in the folders where people put them. It sends and shows nothing.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from assist_context.files.denylist import denied_by
from assist_context.files.repository_top import top_of

MOST_FOLDERS = 2_000  # listing them takes 20 ms; deeper folders hold vendored code with its own examples
MOST_FILES = 100
MOST_BYTES = 64_000  # of one file; key stores are binary and longer
_SKIPPED = frozenset(
    {".git", ".hg", ".svn", "node_modules", ".venv", "venv", "__pycache__", "target", "dist"}
)


def denied_texts(roots: tuple[str, ...]) -> Mapping[str, str]:
    """The texts of denied files, by path. Files that cannot be read are left out."""
    texts: dict[str, str] = {}
    for root in dict.fromkeys(top_of(each) or each for each in roots):
        for path in _denied_files(root):
            if len(texts) == MOST_FILES:
                return texts
            try:
                if path.stat().st_size <= MOST_BYTES and path.is_file():
                    texts[str(path)] = path.read_text(encoding="utf-8", errors="replace")
            except OSError:
                continue
    return texts


def _denied_files(root: str) -> Iterator[Path]:
    """Denied files, breadth first."""
    queue = [root]
    for number, folder in enumerate(queue):
        if number == MOST_FOLDERS:
            return
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError:
            continue
        for entry in entries:
            inside = os.path.relpath(entry.path, root).replace(os.sep, "/")
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in _SKIPPED:
                    queue.append(entry.path)
            elif denied_by(inside):
                yield Path(entry.path)
