"""The application: a request becomes a `ForeignRequest` with its tool, and what answers it is written out.

Bodies and answers are bounded in size and time, and what all of them hold together is too. If the client
leaves, the work for it is cancelled. This is a request boundary: whatever goes wrong becomes an error in the
shape that tools expect, with no text of the request in it.
"""

import asyncio
import json
import logging
import math
import traceback
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Never

from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive, Scope, Send

from assist_escalation.errors import RefusedError
from assist_gateway.foreign_request import (
    ForeignRequest,
    ForeignResponse,
    GatewayRefusal,
    json_response,
    refusal_document,
)
from assist_gateway.http.bounded_protocol import HEAD_BYTES
from assist_gateway.http.guard import admit, unique_headers
from assist_gateway.tool_tokens import KnownTools, ToolToken
from assist_server.errors import EXPECTED

BODY_BYTES = 8 << 20
ALL_BYTES = 64 << 20  # of the bodies that are held at once
BODY_S = 30.0  # seconds for a whole body
SEND_S = 60.0  # seconds in which a client takes the next piece of an answer
MAX_CALLS = 64  # at once
MAX_CALLS_OF_TOOL = 16
LARGE = 1 << 18  # bytes that are parsed on a thread
TOO_DEEP = "The request is nested too deeply: use fewer levels of lists and objects."
FAILED = "The gateway had an internal error: see its log."

HEADERS = {
    "server": "assist",
    "x-content-type-options": "nosniff",
    "cross-origin-resource-policy": "same-origin",
}

AnswerCall = Callable[[ForeignRequest, ToolToken], Awaitable[ForeignResponse]]

log = logging.getLogger(__name__)


class CallRoom:
    """What is held by all requests together: their number, also by tool, and the bytes of their bodies."""

    def __init__(self) -> None:
        self._calls: Counter[str] = Counter()
        self._bytes = 0

    @contextmanager
    def call(self, tool: ToolToken) -> Iterator[None]:
        """Room for one request. Raises `GatewayRefusal`."""
        if self._calls[tool.name] >= MAX_CALLS_OF_TOOL or self._calls.total() >= MAX_CALLS:
            raise GatewayRefusal(
                429, "too_many_requests", "Too many requests at once: wait for their answers."
            )
        self._calls[tool.name] += 1
        try:
            yield
        finally:
            self._calls[tool.name] -= 1

    @contextmanager
    def body(self) -> Iterator[Callable[[int], None]]:
        """Room for one body; call what it gives with the bytes of each piece. Raises `GatewayRefusal`."""
        mine = 0

        def grow(size: int) -> None:
            nonlocal mine
            if mine + size > BODY_BYTES:
                raise GatewayRefusal(413, "too_large", f"The request is larger than {BODY_BYTES >> 20} MB.")
            if self._bytes + size > ALL_BYTES:
                raise GatewayRefusal(
                    503, "busy", "The gateway has too many requests in progress: try again in a moment."
                )
            mine += size
            self._bytes += size

        try:
            yield grow
        finally:
            self._bytes -= mine


class GatewayApp:
    """The application for these paths, each with its method, and for these names of the gateway."""

    def __init__(
        self,
        paths: Mapping[str, str],
        hosts: frozenset[str],
        known: KnownTools,
        answer: AnswerCall,
        body_s: float = BODY_S,
    ) -> None:
        self._paths = paths
        self._hosts = hosts
        self._known = known
        self._answer = answer
        self._body_s = body_s
        self._room = CallRoom()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, of which only the head has come."""
        if scope["type"] != "http":
            return
        answer = _WrittenAnswer(send)
        try:
            await self._serve(Request(scope, receive), answer)
        except ClientDisconnect:
            pass
        except GatewayRefusal as refusal:
            await answer.refuse(scope["path"], refusal)
        except RecursionError:
            await answer.refuse(scope["path"], GatewayRefusal(400, "too_deep", TOO_DEEP))
        except EXPECTED as error:
            refused = isinstance(error, RefusedError)
            code = error.cause if isinstance(error, RefusedError) else "unavailable"
            await answer.refuse(scope["path"], GatewayRefusal(400 if refused else 503, code, str(error)))
        except Exception as error:  # noqa: BLE001  (a boundary; the message may hold text of the request)
            places = [f"{frame.name}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
            log.error("a request failed: %s in %s", type(error).__name__, " > ".join(places))
            await answer.refuse(scope["path"], GatewayRefusal(500, "failed", FAILED))

    async def _serve(self, request: Request, answer: "_WrittenAnswer") -> None:
        raw = request.scope["headers"]
        if sum(len(name) + len(value) for name, value in raw) > HEAD_BYTES:
            raise GatewayRefusal(
                431, "head_too_large", (f"The request headers are larger than {HEAD_BYTES >> 10} KB.")
            )
        tool = admit(request.method, raw, self._hosts, self._known)
        path = request.scope["path"]
        if self._paths.get(path) != request.method:
            raise GatewayRefusal(404, "unknown_url", "The gateway has no such path: see docs/gateway.md.")
        with self._room.call(tool), self._room.body() as grow:
            body = await read_body(request, grow, self._body_s) if request.method == "POST" else {}
            asked = ForeignRequest(path, body, unique_headers(raw))
            work = asyncio.ensure_future(answer.write(self._answer(asked, tool)))
            gone = asyncio.ensure_future(_until_gone(request.receive))
            try:
                await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                gone.cancel()
                work.cancel()  # no effect on one that has ended
                with suppress(asyncio.CancelledError):
                    await work


class _WrittenAnswer:
    """Writes the answer to one request; it notes whether it has begun."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._begun = False

    async def write(self, work: Awaitable[ForeignResponse]) -> None:
        """Write an answer as it comes. A client that does not take it for `SEND_S` loses it."""
        found = await work
        chunks = found.chunks
        try:
            names = {**found.headers, **HEADERS}
            raw = [(key.lower().encode("latin-1"), value.encode("latin-1")) for key, value in names.items()]
            self._begun = True
            await self._send({"type": "http.response.start", "status": found.status, "headers": raw})
            async for chunk in chunks:
                part = {"type": "http.response.body", "body": chunk, "more_body": True}
                await asyncio.wait_for(self._send(part), SEND_S)
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            if close := getattr(chunks, "aclose", None):
                await close()

    async def refuse(self, path: str, refusal: GatewayRefusal) -> None:
        """Answer with an error. An answer that has begun is cut off, so that no one takes it for whole."""
        if self._begun:
            raise ConnectionAbortedError
        await self.write(_refusal_response(path, refusal))


async def _refusal_response(path: str, refusal: GatewayRefusal) -> ForeignResponse:
    return json_response(refusal_document(path, refusal), refusal.status)


async def read_body(request: Request, grow: Callable[[int], None], most_s: float) -> Mapping[str, Any]:
    """The JSON object in a body that comes within `most_s` seconds.

    Raises `GatewayRefusal`, and `ClientDisconnect`.
    """
    body = bytearray()
    try:
        async with asyncio.timeout(most_s):
            async for chunk in request.stream():
                grow(len(chunk))
                body += chunk
    except TimeoutError:
        raise GatewayRefusal(
            408, "too_slow", f"The request was not received within {most_s:.0f} s."
        ) from None
    try:
        found = await asyncio.to_thread(_from_json, body) if len(body) > LARGE else _from_json(body)
    except (ValueError, RecursionError):
        raise GatewayRefusal(400, "not_json", "The body is not valid JSON.") from None
    if not isinstance(found, dict):
        raise GatewayRefusal(400, "not_json", "The body has to be a JSON object.")
    return found


def _from_json(body: bytearray) -> Any:
    """What a body holds. Raises `ValueError`, and `GatewayRefusal` for a number that JSON has not."""
    return json.loads(body, parse_constant=_no_number, parse_float=_finite)


def _finite(written: str) -> float:
    return number if math.isfinite(number := float(written)) else _no_number(written)


def _no_number(written: str) -> Never:
    raise GatewayRefusal(
        400, "not_json", (f"The body is not valid JSON: {written[:20]} is not a number in JSON.")
    )


async def _until_gone(receive: Receive) -> None:
    """Wait until the client closes the connection. It has nothing more to say before."""
    while (await receive())["type"] != "http.disconnect":
        pass
