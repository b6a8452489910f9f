"""Requests of other tools through a real gate, and a provider that records what it gets and answers by script."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

Reply = Callable[[dict[str, Any]], "Sequence[bytes | None]"]  # None: the connection breaks there
Status = int | Callable[[dict[str, Any]], int]

CHAT_USAGE = {"prompt_tokens": 900, "completion_tokens": 20, "prompt_tokens_details": {"cached_tokens": 500}}


def events(*found: dict[str, Any], done: bool = True) -> list[bytes]:
    """A stream of events, as bytes."""
    lines = [f"data: {json.dumps(event)}\n\n".encode() for event in found]
    return [*lines, b"data: [DONE]\n\n"] if done else lines


@dataclass
class Recorder:
    """The bodies and heads of all requests that came, in order, over so many connections.

    None is answered while `answers` is not set.
    """

    url: str = ""
    answers: asyncio.Event = field(default_factory=asyncio.Event)
    connections: int = 0
    bodies: list[bytes] = field(default_factory=list)
    heads: list[str] = field(default_factory=list)

    @property
    def requests(self) -> list[dict[str, Any]]:
        return [json.loads(body) for body in self.bodies]

    @property
    def bytes_seen(self) -> bytes:
        return b"\n".join(self.bodies)


@asynccontextmanager
async def recording(reply: Reply, status: Status = 200) -> AsyncIterator[Recorder]:
    """A provider on loopback that answers each request by `reply`, streamed if the request asks for it."""
    seen = Recorder()
    seen.answers.set()
    writers: list[asyncio.StreamWriter] = []
    tasks: list[asyncio.Task[None] | None] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.connections += 1
        writers.append(writer)
        tasks.append(asyncio.current_task())
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                size = int(
                    next(
                        line.split(b":")[1]
                        for line in head.split(b"\r\n")
                        if line.lower().startswith(b"content-length")
                    )
                )
                body = await reader.readexactly(size)
                seen.bodies.append(body)
                seen.heads.append(head.decode("latin-1"))
                await seen.answers.wait()
                asked = json.loads(body)
                code = status(asked) if callable(status) else status
                kind = "text/event-stream" if asked.get("stream") and code == 200 else "application/json"
                writer.write(
                    f"HTTP/1.1 {code} X\r\nContent-Type: {kind}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
                )
                for chunk in reply(asked):
                    if chunk is None:
                        return
                    writer.write(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
                    await writer.drain()
                writer.write(b"0\r\n\r\n")
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=1 << 24)
    seen.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    async with server:
        yield seen
        for writer in writers:
            writer.close()
        await asyncio.gather(*filter(None, tasks))
