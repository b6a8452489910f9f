"""The only place from which text leaves the machine for a provider: a question's call, or a tool's post.

It connects only to the provider's own address, or to the proxy that the user named. `PinnedTransport` is
below the client library and builds each request from the settings alone, so that no environment variable,
cookie, redirect or header of the library has an effect.
A question is tried again once, and once for each parameter that the provider refuses, before the first byte
of text. A post has no second attempt: the tool decides about that; its connections are kept for a few
seconds, as the tool itself would keep them. This module does not know policy, budget or audit: the gate has
done all of that before it calls, and says whether one more attempt is paid for.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from assist_escalation.policy.endpoints import ModelServer, Provider
from assist_escalation.prompts import Usage
from assist_escalation.provider.chat_completion import (
    BYTES_PER_TOKEN,
    SLACK_BYTES,
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
    CHAT_PATH,
    AnswerEnd,
    Call,
    Delta,
    ProviderPost,
    Times,
    check_address,
    check_key,
    failure,
    payload,
    post_headers,
    stretch,
)

if TYPE_CHECKING:  # openai takes 0.6 s to import, httpx2 0.15 s: they are loaded with the first call
    import ssl

    import httpx2

__all__ = ["AnswerEnd", "Call", "Delta", "ProviderPost", "Times", "Transport", "TransportError", "failure"]

KEPT_S = 5.0  # a server may close an idle connection after this; then the next request would fail
_REST_S = 0.2  # after the last event: what ends an answer comes with it, or a moment later
_REST_BYTES = 1_000
_TIMES = Times()

# Reserves the money for one more attempt after one that may be charged. False: there is none, so no retry.
Reserve = Callable[[], Awaitable[bool]]


class Transport:
    """Calls providers. It owns the calls under way, kept connections, and what it learned about providers.

    `abilities` is the file for what it learned. `offline` refuses every call, even to servers on this
    machine. `clock` returns seconds since 1970, for a `Retry-After` header with a date. Close it on its event
    loop.
    """

    def __init__(
        self,
        abilities: Path | None = None,
        times: Times = _TIMES,
        offline: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._times, self._offline, self._clock = times, offline, clock
        self.abilities = CapabilityStore(abilities)
        self._contexts: dict[str | None, ssl.SSLContext] = {}
        self._lines: set[_QuestionConnection] = set()
        self._kept: dict[tuple[str, str, str], httpx2.AsyncHTTPTransport] = {}

    async def stream(self, call: Call, reserve: Reserve) -> AsyncGenerator[Delta | AnswerEnd, None]:
        """The answer to a question piece by piece, then `AnswerEnd`. Raises `TransportError`.

        `reserve` is asked before a second attempt after a chargeable one. Closing the
        iterator, or cancelling the task that waits for it, closes the connection at once.
        """
        line: _QuestionConnection | None = None
        guard = EventStreamParser(call.max_output)
        so_far = ChatEvent()
        wrote = 0
        prompt = _read_bytes(call.messages.system) + _read_bytes(call.messages.user)

        def usage_so_far() -> Usage | None:
            return reported_usage(so_far.usage, size=prompt, wrote=wrote, most=call.max_output)

        try:
            line = await self._open_question(call)
            response = await _ask(line, call, self.abilities, self._clock, reserve)
            async with aclosing(line.events(response, guard)) as events:
                async for data in events:
                    piece = read(data)
                    so_far = piece.after(so_far)
                    if piece.text:
                        wrote += _read_bytes(piece.text)
                        yield Delta(piece.text)
            finish = finish_reason(so_far, bytes(guard.foreign), is_done=guard.done, wrote=wrote > 0)
            yield AnswerEnd(finish, so_far.model, usage_so_far())
        except Fault as fault:
            place = (call.provider, call.endpoint.base_url, call.key)
            was_sent = bool(line and line.sends)
            raise failure(*place, fault, was_sent=was_sent, so_far=usage_so_far()) from None
        finally:
            if line:
                self._lines.discard(line)
                await line.close()

    async def post(self, request: ProviderPost, key: str) -> "ProviderAnswer":
        """The beginning of the answer to a post, whatever its status. Raises `TransportError`."""
        import httpx2  # noqa: PLC0415

        door: PinnedTransport | None = None
        endpoint = request.endpoint
        times = stretch(self._times, endpoint.timeout_seconds)
        try:
            door, only = await self._door(endpoint, request.path, key, times, self._kept_transport)
            door.set_headers(post_headers(request, key))
            now = _now()
            limit = times.connect + times.first if request.stream else times.total
            try:
                async with asyncio.timeout(limit):
                    response = await door.handle_async_request(
                        httpx2.Request("POST", only, content=request.body)
                    )
            except (TimeoutError, UnicodeError, httpx2.RequestError) as error:
                raise lost_connection(error) from None
        except Fault as fault:
            was_sent = bool(door and door.sends)
            raise failure(request.provider, endpoint.base_url, key, fault, was_sent=was_sent) from None
        most = SLACK_BYTES + request.max_output * BYTES_PER_TOKEN
        return ProviderAnswer(response, times, now + times.total, most)

    def load(self, endpoint: Provider) -> None:
        """Load the library and the certificates for a provider, which its first post would wait for."""
        if not self._offline:
            with suppress(Fault):
                self._context(certificates(endpoint.base_url, endpoint))

    async def close(self) -> None:
        """End all connections. The iterators of calls under way raise `TransportError`."""
        for line in list(self._lines):
            await line.close()
        connections, self._kept = self._kept, {}
        for inner in connections.values():
            await inner.aclose()

    async def _open_question(self, call: Call) -> "_QuestionConnection":
        """A connection of its own: none is shared or kept, so that questions cannot affect each other."""
        times = stretch(self._times, call.endpoint.timeout_seconds)
        door, _ = await self._door(call.endpoint, CHAT_PATH, call.key, times, http_transport)
        await asyncio.to_thread(_load_openai)
        line = _QuestionConnection(call, door, times)
        self._lines.add(line)
        return line

    async def _door(
        self,
        endpoint: Provider,
        path: str,
        key: str,
        times: Times,
        inner: "Callable[[Provider, ssl.SSLContext], httpx2.AsyncHTTPTransport]",
    ) -> "tuple[PinnedTransport, httpx2.URL]":
        """The way to this path of the provider, over what `inner` makes, and its address. Raises `Fault`."""
        if self._offline:
            raise Fault("offline", "not asked, because assist is offline")
        to = check_address(endpoint.base_url, endpoint.proxy) + path
        check_key(key, endpoint.api_key_env)
        certificate_file = certificates(to, endpoint)
        if certificate_file not in self._contexts:
            # In a thread: the library and the certificates take most of a second to load.
            await asyncio.to_thread(self._context, certificate_file)
        import httpx2  # noqa: PLC0415 - see above

        try:
            only = httpx2.URL(to)
            return PinnedTransport(inner(endpoint, self._contexts[certificate_file]), only, key, times), only
        except httpx2.InvalidURL:
            raise Fault("refused", "base_url or proxy is not an address: write https://HOST/PATH") from None

    def _kept_transport(self, endpoint: Provider, context: "ssl.SSLContext") -> "httpx2.AsyncHTTPTransport":
        """The connections of posts to one provider.

        With another address, proxy or certificate they are others, so that none is used with a wrong one.
        """
        place = (endpoint.base_url, endpoint.proxy, endpoint.ca_file)
        if place not in self._kept:
            self._kept[place] = http_transport(endpoint, context)
        return self._kept[place]

    def _context(self, certificate_file: str | None) -> "ssl.SSLContext":
        if certificate_file not in self._contexts:
            self._contexts[certificate_file] = load(certificate_file)
        return self._contexts[certificate_file]


def certificates(address: str, endpoint: Provider | ModelServer) -> str | None:
    """The certificates to trust at an address; None without TLS, which needs none and saves 80 ms."""
    return endpoint.ca_file if address.lower().startswith("https:") else None


def http_transport(
    endpoint: Provider | ModelServer,
    context: "ssl.SSLContext",
    most: int | None = None,
    kept_s: float = KEPT_S,
) -> "httpx2.AsyncHTTPTransport":
    """At most `most` connections for `PinnedTransport`, each kept idle for `kept_s` seconds."""
    import httpx2  # noqa: PLC0415

    limits = httpx2.Limits(max_connections=most, keepalive_expiry=kept_s)
    proxy = endpoint.proxy or None
    return httpx2.AsyncHTTPTransport(verify=context, trust_env=False, proxy=proxy, limits=limits)


async def next_chunk(chunks: AsyncIterator[bytes], until: float) -> bytes | None:
    """The next bytes of an answer, None at its end. `Fault` if they do not come until then, or it broke."""
    import httpx2  # noqa: PLC0415

    try:
        async with asyncio.timeout_at(until):
            return await anext(chunks, None)
    except (TimeoutError, httpx2.RequestError, httpx2.StreamError) as error:
        raise lost_connection(error) from None


class ProviderAnswer:
    """The beginning of an answer to a post: its status, when to ask again, and its bytes.

    A refusal's bytes are its first 64 KB. Close it to close the connection.
    """

    def __init__(self, response: "httpx2.Response", times: Times, until: float, most: int) -> None:
        self._response, self._times, self._until, self._most = response, times, until, most
        self._raw = response.aiter_raw()
        self.status = response.status_code
        self.retry_after: str | None = response.headers.get("retry-after")
        kind = response.headers.get("content-type", "")
        self.is_stream = kind.split(";")[0].strip().lower() == "text/event-stream"

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """The bytes. Raises `Fault` if they do not come in time, or are too many."""
        if self.status != 200:  # its beginning was read already
            yield self._response.content
            return
        size = 0
        limit = self._times.first
        while (chunk := await next_chunk(self._raw, min(_now() + limit, self._until))) is not None:
            size += len(chunk)
            if size > self._most:
                raise Fault("too-large", f"the answer is longer than {self._most} bytes")
            limit = self._times.idle
            yield chunk

    async def drain(self) -> None:
        """Read what follows the last event of a stream, so that the next request needs no new connection.

        A provider that sends more than that, or does not end, loses the connection.
        """
        limit = _REST_BYTES
        until = _now() + _REST_S
        with suppress(Fault):
            while limit > 0 and (chunk := await next_chunk(self._raw, until)) is not None:
                limit -= len(chunk)

    async def close(self) -> None:
        """Close the connection, or keep it if the answer was read to its end."""
        await self._response.aclose()
        with suppress(RuntimeError):  # another task reads it, and has its end now
            await self._raw.aclose()


class _QuestionConnection:
    """The connection of one question, through the client library."""

    def __init__(self, call: Call, door: PinnedTransport, times: Times) -> None:
        import httpx2  # noqa: PLC0415 - see above
        import openai  # noqa: PLC0415

        self._door, self._times = door, times
        self._deadline = _now() + times.total
        http = httpx2.AsyncClient(transport=cast("Any", door), trust_env=False, follow_redirects=False)
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
    def left_s(self) -> float:  # seconds until the call's time is up
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
                    CHAT_PATH,
                    cast_to=httpx2.Response,
                    content=body,
                    stream=True,
                    stream_cls=openai.AsyncStream[object],
                )
        except openai.APIStatusError as error:
            header = error.response.headers.get("retry-after")
            return refusal(error.status_code, error.response.content, header)
        except (TimeoutError, UnicodeError, openai.APIConnectionError) as error:  # Unicode: a host like a..b
            was_sent = self.sends > before
            fault = lost_connection(error)
            fault.usage = None if was_sent else Usage()
            if fault.kind == "tls" or was_sent or not again or self.left_s <= PAUSE_S:
                raise fault from None
            return None
        return cast("httpx2.Response", answer)

    async def events(
        self, response: "httpx2.Response", guard: EventStreamParser
    ) -> AsyncGenerator[str, None]:
        """The data of the response's events. Raises `Fault` if one does not arrive in time."""
        until = self._door.asked + self._times.first
        async with aclosing(response.aiter_raw()) as chunks:
            while not guard.done:
                chunk = await next_chunk(chunks, min(until, self._deadline))
                events = guard.finish() if chunk is None else guard.feed(chunk)
                for data in events:
                    yield data
                if chunk is None:
                    return
                if events:
                    until = _now() + self._times.idle

    async def close(self) -> None:
        await self._client.close()


async def _ask(
    line: _QuestionConnection,
    call: Call,
    store: CapabilityStore,
    clock: Callable[[], float],
    reserve: Reserve,
) -> "httpx2.Response":
    """The answer to `call`, before its first byte of text. Raises `Fault`.

    A parameter that the provider objects to is left out or renamed; no provider charges for that refusal, so
    the next attempt uses the same money. The set that then works is stored in `store`.
    """
    name = model_key(call.provider, call.endpoint.base_url, call.endpoint.model)
    start = store.recall(name)
    abilities = start
    doubtful = ["stream_options"] if abilities.stream_usage else []
    doubtful.append(abilities.limit)
    is_retry = False
    while True:
        answer = await line.ask(payload(call, abilities), again=not is_retry)
        if isinstance(answer, Refusal):
            if parameter := next((ability for ability in doubtful if answer.names(ability)), ""):
                doubtful.remove(parameter)
                abilities = abilities.without(parameter)
                continue
            wait = _wait(answer, clock(), line.left_s) if not is_retry else None
            if wait is None or (answer.usage is None and not await reserve()):
                raise Fault(answer.kind, describe(answer, call.endpoint.api_key_env), answer.usage)
        elif answer is not None:
            if abilities != start:
                store.remember(name, abilities)
            return answer
        else:
            wait = PAUSE_S
        is_retry = True
        await asyncio.sleep(wait)


def _wait(refusal: Refusal, now: float, left_s: float) -> float | None:
    """Seconds until a second try makes sense, or None if it never does."""
    wait = wait_s(refusal.retry_after, now) if refusal.may_pass else None
    return wait if wait is not None and wait < left_s else None


def _load_openai() -> None:
    """Import the client library, without the logging that its variable OPENAI_LOG sets up."""
    handlers = list(logging.root.handlers)
    import openai  # noqa: F401, PLC0415

    logging.root.handlers[:] = handlers


def _read_bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def _now() -> float:
    return asyncio.get_running_loop().time()
