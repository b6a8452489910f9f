"""The Tabby policy: 20 lines around the cursor, a delay that follows the typist, and only complete answers.

Written from TabbyML/tabby: clients/tabby-agent/src/codeCompletion (`debouncer.ts`, `cache.ts`, `index.ts`,
`postprocess`), `config/default.ts`; from its server crates/tabby-common (`languages.rs`, `config.rs`),
crates/tabby-inference (`code.rs`, `decoding.rs`), crates/http-api-bindings (`completion/llama.rs`).

Left out: snippets of other files and of its index (there is one document here), its filters for repetition
and brackets, edit distances (a repeated line is an equal line), languages other than Python.
"""

import asyncio
from collections import OrderedDict, deque
from contextlib import aclosing

from bench.peers.port import Peer, Start, indentation, is_blank, nearby
from bench.typing.policy import DocumentView, PolicyAnswer

LINES = 20  # default.ts: maxPrefixLines (the cursor's counts), maxSuffixLines
TOKENS = 64  # config.rs: max_decoding_tokens
TEMPERATURE = 0.1  # code.rs: sampling_temperature
LEAST = 4  # default.ts: minCompletionChars
# cache.ts: entries, seconds
KEYS = 100
AGE = 300.0
FORWARD = 50  # cache.ts: maxForwardingChars
# languages.rs and languages.toml, Python: stop when prompt and answer together end with one of these.
STOPS = tuple(
    ["\n#", "\ndef", "\nfrom", "\nclass", "\nimport", "\n\n"]
    + ["\n\n" + " " * n for n in range(2, 16, 2)]
    + ["\n\n" + "\t" * n for n in range(1, 8)]
)
CLOSERS = ")]}>\"'`"  # string.ts: regOnlyAutoClosingCloseChars
Key = tuple[str, str]


class Debounce:
    """debouncer.ts: 1.5 to 3 times the mean gap between keys, minus the time of an answer; 100 to 1,000 ms.

    The mean counts from 21 gaps of up to 400 ms on (`baseIntervalSlideWindowAvg`), limited to 100 to 400 ms;
    200 ms before that. The delay is shorter if the context looks complete: `contextScoreWeights`.
    """

    def __init__(self) -> None:
        self._base = 0.2
        self._last = 0.0
        self._gaps: deque[float] = deque(maxlen=100)

    def delay(self, now: float, view: DocumentView, usual: float | None) -> float:
        """Return the seconds to wait at `now`.

        `usual` is the mean time of the last answers, None without any.

        Without any, the agent computes with not-a-number and its timer fires at once.
        """
        gap, self._last = now - self._last, now
        if gap <= 0.4:
            self._gaps.append(gap)
            if len(self._gaps) > 20:
                self._base = min(0.4, max(0.1, sum(self._gaps) / len(self._gaps)))
        if usual is None:
            return 0.001
        left, right = view.before.rpartition("\n")[2], view.after.partition("\n")[0]
        score = 0.5 * (not _word(left[-1:])) + 0.4 * at_line_end(right) + 0.1 * (not _word(view.after))
        return min(1.0, max(0.1, (3.0 - 1.5 * score) * self._base - usual))


def _word(text: str) -> bool:
    """Return whether the text contains a word character: ASCII, as \\w in a regular expression."""
    return any(char.isascii() and (char.isalnum() or char == "_") for char in text)


def at_line_end(right: str) -> bool:
    """Return whether the cursor is at a line's end, ignoring closing brackets and quotes."""
    return not right.rstrip().replace("/>", "").strip(CLOSERS)


class Tabby(Peer):
    """One request at a time. A new key cancels the one before, waiting or running."""

    name = "Tabby"

    def __init__(self, start: Start) -> None:
        super().__init__(start)
        self._debounce = Debounce()
        self._took: deque[float] = deque(maxlen=10)  # latencyTracker.ts: windowSize
        self._cache: OrderedDict[Key, tuple[float, str]] = OrderedDict()

    async def ask(self, view: DocumentView) -> PolicyAnswer | None:
        now = asyncio.get_running_loop().time
        found = self._cached_text(view, now())
        tokens = 0
        usual = sum(self._took) / len(self._took) if self._took else None
        # index.ts: a cached answer waits too, however long answers take.
        await asyncio.sleep(self._debounce.delay(now(), view, 0.0 if found is not None else usual))
        text = found
        if text is None:
            asked = now()
            text, tokens = await self._fetch(view)
            self._took.append(now() - asked)
            text = before_cache(text, view)
        self._keep(view, text, now())
        return PolicyAnswer(after_cache(text, view), inferred=found is None, tokens=tokens)

    async def _fetch(self, view: DocumentView) -> tuple[str, int]:
        """Do the server's part: fill its template, and read on until a stop word ends prompt and answer."""
        above, left, right, below = nearby(view, LINES - 1, LINES - 1)
        prefix = "\n".join([*above, left])
        suffix = "\n".join([right, *below]) or "\n"
        prompt = f"<|fim_prefix|>{prefix}<|fim_suffix|>{suffix}<|fim_middle|>"
        body = {
            "prompt": prompt,
            "n_predict": TOKENS,
            "temperature": TEMPERATURE,
            "seed": 1,
            "penalty_last_n": 0,
        }
        text = ""
        tokens = 0
        async with aclosing(self._server.stream("/completion", body)) as events:
            async for event in events:
                text += event["content"]
                tokens += bool(event["content"])
                stops = [stop for stop in STOPS if event["content"] and (prompt + text).endswith(stop)]
                if stops:
                    return text[: max(0, len(text) - max(map(len, stops)))], tokens
                if event["stop"]:
                    break
        return text, tokens

    def _cached_text(self, view: DocumentView, now: float) -> str | None:
        key = (view.before, view.after)
        until, text = self._cache.get(key, (0.0, ""))
        if key not in self._cache or until < now:
            return None
        self._cache.move_to_end(key)
        return text

    def _keep(self, view: DocumentView, text: str, now: float) -> None:
        """cache.ts: keep the answer, and the rest of its first line after each of the next characters."""
        first, *rest = text.splitlines(keepends=True) or [""]
        ends = range(1, min(FORWARD, len(first)))
        sizes = [*ends, len(first) - 1, len(first)] if len(rest) > 1 else list(ends)
        for size in [0, *sizes]:
            remaining = first[size:] if size else text
            self._cache[view.before + first[:size], view.after] = (now + AGE, remaining)
            self._cache.move_to_end((view.before + first[:size], view.after))
        while len(self._cache) > KEYS:
            self._cache.popitem(last=False)


def before_cache(text: str, view: DocumentView) -> str:
    """postprocess/index.ts, `preCacheProcess`: within a line only one line, no repetition, no tiny text."""
    if not at_line_end(view.after.partition("\n")[0]) and "\n" in text.rstrip("\n"):
        return ""
    return drop(trim(text, view), view)


def after_cache(text: str, view: DocumentView) -> str:
    """`postCacheProcess`: keep only text in the cursor's scope, then the same filters again."""
    return drop(trim(limit_scope(text, view), view), view)


def trim(text: str, view: DocumentView) -> str:
    """trimSpace.ts: no second space after a space, and none at the end."""
    left, right = view.before.rpartition("\n")[2], view.after.partition("\n")[0]
    if not is_blank(left) and left[-1:].isspace():
        text = text.lstrip()
    return text.rstrip() if is_blank(right) or right[:1].isspace() else text


def drop(text: str, view: DocumentView) -> str:
    """dropDuplicated.ts and dropMinimum.ts."""
    lines = [line for line in text.split("\n") if not is_blank(line)][:3]
    following = [line for line in view.after.split("\n") if not is_blank(line)][: len(lines)]
    repeated = bool(lines) and [line.strip() for line in lines] == [line.strip() for line in following]
    return "" if repeated or len(text.strip()) < LEAST else text


def limit_scope(text: str, view: DocumentView) -> str:
    """limitScopeByIndentation.ts, without its exceptions for lines that close a block."""
    lines = text.split("\n")
    above = [line for line in view.before.split("\n") if not is_blank(line)]
    if len(lines) == 1 or not above or is_blank(text):
        return text
    left = view.before.rpartition("\n")[2]
    limit = indentation(above[-1])
    first = next(line for line in lines if not is_blank(line))
    starts = indentation(first if is_blank(lines[0]) else left + first)
    if (not is_blank(left) and not is_blank(lines[0])) or starts > limit:
        limit += 1
    for number, line in enumerate(lines[1:], 1):
        if not is_blank(line) and indentation(line) < limit:
            return "\n".join(lines[:number]).rstrip()
    return text
