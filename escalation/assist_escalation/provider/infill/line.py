"""The connection to a team's server: one address, kept open between requests, closed to stop an answer.

It runs on one event loop. The libraries are loaded, and the certificates, with the first request.
"""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, cast

from assist_escalation.policy.endpoints import ModelServer
from assist_escalation.provider.chat_completion import EventStreamParser, JsonLinesParser
from assist_escalation.provider.failures import Fault, describe, refusal
from assist_escalation.provider.infill import answer
from assist_escalation.provider.infill.answer import InfillPiece
from assist_escalation.provider.infill.request import address
from assist_escalation.provider.pinned_transport import PinnedTransport, load, lost_connection
from assist_escalation.provider.request import Times

if TYPE_CHECKING:
    import httpx2

CONNECT_S = 2.0
IDLE_S = 10.0  # between two pieces of an answer
TOTAL_S = 30.0  # for a whole answer
KEPT_S = 60.0  # for how long a connection without requests is kept
# A connection that the server has closed breaks at once, or after 0.1 s where 19 programs share two cores.
# One that breaks later does so because of what was asked, and asking again could cost the same again.
STALE_S = 1.0


class InfillLine:
    """Requests to one server. `offline` refuses them all. Close it on the loop that used it."""

    def __init__(self, server: ModelServer, key: str, *, offline: bool = False) -> None:
        self._server, self._key, self._offline = server, key, offline
        self._client: httpx2.AsyncClient | None = None
        self._has_answered = False  # a connection may be kept

    async def stream(self, body: bytes, most: int) -> AsyncGenerator[InfillPiece, None]:
        """The answer to a request of at most `most` tokens. Raises `Fault`.

        Closing it closes the connection, and a server then stops writing.
        """
        import httpx2  # noqa: PLC0415 - it takes 0.15 s

        client = await self._open()
        json_lines = self._server.kind == "ollama"
        parser = JsonLinesParser(most) if json_lines else EventStreamParser(most)
        request = client.build_request("POST", address(self._server), content=body)
        try:
            response = await self._send(client, request)
            async with aclosing(response), aclosing(response.aiter_raw()) as chunks:
                async for piece in self._pieces(chunks, parser):
                    yield piece
        except (TimeoutError, httpx2.RequestError, httpx2.StreamError) as error:
            raise lost_connection(error) from None

    async def close(self) -> None:
        """End the connections."""
        if self._client is not None:
            await self._client.aclose()

    async def _send(self, client: "httpx2.AsyncClient", request: "httpx2.Request") -> "httpx2.Response":
        """The beginning of a response. A kept connection that the server has closed is tried once more."""
        import httpx2  # noqa: PLC0415

        for last in (False, True) if self._has_answered else (True,):
            start = time.monotonic()
            try:
                async with asyncio.timeout(CONNECT_S + self._server.timeout_ms / 1e3 + IDLE_S):
                    response = await client.send(request, stream=True)
            except (httpx2.ReadError, httpx2.WriteError, httpx2.RemoteProtocolError):
                if last or time.monotonic() - start > STALE_S:
                    raise
                continue
            self._has_answered = True
            if response.status_code != 200:
                found = refusal(response.status_code, await response.aread(), None)
                raise Fault(found.kind, describe(found, self._server.api_key_env))
            return response
        raise AssertionError  # the loop ends in one of the above

    async def _pieces(
        self, chunks: AsyncGenerator[bytes, None], parser: "EventStreamParser | JsonLinesParser"
    ) -> AsyncGenerator[InfillPiece, None]:
        """The pieces in these bytes. Raises `Fault` for an answer that breaks off, or is none."""
        ended = False
        until = time.monotonic() + TOTAL_S
        while not parser.done:
            async with asyncio.timeout(min(IDLE_S, until - time.monotonic())):
                chunk = await anext(chunks, None)
            for data in parser.finish() if chunk is None else parser.feed(chunk):
                piece = answer.read(self._server.kind, data)
                ended = ended or bool(piece.end)
                yield piece
            if chunk is None and not ended:
                found = refusal(0, bytes(parser.foreign))
                foreign = "it does not speak the protocol of its kind"
                why = (
                    describe(found) if found.says else foreign if parser.foreign else "the answer was cut off"
                )
                raise Fault("bad-reply", why)
            if chunk is None:
                return

    async def _open(self) -> "httpx2.AsyncClient":
        if self._offline:
            raise Fault("offline", "not asked, because assist is offline")
        if self._client is None:
            import httpx2  # noqa: PLC0415

            server = self._server
            to = address(server)
            context = load(server.ca_file if to.lower().startswith("https:") else None)
            limits = httpx2.Limits(max_connections=2, keepalive_expiry=KEPT_S)
            inner = httpx2.AsyncHTTPTransport(
                verify=context, trust_env=False, proxy=server.proxy or None, limits=limits
            )
            door = PinnedTransport(inner, httpx2.URL(to), self._key, Times(connect=CONNECT_S))
            self._client = httpx2.AsyncClient(
                transport=cast("Any", door), trust_env=False, follow_redirects=False, timeout=None
            )
        return self._client
