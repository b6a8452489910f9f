"""A question on its way to a provider: the request that `gate.prepare` made, sent, and its answer restored.

This module changes nothing in the request. What is written down and paid is in `egress.exchange`.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import asdict, dataclass, field
from typing import Any

from assist_escalation.budget.prices import Settlement
from assist_escalation.egress.exchange import Exchange, OutboundRequest, ReadAnswer
from assist_escalation.gate.prepare import GateParts, Prepared, get_limits
from assist_escalation.policy.endpoints import usd
from assist_escalation.prompts import Usage, lay_out
from assist_escalation.provider.transport import AnswerEnd, Call, TransportError
from assist_escalation.redaction.redactor import RedactionError, restore
from assist_escalation.redaction.restorer import exact, make_restorer

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer that came back. `warning` is for the user, or "". `error` is the kind of failure, or "".

    `text` is the answer as it was shown; `hidden` counts its placeholders that stay, since they are in lines
    with an address. `exact` has every secret in its place, and only edits are made from it. `altered`: the
    model changed a placeholder, so that no edit can be made.
    """

    text: str
    finish: str
    model: str
    usage: Usage
    cost_micro: int
    ms: float
    error: str = ""
    warning: str = ""
    altered: bool = False
    exact: str = field(default="", repr=False)
    hidden: int = 0


async def send(
    draft: Prepared, parts: GateParts, decision: Mapping[str, Any]
) -> AsyncGenerator[str | Outcome, None]:
    """The answer piece by piece, with the secrets back outside of addresses, and then its `Outcome`.

    `decision` is written to the audit log as the reason. Raises `RefusedError`, `BudgetError`,
    `LedgerError` and `AuditError` before anything is sent, and `TransportError` for failures after that.
    Closing the iterator stops the stream; it is paid as if it broke off.
    """
    answer = _QuestionAnswer(draft)
    exchange = Exchange(outbound(draft, decision), parts, answer.warn, answer.remark)
    exchange.read = answer.read
    try:
        key = await exchange.begin(parts.keys)
        call = Call(draft.provider, draft.endpoint, key, draft.messages, draft.max_output)
        async with aclosing(parts.transport.stream(call, exchange.reserve_again)) as stream:
            async for event in stream:
                if isinstance(event, AnswerEnd):
                    answer.end = event
                elif piece := answer.take(event.text):
                    yield piece
        if piece := answer.rest():
            yield piece
    except TransportError as error:
        exchange.record_failure(error)
        raise
    finally:
        await exchange.close()
    yield await asyncio.to_thread(answer.outcome, exchange)


def outbound(draft: Prepared, decision: Mapping[str, Any]) -> OutboundRequest:
    """The request as ledger and log have it. `decision` holds `cause` and `features`."""
    request = draft.request
    spans = [
        {
            "path": span.origin.path,
            "first": span.origin.first,
            "last": span.origin.last,
            "source": span.origin.source,
            "outline": span.origin.outline,  # `sha256` is of what left, never of the lines that were left out
            "sha256": span.sha256(),
        }
        for span in draft.redacted.spans
    ]
    texts = f"{draft.messages.system}{draft.messages.user}"
    facts = {
        **decision,
        "verdict": {"allowed": True, "classes": list(draft.classes)},
        "spans": spans,
        "redactions": [{"type": kind, "count": count} for kind, count in draft.redacted.found],
        "payload_sha256": draft.payload_sha256,
        # Of the texts: what the protocol puts around them is not counted.
        "bytes_sent": len(texts.encode("utf-8", "surrogatepass")),
        **_content(draft),
    }
    return OutboundRequest(
        request.id,
        request.scope,
        request.prompt.command,
        draft.provider,
        draft.endpoint,
        draft.price,
        draft.tokens,
        draft.upper_micro,
        get_limits(request.permissions),
        facts,
    )


def _content(draft: Prepared) -> dict[str, Any]:
    """The texts, if the policy keeps them: as they were sent, or as they were before redaction."""
    level = draft.request.permissions.audit_content
    if level == "hash":
        return {}
    messages = draft.messages if level == "redacted" else lay_out(draft.request.prompt)
    return {"content": asdict(messages)}


class _QuestionAnswer:
    """The answer so far, and what the user is told about it. `end` is set when the answer has ended."""

    def __init__(self, draft: Prepared) -> None:
        self.end: AnswerEnd | None = None
        self._prepared = draft
        self._restorer = make_restorer(draft.redacted)
        self._raw = ""
        self._text = ""
        self._warning = ""

    def warn(self, text: str) -> None:
        """Add a warning for the user, and write it to the program's log."""
        _LOG.warning("%s", text)
        self._warning = f"{self._warning} {text}".lstrip()

    def take(self, text: str) -> str:
        """Return what may be shown, now that this has arrived."""
        self._raw += text
        return self._show(self._restorer.take(text))

    def rest(self) -> str:
        """Return what is left to be shown at the end."""
        return self._show(self._restorer.rest())

    def _show(self, piece: str) -> str:
        self._text += piece
        return piece

    def read(self) -> ReadAnswer:
        """Return what the answer counts."""
        end = self.end
        return ReadAnswer(self._raw, end.finish, end.model, end.usage) if end else ReadAnswer(self._raw)

    def remark(self, paid: Settlement) -> None:
        """Warn where what is booked is not an ordinary count."""
        name, upper_micro = self._prepared.provider, self._prepared.upper_micro
        if paid.usage.estimated and paid.micro:
            read = self.read()
            is_exact = read.usage is not None and not read.usage.estimated
            why = "failed before it answered" if is_exact else "gave an impossible token count"
            if read.finish in ("", "cancelled", "error"):
                why = "may charge for its work until then"
            self.warn(f"{name} {why}: {usd(paid.micro)} is booked, as an estimate.")
        elif paid.micro > upper_micro:
            self.warn(
                f"{name} counted more than the {usd(upper_micro)} that were reserved: "
                f"{usd(paid.micro)} is booked. Compare that with its bill."
            )

    def outcome(self, exchange: Exchange) -> Outcome:
        """All of it, when the exchange is closed."""
        paid = exchange.paid
        return Outcome(
            self._text,
            exchange.finish,
            self.end.model if self.end else "",
            paid.usage,
            paid.micro,
            exchange.ms,
            exchange.error,
            self._warning,
            altered=self._is_altered(),
            exact=exact(self._raw, self._prepared.redacted),
            hidden=self._restorer.hidden,
        )

    def _is_altered(self) -> bool:
        try:
            restore(self._raw, self._prepared.redacted)
        except RedactionError:
            return True
        return False
