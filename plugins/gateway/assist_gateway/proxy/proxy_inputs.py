"""What the road to providers reads from the settings and the disk, for each tool, and remembers for seconds.

Rules, and the settings that hold them, are read again after `RULES_S`, as an agent asks many times a minute;
files that may not leave, and values of secret ones, as soon as they change. This module judges nothing.
"""

import operator
import os
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from assist_context.files.path_names import relative_path
from assist_context.regular_files import read_regular
from assist_escalation.audit.reader import TOOL
from assist_escalation.budget.ledger import Ledger
from assist_escalation.budget.ledger_file import LedgerAnchor
from assist_escalation.budget.token_count import upper_count
from assist_escalation.egress.ghost_text import SessionParts
from assist_escalation.gate.prepare import GateParts
from assist_escalation.gate.request_marks import installation_key
from assist_escalation.policy.permissions import Permissions
from assist_escalation.policy.verdict import judge_tool_texts
from assist_escalation.prompts import Origin, Span
from assist_escalation.provider.provider_memory import AnsweringModels, model_key
from assist_escalation.provider.transport import Transport
from assist_escalation.redaction.known_secrets import Known
from assist_escalation.routing import feedback
from assist_escalation.routing.router import Decision
from assist_gateway.attribution import AttributedSpan, RestrictedFiles, attribute
from assist_gateway.proxy.automatic_route import RouteMemory
from assist_gateway.proxy.kept_texts import JudgeText
from assist_gateway.proxy.proxied_request import ProxyRules, ceilings_of
from assist_gateway.proxy.proxy import ProxyParts
from assist_gateway.proxy.team_completions import TeamParts
from assist_gateway.restricted_fingerprints import WorkspacePrints
from assist_gateway.tool_tokens import ToolToken, tools
from assist_server.config.config import Config, load_lenient
from assist_server.config.layers import POLICY
from assist_server.config.permissions import permissions_for
from assist_server.errors import UserError
from assist_server.questions.composition import (
    RememberedSecrets,
    make_scope,
    model_file,
    open_log,
    random_token,
    read_calibration,
)
from assist_server.record_files import gate_files

RULES_S = 5.0  # seconds for which rules are remembered
MAX_BYTES = 2_000_000  # of a file that a tool changes


_Stamps = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class _ReadRules:
    """What was read for a tool, and when."""

    at: float
    permissions: Permissions
    problem: str


class CurrentConfig:
    """The settings of one process, read again when one of their files changes. Threads may share it.

    A rule that a person adds has to hold in a gateway that runs for weeks.
    """

    def __init__(self, config: Config) -> None:
        self._lock = threading.Lock()
        self._stamps = _stamps(config)
        self.value = config

    def renew(self) -> bool:
        """Read the files again if one of them has changed, and return whether one has."""
        with self._lock:
            stamps = _stamps(self.value)
            if stamps == self._stamps:
                return False
            self.value = _read_again(self.value)
            # Of the files before: if others count now, the next look reads them once more.
            self._stamps = stamps
            return True


def _read_again(before: Config) -> Config:
    """The settings by their files now, with the environment and the flags of `before`.

    If something is wrong in the user's own, the rules are those of before, and nothing leaves.
    """
    environ = {
        **before.secrets.values,
        **before.programs,
        **before.environments,
        "ASSIST_CONFIG_DIR": str(before.paths.config),
        "ASSIST_DATA_DIR": str(before.paths.data),
    }
    found = load_lenient(environ, before.paths.site)
    problems = found.problems
    found = replace(found, paths=before.paths, offline=before.offline, secrets=before.secrets, problems=())
    if problems:
        closed = replace(before.escalation, mode="never", ghost_text="local")
        found = replace(found, escalation=closed, rules=before.rules, problems=problems)
    return found


def _stamps(config: Config) -> _Stamps:
    """What tells a state of the files that hold rules from every other one."""
    owners = (config.escalation, *(statement.layer.settings for statement in config.organisation))
    files = [config.paths.config_file, config.paths.config / POLICY]
    files += [folder / POLICY for folder in config.paths.site]
    files += [Path(owner.rules_file) for owner in owners if owner.rules_file]
    return tuple(map(_stamp, files))


def _stamp(path: Path) -> tuple[int, ...]:
    try:
        found = os.stat(path)
    except OSError as error:
        return (error.errno or 0,)
    return found.st_dev, found.st_ino, found.st_mode, found.st_size, found.st_mtime_ns, found.st_ctime_ns


class ProxyInputs:
    """Reads what holds for tools now. `clock` returns seconds."""

    def __init__(self, config: Config, clock: Callable[[], float] = time.monotonic) -> None:
        self._current = CurrentConfig(config)
        self._clock = clock
        self._prints: dict[tuple[Path, ...], WorkspacePrints] = {}
        self._judges: dict[tuple[ToolToken, str, bool], tuple[RestrictedFiles, JudgeText]] = {}
        self._files = gate_files(config)
        self._read: dict[ToolToken, _ReadRules] = {}
        self._secrets: dict[ToolToken, RememberedSecrets] = {}
        self._transport = Transport(self._files.providers, offline=config.offline)
        self._secret = installation_key(self._files.marks)
        self._anchor = LedgerAnchor(self._files.ledger)
        self._stopped = threading.Event()

    @property
    def _config(self) -> Config:
        return self._current.value

    def parts(self) -> ProxyParts:
        """The parts of a road."""
        routes = RouteMemory(
            self._config.offline,
            model_file(self._config) is not None,
            lambda: feedback.scores(self._files.feedback),
            self._record,
            read_calibration(self._config)[0],
        )
        reads = (self.permissions, self.rules, self.file)
        servers = self._config.gateway.edit_servers
        return ProxyParts(*reads, self._transport, routes, self.problem, servers, self.close)

    def open_ahead(self) -> None:
        """Do what the first requests would wait for, without haste, until it is done or `stop` is called.

        A request that comes meanwhile waits as it would without this. What is wrong is told to requests.
        """
        with suppress(CancelledError, UserError):
            upper_count("the vocabulary")
            for tool in filter(operator.attrgetter("unattributed"), tools(self._config.paths.data)):
                for provider, endpoint in self.permissions(tool).providers.items():
                    self._transport.load(endpoint)
                    self._prints_of(tool).prefetch(self._config, provider, self._stopped)

    def stop(self) -> None:
        """End the work ahead."""
        self._stopped.set()

    def close(self) -> None:
        """Let all files go."""
        self._anchor.close()

    def team_parts(self) -> TeamParts:
        """The parts of the way to a team's server, which writes ghost text."""
        return TeamParts(self.permissions, partial(self._judge, is_server=True), self._session)

    def _session(self, tool: ToolToken) -> SessionParts:
        """What a session of ghost text for the tool works with."""

        return SessionParts(
            open_log(self._config, self.permissions(tool)),
            Ledger(self._files.ledger),
            partial(self.permissions, tool),
            partial(self._secret_values, tool),
            self._config.secrets.get,
            random_token,
            make_scope([str(folder) for folder in tool.folders]),
            AnsweringModels(self._files.models),
            offline=self._config.offline,
            command=TOOL + tool.name,
            ceilings=ceilings_of(tool),
        )

    def _record(self, number: str, decision: Decision) -> None:
        """Remember a decision in numbers, for the rate of requests that leave."""
        numbers = (decision.target, decision.p_local, decision.threshold, dict(decision.features))
        event = feedback.Event(time.time(), "", decision.kinds[0], number, *numbers, "routed")
        feedback.record(self._files.feedback, event)

    def permissions(self, tool: ToolToken) -> Permissions:
        """What the tool may send now, by the rules of its folders."""
        return self._rules_of(tool).permissions

    def _secret_values(self, tool: ToolToken) -> Known:
        """The values of the secret files in the tool's folders as they are now."""
        made = RememberedSecrets(self._config, partial(self.permissions, tool))
        return self._secrets.setdefault(tool, made).values()

    def _rules_of(self, tool: ToolToken) -> _ReadRules:
        read = self._read.get(tool)
        if read is None or self._clock() - read.at > RULES_S:
            if self._current.renew():
                self._secrets.clear()
            config = self._config
            roots = [str(folder) for folder in tool.folders]
            found, problems = permissions_for(config, roots, roots)
            read = _ReadRules(self._clock(), found, "; ".join(map(str, (*config.problems, *problems))))
            self._read[tool] = read
            self._forget_revoked(tool)
        return read

    def _forget_revoked(self, asking: ToolToken) -> None:
        """Let go what is known of tools without a token; a request that is on its way keeps its own."""
        with suppress(UserError, OSError):
            known = {asking, *tools(self._config.paths.data)}
            folders = {tool.folders for tool in known}
            _retain(self._read, known.__contains__)
            _retain(self._secrets, known.__contains__)
            _retain(self._judges, lambda key: key[0] in known)
            _retain(self._prints, folders.__contains__)

    def problem(self, tool: ToolToken) -> str:
        """What is wrong with the rules that were last read for the tool, such as a file to accept, or ""."""
        read = self._read.get(tool)
        return read.problem if read else ""

    def rules(self, tool: ToolToken, provider: str, permissions: Permissions) -> ProxyRules:
        """All that holds for the tool and the provider now."""
        files = self._files
        gate = GateParts(
            ledger=Ledger(files.ledger, anchor=self._anchor),
            log=open_log(self._config, permissions),
            transport=self._transport,
            keys=self._config.secrets.get,
            known=self._secret_values(tool),
            models=AnsweringModels(files.models),
            secret=lambda: self._secret,
        )
        endpoint = permissions.providers[provider]
        name = model_key(provider, endpoint.base_url, endpoint.model)
        scope = make_scope([str(folder) for folder in tool.folders])
        judge = self._judge(tool, provider)
        return ProxyRules(permissions, gate, judge, scope, self._transport.abilities.find(name))

    def _judge(self, tool: ToolToken, provider: str, *, is_server: bool = False) -> JudgeText:
        """How texts are judged by the files of the tool's folders as they are now."""
        prints = self._prints_of(tool)
        restricted = prints.restricted_for(self._config, provider, is_server=is_server)
        known = self._judges.get((tool, provider, is_server))
        if known is None or known[0] is not restricted:
            known = (restricted, partial(_spans_of, restricted))
            self._judges[tool, provider, is_server] = known
        return known[1]

    def _prints_of(self, tool: ToolToken) -> WorkspacePrints:
        """The prints of a tool's folders, the same ones for all threads."""
        known = self._prints.get(tool.folders)
        if known is None:
            made = WorkspacePrints([str(folder) for folder in tool.folders], self._secret)
            known = self._prints.setdefault(tool.folders, made)
        return known

    def file(self, tool: ToolToken, provider: str, permissions: Permissions, path: str) -> str | None:
        """The text of a file that the tool may change, "" for a new one, None for one that rules keep."""
        inside = _place(path, tool.folders)
        if inside is None:
            return None
        root, relative = inside
        span = Span("", Origin("file", relative, root))
        judge = self._judge(tool, provider)
        if not judge_tool_texts((span,), permissions, provider).allowed or judge("x", (path,)):
            return None
        full = Path(root, relative)
        if not full.exists():
            return ""
        try:
            return read_regular(full, MAX_BYTES).decode("utf-8", "replace")
        except OSError:
            return None


def _retain(table: dict[Any, Any], is_wanted: Callable[[Any], bool]) -> None:
    """Remove the entries of other keys; other threads may use the table meanwhile."""
    for key in list(table):
        if not is_wanted(key):
            table.pop(key, None)


def _place(path: str, folders: Sequence[Path]) -> tuple[str, str] | None:
    """The folder of a tool that holds a path, and the path in it."""
    for folder in folders:
        inside = relative_path(os.path.normpath(os.path.join(folder, path)), str(folder))
        if inside is not None and inside != ".":
            return str(folder), inside
    return None


def _spans_of(
    restricted: RestrictedFiles, text: str, claims: tuple[str, ...] | None
) -> tuple[AttributedSpan, ...]:
    return attribute(text, claims, restricted)
