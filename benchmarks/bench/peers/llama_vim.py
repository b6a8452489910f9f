"""The llama.vim policy: every key asks, one request at a time, and an answer is shown while it is typed.

Written from ggml-org/llama.vim, autoload/llama.vim, as of `endpoint_inst` and the LRU cache:
default_config, s:on_move, llama#fim, s:fim_ctx_local, s:fim_on_response, s:fim_try_hint, s:fim_render,
s:pick_chunk, s:chunk_sim, s:ring_update.

As in the plugin, a request is never cancelled: a key that finds one running tries again after 100 ms. The
first request at a cursor has 250 ms to write. Once something is shown, the next request is sent ahead, as if
the text were accepted; a cursor whose text comes from the cache is requested too. t_max_prompt_ms is sent,
and the server ignores it ("TODO: implement t_max_prompt_ms" in llama.cpp's server-schema.cpp).
The ring holds chunks of the file that go in front of every prompt. The plugin chooses them at random; here
the seed is given.

Left out: yanking, saving and other buffers (there is one document, never saved). Columns count characters.
It knows no server.
"""

import asyncio
import random
import re
from collections import OrderedDict
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from bench.peers.port import Peer, Start, indentation, is_blank
from bench.typing.policy import DocumentView, PolicyAnswer

PREFIX, SUFFIX = 256, 64  # n_prefix, n_suffix: lines
TRIMMED = 3  # lines that may have scrolled out at the top since the request


@dataclass(frozen=True, slots=True)
class AcceptedHint:
    """A line (from 0) and the completion shown there, treated as accepted (`prev`)."""

    line: int
    content: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LocalContext:
    """s:fim_ctx_local: the three texts of a request, its n_indent, and the text right of the cursor."""

    prefix: str
    middle: str
    suffix: str
    indent: int
    right: str = ""


@dataclass(frozen=True, slots=True)
class Hint:
    """The shown text ("" for nothing), and its lines with the rest of the cursor's line, kept for later."""

    text: str
    content: tuple[str, ...]
    tokens: int = 0


def local_context(view: DocumentView, accepted: AcceptedHint | None, indent: int) -> LocalContext:
    """Return the context at the cursor, or where the cursor would be with `accepted` inserted.

    `indent` is the last one.
    """
    lines = (view.before + view.after).split("\n")
    at = view.line if accepted is None else accepted.line
    line = lines[at] if at < len(lines) else ""
    below = "\n".join(lines[at + 1 : at + 1 + SUFFIX])
    if accepted is None:
        left, right = line[: view.column], line[view.column :]
        if is_blank(line):  # the model writes such a line from its beginning
            left = ""
            right = ""
        prefix = "\n".join(lines[max(0, at - PREFIX) : at])
        return LocalContext(
            f"{prefix}\n", left, f"{right}\n{below}\n", 0 if is_blank(line) else indentation(line), right
        )
    above = lines[max(0, at - PREFIX + len(accepted.content) - 1) : at]
    if len(accepted.content) > 1:
        above += [line + accepted.content[0], *accepted.content[1:-1]]
        line = accepted.content[-1]
    else:
        line += accepted.content[0]
    return LocalContext("\n".join(above) + "\n", line, f"\n{below}\n", indent)


def cache_keys(context: LocalContext) -> list[str]:
    """Return the cache keys of an answer: with the prefix, and without up to three of its first lines."""
    found = [f"{context.prefix}{context.middle}\0{context.suffix}"]
    prefix = context.prefix
    for _ in range(TRIMMED):
        prefix = prefix.partition("\n")[2]
        if not prefix:
            break
        found.append(f"{prefix}{context.middle}\0{context.suffix}")
    return found


def render(view: DocumentView, answer: str, tokens: int) -> Hint:
    """s:fim_render: drop trailing empty lines, and do not show what only repeats the next lines.

    On a line of white space, the answer's own white space is left out as far as the line has it already. The
    plugin would put the rest at the start of the line; this port cannot express that, so it is shown after
    the cursor.
    """
    content = answer.split("\n")
    while content and not content[-1]:
        content.pop()
    lines = (view.before + view.after).split("\n")
    line = lines[view.line]
    content = content or [""]
    if is_blank(line):
        lead = min(indentation(content[0]), len(line))
        line, content[0] = content[0][:lead], content[0][lead:]
    left, right = line[: view.column], line[view.column :]
    if _repeats(content, left, right, lines[view.line + 1 :]):
        content = [""]
    text = "\n".join(content)
    content[-1] += right
    shown = text if not is_blank("\n".join(content)) else ""
    return Hint(shown, tuple(content), tokens)


def _repeats(content: Sequence[str], left: str, right: str, below: Sequence[str]) -> bool:
    if len(content) > 1 and not content[0] and list(content[1:]) == list(below[: len(content) - 1]):
        return True
    if len(content) == 1 and content[0] == right:
        return True
    at = next((i for i, line in enumerate(below) if not is_blank(line)), len(below) - 1)
    if not 0 <= at < len(below) or left + content[0] != below[at]:
        return False
    following = below[at + 1 : at + len(content)]
    match len(content):
        case 1:
            return True
        case 2:
            return content[1] == (following[0] if following else "")[: len(content[1])]
        case _:
            return "\n".join(content[1:]) == "\n".join(following)


CHUNKS = 16  # ring_n_chunks
CHUNK = 64  # ring_chunk_size: lines to choose from, half of which are taken
SCOPE = 1024  # ring_scope: lines
QUEUED = 16
SIMILAR, ECHO = 0.9, 0.5  # s:pick_chunk; llama#fim: above it, a chunk resembles the text around the cursor

Chunk = tuple[str, tuple[str, ...]]  # file and lines


class Ring:
    """`chunks` go with every request; `queued` ones wait until the server has time to read them."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self.chunks: list[Chunk] = []
        self.queued: list[Chunk] = []

    def pick(self, path: str, lines: Sequence[str], *, evict: bool) -> None:
        """Queue a part of `lines`. If a similar chunk exists, drop the old one (`evict`) or the new one."""
        if len(lines) < 3:
            return
        chunk = tuple(lines) if len(lines) + 1 < CHUNK else self._part(lines)
        if any(chunk == old for _, old in [*self.chunks, *self.queued]):
            return
        for kept in (self.queued, self.chunks):
            for i in reversed(range(len(kept))):
                if similarity(kept[i][1], chunk) > SIMILAR:
                    if not evict:
                        return
                    del kept[i]
        del self.queued[: max(0, len(self.queued) - QUEUED + 1)]
        self.queued.append((path, chunk))

    def pick_far(self, view: DocumentView, line: int) -> None:
        """After a long move, pick a chunk from above the prompt's lines and one from below."""
        lines = (view.before + view.after).split("\n")
        last = len(lines) - 1
        above = lines[max(0, line - SCOPE) : max(0, line - PREFIX) + 1]
        below = lines[min(last, line + SUFFIX) : min(last, line + SUFFIX + CHUNK) + 1]
        self.pick(view.path, above, evict=False)
        self.pick(view.path, below, evict=False)

    def around(self, view: DocumentView) -> list[str]:
        lines = (view.before + view.after).split("\n")
        return lines[max(0, view.line - CHUNK // 2) : view.line + CHUNK // 2 + 1]

    def evict(self, view: DocumentView) -> None:
        """Before a request, drop chunks similar to the text near the cursor: the model would repeat them."""
        near = self._part(self.around(view))
        self.chunks = [chunk for chunk in self.chunks if similarity(chunk[1], near) <= ECHO]

    def advance(self) -> bool:
        """Move one chunk from the queue into the ring; returns False if the queue is empty."""
        if not self.queued:
            return False
        self.chunks = [*self.chunks, self.queued.pop(0)][-CHUNKS:]
        return True

    def extra(self) -> list[dict[str, str]]:
        """Return the `input_extra` of a request."""
        return [{"text": "\n".join(lines) + "\n", "filename": path} for path, lines in self.chunks]

    def _part(self, lines: Sequence[str]) -> tuple[str, ...]:
        start = self._rng.randint(0, max(0, len(lines) - CHUNK // 2))
        return tuple(lines[start : min(start + CHUNK // 2, len(lines)) + 1])


def similarity(old: Sequence[str], new: Sequence[str]) -> float:
    """s:chunk_sim: twice the number of words of `new` that are in `old`, divided by all words.

    >>> similarity(["a b"], ["b c"])
    0.5
    """
    words, others = _words(old), _words(new)
    if not words and not others:
        return 1.0
    return 2.0 * sum(word in set(words) for word in others) / (len(words) + len(others))


def _words(lines: Sequence[str]) -> list[str]:
    return [word for word in re.split(r"[^0-9A-Za-z_]+", "\n".join(lines)) if word]


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
class CachedCompletion:
    """A completion as the server sent it, and its tokens."""

    content: str
    tokens: int


class LlamaVim(Peer):
    """The plugin's state: the running request, the shown hint, the cache, and chunks of the file."""

    name = "llama.vim"

    def __init__(self, start: Start, seed: int = 1) -> None:
        super().__init__(start)
        self._ring = Ring(random.Random(seed))
        self._cache: OrderedDict[str, CachedCompletion] = OrderedDict()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._failure: BaseException | None = None
        self._job: asyncio.Task[Any] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._news = asyncio.Event()
        self._hint: Hint | None = None
        self._picked = -9999
        self._indent = -1
        self._normal = True
        self._moved = 0.0

    async def open(self, view: DocumentView) -> None:
        """BufEnter picks a chunk after 100 ms, and normal mode lets the server read it."""
        await super().open(view)
        await asyncio.sleep(ENTER)
        self._ring.pick(view.path, self._ring.around(view), evict=True)
        if self._ring.advance():
            await self._read_ring()
        self._spawn(self._update_ring())

    def on_move(self, view: DocumentView) -> None:
        """Cursor keys leave insert mode, in which nothing is shown."""
        self._view = view
        self._hint = None
        self._normal = True
        self._moved = asyncio.get_running_loop().time()

    async def ask(self, view: DocumentView) -> PolicyAnswer | None:
        """CursorMovedI: show the cached text, or wait for an answer until no request runs."""
        if self._failure is not None:
            raise self._failure
        self._view = view
        self._hint = None
        self._normal = False
        self._moved = asyncio.get_running_loop().time()
        self._try_hint()
        self._fim(None)
        waited = False
        while (shown := self._hint is not None and bool(self._hint.text)) or self._job or self._timer:
            if shown and self._hint is not None:
                return PolicyAnswer(self._hint.text, inferred=waited, tokens=self._hint.tokens)
            waited = True
            self._news.clear()
            await self._news.wait()
        return PolicyAnswer(inferred=waited)

    async def close(self) -> None:
        self._stop_timer()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await super().close()

    # Asking

    def _fim(self, accepted: AcceptedHint | None) -> None:
        """llama#fim: request for the cursor, or as if the shown text (`accepted`) were inserted already."""
        if self._job is not None:
            self._stop_timer()
            self._timer = asyncio.get_running_loop().call_later(RETRY, self._retry, accepted)
            return
        context = local_context(self._view, accepted, self._indent)
        if len(context.right) > MAX_LINE_SUFFIX:
            return
        known = cache_keys(context)
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
            "t_max_predict_ms": FIRST_MS if accepted is None else AHEAD_MS,
            **SAMPLING,
        }
        self._job = self._spawn(self._request(body, known))
        self._gather(self._view.line if accepted is None else accepted.line)

    def _retry(self, accepted: AcceptedHint | None) -> None:
        self._timer = None
        self._fim(accepted)
        self._news.set()

    async def _request(self, body: dict[str, Any], known: Sequence[str]) -> None:
        try:
            result = await self._server.post("/infill", body)
            self._take_answer(result, known)
        finally:
            self._job = None
            self._news.set()

    def _take_answer(self, result: dict[str, Any], known: Sequence[str]) -> None:
        """s:fim_on_response. The job still counts as running, so the next one waits for the timer."""
        cached = CachedCompletion(result["content"], int(result["timings"]["predicted_n"]))
        for key in known:
            while len(self._cache) >= CACHE_KEYS:
                self._cache.popitem(last=False)
            self._cache[key] = cached
            self._cache.move_to_end(key)
        if not self._normal and (self._hint is None or not self._hint.text):
            self._try_hint()

    def _try_hint(self) -> None:
        """s:fim_try_hint: show the completion of this cursor, or an earlier one that was typed on."""
        context = local_context(self._view, None, self._indent)
        found = self._get(cache_keys(context)[0]) or self._typed_through(
            context.prefix + context.middle, context.suffix
        )
        if found is None:
            return
        self._hint = render(self._view, found.content, found.tokens)
        self._fim(AcceptedHint(self._view.line, self._hint.content))

    def _typed_through(self, text: str, suffix: str) -> CachedCompletion | None:
        """Return the nearest such completion, unless one from further back is longer (from the second on)."""
        found: CachedCompletion | None = None
        best = 0
        for size in range(1, min(TYPED, len(text) - 1) + 1):
            cached = self._get(f"{text[:-size]}\0{suffix}")
            if cached is None or cached.content[:size] != text[-size:] or len(cached.content) == size:
                continue
            rest = CachedCompletion(cached.content[size:], cached.tokens)
            if found is None:
                found = rest
            elif len(rest.content) > best:
                found = rest
                best = len(rest.content)
        return found

    def _get(self, key: str) -> CachedCompletion | None:
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
        """s:ring_update, forever: let the server read one more chunk while the user does not type."""
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
        task.add_done_callback(self._on_task_end)
        return task

    def _on_task_end(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self._failure = task.exception()
            self._news.set()
