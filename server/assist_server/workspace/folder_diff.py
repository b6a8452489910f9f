"""The diff of a folder as git has it: staged, of the working tree, or against a revision.

Files that rules exclude are left out, as they are left out of the index. Of a deleted file only that it is
gone is kept.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from assist_context.files.folder_rules import FolderRules
from assist_context.files.git_repository import (
    Git,
    GitFailed,
    GitTree,
    changed_lines,
    diff_of,
    find_git,
    head,
    is_commit,
    messages,
    open_tree,
)
from assist_server.errors import UserError

MOST_FILES = 100  # whose diffs are read, the most changed first
LAST_COMMITS = 30  # whose messages show a repository's style
_HUNK = re.compile(r"@@ -\d+(?:,\d+)? \+(\d+)(?:,\d+)? @@")


@dataclass(frozen=True, slots=True)
class DiffLine:
    """A line of a diff: its number in the new file, 0 if removed, its mark (space, + or -) and its text."""

    number: int
    mark: str
    text: str


@dataclass(frozen=True, slots=True)
class ChangedFile:
    """What changed in a file: its lines with some around them. Without lines it is deleted or binary."""

    path: str
    added: int
    removed: int
    state: str
    lines: tuple[DiffLine, ...] = ()


@dataclass(frozen=True, slots=True)
class FolderDiff:
    """The changed files, the most changed first, and those that are left out with the reason."""

    root: str
    files: tuple[ChangedFile, ...]
    left_out: tuple[tuple[str, str], ...] = ()


def staged_diff(git: Git, root: str) -> FolderDiff:
    """What the next commit would change."""
    return _read(_tree(git, root), ("--cached",))


def diff_against(git: Git, root: str, revision: str = "") -> FolderDiff:
    """What the working tree changes since the last commit, or since a revision, or what `A..B` changes."""
    tree = _tree(git, root)
    if revision:
        # The paths of other objects, such as `HEAD:infra`, do not begin at the top: no rule would fit them.
        ends = [each for each in re.split(r"\.{2,3}", revision, maxsplit=1) if each]
        if not ends or not all(is_commit(tree, _never, each) for each in ends):
            raise UserError(f"{revision!r} is no revision: name a commit, a branch or A..B.")
        return _read(tree, (revision,))
    try:
        head(tree, _never)
    except GitFailed:  # no commit yet
        return _read(tree, ("--cached",))
    return _read(tree, ("HEAD",))


def last_messages(git: Git, root: str) -> list[str]:
    """The messages of the last commits, newest first."""
    return messages(_tree(git, root), _never, LAST_COMMITS)


def parse_lines(diff: str) -> tuple[DiffLine, ...]:
    """The lines of the hunks of one file's diff.

    >>> parse_lines("@@ -1,2 +1,2 @@\\n a\\n-b\\n+c\\n")[1:]
    (DiffLine(number=0, mark='-', text='b'), DiffLine(number=2, mark='+', text='c'))
    """
    found: list[DiffLine] = []
    number = 0
    for line in diff.split("\n"):
        if hunk := _HUNK.match(line):
            number = int(hunk[1])
        elif number and line[:1] in (" ", "+"):
            found.append(DiffLine(number, line[0], line[1:]))
            number += 1
        elif number and line[:1] == "-":
            found.append(DiffLine(0, "-", line[1:]))
    return tuple(found)


def _tree(git: Git, root: str) -> GitTree:
    program = find_git(git, root)
    if program is None:
        raise UserError("git is not on PATH: install it, or add its folder.")
    try:
        return open_tree(program, root, _never)
    except GitFailed:
        raise UserError(f"{root} is in no git repository: say with --workspace where one is.") from None


def _read(tree: GitTree, what: Sequence[str]) -> FolderDiff:
    try:
        counted = changed_lines(tree, _never, *what)
    except GitFailed:
        raise UserError(f"git finds no difference to {what[0]!r}: name a commit, a branch or A..B.") from None
    rules = FolderRules(tree.directory)
    files: list[ChangedFile] = []
    left_out: list[tuple[str, str]] = []
    for path, added, removed in sorted(counted, key=lambda each: (-each[1] - each[2], each[0])):
        if why := rules.exclusion_reason(path, by_git_rules=True):
            left_out.append((path, why))
        elif len(files) == MOST_FILES:
            left_out.append((path, f"more than {MOST_FILES} files changed"))
        else:
            files.append(_changed_file(tree, (path, added, removed), what))
    return FolderDiff(tree.directory, tuple(files), tuple(left_out))


def _changed_file(tree: GitTree, counted: tuple[str, int, int], what: Sequence[str]) -> ChangedFile:
    path, added, removed = counted
    if added < 0:
        return ChangedFile(path, 0, 0, "binary")
    # A file in the place of a folder is followed by what was in the folder.
    text = diff_of(tree, _never, path, *what).partition("\ndiff --git ")[0]
    top = text.partition("\n@@")[0]
    if "\ndeleted file mode" in top:
        return ChangedFile(path, 0, removed, "deleted")
    state = "new" if "\nnew file mode" in top else "changed"
    return ChangedFile(path, added, removed, state, parse_lines(text))


def _never() -> bool:
    return False
