"""The top of a repository, seen from a folder in it: everything that stops there asks this module.

It reads names and the start of small files, runs no git, and follows no variable such as GIT_DIR: what counts
is where the files are.
"""

import os
import re

from assist_context.files.path_names import name_of_bytes

_HEAD = re.compile(rb"ref:\s*refs/|[0-9a-f]{40}")  # of `.git/HEAD`: a branch, or the id of a commit
_HEAD_MOST = 64  # bytes that decide
_GITDIR = b"gitdir:"
_GITDIR_MOST = 8_192  # bytes of a `.git` that is a file, and of `commondir`; each holds one path


def is_repository(folder: str) -> bool:
    """Return whether git would take `folder` for the top of a work tree.

    An empty `.git` is not one, nor is a `.git` file that leads nowhere: anyone can put one into a folder, and
    the rules of the real top would no longer be found.
    """
    at = os.path.join(folder, ".git")
    if os.path.isdir(at):
        return _is_git_directory(at)
    start = _read_start(at, _GITDIR_MOST)
    if not start.startswith(_GITDIR):
        return False
    target = name_of_bytes(start.removeprefix(_GITDIR).strip(b" \t").rstrip(b"\r\n"))
    return "\0" not in target and _is_git_directory(os.path.join(folder, target))


def find_top(folder: str) -> str | None:
    """The top of the repository that an absolute folder is in, from the folder upwards; None for none.

    Only if no folder above is a repository does a `.git` of any other kind count: a damaged repository keeps
    its rules.
    """
    problem = None
    at = folder
    while True:
        if os.path.lexists(os.path.join(at, ".git")):
            if is_repository(at):
                return at
            problem = problem or at
        above = os.path.dirname(at)
        if above == at:
            return problem
        at = above


def outermost_top(folder: str) -> str | None:
    """The same, of the repository around all others, which may have this one as a submodule."""
    outermost = None
    top = find_top(folder)
    while top is not None and top != outermost:
        outermost = top
        top = find_top(os.path.dirname(top))
    return outermost


def folders_to_top(folder: str) -> tuple[str, ...]:
    """The folder, and those above it up to the top of its repository. Outside of one, only the folder itself.

    What is above the top belongs to others: neither rules nor an index from there apply.
    """
    top = find_top(folder)
    folders = [folder]
    while top is not None and folders[-1] != top:
        folders.append(os.path.dirname(folders[-1]))
    return tuple(folders)


def _is_git_directory(path: str) -> bool:
    """Say if a directory has what git asks for: a HEAD, and its objects and refs, here or elsewhere."""
    head = os.path.join(path, "HEAD")
    if not (os.path.islink(head) or _HEAD.match(_read_start(head, _HEAD_MOST))):
        return False
    common = path
    if os.path.lexists(os.path.join(path, "commondir")):  # of a further work tree
        target = name_of_bytes(_read_start(os.path.join(path, "commondir"), _GITDIR_MOST).rstrip(b"\r\n"))
        if not target or "\0" in target:
            return False
        common = os.path.join(path, target)
    return all(os.path.isdir(os.path.join(common, name)) for name in ("objects", "refs"))


def _read_start(path: str, most: int) -> bytes:
    """The first bytes of a file; none if it cannot be read. It does not wait for a pipe."""
    try:
        if not os.path.isfile(path):
            return b""
        with open(path, "rb") as file:
            return file.read(most)
    except (OSError, ValueError):
        return b""
