"""Exclusions of single files of a folder: the rule files, and what git itself says it ignores.

git knows more ignore files than lie in a work tree: the user's own, `core.excludesFile`, and the file that
all work trees of a repository share. So it is asked wherever a file is in a repository. Without git on the
machine, its rules are read as far as `gitignore` knows them. If git is there and does not answer, the files
count as ignored.
"""

import os
import stat
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from itertools import islice

from assist_context.files import git_repository
from assist_context.files.denylist import denied_by
from assist_context.files.folder_rules import FolderRules
from assist_context.files.git_repository import Git, GitFailed, GitTree
from assist_context.files.gitignore import UNREADABLE
from assist_context.files.repository_top import find_top, is_repository

BUILT_IN = "is on the built-in list of files that hold secrets"
IGNORED_BY_GIT = "is excluded, because git ignores it"
BY_RULES = "is excluded by "  # and then the rule file's name
_WORDS = {
    "denied": BUILT_IN,
    "bad path": "is not a path inside the folder",
}
MAX_FOLDERS = 2_000  # looked at for rule files, which takes up to 0.3 s
MAX_ENTRIES = 200_000  # looked at for the names of a file with hard links, which takes about 0.5 s


def exclusions(root: str, paths: Collection[str], git: Git) -> dict[str, str]:
    """Return why files may not be shown, in words that follow a file's name; files that may are left out.

    `paths` are relative to the resolved `root`, with "/"; they need not exist.
    """
    rules = FolderRules(root)
    program = git_repository.find_git(git, root)
    by_git = program is not None and _find_repository(root) is not None
    reasons: dict[str, str] = {}
    by_repository: dict[str, dict[str, str]] = {}  # by repository: the path from there, by ours
    for path in dict.fromkeys(paths):
        if reason := rules.exclusion_reason(path, by_git_rules=not by_git):
            reasons[path] = _words(reason, rules)
            continue
        for top, inside in _places(root, _until_link(root, path)).items():
            by_repository.setdefault(top, {})[path] = inside
    if program is not None:
        for top, insides in by_repository.items():
            reasons |= _list_ignored(GitTree(program, top), root, insides)
    return reasons


def why_excluded(root: str, path: str) -> str:
    """Return why a file may not be shown elsewhere, with the rule and its line if it is one; "" if it may.

    It reads the rule files of a resolved folder, and does not ask git.
    """
    rules = FolderRules(root)
    reason = rules.exclusion_reason(path, by_git_rules=True)
    if reason and (rule := rules.excluding_rule(path)):
        return f"is excluded by {rule}"
    return _words(reason, rules) if reason else ""


def _words(reason: str, rules: FolderRules) -> str:
    if reason == UNREADABLE:
        names = ", ".join(rules.unreadable_files())
        return f"is excluded, because the rule file {names} cannot be read: save it as text in UTF-8"
    return _WORDS.get(reason, f"{BY_RULES}{reason}")


def unreadable_rule_files(root: str) -> tuple[str, ...]:
    """The rule files of a resolved folder that cannot be read, which exclude all around them.

    It looks at the first folders only, breadth first.
    """
    rules = FolderRules(root)
    queue = [""]
    for number, folder in enumerate(queue):
        if number == MAX_FOLDERS or rules.exclusion_reason(f"{folder}_"):
            continue
        with suppress(OSError):
            queue += [
                f"{folder}{entry.name}/" for entry in os.scandir(rules.full(folder)) if _may_enter(entry)
            ]
    return tuple(sorted(set(rules.unreadable_files())))


def _may_enter(entry: os.DirEntry[str]) -> bool:
    return entry.is_dir(follow_symlinks=False) and not denied_by(entry.name, directory=True)


def hard_links(root: str, paths: Collection[str]) -> dict[str, str]:
    """The further names in a resolved folder of its files that have several: each with its path.

    What a file is called elsewhere cannot be found out. Nearly no file has two names, and then nothing is
    looked for.
    """
    by_inode: dict[tuple[int, int], str] = {}
    count = 0
    for path in paths:
        with suppress(OSError, ValueError):
            status = os.lstat(os.path.join(root, path))
            if stat.S_ISREG(status.st_mode) and status.st_nlink > 1:
                by_inode[(status.st_dev, status.st_ino)] = path
                count += status.st_nlink
    links: dict[str, str] = {}
    numbers = {inode for _, inode in by_inode}
    entries = islice(_list_files(root) if by_inode else (), MAX_ENTRIES)
    for inside, entry in entries:
        if entry.inode() in numbers:
            with suppress(OSError):
                status = os.lstat(entry.path)  # that of an entry has no numbers on Windows
                path = by_inode.get((status.st_dev, status.st_ino), "")
                if path and path != inside:
                    links[inside] = path
            if len(links) == count - len(by_inode):
                break
    return links


def _list_files(root: str) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """All files below a folder, with their paths from there; git's own objects, and links, are left out."""
    stack = [""]
    while stack:
        folder = stack.pop()
        entries: list[os.DirEntry[str]] = []
        with suppress(OSError), os.scandir(os.path.join(root, folder)) as scan:
            entries += scan  # at once, because a caller may not ask for all of them
        for entry in entries:
            inside = f"{folder}{entry.name}"
            if not entry.is_dir(follow_symlinks=False):
                yield inside, entry
            elif entry.name != "objects" or ".git" not in folder.split("/"):
                stack.append(inside + "/")


def _list_ignored(tree: GitTree, root: str, insides: Mapping[str, str]) -> dict[str, str]:
    """Return which files a repository ignores, or all of them if git does not say."""
    whole = _relative(root, tree.directory)
    own_path = [whole] if _is_below(root, tree.directory) else []
    try:
        ignored_paths = git_repository.filter_ignored(tree, [*own_path, *insides.values()], bool)
    except GitFailed as error:
        why = f"is excluded, because git cannot say if it is ignored ({error}): try `git status` there"
        return dict.fromkeys(insides, why)
    if whole in ignored_paths:
        return {}  # all of the folder is, as a project in a home folder under version control
    return {path: IGNORED_BY_GIT for path, inside in insides.items() if inside in ignored_paths}


def _places(root: str, path: str) -> dict[str, str]:
    """Each repository, from the innermost to the one around the root, with the path from its top."""
    paths: dict[str, str] = {}
    at = os.path.join(root, path)
    top = _find_repository(os.path.dirname(at))
    while top is not None:
        paths[top] = _relative(at, top)
        if not _is_below(top, root):
            break
        at = top  # of a repository inside, the one around it may ignore all
        top = _find_repository(os.path.dirname(at))
    return paths


def _find_repository(folder: str) -> str | None:
    top = find_top(folder)
    return top if top is not None and is_repository(top) else None


def _until_link(root: str, path: str) -> str:
    """The path, cut after its first link: git looks no further."""
    parts = path.split("/")
    for count in range(1, len(parts)):
        if os.path.islink(os.path.join(root, *parts[:count])):
            return "/".join(parts[:count])
    return path


def _is_below(path: str, folder: str) -> bool:
    return path.startswith(os.path.join(folder, ""))


def _relative(path: str, top: str) -> str:
    return os.path.relpath(path, top).replace(os.sep, "/")
