"""What git's history says: commits with the lines that they changed, and texts of files at a commit.

Like `git_repository`, through which it calls git, it only reads. It does not know what commits are good for.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from assist_context.files.git_repository import GitTree, Stop, records_of, run_git

LARGEST_BLOB = 1_000_000  # bytes of a file that is read: longer ones are data

_COMMIT = b"\x01"  # begins a commit in the log; no line of a diff begins with it
_LOG = (
    "-c", "log.showSignature=false", "log", "--format=%x01%H%x00%P%x00%cs%x00%s", "--patch", "--unified=0",
    "--no-color", "--no-ext-diff", "--no-textconv", "--no-renames", "--diff-filter=AM",
    "--ignore-submodules=all", "--src-prefix=a/", "--dst-prefix=b/", "--relative",
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


def patched_commits(
    tree: GitTree, stop: Stop, revision: str, *, skip: int, count: int
) -> list[PatchedCommit]:
    """`count` commits before a revision, newest first, after the `skip` newest ones.

    Files that were deleted, renamed or are binary are left out. Raises GitFailed.
    """
    return _read(
        run_git(tree, stop, *_LOG, f"--skip={skip}", f"-{count}", "--no-merges", revision, "--", ".")
    )


def commits_by_id(tree: GitTree, stop: Stop, names: Sequence[str]) -> list[PatchedCommit]:
    """These commits with what they changed. Raises GitFailed if one of them is not there."""
    return _read(run_git(tree, stop, *_LOG, "--no-walk=unsorted", *names, "--", ".")) if names else []


def _read(answer: bytes) -> list[PatchedCommit]:
    return [_commit(each) for each in answer.split(b"\n" + _COMMIT) if each.strip()]


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
        old, removals, new, additions = (int(each or 1) for each in found.groups())
        body = [line for line in lines[at : at + removals + additions + 2] if not line.startswith("\\")]
        removed = tuple(line[1:] for line in body[:removals])
        yield PatchHunk(old, removed, new, tuple(line[1:] for line in body[removals : removals + additions]))
        at += removals + additions


def files_at(tree: GitTree, stop: Stop, revision: str) -> dict[str, int]:
    """The paths of a revision's files in the directory, without links and submodules, and their bytes."""
    answer = run_git(tree, stop, "ls-tree", "-r", "-l", "-z", revision, "--", ".")
    found = {}
    for record in records_of(answer):
        facts, _, path = record.partition(b"\t")
        mode, kind, _, size = facts.split()
        if kind == b"blob" and mode != b"120000":
            found[os.fsdecode(path)] = int(size)
    return found


def texts_at(tree: GitTree, stop: Stop, wanted: Iterable[tuple[str, str]]) -> Mapping[tuple[str, str], str]:
    """The texts of files, each by its revision and path; without missing, large and binary ones.

    Bytes that are not UTF-8 become U+FFFD; line ends are "\\n".
    """
    places = list(dict.fromkeys(wanted))
    if not places:
        return {}
    given = b"".join(os.fsencode(f"{revision}:./{path}\n") for revision, path in places if "\n" not in path)
    answer = run_git(tree, stop, "cat-file", "--batch", given=given)
    found = {}
    at = 0
    for place in (each for each in places if "\n" not in each[1]):
        end = answer.find(b"\n", at)
        facts = answer[at:end].rsplit(b" ", 2)
        at = end + 1
        if len(facts) < 3 or not facts[-1].isdigit():  # "NAME missing"
            continue
        size = int(facts[-1])
        data = answer[at : at + size]
        at += size + 1
        if facts[-2] == b"blob" and size <= LARGEST_BLOB and b"\0" not in data:
            found[place] = data.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    return found
