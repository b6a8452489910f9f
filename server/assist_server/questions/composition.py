"""What questions are decided and answered with, made of the configuration: the second half of `app`.

It opens no model and sends nothing; it loads neither llama.cpp nor the provider's library.
"""

import os
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

try:
    import pwd
except ImportError:  # Windows
    pwd = None  # type: ignore[assignment]

from assist_completion.errors import CompletionError
from assist_completion.model_store.store import Store, resolve
from assist_escalation.audit.log import AuditLog
from assist_escalation.budget.ledger import Ledger, Scope
from assist_escalation.errors import EscalationError
from assist_escalation.gate.prepare import GateParts
from assist_escalation.policy.permissions import Permissions
from assist_escalation.provider import provider_memory
from assist_escalation.provider.transport import Transport
from assist_escalation.redaction.known_secrets import known_values
from assist_escalation.routing import calibration, feedback
from assist_escalation.routing.router import Decision
from assist_server.config.config import Config, answering_model
from assist_server.config.permissions import permissions_for
from assist_server.config.structure import Problem
from assist_server.questions.decision import DecidedQuestion, DecisionInputs, LocalModelFacts
from assist_server.questions.secret_file_texts import denied_texts
from assist_server.workspace.folders import key_of

TOKENS = 700  # of code for a local answer: with our own words what the 0.5B reads in 2.6 s on two cores
WINDOW = 8192  # tokens of question and answer, as `probe.WINDOW`


@dataclass(frozen=True, slots=True)
class GateFiles:
    """Where the gate's own files are. All are for their owner's eyes."""

    ledger: Path
    audit: Path
    feedback: Path
    calibration: Path
    models: Path
    providers: Path
    edits: Path


def gate_files(config: Config, root: str = "") -> GateFiles:
    """The files of a user; the journal of edits is the workspace's own."""
    data = config.paths.data
    return GateFiles(
        data / "ledger.sqlite",
        data / "audit.jsonl",
        data / feedback.FILE,
        data / calibration.FILE,
        data / provider_memory.FILE,
        data / "providers.json",
        data / "edits" / key_of(root),
    )


def decision_inputs(config: Config, roots: Sequence[str]) -> tuple[DecisionInputs, tuple[Problem, ...]]:
    """The desk of a workspace, whose first folder gives it its name, and what is wrong in its rules."""
    permissions, problems = permissions_for(config, roots)
    files = gate_files(config)
    parts: list[GateParts] = []

    def gate() -> GateParts:
        if not parts:
            parts.append(gate_parts(config, permissions))
        return parts[0]

    desk = DecisionInputs(
        local=_local(config),
        permissions=permissions,
        within=lambda folders: permissions_for(config, roots, folders)[0],
        scope=scope_of(roots),
        offline=config.offline,
        parts=gate,
        draw=random_token,
        history=feedback.scores(files.feedback),
        calibration=calibrated(config)[0],
    )
    return desk, problems


def scope_of(roots: Sequence[str]) -> Scope:
    """Who spends: the workspace by its folder, the person by his login."""
    return Scope(roots[0] if roots else "", _user())


def gate_parts(config: Config, permissions: Permissions) -> GateParts:
    """The gate of a workspace. Raises `EscalationError` where its key for the audit log is not set."""
    files = gate_files(config)
    return GateParts(
        ledger=Ledger(files.ledger),
        log=log_of(config, permissions),
        transport=Transport(files.providers, offline=config.offline),
        keys=config.secrets.get,
        known=known_values(denied_texts(permissions.roots), config.secrets.values),
        models=provider_memory.AnsweringModels(files.models),
        draw=random_token,
    )


def log_of(config: Config, permissions: Permissions) -> AuditLog:
    """The audit log, with the key and the second place that the permissions name."""
    return AuditLog(
        gate_files(config).audit, key=log_key(config, permissions), checkpoint=checkpoint_of(permissions)
    )


def log_key(config: Config, permissions: Permissions) -> bytes | None:
    """The key that the log's lines are signed with, if the user or his organisation names one."""
    if not permissions.audit_key_env:
        return None
    key = config.secrets.get(permissions.audit_key_env)
    if not key:
        raise EscalationError(
            f"The variable {permissions.audit_key_env}, which audit_key_env names, is not set: export the "
            "key of the audit log in it. Until then nothing leaves this machine."
        )
    return key.encode()


def checkpoint_of(permissions: Permissions) -> Path | None:
    """The second place of the log's end."""
    return Path(permissions.audit_checkpoint).expanduser() if permissions.audit_checkpoint else None


def record_feedback(
    config: Config, ready: DecidedQuestion, decision: Decision, event: feedback.Happening
) -> None:
    """Remember what became of a request, in numbers."""
    feedback.record(
        gate_files(config).feedback,
        feedback.Event(
            time.time(),
            key_of(ready.root),
            ready.question.command,
            ready.id,
            decision.target,
            decision.p_local,
            decision.threshold,
            dict(decision.features),
            event,
        ),
    )


def random_token() -> str:
    """An unguessable name of a request, a placeholder or a mark."""
    return secrets.token_hex(6)


def calibrated(config: Config) -> tuple[calibration.Calibration, str]:
    """What `assist calibrate` fitted, and why it is not used, "" for nothing wrong. It widens nothing."""
    try:
        return calibration.read(gate_files(config).calibration.read_text(encoding="utf-8")), ""
    except FileNotFoundError:
        return calibration.NONE, ""
    except (OSError, ValueError, EscalationError) as error:
        return calibration.NONE, str(error)


def _local(config: Config) -> LocalModelFacts:
    model = answering_model(config)
    try:
        resolve(Store(config.paths.data / "models"), model)
    except CompletionError:
        return LocalModelFacts(False, TOKENS, WINDOW)
    return LocalModelFacts(True, TOKENS, WINDOW)


def _user() -> str:
    """The login of whoever runs this, as the system knows it: a variable can say anything."""
    try:
        return os.getlogin() if pwd is None else pwd.getpwuid(os.getuid()).pw_name
    except (OSError, KeyError):  # nobody by that number, as in some containers
        return "unknown"
