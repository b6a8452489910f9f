"""A session of ghost text with a team's server: what is checked before each request, and recorded of all.

    policy -> redaction -> money and intent for a window on disk -> the server -> outcome of the window

A stage that fails stops the request, and the local model writes the text. It runs on the thread that owns the
connection, so it may block for the milliseconds that redaction and the disk take.
"""

import logging
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import asdict, dataclass, replace
from urllib.parse import urlsplit

from assist_escalation.audit.chain import Json
from assist_escalation.audit.log import AuditLog
from assist_escalation.budget import prices
from assist_escalation.budget.ledger import Ceiling, Ledger, ReservationRequest, Scope
from assist_escalation.errors import EscalationError, RefusedError
from assist_escalation.gate.ghost_text.incremental_redaction import (
    CursorTexts,
    RedactedTexts,
    SessionRedactor,
)
from assist_escalation.gate.ghost_text.window import Window
from assist_escalation.gate.prepare import FREE, limits_of
from assist_escalation.policy.endpoints import ModelServer
from assist_escalation.policy.permissions import Permissions
from assist_escalation.policy.verdict import Verdict, judge_ghost_text
from assist_escalation.prompts import Prompt
from assist_escalation.provider.infill.answer import InfillPiece
from assist_escalation.provider.infill.line import InfillLine
from assist_escalation.provider.infill.request import FimTable, InfillCall, InfillPrompt, body
from assist_escalation.provider.provider_memory import AnsweringModels
from assist_escalation.redaction.known_secrets import Known
from assist_escalation.redaction.restorer import Restorer, restorer_of

COMMAND = "complete"
MOST_TOKENS = 192  # of answer, for which money is reserved: a block and a half-typed word

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SessionParts:
    """What a session works with. `permissions` reads the rules as they are now; `known` the secret values,
    and both are asked for each request.

    `keys` returns the value of an environment variable, or "". `draw` returns an unguessable name. `models`
    remembers how servers call their models, and `warn` tells the user once that one was changed. `command` is
    who asks, as the log and the ledger have it, with `ceilings` of its own.
    """

    log: AuditLog
    ledger: Ledger
    permissions: Callable[[], Permissions]
    known: Callable[[], Known]
    keys: Callable[[str], str]
    draw: Callable[[], str]
    scope: Scope
    models: AnsweringModels
    warn: Callable[[str], None] = _LOG.warning
    offline: bool = False
    command: str = COMMAND
    ceilings: tuple[Ceiling, ...] = ()


class GhostTextSession:
    """Requests to the server `name` of the permissions. `tokens` are the infilling tokens of its model.

    `clock` returns seconds. Use it on one event loop, and close it there.
    """

    def __init__(
        self,
        name: str,
        tokens: FimTable | None,
        parts: SessionParts,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name, self._tokens, self._parts, self._clock = name, tokens, parts, clock
        self._server: ModelServer | None = None
        self._line: InfillLine | None = None
        self._key = ""
        self._redactor: SessionRedactor | None = None
        self._known = Known()
        self._model = ""
        self._rules: Permissions | None = None
        self._window: Window | None = None

    def _check(self, texts: CursorTexts) -> Permissions:
        """The rules by which these texts may be sent. Raises `RefusedError` if they may not."""
        permissions = self._parts.permissions()
        spans = (*texts.files, texts.head, texts.typed, texts.suffix)
        verdict: Verdict = judge_ghost_text(Prompt(COMMAND, spans), permissions, self._name)
        if not verdict.allowed:
            raise RefusedError("policy", "; ".join(verdict.reasons))
        return permissions

    async def complete(
        self, texts: CursorTexts, most: int, *, one_line: bool
    ) -> AsyncGenerator[InfillPiece, None]:
        """The answer piece by piece, with secrets in their places. Raises `EscalationError`.

        `RefusedError` means that nothing was sent, and says nothing about the server.
        """
        permissions = self._check(texts)
        await self._follow_rules(permissions)
        server, line = self._connection(permissions)
        clean = self._redact(texts)
        prompt = InfillPrompt(
            tuple((file.origin.path, file.text) for file in clean.files),
            clean.path,
            clean.head,
            clean.suffix,
            clean.typed,
            texts.need,
            one_line,
            most,
        )
        payload = body(InfillCall(server, self._key, self._tokens, prompt))
        window = self._begin(permissions, server, most)
        paths = [*(file.origin.path for file in clean.files), clean.path]
        window.add_request(payload, paths, dict(clean.redacted.found))
        restorer = _restorer_around_cursor(texts, clean)
        async with aclosing(self._receive(line, payload, most, window, restorer)) as pieces:
            async for piece in pieces:
                yield piece

    def roll(self) -> None:
        """Write down the window that is open. Raises `EscalationError` if log or ledger cannot be used.

        It stays open then, and nothing is sent until it is written down.
        """
        window = self._window
        if window is None or self._server is None:
            return
        server = self._server
        micro = prices.cost_micro(server.price or FREE, window.usage)
        if not window.logged:
            self._parts.log.append("outcome", _outcome(window, server, micro))
            window.logged = True
        self._parts.ledger.settle(window.id, micro, window.usage, "window")
        self._window = None

    async def close(self) -> None:
        """End the connections, and write down what was sent."""
        line, self._line = self._line, None
        try:
            if line is not None:
                await line.close()
        finally:
            self.roll()

    async def _follow_rules(self, permissions: Permissions) -> None:
        """Begin again if the rules or the server changed: with other secrets, placeholders, and window."""
        if permissions == self._rules:
            return
        await self.close()
        self._rules = permissions
        self._server = None
        self._redactor = None

    def _connection(self, permissions: Permissions) -> tuple[ModelServer, InfillLine]:
        if self._server is None or self._line is None:
            server = permissions.servers[self._name]
            self._key = self._parts.keys(server.api_key_env) if server.api_key_env else ""
            if server.api_key_env and not self._key:
                raise RefusedError(
                    "no_key",
                    f"The variable {server.api_key_env} is not set: export the key of {self._name} in it.",
                )
            self._server = server
            self._line = InfillLine(server, self._key, offline=self._parts.offline)
        return self._server, self._line

    def _redact(self, texts: CursorTexts) -> RedactedTexts:
        known = self._parts.known()  # the files of secrets may have changed since the last request
        if known is not self._known:
            self._redactor = self._redactor if known == self._known else None
            self._known = known
        if self._redactor is None:
            patterns = self._rules.patterns if self._rules else ()
            self._redactor = SessionRedactor(self._known, patterns, self._parts.draw())
        try:
            return self._redactor.redact(texts)
        except EscalationError as error:
            raise RefusedError("redaction", str(error)) from None

    def _begin(self, permissions: Permissions, server: ModelServer, most: int) -> Window:
        """The open window, or a new one: its money is reserved and its intent on the disk."""
        if self._window is not None and not self._window.is_over(self._clock(), most):
            return self._window
        self.roll()
        price = server.price or FREE
        tokens = max(most, MOST_TOKENS)
        one = prices.upper_micro(price, server.context_tokens, tokens)
        limits = replace(limits_of(permissions), ceilings=self._parts.ceilings)
        window = Window(self._parts.draw(), self._clock(), most_tokens=tokens)
        if one:
            window.most = max(1, min(window.most, limits.request_micro // one))
        upper = one * window.most
        scope = self._parts.scope
        command = self._parts.command
        asked = ReservationRequest(window.id, scope, command, self._name, server.model, upper)
        self._parts.ledger.reserve(asked, limits)
        try:
            self._parts.log.append("intent", self._intent(window, server, upper))
        except EscalationError:
            self._parts.ledger.release(window.id)
            raise
        self._window = window
        return window

    def _intent(self, window: Window, server: ModelServer, upper: int) -> dict[str, Json]:
        """What the log says before the first byte of a window: who may be sent what, and how much of it."""
        return {
            "request_id": window.id,
            "actor": self._parts.scope.user,
            "repo": self._parts.scope.repo,
            "command": self._parts.command,
            "cause": "ghost_text",
            "features": {},
            "verdict": {"allowed": True, "classes": list(server.residency)},
            "spans": [],
            "redactions": [],
            "payload_sha256": "",
            "provider": self._name,
            "host": urlsplit(server.base_url).netloc,
            "model": server.model,
            "tokens": server.context_tokens,
            "upper_micro": upper,
            "most_requests": window.most,
        }

    def _compare_model(self, model: str) -> None:
        """Tell the user and the log if the server calls its model something else than before."""
        server = self._server
        if not model or server is None or model == self._model:
            return
        self._model = model
        try:
            if before := self._parts.models.update(self._name, server.model, model):
                self._parts.warn(f"{self._name} answers as {model}; until now it was {before}.")
                changed = {"provider": self._name, "before": before, "now": model}
                self._parts.log.append("model_changed", changed)
        except EscalationError as error:  # the next window stops at the same error
            self._parts.warn(str(error))

    async def _receive(
        self, line: InfillLine, payload: bytes, most: int, window: Window, restorer: Restorer
    ) -> AsyncGenerator[InfillPiece, None]:
        """The pieces of the answer, with the secrets back, and the count of them all."""
        start = time.monotonic()
        last = InfillPiece("")
        written = 0
        received = 0
        failed = True
        try:
            async with aclosing(line.stream(payload, most)) as pieces:
                async for piece in pieces:
                    written += bool(piece.text)
                    received += len(piece.text.encode("utf-8", "replace"))
                    last = replace(
                        piece,
                        prompt=max(piece.prompt, last.prompt),
                        cached=max(piece.cached, last.cached),
                        model=piece.model or last.model,
                    )
                    text = restorer.take(piece.text) + (restorer.rest() if piece.end else "")
                    yield replace(last, text=text)
            failed = False
        except GeneratorExit:
            failed = False  # it was closed because no more is wanted
            raise
        finally:
            ms = 1e3 * (time.monotonic() - start)
            size = len(payload)
            window.add_answer(last, size, written, received, ms, failed=failed)
            self._compare_model(last.model)


def _restorer_around_cursor(texts: CursorTexts, clean: RedactedTexts) -> Restorer:
    """What puts the secrets back, which knows the line around the cursor: an address may be there."""
    before = f"{texts.head.text}{texts.typed.text}".rpartition("\n")[2]
    return restorer_of(clean.redacted, before, texts.suffix.text.partition("\n")[0])


def _outcome(window: Window, server: ModelServer, micro: int) -> dict[str, Json]:
    """What the log says after a window."""
    return {
        "request_id": window.id,
        "model_returned": window.model or server.model,
        "usage": asdict(window.usage),
        "cost_micro": micro,
        "latency_ms": round(window.ms / max(1, window.requests)),
        "finish": "window",
        "error": "",
        **window.fields(),
    }
