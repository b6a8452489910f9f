"""The llama.vim policy: every key asks, one request at a time, and what was answered is shown as it is typed.

Written from ggml-org/llama.vim, autoload/llama.vim, as it is since `endpoint_inst` and the LRU cache came:
default_config, s:on_move, llama#fim, s:fim_on_response, s:fim_try_hint, s:ring_update. As there, no request
is ever given up: a key that finds one on its way tries again 100 ms later. The first request for a place has
250 ms to write; once something is shown, the next is asked for ahead, as if it were accepted; a place whose
text is shown from memory is asked for all the same. t_max_prompt_ms is sent, and the server ignores it
("TODO: implement t_max_prompt_ms" in llama.cpp's server-schema.cpp).
Left out: yanking, saving and other buffers (one document, never saved here). Columns count characters.
"""

import asyncio
import random
from collections import OrderedDict
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from peer_llama_vim_ring import Ring
from peer_llama_vim_text import Hint, Place, keys, local, render
from peer_port import Peer, Start
from policy import Answer, View

PREDICT = 128  # n_predict
PROMPT_MS, FIRST_MS, AHEAD_MS = 500, 250, 1000  # t_max_prompt_ms; llama#fim; t_max_predict_ms
MAX_LINE_SUFFIX = 8
CACHE_KEYS = 250  # max_cache_keys
TYPED = 128  # characters that s:fim_try_hint looks back
RETRY = 0.1  # seconds, the timer of llama#fim
RING_UPDATE, RING_REST = 1.0, 3.0  # seconds: ring_update_ms, and without a move in insert mode
MOVED = 32  # lines from the last place where chunks were picked
ENTER = 0.1  # seconds, the timer of BufEnter
SAMPLING = {"top_k": 40, "top_p": 0.9, "samplers": ["top_k", "top_p", "infill"]}
RESTING: dict[str, Any] = {"n_predict": 0, "temperature": 0.0, "samplers": [], "t_max_predict_ms": 1}


@dataclass(frozen=True, slots=True)
class Cached:
    """A completion as the server sent it, and its tokens."""

    content: str
    tokens: int


class LlamaVim(Peer):
    """The plugin's state: what is on its way, what is shown, what was answered, and chunks of the file."""

    name = "llama.vim"

    def __init__(self, start: Start, seed: int = 1) -> None:
        super().__init__(start)
        self._ring = Ring(random.Random(seed))
        self._cache: OrderedDict[str, Cached] = OrderedDict()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._failure: BaseException | None = None
        self._job: asyncio.Task[Any] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._news = asyncio.Event()
        self._hint: Hint | None = None
        self._picked, self._indent = -9999, -1
        self._normal, self._moved = True, 0.0

    async def open(self, view: View) -> None:
        """BufEnter picks a chunk after 100 ms, and normal mode lets the server read it."""
        await super().open(view)
        await asyncio.sleep(ENTER)
        self._ring.pick(view.path, self._ring.around(view), evict=True)
        if self._ring.advance():
            await self._read_ring()
        self._spawn(self._update_ring())

    def moved(self, view: View) -> None:
        """Cursor keys leave insert mode, in which nothing is shown."""
        self._view, self._hint, self._normal = view, None, True
        self._moved = asyncio.get_running_loop().time()

    async def ask(self, view: View) -> Answer | None:
        """CursorMovedI: what memory has, then whatever comes until nothing is on its way."""
        if self._failure is not None:
            raise self._failure
        self._view, self._hint, self._normal = view, None, False
        self._moved = asyncio.get_running_loop().time()
        self._try_hint()
        self._fim(None)
        waited = False
        while (shown := self._hint is not None and bool(self._hint.text)) or self._job or self._timer:
            if shown and self._hint is not None:
                return Answer(self._hint.text, inferred=waited, tokens=self._hint.tokens)
            waited = True
            self._news.clear()
            await self._news.wait()
        return Answer(inferred=waited)

    async def close(self) -> None:
        self._stop_timer()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await super().close()

    # Asking

    def _fim(self, place: Place | None) -> None:
        """llama#fim: for the cursor, or (`place`) as if what is shown were accepted already."""
        if self._job is not None:
            self._stop_timer()
            self._timer = asyncio.get_running_loop().call_later(RETRY, self._again, place)
            return
        context = local(self._view, place, self._indent)
        if len(context.right) > MAX_LINE_SUFFIX:
            return
        known = keys(context)
        if any(self._get(key) for key in known):
            return
        self._indent = context.indent
        self._ring.evict(self._view)
        body = {
            "id_slot": 0,
            "input_prefix": context.prefix,
            "input_suffix": context.suffix,
            "input_extra": self._ring.extra(),
            "prompt": context.middle,
            "n_predict": PREDICT,
            "stop": [],
            "n_indent": context.indent,
            "cache_prompt": True,
            "t_max_prompt_ms": PROMPT_MS,
            "t_max_predict_ms": FIRST_MS if place is None else AHEAD_MS,
            **SAMPLING,
        }
        self._job = self._spawn(self._request(body, known))
        self._gather(self._view.line if place is None else place.line)

    def _again(self, place: Place | None) -> None:
        self._timer = None
        self._fim(place)
        self._news.set()

    async def _request(self, body: dict[str, Any], known: Sequence[str]) -> None:
        try:
            result = await self._server.post("/infill", body)
            self._answered(result, known)
        finally:
            self._job = None
            self._news.set()

    def _answered(self, result: dict[str, Any], known: Sequence[str]) -> None:
        """s:fim_on_response; the job still counts as running, so the next one waits for the timer."""
        cached = Cached(result["content"], int(result["timings"]["predicted_n"]))
        for key in known:
            while len(self._cache) >= CACHE_KEYS:
                self._cache.popitem(last=False)
            self._cache[key] = cached
            self._cache.move_to_end(key)
        if not self._normal and (self._hint is None or not self._hint.text):
            self._try_hint()

    def _try_hint(self) -> None:
        """s:fim_try_hint: this place's completion, or one from further back that was typed on."""
        context = local(self._view, None, self._indent)
        found = self._get(keys(context)[0]) or self._typed(context.prefix + context.middle, context.suffix)
        if found is None:
            return
        self._hint = render(self._view, found.content, found.tokens)
        self._fim(Place(self._view.line, self._hint.content))

    def _typed(self, text: str, suffix: str) -> Cached | None:
        """The nearest such completion, unless one from further back says more (from the second on)."""
        found: Cached | None = None
        best = 0
        for size in range(1, min(TYPED, len(text) - 1) + 1):
            cached = self._get(f"{text[:-size]}\0{suffix}")
            if cached is None or cached.content[:size] != text[-size:] or len(cached.content) == size:
                continue
            rest = Cached(cached.content[size:], cached.tokens)
            if found is None:
                found = rest
            elif len(rest.content) > best:
                found, best = rest, len(rest.content)
        return found

    def _get(self, key: str) -> Cached | None:
        if key in self._cache:
            self._cache.move_to_end(key)
        return self._cache.get(key)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    # Chunks

    def _gather(self, line: int) -> None:
        if abs(line - self._picked) > MOVED:
            self._picked = line
            self._ring.pick_far(self._view, line)

    async def _update_ring(self) -> None:
        """s:ring_update, for ever: one more chunk for the server to read, while nobody types."""
        now = asyncio.get_running_loop().time
        while True:
            await asyncio.sleep(RING_UPDATE)
            rests = self._normal or now() - self._moved >= RING_REST
            if rests and self._ring.advance():
                self._spawn(self._read_ring())

    async def _read_ring(self) -> None:
        where = {"id_slot": 0, "input_prefix": "", "input_suffix": "", "prompt": ""}
        body = {**where, **RESTING, "input_extra": self._ring.extra(), "cache_prompt": True}
        await self._server.post("/infill", body)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self._failure = task.exception()
            self._news.set()
