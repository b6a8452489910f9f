"""Run one prompt on the owner thread: find the place, evaluate what is new, heal, decode, stop.

The text appears in a `Generation` piece by piece, where other threads read it.
What is shown of it, and whether, is not decided here.
"""

import codecs
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from assist_completion.display.suggestion_cache import KnownText
from assist_completion.inference.answer_generation import AnsweringModel, no_answering_model
from assist_completion.inference.llama import Llama, Logits
from assist_completion.inference.prefix_cache import CachedPrompt, PrefixCache
from assist_completion.prompt.fim_tokens import Fim
from assist_completion.prompt.layout import Extent, Plan, plan, render
from assist_completion.prompt.snippet_pack import tokens_of
from assist_completion.prompt.token_healing import Healer
from assist_context.documents import Context, Snippet

REANCHOR = 1_500  # characters after the anchor (about 450 tokens) that make a new one worth its prefill


FULL = Extent(head=1200, suffix=200, lines_after=24, snapped=True)
SMALL = Extent(head=190, suffix=60, lines_after=8, snapped=False)


@dataclass(frozen=True, slots=True)
class TokenBudget:
    """What fits the latency target on this machine, in tokens; from the probe."""

    full: Extent = FULL
    small: Extent = SMALL
    line_tokens: int = 32
    block_tokens: int = 96
    context: int = 4096
    snippets: int = 480  # of the full head's tokens, at most: what other files show costs no time on top


@dataclass(frozen=True, slots=True)
class Model:
    """All that the owner thread works with."""

    llama: Llama
    fim: Fim
    healer: Healer
    pieces: list[bytes]
    prefix_cache: PrefixCache
    budget: TokenBudget
    answering_model: AnsweringModel = field(default_factory=lambda: AnsweringModel(no_answering_model))

    def close(self) -> None:
        self.answering_model.close()  # it may have borrowed the weights
        self.llama.close()


@dataclass(eq=False, slots=True)
class Generation:
    """A running or finished answer to one context. Written by the owner thread, read by others.

    `spans` holds (end offset in `text`, log-probability) for each token.
    `ended` says that the model itself stopped: there is nothing to continue.
    """

    context: Context
    finished: Callable[[str], bool]
    max_tokens: int
    on_text: Callable[[], object] = lambda: None
    text: str = ""
    spans: list[tuple[int, float]] = field(default_factory=list)
    ended: bool = False
    extended: bool = False
    typed: int = 0
    prompt_tokens: int = 0
    evaluated: int = 0
    generated: int = 0
    prefill_ms: float = 0.0
    decode_ms: float = 0.0
    sure: float = -math.inf  # log-probability; a less likely token ends the line, and the text
    base: int = 0  # where the line begins that `sure` is about
    number: int = 0  # which one, for those who count what of it was used
    cached_prompt: CachedPrompt | None = None
    pending: int = -1  # the last token: sampled, not yet decoded

    def on_first_line(self) -> bool:
        """Whether the line that `sure` is about is not yet complete."""
        return "\n" not in self.text[self.base :].lstrip()

    def claim_extension(self) -> bool:
        """Whether this generation can be continued. Only the first caller gets True."""
        if self.ended or self.extended:
            return False
        self.extended = True
        return True

    def continue_until(self, finished: Callable[[str], bool], max_tokens: int) -> None:
        """Go on for at most `max_tokens` more, with another stop condition."""
        self.finished = finished
        self.max_tokens = self.generated + max_tokens
        self.base = len(self.text)

    def known_text(self) -> KnownText:
        """What there is so far, as the cache would give it."""
        return KnownText(self.text, tuple(self.spans), 0, self.ended, self.number)


def generate(model: Model, gen: Generation) -> None:
    """Fill `gen` until its stop condition, the model's own end, or `Aborted`."""
    place, found = _place_for(model, gen)
    typed, need = model.healer.give_back(model.llama.tokenize(found.typed))
    gen.typed = len(found.typed)
    generate_from(model, gen, place, [*place.fixed, *typed], need)


def generate_from(model: Model, gen: Generation, place: CachedPrompt, prompt: list[int], need: bytes) -> None:
    """Evaluate `prompt` at a place and decode from there; the first tokens must repeat `need`."""
    start = time.perf_counter()
    model.prefix_cache.activate(place)
    gen.cached_prompt = place
    gen.prompt_tokens = len(prompt)
    known = model.prefix_cache.computed
    try:
        logits = model.prefix_cache.evaluate(place, prompt)
    finally:
        gen.evaluated = model.prefix_cache.computed - known
        gen.prefill_ms = 1e3 * (time.perf_counter() - start)
    _decode(model, gen, logits, need)


def extend(model: Model, gen: Generation, finished: Callable[[str], bool], max_tokens: int) -> None:
    """Go on where a finished generation stopped, if its place is still as it was left."""
    place = gen.cached_prompt
    if place is None or gen.ended or gen.pending < 0 or not model.prefix_cache.is_front(place):
        return
    if len(place.tokens) + max_tokens >= model.budget.context:
        return
    gen.continue_until(finished, max_tokens)
    _decode(model, gen, model.prefix_cache.append(place, gen.pending), b"")


def warm(model: Model, context: Context, *, full: bool) -> None:
    """Evaluate the prompt for a cursor in the back sequence, so that it is there when needed."""
    known = model.prefix_cache.find(context)
    full = full or (known is not None and known[0].full)
    if known is not None and _serves(known, context, full):
        place, laid = known
        if model.prefix_cache.is_front(place) or not _missing(model, place):
            return
    else:
        place, laid = _new_place(model, context, context.snippets, small=False)
        if not full and _missing(model, place) > _small(model):
            place, laid = _new_place(model, context, context.snippets, small=True)
    model.prefix_cache.activate_for_warmup(place)
    typed, _ = model.healer.give_back(model.llama.tokenize(laid.typed))
    model.prefix_cache.evaluate(place, [*place.fixed, *typed])


def _serves(known: tuple[CachedPrompt, Plan], context: Context, full: bool) -> bool:
    """Whether a place is as good as a new one would be."""
    place, laid = known
    return len(laid.typed) < REANCHOR and (place.full or not full) and laid.snippets == context.snippets


def _missing(model: Model, place: CachedPrompt) -> int:
    """How many tokens of a prompt no place has evaluated yet."""
    return len(place.fixed) - model.prefix_cache.reusable(place.fixed)


def _small(model: Model) -> int:
    return model.budget.small.head + model.budget.small.suffix


def _place_for(model: Model, gen: Generation) -> tuple[CachedPrompt, Plan]:
    """A known place, or a new one: the full head where that is cheap enough, else a small one.

    A small one shows other files only if these have been read already: whoever waits, waits for his own.
    """
    known = model.prefix_cache.find(gen.context)
    if known is not None and _fits(model, *known) and _missing(model, known[0]) <= _small(model):
        return known
    snippets = gen.context.snippets
    place, laid = _new_place(model, gen.context, snippets, small=False)
    for shown in dict.fromkeys((snippets, ())):
        if _missing(model, place) <= _small(model):
            break
        place, laid = _new_place(model, gen.context, shown, small=True)
    return place, laid


def _fits(model: Model, place: CachedPrompt, found: Plan) -> bool:
    room = model.budget.context - len(place.fixed) - model.budget.block_tokens
    return len(found.typed) < room  # digits are a token each


def _new_place(
    model: Model, context: Context, snippets: tuple[Snippet, ...], *, small: bool
) -> tuple[CachedPrompt, Plan]:
    extent = model.budget.small
    starts: list[str] = []
    if not small:
        used = min(sum(map(tokens_of, snippets)), model.budget.snippets)
        extent = replace(model.budget.full, head=max(1, model.budget.full.head - used))
        starts = model.prefix_cache.starts(context.path, snippets)
    while True:
        laid = plan(context, extent, snippets, starts)
        fixed = render(laid, model.fim, model.llama.tokenize)
        # Dense text (tables of digits, base64) has more tokens than its length promised: ask for less.
        if len(fixed) <= model.budget.context - 2 * model.budget.block_tokens or extent.head < 16:
            return CachedPrompt(laid, fixed, full=not small), laid
        extent = replace(extent, head=extent.head // 2, suffix=extent.suffix // 2)
        snippets = ()
        starts = []


def _decode(model: Model, gen: Generation, logits: Logits, need: bytes) -> None:
    """Sample and decode; `need` are the bytes of the typed text that the first tokens must repeat."""
    start = time.perf_counter()
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    place = gen.cached_prompt
    if place is None:
        return
    try:
        while gen.generated < gen.max_tokens:
            token, chance = _pick(model, logits, need)
            if token in model.fim.special:
                gen.ended = True
                return
            piece = model.pieces[token]
            fresh, need = piece[len(need) :], need[len(piece) :]
            gen.pending = token
            if need or not fresh:
                gen.evaluated += 1  # a healed token belongs to the prompt
            else:
                gen.generated += 1
                gen.text += decoder.decode(fresh)
                gen.spans.append((len(gen.text), chance))
                gen.on_text()
                if gen.finished(gen.text) or (chance < gen.sure and gen.on_first_line()):
                    return
            logits = model.prefix_cache.append(place, token)
    finally:
        gen.decode_ms += 1e3 * (time.perf_counter() - start)


def _pick(model: Model, logits: Logits, need: bytes) -> tuple[int, float]:
    """The likeliest token, and its log-probability among those allowed."""
    if need:
        ids = model.healer.allowed(need)
        scores = logits[ids]
        best = int(scores.argmax())
        token = int(ids[best])
    else:
        scores = logits
        best = token = int(logits.argmax())
    peak = float(scores[best])
    return token, -math.log(float(np.exp(scores - peak).sum()))
