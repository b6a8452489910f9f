"""Puts the parts of a team's server together: settings, gate, connection and engine."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from assist_completion.engine.engine import Engine
from assist_completion.engine.served_tokens import ServedSource
from assist_completion.engine.server_first import ServerFirst, Tier
from assist_completion.engine.server_port import CompletionServer
from assist_completion.inference.generation import FULL, TokenBudget
from assist_completion.inference.worker import Worker
from assist_completion.model_store.catalogue import infilling_tokens
from assist_completion.suggestion import GhostTextEngine
from assist_escalation.egress.ghost_text import GhostTextSession, SessionParts
from assist_escalation.errors import EscalationError
from assist_escalation.policy.endpoints import ModelServer
from assist_escalation.policy.permissions import Permissions
from assist_escalation.provider.infill import FimTable, can_constrain
from assist_server.config.config import Config
from assist_server.config.permissions import permissions_for
from assist_server.questions.composition import (
    RememberedSecrets,
    file_rules,
    gate_parts,
    make_scope,
    random_token,
)
from assist_server.team.team_server import RememberedRules, TeamRules, TeamServer
from assist_server.workspace.folders import WorkspaceFolder

Folders = Callable[[], Sequence[WorkspaceFolder]]

_LOG = logging.getLogger(__name__)


def fim_table(server: ModelServer) -> FimTable | None:
    """The infilling tokens of a server's model; None where its own protocol has them.

    Raises `EscalationError` if they are not known.
    """
    if server.kind == "mistral-fim":
        return None
    table = infilling_tokens(server.fim or server.model)
    if table is None:
        raise EscalationError(
            f"the fill-in-the-middle tokens of {server.fim or server.model} are not known: set fim to the "
            "family of the model in its [servers.NAME] table"
        )
    return FimTable(table.pre, table.suf, table.mid, table.sep)


@dataclass(frozen=True, slots=True)
class TeamView:
    """News of a server: each change of the tier on the event loop, other news on any thread.

    `unsaved` gives the texts of secret files that are open, by path. They are never changed, only replaced.
    """

    show: Callable[[Tier], None] = lambda _: None
    tell: Callable[[str], None] = lambda _: None
    unsaved: Callable[[], Mapping[str, str]] = dict


def open_team_engine(
    settings: Callable[[], Config],
    server_entry: tuple[str, ModelServer],
    folders: Folders,
    local: Engine | None,
    view: TeamView = TeamView(),
    *,
    heals: bool | None = None,
) -> ServerFirst:
    """An engine that asks the server first. It connects with the first request. Raises `EscalationError`.

    `settings` are read again for each prompt. `heals`: whether the server is made to begin with a half-typed
    word; None: if its kind can be.
    """
    name, server = server_entry
    tokens = fim_table(server)
    config = settings()

    def within(places: Sequence[str]) -> Permissions:
        return permissions_for(settings(), [folder.root for folder in folders()], places)[0]

    rules = RememberedRules(TeamRules(name, folders, within, file_rules(config)))
    begin = partial(_begin_session, config, rules, (name, tokens), view)
    files = tokens is not None and bool(tokens.sep)
    budget = compute_budget(server, files=files)
    constrains = can_constrain(server) if heals is None else heals
    team = TeamServer(begin, rules, constrains=constrains, files=files)
    return engine_before(team, (config, server, budget), local, view.show, local.ids if local else None)


def engine_before(
    port: CompletionServer,
    facts: tuple[Config, ModelServer, TokenBudget],
    local: GhostTextEngine | None,
    show: Callable[[Tier], None] = lambda _: None,
    ids: Iterator[int] | None = None,
) -> ServerFirst:
    """An engine that asks this server before the local one."""
    config, server, budget = facts
    worker = Worker(partial(ServedSource, port, budget))
    engine = Engine(worker, config.completion, budget, server.model, time.perf_counter, ids)
    bound = (server.timeout_ms + config.completion.debounce_ms_max) / 1e3
    return ServerFirst(engine, worker, local, bound, show)


def _begin_session(
    config: Config,
    rules: RememberedRules,
    fim_choice: tuple[str, FimTable | None],
    view: TeamView,
) -> GhostTextSession:
    """The session, begun on the thread that owns the connection: it reads the files of secrets."""
    permissions = rules.permissions()
    parts = gate_parts(config, permissions)

    def warn(text: str) -> None:
        _LOG.warning("%s", text)
        view.tell(text)

    session_parts = SessionParts(
        parts.log,
        parts.ledger,
        rules.permissions,
        RememberedSecrets(config, rules.permissions, view.unsaved).values,
        parts.keys,
        random_token,
        make_scope(permissions.roots),
        parts.models,
        warn,
        offline=config.offline,
    )
    return GhostTextSession(*fim_choice, session_parts)


def compute_budget(server: ModelServer, *, files: bool) -> TokenBudget:
    """Return the size of prompts for this server: what its context holds, at most the usual full head."""
    usual = TokenBudget()
    room = server.context_tokens - FULL.suffix - 2 * usual.block_tokens
    head = min(FULL.head, int(room / 1.5))  # dense text has more tokens than its length suggests
    snippets = min(usual.snippets, head // 2) if files else 0
    return replace(usual, full=replace(FULL, head=head), context=server.context_tokens, snippets=snippets)
