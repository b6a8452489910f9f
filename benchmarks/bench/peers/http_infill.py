"""A client of a llama.cpp server in its own process: ask, stream, disconnect, and the total cost.

It works with both servers of this folder. The counts come from /metrics, which is JSON in one server and
Prometheus text in the other. Time and memory are those of the process, seen from outside. It knows no policy.
"""

import asyncio
import json
import os
import re
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from bench.peers.server_options import Options
from bench.processes import cpu_seconds, peak
from bench.typing.policy import Totals

BENCHMARKS = Path(__file__).resolve().parents[2]
BUILDS = {"own": "infill_server", "wheel": "bench.peers.wheel_server"}  # modules below BENCHMARKS
LOADING = 120.0  # seconds for a model of a few GB from a cold disk
STEP = 0.05  # seconds between two checks whether a server is idle
LEAVING = 30.0  # seconds for a server to finish its work or notice that it was cancelled
# libgomp's threads spin for long at a barrier: without this, CPU time on a busy machine is mostly spinning.
# The engine uses the same setting.
SPIN = {"GOMP_SPINCOUNT": "1000"}


@dataclass(slots=True)
class InfillServer:
    """One running server. Cancelling a call closes its connection, as clients do to cancel a request."""

    process: asyncio.subprocess.Process
    port: int
    features: str
    client: httpx2.AsyncClient = field(repr=False)
    posts: int = 0

    async def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Return the whole answer. Raises `httpx2.HTTPStatusError` if the server refuses."""
        self.posts += 1
        response = await self.client.post(path, json=body)
        response.raise_for_status()
        return dict(response.json())

    async def stream(self, path: str, body: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        """Yield the server's events; the last one has `stop` true."""
        self.posts += 1
        async with self.client.stream("POST", path, json={**body, "stream": True}) as response:
            response.raise_for_status()
            async for line in response.aiter_lines():
                if line.startswith("data: ") and line != "data: [DONE]":
                    yield json.loads(line.removeprefix("data: "))

    async def totals(self) -> Totals:
        """Return all counts. Waits until the server is idle, so that cancelled work is included."""
        async with asyncio.timeout(LEAVING):
            counts = await self._counts()
            while counts["busy"]:
                await asyncio.sleep(STEP)
                counts = await self._counts()
        pid = self.process.pid
        extra = {name: counts[name] for name in ("cached", "cancelled", "requests") if name in counts}
        extra["runs"] = self.posts
        evaluated, generated = int(counts["evaluated"]), int(counts["predicted"])
        return Totals(evaluated, generated, None, cpu_seconds(pid), peak(pid), extra)

    async def read(self) -> int:
        """Return the prompt tokens evaluated so far, without waiting."""
        return int((await self._counts())["evaluated"])

    async def _counts(self) -> dict[str, float]:
        text = (await self.client.get("/metrics")).text
        return dict(json.loads(text)) if text.startswith("{") else prometheus(text)

    async def stop(self) -> None:
        """Let the process end by itself, or kill it."""
        await self.client.aclose()
        if self.process.stdin is not None:
            self.process.stdin.close()
        try:
            async with asyncio.timeout(5):
                await self.process.wait()
        except TimeoutError:
            self.process.kill()
            await self.process.wait()


async def start(options: Options, build: str = "own", extra: tuple[str, ...] = ()) -> InfillServer:
    """Start a server and wait until its model is loaded. `build` is a key of `BUILDS`."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        BUILDS[build],
        *options.flags(),
        *extra,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={**os.environ, **SPIN, "PYTHONPATH": str(BENCHMARKS)},
    )
    assert process.stdout is not None
    async with asyncio.timeout(LOADING):
        while not (line := await process.stdout.readline()).startswith(b'{"port"'):
            if not line:
                raise RuntimeError(f"{BUILDS[build]} ended before it was ready ({options.model})")
    ready = json.loads(line)
    # A new connection per request: with a kept one the server could not see that the client disconnected.
    client = httpx2.AsyncClient(
        base_url=f"http://127.0.0.1:{ready['port']}",
        timeout=httpx2.Timeout(600.0, connect=5.0),
        limits=httpx2.Limits(max_keepalive_connections=0),
        trust_env=False,
    )
    return InfillServer(process, ready["port"], ready["features"], client)


def prometheus(text: str) -> dict[str, float]:
    """Return the counts that both servers have, from llama.cpp's own names for them.

    >>> prometheus("llamacpp:prompt_tokens_total 7")["evaluated"]
    7.0
    """
    found = dict(re.findall(r"^llamacpp:(\w+) ([\d.e+]+)$", text, re.MULTILINE))
    names = {
        "evaluated": ("prompt_tokens_total",),
        "predicted": ("tokens_predicted_total",),
        "cached": ("prompt_tokens_cached_total",),
        "busy": ("requests_processing", "requests_deferred"),
    }
    return {name: sum(float(found.get(key, 0)) for key in keys) for name, keys in names.items()}
