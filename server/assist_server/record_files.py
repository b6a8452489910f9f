"""The files of a user's records: the ledger, the audit log, feedback and more. It opens none of them.

It imports little, so that a command that only reads records starts fast.
"""

from dataclasses import dataclass
from pathlib import Path

from assist_escalation.provider import provider_memory
from assist_escalation.routing import calibration, feedback
from assist_server.config.config import Config
from assist_server.workspace.folders import make_key


@dataclass(frozen=True, slots=True)
class GateFiles:
    """The files of the gate. Only their owner can read them."""

    ledger: Path
    audit: Path
    feedback: Path
    calibration: Path
    models: Path
    providers: Path
    edits: Path
    marks: Path


def gate_files(config: Config, root: str = "") -> GateFiles:
    """The files of a user. The journal of edits belongs to the workspace."""
    data = config.paths.data
    return GateFiles(
        data / "ledger.sqlite",
        data / "audit.jsonl",
        data / feedback.FILE,
        data / calibration.FILE,
        data / provider_memory.FILE,
        data / "providers.json",
        data / "edits" / make_key(root),
        data / "marks.key",
    )
