"""What may leave the machine, what it may cost, and whether the records of it are in order, for `doctor`.

It says whether a key is set, never what it is, and repairs nothing. Only a team's server for ghost text is
asked, with a line of code of our own, unless assist is offline.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from assist_completion.errors import ModelError
from assist_completion.model_store.store import resolve
from assist_escalation.audit.verifier import verify
from assist_escalation.budget.ledger import Ledger
from assist_escalation.errors import EscalationError
from assist_escalation.gate.prepare import get_limits
from assist_escalation.policy.permissions import Permissions
from assist_installer.doctor.finding import DoctorFinding
from assist_installer.server_words import server_document, server_warnings
from assist_installer.team_server import probe_server
from assist_server.config.config import Config, ConfigError, answering_model
from assist_server.config.permissions import named_server, permissions_for
from assist_server.config.repository_file import trust_state
from assist_server.config.structure import Problem
from assist_server.local_model.opening import open_store
from assist_server.questions.composition import find_checkpoint, log_key, make_scope
from assist_server.record_files import gate_files
from assist_server.workspace.index_update import working_folder

T = TypeVar("T")

SETTINGS = "Correct that file; until then it allows nothing"
UNTIL_THEN = "Nothing is sent until then"
TRUST = "Run `assist config trust`, which shows what it forbids"


@dataclass(frozen=True, slots=True)
class _Examination:
    """What is examined, and the findings so far."""

    config: Config
    root: str
    permissions: Permissions
    findings: list[DoctorFinding]

    def attempt(self, step: Callable[[], T], remedy: str) -> T | None:
        """The result of a step; if it fails, None, and a finding is added."""
        try:
            return step()
        except (EscalationError, ConfigError) as error:
            self.findings.append(DoctorFinding(str(error), remedy))
            return None


def egress_facts(config: Config, folder: Path, findings: list[DoctorFinding]) -> dict[str, Any]:
    """The mode, providers, budget, records and answering model of the workspace that a folder is in.

    `trust` is the state of the repository's files: none, new, changed, trusted, or damaged if the record of
    accepted files cannot be read.
    """
    root = working_folder(config, folder).root
    permissions, problems = permissions_for(config, [root], [str(folder)])
    examination = _Examination(config, root, permissions, findings)
    findings += [
        DoctorFinding(str(problem), remedy, blocks=remedy == SETTINGS)
        for problem in problems
        if (remedy := _remedy(problem))
    ]
    left, ledger = _budget(examination)
    return {
        "mode": permissions.mode,
        "workspace": root,
        "trust": _trust(config, str(folder)),
        "providers": _providers(examination),
        "budget": {
            "left_today_usd": left,
            "day_usd": permissions.day_micro / 1e6,
            "request_usd": permissions.request_micro / 1e6,
        },
        "ledger": ledger,
        "audit": _audit(examination),
        "model": _model(examination),
    }


def _remedy(problem: Problem) -> str:
    if problem.key.startswith("ASSIST_"):
        return f"Set {problem.key} to another directory, or unset it"
    return TRUST if "config trust" in problem.message else SETTINGS


def _providers(examination: _Examination) -> list[dict[str, Any]]:
    found = []
    for name, provider in examination.permissions.providers.items():
        is_set = bool(provider.api_key_env and examination.config.secrets.get(provider.api_key_env))
        found.append(
            {
                "name": name,
                "host": urlsplit(provider.base_url).netloc,
                "model": provider.model,
                "residency": list(provider.residency),
                "key_env": provider.api_key_env,
                "key_set": is_set,
            }
        )
        if provider.api_key_env and not is_set and examination.permissions.mode != "never":
            what = f"The variable {provider.api_key_env} is not set: {name} cannot be asked"
            examination.findings.append(DoctorFinding(what, f"Export the key of {name} in it"))
    return found


def _budget(examination: _Examination) -> tuple[float | None, dict[str, Any]]:
    """Dollars left today, None if the ledger cannot be read, and the state of the ledger."""
    path = gate_files(examination.config).ledger
    ledger = Ledger(path)
    scope = make_scope([examination.root])
    found = examination.attempt(
        lambda: (ledger.remaining(scope, get_limits(examination.permissions)), ledger.open_reservations()),
        UNTIL_THEN,
    )
    if found is None:
        return None, {"path": str(path), "state": "damaged", "unsettled": 0}
    left, open_ = found
    if open_:
        what = f"{len(open_)} requests are not settled and count with their full reserved amount"
        examination.findings.append(
            DoctorFinding(what, ("Run `assist cost`: it lists them and says what to do"))
        )
    return left / 1e6, {"path": str(path), "state": _state(path), "unsettled": len(open_)}


def _audit(examination: _Examination) -> dict[str, Any]:
    path = gate_files(examination.config).audit
    report = examination.attempt(
        lambda: verify(
            path,
            key=log_key(examination.config, examination.permissions),
            checkpoint=find_checkpoint(examination.permissions),
        ),
        UNTIL_THEN,
    )
    if report and not report.ok:
        what = f"The audit log {path} is not intact: {report.problem}"
        examination.findings.append(
            DoctorFinding(what, "Run `assist audit verify`, and keep the file as it is")
        )
    return {
        "path": str(path),
        "state": _state(path) if report and report.ok else "damaged",
        "events": report.events if report else 0,
        "orphans": report.orphan_count if report else 0,
    }


def _state(path: Path) -> str:
    return "in order" if path.exists() else "not there yet"


def _trust(config: Config, root: str) -> str:
    try:
        return trust_state(Path(root), config.paths.data)
    except ConfigError:
        return "damaged"  # the permissions say so already


def _model(examination: _Examination) -> dict[str, Any]:
    """The local model that answers. If completion's own model is missing, `doctor` reports it elsewhere."""
    name = answering_model(examination.config)
    problem = ""
    try:
        resolve(open_store(examination.config), name)
    except ModelError as error:
        problem = str(error)
    if problem and name != examination.config.completion.model:
        what = f"The model that answers cannot be used: {problem}"
        examination.findings.append(
            DoctorFinding(what, f"Or name another in {examination.config.paths.config_file}")
        )
    return {"name": name, "usable": not problem}


def server_facts(
    config: Config, roots: Sequence[str], findings: list[DoctorFinding]
) -> dict[str, Any] | None:
    """The server that writes ghost text, None if the settings name none. Problems become findings."""
    probe = None
    try:
        named = named_server(config, roots)
        if named is None:
            return None
        name, server = named
        if permissions_for(config, roots)[0].ghost_text == "local":
            what = f"The rules here keep ghost text on this machine, so {name} is not asked"
            findings.append(DoctorFinding(what, "`assist config show` says which rule"))
        elif not server.residency:
            what = f"{name} may see no class of text, so it is not asked"
            findings.append(DoctorFinding(what, f"Write its residency in [servers.{name}]"))
        elif server.api_key_env and not config.secrets.get(server.api_key_env):
            what = f"The variable {server.api_key_env} is not set: {name} cannot be asked"
            findings.append(DoctorFinding(what, f"Export the key of {name} in it"))
        elif not config.offline:
            probe = probe_server(config, server)
            findings += [DoctorFinding(*warning) for warning in server_warnings(server, probe)]
    except EscalationError as error:
        remedy = f"Correct {config.paths.config_file}; until then the local model writes ghost text"
        findings.append(DoctorFinding(str(error), remedy))
        return None
    return server_document(name, server, probe)
