"""A session of ghost text with a team's server: what is checked before each request, and recorded of all.

    policy -> redaction -> money and intent for a window on disk -> the server -> outcome of the window

A prompt leaves at each pause in typing, so the requests of a window are one exchange: counted, not listed.
A stage that fails stops the request, and the local model writes the text. It runs on the thread that owns the
connection, so it may block for the milliseconds that redaction and the disk take.
"""

import hashlib
import logging
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any

from assist_escalation.audit.log import AuditLog
from assist_escalation.budget import prices
from assist_escalation.budget.ledger import Ceiling, Ledger, Scope
from assist_escalation.budget.prices import Settlement
from assist_escalation.egress.exchange import Exchange, OutboundRequest, make_key
from assist_escalation.errors import EscalationError, RefusedError
from assist_escalation.gate.ghost_text.incremental_redaction import (
    CursorTexts,
    RedactedTexts,
    SessionRedactor,
)
from assist_escalation.gate.prepare import FREE, get_limits
from assist_escalation.policy.endpoints import ModelServer
from assist_escalation.policy.permissions import Permissions
from assist_escalation.policy.verdict import Verdict, judge_ghost_text
from assist_escalation.prompts import Prompt, Usage
from assist_escalation.provider.infill import (
    FimTable,
    InfillCall,
    InfillLine,
    InfillPiece,
    InfillPrompt,
    body,
)
from assist_escalation.provider.provider_memory import AnsweringModels
from assist_escalation.redaction.known_secrets import Known
from assist_escalation.redaction.restorer import Restorer, make_restorer

COMMAND = "complete"
MAX_TOKENS = 192  # of answer, for which money is reserved: a block and a half-typed word
SECONDS = 60.0  # that a window lasts
REQUESTS = 200  # of a window
_LEAST_BYTES = 2  # of a token, for prompts whose tokens no one counted
_MAX_FILES = 100  # that are named; more are counted

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SessionParts:
    """The parts of a session. `permissions` reads the rules as they are now; `known` the secret values,
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


@dataclass(slots=True)
class Window:
    """The traffic of a window that began at `start`. `exchange` has its two events and its booking.

    Money is reserved for `most` requests of at most `most_tokens` of answer. `estimated`: a server did not
    say how many tokens it read. `logged`: its closing event is written.
    """

    exchange: Exchange
    start: float
    most: int
    most_tokens: int
    requests: int = 0
    failed: int = 0
    sent: int = 0
    received: int = 0
    ms: float = 0.0
    prompt: int = 0
    cached: int = 0
    written: int = 0
    model: str = ""
    estimated: bool = False
    logged: bool = False
    files: Counter[str] = field(default_factory=Counter)
    redactions: Counter[str] = field(default_factory=Counter)
    payloads: Any = field(default_factory=hashlib.sha256)

    def is_over(self, now: float, tokens: int = 0) -> bool:
        """Return whether the next request, of so many tokens of answer, belongs to another window."""
        full = self.requests >= self.most or tokens > self.most_tokens
        return full or now - self.start >= SECONDS

    def add_request(self, body: bytes, files: Sequence[str], redactions: Mapping[str, int]) -> None:
        """Count a request that is about to be sent. `redactions` are its placeholders by type."""
        self.requests += 1
        self.sent += len(body)
        self.payloads.update(hashlib.sha256(body).digest())
        self.files.update(set(files))
        self.redactions.update(redactions)

    def add_answer(
        self, last: InfillPiece, size: int, output: int, bytes_in: int, ms: float, *, is_failure: bool
    ) -> None:
        """Count how a request of `size` bytes ended; `bytes_in` is in bytes, `output` in tokens."""
        if not last.prompt:  # the answer was closed before the server counted
            self.estimated = True
        self.prompt += last.prompt or size // _LEAST_BYTES
        self.cached += last.cached
        self.model = last.model or self.model
        self.written += output
        self.received += bytes_in
        self.ms += ms
        self.failed += is_failure

    @property
    def usage(self) -> Usage:
        """The tokens of all requests."""
        return Usage(self.prompt - self.cached, self.cached, 0, self.written, self.estimated)

    def fields(self) -> dict[str, Any]:
        """Return what the closing event says in addition to the fields that every outcome has."""
        file_counts = self.files.most_common(_MAX_FILES)
        return {
            "requests": self.requests,
            "failed": self.failed,
            "bytes_sent": self.sent,
            "bytes_received": self.received,
            "files": [{"path": path, "requests": count} for path, count in file_counts],
            "more_files": len(self.files) - len(file_counts),
            "redactions": [{"type": kind, "count": count} for kind, count in sorted(self.redactions.items())],
            "payloads_sha256": self.payloads.hexdigest(),
        }


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
        paid = Settlement(window.usage, prices.cost_micro(server.price or FREE, window.usage))
        if not window.logged:
            ms = window.ms / max(1, window.requests)
            model = window.model or server.model
            window.exchange.write_outcome(model, paid, "window", ms, window.fields())
            window.logged = True
        window.exchange.settle(paid, "window")
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
            self._key = make_key(self._name, server, self._parts.keys)
            self._server = server
            self._line = InfillLine(server, self._key, offline=self._parts.offline)
        return self._server, self._line

    def _redact(self, texts: CursorTexts) -> RedactedTexts:
        known_values = self._parts.known()  # the files of secrets may have changed since the last request
        if known_values is not self._known:
            self._redactor = self._redactor if known_values == self._known else None
            self._known = known_values
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
        start = self._clock()
        parts = self._parts
        price = server.price or FREE
        tokens = max(most, MAX_TOKENS)
        one = prices.upper_micro(price, server.context_tokens, tokens)
        limits = replace(get_limits(permissions), ceilings=parts.ceilings)
        requests = max(1, min(REQUESTS, limits.request_micro // one)) if one else REQUESTS
        request = OutboundRequest(
            parts.draw(),
            parts.scope,
            parts.command,
            self._name,
            server,
            price,
            server.context_tokens,
            one * requests,
            limits,
            _facts(server, requests),
        )
        exchange = Exchange(request, parts, parts.warn)
        exchange.reserve()
        exchange.write_intent()
        exchange.sent = True
        self._window = Window(exchange, start, requests, tokens)
        return self._window

    def _compare_model(self, window: Window, model: str) -> None:
        """Tell the user and the log if the server calls its model something else than before."""
        if not model or self._server is None or model == self._model:
            return
        self._model = model
        try:
            window.exchange.compare_model(model, "answers", {})
        except EscalationError as error:  # the next window stops at the same error
            self._parts.warn(str(error))

    async def _receive(
        self, line: InfillLine, payload: bytes, most: int, window: Window, restorer: Restorer
    ) -> AsyncGenerator[InfillPiece, None]:
        """The pieces of the answer, with the secrets back, and the count of them all."""
        start = time.monotonic()
        last = InfillPiece("")
        output = 0
        bytes_in = 0
        is_failure = True
        try:
            async with aclosing(line.stream(payload, most)) as pieces:
                async for piece in pieces:
                    output += bool(piece.text)
                    bytes_in += len(piece.text.encode("utf-8", "replace"))
                    last = replace(
                        piece,
                        prompt=max(piece.prompt, last.prompt),
                        cached=max(piece.cached, last.cached),
                        model=piece.model or last.model,
                    )
                    text = restorer.take(piece.text) + (restorer.rest() if piece.end else "")
                    yield replace(last, text=text)
            is_failure = False
        except GeneratorExit:
            is_failure = False  # it was closed because no more is wanted
            raise
        finally:
            ms = 1e3 * (time.monotonic() - start)
            size = len(payload)
            window.add_answer(last, size, output, bytes_in, ms, is_failure=is_failure)
            self._compare_model(window, last.model)


def _restorer_around_cursor(texts: CursorTexts, clean: RedactedTexts) -> Restorer:
    """Return what puts the secrets back, which knows the line around the cursor: an address may be there."""
    before = f"{texts.head.text}{texts.typed.text}".rpartition("\n")[2]
    return make_restorer(clean.redacted, before, texts.suffix.text.partition("\n")[0])


def _facts(server: ModelServer, requests: int) -> dict[str, Any]:
    """Return what the log says before the first byte of a window, in addition to what it says of all."""
    return {
        "cause": "ghost_text",
        "features": {},
        "verdict": {"allowed": True, "classes": list(server.residency)},
        "spans": [],
        "redactions": [],
        "payload_sha256": "",
        "most_requests": requests,
    }
