"""One request of another tool: money reserved, intent on the disk, the call, its outcome, and the settlement.

    budget reserved -> intent on disk -> the pinned transport -> outcome -> settled

Whatever happens to the tool, to the stream or to this process, there is one outcome for a request at most,
and what is not settled stays reserved. This module changes no byte of the request, and reads none of the
answer: who reads it says what it counts.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import asdict, dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from assist_escalation.budget import token_count
from assist_escalation.budget.ledger import Ceiling, ReservationRequest, Scope
from assist_escalation.budget.prices import Attempts, Settlement, settlement
from assist_escalation.errors import EscalationError, RefusedError
from assist_escalation.gate.audit_events import RefusedRequest, cause_of, record_refusal
from assist_escalation.gate.prepare import GateParts, limits_of
from assist_escalation.policy.endpoints import Price
from assist_escalation.policy.permissions import Permissions
from assist_escalation.prompts import Usage
from assist_escalation.provider.failures import Fault, TransportError
from assist_escalation.provider.foreign_post import ForeignAnswer, ForeignConnections, ForeignPost, failure

COMMAND = "tool:"  # before the tool's name, as the command of its requests in the log and in the ledger
_COUNTED = 400_000  # characters of an answer that are counted where its provider gives no count

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ForeignParts:
    """The gate of a workspace, and the connections that its tools share."""

    gate: GateParts
    connections: ForeignConnections


@dataclass(frozen=True, slots=True)
class ForeignCall:
    """One request of a tool exactly as it is posted.

    `session` is a name of the conversation, with which the `id` begins. `facts` are what the log says about
    its texts, by the names of an intent's fields.
    """

    id: str
    tool: str
    session: str
    scope: Scope
    permissions: Permissions
    price: Price
    post: ForeignPost = field(repr=False)
    tokens: int
    upper_micro: int
    ceilings: tuple[Ceiling, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def command(self) -> str:
        """The kind of request, in the log and in the ledger."""
        return COMMAND + self.tool


@dataclass(frozen=True, slots=True)
class ReadAnswer:
    """What the reader of an answer found in it. `usage` is None if the provider reports nothing.

    `text` is what the model wrote, for an estimate. `finish` is "" if the answer did not come to its end.
    """

    text: str = field(default="", repr=False)
    finish: str = ""
    model: str = ""
    usage: Usage | None = None


class ForeignExchange:
    """A request under way. `begin` it, read its `chunks`, say what was `read`, and `close` it in any case."""

    def __init__(self, call: ForeignCall, parts: ForeignParts) -> None:
        self.read = ReadAnswer()
        self._call, self._parts = call, parts
        self._answer: ForeignAnswer | None = None
        self._opening: asyncio.Future[str] | None = None
        self._closing: asyncio.Future[None] | None = None
        self._key = ""
        self._sent = False
        self._error = ""
        self._claim: Usage | None = None  # of a failure
        self._start = time.monotonic()

    async def begin(self) -> ForeignAnswer:
        """The beginning of the answer.

        Raises `RefusedError`, `BudgetError`, `LedgerError` and `AuditError` before anything is sent, and
        `TransportError` for failures after that. It is then closed already.
        """
        self._opening = asyncio.ensure_future(asyncio.to_thread(self._open))
        try:
            self._key = await asyncio.shield(self._opening)
            self._sent = True
            self._answer = await self._parts.connections.post(self._call.post, self._key)
        except TransportError as error:
            self._fail(error)
            raise
        finally:
            if self._answer is None:  # it failed, or was cancelled
                await self.close()
        return self._answer

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """The bytes of the answer. Raises `TransportError`."""
        if self._answer is None:
            raise EscalationError("an answer is read that has not begun")
        try:
            async with aclosing(self._answer.chunks()) as chunks:
                async for chunk in chunks:
                    yield chunk
        except Fault as fault:
            raise self.fault(fault) from None

    async def drain(self) -> None:
        """The answer's last event has come: let the connection be kept."""
        if self._answer is not None:
            await self._answer.drain()

    def fault(self, fault: Fault) -> TransportError:
        """The error of an answer that broke off, or that is none."""
        error = failure(self._call.post, self._key, fault, sent=True)
        self._fail(error)
        return error

    def refuse(self, usage: Usage | None) -> None:
        """The provider refused the request; `usage` is no tokens if it cannot charge for that."""
        self._error = "refused"
        self._claim = usage

    def _fail(self, error: TransportError) -> None:
        self._error = error.kind
        self._sent = error.sent
        self._claim = error.usage

    async def close(self) -> None:
        """Close the connection, write the outcome and settle the money, once. It ends even if cancelled."""
        if self._closing is None:
            self._closing = asyncio.ensure_future(self._settle())
        await asyncio.shield(self._closing)

    async def _settle(self) -> None:
        if self._opening is None:
            return
        await asyncio.wait([self._opening])
        if self._answer is not None:
            await self._answer.close()
        if not self._opening.cancelled() and self._opening.exception() is None:
            await asyncio.to_thread(self._close)

    def _open(self) -> str:
        """Reserve the money and write the intent, both durably, and return the key."""
        call = self._call
        gate = self._parts.gate
        try:
            key = self._find_key()
            limits = replace(limits_of(call.permissions), ceilings=call.ceilings)
            gate.ledger.reserve(self._reservation(), limits)
        except EscalationError as error:
            refused = RefusedRequest(call.id, call.scope, call.command, call.post.provider)
            record_refusal(gate.log, refused, cause_of(error))
            raise
        try:
            gate.log.append("intent", _intent(call))
        except EscalationError:
            gate.ledger.release(call.id)
            raise
        return key

    def _find_key(self) -> str:
        variable = self._call.post.endpoint.api_key_env
        key = self._parts.gate.keys(variable) if variable else ""
        if variable and not key:
            raise RefusedError(
                "no_key",
                f"The variable {variable} is not set: export the key of {self._call.post.provider} in it.",
            )
        return key

    def _reservation(self) -> ReservationRequest:
        call = self._call
        post = call.post
        return ReservationRequest(
            call.id, call.scope, call.command, post.provider, post.endpoint.model, call.upper_micro
        )

    def _close(self) -> None:
        """Log the outcome, then settle: what is settled and has none is no crash, but a log that was cut."""
        call = self._call
        gate = self._parts.gate
        read = self.read
        paid = self._paid()
        finish = "error" if self._error else read.finish or "cancelled"
        try:
            gate.log.append(
                "outcome",
                {
                    "request_id": call.id,
                    "model_returned": read.model,
                    "usage": asdict(paid.usage),
                    "cost_micro": paid.micro,
                    "latency_ms": round(1e3 * (time.monotonic() - self._start)),
                    "finish": finish,
                    "error": self._error,
                },
            )
        except EscalationError as error:
            _LOG.warning("%s", error)
            if self._sent:
                return
        try:
            if self._sent:
                gate.ledger.settle(call.id, paid.micro, paid.usage, finish)
            else:
                gate.ledger.release(call.id)
            self._compare_model(read.model)
        except EscalationError as error:  # its money stays reserved
            _LOG.warning("%s", error)

    def _compare_model(self, model: str) -> None:
        post = self._call.post
        if before := self._parts.gate.models.update(post.provider, post.endpoint.model, model):
            _LOG.warning("%s answered as %s; until now it was %s.", post.provider, model, before)
            changed = {"provider": post.provider, "before": before, "now": model}
            self._parts.gate.log.append("model_changed", {"request_id": self._call.id, **changed})

    def _paid(self) -> Settlement:
        """What is booked. Only the count of an answer that came to its end is believed."""
        if not self._sent:
            return Settlement(Usage(), 0)
        read, call = self.read, self._call
        claim = self._claim if self._error else read.usage
        if claim is None:
            claim = read.usage
        is_free = claim == Usage() and bool(self._error)
        if claim is not None and not is_free and (self._error or not read.finish):
            claim = replace(claim, estimated=True)
        is_final = claim is not None and not claim.estimated
        output = 0 if is_final else token_count.upper_count(read.text[:_COUNTED])
        return settlement(call.price, Attempts(call.upper_micro), claim, Usage(call.tokens, output=output))


def _intent(call: ForeignCall) -> dict[str, Any]:
    """The event that is written before anything is sent."""
    post = call.post
    return {
        "request_id": call.id,
        "actor": call.scope.user,
        "repo": call.scope.repo,
        "command": call.command,
        "tool": call.tool,
        "session": call.session,
        "provider": post.provider,
        "host": urlsplit(post.endpoint.base_url).netloc,
        "model": post.endpoint.model,
        "tokens": call.tokens,
        "bytes_sent": len(post.body),
        "upper_micro": call.upper_micro,
        **call.facts,
    }
