"""The folders of a workspace: where their indexes are kept, how prompts name their files, and stray links.

A repository can hold a link to any file whose name its author can guess, and the repository's own rules do
not hold where it leads. Such a link is only found here; links and names are read, no contents.
"""

import hashlib
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import chain, count
from pathlib import Path

from assist_context.files.path_names import real_path
from assist_context.files.repository_top import find_top
from assist_server.errors import REFUSED, UserError


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
        """Return how prompts name a file of the folder; `path` is absolute and below `root`."""
        inside = self.relative(path)
        return f"{self.name}/{inside}" if self.name else inside

    def relative(self, path: str) -> str:
        """The path relative to the folder, with "/"."""
        if self.holds(path) and os.path.normpath(path) == path:  # a tenth of the time, for 10,000 documents
            return path[len(os.path.join(self.root, "")) :].replace(os.sep, "/")
        return os.path.relpath(path, self.root).replace(os.sep, "/")

    def holds(self, path: str) -> bool:
        """Return whether an absolute path is below the folder."""
        return path.startswith(os.path.join(self.root, ""))

    def alias(self, name: str) -> str:
        """The alias of a file, as `find_alias` gives it, by either path of the folder."""
        return find_alias(self.root, name, self.named)


def make_folders(roots: Sequence[str], data: Path) -> tuple[WorkspaceFolder, ...]:
    """The folders of a workspace, each once; missing ones are left out."""
    by_real_path = {real_path(root): os.path.abspath(root) for root in reversed(roots)}
    real = [root for root in dict.fromkeys(map(real_path, roots)) if os.path.isdir(root)]
    names = [os.path.basename(root) for root in real]
    return tuple(
        WorkspaceFolder(
            root,
            find_database(root, data),
            "" if len(real) == 1 else name if names.count(name) == 1 else f"{name}-{number}",
            by_real_path[root],
        )
        for number, (root, name) in enumerate(zip(real, names, strict=True), 1)
    )


def docs_folders(
    docs: Sequence[str], workspace: Sequence[WorkspaceFolder], data: Path
) -> tuple[WorkspaceFolder, ...]:
    """The folders of documentation outside of a workspace. A name that is taken gets a number.

    A link out of the repository that it lies in does not count: who changes that could lead it anywhere.
    """
    folders: list[WorkspaceFolder] = []
    names = {folder.name or os.path.basename(folder.root) for folder in workspace}
    for outside in make_folders([path for path in docs if stray_link(os.sep, path, ()) is None], data):
        if any(folder.root == outside.root or folder.holds(outside.root) for folder in workspace):
            continue
        base = os.path.basename(outside.root) or "docs"
        candidates = chain([base], (f"{base}-{at}" for at in count(2)))
        name = next(candidate for candidate in candidates if candidate not in names)
        names.add(name)
        folders.append(replace(outside, name=name, pages=True))
    return tuple(folders)


def find_alias(root: str, name: str, also: str = "") -> str:
    """The path below `root` by which a file was named, if a link led from there to the file; else "".

    `name` is absolute; `also` is another path of the resolved root. Rules are about names, so both count.
    """
    name = os.path.normpath(name)
    for top in (root, also or root):
        inside = os.path.join(top, "")
        if os.path.normcase(name).startswith(os.path.normcase(inside)):
            lexical = name[len(inside) :]
            real = os.path.join(root, lexical)
            same = os.path.normcase(os.path.realpath(name)) == os.path.normcase(real)
            return "" if same else lexical.replace(os.sep, "/")
    return ""


def find_database(root: str, data: Path) -> str:
    """The index of a resolved folder, in a directory that only its owner can read."""
    return str(data / "index" / f"{make_key(root)}.sqlite")


def make_key(root: str) -> str:
    """A short name of a resolved folder, for the files and records that belong to it."""
    return hashlib.sha256(os.fsencode(root)).hexdigest()[:16]


def find_folder(folders: Sequence[WorkspaceFolder], path: str) -> WorkspaceFolder | None:
    """The innermost folder that holds an absolute path."""
    holding = [folder for folder in folders if folder.holds(path)]
    return max(holding, key=lambda folder: len(folder.root), default=None)


LINKS = 40  # as many as Linux follows on the way to one file


@dataclass(frozen=True, slots=True)
class StrayLink:
    """A link, where it leads, and the folder around it that it leaves."""

    link: str
    target: str
    boundary: str


def stray_link(base: str, path: str, roots: Sequence[str]) -> StrayLink | None:
    """The first link on the way from `base` to `path` that leads out of the repository that it lies in.

    Outside of a repository, the workspace folder counts, one of `roots`; these are resolved, as is `base`.
    """
    at = os.path.splitdrive(base)[0] + os.sep if os.path.isabs(path) else base
    parts = _parts(path)
    count = 0
    while parts and count < LINKS:
        name = parts.pop(0)
        here = os.path.dirname(at) if name == os.pardir else os.path.join(at, name)
        target = _link_target(here)
        if target is None:
            at = here
            continue
        count += 1
        real = os.path.realpath(here)
        boundary = _boundary(at, roots)
        if boundary and not _is_inside(real, boundary):
            return StrayLink(here, real, boundary)
        if os.path.isabs(target):
            at = os.path.splitdrive(target)[0] + os.sep
        parts = _parts(target) + parts
    return None


def _parts(path: str) -> list[str]:
    inside = os.path.splitdrive(path)[1].replace(os.sep, "/")
    return [part for part in inside.split("/") if part not in ("", os.curdir)]


def _link_target(path: str) -> str | None:
    with suppress(OSError, ValueError):  # no link, or no path
        return os.readlink(path).removeprefix("\\\\?\\")  # which Windows puts before it
    return None


def _boundary(at: str, roots: Sequence[str]) -> str:
    """Return what no link in the directory `at` may leave; "" for nothing."""
    holding = [root for root in roots if _is_inside(at, root)]
    return find_top(at) or max(holding, key=len, default="")


def _is_inside(path: str, folder: str) -> bool:
    return os.path.join(path, "").startswith(os.path.join(folder, ""))


def refuse_stray_link(base: str, path: str, roots: Sequence[str]) -> None:
    """Raise `UserError` if such a link is on the way."""
    folders = stray_link(base, path, roots)
    if folders is not None:
        raise UserError(
            f"{folders.link} is a link to a file outside {folders.boundary}, where its rules do not apply: "
            f"to ask about that file, name {folders.target} itself.",
            REFUSED,
        )


def refuse_named_link(base: Path, name: str, roots: Sequence[str]) -> None:
    """The same for a path as a user writes it: from `base` on, which need not be resolved, or absolute."""
    if os.path.isabs(name) and Path(name).is_relative_to(base):
        name = os.path.relpath(name, base)
    refuse_stray_link(os.path.realpath(base), name, roots)
