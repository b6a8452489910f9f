"""The second half of the gate: money set aside, the intent written down, and only then the provider asked.

Whatever happens to the stream, what was received is paid and the outcome is written. It sends what
`gate.prepare` made and changes nothing of it.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from assist_escalation.audit.log import AuditError
from assist_escalation.budget import ledger, prices, token_count
from assist_escalation.errors import EscalationError, RefusedError
from assist_escalation.gate import audit_events
from assist_escalation.gate.audit_events import Outcome
from assist_escalation.gate.prepare import GateParts, Prepared, limits_of
from assist_escalation.prompts import Usage
from assist_escalation.provider.transport import AnswerEnd, Call, Delta, TransportError
from assist_escalation.redaction.redactor import RedactionError, Restorer, restore

log = logging.getLogger(__name__)


async def send(
    prepared: Prepared, parts: GateParts, decision: Mapping[str, Any]
) -> AsyncGenerator[str | Outcome, None]:
    """The answer piece by piece, placeholders put back, and at last its `Outcome`.

    `decision` is written to the audit log as the reason. Raises `RefusedError`, `BudgetError`,
    `LedgerError` and `AuditError` before anything is sent, `TransportError` where it fails after that.
    Closing the iterator stops the stream; what was received is paid.
    """
    call = Call(
        prepared.provider, prepared.endpoint, _key(prepared, parts), prepared.messages, prepared.max_output
    )
    answer = _RunningAnswer(prepared)
    opening = asyncio.ensure_future(asyncio.to_thread(_open, prepared, parts, decision))
    try:
        await asyncio.shield(opening)
        answer.sent = True
        async with aclosing(parts.transport.stream(call)) as stream:
            async for event in stream:
                if isinstance(event, AnswerEnd):
                    answer.finished(event)
                elif piece := answer.take(event):
                    yield piece
        if piece := answer.rest():
            yield piece
    except TransportError as error:
        answer.failed(error)
        raise
    finally:
        await asyncio.shield(_settled(opening, prepared, parts, answer))
    yield replace(answer.found, warning=answer.warning)


def _key(prepared: Prepared, parts: GateParts) -> str:
    variable = prepared.endpoint.api_key_env
    key = parts.keys(variable) if variable else ""
    if variable and not key:
        raise RefusedError(
            "no_key", f"The variable {variable} is not set: export the key of {prepared.provider} in it."
        )
    return key


def _open(prepared: Prepared, parts: GateParts, decision: Mapping[str, Any]) -> None:
    """Set the money aside and write the intent down, durably; nothing is set aside where that fails."""
    request = prepared.request
    parts.ledger.reserve(
        ledger.ReservationRequest(
            request.id,
            request.scope,
            request.prompt.command,
            prepared.provider,
            prepared.endpoint.model,
            prepared.upper_micro,
        ),
        limits_of(request.permissions),
    )
    try:
        parts.log.append("intent", audit_events.intent(prepared, decision))
    except AuditError:
        parts.ledger.release(request.id)
        raise


async def _settled(
    opening: "asyncio.Future[None]", prepared: Prepared, parts: GateParts, answer: "_RunningAnswer"
) -> None:
    """Close what was opened. The opening may still be on its way where the person was quick to cancel."""
    await asyncio.wait([opening])
    if opening.exception() is None:
        await asyncio.to_thread(_close, prepared, parts, answer)


def _close(prepared: Prepared, parts: GateParts, answer: "_RunningAnswer") -> None:
    """Settle and write down. What fails here stops the next request; this one is over and paid."""
    answer.ms = 1e3 * (time.monotonic() - answer.start)
    request = prepared.request
    found = answer.outcome()
    answer.found = found
    try:
        if answer.sent:
            parts.ledger.settle(request.id, found.cost_micro, found.usage, found.finish)
        else:
            parts.ledger.release(request.id)
    except EscalationError as error:  # its money stays set aside
        answer.warn(str(error))
    asked = prepared.endpoint.model
    try:
        parts.log.append("outcome", audit_events.outcome(prepared, found))
        if before := parts.models.changed(prepared.provider, asked, found.model):
            answer.warn(f"{prepared.provider} answered as {found.model}; until now it was {before}.")
            changed = {"provider": prepared.provider, "before": before, "now": found.model}
            parts.log.append("model_changed", {"request_id": request.id, **changed})
    except EscalationError as error:  # the intent stays without an outcome, and `verify` says so
        answer.warn(str(error))


class _RunningAnswer:
    """What came so far, and what it costs."""

    def __init__(self, prepared: Prepared) -> None:
        self._prepared = prepared
        self._restorer = Restorer(prepared.redacted)
        self._raw, self._text, self._model, self._error = "", "", "", ""
        self._finish = "cancelled"
        self._usage: Usage | None = None
        self.found = Outcome("", "cancelled", "", Usage(), 0, 0.0)  # what it was, once it is over
        self.start = time.monotonic()
        self.ms = 0.0
        self.sent = False
        self.warning = ""

    def warn(self, text: str) -> None:
        """Something that the person should hear of, and the log."""
        log.warning("%s", text)
        self.warning = f"{self.warning} {text}".lstrip()

    def take(self, event: Delta) -> str:
        self._raw += event.text
        return self._shown(self._restorer.take(event.text))

    def rest(self) -> str:
        return self._shown(self._restorer.rest())

    def _shown(self, piece: str) -> str:
        self._text += piece
        return piece

    def finished(self, event: AnswerEnd) -> None:
        self._finish, self._model, self._usage = event.finish, event.model, event.usage

    def failed(self, error: TransportError) -> None:
        self._finish = "error"
        self._error = error.kind
        self.sent = error.sent
        self._usage = error.usage or self._usage

    def outcome(self) -> Outcome:
        """Paid as the provider counted, else as we do, from above: that takes a while, so on a thread."""
        usage = self._usage
        if usage is None:
            output = token_count.upper_count(self._raw)
            usage = Usage(self._prepared.tokens, output=output, estimated=True) if self.sent else Usage()
        cost = prices.cost_micro(self._prepared.price, usage)
        said = self._text, self._finish, self._model
        return Outcome(*said, usage, cost, self.ms, self._error, altered=self._altered())

    def _altered(self) -> bool:
        try:
            restore(self._raw, self._prepared.redacted)
        except RedactionError:
            return True
        return False
