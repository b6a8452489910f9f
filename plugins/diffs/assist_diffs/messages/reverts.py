"""The search for a commit that a diff takes back exactly. It asks git for blobs, and compares no text."""

from assist_context.files.git_repository import (
    Git,
    GitFailed,
    find_git,
    never,
    open_tree,
    run_git,
)
from assist_context.files.path_names import name_of_bytes
from assist_server.workspace.folder_diff import FolderDiff

LAST = 20  # commits, one of which may be taken back
_RAW = ("--raw", "--no-renames", "--no-abbrev", "--no-relative", "--no-ext-diff", "--no-color")


def reverted_subject(git: Git, diff: FolderDiff) -> str:
    """The subject of the last commit whose changes a diff takes back, "" if it takes none back.

    Files that were changed again in between are not the same.
    """
    program = find_git(git, diff.root)
    if program is None or not diff.compared:
        return ""
    try:
        tree = open_tree(program, diff.root, never)
        wanted = run_git(tree, never, "diff", *_RAW, *diff.compared, "--")
        log = run_git(tree, never, "log", f"-{LAST}", "--no-merges", *_RAW, "--format=%x00%s")
    except GitFailed:  # there is no commit yet
        return ""
    rows = sorted(filter(None, map(_swap, name_of_bytes(wanted).split("\n"))))
    for commit in name_of_bytes(log).split("\0")[1:]:
        subject, *changes = commit.split("\n")
        if rows and sorted(filter(None, changes)) == rows:
            return subject
    return ""


def _swap(row: str) -> str:
    """A row of a diff with its sides exchanged.

    >>> _swap(":100644 000000 aa 00 D\\tcart.py")
    ':000000 100644 00 aa A\\tcart.py'
    """
    facts, tab, path = row.partition("\t")
    if not tab:
        return ""
    old_mode, mode, old_blob, blob, state = facts.removeprefix(":").split(" ")
    state = {"A": "D", "D": "A"}.get(state, state)
    return f":{mode} {old_mode} {blob} {old_blob} {state}\t{path}"
