"""Where the index of a folder is kept, and what the folders of a workspace are called in prompts."""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class WorkspaceFolder:
    """A resolved workspace folder, its index, and its name, "" if it is the only one."""

    root: str
    database: str
    name: str = ""

    def named(self, path: str) -> str:
        """How prompts call a file of the folder; `path` is absolute and below `root`."""
        inside = self.relative(path)
        return f"{self.name}/{inside}" if self.name else inside

    def relative(self, path: str) -> str:
        """The path below the folder, with "/"."""
        return os.path.relpath(path, self.root).replace(os.sep, "/")

    def holds(self, path: str) -> bool:
        """Whether an absolute path is below the folder."""
        return path.startswith(os.path.join(self.root, ""))


def folders_of(roots: Sequence[str], data: Path) -> tuple[WorkspaceFolder, ...]:
    """The folders of a workspace, each once; those that are not there are left out."""
    real = [root for root in dict.fromkeys(map(os.path.realpath, roots)) if os.path.isdir(root)]
    names = [os.path.basename(root) for root in real]
    return tuple(
        WorkspaceFolder(
            root,
            database_of(root, data),
            "" if len(real) == 1 else name if names.count(name) == 1 else f"{name}-{number}",
        )
        for number, (root, name) in enumerate(zip(real, names, strict=True), 1)
    )


def database_of(root: str, data: Path) -> str:
    """The index of a resolved folder; its directory is for its owner's eyes only."""
    return str(data / "index" / f"{key_of(root)}.sqlite")


def key_of(root: str) -> str:
    """A short name for a resolved folder, for files and records that are its own."""
    return hashlib.sha256(os.fsencode(root)).hexdigest()[:16]


def folder_of(folders: Sequence[WorkspaceFolder], path: str) -> WorkspaceFolder | None:
    """The innermost folder that holds an absolute path."""
    holding = [folder for folder in folders if folder.holds(path)]
    return max(holding, key=lambda folder: len(folder.root), default=None)
