"""One exchange with a provider or a server: what is paid and written down around a call, and in which order.

    money reserved -> intent on the disk -> the call -> outcome on the disk -> money settled

Nothing leaves before the first two are durable. Whatever happens then to the answer, to who asked, or to this
process, a request has one outcome at most, and what is not settled stays reserved. All that sends goes this
way: questions (`egress.questions`), ghost text (`egress.ghost_text`), and the requests of other tools, which
are posted as they are (`Exchange.post`).

An event holds texts only if the policy says so, and that of a refusal neither text nor a file's name, since
the refused file may have to stay out of a log. If the log cannot be written, a refusal is what it was,
and only the program's own log says so. This module decides nothing and reads no answer: who reads it says
what it counts.
"""

import asyncio
import json
import logging
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Protocol
from urllib.parse import urlsplit

from assist_escalation.audit.log import AuditLog
from assist_escalation.budget import token_count
from assist_escalation.budget.ledger import Ledger, ReservationRequest, Scope, SpendingLimits
from assist_escalation.budget.prices import Attempts, Settlement, settlement
from assist_escalation.errors import EscalationError, RefusedError
from assist_escalation.policy.endpoints import ModelServer, Price, Provider
from assist_escalation.prompts import Usage
from assist_escalation.provider.failures import Fault, TransportError
from assist_escalation.provider.provider_memory import AnsweringModels
from assist_escalation.provider.transport import ProviderAnswer, ProviderPost, Transport, failure
from assist_escalation.redaction.redactor import clean

# Refusals in the log for one UTC day, as far as they are near its end: a program that asks in a loop must not
# fill the disk. One takes about 400 bytes, so a day of nothing else takes 40 KB. The last one says so.
# The log counts them in its last 100 KB, so no name may make one longer than 1,000 bytes.
MAX_A_DAY = 100
_NAME_LENGTH = 80
_PATH_BYTES = 300
_CUT = "..."

_LOG = logging.getLogger(__name__)


class Books(Protocol):
    """The books of an exchange. A gate's parts are such books, and so are a session's."""

    @property
    def ledger(self) -> Ledger:
        """Return what is reserved and spent."""

    @property
    def log(self) -> AuditLog:
        """Return what left, and what came of it."""

    @property
    def models(self) -> AnsweringModels:
        """Return how providers called their models until now."""


@dataclass(frozen=True, slots=True)
class OutboundRequest:
    """A request that is ready to leave, as the ledger and the log have it.

    `tokens` and `upper_micro` are upper bounds, of what is sent and of what it costs. `facts` are the fields
    of its intent that only its kind of request has.
    """

    id: str
    scope: Scope
    command: str
    provider: str
    endpoint: Provider | ModelServer
    price: Price
    tokens: int
    upper_micro: int
    limits: SpendingLimits
    facts: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class ReadAnswer:
    """The answer as read so far. `usage` is None if the provider reports nothing.

    `text` is what the model wrote, for an estimate. `finish` is "" if the answer did not come to its end.
    """

    text: str = field(default="", repr=False)
    finish: str = ""
    model: str = ""
    usage: Usage | None = None


NO_ANSWER = ReadAnswer()


class Exchange:
    """One request under way: `begin` or `post` it, say in `read` how its answer is read, and `close` it.

    `warn` gets what is wrong with the books, and `remark` what is booked, before it is written down. `sent`:
    bytes of the request may have reached the provider. Ghost text, which writes many requests down as one,
    takes the single steps instead: `reserve`, `write_intent`, `write_outcome`, `settle`.
    """

    def __init__(
        self,
        request: OutboundRequest,
        books: Books,
        warn: Callable[[str], None] = _LOG.warning,
        remark: Callable[[Settlement], None] = lambda _: None,
    ) -> None:
        self.request = request
        self.read: Callable[[], ReadAnswer] = lambda: NO_ANSWER
        self.sent = False
        self.paid = Settlement(Usage(), 0)
        self.finish = "cancelled"
        self.error = ""
        self.ms = 0.0
        self._books, self._warn, self._remark = books, warn, remark
        self._claim: Usage | None = None  # what a failed attempt used, if that is known
        self._charged = 0  # attempts before the last one that the provider may charge for
        self._key = ""
        self._answer: ProviderAnswer | None = None
        self._opening: asyncio.Future[str] | None = None
        self._closing: asyncio.Future[None] | None = None
        self._start = time.monotonic()

    # Before the call.

    async def begin(self, keys: Callable[[str], str]) -> str:
        """Reserve the money and write the intent, both durably, and return the key: now it may be sent.

        Raises `RefusedError`, `BudgetError`, `LedgerError` and `AuditError`; nothing stays reserved then, and
        the refusal is written down.
        """
        self._opening = asyncio.ensure_future(asyncio.to_thread(self._open, keys))
        self._key = await asyncio.shield(self._opening)
        self.sent = True
        return self._key

    def _open(self, keys: Callable[[str], str]) -> str:
        request = self.request
        try:
            key = make_key(request.provider, request.endpoint, keys)
            self.reserve()
        except EscalationError as error:
            refusal = RefusedRequest(request.id, request.scope, request.command, request.provider)
            record_refusal(self._books.log, refusal, name_cause(error))
            raise
        self.write_intent()
        return key

    def reserve(self) -> None:
        """Reserve the most that the request can cost. Raises `BudgetError` and `LedgerError`."""
        self._books.ledger.reserve(self._reservation(), self.request.limits)

    def write_intent(self) -> None:
        """Write down what is about to leave. If that fails, nothing stays reserved. Raises `AuditError`."""
        request = self.request
        try:
            self._books.log.append(
                "intent",
                {
                    "request_id": request.id,
                    "actor": request.scope.user,
                    "repo": request.scope.repo,
                    "command": request.command,
                    "provider": request.provider,
                    "host": urlsplit(request.endpoint.base_url).netloc,
                    "model": request.endpoint.model,
                    "tokens": request.tokens,
                    "upper_micro": request.upper_micro,
                    **request.facts,
                },
            )
        except EscalationError:
            self._books.ledger.release(request.id)
            raise

    async def reserve_again(self) -> bool:
        """Reserve the money for one more attempt. False, and no attempt, if there is none."""
        try:
            again = self._books.ledger.reserve_again
            await asyncio.to_thread(again, self._reservation(), self.request.limits)
        except EscalationError as error:
            self._warn(f"{self.request.provider} failed and was not asked again: {error}.")
            return False
        self._charged += 1
        return True

    def _reservation(self) -> ReservationRequest:
        request = self.request
        key = (request.provider, request.endpoint.model)
        return ReservationRequest(request.id, request.scope, request.command, *key, request.upper_micro)

    # The call of another tool. A question's call is `Transport.stream`, and ghost text has its own line.

    async def post(
        self, post: ProviderPost, transport: Transport, keys: Callable[[str], str]
    ) -> ProviderAnswer:
        """Send these bytes as they are, and return the beginning of the answer.

        Raises what `begin` raises, and `TransportError` for failures after that. It is then closed already.
        """
        try:
            key = await self.begin(keys)
            self._answer = await transport.post(post, key)
        except TransportError as error:
            self.record_failure(error)
            raise
        finally:
            if self._answer is None:  # it failed, or was cancelled
                await self.close()
        return self._answer

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """The bytes of a posted request's answer. Raises `TransportError`."""
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

    # How it failed.

    def fault(self, fault: Fault) -> TransportError:
        """The error of an answer that broke off, or that is not an answer."""
        request = self.request
        error = failure(request.provider, request.endpoint.base_url, self._key, fault, was_sent=True)
        self.record_failure(error)
        return error

    def record_failure(self, error: TransportError) -> None:
        """The call failed."""
        self.error = error.kind
        self.sent = error.sent
        self._claim = error.usage

    def refuse(self, usage: Usage | None) -> None:
        """The provider refused the request; `usage` is zero tokens if it cannot charge for that."""
        self.error = "refused"
        self._claim = usage

    # After the call.

    async def close(self) -> None:
        """Close the connection, write the outcome and settle the money, once. It ends even if cancelled."""
        if self._closing is None:
            self._closing = asyncio.ensure_future(self._end(self.read()))
        await asyncio.shield(self._closing)

    async def _end(self, read: ReadAnswer) -> None:
        if self._opening is None:
            return
        await asyncio.wait([self._opening])  # it may still be running if the user cancelled early
        if self._answer is not None:
            await self._answer.close()
        if not self._opening.cancelled() and self._opening.exception() is None:
            await asyncio.to_thread(self._book, read)

    def _book(self, read: ReadAnswer) -> None:
        """Log the outcome, then settle. A failure here stops the next request; this one is paid.

        The outcome comes first: what is settled and has none is then no crash, but a log that was cut.
        Without it the money stays reserved, and `verify` reports the intent.
        """
        self.ms = 1e3 * (time.monotonic() - self._start)
        self.finish = "error" if self.error else read.finish or "cancelled"
        self.paid = self._settlement(read)
        self._remark(self.paid)
        try:
            self.write_outcome(read.model, self.paid, self.finish, self.ms)
        except EscalationError as error:
            self._warn(str(error))
            if self.sent:
                return
        try:
            self.settle(self.paid, self.finish)
        except EscalationError as error:  # its money stays reserved
            self._warn(str(error))
        try:
            self.compare_model(read.model, "answered", {"request_id": self.request.id})
        except EscalationError as error:
            self._warn(str(error))

    def _settlement(self, read: ReadAnswer) -> Settlement:
        """Return what is booked. Only the count of an answer that came to its end is believed."""
        if not self.sent:
            return Settlement(Usage(), 0)
        claim = read.usage if self._claim is None else self._claim
        is_free = claim == Usage() and bool(self.error)
        if claim is not None and not is_free and (self.error or not read.finish):
            claim = replace(claim, estimated=True)  # a count before the end of an answer is not its last one
        is_final = claim is not None and not claim.estimated
        output = 0 if is_final else token_count.upper_count(read.text)
        request = self.request
        attempts = Attempts(request.upper_micro, self._charged)
        return settlement(request.price, attempts, claim, Usage(request.tokens, output=output))

    def write_outcome(
        self, model: str, paid: Settlement, finish: str, ms: float, more: Mapping[str, Any] | None = None
    ) -> None:
        """Write down what came of it; `model` is what the provider calls its model. Raises `AuditError`."""
        self._books.log.append(
            "outcome",
            {
                "request_id": self.request.id,
                "model_returned": model,
                "usage": asdict(paid.usage),
                "cost_micro": paid.micro,
                "latency_ms": round(ms),
                "finish": finish,
                "error": self.error,
                **(more or {}),
            },
        )

    def settle(self, paid: Settlement, finish: str) -> None:
        """Book what it cost, or give the money back if nothing was sent. Raises `LedgerError`."""
        if self.sent:
            self._books.ledger.settle(self.request.id, paid.micro, paid.usage, finish)
        else:
            self._books.ledger.release(self.request.id)

    def compare_model(self, model: str, verb: str, about: Mapping[str, Any]) -> None:
        """Tell the user and the log if the provider calls its model something else than before.

        Raises `AuditError`.
        """
        provider = self.request.provider
        if before := self._books.models.update(provider, self.request.endpoint.model, model):
            self._warn(f"{provider} {verb} as {model}; until now it was {before}.")
            change = {"provider": provider, "before": before, "now": model}
            self._books.log.append("model_changed", {**about, **change})


def make_key(name: str, endpoint: Provider | ModelServer, keys: Callable[[str], str]) -> str:
    """The key of a provider or a server, "" if it needs none. Raises `RefusedError` if it is not set."""
    variable = endpoint.api_key_env
    key = keys(variable) if variable else ""
    if variable and not key:
        raise RefusedError("no_key", f"The variable {variable} is not set: set it to the key of {name}.")
    return key


@dataclass(frozen=True, slots=True)
class RefusedRequest:
    """A request that was not sent. `provider` is the one it was for, or ""."""

    id: str
    scope: Scope
    command: str
    provider: str = ""


def record_refusal(audit: AuditLog, request: RefusedRequest, cause: str) -> None:
    """Write one `refused` event, unless the day has enough of them. Never raises."""
    fields = {
        "request_id": request.id,
        "actor": _short(request.scope.user, _NAME_LENGTH),
        "repo": _short(request.scope.repo, _PATH_BYTES),
        "command": request.command,
        "provider": _short(clean(request.provider[:_NAME_LENGTH]), _NAME_LENGTH),
        "cause": cause,
    }
    try:
        audit.append_some("refused", fields, MAX_A_DAY)
    except EscalationError as error:
        _LOG.warning("A refusal (%s) is not in the audit log: %s", cause, error)


def _short(name: str, most: int) -> str:
    """A name in about `most` bytes as the log writes them: a letter outside ASCII takes six or twelve."""
    if len(json.dumps(name)) <= most:
        return name
    head = name[:most]
    while len(json.dumps(head)) > most:
        head = head[: len(head) * 7 // 8]
    return head + _CUT


def name_cause(error: EscalationError) -> str:
    """The cause of a refusal as one word: what is not a rule is the gate's own failure."""
    return error.cause if isinstance(error, RefusedError) else "gate"
