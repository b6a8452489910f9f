"""Time to the first byte of an answer: through a real `assist gateway` process, and asked directly.

Both are asked for the same turn, one after the other in changing order, over connections that stay open. The
provider is on loopback and answers at once; it shares this process with the client, so both kinds pay alike.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from bench.gateway.agent import environ, session, workspace
from bench.gateway.stages import spread

_EVENTS = b"".join(
    b"data: " + json.dumps(event).encode() + b"\n\n"
    for event in (
        {"model": "m", "choices": [{"index": 0, "delta": {"role": "assistant", "content": "Done."}}]},
        {"model": "m", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
        {"model": "m", "choices": [], "usage": {"prompt_tokens": 900, "completion_tokens": 2}},
    )
)
_ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    + b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (_EVENTS, b"data: [DONE]\n\n"))
    + b"0\r\n\r\n"
)


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            await reader.readexactly(_length(await reader.readuntil(b"\r\n\r\n")))
            writer.write(_ANSWER)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


def _length(head: bytes) -> int:
    (line,) = (line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
    return int(line.split(b":")[1])


class _Client:
    """One connection that stays open, and asks for streams."""

    def __init__(self, port: int, token: str) -> None:
        self._port, self._token = port, token

    async def open(self) -> None:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port, limit=1 << 24)

    async def ask(self, body: bytes) -> tuple[float, float]:
        """Milliseconds until the first byte of the answer's body, and until its end."""
        head = (
            f"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\n"
            f"Authorization: Bearer {self._token}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        start = time.perf_counter()
        self._writer.write(head.encode() + body)
        found = await self._reader.readuntil(b"\r\n\r\n")
        if b" 200 " not in found.split(b"\r\n")[0]:
            raise SystemExit((await self._reader.read(2_000)).decode())
        await self._reader.readexactly(1)
        first = time.perf_counter()
        await self._reader.readuntil(b"\r\n0\r\n\r\n")
        return 1e3 * (first - start), 1e3 * (time.perf_counter() - start)

    async def close(self) -> None:
        self._writer.close()


@asynccontextmanager
async def _gateway(folder: Path) -> AsyncIterator[int]:
    """The port of a real gateway process."""
    assist = str(Path(sys.executable).with_name("assist"))
    process = await asyncio.create_subprocess_exec(
        assist,
        "gateway",
        "--port",
        "0",
        env={**os.environ, **environ(folder)},
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr
    try:
        line = (await process.stderr.readline()).decode()
        yield int(line.split("127.0.0.1:")[1].split("/")[0])
    finally:
        process.terminate()
        await process.communicate()


async def measure_first_byte(folder: Path, turns: int, tokens: int, pause_s: float) -> dict[str, Any]:
    """The time to the first byte, direct and through the gateway, turn by turn, with a pause before each."""
    server = await asyncio.start_server(_serve, "127.0.0.1", 0, limit=1 << 24)
    port = server.sockets[0].getsockname()[1]
    _, tool, token = workspace(folder, f"http://127.0.0.1:{port}/v1")
    times: dict[str, list[tuple[float, float]]] = {"direct": [], "gateway": []}
    async with server, _gateway(folder) as opened:
        clients = {"direct": _Client(port, "none"), "gateway": _Client(opened, token)}
        for client in clients.values():
            await client.open()
        for turn, messages in enumerate(session(tool.folders[0], turns, tokens)):
            body = json.dumps({"model": "acme", "messages": messages, "stream": True}).encode()
            for name in ("direct", "gateway") if turn % 2 else ("gateway", "direct"):
                times[name].append(await clients[name].ask(body))
            await asyncio.sleep(pause_s)
        for client in clients.values():
            await client.close()
    return {"turns": turns, "pause s": pause_s, "bytes": len(body), **_rows(times)}


def _rows(times: Mapping[str, Sequence[tuple[float, float]]]) -> dict[str, Any]:
    rows: dict[str, Any] = {"first turn ms": {name: round(found[0][0]) for name, found in times.items()}}
    for at, what in enumerate(("first byte ms", "whole answer ms")):
        columns = {name: [pair[at] for pair in found[1:]] for name, found in times.items()}
        columns["more"] = [a - b for a, b in zip(columns["gateway"], columns["direct"], strict=True)]
        rows[what] = {name: spread(values) for name, values in columns.items()}
    return rows
