"""The Continue policy: 350 ms without a key, a small prompt, and an answer cut short by its time limits.

Written from continuedev/continue: core/util/parameters.ts, core/llm/llms/LlamaCpp.ts,
core/llm/constants.ts, and from core/autocomplete: `util/AutocompleteDebouncer.ts`, `util/HelperVars.ts`,
`util/AutocompleteLruCache.ts`, `templating/*`, `generation/*`, `filtering/streamTransforms/*`,
`postprocessing/index.ts`.

Left out: snippets of other files, the clipboard and the diff (there is one document here), its tokenizer
(tokens are estimated from characters), edit distances (a repeated line is an equal line), languages other
than Python.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from bench.peers.port import Peer, Start, is_blank
from bench.typing.policy import DocumentView, PolicyAnswer

DEBOUNCE = 0.35  # debounceDelay
# maxPromptTokens, prefixPercentage, maxSuffixPercentage
PROMPT = 1024
PREFIX = 0.3
SUFFIX = 0.2
CHARS = 3.6  # characters a token: 6,200 of heapq.py are 1,717 of Qwen2.5's
TOKENS = 4096  # DEFAULT_MAX_TOKENS
TEMPERATURE = 0.01
SHOW = 0.15  # modelTimeout: after it, the whole lines so far are shown without waiting for more
# 2.5 x modelTimeout since the request, checked every 10 chunks
STOP_AFTER = 0.375
CHUNKS = 10
ENTRIES = 1000  # AutocompleteLruCache's capacity
REPEATS = 3  # stopAtRepeatingLines
STOPS = [
    *("<|endoftext|>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", "<|fim_pad|>", "<|repo_name|>"),
    *("<|file_sep|>", "<|im_start|>", "<|im_end|>"),
    *("\n\n", "\r\n\r\n", "/src/", "#- coding: utf-8", "```"),
]


@dataclass(slots=True)
class RunningStream:
    """One running request (`ListenableGenerator`). It reads on even if no caller waits for it any more."""

    prefix: str
    text: str = ""
    tokens: int = 0
    done: bool = False
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None

    async def read(self, events: AsyncIterator[dict[str, object]]) -> None:
        """Read until the server ends or, at every tenth chunk, time is up (`stopAfterMaxProcessingTime`)."""
        now = asyncio.get_running_loop().time
        start = now()
        try:
            async with aclosing(events) as chunks:  # type: ignore[type-var]
                async for chunk in chunks:
                    if chunk["content"]:
                        self.text += str(chunk["content"])
                        self.tokens += 1
                        self.changed.set()
                    late = chunk["content"] and self.tokens % CHUNKS == 0 and now() - start > STOP_AFTER
                    if chunk["stop"] or late:
                        break
        finally:
            self.done = True
            self.changed.set()

    def stop(self) -> None:
        if self.task is not None:
            self.task.cancel()


class Continue(Peer):
    """A key restarts the delay. A running request is stopped only if its answer does not fit the next one."""

    name = "Continue"

    def __init__(self, start: Start) -> None:
        super().__init__(start)
        self._cache: dict[str, str] = {}
        self._stream: RunningStream | None = None

    async def ask(self, view: DocumentView) -> PolicyAnswer | None:
        await asyncio.sleep(DEBOUNCE)
        prefix, suffix = prune_context(view)
        if (found := self._cached_text(prefix)) is not None:
            return PolicyAnswer(found, inferred=False)
        stream = self._reusable_stream(prefix) or self._start_stream(view, prefix, suffix)
        text = postprocess(await self._lines(stream, prefix, view), prefix)
        if text:
            self._keep(prefix, text)
        return PolicyAnswer(text, tokens=stream.tokens)

    async def close(self) -> None:
        if self._stream is not None and self._stream.task is not None:
            self._stream.stop()
            with suppress(asyncio.CancelledError):
                await self._stream.task
        await super().close()

    def _reusable_stream(self, prefix: str) -> RunningStream | None:
        """GeneratorReuseManager.ts: return the stream whose answer the typist is typing."""
        old = self._stream
        if old and (old.prefix + old.text).startswith(prefix) and len(old.prefix) <= len(prefix):
            return old
        return None

    def _start_stream(self, view: DocumentView, prefix: str, suffix: str) -> RunningStream:
        if self._stream is not None:
            self._stream.stop()
        body = {
            "prompt": render_prompt(view.path, prefix, suffix),
            "n_predict": TOKENS,
            "stop": STOPS,
            "temperature": TEMPERATURE,
        }
        stream = RunningStream(prefix)
        stream.task = asyncio.create_task(stream.read(self._server.stream("/completion", body)))
        self._stream = stream
        return stream

    async def _lines(self, stream: RunningStream, prefix: str, view: DocumentView) -> str:
        """`StreamTransformPipeline`: collect lines as they end, until a rule or the time limit stops it."""
        loop = asyncio.get_running_loop()
        start = loop.time()
        typed = len(prefix) - len(stream.prefix)
        below = next((line for line in view.after.split("\n")[1:] if not is_blank(line)), "")
        lines: list[str] = []
        while True:
            stream.changed.clear()
            text = stream.text[typed:]
            over = stream.done
            whole = text.split("\n")
            for line in whole[len(lines) : None if over else -1]:
                if stops_at(line, lines, below):
                    stream.stop()
                    return "\n".join(lines)
                lines.append(line)
                if not is_multiline(view) or (loop.time() - start > SHOW and any(map(str.strip, lines))):
                    return "\n".join(lines)
            if over:
                return "\n".join(lines)
            await stream.changed.wait()

    def _cached_text(self, prefix: str) -> str | None:
        """AutocompleteLruCache.ts: use the longest key that begins the prefix, if its answer was typed on."""
        keys = [key for key in self._cache if prefix.startswith(key)]
        if not keys:
            return None
        key = max(keys, key=len)
        typed = prefix[len(key) :]
        if not self._cache[key].startswith(typed):
            return None
        self._cache[key] = self._cache.pop(key)
        return self._cache[key][len(typed) :] or None

    def _keep(self, prefix: str, text: str) -> None:
        self._cache.pop(prefix, None)
        self._cache[prefix] = text
        while len(self._cache) > ENTRIES:
            del self._cache[next(iter(self._cache))]


def prune_context(view: DocumentView) -> tuple[str, str]:
    """HelperVars.ts: drop whole lines from the top and the bottom until the token limits are met."""
    above = view.before.split("\n")
    while len(above) > 1 and len("\n".join(above)) > CHARS * PROMPT * PREFIX:
        del above[0]
    prefix = "\n".join(above)
    left = min(PROMPT - len(prefix) / CHARS, PROMPT * SUFFIX)
    below = view.after.split("\n")
    while len(below) > 1 and len("\n".join(below)) > CHARS * left:
        del below[-1]
    return prefix, "\n".join(below)


def render_prompt(path: str, prefix: str, suffix: str) -> str:
    """AutocompleteTemplate.ts, qwenCoderFimTemplate; formatting.ts puts the path's end above the prefix."""
    name = "/".join(PurePosixPath(path).parts[-2:])
    return f"<|fim_prefix|>\n# {name}\n{prefix}<|fim_suffix|>{suffix or chr(10)}<|fim_middle|>"


def is_multiline(view: DocumentView) -> bool:
    """shouldCompleteMultiline.ts, "auto": not in a comment (`useMultiline` is true for Python)."""
    return not view.before.rpartition("\n")[2].lstrip().startswith("#")


def stops_at(line: str, lines: list[str], below: str) -> bool:
    """Return whether one of the pipeline's line rules ends the answer before `line`."""
    repeated = len(lines) >= REPEATS - 1 and all(old == line for old in lines[1 - REPEATS :])
    follows = bool(below) and line.strip() == below.strip()
    # stopAtSimilarLine: a line of brackets may be repeated.
    brackets = bool(line.strip()) and not line.strip().strip(")]};")
    return (is_blank(line) and bool(lines)) or repeated or (follows and not brackets) or line == below != ""


def postprocess(text: str, prefix: str) -> str:
    """postprocessing/index.ts: no white space alone, no repetition of the line above, no leading space."""
    above = [line for line in prefix.split("\n") if not is_blank(line)]
    first = next((line for line in text.split("\n") if not is_blank(line)), "")
    if not first or (above and above[-1].strip() == first.strip()):
        return ""
    return text[1:] if text.startswith(" ") else text
