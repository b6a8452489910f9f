"""A request of another tool on its way to a provider: its bytes are posted as they are, to one address.

Connections to a provider are kept between requests for a few seconds, as the tool itself would keep them.
There is no second attempt: the tool decides about that. This module does not know what a body holds, and
nothing of policy, money or the log.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from assist_escalation.policy.endpoints import Provider
from assist_escalation.prompts import Usage
from assist_escalation.provider.chat_completion import BYTES_PER_TOKEN, SLACK_BYTES
from assist_escalation.provider.failures import Fault, TransportError, clean
from assist_escalation.provider.pinned_transport import PinnedTransport, load, lost_connection
from assist_escalation.provider.request import Times, check_address, check_key, stretch

if TYPE_CHECKING:  # they take 0.15 s to import
    import ssl

    import httpx2

KEPT_S = 5.0  # a server may close an idle connection after this; then the next request would fail
_REST_S = 0.2  # after the last event: what ends an answer comes with it, or a moment later
_REST_BYTES = 1_000
_TIMES = Times()
_VERSION = "2023-06-01"  # of the protocol for messages, where a tool names none
# The headers of a tool that say how its body is meant. None holds a key, and none names a place.
PASSED = ("anthropic-version", "anthropic-beta", "openai-beta")
_VALUE = re.compile(r"[A-Za-z0-9 _.,;=/-]{1,1000}")


@dataclass(frozen=True, slots=True)
class ForeignPost:
    """What is posted: the path below the provider's `base_url`, the body, and headers that pass."""

    provider: str
    endpoint: Provider
    path: str
    body: bytes = field(repr=False)
    headers: Mapping[str, str]
    stream: bool
    max_output: int


def passed_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers that pass, by their names in small letters.

    >>> passed_headers({"anthropic-beta": "tools-2024", "cookie": "a=b", "openai-beta": "a\\\\r\\\\nb: c"})
    {'anthropic-beta': 'tools-2024'}
    """
    return {name: value for name, value in headers.items() if name in PASSED and _VALUE.fullmatch(value)}


class ForeignAnswer:
    """The beginning of an answer: its status, when to ask again, and its bytes.

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
        import httpx2  # noqa: PLC0415

        if self.status != 200:  # its beginning was read already
            yield self._response.content
            return
        received = 0
        limit = self._times.first
        while True:
            now = asyncio.get_running_loop().time()
            try:
                async with asyncio.timeout_at(min(now + limit, self._until)):
                    chunk = await anext(self._raw, None)
            except (TimeoutError, httpx2.RequestError, httpx2.StreamError) as error:
                raise lost_connection(error) from None
            if chunk is None:
                return
            received += len(chunk)
            if received > self._most:
                raise Fault("too-large", f"the answer is longer than {self._most} bytes")
            limit = self._times.idle
            yield chunk

    async def drain(self) -> None:
        """Read what follows the last event of a stream, so that the next request needs no new connection.

        A provider that sends more than that, or does not end, loses the connection.
        """
        import httpx2  # noqa: PLC0415

        left = _REST_BYTES
        with suppress(TimeoutError, httpx2.RequestError, httpx2.StreamError):
            async with asyncio.timeout(_REST_S):
                while left > 0 and (chunk := await anext(self._raw, None)) is not None:
                    left -= len(chunk)

    async def close(self) -> None:
        """Close the connection, or keep it if the answer was read to its end."""
        await self._response.aclose()
        with suppress(RuntimeError):  # another task reads it, and has its end now
            await self._raw.aclose()


class ForeignConnections:
    """Connections to providers for other tools. `offline` refuses all. Close it on its event loop."""

    def __init__(self, times: Times = _TIMES, *, offline: bool = False) -> None:
        self._times, self._offline = times, offline
        self._contexts: dict[str | None, ssl.SSLContext] = {}
        self._kept: dict[tuple[str, str, str], httpx2.AsyncHTTPTransport] = {}

    def load(self, endpoint: Provider) -> None:
        """Load the library and the certificates for a provider, which the first request would wait for."""
        if not self._offline:
            with suppress(Fault):
                self._context(_certificates(endpoint.base_url, endpoint))

    async def post(self, asked: ForeignPost, key: str) -> ForeignAnswer:
        """The beginning of the answer, whatever its status. Raises `TransportError`."""
        import httpx2  # noqa: PLC0415

        door: PinnedTransport | None = None
        times = stretch(self._times, asked.endpoint.timeout_seconds)
        try:
            door, only = await self._door(asked, key, times)
            now = asyncio.get_running_loop().time()
            limit = times.connect + times.first if asked.stream else times.total
            try:
                async with asyncio.timeout(limit):
                    response = await door.handle_async_request(
                        httpx2.Request("POST", only, content=asked.body)
                    )
            except (TimeoutError, UnicodeError, httpx2.RequestError) as error:
                raise lost_connection(error) from None
        except Fault as fault:
            sent = bool(door and door.sends)
            raise failure(asked, key, fault, sent=sent) from None
        most = SLACK_BYTES + asked.max_output * BYTES_PER_TOKEN
        return ForeignAnswer(response, times, now + times.total, most)

    async def close(self) -> None:
        """End all connections."""
        kept, self._kept = self._kept, {}
        for inner in kept.values():
            await inner.aclose()

    async def _door(self, asked: ForeignPost, key: str, times: Times) -> "tuple[PinnedTransport, httpx2.URL]":
        import httpx2  # noqa: PLC0415

        if self._offline:
            raise Fault("offline", "not asked, because assist is offline")
        endpoint = asked.endpoint
        to = check_address(endpoint.base_url, endpoint.proxy) + asked.path
        check_key(key, endpoint.api_key_env)
        trusted = _certificates(to, endpoint)
        if trusted not in self._contexts:
            await asyncio.to_thread(self._context, trusted)
        # One provider with another key or proxy is another connection, so that none is used with a wrong one.
        place = (endpoint.base_url, endpoint.proxy, endpoint.ca_file)
        if place not in self._kept:
            limits = httpx2.Limits(max_connections=None, keepalive_expiry=KEPT_S)
            self._kept[place] = httpx2.AsyncHTTPTransport(
                verify=self._contexts[trusted], trust_env=False, proxy=endpoint.proxy or None, limits=limits
            )
        try:
            only = httpx2.URL(to)
        except httpx2.InvalidURL:
            raise Fault("refused", "base_url is no address: write https://HOST/PATH") from None
        door = PinnedTransport(self._kept[place], only, key, times)
        door.set_headers(_headers(asked, key))
        return door, only

    def _context(self, trusted: str | None) -> "ssl.SSLContext":
        if trusted not in self._contexts:
            self._contexts[trusted] = load(trusted)
        return self._contexts[trusted]


def _certificates(address: str, endpoint: Provider) -> str | None:
    """The certificates to trust at an address; None without TLS, which needs none."""
    return endpoint.ca_file if address.lower().startswith("https:") else None


def _headers(asked: ForeignPost, key: str) -> dict[str, str]:
    found = passed_headers(asked.headers)
    if not asked.stream:
        found["Accept"] = "application/json"
    if asked.endpoint.dialect == "messages":
        found.setdefault("anthropic-version", _VERSION)
        found |= {"Authorization": "", "x-api-key": key}
    return found


def failure(asked: ForeignPost, key: str, fault: Fault, *, sent: bool) -> TransportError:
    """The error of a fault, with the provider's name and without the key."""
    why = str(fault)
    if key and clean(key) in why:
        why = fault.kind
    usage = fault.usage if fault.usage is not None or sent else Usage()
    words = f"Provider {asked.provider!r} ({asked.endpoint.base_url}): {why}."
    return TransportError(fault.kind, words, sent=sent, usage=usage)
