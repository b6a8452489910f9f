"""A virtual clock, for the same replay every time, however busy the machine is.

The event loop's time jumps to the next due event as soon as the model's thread waits. Computing takes the
time that two speeds give. The model is the real one or a pretended one: it has the real vocabulary, knows the
text that will be typed, and errs on some lines. Then a minute of typing takes a second. The engine, its
threads, its prompts and its token counts are real. Time is not.
"""

import asyncio
import hashlib
import selectors
import threading
import time
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from assist_completion.engine.engine import Engine
from assist_completion.inference.generation import Model
from assist_completion.inference.llama import Abort, Aborted, Llama, Load
from assist_completion.inference.prefix_cache import PrefixCache
from assist_completion.inference.speed_probe import budget_for
from assist_completion.inference.speed_trial import Speed
from assist_completion.inference.worker import Worker
from assist_completion.prompt.token_healing import Healer
from assist_completion.settings import CompletionSettings

# The reference machine of benchmarks/results: what its speed probe measured with qwen2.5-coder-0.5b.
SPEED = Speed(prefill=330, decode=49, decode_threads=1, trained=32_768)
# A pretended graphics device: it reads 64 tokens in 26 ms, and does not stop within such a slice.
DEVICE = Speed(prefill=2500, decode=90, decode_threads=1, trained=32_768, device="pretended", slice=64)
REST = 0.0001  # real seconds between two checks whether the model's thread waits
STEP = 0.005  # seconds: how soon a running computation notices an abort
WRONG_LINES = 0.35  # of the lines are predicted wrong: the 0.5B model's share on randomly cut HumanEval lines
SURE, UNSURE = 25.0, 11.0  # logits: above 0.99 and 0.3 of the probability among 150,000 tokens

T = TypeVar("T")


class VirtualClock:
    """The virtual time, whether the model's thread waits for it, and how fast that computes."""

    def __init__(self, speed: Speed = SPEED) -> None:
        self.speed = speed
        self.loop: asyncio.AbstractEventLoop
        self.now = 0.0
        self.asleep = False
        self.idle: Callable[[], bool] = lambda: True

    def is_parked(self) -> bool:
        """Return whether nothing can happen before time moves on."""
        return self.asleep or self.idle()

    def sleep(self, seconds: float) -> None:
        """Wait on the model's thread until the virtual time has come."""
        over = threading.Event()

        def wake() -> None:
            self.asleep = False
            over.set()

        self.loop.call_soon_threadsafe(lambda: self.loop.call_later(seconds, wake))
        self.asleep = True
        over.wait()

    def compute(self, tokens: int, abort: Abort, speed: Speed) -> None:
        """Let the time pass that some tokens take. Raises `Aborted` soon after the flag is set.

        A device looks at the flag only before it begins, and no call takes it less than one token does.
        """
        seconds = tokens / (speed.prefill if tokens > 1 else speed.decode)
        if speed.device:
            seconds = max(seconds, 1 / speed.decode)
        step = seconds if speed.device else STEP
        while seconds > 0:
            if abort.is_set():
                raise Aborted
            self.sleep(min(step, seconds))
            seconds -= step


class _Selector(selectors.DefaultSelector):
    """A selector that never blocks: it waits until the model's thread is at rest, then moves the clock."""

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__()
        self._clock = clock

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        while not self._clock.is_parked():
            time.sleep(REST)
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if timeout is None:
            raise RuntimeError("Nothing is due and nothing computes: this would wait forever.")
        self._clock.now += max(0.0, timeout)
        return []


def run_virtually(make: Callable[[VirtualClock], Coroutine[Any, Any, T]], speed: Speed = SPEED) -> T:
    """Run a coroutine on a virtual clock."""
    clock = VirtualClock(speed)
    loop = asyncio.SelectorEventLoop(_Selector(clock))
    loop.time = lambda: clock.now  # type: ignore[method-assign]
    clock.loop = loop
    try:
        return loop.run_until_complete(make(clock))
    finally:
        loop.close()


class TimedLlama(Llama):
    """The real model, whose decode calls take virtual time."""

    def __init__(self, load: Load, abort: Abort, clock: VirtualClock) -> None:
        super().__init__(load, abort)
        self._clock = clock

    def _decode_slice(self, seq: int, tokens: Sequence[int], position: int, wanted: int) -> None:
        try:
            self._clock.compute(len(tokens), self.abort, self._clock.speed)
        except Aborted:
            self.truncate(seq, position)
            raise
        super()._decode_slice(seq, tokens, position, wanted)


class SpeedLlama:
    """A pretended model that predicts `target`, mostly.

    Obeys `Llama`'s rules for positions, aborts and states.
    """

    def __init__(self, words: Llama, target: str, clock: VirtualClock, abort: Abort) -> None:
        self._words = words
        self._clock = clock
        self._abort = abort
        self._target = target.encode()
        self._fim = words.fim()
        self._pieces = words.pieces()
        self._cells: list[list[int]] = [[], []]
        self._logits = np.zeros(len(self._pieces), dtype=np.float32)
        self._peak = 0

    def tokenize(self, text: str) -> list[int]:
        return self._words.tokenize(text)

    def decode(self, seq: int, tokens: list[int], position: int) -> Any:
        cells = self._cells[seq]
        assert position == len(cells), "llama.cpp refuses positions that do not follow"
        size = self._clock.speed.slice
        for start in range(0, len(tokens), size):
            part = tokens[start : start + size]
            self._clock.compute(len(part), self._abort, self._clock.speed)
            cells += part
        return self._predict(cells)

    def truncate(self, seq: int, length: int) -> None:
        del self._cells[seq][length:]

    def length(self, seq: int) -> int:
        return len(self._cells[seq])

    def save(self, seq: int) -> bytes:
        return np.array(self._cells[seq], dtype=np.int32).tobytes()

    def restore(self, seq: int, state: bytes) -> bool:
        self._cells[seq] = np.frombuffer(state, dtype=np.int32).tolist()
        return True

    def close(self) -> None:
        """Free nothing: the vocabulary belongs to its owner."""

    def _predict(self, cells: list[int]) -> Any:
        self._logits[self._peak] = 0.0
        self._peak, self._logits[self._peak] = self._next(cells)
        return self._logits

    def _next(self, cells: list[int]) -> tuple[int, float]:
        end = min(self._fim.special)
        fim = self._fim
        if fim.mid not in cells:
            return end, SURE
        middle = len(cells) - 1 - cells[::-1].index(fim.mid)
        head = cells[cells.index(fim.pre) + 1 : cells.index(fim.suf)]
        seen = b"".join(self._pieces[t] for t in [*head[-40:], *cells[middle + 1 :]])
        at = self._target.find(seen[-100:])
        if at < 0 or not seen:
            return (end if seen.endswith(b"\n") else self.tokenize("\n")[0]), SURE
        at += len(seen[-100:])
        token = (self.tokenize(self._target[at : at + 60].decode("utf-8", "ignore")) or [end])[0]
        return self._maybe_wrong(at, token)

    def _maybe_wrong(self, at: int, token: int) -> tuple[int, float]:
        """Return the right token, except at one place in each line that the model gets wrong."""
        start = self._target.rfind(b"\n", 0, at) + 1
        stop = self._target.find(b"\n", at)
        fate = hashlib.sha256(self._target[start:stop]).digest()
        place = start + fate[1] % max(1, stop - start)
        if fate[0] < 256 * WRONG_LINES and at <= place < at + len(self._pieces[token]):
            return self.tokenize(" other")[0], UNSURE
        return token, SURE


def words_of(path: Path) -> Llama:
    """Open a model for its vocabulary only."""
    return Llama(Load(path, context=256, sequences=1, threads=1), Abort())


def pretended_engine(words: Llama, target: str, clock: VirtualClock, settings: CompletionSettings) -> Engine:
    """Return the real engine over the pretended model."""
    fim = words.fim()
    pieces = words.pieces()

    def open_model(abort: Abort) -> Model:
        llama: Any = SpeedLlama(words, target, clock, abort)
        cache = PrefixCache(llama, settings.snapshot_mb << 20)
        return Model(
            llama, fim, Healer(pieces, fim.special), pieces, cache, budget_for(clock.speed, settings)
        )

    return _engine(Worker(open_model), clock, settings)


def timed_engine(path: Path, clock: VirtualClock, settings: CompletionSettings, device: str = "") -> Engine:
    """Return the real engine over the real model, on the virtual clock, on a real device if one is named."""
    budget = budget_for(clock.speed, settings)

    def open_model(abort: Abort) -> Model:
        load = Load(path, budget.context, 2, device=device, slice=clock.speed.slice)
        llama = TimedLlama(load, abort, clock)
        fim = llama.fim()
        pieces = llama.pieces()
        cache = PrefixCache(llama, settings.snapshot_mb << 20)
        return Model(llama, fim, Healer(pieces, fim.special), pieces, cache, budget)

    return _engine(Worker(open_model), clock, settings)


def _engine(worker: Worker[Model], clock: VirtualClock, settings: CompletionSettings) -> Engine:
    worker.opened.result()
    clock.idle = worker.idle
    return Engine(worker, settings, budget_for(clock.speed, settings), "virtual", lambda: clock.now)
