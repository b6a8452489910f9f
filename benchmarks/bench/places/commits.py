"""Lines that commits of a repository added, and a cursor in one of them.

The index of a place is that of a commit before all of them, so it does not hold what will be written.
"""

import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from assist_context.languages import Language, language_of

SINCE = "2026-01-01"  # the models were made before, so that they do not know these lines by heart
COMMITS = 120  # of a repository at most, the newest first, without merges
LARGEST = 200_000  # characters of a file
SHORTEST = 12  # characters of a line's code
PER_FILE = 6  # places in one file, so that no file decides
GIT = shutil.which("git") or "git"
SUFFIXES = (".py", ".ts", ".tsx", ".js", ".rs", ".go")

_HUNK = re.compile(r"^@@ -\S+ \+(\d+)(?:,(\d+))? @@")
_COMMENT = ("#", "//", "/*", "*", '"""', "'''")


@dataclass(frozen=True, slots=True)
class Place:
    """A cursor in a file: what is before and after it, and `truth`, what the commit has there.

    `kind` is a word for what is before the cursor. `whole` is the commit's file, "" where nothing needs it.
    """

    id: str
    repository: str
    path: str
    kind: str
    before: str
    after: str
    truth: str
    whole: str = ""

    @property
    def language(self) -> Language:
        """The file's language."""
        return language_of(self.path)


def git(repository: Path, *arguments: str, given: bytes = b"") -> bytes:
    """The output of a git command."""
    command = (GIT, "-C", str(repository), *arguments)
    done = subprocess.run(command, capture_output=True, check=True, input=given)
    return done.stdout


def check_out(repository: Path, folder: Path, commit: str = "") -> None:
    """Write the files of a commit into a folder, but those that the clone lacks.

    Without one it is the commit before all places.
    """
    base = commit or commits(repository)[-1]
    listed = git(repository, "ls-tree", "-r", "-z", "--format=%(objectname) %(path)", base).decode()
    rows = [row.split(" ", 1) for row in listed.split("\0") if row]
    blobs = "\n".join(blob for blob, _ in rows).encode()
    checked = git(repository, "cat-file", "--batch-check=%(objecttype)", given=blobs).decode().splitlines()
    missing = [path for (_, path), kind in zip(rows, checked, strict=True) if kind.endswith("missing")]
    left_out = [f":(exclude,literal){path}" for path in missing]
    with tarfile.open(fileobj=BytesIO(git(repository, "archive", base, "--", ".", *left_out))) as files:
        files.extractall(folder, filter="data")


def commits(repository: Path) -> Sequence[str]:
    """The newest commits since `SINCE`, the newest first, and the one before them."""
    options = ("--no-merges", f"-n{COMMITS}", f"--since={SINCE}", "--format=%H %P")
    listed = git(repository, "log", "--first-parent", *options) or git(repository, "log", *options)
    rows = [line.split() for line in listed.decode().splitlines()]
    found = [commit for commit, *_ in rows]
    return [
        *found,
        *rows[-1][1:2],
    ]  # the first commit of all has no parent: then it is the one before the others


def added_lines(repository: Path, commit: str) -> Iterator[tuple[str, str, int, int]]:
    """The places that a commit added lines to: commit, path, first line, and number of lines."""
    path = ""
    shown = git(repository, "show", "--unified=0", "--format=", "--diff-filter=AM", commit)
    for line in shown.decode("utf-8", "replace").splitlines():
        if line.startswith("+++ "):
            path = line[6:] if line.startswith("+++ b/") and line.endswith(SUFFIXES) else ""
        elif path and (found := _HUNK.match(line)) and (size := int(found[2] or 1)):
            yield commit, path, int(found[1]), size


def is_code(line: str) -> bool:
    """Whether a line has enough code to be written again."""
    code = line.strip()
    return len(code) >= SHORTEST and not code.startswith(_COMMENT)
