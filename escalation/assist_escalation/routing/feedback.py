"""Events of answers, as JSON Lines without any code. The threshold and the calibration learn from it.

The file holds numbers, ids of requests and names of models and languages, never a text of the user or the
workspace. This module decides nothing.
"""

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, get_args

from filelock import FileLock, Timeout

from assist_context import durable_files

FILE = "feedback.jsonl"  # in the data directory
# At most about 3,000 events of 500 bytes, and half of them once the older half was dropped: with two or three
# events a request that is 500 to 1,500 requests, more than twice the router's window.
MAX_BYTES = 1_500_000
LOCK_S = 1.0  # a lost event does no harm, but a waiting editor does

# `answered`: a text was shown to its end. `offered`: an edit passed our checks; `accepted`: it was made;
# `not_applied`: the user or the editor refused it. `unusable`: our own checks did, so no one was asked.
Happening = Literal[
    "routed",
    "answered",
    "offered",
    "accepted",
    "not_applied",
    "undone",
    "up",
    "down",
    "escalated_after",
    "unusable",
]
_HAPPENINGS = frozenset(get_args(Happening))


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to a request; `routed` is its decision. `at` is in seconds since 1970.

    `model` is who answered, `language` that of the file in question, and `proof` what speaks for an edit:
    tests, types or none; "" is unknown.
    """

    at: float
    repo: str
    command: str
    request_id: str
    target: str
    p_local: float
    threshold: float
    features: Mapping[str, float]
    event: Happening
    model: str = ""
    language: str = ""
    proof: str = ""


def record(path: Path, event: Event) -> bool:
    """Add an event; False if the disk or another process prevented it. Old events are dropped if needed."""
    line = json.dumps(asdict(event), ensure_ascii=True, separators=(",", ":")).encode() + b"\n"
    try:
        durable_files.append_line(path, line, LOCK_S)
        if path.stat().st_size > MAX_BYTES:
            _trim(path)
    except (OSError, Timeout):
        return False
    return True


def _trim(path: Path) -> None:
    """Keep the newer half, from the start of a line on, unless another process has done so by now."""
    with FileLock(f"{path}.lock", timeout=LOCK_S, mode=0o600):
        lines = path.read_bytes()
        if len(lines) > MAX_BYTES:
            durable_files.replace(path, lines[-MAX_BYTES // 2 :].partition(b"\n")[2])


def events(path: Path) -> Iterator[Event]:
    """All events, oldest first. An unreadable file has none. Torn and unknown lines are skipped."""
    with contextlib.suppress(OSError), path.open("rb") as lines:
        for line in lines:
            event = _read(line)
            if event:
                yield event


def _read(line: bytes) -> Event | None:
    try:
        event = Event(**json.loads(line.decode()))
        numbers = (event.at, event.p_local, event.threshold, *event.features.values())
    except (ValueError, TypeError, AttributeError, RecursionError):
        return None
    texts = (
        *(event.repo, event.command, event.request_id, event.target),
        *(event.model, event.language, event.proof),
    )
    # Sets of types: a check of each value by itself would take half of the time of reading.
    is_valid = set(map(type, (event.event, *texts))) == {str} and event.event in _HAPPENINGS
    return event if is_valid and set(map(type, numbers)) <= {int, float} else None


def scores(path: Path, command: str | None = None) -> tuple[float, ...]:
    """The last `p_local` of each request, in the order of the requests: the history for `route`."""
    last: dict[str, float] = {}
    for event in events(path):
        if event.event == "routed" and command in (None, event.command):
            last[event.request_id] = event.p_local
    return tuple(last.values())
