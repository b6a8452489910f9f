"""Single files of a listed folder, looked at again after they were saved, created or deleted.

By the same rules as `discover` lists all of them, but reading only these. What cannot be judged by itself
has no answer here: the folder is to be listed again. It keeps nothing.
"""

import stat
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from assist_context import repository
from assist_context.blobs import identify
from assist_context.discover import Entry
from assist_context.folder import Folder
from assist_context.ignore import GIT, RULE_FILES
from assist_context.repository import Git, GitFailed, Stop

# What of a repository says which files there are: git writes far more, and nobody need look at it.
_GIT_STATE = frozenset({"head", "index", "info", "config", "refs", "packed-refs", "modules"})
_RULES = frozenset({*RULE_FILES, GIT, ".gitattributes"})


@dataclass(frozen=True, slots=True)
class Touched:
    """Files as they are now; `gone` are paths that are not to be listed, or not any more, with all below."""

    entries: tuple[Entry, ...] = ()
    gone: tuple[str, ...] = ()


def moves_others(path: str) -> bool:
    """Whether a change of this file may change what is listed elsewhere.

    >>> [moves_others(path) for path in ("src/.gitignore", ".git/HEAD", ".git/objects/ab", "src/a.py")]
    [True, True, False, False]
    """
    parts = path.casefold().split("/")
    if ".git" in parts:
        below = parts[parts.index(".git") + 1 :]
        return not below or below[0] in _GIT_STATE
    return parts[-1] in _RULES


def look_again(
    root: str, paths: Sequence[str], by_git: bool, git: Git, others: Collection[str] = (), stop: Stop = bool
) -> Touched | None:
    """The files at `paths`, which are relative to the resolved `root`; None: list the folder again.

    `by_git` is `Listing.git` of the last listing. Raises `repository.Stopped` if `stop` says so.
    """
    folder = Folder(root, others)
    found = {path: "gone" if folder.closed() else _look(folder, path) for path in paths}
    if "unclear" in found.values():
        return None
    files = [path for path, what in found.items() if what == "file"]
    gone = [path for path, what in found.items() if what == "gone"]
    judged = _taken(folder, files, by_git, git, stop) if files else (set(), "sha1")
    if judged is None:
        return None
    taken, algorithm = judged
    entries = []
    for path in files:
        try:
            content = identify(folder.full(path), algorithm) if path in taken else None
        except OSError:
            content = None
        if content is None:
            gone.append(path)
        else:
            entries.append(Entry(path, content.blob, content.size, content.mtime_ns, content.kind))
    return Touched(tuple(entries), tuple(gone))


def _look(folder: Folder, path: str) -> Literal["file", "gone", "unclear"]:
    """What a path is now: a file that no rule file excludes, nothing to list, or a reason to list it all."""
    status, above = folder.state(path), path.rpartition("/")[0]
    if isinstance(status, OSError) or not folder.is_real(above):
        return "gone"
    regular = stat.S_ISREG(status.st_mode)
    if regular and status.st_nlink > 1:
        return "unclear"  # if one of its names is excluded, all are
    if folder.against(path) or not (regular or stat.S_ISDIR(status.st_mode)):
        return "gone"
    # A directory may hold anything, and another repository has its own rules.
    return "file" if regular and not _inner(folder, above) else "unclear"


def _inner(folder: Folder, directory: str) -> bool:
    """Whether a directory below the root lies in a repository of its own."""
    while directory:
        if folder.is_repository(directory):
            return True
        directory = directory.rpartition("/")[0]
    return False


def _taken(
    folder: Folder, files: list[str], by_git: bool, git: Git, stop: Stop
) -> tuple[set[str], str] | None:
    """Which of the files git knows or would take, or the rule files do not exclude, and git's algorithm."""
    found = repository.find_git(git, folder.root)
    try:
        if found is None:
            raise GitFailed("no git")
        tree = repository.open_tree(found, folder.root, stop)
        return (set(repository.taken(tree, files, stop)), tree.algorithm) if by_git else None
    except GitFailed:
        if by_git:
            return None
    return {path for path in files if not folder.against(path, by_git_rules=True)}, "sha1"
