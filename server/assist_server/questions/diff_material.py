"""The material of a question about a diff: `commit` and `review` are questions like others.

Files are left out that hold lines of a file that may not be shown, also where git sees no move. A copy of a
file that did not change itself, a part of one, and one with other text around it are found by their lines.
Only files that git lists count: files of the commits that are compared, and files of the working tree that
are not ignored. A line counts by its letters and digits alone; if an allowed file had it, it is no
secret. Lines that were joined, split or reworded are not found.
"""

import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from assist_context.files.blobs import decode, open_regular
from assist_context.files.folder_rules import FolderRules
from assist_context.files.git_repository import (
    LINK,
    SUBMODULE,
    Committed,
    Git,
    GitFailed,
    GitTree,
    find_git,
    list_commit,
    list_tracked,
    list_untracked,
    never,
    open_tree,
    read_blobs,
)
from assist_escalation.policy.permissions import Glob
from assist_escalation.prompts import Origin, Span
from assist_server.errors import UserError
from assist_server.questions.composition import DecisionInputs
from assist_server.questions.draft import Question
from assist_server.questions.secret_file_texts import is_denied_by_user, join_texts, old_secret_texts
from assist_server.questions.session import strategies, wants_local_prose
from assist_server.workspace.commit_style import style_words
from assist_server.workspace.compared_diff import ComparedDiff
from assist_server.workspace.folder_diff import (
    FRONTIER_TOKENS,
    ChangedFile,
    FolderDiff,
    diff_against,
    last_messages,
    pieces_for,
    staged_diff,
)

# A diff gets a fourth of a provider's context: short lines of digits have a token for each character.
DENSE = 4
LONG = 12  # letters and digits of a line that says where it is from; `return result` has 12
MANY = 10  # such lines of one file are a part of it, whatever is around them
FEW = 3  # are one if they are SHARE of what was added
SHARE = 0.3
MAX_FILES = 1_000
MAX_BYTES = 1_000_000  # of one file
MAX_BYTES_IN_ALL = 8_000_000  # 1,000 files of that size were compared in 2.5 s, in a folder of 20,000
MAX_ALLOWED = 200  # files that are read where a copy is suspected: those nearby first
INCOMPLETE = (
    "copies of excluded files",
    f"not all were found: there are more than {MAX_FILES:,} files or {MAX_BYTES_IN_ALL:,} bytes",
)
_SIGNS = re.compile(r"\W+")


@dataclass(frozen=True, slots=True)
class DiffQuestion:
    """A question with the pieces of a diff, and what is left out of them: a path and the reason.

    `inputs` know the secrets that files held before the diff, too.
    """

    question: Question
    inputs: DecisionInputs
    left_out: tuple[tuple[str, str], ...]


def read_diff(git: Git, root: str, command: str, revision: str) -> FolderDiff:
    """Read the diff of a command: what is staged, or what changed since a revision. Raises `UserError`."""
    return staged_diff(git, root) if command == "commit" else diff_against(git, root, revision)


def add_diff(question: Question, own: ComparedDiff, git: Git, inputs: DecisionInputs) -> DiffQuestion:
    """A question about a diff, as much of it as the model that may answer reads.

    A commit message is made on this machine unless the user asks for a provider. A model gets the style of
    the last messages; if none is asked, nothing is prepared. Raises `UserError` if git does not answer.
    """
    diff = own.diff
    if question.command == "commit":
        question = replace(question, wish="local" if question.wish == "auto" else question.wish)
        if _needs_no_model(question, inputs):
            spans = (Span(file.path, Origin("file", file.path, diff.root, 1, 1)) for file in diff.files)
            question = replace(question, material=tuple(spans), compared=own)
            return DiffQuestion(question, inputs, diff.left_out)
        style = Span(style_words(last_messages(git, diff.root)), Origin("assist"))
        question = replace(question, problems=(style,))
    permissions = inputs.permissions
    diff = drop_copies(git, own.diff, permissions.deny)
    local = question.command == "commit" and (question.wish == "local" or permissions.mode == "never")
    providers = permissions.providers
    provider = providers.get(question.provider) or next(iter(providers.values()), None)
    most = provider.context_tokens // DENSE if provider is not None else FRONTIER_TOKENS
    pieces = pieces_for(question.command, diff, local=local, most=most)
    secrets = join_texts(inputs.more_secrets, old_secret_texts(git, diff, permissions.deny))
    return DiffQuestion(
        replace(question, material=pieces.spans), replace(inputs, more_secrets=secrets), pieces.left_out
    )


def _needs_no_model(question: Question, inputs: DecisionInputs) -> bool:
    """Return whether a commit message is computed from the diff: sentences of a model are not wanted."""
    is_wanted = question.wish == "frontier" or wants_local_prose(question, inputs)
    return not is_wanted and any(True for _ in strategies("commit", models=False))


@dataclass(frozen=True, slots=True)
class _DeniedFile:
    """A file that may not be shown, as it is or was: why, all of its lines, and its long ones.

    `why` is "" if it only may not leave this machine.
    """

    path: str
    why: str
    lines: tuple[str, ...] = field(repr=False)
    long: frozenset[str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Sources:
    """The origins of the lines of a diff. `places` are the denied files that have a line, by number.

    `prefix` is the diff's folder, "." for the top. `complete`: no denied file was left out.
    """

    tree: GitTree
    prefix: str
    denied: tuple[_DeniedFile, ...]
    places: dict[str, list[int]] = field(repr=False)
    allowed: tuple[Committed, ...] = field(repr=False)
    complete: bool


def drop_copies(git: Git, diff: FolderDiff, globs: Sequence[Glob] = ()) -> FolderDiff:
    """The diff without the files that hold lines of excluded ones, or of those that the globs deny.

    They are named as left out. Raises `UserError` if git does not answer.
    """
    if not any(line.mark == "+" for file in diff.files for line in file.lines):
        return diff
    try:
        sources = _sources(git, diff, globs)
        origins = {file.path: _origin(file, sources) for file in diff.files}
    except GitFailed:
        raise UserError("git cannot read the contents of its files: run `git fsck`.") from None
    files: list[ChangedFile] = []
    left_out: list[tuple[str, str]] = []
    for file in diff.files:
        origin = origins[file.path]
        if origin is None:
            files.append(file)
            continue
        was = os.path.relpath(origin.path, sources.prefix).replace(os.sep, "/")
        if origin.why or was.startswith("../") or file.was not in ("", was):
            why = origin.why or "denied"
            left_out.append((file.path, f"{why}: it has lines of {origin.path}"))
        else:  # the gate judges it as one that was moved
            files.append(replace(file, was=was))
    if not sources.complete:
        left_out.append(INCOMPLETE)
    return replace(diff, files=tuple(files), left_out=(*diff.left_out, *left_out))


def _sources(git: Git, diff: FolderDiff, globs: Sequence[Glob]) -> _Sources:
    program = find_git(git, diff.root)
    if program is None:
        raise GitFailed("git is no longer available")
    tree = open_tree(program, diff.top, never)
    rules = FolderRules(diff.top)
    reasons: dict[str, str | None] = {}  # None for a path that is allowed

    def why(path: str) -> str | None:
        if path not in reasons:
            by_user = is_denied_by_user(os.path.join(diff.top, path), diff.top, globs)
            reasons[path] = rules.exclusion_reason(path, by_git_rules=True) or ("" if by_user else None)
        return reasons[path]

    commits = [_list_files(tree, revision) for revision in _ends(diff)]
    rows = list(dict.fromkeys(row for rows in commits for row in rows if why(row[3]) is not None))
    paths = [row[4] for row in list_tracked(tree, never)] + list_untracked(tree, never)
    present = list(dict.fromkeys(path for path in paths if why(path) is not None))
    texts, complete = _texts(tree, rows, present)
    files = tuple(_denied_file(path, why(path) or "", content) for path, content in dict.fromkeys(texts))
    places: dict[str, list[int]] = {}
    for number, file in enumerate(files):
        for line in file.long:
            places.setdefault(line, []).append(number)
    allowed_rows = tuple(row for row in commits[0] if why(row[3]) is None and row[2] <= MAX_BYTES // 10)
    prefix = os.path.relpath(diff.root, diff.top).replace(os.sep, "/")
    return _Sources(tree, prefix, files, places, allowed_rows, complete)


def _texts(
    tree: GitTree, rows: Sequence[Committed], present: Sequence[str]
) -> tuple[list[tuple[str, bytes]], bool]:
    """Return what files held in commits and hold in the working tree, by path, and whether these are all."""
    room = MAX_BYTES_IN_ALL
    read: list[Committed] = []
    small = [row for row in rows if row[2] <= MAX_BYTES]
    for row in small[:MAX_FILES]:
        if row[2] <= room:
            room -= row[2]
            read.append(row)
    contents = read_blobs(tree, never, [row[1] for row in read])
    texts = [(row[3], content) for row, content in zip(read, contents, strict=True)]
    missing_count = len(small) - len(read) + max(0, len(present) - MAX_FILES)
    for path in present[:MAX_FILES]:
        content = _read(os.path.join(tree.directory, path))
        if len(content) <= room:
            room -= len(content)
            texts.append((path, content))
        else:
            missing_count += 1
    return texts, not missing_count


def _ends(diff: FolderDiff) -> list[str]:
    """The revisions that a diff compares, the older first."""
    if diff.compared == ("--cached",):
        return ["HEAD"]
    return [part or "HEAD" for part in re.split(r"\.{2,3}", diff.compared[0], maxsplit=1)]


def _list_files(tree: GitTree, revision: str) -> list[Committed]:
    try:
        return [row for row in list_commit(tree, never, revision) if row[0] not in (LINK, SUBMODULE)]
    except GitFailed:  # no commit yet
        return []


def _read(path: str) -> bytes:
    """Return what a file holds; nothing if it is gone or long."""
    try:
        with open(open_regular(path), "rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError:
        return b""
    return content if len(content) <= MAX_BYTES else b""


def _denied_file(path: str, why: str, content: bytes) -> _DeniedFile:
    lines = tuple(_bare(decode(content).split("\n")))
    return _DeniedFile(path, why, lines, frozenset(line for line in lines if len(line) >= LONG))


def _bare(lines: Sequence[str]) -> Iterator[str]:
    """The letters and digits of each line that has some."""
    return filter(None, (_SIGNS.sub("", line) for line in lines))


def _origin(file: ChangedFile, sources: _Sources) -> _DeniedFile | None:
    """The denied file that a file of the diff has lines of, or None; a denied file itself has none."""
    whole = tuple(_bare([line.text for line in file.around if line.mark != "-"]))
    lines = set(_bare([line.text for line in file.around if line.mark == "+"]))
    path = os.path.normpath(os.path.join(sources.prefix, file.path)).replace(os.sep, "/")
    if any(denied_files.path == path for denied_files in sources.denied):
        return None
    for denied_files in sources.denied if whole else ():
        if denied_files.lines == whole:
            return denied_files
    source = _most_shared({line for line in lines if len(line) >= LONG}, sources)
    if source is None:
        return None
    lines_known = _allowed_lines(path, sources)
    return _most_shared({line for line in lines - lines_known if len(line) >= LONG}, sources)


def _most_shared(lines: set[str], sources: _Sources) -> _DeniedFile | None:
    counts = Counter(number for line in lines for number in sources.places.get(line, ()))
    for number, count in counts.most_common(1):
        few = min(FEW, len(sources.denied[number].long))
        if count >= MANY or (count >= few and count >= SHARE * len(lines)):
            return sources.denied[number]
    return None


def _allowed_lines(path: str, sources: _Sources) -> set[str]:
    """The lines that allowed files had before: the file's own, then others', the nearest first."""
    folder = os.path.dirname(path)
    suffix = os.path.splitext(path)[1]

    def distance(row: Committed) -> tuple[bool, bool, bool]:
        other = row[3]
        return other != path, not other.endswith(suffix), os.path.dirname(other) != folder

    near = sorted(sources.allowed, key=distance)[:MAX_ALLOWED]
    contents = read_blobs(sources.tree, never, [row[1] for row in near]) if near else []
    return {line for content in contents for line in _bare(decode(content).split("\n"))}
