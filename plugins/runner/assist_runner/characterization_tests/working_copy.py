"""A copy of the files of a workspace as they are now, for runs that must not touch the workspace.

It has what git tracks or would take, and single generated files that git ignores, such as a version; no
folder of installed packages or of a build, and no file whose name says that it holds secrets.
"""

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path, PurePosixPath

from assist_context.files.denylist import denied_by
from assist_context.files.git_repository import Git, GitFailed, find_git, open_tree, run_git, split_records
from assist_context.files.path_names import name_of_bytes
from assist_server.errors import UserError

MAX_FILES = 30_000
MAX_BYTES = 500_000_000
_LARGEST = 50_000_000  # bytes of one file
_LEFT_OUT = frozenset(
    {".git", ".hg", ".venv", "venv", "node_modules", "target", "__pycache__", ".tox", ".mypy_cache",
     ".ruff_cache", ".pytest_cache"}
)  # fmt: skip


class CopyError(UserError):
    """The workspace cannot be copied; the message says why."""


def copy_workspace(
    root: Path, folder: Path, git: Git, opened: Mapping[str, str], stop: Callable[[], bool]
) -> Path:
    """Copy the files below `root` into an empty folder, which is made. `opened` are texts of open documents.

    Raises CopyError if there are too many, and `git_repository.Stopped`.
    """
    folder.mkdir(mode=0o700, parents=True)
    top = os.path.realpath(root)
    links: list[str] = []
    count, size = 0, 0
    for path in _not_behind_links(top, _paths(root, git, stop)):
        if stop():
            break
        source, target = root / path, folder / path
        with suppress(OSError):  # gone meanwhile, or not ours to read
            found = source.lstat()
            count += 1
            size += found.st_size
            if count > MAX_FILES or size > MAX_BYTES:
                raise CopyError(f"{root.name} is too large to copy: {MAX_FILES:,} files and 500 MB at most.")
            if source.is_symlink():
                links.append(path)
            elif source.is_file() and found.st_size <= _LARGEST:
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, target)
                shutil.copystat(source, target)
    _copy_links(root, folder, links)
    for path, text in opened.items():
        if not denied_by(path) and _is_inside(path):
            with suppress(OSError):  # a link or a file is in the place of its folder
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_bytes(text.encode("utf-8", "replace"))
    return folder


def _copy_links(root: Path, folder: Path, paths: Sequence[str]) -> None:
    """Copy the links that stay in the workspace, and in the copy too. Files are there: none follows one."""
    top, copied = os.path.realpath(root), os.path.realpath(folder)
    made = []
    for path in paths:
        with suppress(OSError):  # gone meanwhile, or a file is in the place of its folder
            leads = os.readlink(root / path)
            real = Path(os.path.realpath(root / path))
            if not os.path.isabs(leads) and real.is_relative_to(top):
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).symlink_to(leads)
                made.append(folder / path)
    # The same words lead elsewhere from another place: by many `..` back to the workspace itself.
    for link in [copy for copy in made if not Path(os.path.realpath(copy)).is_relative_to(copied)]:
        link.unlink()


def _not_behind_links(top: str, paths: Iterable[str]) -> Iterator[str]:
    """The paths whose folders are no links: git tracks what was in the place of one before."""
    known: dict[str, bool] = {}
    for path in paths:
        place = os.path.dirname(os.path.join(top, path))
        if place not in known:
            known[place] = os.path.realpath(place) == os.path.normpath(place)
        if known[place]:
            yield path


def _is_inside(path: str) -> bool:
    parts = PurePosixPath(path.replace(os.sep, "/")).parts
    return not os.path.isabs(path) and ".." not in parts and bool(parts) and not os.path.splitdrive(path)[0]


def _paths(root: Path, git: Git, stop: Callable[[], bool]) -> Iterator[str]:
    program = find_git(git, str(root))
    listed: list[str] | None = None
    if program is not None:
        with suppress(GitFailed):
            tree = open_tree(program, str(root.resolve()), stop)
            known = run_git(tree, stop, "ls-files", "-c", "-o", "--exclude-standard", "-z")
            ignored = run_git(tree, stop, "ls-files", "-o", "-i", "--exclude-standard", "--directory", "-z")
            listed = [name_of_bytes(row) for row in (*split_records(known), *split_records(ignored))]
    for path in listed if listed is not None else _walk(root):
        parts = PurePosixPath(path).parts
        if not path.endswith("/") and not _LEFT_OUT & set(parts) and _is_inside(path) and not denied_by(path):
            yield path


def _walk(root: Path) -> Iterator[str]:
    for place, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name not in _LEFT_OUT]
        for name in names:
            yield Path(place, name).relative_to(root).as_posix()
