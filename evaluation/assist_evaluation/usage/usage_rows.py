"""Counts of ghost text by day, repository, model and language, as JSON Lines. Never a text, a path or a time.

A line adds to the lines of the same key before it, so a session only appends. At its end a session adds one
row with all that its engine counted. What is counted, and when, the editor's side decides.
"""

import contextlib
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from assist_context import durable_files

NEXT_EDIT = "next-edit:"
SESSION = "session:"  # what an engine counted over a session: requests of all models, with reasons and tokens
FILE = "usage.jsonl"  # in the data directory
MAX_BYTES = 2_000_000  # about 8,000 lines, which are read in 50 ms
DAYS = 400  # a year can be compared with the one before
LOCK_S = 1.0  # lost counts do little harm, but a waiting editor does

MS_BOUNDS = (1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500)  # milliseconds, each the end of a bucket
SLOWEST = f"ms>{MS_BOUNDS[-1]}"
BUCKETS = (*(f"ms<={bound}" for bound in MS_BOUNDS), SLOWEST)

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_KEY = ("day", "repo", "model", "language")


@dataclass(frozen=True, slots=True)
class UsageKey:
    """What counts are for: the day (UTC, "2026-01-31"), a key of the repository (no path), model, language.

    "" is unknown. Next edits have `NEXT_EDIT` and their kind for a model, and totals of sessions `SESSION`.
    """

    day: str
    repo: str = ""
    model: str = ""
    language: str = ""

    @property
    def is_next_edit(self) -> bool:
        return self.model.startswith(NEXT_EDIT)

    @property
    def is_ghost_text(self) -> bool:
        return not self.model.startswith((NEXT_EDIT, SESSION))


def record(data: Path, rows: Mapping[UsageKey, Counter[str]]) -> None:
    """Add counts to the file of the data directory. A full disk or a taken lock loses these counts only.

    It blocks, for a second at most if another process writes.
    """
    lines = b"".join(_line(key, counts) for key, counts in rows.items() if +counts)
    if not lines:
        return
    path = data / FILE
    with contextlib.suppress(OSError, Timeout):
        durable_files.append_line(path, lines, LOCK_S)
        if _is_large(path):
            with FileLock(f"{path}.lock", timeout=LOCK_S, mode=0o600):
                if _is_large(path):  # else another process was faster
                    _compact(path)


def read(data: Path) -> dict[UsageKey, Counter[str]]:
    """The sums for each key. Torn and unknown lines are skipped; an unreadable file has none."""
    try:
        return _sums(data / FILE)
    except OSError:
        return {}


def record_session(data: Path, totals: Counter[str]) -> None:
    """Add what a whole session counted, at its end."""
    record(data, {UsageKey(datetime.now(UTC).strftime("%Y-%m-%d"), model=SESSION): totals})


def kept_from(data: Path) -> str:
    """The first day that is complete, since older ones may have been dropped; "" if none was."""
    try:
        return _oldest_day() if _compact_size(data / FILE) else ""
    except OSError:
        return ""


def bucket(ms: float) -> str:
    """The name of the count for an answer that took `ms` milliseconds: the first bucket that it fits."""
    return next((name for name, bound in zip(BUCKETS, MS_BOUNDS, strict=False) if ms <= bound), SLOWEST)


def _line(key: UsageKey, counts: Mapping[str, int]) -> bytes:
    named = {name: getattr(key, name) for name in _KEY if getattr(key, name)}
    numbers = {name: count for name, count in counts.items() if count > 0}
    return json.dumps({**named, "counts": numbers}, separators=(",", ":")).encode() + b"\n"


def _sums(path: Path) -> dict[UsageKey, Counter[str]]:
    """The sums for each key. Raises `OSError`."""
    sums: dict[tuple[str, ...], Counter[str]] = {}  # as the keys' values, which are made faster
    for key, counts in _rows(path):
        own = sums.setdefault(key, Counter())
        for name, count in counts.items():
            own[name] += count
    return {UsageKey(*key): counts for key, counts in sums.items()}


def _rows(path: Path) -> Iterator[tuple[tuple[str, ...], dict[str, int]]]:
    # We write ASCII alone; another byte makes a line unknown.
    with path.open(encoding="ascii", errors="replace") as lines:
        for line in lines:
            row = _read_line(line) if line != "\n" else None
            if row:
                yield row


def _read_line(line: str) -> tuple[tuple[str, ...], dict[str, int]] | None:
    try:
        found: Any = json.loads(line)
    except (ValueError, RecursionError):
        return None
    counts = found.get("counts") if isinstance(found, dict) else None
    if not isinstance(counts, dict) or set(map(type, counts.values())) != {int} or min(counts.values()) < 1:
        return None
    parts = tuple(found.get(name, "") for name in _KEY)
    if set(map(type, parts)) != {str} or not _DAY.fullmatch(parts[0]):
        return None
    return parts, counts


def _compact_size(path: Path) -> int:
    """How many bytes the file had when it was last made compact: its first line says so. Else 0."""
    with path.open("rb") as lines:
        try:
            return int(json.loads(lines.readline(100))["compact"])
        except (ValueError, TypeError, KeyError):
            return 0


def _is_large(path: Path) -> bool:
    return path.stat().st_size > max(MAX_BYTES, 2 * _compact_size(path))


def _compact(path: Path) -> None:
    """Add up the lines of equal keys, drop old days, and replace the file in one step.

    It raises `OSError` and leaves the file as it is if that cannot be read to its end.
    """
    first = _oldest_day()
    lines = b"".join(_line(key, counts) for key, counts in _sums(path).items() if key.day >= first)
    durable_files.replace(path, json.dumps({"compact": len(lines)}).encode() + b"\n" + lines)


def _oldest_day() -> str:
    return (datetime.now(UTC).date() - timedelta(days=DAYS)).isoformat()
