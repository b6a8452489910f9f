"""One workspace folder on the disk: what may be listed, and why the rest may not.

It combines the rules (`gitignore`) with the disk and with the layout of the workspace. It reads rule files
and file states, but no other content; of git it knows only `.git` and ignore files. Like the rest of
`files`, it does IO.
"""

import os
import stat
import sys
from collections.abc import Callable, Collection, Container, Iterable
from functools import lru_cache

from assist_context.files.denylist import denied_by, denied_name
from assist_context.files.gitignore import GIT, RULE_FILES, IgnoreRules
from assist_context.files.repository_top import find_top, is_repository

RULES_MAX = 250_000  # bytes; a longer rule file counts as one that cannot be read
FOLD = sys.platform in ("darwin", "win32")  # rules ignore case on systems whose file names do

_NO_NAMES = frozenset(("", ".", ".."))
_GIT_FILES = (GIT, ".git/info/exclude")


class FolderRules:
    """A resolved root, with what was learned about it: make a new one for each listing.

    Paths are relative to the root, with "/"; `others` are the resolved roots of other folders.
    """

    def __init__(self, root: str, others: Collection[str] = ()) -> None:
        self.root = root
        self._prefix = os.path.join(self.root, "")  # joined by hand: os.path.join takes three times as long
        self._apart = {_relative(other, root) for other in others if other.startswith(os.path.join(root, ""))}
        top = find_top(root) or root  # rules apply from there
        self._top = top
        self._base = _relative(root, top) + "/" if top != root else ""
        # Opening `~/.aws` itself shows no more than opening the home folder.
        self._place = f"{os.path.basename(top)}/{self._base}"
        read = _reader(top)
        self._rules = IgnoreRules(read, RULE_FILES, FOLD, os.path.basename(top) + "/")
        self._git_base = self._base
        self._git_rules = IgnoreRules(read, _GIT_FILES, FOLD)
        self._real: dict[str, bool] = {"": True}
        self._quiet: dict[str, bool] = {}

    def forget_git_above(self) -> None:
        """Starts git's rules at the root: the repository around it ignores all of it."""
        self._git_base = ""
        self._git_rules = IgnoreRules(_reader(self.root), _GIT_FILES, FOLD)

    def closed_reason(self) -> str | None:
        """Return why nothing in the folder may be listed, or None."""
        if not os.path.isdir(self.root):
            return "missing folder"
        return "denied" if denied_by(self._place + "_") else None

    def exclusion_reason(self, path: str, directory: bool = False, by_git_rules: bool = False) -> str | None:
        """Return why `path` is not listed: a reason, the name of a rule file, or None."""
        parent, _, name = path.rpartition("/")
        special = directory or by_git_rules or name in _NO_NAMES or "\\" in name or ":" in name
        if not special and self._is_quiet(parent):
            return "denied" if denied_name(name) else None
        if _is_bad(path):
            return "bad path"  # git's index can be written by hand
        if self._apart and any(path == folder or path.startswith(folder + "/") for folder in self._apart):
            return "other folder"
        reason = self._rules.excludes(self._base + path, directory)
        if not reason and by_git_rules:
            reason = self._git_rules.excludes(self._git_base + path, directory)
        return reason

    def excluding_rule(self, path: str) -> str:
        """The rule that excludes a file and its place, as "`*.gen.py` at .assistignore:3"; "" for none."""
        rule = self._rules.locate(self._base + path) or self._git_rules.locate(self._git_base + path)
        return f"`{rule[1].text}` at {rule[0]}:{rule[1].line}" if rule is not None else ""

    def unreadable_files(self) -> tuple[str, ...]:
        """The rule files on the way to what was asked so far that could not be read, as absolute paths."""
        return tuple(os.path.join(self._top, name) for name in self._rules.unreadable)

    def _is_quiet(self, directory: str) -> bool:
        """Say if nothing but their own names can exclude the files in a directory, as nearly everywhere."""
        quiet = self._quiet.get(directory)
        if quiet is None:
            bad = directory and _is_bad(directory)
            quiet = not bad and not self._apart and self._rules.are_quiet(self._base + directory)
            self._quiet[directory] = quiet
        return quiet

    def full(self, path: str) -> str:
        return self._prefix + path

    def state(self, path: str) -> os.stat_result | OSError:
        """The state of a file, or of a link itself, or the error."""
        return self.states([path])[0]

    def states(self, paths: Iterable[str]) -> list[os.stat_result | OSError]:
        """The state of each file."""
        results: list[os.stat_result | OSError] = []
        for path in paths:
            try:
                results.append(os.lstat(self._prefix + path))
            except OSError as error:
                results.append(error)
        return results

    def is_repository(self, path: str) -> bool:
        return is_repository(self.full(path))

    def is_real(self, directory: str) -> bool:
        """Return whether no part of `directory` is a link, so that everything below it is inside the root."""
        unknown = []
        while directory not in self._real:
            unknown.append(directory)
            directory = directory.rpartition("/")[0]
        real = self._real[directory]
        for folder in reversed(unknown):
            real = real and self._is_directory(folder)
            self._real[folder] = real
        return real

    def _is_directory(self, path: str) -> bool:
        status = self.state(path)
        if isinstance(status, OSError) or not stat.S_ISDIR(status.st_mode):
            return False
        if sys.platform != "win32":
            return True
        # A junction looks like a directory.
        return os.path.realpath(self.full(path)) == os.path.normpath(self.full(path))

    def link_reason(self, path: str) -> str:
        """The reason under which a link is counted."""
        try:
            target = os.path.realpath(self.full(path), strict=True)
        except OSError:
            return "broken link"
        inside = os.path.join(target, "").startswith(os.path.join(self.root, ""))
        return "link" if inside else "link out of the folder"

    def excluded_inodes(self, stop: Callable[[], bool]) -> set[tuple[int, int]]:
        """Device and inode of every excluded file with several hard links; `stop` ends the search early."""
        rule = set()
        stack = [""]
        while stack and not stop():
            directory = stack.pop()
            try:
                with os.scandir(self.full(directory)) as scan:
                    entries = list(scan)
            except OSError:
                continue
            for entry in entries:
                path = directory + entry.name
                if entry.is_dir(follow_symlinks=False):
                    if entry.name != "objects" or ".git" not in path.split("/"):  # large, and only for git
                        stack.append(path + "/")
                    continue
                status = self.state(path)
                if isinstance(status, OSError) or status.st_nlink < 2 or not stat.S_ISREG(status.st_mode):
                    continue
                if self.exclusion_reason(path):
                    rule.add((status.st_dev, status.st_ino))
        return rule


def _is_bad(path: str) -> bool:
    return not _NO_NAMES.isdisjoint(path.split("/")) or (os.sep != "/" and not {os.sep, ":"}.isdisjoint(path))


def _relative(path: str, root: str) -> str:
    return os.path.relpath(path, root).replace(os.sep, "/")


def _reader(top: str) -> Callable[[str, str], bytes | None]:
    prefix = os.path.join(top, "")
    every = RULE_FILES + _GIT_FILES

    @lru_cache(maxsize=1)  # all rule files of a directory are read in a row
    def names(directory: str) -> Container[str]:
        """The names in a directory, in lower case: rule files are rare, and trying to open each is slow."""
        try:
            rule = {name.lower() for name in os.listdir(prefix + directory)}
        except OSError:
            return every
        # Some file systems treat other letters as equal to ASCII ones.
        return rule if all(map(str.isascii, rule)) else every

    def read(directory: str, name: str) -> bytes | None:
        if "/" not in name and name not in names(directory):
            return None
        path = os.path.join(top, directory, name)
        try:
            if stat.S_ISDIR(os.lstat(path).st_mode):
                return None
        except (FileNotFoundError, NotADirectoryError):
            return None
        with open(path, "rb", opener=_open_nonblocking) as file:  # a broken link raises
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise OSError(f"{path} is not a regular file")
            data = file.read(RULES_MAX + 1)
        if len(data) > RULES_MAX:
            raise OSError(f"{path} has over {RULES_MAX} bytes")
        return data

    return read


def _open_nonblocking(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
