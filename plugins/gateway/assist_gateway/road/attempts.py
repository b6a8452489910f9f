"""Asking the provider, and asking once more for each parameter that it refuses, as questions do.

Newer models refuse `max_tokens` and want `max_completion_tokens`, older servers the other way round, and some
know no `stream_options`. No provider charges for such a refusal. The next attempt is a request of its own,
with its own reservation, intent and outcome, since it posts other bytes. This module reads no answer.
"""

import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any

from assist_escalation.gate.foreign_exchange import ForeignExchange, ForeignParts
from assist_escalation.provider.failures import Refusal, refusal
from assist_escalation.provider.foreign_post import ForeignAnswer
from assist_escalation.provider.provider_memory import Capabilities, CapabilityStore, model_key
from assist_gateway.dialects.chat_completions import LIMITS
from assist_gateway.road.leaving_request import AskedProvider, LeavingRequest, asked_otherwise

_MOST_REFUSAL = 1 << 16  # bytes of a provider's refusal
_STREAM_OPTIONS = "stream_options"


@dataclass(frozen=True, slots=True)
class BegunAnswer:
    """The beginning of an answer to a request, or the refusal; the exchange of a refusal is closed."""

    leaving: LeavingRequest
    exchange: ForeignExchange = field(repr=False)
    answer: ForeignAnswer = field(repr=False)
    refused: Refusal | None = None


async def begin_answer(
    leaving: LeavingRequest,
    asked: AskedProvider,
    parts: ForeignParts,
    known: CapabilityStore,
    abilities: Capabilities | None,
) -> BegunAnswer:
    """Ask, and again without a parameter that is refused. What then works is remembered in `known`.

    Raises what `ForeignExchange.begin` raises, and `TransportError` for a refusal that breaks off.
    """
    before = abilities
    tried: set[str] = set()
    while True:
        exchange = ForeignExchange(leaving.call, parts)
        answer = await exchange.begin()
        if answer.status == 200:
            break
        refused = await _read_refusal(answer, exchange)
        parameter = _objection(refused, leaving.body, tried) if asked.dialect.name == "chat" else ""
        if not parameter:
            return BegunAnswer(leaving, exchange, answer, refused)
        tried.add(parameter)
        abilities = _without(abilities or Capabilities(), leaving.body, parameter)
        leaving = await asyncio.to_thread(asked_otherwise, leaving, asked, abilities)
    if abilities is not None and abilities != before:
        key = model_key(asked.provider, asked.endpoint.base_url, asked.endpoint.model)
        try:
            await asyncio.to_thread(known.remember, key, abilities)
        except asyncio.CancelledError:  # the tool has gone, and no one else closes it yet
            await exchange.close()
            raise
    return BegunAnswer(leaving, exchange, answer)


async def _read_refusal(answer: ForeignAnswer, exchange: ForeignExchange) -> Refusal:
    """A provider's refusal. Closes the exchange: it is paid by what the refusal says."""
    body = bytearray()
    try:
        async with aclosing(exchange.chunks()) as chunks:
            async for chunk in chunks:
                body += chunk[: _MOST_REFUSAL - len(body)]
        found = refusal(answer.status, bytes(body), answer.retry_after)
        exchange.refuse(found.usage)
        return found
    finally:
        await exchange.close()


def _objection(refused: Refusal, body: Mapping[str, Any], tried: set[str]) -> str:
    """The parameter of a request to which a refusal objects, "" for none, or for one that has another name.

    A limit that is refused by both of its names is refused.
    """
    limits = [] if tried.intersection(LIMITS) else [name for name in LIMITS if name in body]
    options = [_STREAM_OPTIONS] if _STREAM_OPTIONS in body and _STREAM_OPTIONS not in tried else []
    return next((name for name in (*options, *limits) if refused.names(name)), "")


def _without(abilities: Capabilities, body: Mapping[str, Any], parameter: str) -> Capabilities:
    """How to ask after the refusal; the tool may have named the limit, so its name tells which is wanted."""
    newer, older = LIMITS
    if parameter in LIMITS:
        return replace(abilities, max_completion_tokens=parameter == older)
    return replace(abilities, stream_usage=False, max_completion_tokens=newer in body)
