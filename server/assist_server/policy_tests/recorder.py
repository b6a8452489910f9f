"""A server on this machine that plays every provider and server, and keeps all that it is sent.

It reads plain HTTP with a length, as the one client that it has writes it, and answers each protocol with one
short piece of text. It knows no rule and judges nothing.
"""

import asyncio
import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

_MOST_HEAD = 1 << 16  # bytes of a request's head
_MOST_BODY = 1 << 26
_SAYS = "A probe has no answer."


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
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=_MOST_HEAD)
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
            writer.write(_answer(request))
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
    body = await reader.readexactly(min(length, _MOST_BODY))
    target = line.split(" ")[1]
    number, _, path = target.lstrip("/").partition("/")
    return RecordedRequest(int(number), f"/{path}", tuple(headers), body)


def _answer(request: RecordedRequest) -> bytes:
    """A short answer in the protocol of the request's path."""
    tokens = len(request.body) // 32 + 1  # a count that can be true, so that little money is booked
    usage = {"prompt_tokens": tokens, "completion_tokens": 8, "total_tokens": tokens + 8}
    match request.path:
        case "/completion":  # llama.cpp
            chance = [{"id": 1, "token": "pass", "logprob": -0.1}]
            first = {"content": "pass", "stop": False, "completion_probabilities": chance}
            last = {"content": "", "stop": True, "stop_type": "eos", "timings": {"prompt_n": tokens}}
            return _head("text/event-stream") + _events(first, last)
        case "/api/generate":  # Ollama
            row = {"response": "pass", "done": True, "done_reason": "stop", "prompt_eval_count": tokens}
            return _head("application/x-ndjson") + json.dumps(row).encode() + b"\n"
        case "/v1/completions" | "/v1/fim/completions":
            choice = {"index": 0, "text": "pass", "finish_reason": "stop"}
            return _head("text/event-stream") + _events({"choices": [choice], "usage": usage}) + _DONE
        case _:
            said = {"index": 0, "delta": {"role": "assistant", "content": _SAYS}, "finish_reason": None}
            end = {"index": 0, "delta": {}, "finish_reason": "stop"}
            chunks = ({"choices": [said]}, {"choices": [end]}, {"choices": [], "usage": usage})
            return _head("text/event-stream") + _events(*chunks) + _DONE


_DONE = b"data: [DONE]\n\n"


def _head(kind: str) -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nConnection: close\r\n\r\n".encode()


def _events(*chunks: dict[str, Any]) -> bytes:
    return b"".join(f"data: {json.dumps(chunk)}\n\n".encode() for chunk in chunks)
