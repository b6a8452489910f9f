"""The folders of a workspace: where their indexes are kept, and how prompts name their files."""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain, count
from pathlib import Path

from assist_server.workspace.stray_links import stray_link


@dataclass(frozen=True, slots=True)
class WorkspaceFolder:
    """A resolved workspace folder, its index, and its name, "" if it is the only one.

    `named` is its path as it was given, with links. With `pages`, only its pages of documentation count.
    """

    root: str
    database: str
    name: str = ""
    named: str = ""
    pages: bool = False

    def prompt_path(self, path: str) -> str:
        """How prompts name a file of the folder; `path` is absolute and below `root`."""
        inside = self.relative(path)
        return f"{self.name}/{inside}" if self.name else inside

    def relative(self, path: str) -> str:
        """The path relative to the folder, with "/"."""
        return os.path.relpath(path, self.root).replace(os.sep, "/")

    def holds(self, path: str) -> bool:
        """Whether an absolute path is below the folder."""
        return path.startswith(os.path.join(self.root, ""))

    def alias(self, named: str) -> str:
        """The alias of a file, as `alias_in` gives it, by either path of the folder."""
        return alias_in(self.root, named, self.named)


def folders_of(roots: Sequence[str], data: Path) -> tuple[WorkspaceFolder, ...]:
    """The folders of a workspace, each once; missing ones are left out."""
    given = {os.path.realpath(root): os.path.abspath(root) for root in reversed(roots)}
    real = [root for root in dict.fromkeys(map(os.path.realpath, roots)) if os.path.isdir(root)]
    names = [os.path.basename(root) for root in real]
    return tuple(
        WorkspaceFolder(
            root,
            database_of(root, data),
            "" if len(real) == 1 else name if names.count(name) == 1 else f"{name}-{number}",
            given[root],
        )
        for number, (root, name) in enumerate(zip(real, names, strict=True), 1)
    )


def docs_folders(
    docs: Sequence[str], workspace: Sequence[WorkspaceFolder], data: Path
) -> tuple[WorkspaceFolder, ...]:
    """The folders of documentation outside of a workspace. A name that is taken gets a number.

    A link out of the repository that it lies in is no such folder: who changes that could lead it anywhere.
    """
    found: list[WorkspaceFolder] = []
    names = {folder.name or os.path.basename(folder.root) for folder in workspace}
    for outside in folders_of([path for path in docs if stray_link(os.sep, path, ()) is None], data):
        if any(folder.root == outside.root or folder.holds(outside.root) for folder in workspace):
            continue
        base = os.path.basename(outside.root) or "docs"
        numbered = chain([base], (f"{base}-{at}" for at in count(2)))
        name = next(candidate for candidate in numbered if candidate not in names)
        names.add(name)
        found.append(replace(outside, name=name, pages=True))
    return tuple(found)


def alias_in(root: str, named: str, also: str = "") -> str:
    """The path below `root` by which a file was named, if a link led from there to the file; else "".

    `named` is absolute; `also` is another path of the resolved root. Rules are about names, so both count.
    """
    named = os.path.normpath(named)
    for top in (root, also or root):
        inside = os.path.join(top, "")
        if os.path.normcase(named).startswith(os.path.normcase(inside)):
            lexical = named[len(inside) :]
            real = os.path.join(root, lexical)
            same = os.path.normcase(os.path.realpath(named)) == os.path.normcase(real)
            return "" if same else lexical.replace(os.sep, "/")
    return ""


def database_of(root: str, data: Path) -> str:
    """The index of a resolved folder, in a directory that only its owner can read."""
    return str(data / "index" / f"{key_of(root)}.sqlite")


def key_of(root: str) -> str:
    """A short name of a resolved folder, for the files and records that belong to it."""
    return hashlib.sha256(os.fsencode(root)).hexdigest()[:16]


def folder_of(folders: Sequence[WorkspaceFolder], path: str) -> WorkspaceFolder | None:
    """The innermost folder that holds an absolute path."""
    holding = [folder for folder in folders if folder.holds(path)]
    return max(holding, key=lambda folder: len(folder.root), default=None)
