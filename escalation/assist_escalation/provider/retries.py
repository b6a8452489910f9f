"""How often a provider is asked, and with which parameters: one retry, and one for each refused parameter.

This module knows refusals and waiting. It knows no socket and no money: it asks through one port, and through
another whether one more attempt is paid for. It never sees the bytes of an answer.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from assist_escalation.provider.failures import PAUSE_S, Fault, Refusal, describe, wait_s
from assist_escalation.provider.provider_memory import CapabilityStore
from assist_escalation.provider.request import Call, payload

Answer_co = TypeVar("Answer_co", covariant=True)

# Reserves the money for one more attempt after one that may be charged. False: there is none, so no retry.
Reserve = Callable[[], Awaitable[bool]]


class Asker(Protocol[Answer_co]):
    """The connection of one call."""

    @property
    def left_s(self) -> float:
        """Seconds until the call's time is up."""

    async def ask(self, body: bytes, *, again: bool) -> Answer_co | Refusal | None:
        """An answer, a refusal, or None if no server was reached and `again` allows a second try."""


async def ask(
    asker: Asker[Answer_co],
    call: Call,
    found: CapabilityStore,
    clock: Callable[[], float],
    reserve: Reserve,
) -> Answer_co:
    """The answer to `call`, before its first byte of text. Raises `Fault`.

    A parameter that the provider objects to is left out or renamed; no provider charges for that refusal, so
    the next attempt uses the same money. The set that then works is stored in `found`.
    """
    name = " ".join((call.provider, call.endpoint.base_url, call.endpoint.model))
    start = found.recall(name)
    abilities = start
    unproved = ["stream_options"] if abilities.stream_usage else []
    unproved.append(abilities.limit)
    retried = False
    while True:
        answer = await asker.ask(payload(call, abilities), again=not retried)
        if isinstance(answer, Refusal):
            if parameter := next((each for each in unproved if answer.names(each)), ""):
                unproved.remove(parameter)
                abilities = abilities.without(parameter)
                continue
            wait = _wait(answer, clock(), asker.left_s) if not retried else None
            if wait is None or (answer.usage is None and not await reserve()):
                raise Fault(answer.kind, describe(answer, call.endpoint.api_key_env), answer.usage)
        elif answer is not None:
            if abilities != start:
                found.remember(name, abilities)
            return answer
        else:
            wait = PAUSE_S
        retried = True
        await asyncio.sleep(wait)


def _wait(refused: Refusal, now: float, left_s: float) -> float | None:
    """Seconds until a second try makes sense, or None if it never does."""
    wait = wait_s(refused.retry_after, now) if refused.may_pass else None
    return wait if wait is not None and wait < left_s else None
