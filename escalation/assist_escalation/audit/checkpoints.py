"""A checkpoint: where an audit log ended, kept in a file at another place.

To hide that lines were cut off the end of a log, or that the log was rewritten, an attacker must change
this file too. So keep it where they cannot: in another account's directory, or on another machine's share.
This module knows the checkpoint's file, and nothing about the log's.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from assist_context import durable_files
from assist_context.regular_files import read_regular
from assist_escalation.audit.chain import GENESIS, canonical

_MOST = 1000  # bytes; a checkpoint has about 120


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The last line of a log: its number, its sha256, and the log's length in bytes, this line included."""

    seq: int
    sha256: str
    size: int


EMPTY = Checkpoint(0, GENESIS, 0)  # of a log without lines, so that the first line never lacks a checkpoint


def read_checkpoint(path: Path) -> Checkpoint | None:
    """The checkpoint, or None without a file. ValueError if it is damaged, OSError if it cannot be read."""
    data = read_bytes(path)
    if not data and not path.exists():
        return None
    stored = json.loads(data)
    match stored:
        case {"seq": int(seq), "sha256": str(sha256), "size": int(size)} if seq > 0 and size > 0:
            return Checkpoint(seq, sha256, size)
        case {"seq": 0, "sha256": str(sha256), "size": 0} if sha256 == GENESIS:
            return EMPTY
    raise ValueError("it names no line of a log")


def read_bytes(path: Path) -> bytes:
    """What is in the file, whatever it is, as far as a checkpoint could be in it; empty without a file."""
    try:
        return read_regular(path, _MOST)
    except FileNotFoundError:
        return b""


def write_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Replace the file in one step. Only its owner can read it. Its directory must exist.

    After a crash of the machine the file may hold an older checkpoint, which is still true.
    """
    data = canonical({"seq": checkpoint.seq, "sha256": checkpoint.sha256, "size": checkpoint.size}) + b"\n"
    durable_files.replace(path, data)
