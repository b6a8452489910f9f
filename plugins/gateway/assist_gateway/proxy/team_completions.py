"""Completions by the team's server for other tools, through the gate for ghost text.

What a tool sends has no known origin. So it leaves only if the tool's token allows that, and if no line of it
is from a file that the server may not see; then it is judged, redacted and written down as an editor's is.
Whatever is against it, the local model writes the text, and nothing leaves.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass, replace

from assist_completion.engine.server_first import ServerFirst
from assist_completion.engine.server_port import ServedPrompt
from assist_completion.suggestion import CompletionRequest, Suggestion
from assist_context.documents import Context
from assist_context.languages import PLAIN
from assist_escalation.egress.ghost_text import GhostTextSession, SessionParts
from assist_escalation.errors import RefusedError
from assist_escalation.gate.ghost_text.incremental_redaction import CursorTexts
from assist_escalation.policy.endpoints import ModelServer
from assist_escalation.policy.permissions import Permissions
from assist_escalation.prompts import Origin
from assist_escalation.provider.infill import can_constrain
from assist_escalation.redaction.scanner import classify
from assist_gateway.attribution import refusal
from assist_gateway.infilling import CodeWriter
from assist_gateway.proxy.kept_texts import JudgeText
from assist_gateway.proxy.proxied_request import check_unattributed
from assist_gateway.tool_tokens import ToolToken
from assist_server.config.config import Config
from assist_server.team.session_server import SessionServer, as_served_errors, cursor_texts
from assist_server.team.team_server_opening import compute_budget, engine_before, fim_table


@dataclass(frozen=True, slots=True)
class TeamParts:
    """What is asked for a tool. The functions read the disk.

    `permissions` gives what it may send now, `judge` the texts that a server of this name may not see, and
    `session` what a session with a server works with.
    """

    permissions: Callable[[ToolToken], Permissions]
    judge: Callable[[ToolToken, str], JudgeText]
    session: Callable[[ToolToken], SessionParts]


class TeamCompletions:
    """The team's server for all tools of one gateway, and `here` where it writes nothing. Event loop only."""

    def __init__(self, config: Config, parts: TeamParts, here: CodeWriter) -> None:
        self._config = config
        self._parts = parts
        self._here = here
        self._engines: dict[ToolToken, tuple[ModelServer, ServerFirst, asyncio.Lock]] = {}

    def of(self, tool: ToolToken) -> "ToolWriter":
        """Who completes code for a tool."""
        return ToolWriter(self, tool)

    async def complete(self, request: CompletionRequest, tool: ToolToken) -> Suggestion:
        """The text at a cursor, of the server if the tool may ask it. Raises what `here` raises."""
        named = await self._server_for(tool)
        if named is None:
            return await self._here.complete(request)
        engine, turn = self._engine(tool, *named)
        async with turn:  # the next request would drop the one before it
            return await engine.complete(request)

    async def read_ahead(self, request: CompletionRequest, tool: ToolToken) -> None:
        """Read the prompt for a later request here. A shared server reads only what was asked for."""
        if await self._server_for(tool) is None:
            await self._here.read_ahead(request)

    async def _server_for(self, tool: ToolToken) -> tuple[str, ModelServer] | None:
        if self._config.offline or not tool.unattributed:
            return None
        permissions = await asyncio.to_thread(self._parts.permissions, tool)
        name = permissions.ghost_server
        if name not in permissions.servers or not permissions.gateway_unattributed:
            return None
        return name, permissions.servers[name]

    def _engine(self, tool: ToolToken, name: str, server: ModelServer) -> tuple[ServerFirst, asyncio.Lock]:
        """The engine of a tool; another one if the settings name another server. Raises `EscalationError`."""
        known = self._engines.get(tool)
        if known is None or known[0] != server:
            if known is not None:
                known[1].close()
            port = ToolServer(tool, (name, server), self._parts)
            facts = (self._config, server, compute_budget(server, files=False))
            made = engine_before(port, facts, _LocalTexts(self._here))
            known = (server, made, asyncio.Lock())
            self._engines[tool] = known
        return known[1], known[2]

    def close(self) -> None:
        """End all sessions, and write down what was sent."""
        for _, engine, _ in self._engines.values():
            engine.close()


@dataclass(frozen=True, slots=True)
class ToolWriter:
    """Who completes code for one tool."""

    team: TeamCompletions
    tool: ToolToken

    async def complete(self, request: CompletionRequest) -> Suggestion:
        """The text at a cursor. Raises what the models here raise."""
        return await self.team.complete(request, self.tool)

    async def read_ahead(self, request: CompletionRequest) -> None:
        """Read the prompt for a later request."""
        await self.team.read_ahead(request, self.tool)


class ToolServer(SessionServer):
    """The server as the token source of one tool sees it. Raises `EscalationError` if it cannot be asked."""

    def __init__(self, tool: ToolToken, named: tuple[str, ModelServer], parts: TeamParts) -> None:
        self._tool, self._parts = tool, parts
        self._name, server = named
        tokens = fim_table(server)
        super().__init__(
            lambda: GhostTextSession(self._name, tokens, parts.session(tool)),
            self._texts_of,
            constrains=can_constrain(server),
        )
        self._opened = Context("", PLAIN, "", "")

    def admit(self, context: Context) -> Context:
        """The context without other files. Raises `ServedError` if a part of its text may not leave."""
        with as_served_errors():
            check_unattributed(self._tool, self._parts.permissions(self._tool))
            if classify(context.path, "") == "data":
                raise RefusedError(
                    "policy", ("a file of settings or data, in which secrets are hard to recognize")
                )
            claims = (context.path,) if context.path else ()
            judge = self._parts.judge(self._tool, self._name)
            if spans := judge(context.before + context.after, claims):
                raise RefusedError("policy", refusal(spans))
        self._opened = context
        return replace(context, snippets=())

    def _texts_of(self, prompt: ServedPrompt) -> CursorTexts:
        """The texts of a prompt: no file is known that they are from."""
        return cursor_texts(prompt, Origin("user"), (self._opened.before, self._opened.after))


class _LocalTexts:
    """The models of this machine as the engine that is asked after a server."""

    def __init__(self, here: CodeWriter) -> None:
        self.snippet_tokens = 0
        self.counts: Counter[str] = Counter()
        self.recent: Iterable[Suggestion] = ()
        self._here = here

    async def complete(self, request: CompletionRequest) -> Suggestion:
        return await self._here.complete(request)

    async def complete_several(self, request: CompletionRequest) -> tuple[Suggestion, ...]:
        return (await self._here.complete(request),)

    def prewarm(self, context: Context, *, full: bool = False) -> Future[None] | None:
        """Nothing is read before a request."""

    def record_shown(self, suggestion_id: int) -> None:
        """A tool reports nothing."""

    def record_accepted(self, suggestion_id: int, *, ahead: bool = True) -> None:
        """A tool reports nothing."""

    def close(self) -> None:
        """The models belong to the gateway."""
