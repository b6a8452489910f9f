"""Runs one prompt on the owner thread: choose a cached prompt, evaluate what is new, heal, decode, stop.

The text appears in a `Generation` piece by piece, where other threads read it.
This module does not decide what is shown of the text.
"""

import codecs
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from assist_completion.display.suggestion_cache import KnownText, Spans
from assist_completion.inference.answer_generation import AnsweringModel, no_answering_model
from assist_completion.inference.llama import Llama, Logits
from assist_completion.inference.prefix_cache import CachedPrompt, PrefixCache
from assist_completion.prompt.fim_tokens import Fim
from assist_completion.prompt.layout import FAR, Extent, Plan, count_tokens, plan, render
from assist_completion.prompt.token_healing import Healer
from assist_completion.suggestion import Millis, Tokens
from assist_context.documents import CHARS_PER_TOKEN, Context, Snippet

FORKS = 3  # the first tokens of a text, at which another text may leave it
WIDTH = 3  # other tokens that are looked at there
UNLIKELY = math.log(0.03)  # a beginning with a smaller probability is not tried
REANCHOR = 1_500  # characters after the anchor (about 450 tokens) that make a new one worth its prefill


Path = tuple[tuple[int, float], ...]  # tokens, each with its log-probability

FULL = Extent(head=1200, suffix=200, lines_after=24, snapped=True)
SMALL = Extent(head=190, suffix=60, lines_after=8, snapped=False, far=FAR)


@dataclass(frozen=True, slots=True)
class TokenBudget:
    """Tokens that fit the latency target on this machine. The speed probe finds it."""

    full: Extent = FULL
    small: Extent = SMALL
    line_tokens: int = 32
    block_tokens: int = 96
    context: int = 4096
    exact: bool = False  # the user said how many: then they are counted, and not estimated by characters
    snippets: int = 480  # at most, and out of the full head's tokens: snippets cost no extra time


@dataclass(frozen=True, slots=True)
class Model:
    """Everything that the owner thread works with: the token source in this process.

    `guest`: it works for another program, at no cost for the prompts of the user here.
    """

    llama: Llama
    fim: Fim
    healer: Healer
    pieces: list[bytes]
    prefix_cache: PrefixCache
    budget: TokenBudget
    answering_model: AnsweringModel = field(default_factory=lambda: AnsweringModel(no_answering_model))
    guest: bool = False

    @property
    def for_guests(self) -> "Model":
        """The same for another program."""
        return replace(self, guest=True)

    @property
    def computed(self) -> int:
        return self.prefix_cache.computed

    def generate(self, generation: "Generation") -> None:
        generate(self, generation)

    def extend(self, generation: "Generation", should_stop: Callable[[str], bool], max_tokens: int) -> None:
        extend(self, generation, should_stop, max_tokens)

    def branch(
        self,
        context: Context,
        begin: Callable[[], "Generation | None"],
        add: Callable[["Generation"], object],
    ) -> None:
        branch(self, context, begin, add)

    def warm(self, context: Context, *, full: bool) -> None:
        warm(self, context, full=full)

    def close(self) -> None:
        self.answering_model.close()  # it may have borrowed the weights
        self.llama.close()


@dataclass(eq=False, slots=True)
class Generation:
    """A running or ended completion of one context. The owner thread writes it, other threads read it.

    `should_stop` sees the text so far, `is_hopeless` also its `spans`; both may end it. `number` tells
    generations apart. `one_line`: nothing after a line's end will be used.
    `spans` holds (end offset in `text`, log-probability) for each token. `ended` says that the model itself
    stopped, so there is nothing to continue. `typed` is the number of characters after the anchor.
    `undecoded` is the last token, which was sampled but not decoded, or -1. `held` are the tokens before it.
    """

    context: Context
    should_stop: Callable[[str], bool]
    max_tokens: int
    on_text: Callable[[], object] = lambda: None
    is_hopeless: Callable[[str, Spans], bool] = lambda *_: False
    number: int = 0
    one_line: bool = False
    text: str = ""
    spans: list[tuple[int, float]] = field(default_factory=list)
    ended: bool = False
    typed: int = 0
    tokens: Tokens = field(default_factory=Tokens)
    ms: Millis = field(default_factory=Millis)
    cached_prompt: CachedPrompt | None = None
    undecoded: int = -1
    held: list[int] = field(default_factory=list)
    _extended: bool = False

    def begin(self, prompt: CachedPrompt, tokens: int, typed_tokens: int) -> None:
        """Note the cached prompt in use, the prompt's size in tokens, and the characters after the anchor."""
        self.cached_prompt = prompt
        self.tokens = replace(self.tokens, prompt=tokens)
        self.typed = typed_tokens

    def record_prefill(self, new_tokens: int, seconds: float) -> None:
        """Note how many prompt tokens were computed, and how long that took."""
        self.tokens = replace(self.tokens, evaluated=new_tokens)
        self.ms = replace(self.ms, prefill=1e3 * seconds)

    def record_first_text(self, seconds: float) -> None:
        """Note how long a server took until its first text."""
        self.ms = replace(self.ms, prefill=1e3 * seconds)

    def count_prompt(self, prompt: int, new_tokens: int) -> None:
        """Note the prompt's size in tokens, and add those that a server had to compute."""
        self.tokens = replace(self.tokens, prompt=prompt, evaluated=self.tokens.evaluated + new_tokens)

    def record_decode(self, seconds: float) -> None:
        """Add the time that decoding took."""
        self.ms = replace(self.ms, decode=self.ms.decode + 1e3 * seconds)

    def add_healed(self, token: int) -> None:
        """Take a token that repeats typed text. It belongs to the prompt."""
        self.undecoded = token
        self.tokens = replace(self.tokens, evaluated=self.tokens.evaluated + 1)

    def add(self, token: int, text: str, chance: float) -> bool:
        """Take a token of the completion; whether it is the last one."""
        self.undecoded = token
        self.tokens = replace(self.tokens, generated=self.tokens.generated + 1)
        self.text += text
        self.spans.append((len(self.text), chance))
        self.on_text()
        return self.should_stop(self.text) or self.is_hopeless(self.text, self.spans)

    def stop(self) -> None:
        """Note that the model itself ended the text."""
        self.ended = True

    def claim_extension(self) -> bool:
        """Return whether this generation can be extended. Only the first caller gets True."""
        if self.ended or self._extended:
            return False
        self._extended = True
        return True

    def continue_until(self, should_stop: Callable[[str], bool], max_tokens: int) -> None:
        """Go on for at most `max_tokens` more, with another stop condition."""
        self.should_stop = should_stop
        self.max_tokens = self.tokens.generated + max_tokens

    def known_text(self) -> KnownText:
        """The text so far, as the suggestion cache would give it."""
        return KnownText(self.text, tuple(self.spans), 0, self.ended, self.number, guess=self.is_guess)

    @property
    def is_guess(self) -> bool:
        """Return whether the text was written from a small prompt."""
        return self.cached_prompt is not None and not self.cached_prompt.full


class TokenSource(Protocol):
    """The source of an engine's tokens: the model in this process, or a server. Owner thread only."""

    @property
    def computed(self) -> int:
        """Prompt tokens computed so far, aborted prompts included."""

    def generate(self, generation: Generation) -> None:
        """Write the completion until its stop condition, the model's own end, or `Aborted`."""

    def extend(self, generation: Generation, should_stop: Callable[[str], bool], max_tokens: int) -> None:
        """Continue a generation where it stopped, if that is still possible."""

    def branch(
        self, context: Context, begin: Callable[[], Generation | None], add: Callable[[Generation], object]
    ) -> None:
        """Write other texts for a cursor, as many as `begin` makes generations for; `add` gets each."""

    def warm(self, context: Context, *, full: bool) -> None:
        """Read the prompt for a cursor ahead of a request."""

    def close(self) -> None:
        """Give everything back."""


def generate(model: Model, generation: Generation) -> None:
    """Write the completion until its stop condition, the model's own end, or `Aborted`."""
    prompt, plan = _choose_prompt(model, generation.context)
    typed_tokens, need = model.healer.give_back(model.llama.tokenize(plan.typed))
    generate_from(model, generation, prompt, [*prompt.fixed, *typed_tokens], need, len(plan.typed))


def generate_from(
    model: Model, generation: Generation, prompt: CachedPrompt, tokens: list[int], need: bytes, size: int = 0
) -> None:
    """Evaluate `tokens` in a cached prompt and decode from there. The first new tokens must repeat `need`."""
    start = time.perf_counter()
    model.prefix_cache.activate(prompt)
    generation.begin(prompt, len(tokens), size)
    computed_tokens = model.prefix_cache.computed
    try:
        logits = model.prefix_cache.evaluate(prompt, tokens)
    finally:
        generation.record_prefill(model.prefix_cache.computed - computed_tokens, time.perf_counter() - start)
    _decode(model, generation, prompt, logits, need)


def extend(model: Model, generation: Generation, should_stop: Callable[[str], bool], max_tokens: int) -> None:
    """Continue a generation where it stopped, if its prompt is still as the generation left it."""
    prompt = generation.cached_prompt
    if generation.ended or generation.undecoded < 0:
        return
    if prompt is None or not model.prefix_cache.is_front(prompt):
        return
    if len(prompt.tokens) + max_tokens >= model.budget.context:
        return
    generation.continue_until(should_stop, max_tokens)
    if prompt.tokens == generation.held:
        logits = model.prefix_cache.append(prompt, generation.undecoded)
    else:  # another text was written in the same prompt
        logits = model.prefix_cache.evaluate(prompt, [*generation.held, generation.undecoded])
    _decode(model, generation, prompt, logits, b"")


def branch(
    model: Model,
    context: Context,
    begin: Callable[[], Generation | None],
    add: Callable[[Generation], object],
) -> None:
    """Write other texts for a cursor: the likeliest texts that leave the best one at its first tokens.

    Each starts from the prompt's own state, so that only its own tokens are computed. `begin` makes its
    generation, or None if there are enough; `add` gets it once it is complete.
    """
    prompt, plan = _choose_prompt(model, context)
    typed_tokens, need = model.healer.give_back(model.llama.tokenize(plan.typed))
    tokens = [*prompt.fixed, *typed_tokens]
    model.prefix_cache.activate(prompt)
    for path in _forks(model, prompt, tokens, need):
        generation = begin()
        if generation is None:
            return
        generation.begin(prompt, len(tokens), len(plan.typed))
        logits = model.prefix_cache.evaluate(prompt, tokens)
        _decode(model, generation, prompt, logits, need, path)
        add(generation)


def warm(model: Model, context: Context, *, full: bool) -> None:
    """Evaluate the prompt for a cursor in the back sequence, so that it is ready when it is needed."""
    entry = model.prefix_cache.find(context, guest=model.guest)
    full = full or (entry is not None and entry[0].full)
    if entry is not None and _is_good_enough(*entry, context, full=full):
        prompt, plan = entry
        if model.prefix_cache.is_front(prompt) or not _count_missing(model, prompt):
            return
    else:
        prompt, plan = _new_prompt(model, context, context.snippets)
        if not full and _count_missing(model, prompt) > _size(model.budget.small):
            prompt, plan = _new_prompt(model, context, context.snippets, model.budget.small)
    model.prefix_cache.activate_for_warmup(prompt)
    typed_tokens, _ = model.healer.give_back(model.llama.tokenize(plan.typed))
    model.prefix_cache.evaluate(prompt, [*prompt.fixed, *typed_tokens])


def _is_good_enough(prompt: CachedPrompt, plan: Plan, context: Context, *, full: bool) -> bool:
    """Return whether a new prompt would be no better than this cached one."""
    current = plan.snippets == context.snippets
    return len(plan.typed) < REANCHOR and (prompt.full or not full) and current


def _count_missing(model: Model, prompt: CachedPrompt) -> int:
    """Return how many tokens of a prompt are not in the cache."""
    return len(prompt.fixed) - model.prefix_cache.count_reusable(prompt.fixed)


def _size(extent: Extent) -> int:
    return extent.head + extent.suffix


def _choose_prompt(model: Model, context: Context) -> tuple[CachedPrompt, Plan]:
    """A cached prompt, or a new one: with the full head where that is cheap enough, else with a small one.

    A small head comes with snippets of other files only if those were read already. A user who waits should
    wait for their own file only.
    """
    small = model.budget.small
    entry = model.prefix_cache.find(context, guest=model.guest)
    if entry is not None and _has_room(model, *entry) and _count_missing(model, entry[0]) <= _size(small):
        return entry
    prompt, plan = _new_prompt(model, context, context.snippets)
    if _size(small) >= _size(model.budget.full):
        return prompt, plan
    for snippets in dict.fromkeys((context.snippets, ())):
        if _count_missing(model, prompt) <= _size(small):
            break
        prompt, plan = _new_prompt(model, context, snippets, small)
    return prompt, plan


def _has_room(model: Model, prompt: CachedPrompt, plan: Plan) -> bool:
    room = model.budget.context - len(prompt.fixed) - model.budget.block_tokens
    return len(plan.typed) < room  # a character is a token at most, as digits are


def _new_prompt(
    model: Model, context: Context, snippets: tuple[Snippet, ...], part: Extent | None = None
) -> tuple[CachedPrompt, Plan]:
    """A new prompt with the full head, or with less where `part` says how much."""
    starts: list[str] = []
    if part is None:
        size = min(sum(map(count_tokens, snippets)), model.budget.snippets)
        extent = replace(model.budget.full, head=max(1, model.budget.full.head - size))
        starts = model.prefix_cache.starts(context.path, snippets, guest=model.guest)
    else:
        extent = part
    if model.budget.exact:
        extent = replace(extent, head=_count_real_tokens(model, context, extent.head))
    while True:
        fresh = plan(context, extent, snippets, starts)
        tokens = render(fresh, model.fim, model.llama.tokenize)
        # Dense text (tables of digits, base64) has more tokens than its length suggests: take less of it.
        if len(tokens) <= model.budget.context - 2 * model.budget.block_tokens or extent.head < 16:
            return CachedPrompt(fresh, tokens, full=part is None, guest=model.guest), fresh
        extent = replace(extent, head=extent.head // 2, suffix=extent.suffix // 2)
        snippets = ()
        starts = []


def _count_real_tokens(model: Model, context: Context, tokens: int) -> int:
    """So many tokens of this text, as a number of tokens of `CHARS_PER_TOKEN` characters."""
    sample = context.before[-int(tokens * CHARS_PER_TOKEN) :]
    count = len(model.llama.tokenize(sample))
    return int(tokens * len(sample) / (count * CHARS_PER_TOKEN)) if count else tokens


def _decode(
    model: Model, generation: Generation, prompt: CachedPrompt, logits: Logits, need: bytes, path: Path = ()
) -> None:
    """Sample and decode. `need` are the bytes of typed text that the first tokens must repeat.

    The tokens of `path` come first; the others are the likeliest.
    """
    start = time.perf_counter()
    steps = iter(path)
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    try:
        while generation.tokens.generated < generation.max_tokens:
            token, chance = next(steps, None) or _pick(model, logits, need)
            if token in model.fim.special:
                generation.stop()
                return
            piece = model.pieces[token]
            fresh = piece[len(need) :]
            need = need[len(piece) :]
            if need or not fresh:
                generation.add_healed(token)
            elif generation.add(token, decoder.decode(fresh), chance):
                return
            logits = model.prefix_cache.append(prompt, token)
    finally:
        generation.held = list(prompt.tokens)
        generation.record_decode(time.perf_counter() - start)


def _forks(model: Model, prompt: CachedPrompt, tokens: list[int], need: bytes) -> list[Path]:
    """The beginnings of other texts, the likeliest first: some of the best tokens, then another one."""
    typed_tokens = len(need)
    logits = model.prefix_cache.evaluate(prompt, tokens)
    best: Path = ()
    paths: list[Path] = []
    count = 0
    while count < FORKS:
        likeliest, *others = _likeliest(model, logits, need)
        paths += [(*best, other) for other in others if _adds_text(model.pieces[other[0]], need)]
        piece = model.pieces[likeliest[0]]
        best = (*best, likeliest)
        if likeliest[0] in model.fim.special or b"\n" in piece[len(need) :]:
            break
        count += len(piece) > len(need)
        need = need[len(piece) :]
        if count < FORKS:
            logits = model.prefix_cache.append(prompt, likeliest[0])
    text = _bytes(model, best)[typed_tokens:]
    # A beginning of the best text in other tokens leads to the same text.
    other = [path for path in paths if not text.startswith(_bytes(model, path)[typed_tokens:])]
    likely = [path for path in other if _chance(path) >= UNLIKELY]
    return sorted(likely, key=_chance, reverse=True)


def _adds_text(piece: bytes, need: bytes) -> bool:
    """Say if a token goes on after what is typed, not only with a line break. Special ones have no bytes."""
    fresh = piece[len(need) :]
    return piece.startswith(need) and bool(fresh.strip() or (fresh and b"\n" not in fresh))


def _bytes(model: Model, path: Path) -> bytes:
    return b"".join(model.pieces[token] for token, _ in path)


def _chance(path: Path) -> float:
    return sum(chance for _, chance in path)


def _likeliest(model: Model, logits: Logits, need: bytes) -> Path:
    """The likeliest tokens among those allowed, the best first, with their log-probabilities."""
    ids = model.healer.allowed_tokens(need) if need else None
    scores = logits if ids is None else logits[ids]
    count = min(WIDTH + 1, len(scores))
    top = np.argpartition(-scores, count - 1)[:count]
    top = top[np.argsort(-scores[top], kind="stable")]
    peak = float(scores[top[0]])
    total = peak + math.log(float(np.exp(scores - peak).sum()))
    return tuple((int(at if ids is None else ids[at]), float(scores[at]) - total) for at in top)


def _pick(model: Model, logits: Logits, need: bytes) -> tuple[int, float]:
    """The likeliest token, and its log-probability among those allowed."""
    if need:
        ids = model.healer.allowed_tokens(need)
        scores = logits[ids]
        best = int(scores.argmax())
        token = int(ids[best])
    else:
        scores = logits
        best = int(logits.argmax())
        token = best
    peak = float(scores[best])
    return token, -math.log(float(np.exp(scores - peak).sum()))
