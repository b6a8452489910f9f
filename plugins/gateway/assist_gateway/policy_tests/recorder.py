"""A server on this machine that plays every provider and server, and keeps all that it is sent.

It reads plain HTTP with a length, as the one client that it has writes it. It knows no rule.
"""

import asyncio
import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from assist_gateway.dialects.json_places import nested_json
from assist_gateway.policy_tests.played_answers import played_answer

_MAX_HEAD = 1 << 16  # bytes of a request's head
_MAX_BODY = 1 << 26


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """A request as it arrived: the receiver's number at the beginning of its path, the rest, and all else."""

    receiver: int
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes = field(repr=False)

    @property
    def text(self) -> str:
        """All that was sent, in which a secret can be looked for: the bytes, and each text in the JSON."""
        raw = self.body.decode("utf-8", "replace")
        heads = "\0".join(f"{name}: {value}" for name, value in self.headers)
        try:
            strings = "\0".join(_strings(json.loads(raw)))
        except (ValueError, RecursionError):
            strings = ""
        return "\0".join((self.path, heads, raw, strings))


def _strings(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
            yield from _strings(nested_json(value))  # arguments of calls are JSON in a text
        case list():
            for item in value:
                yield from _strings(item)
        case dict():
            for key, item in value.items():
                yield key
                yield from _strings(item)


class Recorder:
    """The server. Use it as an asynchronous context; `take` gives what arrived since it was asked last."""

    def __init__(self) -> None:
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._requests: list[RecordedRequest] = []

    async def __aenter__(self) -> "Recorder":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=_MAX_HEAD)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def address(self) -> str:
        """The address of the server, without a path."""
        port = self._server.sockets[0].getsockname()[1] if self._server else 0
        return f"http://127.0.0.1:{port}"

    def take(self) -> tuple[RecordedRequest, ...]:
        """The requests since the last call."""
        taken = tuple(self._requests)
        self._requests.clear()
        return taken

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
            request = await _read(reader)
            self._requests.append(request)
            writer.write(played_answer(request.path, request.body))
            await writer.drain()
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def _read(reader: asyncio.StreamReader) -> RecordedRequest:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    line, *rest = head.rstrip().split("\r\n")
    headers = [
        (name.strip().lower(), value.strip()) for name, _, value in (row.partition(":") for row in rest)
    ]
    length = int(dict(headers).get("content-length", "0"))
    body = await reader.readexactly(min(length, _MAX_BODY))
    target = line.split(" ")[1]
    number, _, path = target.lstrip("/").partition("/")
    return RecordedRequest(int(number), f"/{path}", tuple(headers), body)
