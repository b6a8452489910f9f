"""The diff of a folder as git has it: staged, of the working tree, or against a revision.

Files that rules exclude are left out, as they are left out of the index. A file that was moved or copied has
the rules of its old name too. Of a deleted file only that it is gone is kept. As pieces of a prompt, the most
changed files come first, each with the file as its origin, so that its rules hold; what does not fit is left
out, and said.
"""

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher

from assist_context.documents import CHARS_PER_TOKEN
from assist_context.evidence.call_graph import join_spans
from assist_context.facts.compared_files import ComparedFile, compared_file
from assist_context.files.folder_rules import FolderRules
from assist_context.files.git_repository import (
    Git,
    GitFailed,
    GitTree,
    OldFile,
    changed_lines,
    find_git,
    head,
    is_commit,
    messages,
    never,
    old_files,
    open_tree,
    read_blobs,
    read_diff,
)
from assist_context.languages import PLAIN, language_of
from assist_escalation.prompts import HiddenPart, Origin, Span
from assist_escalation.redaction.cut_pieces import hidden_parts
from assist_server.errors import UserError

MAX_FILES = 100  # whose diffs are read, the most changed first
# What is read of one diff and of all: ten times what any model is shown. To read 6 MB took 2 s.
MAX_BYTES = 1 << 18
MAX_BYTES_IN_ALL = 1 << 20
MAX_COMPARED = 40  # files whose whole texts are compared
WHOLE = 1_000_000  # lines around a change: all of a file
TOO_LONG = "the diff is longer than the model reads"
CUT = "only its first changes fit"
SHOWN = 5  # lines around a change
AROUND = 100  # lines around a change that are searched for the rest of a key; one of 8,192 bits has 100
LAST_COMMITS = 50  # whose messages show a repository's style
_HUNK = re.compile(r"@@ -\d+(?:,\d+)? \+(\d+)(?:,\d+)? @@")


@dataclass(frozen=True, slots=True)
class DiffLine:
    """A line of a diff: its number in the new file, 0 if removed, its mark (space, + or -) and its text."""

    number: int
    mark: str
    text: str


@dataclass(frozen=True, slots=True)
class ChangedFile:
    """The changes of a file: its lines with some around them. Without lines it is deleted or binary.

    `around` are the lines with many more around them, which tell what a piece of a key is. `was` is the file
    that it was moved or copied from, "" for none. `cut`: there are more changes.
    """

    path: str
    added: int
    removed: int
    state: str
    lines: tuple[DiffLine, ...] = ()
    around: tuple[DiffLine, ...] = field(default=(), repr=False)
    was: str = ""
    cut: bool = False


@dataclass(frozen=True, slots=True)
class FolderDiff:
    """The changed files, the most changed first, and those that are left out with the reason.

    `old` are the files as they were, by their paths from `top`, the top of the work tree. `compared` is what
    git compared: revisions, or `--cached`.
    """

    root: str
    files: tuple[ChangedFile, ...]
    left_out: tuple[tuple[str, str], ...] = ()
    old: tuple[OldFile, ...] = ()
    top: str = ""
    compared: tuple[str, ...] = ()


def staged_diff(git: Git, root: str) -> FolderDiff:
    """Return what the next commit would change."""
    return _read(_tree(git, root), ("--cached",))


def diff_against(git: Git, root: str, revision: str = "") -> FolderDiff:
    """Diff the working tree with the last commit or a revision, or the two of `A..B`."""
    tree = _tree(git, root)
    if revision:
        # The paths of other objects, such as `HEAD:infra`, do not begin at the top: no rule would fit them.
        ends = [part for part in re.split(r"\.{2,3}", revision, maxsplit=1) if part]
        if not ends or not all(is_commit(tree, never, end) for end in ends):
            raise UserError(f"{revision!r} is not a revision: name a commit, a branch or A..B.")
        return _read(tree, (revision,))
    try:
        head(tree, never)
    except GitFailed:  # no commit yet
        return _read(tree, ("--cached",))
    return _read(tree, ("HEAD",))


def old_contents(git: Git, diff: FolderDiff, is_wanted: Callable[[str], bool]) -> dict[str, bytes]:
    """Return what wanted files held before a diff, by their absolute paths."""
    tree = _tree(git, diff.root)
    paths_by_blob = {old.blob: os.path.join(diff.top, old.path) for old in diff.old}
    blobs = [blob for blob, path in paths_by_blob.items() if is_wanted(path)]
    try:
        contents = read_blobs(tree, never, blobs) if blobs else []
    except GitFailed:
        raise UserError("git cannot read the earlier version of a changed file: run `git fsck`.") from None
    return {paths_by_blob[blob]: content for blob, content in zip(blobs, contents, strict=True)}


def compared_files(git: Git, diff: FolderDiff) -> list[ComparedFile]:
    """The whole texts of the most changed files, before and after; very long ones are left out.

    A moved file is compared with what it was.
    """
    tree = _tree(git, diff.root)
    gone = [file.path for file in diff.files[:MAX_COMPARED] if file.state == "deleted"]
    old_paths = {os.path.join(diff.top, old.path) for old in diff.old if old.now}
    paths = {os.path.join(diff.root, path) for path in gone} - old_paths
    was = {os.path.join(diff.root, file.was) for file in diff.files[:MAX_COMPARED] if file.was}
    before = old_contents(git, diff, (paths | was).__contains__) if paths | was else {}
    files = []
    for file in diff.files[:MAX_COMPARED]:
        here = os.path.join(diff.root, file.path)
        content = before.get(here, b"") if here in paths else b""
        if content and b"\0" not in content and len(content) < MAX_BYTES_IN_ALL:
            lines = content.decode("utf-8", "replace").splitlines()
            files.append(compared_file(file.path, (("-", line) for line in lines)))
        text = read_diff(tree, file.path, WHOLE, MAX_BYTES_IN_ALL, *diff.compared) if file.lines else ""
        if not text or len(text) >= MAX_BYTES_IN_ALL:
            continue
        rows = [(line.mark, line.text) for line in parse_lines(text)]
        if content := before.get(os.path.join(diff.root, file.was), b"") if file.was else b"":
            rows = _since(content, [text for _, text in rows])
        files.append(compared_file(file.path, rows))
    return files


def _since(content: bytes, lines: Sequence[str]) -> list[tuple[str, str]]:
    """The lines of a file that was moved, with a mark for those that differ from what it held before."""
    if b"\0" in content or len(content) > MAX_BYTES_IN_ALL:
        return [("+", line) for line in lines]
    old = content.decode("utf-8", "replace").splitlines()
    pairs: list[tuple[str, str]] = []
    for kind, first, last, start, end in SequenceMatcher(None, old, lines).get_opcodes():
        if kind == "equal":
            pairs += ((" ", line) for line in lines[start:end])
        else:
            pairs += (*(("-", line) for line in old[first:last]), *(("+", line) for line in lines[start:end]))
    return pairs


def last_messages(git: Git, root: str) -> list[str]:
    """The messages of the last commits, newest first."""
    return messages(_tree(git, root), never, LAST_COMMITS)


def parse_lines(diff: str) -> tuple[DiffLine, ...]:
    """The lines of the hunks of one file's diff.

    >>> parse_lines("@@ -1,2 +1,2 @@\\n a\\n-b\\n+c\\n")[1:]
    (DiffLine(number=0, mark='-', text='b'), DiffLine(number=2, mark='+', text='c'))
    """
    lines: list[DiffLine] = []
    number: int | None = None  # none before the first hunk; 0 in that of an emptied file
    for line in diff.split("\n"):
        if hunk := _HUNK.match(line):
            number = int(hunk[1])
        elif number is None:
            continue
        elif line[:1] in (" ", "+"):
            lines.append(DiffLine(number, line[0], line[1:]))
            number += 1
        elif line[:1] == "-":
            lines.append(DiffLine(0, "-", line[1:]))
    return tuple(lines)


def _near_changes(lines: Sequence[DiffLine]) -> list[int]:
    """The changed lines and the `SHOWN` lines around each, as indexes in order."""
    positions = (at for at, line in enumerate(lines) if line.mark != " ")
    near = {other for at in positions for other in range(at - SHOWN, at + SHOWN + 1)}
    return [at for at in range(len(lines)) if at in near]


def _tree(git: Git, root: str) -> GitTree:
    program = find_git(git, root)
    if program is None:
        raise UserError("git is not on PATH: install it, or add its folder.")
    try:
        return open_tree(program, root, never)
    except GitFailed:
        raise UserError(f"{root} is not in a git repository: name one with --workspace.") from None


def _read(tree: GitTree, what: Sequence[str]) -> FolderDiff:
    try:
        counts = changed_lines(tree, never, *what)
        old = old_files(tree, never, *what)
    except GitFailed:
        raise UserError(f"git cannot compare with {what[0]!r}: name a commit, a branch or A..B.") from None
    rules = _DiffRules(tree, old)
    files: list[ChangedFile] = []
    left_out: list[tuple[str, str]] = []
    room = MAX_BYTES_IN_ALL
    for path, plus, minus in sorted(counts, key=lambda row: (-row[1] - row[2], row[0])):
        if why := rules.exclusion_reason(path):
            left_out.append((path, why))
        elif len(files) == MAX_FILES:
            left_out.append((path, f"more than {MAX_FILES} files changed"))
        elif not room:
            left_out.append((path, TOO_LONG))
        else:
            file, size = _changed_file(tree, (path, plus, minus), what, min(room, MAX_BYTES))
            room -= min(room, size)
            files.append(replace(file, was=rules.old_path(path)))
            if file.state == "binary":
                left_out.append((path, "binary"))
    files.sort(key=lambda file: (-file.added - file.removed, file.path))
    return FolderDiff(tree.directory, tuple(files), tuple(left_out), tuple(old), rules.top, tuple(what))


class _DiffRules:
    """The rules that leave files of a diff out: by their names, and by those that they had before."""

    def __init__(self, tree: GitTree, old: Sequence[OldFile]) -> None:
        self.top = tree.directory.removesuffix(os.sep + tree.prefix.rstrip("/")) or os.sep
        self._prefix = tree.prefix
        self._rules = FolderRules(tree.directory)
        self._top_rules = FolderRules(self.top)
        self._old = {file.now: file.path for file in old if file.now}

    def old_path(self, path: str) -> str:
        """Find where a file was, from the folder; "" if it was nowhere else."""
        return self._old.get(self._prefix + path, "").removeprefix(self._prefix)

    def exclusion_reason(self, path: str) -> str | None:
        """Say why a file is left out; None if it is not. Of other folders only their rule files are known."""
        if why := self._rules.exclusion_reason(path, by_git_rules=True):
            return why
        was = self._old.get(self._prefix + path)
        if was is None:
            return None
        if why := self._top_rules.exclusion_reason(was, by_git_rules=True):
            return f"{why}: it was {was}"
        return None if was.startswith(self._prefix) else f"it was {was}, which is in another folder"


def _changed_file(
    tree: GitTree, counts: tuple[str, int, int], what: Sequence[str], most: int
) -> tuple[ChangedFile, int]:
    """Return what changed in a file, and how much of its diff was read. Both sizes are in bytes."""
    path, plus, minus = counts
    text = read_diff(tree, path, AROUND, most, *what)
    if len(text) >= most:  # long lines around a change must not take its room
        text = read_diff(tree, path, SHOWN, most, *what)
    size = len(text)
    # What git calls binary is judged again: `-diff` in .gitattributes and a NUL in a program hide no text.
    binary = plus < 0 and "\0" in text and language_of(path) is PLAIN
    cut = size >= most
    if cut:
        text = text[: text.rfind("\n") + 1]
    # A file in the place of a folder is followed by what was in the folder.
    text = text.partition("\ndiff --git ")[0]
    top = text.partition("\n@@")[0]
    if "\ndeleted file mode" in top:
        return ChangedFile(path, 0, max(0, minus), "deleted"), size
    if binary:
        return ChangedFile(path, 0, 0, "binary"), size
    lines = parse_lines(text.replace("\0", "\ufffd"))
    if plus < 0:
        plus, minus = (sum(line.mark == mark for line in lines) for mark in "+-")
    state = "new" if "\nnew file mode" in top else "changed"
    near = tuple(lines[at] for at in _near_changes(lines))
    return ChangedFile(path, plus, minus, state, near, lines, cut=cut), size


LOCAL_TOKENS = 2_000  # of a diff that a local model is shown: 30 s of reading with a 1.5B on two cores
FRONTIER_TOKENS = 8_000
LONGEST = 1_000  # characters of a line; a longer one is left out whole, since redaction misses a cut secret


@dataclass(frozen=True, slots=True)
class DiffPieces:
    """The spans that are shown, and what is left out, as a path and the reason."""

    spans: tuple[Span, ...]
    left_out: tuple[tuple[str, str], ...]


def pieces_for(command: str, diff: FolderDiff, *, local: bool, most: int = FRONTIER_TOKENS) -> DiffPieces:
    """The diff as a command shows it to a model on this machine, or to a provider's in `most` tokens."""
    tokens = LOCAL_TOKENS if local else min(most, FRONTIER_TOKENS)
    return split_pieces(diff, tokens, with_numbers=command == "review")


def split_pieces(diff: FolderDiff, tokens: int, *, with_numbers: bool) -> DiffPieces:
    """The diff in about `tokens` tokens, by file. `with_numbers` writes each line's number before it."""
    room = int(tokens * CHARS_PER_TOKEN)
    spans: list[Span] = []
    left_out = list(diff.left_out)
    for file in diff.files:
        text = _text(file, with_numbers=with_numbers)
        if len(text) > room:
            text = text[: text.rfind("\n", 0, max(0, room)) + 1]
            if spans or not text:
                left_out.append((file.path, TOO_LONG))
                continue
            file = replace(file, cut=True)  # noqa: PLW2901
        if file.cut:
            left_out.append((file.path, CUT))
        room -= len(text)
        spans.append(Span(text, _origin(diff.root, file), _hidden(text, file)))
    return DiffPieces(tuple(spans), tuple(left_out))


def _text(file: ChangedFile, *, with_numbers: bool) -> str:
    if not file.lines:
        return f"({file.state} file)\n"
    rows = []
    for line in file.lines:
        number = f"{line.number or '':>5} " if with_numbers else ""
        size = len(line.text)
        text_shown = line.text if size <= LONGEST else f"(a line of {size:,} characters)"
        rows.append(f"{number}{line.mark} {text_shown}".rstrip() + "\n")
    return "".join(rows)


def _hidden(text: str, file: ChangedFile) -> tuple[HiddenPart, ...]:
    """The secrets in a diff's text that the lines around it show, in the old file and in the new one."""
    near = frozenset(_near_changes(file.around))
    parts: list[HiddenPart] = []
    for other in "+-":
        side = [(at in near, line.text) for at, line in enumerate(file.around) if line.mark != other]
        runs = join_spans(number for number, (is_visible, _) in enumerate(side, 1) if is_visible)
        parts += hidden_parts(text, file.path, [f"{line}\n" for _, line in side], runs)
    return tuple(parts)


def _origin(root: str, file: ChangedFile) -> Origin:
    numbers = [line.number for line in file.lines if line.number]
    first = numbers[0] if numbers else 1
    last = numbers[-1] if numbers else 1
    origins = (Origin("file", file.was, root),) if file.was else ()
    return Origin("file", file.path, root, first, last, outline=True, derived=origins)
