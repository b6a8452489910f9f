"""The history of lines in git: the commits that changed them last.

Like `git_repository`, through which it calls git, it only reads.
"""

import re
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime

from assist_context.files.git_repository import GitTree, Stop, run_git

_BLAMED = re.compile(r"([0-9a-f]{40,64}) \d+ \d+")


@dataclass(frozen=True, slots=True)
class LineChange:
    """A commit that was the last one to change some of a file's lines, and how many: id, day and subject.

    `author` is who wrote it, by name.
    """

    id: str
    day: str
    subject: str
    lines: int
    author: str


def last_changes(tree: GitTree, stop: Stop, path: str, first: int, last: int) -> list[LineChange]:
    """The commits that lines of a file are from, as they are on the disk, newest first.

    Lines that are not committed belong to none. Raises GitFailed, also if git needs longer than it may.
    """
    span = f"-L{first},{last}"
    answer = run_git(tree, stop, "blame", "--porcelain", "--no-textconv", span, "--", path).decode(
        "utf-8", "replace"
    )
    counts = Counter[str]()
    headers: dict[str, dict[str, str]] = {}
    name = ""
    for line in answer.split("\n"):
        if match := _BLAMED.match(line):
            name = match[1]
            counts[name] += 1
        elif not line.startswith("\t"):
            key, _, value = line.partition(" ")
            headers.setdefault(name, {})[key] = value
    dates = [(int(headers[name]["committer-time"]), name) for name in counts if name.strip("0")]
    return [
        LineChange(name, day, headers[name]["summary"], counts[name], headers[name].get("author", ""))
        for seconds, name in sorted(dates, reverse=True)
        if (day := _day(seconds))
    ]


def _day(seconds: int) -> str:
    """A time as a day, "" if no calendar has it."""
    try:
        return datetime.fromtimestamp(seconds, UTC).date().isoformat()
    except (ValueError, OverflowError, OSError):
        return ""
