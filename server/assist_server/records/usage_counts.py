"""Counts over all sessions, kept in one small file: how often, how much, why not. Never any text."""

import contextlib
import json
from collections import Counter
from pathlib import Path

from filelock import FileLock, Timeout

FILE = "stats.json"


def read(data: Path) -> Counter[str]:
    """What was counted so far; nothing if the file is missing or damaged."""
    try:
        stored = json.loads((data / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return Counter()
    if not isinstance(stored, dict):
        return Counter()
    return Counter({key: value for key, value in stored.items() if isinstance(value, int)})


def record(data: Path, counts: Counter[str]) -> None:
    """Add the counts of a session. Two sessions may end at once. A full disk loses the counts only."""
    if not counts:
        return
    with contextlib.suppress(OSError, Timeout):
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        with FileLock(data / f"{FILE}.lock", timeout=1):
            fresh = data / f"{FILE}.tmp"
            fresh.touch(mode=0o600)
            fresh.write_text(json.dumps(dict(read(data) + counts), indent=1), encoding="utf-8")
            fresh.replace(data / FILE)
