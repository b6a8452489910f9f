"""A team's server on a virtual clock: the speeds of a GPU, a prefix cache of blocks, a pretended model.

The model has the real vocabulary, knows the text that will be typed, and errs on some lines
(`bench.typing.virtual`). Real engines and policies type over it, so what they ask for, cancel and read again
is theirs; time is not.
"""

import asyncio
import math
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

from assist_completion.engine.server_port import ServedPiece, ServedPrompt
from assist_completion.inference.llama import Abort, Llama
from assist_completion.prompt.layout import render
from assist_context.documents import Context
from bench.typing.policy import Totals
from bench.typing.virtual import SpeedLlama, VirtualClock

BLOCK = 16  # tokens: vLLM caches whole blocks
VOCABULARY = 150_000
MOST = 512  # tokens of one answer
# llama.cpp's /infill: three quarters of a batch for the prefix, the rest for suffix and typed line.
PREFIX, SUFFIX = 768, 254


@dataclass(frozen=True, slots=True)
class RequestSpeed:
    """What one request gets of a busy machine: tokens a second that it reads and writes, and a round trip."""

    reads: float = 20_000.0
    writes: float = 80.0
    trip: float = 0.01


class PretendedServer:
    """The model, its cache, and what was computed so far. All clients of one server share it."""

    def __init__(self, words: Llama, target: str, clock: VirtualClock, speed: RequestSpeed) -> None:
        self.words, self.speed = words, speed
        self.costs: list[list[int]] = []  # tokens read and written, of each request
        self.fim = words.fim()
        self.pieces = words.pieces()
        self._llama: Any = SpeedLlama(words, target, clock, Abort())
        self._blocks: set[int] = set()

    def begin(self, tokens: list[int]) -> int:
        """Count a request, and return how many of its tokens have to be computed; they are cached then."""
        cached = 0
        known = True
        key = 0
        for at in range(0, len(tokens) - BLOCK + 1, BLOCK):
            key = hash((key, *tokens[at : at + BLOCK]))
            known = known and key in self._blocks
            cached += BLOCK if known else 0
            self._blocks.add(key)
        fresh = len(tokens) - min(cached, len(tokens) - 1)
        self.costs.append([fresh, 0])
        return fresh

    def next(self, tokens: list[int]) -> tuple[int, float]:
        """The next token and its log-probability."""
        token, peak = self._llama._next(tokens)
        self.costs[-1][1] += 1
        return token, peak - math.log(math.exp(peak) + VOCABULARY)


class VirtualCompletions:
    """The port of completion over a pretended server. It runs on the engine's own thread."""

    constrains = True

    def __init__(self, server: PretendedServer, clock: VirtualClock, abort: Callable[[], bool]) -> None:
        self._server, self._clock, self._abort = server, clock, abort

    def admit(self, context: Context) -> Context:
        return context

    async def complete(self, prompt: ServedPrompt) -> AsyncGenerator[ServedPiece, None]:
        server = self._server
        fixed = [*render(prompt.plan, server.fim, server.words.tokenize)]
        tokens = [*fixed, *server.words.tokenize(prompt.plan.typed)]
        size = len(tokens)
        fresh = server.begin(tokens)
        await self._wait(server.speed.trip + fresh / server.speed.reads)
        tokens = [*fixed, *server.words.tokenize(prompt.plan.typed + prompt.need)]
        if prompt.need:
            yield ServedPiece(prompt.need, 0.0, prompt=size, cached=size - fresh)
        for _ in range(prompt.most):
            await self._wait(1 / server.speed.writes)
            token, chance = server.next(tokens)
            if token in server.fim.special:
                yield ServedPiece("", ended=True, prompt=size, cached=size - fresh)
                return
            tokens.append(token)
            text = server.pieces[token].decode("utf-8", "replace")
            if prompt.one_line and "\n" in text:
                text = text.partition("\n")[0] + "\n"
            yield ServedPiece(text, chance, prompt=size, cached=size - fresh)
            if prompt.one_line and "\n" in text:
                return

    async def _wait(self, seconds: float) -> None:
        """Let virtual time pass, in small steps, so that closing the answer takes effect."""
        while seconds > 0:
            if self._abort():
                raise asyncio.CancelledError
            self._clock.sleep(min(0.005, seconds))
            seconds -= 0.005

    def rest(self) -> None:
        """Nothing is written down here."""

    async def close(self) -> None:
        """There is no connection."""


class VirtualInfill:
    """llama.cpp's `/infill` over a pretended server, for the policies of other tools. On the event loop."""

    def __init__(self, server: PretendedServer) -> None:
        self._server = server

    async def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        server = self._server
        tokens = self._prompt(body)
        fresh = server.begin(tokens)
        await asyncio.sleep(server.speed.trip + fresh / server.speed.reads)
        text = ""
        written = 0
        limit = min(
            body.get("n_predict", MOST) or 0, body.get("t_max_predict_ms", 60_000) / 1e3 * server.speed.writes
        )
        while written < limit:
            await asyncio.sleep(1 / server.speed.writes)
            token, _ = server.next(tokens)
            written += 1
            if token in server.fim.special:
                break
            tokens.append(token)
            text += server.pieces[token].decode("utf-8", "replace")
        return {"content": text, "timings": {"predicted_n": written, "prompt_n": fresh}}

    def stream(self, path: str, body: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        raise NotImplementedError

    async def read(self) -> int:
        return (await self.totals()).evaluated

    async def totals(self) -> Totals:
        costs = self._server.costs
        sums = [sum(each[at] for each in costs) for at in (0, 1)]
        return Totals(*sums, None, extra={"runs": len(costs)})

    async def stop(self) -> None:
        """There is no process."""

    def _prompt(self, body: dict[str, Any]) -> list[int]:
        server = self._server
        words = server.words.tokenize
        fim = server.fim
        extra: list[int] = []
        for chunk in body.get("input_extra") or []:
            extra += [fim.sep, *words(chunk.get("filename", "tmp") + "\n"), *words(chunk["text"])]
        if extra:
            extra += [fim.sep, *words("filename\n")]
        typed = words(body.get("prompt", ""))
        prefix = words(body["input_prefix"])[-PREFIX:]
        suffix = words(body["input_suffix"])
        return [
            *extra, fim.pre, *prefix, *typed, fim.suf, *suffix[: max(0, SUFFIX - len(typed))], fim.mid,
        ]  # fmt: skip
