"""The diff of a folder as git has it: staged, of the working tree, or against a revision.

Files that rules exclude are left out, as they are left out of the index. Of a deleted file only that it is
gone is kept. As pieces of a prompt, the most changed files come first, each with the file as its origin, so
that its rules hold; what does not fit is left out, and said.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from assist_context.documents import CHARS_PER_TOKEN
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
from assist_escalation.prompts import Origin, Span
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
        ends = [part for part in re.split(r"\.{2,3}", revision, maxsplit=1) if part]
        if not ends or not all(is_commit(tree, _never, end) for end in ends):
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


# Tokens of a diff that a local model is shown: 30 to 40 s of reading with a 1.5B on two cores.
LOCAL_TOKENS = {"commit": 2_000, "review": 3_000}
FRONTIER_TOKENS = 8_000
LONGEST = 1_000  # characters of a line; a longer one is left out whole, since redaction misses a cut secret


@dataclass(frozen=True, slots=True)
class DiffPieces:
    """The spans that are shown, and what is left out, as a path and the reason."""

    spans: tuple[Span, ...]
    left_out: tuple[tuple[str, str], ...]


def pieces_for(command: str, diff: FolderDiff, *, local: bool) -> DiffPieces:
    """The diff as a command shows it to a model on this machine, or to a provider's."""
    tokens = LOCAL_TOKENS[command] if local else FRONTIER_TOKENS
    return pieces_of(diff, tokens, numbered=command == "review")


def pieces_of(diff: FolderDiff, tokens: int, *, numbered: bool) -> DiffPieces:
    """The diff in about `tokens` tokens, by file. `numbered` writes each line's number before it."""
    room = int(tokens * CHARS_PER_TOKEN)
    spans: list[Span] = []
    left_out = list(diff.left_out)
    for file in diff.files:
        text = _text(file, numbered=numbered)
        if len(text) > room:
            cut = text[: text.rfind("\n", 0, max(0, room)) + 1]
            if spans or not cut:
                left_out.append((file.path, "the diff is longer than the model reads"))
                continue
            left_out.append((file.path, "only its first changes fit"))
            text = cut
        room -= len(text)
        spans.append(Span(text, _origin(diff.root, file)))
    return DiffPieces(tuple(spans), tuple(left_out))


def _text(file: ChangedFile, *, numbered: bool) -> str:
    if not file.lines:
        return f"({file.state} file)\n"
    rows = []
    for line in file.lines:
        number = f"{line.number or '':>5} " if numbered else ""
        size = len(line.text)
        shown = line.text if size <= LONGEST else f"(a line of {size:,} characters)"
        rows.append(f"{number}{line.mark} {shown}".rstrip() + "\n")
    return "".join(rows)


def _origin(root: str, file: ChangedFile) -> Origin:
    numbers = [line.number for line in file.lines if line.number]
    first = numbers[0] if numbers else 1
    last = numbers[-1] if numbers else 1
    return Origin("file", file.path, root, first, last, outline=True)
