"""A vendor on loopback that answers with whatever bytes, pauses and silences a test writes down.

It reads requests as HTTP/1.1 with a Content-Length. It does not check them; the tests do.
"""

import asyncio
import json
import shutil
import ssl
import subprocess
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

HANG: Final = "hang"  # send nothing more, and keep the connection open
RESET: Final = "reset"  # drop the connection before the announced end
Part = bytes | float | str  # a float is a pause in seconds
Act = Iterable[Part]  # a generator can be used once


@dataclass
class Seen:
    """A request as it arrived."""

    line: str
    headers: dict[str, str]
    body: bytes = field(repr=False)

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Hostile:
    """Plays one act for each request, in order, and the last one for all further requests.

    `gone` is set when a client disconnects during an act.
    """

    def __init__(self, *acts: Act, context: ssl.SSLContext | None = None) -> None:
        self._acts, self._context = acts, context
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.requests: list[Seen] = []
        self.connections = 0
        self.gone = asyncio.Event()

    async def __aenter__(self) -> "Hostile":
        self._server = await asyncio.start_server(
            self._serve, "127.0.0.1", 0, ssl=self._context, limit=1 << 24
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def port(self) -> int:
        assert self._server
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def url(self) -> str:
        return f"{'https' if self._context else 'http'}://127.0.0.1:{self.port}/v1"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        with suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError, asyncio.CancelledError):
            self.requests.append(await _request(reader))
            act = self._acts[min(len(self.requests), len(self._acts)) - 1]
            playing = asyncio.ensure_future(_play(act, writer))
            leaving = asyncio.ensure_future(reader.read(1))
            try:
                await asyncio.wait({playing, leaving}, return_when=asyncio.FIRST_COMPLETED)
                if not playing.done():
                    self.gone.set()
            finally:
                playing.cancel()
                leaving.cancel()
                await asyncio.gather(playing, leaving, return_exceptions=True)
        writer.close()
        with suppress(ConnectionError, ssl.SSLError, asyncio.CancelledError):
            await writer.wait_closed()


async def _request(reader: asyncio.StreamReader) -> Seen:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    line, *rest = head.rstrip().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (each.partition(":") for each in rest)}
    return Seen(line, headers, await reader.readexactly(int(headers.get("content-length", "0"))))


async def _play(act: Act, writer: asyncio.StreamWriter) -> None:
    for part in act:
        if part == HANG:
            await asyncio.Event().wait()
        elif part == RESET:
            writer.transport.abort()
        elif isinstance(part, bytes):
            writer.write(part)
            await writer.drain()
        elif isinstance(part, float):
            await asyncio.sleep(part)


def head(status: int = 200, **headers: str) -> bytes:
    """Status line and headers; the body ends with the connection."""
    named = {"content_type": "text/event-stream", **headers}
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in named.items()]
    return "\r\n".join([f"HTTP/1.1 {status} Whatever", *lines, "connection: close", "", ""]).encode()


def event(value: Any) -> bytes:
    return b"data: " + json.dumps(value, ensure_ascii=False).encode() + b"\n\n"


def chunk(
    text: str | None = None, finish: str | None = None, model: str = "frontier-1", **more: Any
) -> bytes:
    delta = {} if text is None else {"content": text}
    return event({"model": model, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **more})


def usage(prompt: Any = 30, completion: Any = 5, **details: Any) -> bytes:
    counted = {"prompt_tokens": prompt, "completion_tokens": completion, "prompt_tokens_details": details}
    return event({"model": "frontier-1", "choices": [], "usage": counted})


DONE: Final = b"data: [DONE]\n\n"


def answer(*texts: str) -> list[Part]:
    """A good answer."""
    return [head(), *map(chunk, texts), chunk(finish="stop"), usage(), DONE]


def refusal(status: int, code: str = "", message: str = "", **headers: str) -> list[Part]:
    body = json.dumps({"error": {"code": code, "message": message}}).encode()
    return [head(status, content_type="application/json", **headers), body]


def self_signed(folder: Path, name: str) -> tuple[Path, ssl.SSLContext]:
    """A self-signed certificate, and the context of a server that uses it."""
    folder.mkdir(exist_ok=True)
    crt, key = folder / "crt.pem", folder / "key.pem"
    if not crt.exists():
        command = shutil.which("openssl")
        assert command, "the tests of certificates need the command openssl"
        wanted = ["-subj", "/CN=test", "-addext", f"subjectAltName={name}", "-days", "2", "-nodes"]
        curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
        files = ["-keyout", str(key), "-out", str(crt)]
        subprocess.run([command, "req", "-x509", *curve, *files, *wanted], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(crt, key)
    return crt, context
