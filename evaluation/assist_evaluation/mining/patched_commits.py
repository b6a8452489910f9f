"""What git's history says: commits with the lines that they changed, and texts of files at a commit.

It only reads, through `git_repository` of the context package. It does not know what commits are good for.
"""

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from assist_context.files.git_repository import GitTree, Stop, run_git, split_records
from assist_context.files.path_names import name_of_bytes

LARGEST_BLOB = 1_000_000  # bytes of a file that is read: longer ones are data

_COMMIT = b"\x01"  # begins a commit in the log; no line of a diff begins with it
_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_LOG = (
    "log", "--format=%x01%H%x00%P%x00%cs%x00%s",
    "--patch", "--unified=0", "--inter-hunk-context=0", "--no-color", "--no-ext-diff", "--no-textconv",
    "--find-renames", "--diff-filter=AM", "--ignore-submodules=all", "--src-prefix=a/", "--dst-prefix=b/",
    "--relative",
)  # fmt: skip
# Files that programs write are long, and no one asks about their lines.
_PATHS = (
    "--", ".", ":(exclude,glob)**/node_modules/**", ":(exclude,glob)**/vendor/**",
    ":(exclude,glob)**/dist/**",
    ":(exclude,glob)**/*.lock", ":(exclude,glob)**/*-lock.*", ":(exclude,glob)**/*.min.*",
    ":(exclude,glob)**/*.svg", ":(exclude,glob)**/*.json",
)  # fmt: skip
_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")


@dataclass(frozen=True, slots=True)
class PatchHunk:
    """Lines that a commit replaced: `removed` from line `old` on by `added` from line `new` on, without ends.

    Lines count from 1. Where nothing was removed, `old` is the line above; where nothing was added, `new` is.
    """

    old: int
    removed: tuple[str, ...]
    new: int
    added: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PatchedFile:
    """A file that a commit changed or added, with its hunks from the top."""

    path: str
    hunks: tuple[PatchHunk, ...]


@dataclass(frozen=True, slots=True)
class PatchedCommit:
    """A commit without merges: its id and its parent's, "" for none, its day, its subject and its files."""

    id: str
    parent: str
    day: str
    subject: str
    files: tuple[PatchedFile, ...]


def commit_id(tree: GitTree, stop: Stop, revision: str) -> str:
    """The full id of the commit that a revision names. Raises GitFailed if it names none."""
    spec = f"{revision}^{{commit}}"
    answer = run_git(tree, stop, "rev-parse", "--verify", "--quiet", "--end-of-options", spec)
    return name_of_bytes(answer.strip())


def patched_commits(
    tree: GitTree, stop: Stop, revision: str, *, skip: int, count: int
) -> list[PatchedCommit]:
    """`count` commits before a revision, newest first, after the `skip` newest ones, each with one parent.

    Merges are left out, and so is what has no parent: the first commit, and where a shallow clone ends. Of
    the others, files that were deleted, only renamed, or are binary. Raises GitFailed.
    """
    chosen = (f"--skip={skip}", f"-{count}", "--min-parents=1", "--max-parents=1")
    return _read(run_git(tree, stop, *_LOG, *chosen, "--end-of-options", revision, *_PATHS))


def commits_by_id(tree: GitTree, stop: Stop, names: Sequence[str]) -> list[PatchedCommit]:
    """These commits with what they changed, by their full ids; other names are left out.

    Raises GitFailed if one of them is not there.
    """
    ids = [name for name in names if _ID.fullmatch(name)]
    if not ids:
        return []
    return _read(run_git(tree, stop, *_LOG, "--no-walk=unsorted", "--end-of-options", *ids, *_PATHS))


def _read(answer: bytes) -> list[PatchedCommit]:
    return [_commit(part) for part in answer.split(b"\n" + _COMMIT) if part.strip()]


def _commit(block: bytes) -> PatchedCommit:
    head, _, diff = block.removeprefix(_COMMIT).partition(b"\n")
    name, parents, day, subject = head.decode("utf-8", "replace").split("\0", 3)
    parent = parents.split(" ")[0]
    return PatchedCommit(name, parent, day, subject, tuple(_files(diff.decode("utf-8", "replace"))))


def _files(diff: str) -> Iterator[PatchedFile]:
    for part in f"\n{diff}".split("\ndiff --git ")[1:]:
        named = re.search(r"^\+\+\+ b/(.+?)\t?$", part, re.MULTILINE)
        if named and (hunks := tuple(_hunks(part.split("\n")))):
            yield PatchedFile(named[1], hunks)


def _hunks(lines: Sequence[str]) -> Iterator[PatchHunk]:
    at = 0
    while at < len(lines):
        found = _HUNK.match(lines[at])
        at += 1
        if found is None:
            continue
        old, removals, new, additions = (int(group or 1) for group in found.groups())
        part = lines[at : at + removals + additions + 2]
        body = [line.removesuffix("\r") for line in part if not line.startswith("\\")]
        removed = tuple(line[1:] for line in body[:removals])
        yield PatchHunk(old, removed, new, tuple(line[1:] for line in body[removals : removals + additions]))
        at += removals + additions


def files_at(tree: GitTree, stop: Stop, revision: str) -> dict[str, int]:
    """The paths of a revision's files in the directory, without links and submodules, and their bytes."""
    answer = run_git(tree, stop, "ls-tree", "-r", "-l", "-z", revision, "--", ".")
    found = {}
    for record in split_records(answer):
        facts, _, path = record.partition(b"\t")
        mode, kind, _, size = facts.split()
        if kind == b"blob" and mode != b"120000":
            found[name_of_bytes(path)] = int(size)
    return found


def texts_at(tree: GitTree, stop: Stop, wanted: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """The texts of files, each by a commit's full id and a path; without missing, large and binary ones.

    Bytes that are not UTF-8 become U+FFFD; line ends are "\\n".
    """
    places = [
        (commit, path)
        for commit, path in dict.fromkeys(wanted)
        if _ID.fullmatch(commit) and not {"\n", "\r", "\0"} & set(path)
    ]
    specs = [f"{commit}^{{commit}}:./{path}" for commit, path in places]
    sizes = _ask(tree, stop, "--batch-check", specs).split(b"\n")
    small = [
        (place, spec) for place, spec, facts in zip(places, specs, sizes, strict=False) if _is_small(facts)
    ]
    answer = _ask(tree, stop, "--batch", [spec for _, spec in small])
    found = {}
    at = 0
    for place, _ in small:
        end = answer.index(b"\n", at)
        size = int(answer[at:end].rsplit(b" ", 1)[1])
        data = answer[end + 1 : end + 1 + size]
        at = end + size + 2
        if b"\0" not in data:
            found[place] = data.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    return found


def _ask(tree: GitTree, stop: Stop, how: str, specs: Sequence[str]) -> bytes:
    given = b"".join(os.fsencode(spec) + b"\n" for spec in specs)
    return run_git(tree, stop, "cat-file", how, data=given) if specs else b""


def _is_small(facts: bytes) -> bool:
    """Whether a line of `--batch-check`, "ID TYPE SIZE" or "NAME missing", is of a file worth reading."""
    parts = facts.rsplit(b" ", 2)
    return len(parts) == 3 and parts[1] == b"blob" and parts[2].isdigit() and int(parts[2]) <= LARGEST_BLOB
