"""The only place from which text leaves the machine: a streamed call to a provider, and nothing else.

It connects only to the provider's own address, or to the proxy that the user named. `PinnedTransport` is
below the client library and builds each request from the settings alone, so that no environment variable,
cookie, redirect or header of the library has an effect. A call is tried again once, and once for each
parameter that the provider refuses, before the first byte of text. This module does not know policy, budget
or audit: the gate has done all of that before it calls, and says whether one more attempt is paid for.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

from assist_escalation.prompts import Usage
from assist_escalation.provider.chat_completion import (
    ChatEvent,
    EventStreamParser,
    finish_reason,
    read,
    reported_usage,
)
from assist_escalation.provider.failures import (
    PAUSE_S,
    Fault,
    Refusal,
    TransportError,
    describe,
    refusal,
    wait_s,
)
from assist_escalation.provider.pinned_transport import PinnedTransport, load, lost_connection
from assist_escalation.provider.provider_memory import CapabilityStore, model_key
from assist_escalation.provider.request import (
    AnswerEnd,
    Call,
    Delta,
    Times,
    address,
    check_key,
    message,
    payload,
    stretch,
)

if TYPE_CHECKING:  # openai takes 0.6 s to import, httpx2 0.15 s: they are loaded with the first call
    import ssl

    import httpx2

__all__ = ["AnswerEnd", "Call", "Delta", "Times", "Transport", "TransportError"]

_TIMES = Times()

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


class Transport:
    """Calls providers. It owns the calls under way, and what it learned about providers.

    `abilities` is the file for what it learned. `offline` refuses every call, even to servers on this
    machine. `clock` returns seconds since 1970, for a `Retry-After` header with a date.
    """

    def __init__(
        self,
        abilities: Path | None = None,
        times: Times = _TIMES,
        offline: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._times, self._offline, self._clock = times, offline, clock
        self._found = CapabilityStore(abilities)
        self._contexts: dict[str | None, ssl.SSLContext] = {}
        self._lines: set[_ProviderConnection] = set()

    async def stream(self, call: Call, reserve: Reserve) -> AsyncGenerator[Delta | AnswerEnd, None]:
        """The answer piece by piece, then `AnswerEnd`. Raises `TransportError`.

        `reserve` is asked before a second attempt after one that the provider may charge for. Closing the
        iterator, or cancelling the task that waits for it, closes the connection at once.
        """
        line: _ProviderConnection | None = None
        guard = EventStreamParser(call.max_output)
        so_far = ChatEvent()
        wrote = 0
        prompt = _bytes_of(call.messages.system) + _bytes_of(call.messages.user)

        def usage_so_far() -> Usage | None:
            return reported_usage(so_far.usage, sent=prompt, wrote=wrote, most=call.max_output)

        try:
            line = await self._open(call)
            response = await ask(line, call, self._found, self._clock, reserve)
            async with aclosing(line.events(response, guard)) as events:
                async for data in events:
                    piece = read(data)
                    so_far = piece.after(so_far)
                    if piece.text:
                        wrote += _bytes_of(piece.text)
                        yield Delta(piece.text)
            finish = finish_reason(so_far, bytes(guard.foreign), done=guard.done, wrote=wrote > 0)
            yield AnswerEnd(finish, so_far.model, usage_so_far())
        except Fault as fault:
            sent = bool(line and line.sends)
            usage = fault.usage or usage_so_far()
            raise TransportError(fault.kind, message(call, fault), sent=sent, usage=usage) from None
        finally:
            if line:
                self._lines.discard(line)
                await line.close()

    async def close(self) -> None:
        """End the calls under way: their iterators raise `TransportError`."""
        for line in list(self._lines):
            await line.close()

    async def _open(self, call: Call) -> "_ProviderConnection":
        if self._offline:
            raise Fault("offline", "not asked, because assist is offline")
        to = address(call.endpoint)
        check_key(call.key, call.endpoint.api_key_env)
        # Without TLS no certificates are needed, which saves 80 ms.
        trusted = call.endpoint.ca_file if to.lower().startswith("https:") else None
        if trusted not in self._contexts:
            # In a thread: the libraries and the certificates take most of a second to load.
            self._contexts[trusted] = await asyncio.to_thread(_load, trusted)
        times = stretch(self._times, call.endpoint.timeout_seconds)
        line = _ProviderConnection(call, to, self._contexts[trusted], times)
        self._lines.add(line)
        return line


class _ProviderConnection:
    """The connection of one call. Connections are never shared or kept, so calls cannot affect each other."""

    def __init__(self, call: Call, to: str, context: "ssl.SSLContext", times: Times) -> None:
        import httpx2  # noqa: PLC0415 - see above
        import openai  # noqa: PLC0415

        self._times = times
        self._deadline = _now() + times.total
        try:
            only = httpx2.URL(to)
            proxy = call.endpoint.proxy or None
            inner = httpx2.AsyncHTTPTransport(verify=context, trust_env=False, proxy=proxy)
        except httpx2.InvalidURL:
            raise Fault("refused", "base_url or proxy is no address: write https://HOST/PATH") from None
        self._door = PinnedTransport(inner, only, call.key, times)
        http = httpx2.AsyncClient(transport=cast("Any", self._door), trust_env=False, follow_redirects=False)
        # The library would look these up in the environment, although `PinnedTransport` ignores them.
        self._client = openai.AsyncOpenAI(
            api_key=call.key or "none",
            admin_api_key="",
            organization="",
            project="",
            webhook_secret="",
            base_url=call.endpoint.base_url,
            timeout=None,
            max_retries=0,
            http_client=http,
        )

    @property
    def sends(self) -> int:  # requests that have begun to leave
        return self._door.sends

    @property
    def left_s(self) -> float:
        return self._deadline - _now()

    async def ask(self, body: bytes, *, again: bool) -> "httpx2.Response | Refusal | None":
        """A stream, a refusal, or None if no server was reached and `again` allows a second try."""
        import httpx2  # noqa: PLC0415
        import openai  # noqa: PLC0415

        before = self.sends
        limit = min(self._deadline, _now() + self._times.connect + self._times.first)
        try:
            async with asyncio.timeout_at(limit):
                answer = await self._client.post(
                    "/chat/completions",
                    cast_to=httpx2.Response,
                    content=body,
                    stream=True,
                    stream_cls=openai.AsyncStream[object],
                )
        except openai.APIStatusError as error:
            header = error.response.headers.get("retry-after")
            return refusal(error.status_code, error.response.content, header)
        except (TimeoutError, UnicodeError, openai.APIConnectionError) as error:  # Unicode: a host like a..b
            sent = self.sends > before
            fault = lost_connection(error)
            fault.usage = None if sent else Usage()
            if fault.kind == "tls" or sent or not again or self.left_s <= PAUSE_S:
                raise fault from None
            return None
        return cast("httpx2.Response", answer)

    async def events(
        self, response: "httpx2.Response", guard: EventStreamParser
    ) -> AsyncGenerator[str, None]:
        """The data of the response's events. Raises `Fault` if one does not arrive in time."""
        import httpx2  # noqa: PLC0415

        until = self._door.asked + self._times.first
        async with aclosing(response.aiter_raw()) as chunks:
            while not guard.done:
                try:
                    async with asyncio.timeout_at(min(until, self._deadline)):
                        chunk = await anext(chunks, None)
                except (TimeoutError, httpx2.RequestError, httpx2.StreamError) as error:
                    raise lost_connection(error) from None
                events = guard.finish() if chunk is None else guard.feed(chunk)
                for data in events:
                    yield data
                if chunk is None:
                    return
                if events:
                    until = _now() + self._times.idle

    async def close(self) -> None:
        await self._client.close()


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
    name = model_key(call.provider, call.endpoint.base_url, call.endpoint.model)
    start = found.recall(name)
    abilities = start
    unproved = ["stream_options"] if abilities.stream_usage else []
    unproved.append(abilities.limit)
    retried = False
    while True:
        answer = await asker.ask(payload(call, abilities), again=not retried)
        if isinstance(answer, Refusal):
            if parameter := next((ability for ability in unproved if answer.names(ability)), ""):
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


def _load(ca_file: str | None) -> "ssl.SSLContext":
    """Import the client library, without the logging that its variable OPENAI_LOG sets up, and the rest."""
    handlers = list(logging.root.handlers)
    import openai  # noqa: F401, PLC0415

    logging.root.handlers[:] = handlers
    return load(ca_file)


def _bytes_of(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def _now() -> float:
    return asyncio.get_running_loop().time()
