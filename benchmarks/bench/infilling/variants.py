"""The ways to answer an infilling task that the benchmark compares, all with one model, greedy.

    plain       the prefix-suffix-middle prompt of the model's makers, and the unchanged text
    healed      the same, but the last token before the hole is chosen again
    engine      the engine's prompt, healed, with its cut and filters; before the show gate
    unhealed    the engine without healing
    unfiltered  the engine's prompt, healed, and the unchanged text

Prompts come from the engine's own functions, each at full length whatever this machine's speed, so that
figures repeat on other machines. Nothing here knows the right answer.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from assist_completion.display import line_policy
from assist_completion.display.confidence import choose_gate
from assist_completion.display.cursor_site import CursorSite, last_line
from assist_completion.display.line_policy import ONE_LINE, Shape
from assist_completion.display.show_gate import finish
from assist_completion.engine.engine import make_site
from assist_completion.inference.generation import FULL, Generation, Model, generate_from
from assist_completion.inference.prefix_cache import CachedPrompt
from assist_completion.prompt.layout import ANCHOR_LINES, Extent, Plan, plan, render
from assist_context.documents import Context
from assist_context.languages import language_of
from bench.infilling.tasks import Task

STANDARD = ("plain", "healed")
ENGINE_LIKE = ("engine", "unhealed", "unfiltered")
RAW = ("plain", "healed", "unfiltered")
LINE_TOKENS = 64  # for the rest of a line: a guard against loops, twice what the engine allows itself
BLOCK_TOKENS = 128  # the most that the engine ever generates at once
PATH = "solution.py"


@dataclass(frozen=True, slots=True)
class InfillVariant:
    """One row of the table. `anchor` and `suffix` (lines) change the engine's prompt; None leaves it."""

    name: str
    anchor: int | None = None
    suffix: int | None = None

    @property
    def label(self) -> str:
        """Its text form, which `parse` reads.

        >>> InfillVariant("engine", anchor=0).label
        'engine anchor=0'
        """
        given = {"anchor": self.anchor, "suffix": self.suffix}
        return " ".join([self.name, *(f"{key}={value}" for key, value in given.items() if value is not None)])

    def extent(self) -> Extent:
        """Return how much of the file the engine's prompt shows. The token limit grows with the lines."""
        lines = FULL.lines_after if self.suffix is None else self.suffix
        anchor = ANCHOR_LINES if self.anchor is None else self.anchor
        tokens = max(FULL.suffix, FULL.suffix * lines // FULL.lines_after)
        return replace(FULL, lines_after=lines, suffix=tokens, anchor=anchor)


def parse(label: str) -> InfillVariant:
    """Read a variant from its label. `ValueError` says what is wrong with it.

    >>> parse("engine anchor=0 suffix=16")
    InfillVariant(name='engine', anchor=0, suffix=16)
    """
    name, *options = label.split()
    if name not in (*STANDARD, *ENGINE_LIKE):
        raise ValueError(f"{name}: use one of {', '.join((*STANDARD, *ENGINE_LIKE))}")
    given = dict(option.split("=", 1) for option in options if "=" in option)
    if len(given) != len(options) or not given.keys() <= {"anchor", "suffix"} or (name in STANDARD and given):
        raise ValueError(f"{label}: only {', '.join(ENGINE_LIKE)} take options, anchor=N and suffix=N")
    return InfillVariant(name, **{key: int(value) for key, value in given.items()})


def expand(
    variants: Sequence[InfillVariant], anchors: Sequence[int], suffixes: Sequence[int]
) -> list[InfillVariant]:
    """Return the variants; engine-like ones without options get a row for each anchor and each suffix."""
    rows = list(variants)
    for variant in variants:
        if variant.name in ENGINE_LIKE and variant == InfillVariant(variant.name):
            rows += [replace(variant, anchor=lines) for lines in anchors]
            rows += [replace(variant, suffix=lines) for lines in suffixes]
    return list(dict.fromkeys(rows))


@dataclass(frozen=True, slots=True)
class FilledHole:
    """A text for the hole.

    It replaces `skip` characters after the cursor; `dropped` is the filter that refused it.

    `tokens` counts the generated tokens; `chances` are the log-probabilities of the first line's tokens, as
    the gate reads them.
    """

    text: str
    tokens: int
    chances: tuple[float, ...]
    skip: int = 0
    dropped: str = ""


@dataclass(frozen=True, slots=True)
class ModelSequences:
    """A model with one live prompt for each kind, so that what two prompts of a kind share is not read again.

    Neither is ever set aside, so no state is copied and no store grows.
    """

    model: Model
    standard: CachedPrompt
    anchored: CachedPrompt


def open_sequences(model: Model) -> ModelSequences:
    """Take the two sequences of a newly opened model."""
    standard, anchored = (CachedPrompt(Plan(PATH, "", "", ""), (), full=True) for _ in range(2))
    model.prefix_cache.activate(standard)
    model.prefix_cache.activate_for_warmup(anchored)
    return ModelSequences(model, standard, anchored)


def fill_hole(sequences: ModelSequences, variant: InfillVariant, task: Task) -> FilledHole:
    """Run one variant on one task."""
    context = Context(PATH, language_of(PATH), task.before, task.after)
    cached = sequences.standard if variant.name in STANDARD else sequences.anchored
    prompt, need = prompt_of(sequences.model, variant, task, context)
    site = make_site(context)
    shape = _shape(task, site)
    limit = LINE_TOKENS if task.line else BLOCK_TOKENS
    gen = Generation(context, _stop(variant, task, site, shape), limit)
    generate_from(sequences.model, gen, cached, prompt, need)
    if variant.name in RAW:
        text = first_line(gen.text, task) if task.line else gen.text
        return FilledHole(text, gen.tokens.generated, first_line_chances(gen, text))
    made = finish(site, shape, gen.known_text(), choose_gate("", "manual", manual=True))
    text = line_policy.cut(site, gen.text, shape, is_ended=gen.ended)
    return FilledHole(
        made.candidate, gen.tokens.generated, first_line_chances(gen, text), made.replace, made.reason
    )


def prompt_of(model: Model, variant: InfillVariant, task: Task, context: Context) -> tuple[list[int], bytes]:
    """Return the tokens to evaluate, and the bytes that the next tokens must begin with (b"": none)."""
    tokenize = model.llama.tokenize
    if variant.name in STANDARD:
        laid = Plan(PATH, task.before, "", task.below)
        fixed = list(render(laid, model.fim, tokenize))
        first = fixed.index(model.fim.pre) + 1
        end = fixed.index(model.fim.suf)
        if variant.name != "healed":
            return fixed, b""
        head, need = model.healer.give_back(fixed[first:end])
        return [*fixed[:first], *head, *fixed[end:]], need
    laid = plan(context, variant.extent())
    fixed = list(render(laid, model.fim, tokenize))
    typed = tokenize(laid.typed)
    need = b""
    if variant.name != "unhealed":
        typed, need = model.healer.give_back(typed)
    return [*fixed, *typed], need


def _shape(task: Task, site: CursorSite) -> Shape:
    """Return one line for a task of one line; else the shape that a manual request gets."""
    if task.line:
        return ONE_LINE
    return line_policy.choose_shape(site, manual=True, after_accept=False)


def _stop(variant: InfillVariant, task: Task, site: CursorSite, shape: Shape) -> Callable[[str], bool]:
    if variant.name not in RAW:
        return partial(line_policy.should_stop, site, shape=shape)
    if not task.line:
        return lambda _: False
    fresh = not last_line(task.before).strip()
    return lambda text: "\n" in (text.lstrip() if fresh else text)


def first_line(text: str, task: Task) -> str:
    """Return the rest of the cursor's line, or on an empty line the first line that is not blank."""
    if last_line(task.before).strip():
        return text.partition("\n")[0]
    return next((line for line in text.split("\n") if line.strip()), "")


def first_line_chances(gen: Generation, text: str) -> tuple[float, ...]:
    """Return the log-probabilities of the tokens of the first line with text, as `finish` uses them."""
    blank = len(text) - len(text.lstrip())
    end = blank + len(text.lstrip().partition("\n")[0])
    starts = (0, *(at for at, _ in gen.spans))
    return tuple(c for start, (_, c) in zip(starts, gen.spans, strict=False) if start < max(end, 1))
