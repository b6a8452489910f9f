"""What people said about pairs of answers without knowing whose they were, a line each in a private file."""

import json
import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from assist_server.evaluation.ranking.bradley_terry import Comparison

FILE = "votes.jsonl"


def add_vote(folder: Path, vote: Comparison) -> None:
    """Append a vote; at once, so that a session that is cut off loses none."""
    handle = os.open(folder / FILE, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with open(handle, "wb", buffering=0) as stream:
        stream.write(json.dumps(asdict(vote)).encode() + b"\n")


def read_votes(folder: Path) -> Iterator[Comparison]:
    """All votes of a repository. Damaged lines are skipped."""
    try:
        lines = (folder / FILE).read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for line in lines:
        try:
            found = Comparison(**json.loads(line))
        except (ValueError, TypeError):
            continue
        if found.won in (0.0, 0.5, 1.0):
            yield found
