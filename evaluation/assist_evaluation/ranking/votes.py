"""What people said about pairs of answers without knowing whose they were, a line each in a private file."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from assist_context import durable_files
from assist_evaluation.ranking.bradley_terry import Comparison

FILE = "votes.jsonl"
LOCK_S = 10.0


@dataclass(frozen=True, slots=True)
class Vote:
    """A comparison of two answers by a person, with the versions of the candidates that gave them."""

    task: str
    one: str
    other: str
    won: float
    versions: tuple[str, str]

    @property
    def comparison(self) -> Comparison:
        """The vote as the ranking takes it."""
        return Comparison(self.task, self.one, self.other, self.won)


def add_vote(folder: Path, vote: Vote) -> None:
    """Append a vote; at once, so that a session that is cut off loses none."""
    durable_files.append_line(folder / FILE, json.dumps(asdict(vote)).encode(), LOCK_S)


def read_votes(folder: Path) -> Iterator[Vote]:
    """All votes of a repository. Damaged lines are skipped."""
    try:
        lines = (folder / FILE).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return
    for line in lines:
        try:
            row = json.loads(line)
            found = Vote(**{**row, "versions": tuple(row["versions"])})
        except (ValueError, TypeError, KeyError, RecursionError):
            continue
        if found.won in (0.0, 0.5, 1.0) and len(found.versions) == 2:
            yield found
