"""The second half of the gate: it reserves the money, writes the intent to the log, then asks the provider.

Whatever happens to the stream, it is paid and the outcome is written: what is booked is decided in
`budget.settlement`. This module sends what `gate.prepare` made, and changes nothing in it.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from typing import Any

from assist_escalation.budget import ledger, token_count
from assist_escalation.budget.prices import Attempts, Settlement, settlement
from assist_escalation.errors import EscalationError, RefusedError
from assist_escalation.gate import audit_events
from assist_escalation.gate.audit_events import Outcome, RefusedRequest, cause_of, record_refusal
from assist_escalation.gate.prepare import GateParts, Prepared, limits_of
from assist_escalation.policy.endpoints import usd
from assist_escalation.prompts import Usage
from assist_escalation.provider.transport import AnswerEnd, Call, Delta, TransportError
from assist_escalation.redaction.redactor import RedactionError, restore
from assist_escalation.redaction.restorer import exact, restorer_of

log = logging.getLogger(__name__)


async def send(
    prepared: Prepared, parts: GateParts, decision: Mapping[str, Any]
) -> AsyncGenerator[str | Outcome, None]:
    """The answer piece by piece, with the secrets back outside of addresses, and then its `Outcome`.

    `decision` is written to the audit log as the reason. Raises `RefusedError`, `BudgetError`,
    `LedgerError` and `AuditError` before anything is sent, and `TransportError` for failures after that.
    Closing the iterator stops the stream; it is paid like one that broke off.
    """
    opening = asyncio.ensure_future(asyncio.to_thread(_open, prepared, parts, decision))
    answer = _RunningAnswer(prepared)
    try:
        key = await asyncio.shield(opening)
        answer.record_start()
        call = Call(prepared.provider, prepared.endpoint, key, prepared.messages, prepared.max_output)
        again = partial(_reserve_again, prepared, parts, answer)
        async with aclosing(parts.transport.stream(call, again)) as stream:
            async for event in stream:
                if isinstance(event, AnswerEnd):
                    answer.record_end(event)
                elif piece := answer.take(event):
                    yield piece
        if piece := answer.rest():
            yield piece
    except TransportError as error:
        answer.record_failure(error)
        raise
    finally:
        await asyncio.shield(_settle(opening, prepared, parts, answer))
    yield answer.outcome()


def _key(prepared: Prepared, parts: GateParts) -> str:
    variable = prepared.endpoint.api_key_env
    key = parts.keys(variable) if variable else ""
    if variable and not key:
        raise RefusedError(
            "no_key", f"The variable {variable} is not set: export the key of {prepared.provider} in it."
        )
    return key


def _open(prepared: Prepared, parts: GateParts, decision: Mapping[str, Any]) -> str:
    """Reserve the money and write the intent, both durably, and return the key.

    If that fails, nothing stays reserved, and the refusal is written down.
    """
    request = prepared.request
    try:
        key = _key(prepared, parts)
        parts.ledger.reserve(_reservation(prepared), limits_of(request.permissions))
    except EscalationError as error:
        refused = RefusedRequest(request.id, request.scope, request.prompt.command, prepared.provider)
        record_refusal(parts.log, refused, cause_of(error))
        raise
    try:
        parts.log.append("intent", audit_events.intent(prepared, decision))
    except EscalationError:
        parts.ledger.release(request.id)
        raise
    return key


def _reservation(prepared: Prepared) -> ledger.ReservationRequest:
    request = prepared.request
    return ledger.ReservationRequest(
        request.id,
        request.scope,
        request.prompt.command,
        prepared.provider,
        prepared.endpoint.model,
        prepared.upper_micro,
    )


async def _reserve_again(prepared: Prepared, parts: GateParts, answer: "_RunningAnswer") -> bool:
    """Reserve the money for one more attempt. False, and no attempt, if there is none."""
    limits = limits_of(prepared.request.permissions)
    try:
        await asyncio.to_thread(parts.ledger.reserve_again, _reservation(prepared), limits)
    except EscalationError as error:
        answer.warn(f"{prepared.provider} failed and was not asked again: {error}.")
        return False
    answer.record_charged_attempt()
    return True


async def _settle(
    opening: "asyncio.Future[str]", prepared: Prepared, parts: GateParts, answer: "_RunningAnswer"
) -> None:
    """Close what `_open` opened, which may still be running if the user cancelled early."""
    await asyncio.wait([opening])
    if opening.exception() is None:
        await asyncio.to_thread(_close, prepared, parts, answer)


def _close(prepared: Prepared, parts: GateParts, answer: "_RunningAnswer") -> None:
    """Log the outcome and settle the money. A failure here stops the next request; this one is paid.

    The outcome comes first: what is settled and has none is then no crash, but a log that was cut. Without it
    the money stays reserved, and `verify` reports the intent.
    """
    request = prepared.request
    outcome = answer.end()
    try:
        parts.log.append("outcome", audit_events.outcome(prepared, outcome))
    except EscalationError as error:
        answer.warn(str(error))
        if answer.sent:
            return
    try:
        if answer.sent:
            parts.ledger.settle(request.id, outcome.cost_micro, outcome.usage, outcome.finish)
        else:
            parts.ledger.release(request.id)
    except EscalationError as error:  # its money stays reserved
        answer.warn(str(error))
    try:
        asked = prepared.endpoint.model
        if before := parts.models.update(prepared.provider, asked, outcome.model):
            answer.warn(f"{prepared.provider} answered as {outcome.model}; until now it was {before}.")
            changed = {"provider": prepared.provider, "before": before, "now": outcome.model}
            parts.log.append("model_changed", {"request_id": request.id, **changed})
    except EscalationError as error:
        answer.warn(str(error))


class _RunningAnswer:
    """What arrived so far, and what it costs."""

    def __init__(self, prepared: Prepared) -> None:
        self._prepared = prepared
        self._restorer = restorer_of(prepared.redacted)
        self._raw = ""
        self._text = ""
        self._model = ""
        self._error = ""
        self._warning = ""
        self._finish = "cancelled"
        self._claim: Usage | None = None
        self._charged = 0  # attempts before the last one that the provider may charge for
        self._outcome = Outcome("", "cancelled", "", Usage(), 0, 0.0)
        self._start = time.monotonic()
        self.sent = False

    def warn(self, text: str) -> None:
        """Add a warning for the user, and write it to the program's log."""
        log.warning("%s", text)
        self._warning = f"{self._warning} {text}".lstrip()

    def record_start(self) -> None:
        """From here on, bytes of the request may have reached the provider."""
        self.sent = True

    def take(self, event: Delta) -> str:
        self._raw += event.text
        return self._show(self._restorer.take(event.text))

    def rest(self) -> str:
        return self._show(self._restorer.rest())

    def _show(self, piece: str) -> str:
        self._text += piece
        return piece

    def record_end(self, event: AnswerEnd) -> None:
        self._finish = event.finish
        self._model = event.model
        self._claim = event.usage

    def record_charged_attempt(self) -> None:
        self._charged += 1

    def record_failure(self, error: TransportError) -> None:
        self._finish = "error"
        self._error = error.kind
        self.sent = error.sent
        free = error.usage == Usage()  # a count before the end of an answer is not its last one
        self._claim = error.usage if free or error.usage is None else replace(error.usage, estimated=True)

    def outcome(self) -> Outcome:
        """The outcome with all warnings; it means something only after `end`."""
        return replace(self._outcome, warning=self._warning)

    def end(self) -> Outcome:
        """The outcome, now that the stream is over. Counting takes a while: call this in a worker thread."""
        ms = 1e3 * (time.monotonic() - self._start)
        paid = self._settlement() if self.sent else Settlement(Usage(), 0)
        said = self._text, self._finish, self._model
        self._outcome = Outcome(
            *said,
            paid.usage,
            paid.micro,
            ms,
            self._error,
            altered=self._is_altered(),
            exact=exact(self._raw, self._prepared.redacted),
            hidden=self._restorer.hidden,
        )
        return self._outcome

    def _settlement(self) -> Settlement:
        """What is booked, with a warning where that is no ordinary count."""
        prepared = self._prepared
        final = self._claim is not None and not self._claim.estimated
        output = 0 if final else token_count.upper_count(self._raw)
        reserved = Attempts(prepared.upper_micro, self._charged)
        paid = settlement(prepared.price, reserved, self._claim, Usage(prepared.tokens, output=output))
        if paid.usage.estimated and paid.micro:
            why = "failed before it answered" if final else "gave no token count that can be true"
            if self._finish in ("cancelled", "error"):
                why = "may charge for what it did until then"
            self.warn(f"{prepared.provider} {why}: {usd(paid.micro)} is booked, as an estimate.")
        elif paid.micro > prepared.upper_micro:
            self.warn(
                f"{prepared.provider} counted more than the {usd(prepared.upper_micro)} that were reserved: "
                f"{usd(paid.micro)} is booked. Compare that with its bill."
            )
        return paid

    def _is_altered(self) -> bool:
        try:
            restore(self._raw, self._prepared.redacted)
        except RedactionError:
            return True
        return False
