"""Places where people typed: lines that recent commits of a repository added, half written again.

The index of a place is that of a commit before all of them, so it does not hold what will be written. What
the commit added below the cursor in the same place is not there yet.
"""

import random
import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from assist_context.languages import Language, language_of

COMMITS = 60  # of a repository, the newest first, without merges; the index is that of the commit before
LARGEST = 200_000  # characters of a file
SHORTEST = 12  # characters of a line's code
PER_FILE = 6  # places in one file, so that no file decides
GIT = shutil.which("git") or "git"
SUFFIXES = (".py", ".ts", ".tsx", ".js", ".rs", ".go")
KINDS = ("word", "word", "line", "block")  # how often each kind of place is drawn

_HUNK = re.compile(r"^@@ -\S+ \+(\d+)(?:,(\d+))? @@")
_TOKEN = re.compile(r"\w+|[^\w\s]")
_COMMENT = ("#", "//", "/*", "*", '"""', "'''")


@dataclass(frozen=True, slots=True)
class TrustPlace:
    """A cursor in a file: what is before and after it, and `truth`, what the commit has there.

    `kind` is "word" within a line, "line" at the start of one, "block" in an empty block. `whole` is the
    commit's file.
    """

    id: str
    repository: str
    path: str
    kind: str
    before: str
    after: str
    truth: str
    whole: str

    @property
    def language(self) -> Language:
        """The file's language."""
        return language_of(self.path)


def git(repository: Path, *arguments: str) -> bytes:
    """The output of a git command."""
    command = (GIT, "-C", str(repository), *arguments)
    done = subprocess.run(command, capture_output=True, check=True)
    return done.stdout


def check_out(repository: Path, folder: Path) -> None:
    """Write the files of the commit before all places into a folder."""
    base = commits(repository)[-1]
    with tarfile.open(fileobj=BytesIO(git(repository, "archive", base))) as files:
        files.extractall(folder, filter="data")


def places(repository: Path, name: str, count: int, seed: int = 1) -> list[TrustPlace]:
    """At most `count` places of a repository, in an order that the seed decides."""
    rng = random.Random(f"{seed} {name}")
    hunks = [hunk for commit in commits(repository)[:-1] for hunk in added_lines(repository, commit)]
    rng.shuffle(hunks)
    found: list[TrustPlace] = []
    per_file: dict[str, int] = {}
    for commit, path, first, size in hunks:
        if len(found) == count:
            break
        if per_file.get(path, 0) >= PER_FILE:
            continue
        text = git(repository, "show", f"{commit}:{path}").decode("utf-8", "replace")
        place = _place(name, (commit, path), text, range(first - 1, first - 1 + size), rng)
        if place is not None:
            per_file[path] = per_file.get(path, 0) + 1
            found.append(place)
    return found


def commits(repository: Path) -> Sequence[str]:
    """The newest commits without merges, the newest first, and the one before them."""
    listed = git(repository, "log", "--no-merges", "--first-parent", f"-n{COMMITS + 1}", "--format=%H")
    return listed.decode().split()


def added_lines(repository: Path, commit: str) -> Iterator[tuple[str, str, int, int]]:
    """The places that a commit added lines to: commit, path, first line, and number of lines."""
    path = ""
    shown = git(repository, "show", "--unified=0", "--format=", "--diff-filter=AM", commit)
    for line in shown.decode("utf-8", "replace").splitlines():
        if line.startswith("+++ "):
            path = line[6:] if line.startswith("+++ b/") and line.endswith(SUFFIXES) else ""
        elif path and (found := _HUNK.match(line)) and (size := int(found[2] or 1)):
            yield commit, path, int(found[1]), size


def _place(
    name: str, where: tuple[str, str], text: str, added: range, rng: random.Random
) -> TrustPlace | None:
    """A place in the lines that were added, None if there is none."""
    lines = text.splitlines(keepends=True)
    fitting = [at for at in added if at < len(lines) and is_code(lines[at])]
    if len(text) > LARGEST or not fitting:
        return None
    kind = rng.choice(KINDS)
    if kind == "block":
        fitting = [at for at in fitting if at - 1 in added and re.search(r"[:{]\s*$", lines[at - 1])]
    if not fitting:
        return None
    at = rng.choice(fitting)
    line = lines[at].rstrip("\r\n")
    column = _column(line, rng) if kind == "word" else len(line) - len(line.lstrip())
    if column is None:
        return None
    before = "".join(lines[:at]) + line[:column]
    truth = line[column:] + "\n" + "".join(lines[at + 1 : added.stop])
    after = "\n" + "".join(lines[added.stop :])
    commit, path = where
    return TrustPlace(
        f"{name}/{commit[:9]}/{path}:{at + 1}:{column + 1}", name, path, kind, before, after, truth, text
    )


def is_code(line: str) -> bool:
    code = line.strip()
    return len(code) >= SHORTEST and not code.startswith(_COMMENT)


def _column(line: str, rng: random.Random) -> int | None:
    """A column within a line: after a token, or some letters into a word; at least two tokens are left."""
    tokens = list(_TOKEN.finditer(line))
    if len(tokens) < 4:
        return None
    at = rng.randrange(1, len(tokens) - 2)
    token = tokens[at]
    word = token[0][0].isalpha() and len(token[0]) > 4
    return token.start() + rng.randint(1, 3) if word and rng.random() < 0.5 else token.end()
