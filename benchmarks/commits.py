"""Is what `assist commit` says of real commits true, and is it as useful as what their authors wrote?

    uv run python benchmarks/commits.py FOLDER [--group held_out] [--page FILE] [--out FILE]
    uv run python benchmarks/commits.py FOLDER --draw 6 --repository NAME...

FOLDER has a clone of each repository in `bench/commits/verdicts.toml`. For each commit that is listed there
its changes are staged on its parent, in a copy without a working tree, and the command runs as a user runs
it. --page writes what came next to the author's message, for a reader with the diff open. The reader's
verdicts are in the list: "true" if every statement holds, "useful" if a colleague would learn as much from
ours. A verdict holds for one message; if another one is computed now, it is not counted.

--draw prints the commits that the rule chooses: of the last 2,000 that are no merges, in an order by chance,
the first whose author is no bot, whose subject has four words and names no release, version, format or typo,
and which change 3 to 200 lines in at most eight text files, one of them code.
"""

import argparse
import hashlib
import json
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.index.trees import ENVIRON
from bench.provenance import provenance, write

VERDICTS = Path(__file__).parent / "bench" / "commits" / "verdicts.toml"
LAST = 2_000
MAX_FILES = 8
LINES = range(3, 201)
FEWEST_WORDS = 4
CODE = re.compile(r"\.(?:py|tsx?|jsx?|mjs|go|rs)$")
UNFIT = re.compile(
    r"""
      \b(?:bump|release|version|upgrade|changelog|dependabot|renovate)\b  # made by a program, or for one
    | \b(?:typo|merge|wip)\b
    | \b(?:lint|clippy|format|fmt|pre-commit)\b
    | \[bot\]
    """,
    re.IGNORECASE | re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class WrittenCommit:
    """A commit of a list, with the verdicts on a message: its hash, whether it is true, and useful."""

    repository: str
    commit: str
    group: str
    message: str
    is_true: bool
    is_useful: bool


@dataclass(frozen=True, slots=True)
class ComputedMessage:
    """What the command said of a commit, in so many seconds, next to what its author said."""

    commit: WrittenCommit
    ours: str
    theirs: str
    seconds: float

    @property
    def is_judged(self) -> bool:
        """Whether the verdicts are about this message."""
        return digest(self.ours) == self.commit.message


def digest(message: str) -> str:
    return hashlib.sha256(message.encode()).hexdigest()[:8]


def git(root: Path, *arguments: str) -> str:
    command = ["git", "-C", str(root), *arguments]
    done = subprocess.run(command, env=ENVIRON, capture_output=True, check=True)
    return done.stdout.decode("utf-8", "replace")


def draw(root: Path, count: int, seed: int) -> Iterator[str]:
    """The commits of a repository that the rule chooses."""
    log = git(root, "log", "--no-merges", f"-{LAST}", "--format=%H%x1f%an%x1f%s")
    rows = [row.split("\x1f") for row in log.splitlines()]
    random.Random(seed).shuffle(rows)
    fit = (commit for commit, author, subject in rows if _is_fit(root, commit, author, subject))
    yield from (commit for commit, _ in zip(fit, range(count), strict=False))


def _is_fit(root: Path, commit: str, author: str, subject: str) -> bool:
    words = re.sub(r"^\S+: ", "", subject).split()
    if "bot" in author.lower() or UNFIT.search(subject) or len(words) < FEWEST_WORDS:
        return False
    counted = [
        row.split("\t") for row in git(root, "show", "--numstat", "--format=", commit).splitlines() if row
    ]
    is_text = all(added.isdigit() for added, _, _ in counted)
    return (
        0 < len(counted) <= MAX_FILES
        and is_text
        and any(CODE.search(path) for _, _, path in counted)
        and sum(int(added) + int(removed) for added, removed, _ in counted) in LINES
    )


def read_list() -> list[WrittenCommit]:
    """The commits with the verdicts on them."""
    found = tomllib.loads(VERDICTS.read_text("utf-8"))
    return [
        WrittenCommit(repository, commit, group, *verdict)
        for group, repositories in found.items()
        for repository, commits in repositories.items()
        for commit, verdict in commits.items()
    ]


def compute(folder: Path, commits: Sequence[WrittenCommit]) -> Iterator[ComputedMessage]:
    """The message of each commit, from the command line, in a copy in which its changes are staged."""
    with tempfile.TemporaryDirectory() as scratch:
        for commit in commits:
            copy = Path(scratch, commit.repository)
            if not copy.exists():
                source = str((folder / commit.repository).resolve())
                git(folder, "clone", "-q", "--no-checkout", "--shared", source, str(copy))
            git(copy, "update-ref", "--no-deref", "HEAD", f"{commit.commit}^")
            git(copy, "read-tree", commit.commit)
            started = time.perf_counter()
            command = [sys.executable, "-m", "assist_server", "commit", "--json"]
            done = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=True)
            seconds = time.perf_counter() - started
            theirs = git(copy, "log", "-1", "--format=%B", commit.commit).strip()
            yield ComputedMessage(commit, json.loads(done.stdout)["message"], theirs, seconds)


def page_of(messages: Sequence[ComputedMessage]) -> str:
    """What a reader judges."""
    parts = [
        f"## {one.commit.repository} {one.commit.commit[:8]} {digest(one.ours)}\n\n"
        f"### Theirs\n\n{one.theirs}\n\n### Ours\n\n{one.ours}\n"
        for one in messages
    ]
    return "\n".join(parts)


def figures(messages: Sequence[ComputedMessage]) -> dict[str, Any]:
    """Counts of verdicts by group, and seconds."""
    groups: dict[str, Counter[str]] = {}
    for one in messages:
        row = groups.setdefault(one.commit.group, Counter())
        row.update(commits=1, judged=one.is_judged)
        if one.is_judged:
            row.update(true=one.commit.is_true, useful=one.commit.is_useful)
    seconds = sorted(one.seconds for one in messages)
    return {
        "groups": {name: dict(row) for name, row in groups.items()},
        "seconds": {
            "p50": round(statistics.median(seconds), 2),
            "p95": round(seconds[min(len(seconds) - 1, int(0.95 * len(seconds)))], 2),
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--draw", type=int, help="so many commits of each repository")
    parser.add_argument("--repository", action="append", default=[])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--group")
    parser.add_argument("--page", type=Path)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    if options.draw:
        for name in options.repository:
            print(
                *(f"{name} {commit}" for commit in draw(options.folder / name, options.draw, options.seed)),
                sep="\n",
            )
        return
    commits = [commit for commit in read_list() if options.group in (None, commit.group)]
    messages = list(compute(options.folder, commits))
    if options.page:
        options.page.write_text(page_of(messages), encoding="utf-8")
    found = figures(messages)
    print(json.dumps(found, indent=2))
    if options.out:
        write(options.out, provenance(), found)


if __name__ == "__main__":
    main()
