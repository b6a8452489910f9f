"""A checkpoint: how far an audit log had come, kept in a file at another place.

Whoever cuts lines off a log's end, or writes it anew, has to change this file as well. So it belongs where
they cannot: another account's directory, another machine's share.
It knows its own file and nothing of the log's.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from assist_escalation import durable_files
from assist_escalation.audit.chain import canonical

_MOST = 1000  # bytes; a checkpoint has about 120


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The last line of a log: its number, its sha256, and the log's length in bytes behind it."""

    seq: int
    sha256: str
    size: int


def read_checkpoint(path: Path) -> Checkpoint | None:
    """None if there is no file. ValueError for one that is damaged, OSError for one that cannot be read."""
    try:
        with path.open("rb") as file:
            stored = json.loads(file.read(_MOST))
    except FileNotFoundError:
        return None
    match stored:
        case {"seq": int(seq), "sha256": str(sha256), "size": int(size)} if seq > 0 and size > 0:
            return Checkpoint(seq, sha256, size)
    raise ValueError("it names no line of a log")


def write_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Replace the file in one step, readable by its owner only. Its directory has to be there.

    After a crash of the machine it may be an older one, which is true as well.
    """
    data = canonical({"seq": checkpoint.seq, "sha256": checkpoint.sha256, "size": checkpoint.size}) + b"\n"
    durable_files.replace(path, data)
