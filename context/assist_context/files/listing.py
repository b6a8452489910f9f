"""The files of a workspace that may be read, with the id of each content; all, or some again.

A file is listed if git tracks it or would add it (without git: if no `.gitignore` excludes it), if no rule
file excludes it, and if it is not on the built-in deny list. Installed packages that git does not track are
left out, whether git ignores them or not. Links are never followed: a target inside the
workspace is listed under its own name. A file with several hard links is not listed if one of its names in
the folder is excluded.

An unchanged tracked file is not read if an earlier listing knows its kind. If git converts line ends or
filters contents, the id is that of git's version, and `size` is the file's.

`look_again` judges single files by the same rules and reads only those. If a file cannot be judged by
itself, there is no answer: the folder must be listed again.

This module does IO, with `folder_rules` (rules and states), `git_repository` and `blobs` (contents). It
parses nothing, keeps nothing and opens no socket.
"""

import os
import stat
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

from assist_context.files import git_repository
from assist_context.files.blobs import FRESH_NS, FileEntry, NotAFile, identify, sniff
from assist_context.files.folder_rules import FolderRules
from assist_context.files.git_repository import Git, GitFailed, GitTree, Stop, Stopped, Tracked
from assist_context.files.gitignore import GIT, RULE_FILES
from assist_context.files.path_names import INSTALLED_FOLDERS

TRIES = 3  # how often a listing starts again because git's index was written meanwhile

_EACH = 64  # files between two checks of `stop`


@dataclass(frozen=True, slots=True)
class Listing:
    """The files of one folder by path. `skipped` counts the files that were left out, by reason.

    `git`: whether git answered for the root. `started_ns` is the wall clock when the listing began.
    """

    root: str
    entries: tuple[FileEntry, ...]
    skipped: Mapping[str, int]
    git: bool
    started_ns: int = 0


@dataclass(frozen=True, slots=True)
class ListingProgress:
    """Tells a listing whether to stop, and receives the number of paths it has looked at."""

    stop: Stop = lambda: False
    progress: Callable[[int], None] = lambda _count: None


_GIT, _WATCH = Git(), ListingProgress()


def list_folder(
    root: str,
    previous: Listing | None = None,
    git: Git = _GIT,
    watch: ListingProgress = _WATCH,
    others: Collection[str] = (),
) -> Listing:
    """The files below `root`, except those below `others`, which are resolved paths.

    `previous` is an earlier listing of the same folder: what it knows is not read again.
    Raises `git_repository.Stopped` if `watch.stop` returns true.
    """
    root = os.path.realpath(root)
    usable = previous if previous is not None and previous.root == root else None
    return _ListingRun(FolderRules(root, others), usable, git_repository.find_git(git, root), watch).listing()


@dataclass(frozen=True, slots=True)
class _GitListing:
    """The answer of git about one tree, with the state of each tracked file from before git compared them."""

    rows: list[Tracked]
    states: list[os.stat_result | OSError]
    changed: set[str]
    fresh: list[str]


class _ListingRun:
    """One listing in progress."""

    def __init__(
        self, folder: FolderRules, previous: Listing | None, git: Git | None, watch: ListingProgress
    ) -> None:
        self.folder = folder
        self.git = git
        self.watch = watch
        self.started = time.time_ns()
        old = previous.entries if previous is not None else ()
        self.known = {entry.path: entry for entry in old}
        self.kinds = {entry.blob: entry.kind for entry in old if entry.blob}
        self.trusted_ns = previous.started_ns - FRESH_NS if previous is not None else 0
        self.trees: list[str] = []  # not listed yet: "" or "a/b/"
        self.entries: dict[str, FileEntry] = {}
        self.linked: dict[str, tuple[int, int]] = {}  # device and inode of entries with several hard links
        self.skipped: Counter[str] = Counter()
        self.seen = 0

    def listing(self) -> Listing:
        has_answer = False
        reason = self.folder.closed_reason()
        if reason:
            self.skipped[reason] += 1
        else:
            has_answer = self.tree("")
            while self.trees:
                self.tree(self.trees.pop())
            self.drop_hard_links()
        self.watch.progress(self.seen)
        entries = tuple(self.entries[path] for path in sorted(self.entries))
        return Listing(self.folder.root, entries, dict(self.skipped), has_answer, self.started)

    def tree(self, at: str) -> bool:
        """Lists the tree that starts at `at`; returns whether git answered."""
        for _ in range(TRIES):
            try:
                tree = self.open(at)
                before = git_repository.index_stamp(tree)
                answer = self.ask(at, tree)
                if not answer.rows and tree.prefix and git_repository.is_ignored(tree, self.watch.stop):
                    self.folder.forget_git_above()
                    break
            except GitFailed:
                break
            if before == git_repository.index_stamp(tree):
                self.take(at, tree, answer)
                return True
        self.walk(at)
        return False

    def open(self, at: str) -> GitTree:
        if self.git is None:
            raise GitFailed("no git")
        tree = git_repository.open_tree(self.git, self.folder.full(at.rstrip("/")), self.watch.stop)
        if at and tree.prefix:
            raise GitFailed("not a repository of its own")
        return tree

    def ask(self, at: str, tree: GitTree) -> _GitListing:
        with ThreadPoolExecutor(1) as pool:  # listing untracked files takes as long as all the rest here
            fresh = pool.submit(git_repository.list_untracked, tree, self.watch.stop)
            rows = git_repository.list_tracked(tree, self.watch.stop)
            # Read before git compares: a later write then shows as a difference the next time.
            states = self.folder.states([at + path for *_, path in rows])
            paths = git_repository.list_changed(tree, self.watch.stop)
            return _GitListing(rows, states, paths, fresh.result())

    def take(self, at: str, tree: GitTree, answer: _GitListing) -> None:
        for (tag, mode, blob, stage, name), status in zip(answer.rows, answer.states, strict=True):
            path = at + name
            if mode == git_repository.SUBMODULE:
                self.inner(path)
            elif self.may_list(path):
                sure = git_repository.is_compared(tag, stage) and name not in answer.changed
                self.add(path, tree.algorithm, status, blob if sure else "")
        for name in answer.fresh:
            path = at + name
            if path.endswith("/"):
                self.inner(path[:-1])
            elif self.may_list(path):
                self.add(path, tree.algorithm, self.folder.state(path))

    def inner(self, path: str) -> None:
        """Takes in a submodule, or a repository inside another one."""
        if self.may_list(path, directory=True):
            if self.folder.is_repository(path) and self.folder.is_real(path):
                self.trees.append(path + "/")
            else:
                self.skipped["submodule without files"] += 1

    def walk(self, at: str) -> None:
        """Lists every directory below `at` once, without git, by the rule files alone."""
        stack = [at]
        folders_seen = set()
        while stack:
            directory = stack.pop()
            try:
                status = os.lstat(self.folder.full(directory))
                with os.scandir(self.folder.full(directory)) as scan:
                    entries = list(scan)
            except OSError as error:
                self.skip(error)
                continue
            if status.st_ino and (status.st_dev, status.st_ino) in folders_seen:
                self.skipped["loop"] += 1  # a bind mount onto a directory above
                continue
            folders_seen.add((status.st_dev, status.st_ino))
            for entry in entries:
                path = directory + entry.name
                if not entry.is_dir(follow_symlinks=False):
                    if self.may_list(path, by_git_rules=True):
                        self.add(path, "sha1", self.folder.state(path))
                elif entry.name in INSTALLED_FOLDERS:
                    self.skipped["installed packages"] += 1
                elif self.may_list(path, directory=True, by_git_rules=True):
                    own = self.git is not None and self.folder.is_repository(path)
                    (self.trees if own else stack).append(path + "/")

    def may_list(self, path: str, directory: bool = False, by_git_rules: bool = False) -> bool:
        """Return whether nothing excludes a path; otherwise it is counted as skipped."""
        self.seen += 1
        if not self.seen % _EACH:
            if self.watch.stop():
                raise Stopped
            self.watch.progress(self.seen)
        reason = self.folder.exclusion_reason(path, directory, by_git_rules)
        if reason:
            self.skipped[reason] += 1
        return not reason

    def add(self, path: str, algorithm: str, status: os.stat_result | OSError, blob: str = "") -> None:
        """Lists a file that may be listed. `blob` is its id if git guarantees it."""
        if isinstance(status, OSError):
            self.skip(status)
        elif not stat.S_ISREG(status.st_mode):
            self.skipped[self.folder.link_reason(path) if stat.S_ISLNK(status.st_mode) else "special"] += 1
        elif not self.folder.is_real(path.rpartition("/")[0]):
            self.skipped["link"] += 1  # tracked below a directory that is a link now
        else:
            try:
                self.entries[path] = self.entry(path, algorithm, status, blob)
            except OSError as error:
                self.skip(error)
                return
            if status.st_nlink > 1:
                self.linked[path] = (status.st_dev, status.st_ino)

    def entry(self, path: str, algorithm: str, status: os.stat_result, blob: str) -> FileEntry:
        size = status.st_size
        mtime_ns = status.st_mtime_ns
        old = self.known.get(path)
        if old is not None and old.mtime_ns == mtime_ns and old.size == size:
            if blob:
                if old.blob == blob:
                    return old
            elif mtime_ns < self.trusted_ns and len(old.blob) in (0, 40 if algorithm == "sha1" else 64):
                return old
        full = self.folder.full(path)
        if blob:
            return FileEntry(path, blob, size, mtime_ns, self.kinds.get(blob) or sniff(full, size))
        content = identify(full, algorithm)
        return FileEntry(path, content.blob, content.size, content.mtime_ns, content.kind)

    def drop_hard_links(self) -> None:
        """Removes files that also have an excluded name."""
        inodes = self.folder.excluded_inodes(self.watch.stop) if self.linked else set()
        if self.watch.stop():
            raise Stopped
        for path, identity in self.linked.items():
            if identity in inodes:
                del self.entries[path]
                self.skipped["hard link"] += 1

    def skip(self, error: OSError) -> None:
        if isinstance(error, FileNotFoundError | NotADirectoryError):
            self.skipped["vanished"] += 1
        else:
            self.skipped["special" if isinstance(error, NotAFile) else "unreadable"] += 1


# The parts of `.git` that decide which files there are. git writes far more, which does not matter here.
_GIT_STATE = frozenset({"head", "index", "info", "config", "refs", "packed-refs", "modules"})
_RULES = frozenset({*RULE_FILES, GIT, ".gitattributes"})


@dataclass(frozen=True, slots=True)
class RefreshedFiles:
    """Files as they are now; `gone` are paths that are not listed (any more), with everything below them."""

    entries: tuple[FileEntry, ...] = ()
    gone: tuple[str, ...] = ()


def moves_others(path: str) -> bool:
    """Return whether a change of this file may change what is listed elsewhere.

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
) -> RefreshedFiles | None:
    """The files at `paths`, which are relative to the resolved `root`; None: list the folder again.

    `by_git` is `Listing.git` of the last listing. Raises `git_repository.Stopped` if `stop` returns true.
    """
    folder = FolderRules(root, others)
    kinds = {path: "gone" if folder.closed_reason() else _look(folder, path) for path in paths}
    if "unclear" in kinds.values():
        return None
    files = [path for path, kind in kinds.items() if kind == "file"]
    gone = [path for path, kind in kinds.items() if kind == "gone"]
    judgement = _listable(folder, files, by_git, git, stop) if files else (set(), "sha1")
    if judgement is None:
        return None
    listed_paths, algorithm = judgement
    entries = []
    for path in files:
        try:
            content = identify(folder.full(path), algorithm) if path in listed_paths else None
        except OSError:
            content = None
        if content is None:
            gone.append(path)
        else:
            entries.append(FileEntry(path, content.blob, content.size, content.mtime_ns, content.kind))
    return RefreshedFiles(tuple(entries), tuple(gone))


def _look(folder: FolderRules, path: str) -> Literal["file", "gone", "unclear"]:
    """Classifies a path: a file that no rule file excludes, nothing to list, or a need to list the folder."""
    status = folder.state(path)
    above = path.rpartition("/")[0]
    if isinstance(status, OSError) or not folder.is_real(above):
        return "gone"
    regular = stat.S_ISREG(status.st_mode)
    if regular and status.st_nlink > 1:
        return "unclear"  # if one of its names is excluded, all are
    if folder.exclusion_reason(path) or not (regular or stat.S_ISDIR(status.st_mode)):
        return "gone"
    # A directory may hold anything, and another repository has its own rules.
    return "file" if regular and not _inner(folder, above) else "unclear"


def _inner(folder: FolderRules, directory: str) -> bool:
    """Return whether a directory below the root is in a repository of its own."""
    while directory:
        if folder.is_repository(directory):
            return True
        directory = directory.rpartition("/")[0]
    return False


def _listable(
    folder: FolderRules, files: list[str], by_git: bool, git: Git, stop: Stop
) -> tuple[set[str], str] | None:
    """The files that git tracks or would add, or that no rule file excludes, and git's hash algorithm."""
    git_program = git_repository.find_git(git, folder.root)
    try:
        if git_program is None:
            raise GitFailed("no git")
        tree = git_repository.open_tree(git_program, folder.root, stop)
        return (set(git_repository.filter_known(tree, files, stop)), tree.algorithm) if by_git else None
    except GitFailed:
        if by_git:
            return None
    own = [path for path in files if INSTALLED_FOLDERS.isdisjoint(path.split("/")[:-1])]
    return {path for path in own if not folder.exclusion_reason(path, by_git_rules=True)}, "sha1"
