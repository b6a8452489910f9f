"""What the files of a folder said at the last commit, read from git in portions.

What an allowed file has there is no secret, even if a restricted file says the same. The working tree does
not count: a tool may have copied a restricted file to another name a moment ago.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from assist_context.files.git_repository import (
    LINK,
    SUBMODULE,
    Git,
    GitFailed,
    GitTree,
    find_git,
    list_commit,
    never,
    open_tree,
    read_blobs,
)

MAX_BYTES = 1_000_000  # of one file; longer ones are data
_PORTION = 4_000_000  # bytes that git prints at once


@dataclass(frozen=True, slots=True)
class CommittedFiles:
    """The ids of the files' contents at the last commit, by their paths in the folder."""

    tree: GitTree | None = field(default=None, repr=False)
    blobs: dict[str, str] = field(default_factory=dict, repr=False)
    sizes: dict[str, int] = field(default_factory=dict, repr=False)


def committed_files(root: str, git: Git) -> CommittedFiles:
    """The files of the last commit below a resolved folder; none without git or without a commit."""
    program = find_git(git, root)
    if program is None:
        return CommittedFiles()
    try:
        tree = open_tree(program, root, never)
        rows = list_commit(tree, never, "HEAD")
    except GitFailed:
        return CommittedFiles()
    texts = [row for row in rows if row[0] not in (LINK, SUBMODULE) and row[2] <= MAX_BYTES]
    return CommittedFiles(tree, {row[3]: row[1] for row in texts}, {row[1]: row[2] for row in texts})


def committed_texts(files: CommittedFiles, blobs: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """The contents by their ids; those that git does not have are left out."""
    portion: list[str] = []
    size = 0
    for number, blob in enumerate(blobs, 1):
        portion.append(blob)
        size += files.sizes.get(blob, 0)
        if size >= _PORTION or number == len(blobs):
            yield from _read(files, portion)
            portion = []
            size = 0


def _read(files: CommittedFiles, blobs: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    if files.tree is None:
        return
    try:
        yield from zip(blobs, read_blobs(files.tree, never, blobs), strict=True)
    except GitFailed:
        return
