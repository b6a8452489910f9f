"""Who may ask a gateway, and how large and slow a request may be: over real sockets of loopback."""

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from gateway_desk import GatewayDesk, raw_exchange, running_gateway
from starlette.applications import Starlette

from assist_gateway.foreign_request import ForeignRequest, ForeignResponse, json_response
from assist_gateway.http import app
from assist_gateway.http.bounded_protocol import BoundedProtocol, BoundedState
from assist_gateway.http.listening import GatewayAddress, bind
from assist_gateway.tool_tokens import ToolToken, add_tool, revoke_tool, token_file

QUESTION = b'{"model": "x", "messages": [{"role": "user", "content": "What is 2 + 2?"}]}'


def copied(value: Any) -> Any:
    """A value that is walked through, as the road walks through it."""
    return [copied(item) for item in value] if isinstance(value, list) else value


async def echo(request: ForeignRequest, tool: ToolToken) -> ForeignResponse:
    copied(list(request.body.values()))
    return json_response({"asked": len(json.dumps(request.body)), "by": tool.name})


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[GatewayDesk]:
    async with running_gateway(tmp_path, forward=echo) as found:
        yield found


def request_of(
    desk: GatewayDesk,
    *,
    method: str = "POST",
    path: str = "/v1/chat/completions",
    body: bytes = QUESTION,
    **changes: str | None,
) -> bytes:
    """A good request, but for the headers that are changed, added or, if None, left out."""
    usual = {
        "host": f"127.0.0.1:{desk.address.port}",
        "authorization": f"Bearer {desk.token}",
        "content-type": "application/json",
        "content-length": str(len(body)),
    }
    named = {**usual, **{name.replace("_", "-"): value for name, value in changes.items()}}
    lines = [f"{name}: {value}" for name, value in named.items() if value is not None]
    return "\r\n".join([f"{method} {path} HTTP/1.1", *lines, "", ""]).encode() + body


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


async def test_small_pieces_of_an_answer_are_sent_at_once() -> None:
    """Else the second piece waits until the client has confirmed the first, which takes 40 ms."""
    made, address = bind(GatewayAddress())
    accepted: asyncio.Future[asyncio.BaseTransport] = asyncio.get_running_loop().create_future()

    class Accepting(BoundedProtocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            accepted.set_result(transport)

    config = uvicorn.Config(Starlette(), ws="none", lifespan="off", log_config=None)
    config.load()
    loop = asyncio.get_running_loop()
    async with await loop.create_server(lambda: Accepting(config, BoundedState(5.0), {}, loop), sock=made):
        _, writer = await asyncio.open_connection(address.host, address.port)
        transport = await accepted
        assert transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        writer.close()
        transport.close()


async def test_a_tool_with_its_token_is_answered(desk: GatewayDesk) -> None:
    assert status_of(await raw_exchange(desk, request_of(desk))) == 200
    by_name = request_of(
        desk, host=f"localhost:{desk.address.port}", authorization=None, x_api_key=desk.token
    )
    assert status_of(await raw_exchange(desk, by_name)) == 200


@pytest.mark.parametrize(
    ("status", "changes"),
    [
        (401, {"authorization": None}),
        (401, {"authorization": "Bearer assist-guess"}),
        (401, {"authorization": "Bearer "}),
        (403, {"origin": "http://evil.example"}),
        (403, {"origin": "null"}),
        (403, {"origin": "http://127.0.0.1:PORT"}),
        (403, {"sec_fetch_site": "cross-site"}),
        (403, {"sec_fetch_site": "none"}),
        (403, {"host": "evil.example:PORT"}),
        (403, {"host": "127.0.0.1.evil.example:PORT"}),
        (403, {"host": "localhost"}),
        (403, {"host": "127.0.0.1:1"}),
        (403, {"host": "0.0.0.0:PORT"}),
        (400, {"host": None}),
        (415, {"content_type": "text/plain"}),
        (415, {"content_type": "application/x-www-form-urlencoded"}),
        (415, {"content_type": None}),
        (415, {"content_encoding": "gzip"}),
    ],
)
async def test_no_web_page_and_no_stranger_gets_an_answer(
    desk: GatewayDesk, status: int, changes: dict[str, str | None]
) -> None:
    named = {name: value and value.replace("PORT", str(desk.address.port)) for name, value in changes.items()}
    answer = await raw_exchange(desk, request_of(desk, **named))
    assert status_of(answer) == status
    assert b"access-control" not in answer.lower()
    assert b"2 + 2" not in answer
    assert not desk.loaded


async def test_the_preflight_of_a_page_is_refused(desk: GatewayDesk) -> None:
    headers = {"origin": "https://page.example", "access_control_request_method": "POST"}
    asked = request_of(desk, method="OPTIONS", body=b"", authorization=None, **headers)
    answer = await raw_exchange(desk, asked)
    assert status_of(answer) == 403
    assert b"access-control" not in answer.lower()


CHAT = "/v1/chat/completions"
NO_REQUESTS = {
    "slash": (404, f"{CHAT}/", QUESTION),
    "two slashes": (404, f"/{CHAT}", QUESTION),
    "dots": (404, f"/v1/..{CHAT}", QUESTION),
    "top": (404, "/", QUESTION),
    "open": (400, CHAT, b"{"),
    "list": (400, CHAT, b"[1]"),
    "bytes": (400, CHAT, b"\xff\xfe"),
    "deep": (400, CHAT, b'{"a":' * 100_000),
    "levels": (400, CHAT, b'{"model": "x", "messages": [], "a": ' + b"[" * 900 + b"]" * 900 + b"}"),
    "long number": (400, CHAT, b'{"a": ' + b"9" * 10_000 + b"}"),
    "NaN": (400, CHAT, b'{"model": "x", "messages": [], "temperature": NaN}'),
    "minus infinity": (400, CHAT, b'{"model": "x", "messages": [{"a": -Infinity}]}'),
    "1e999": (400, CHAT, b'{"model": "x", "messages": [], "temperature": 1e999}'),
    "10 MB": (413, CHAT, b'{"a": "' + b"x" * (10 << 20) + b'"}'),
}


@pytest.mark.parametrize("name", NO_REQUESTS)
async def test_what_is_no_request_is_refused_in_the_shape_that_tools_know(
    desk: GatewayDesk, name: str
) -> None:
    status, path, body = NO_REQUESTS[name]
    answer = await raw_exchange(desk, request_of(desk, path=path, body=body))
    assert status_of(answer) == status
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["message"]
    assert b"location:" not in answer.lower()
    assert status_of(await raw_exchange(desk, request_of(desk))) == 200


async def test_errors_of_messages_have_their_own_shape(desk: GatewayDesk) -> None:
    answer = await raw_exchange(desk, request_of(desk, path="/v1/messages", body=b"{", x_api_key=desk.token))
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["type"] == "error"


@pytest.mark.parametrize(
    "raw",
    [
        b"GARBAGE\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc",
        b"POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
        b"GET / HTTP/1.1\r\nX: " + b"y" * 100_000,
    ],
)
async def test_what_is_no_http_gets_an_error_and_its_end(desk: GatewayDesk, raw: bytes) -> None:
    answer = await raw_exchange(desk, raw)
    assert status_of(answer) in (400, 403, 431)


@pytest.mark.parametrize("size", [40_000, 90_000, 400_000])
@pytest.mark.parametrize("piece", [7_000, 1 << 20])
async def test_a_large_head_is_refused_however_it_comes(desk: GatewayDesk, size: int, piece: int) -> None:
    asked = request_of(desk, x_long="y" * size)
    answer = await raw_exchange(desk, asked, piece=piece)
    assert status_of(answer) == 431
    assert b"large" in answer


async def test_slow_and_half_closed_clients_end_and_harm_no_one(tmp_path: Path) -> None:
    async with running_gateway(tmp_path, forward=echo, slow_s=0.3) as desk:
        await _try_slow_clients(desk)


async def _try_slow_clients(desk: GatewayDesk) -> None:
    whole = request_of(desk)
    connections = []
    for part in (b"", whole[:20], whole[:-5]):  # nothing, half a head, half a body
        reader, writer = await asyncio.open_connection(desk.address.host, desk.address.port)
        writer.write(part)
        connections.append((reader, writer))
    reader, writer = await asyncio.open_connection(desk.address.host, desk.address.port)
    writer.write(whole[:-5])
    writer.write_eof()
    connections.append((reader, writer))
    assert status_of(await raw_exchange(desk, whole)) == 200
    ends = []
    for reader, writer in connections:
        async with asyncio.timeout(60):
            with_error = b""
            with suppress(ConnectionResetError):
                with_error = await reader.read()
            ends.append(with_error[9:12])
        writer.close()
    assert ends == [b"", b"", b"408", b""]


async def test_a_thousand_connections_leave_room_for_one_more(desk: GatewayDesk) -> None:
    async with AsyncExitStack() as stack:
        for number in range(1_000):
            _, writer = await asyncio.open_connection(desk.address.host, desk.address.port)
            stack.callback(writer.close)
            if number % 2:
                writer.write(b"POST / HTTP/1.1\r\nHost: ")
        assert status_of(await raw_exchange(desk, request_of(desk))) == 200


async def test_no_tool_takes_all_the_room(tmp_path: Path) -> None:
    may_end = asyncio.Event()

    async def wait(request: ForeignRequest, tool: ToolToken) -> ForeignResponse:
        if tool.name == "tester":
            await may_end.wait()
        return await echo(request, tool)

    async with running_gateway(tmp_path, forward=wait) as desk:
        asked = [
            asyncio.create_task(raw_exchange(desk, request_of(desk)))
            for _ in range(app.MAX_CALLS_OF_TOOL + 4)
        ]
        done, _ = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED, timeout=60)
        assert {status_of(task.result()) for task in done} == {429}
        other = add_tool(desk.config.paths.data, ToolToken("other", (tmp_path,)))
        answer = await raw_exchange(desk, request_of(desk, authorization=f"Bearer {other}"))
        assert status_of(answer) == 200
        may_end.set()
        answers = await asyncio.gather(*asked)
        assert sorted(map(status_of, answers)) == [200] * app.MAX_CALLS_OF_TOOL + [429] * 4


async def test_a_token_counts_until_it_is_revoked_and_its_file_is_private(desk: GatewayDesk) -> None:
    data = desk.config.paths.data
    assert desk.token.encode() not in token_file(data).read_bytes()
    assert token_file(data).stat().st_mode & 0o777 == 0o600
    os.chmod(token_file(data), 0o644)
    assert status_of(await raw_exchange(desk, request_of(desk))) == 503
    os.chmod(token_file(data), 0o600)
    revoke_tool(data, "tester")
    assert status_of(await raw_exchange(desk, request_of(desk))) == 401


async def test_a_failure_shows_nothing_of_the_request(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(request: ForeignRequest, tool: ToolToken) -> ForeignResponse:
        raise RuntimeError(str(request.body))

    async with running_gateway(tmp_path, forward=fail) as desk:
        answer = await raw_exchange(desk, request_of(desk))
    assert status_of(answer) == 500
    assert b"2 + 2" not in answer
    assert "2 + 2" not in caplog.text
