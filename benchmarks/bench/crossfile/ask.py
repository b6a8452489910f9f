"""The snippets that a variant shows at a hole, and the text that the model then writes.

    none        only the file
    oracle      the definition of the name before the hole, 40 lines at most
    retrieved   what the context engine finds
    cold        the same, in the small prompt of a new place: of the snippets it shows signatures
    near        the small prompt with the lines around the cursor alone

All variants get the same token budget and the engine's own prompt (anchored, healed). The model's text is
taken unchanged up to the end of the line: no filter, no show gate.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from assist_completion.inference.generation import FULL, Generation, generate_from
from assist_completion.prompt.layout import FAR, Extent, Plan, plan, render
from assist_context.documents import CHARS_PER_TOKEN, Context, Cursor, Document, Snippet, gather, split_lines
from assist_context.languages import language_of
from bench.crossfile.holes import DEFINITION_LINES, Hole
from bench.crossfile.index import retrieve
from bench.infilling.variants import LINE_TOKENS, ModelSequences

SnippetVariant = Literal["none", "oracle", "retrieved", "cold", "near"]  # a row of the table
# The small prompt of the reference machine, which reads 220 tokens a second (`assist doctor`).
COLD = Extent(129, 43, 8, snapped=False, far=FAR)


@dataclass(frozen=True, slots=True)
class ShownSnippets:
    """The snippets of a variant at a hole, and how long it took to find them, in ms."""

    snippets: tuple[Snippet, ...]
    ms: float


@dataclass(frozen=True, slots=True)
class WrittenLine:
    """The text for a hole, the tokens of its prompt, and the generated tokens."""

    text: str
    prompt: int
    tokens: int


@dataclass(frozen=True, slots=True)
class PromptWindow:
    """How many lines above and below the cursor the prompt may show; None: as many as the engine shows."""

    above: int | None = None
    below: int | None = None


def show_snippets(
    variant: SnippetVariant, hole: Hole, root: Path, budget: int, count: Callable[[str], int]
) -> ShownSnippets:
    """Return the snippets of a variant, cut to `budget` tokens; `count` counts the tokens of a text."""
    start = time.perf_counter()
    if variant == "oracle":
        found: Sequence[Snippet] = [definition_of(hole, root)]
    elif variant in ("retrieved", "cold"):
        cursor = Cursor(hole.line, len(hole.before) - hole.before.rfind("\n") - 1)
        found = retrieve(root, hole.path, hole.before + hole.after, cursor, budget)
    else:
        found = []
    took = 1e3 * (time.perf_counter() - start)
    return ShownSnippets(fit_budget(found, budget, count), took)


def definition_of(hole: Hole, root: Path) -> Snippet:
    """Return the lines that define the hole's name."""
    definition = hole.definition
    text = (root / definition.path).read_text(encoding="utf-8", errors="replace")
    end = min(definition.end_line, definition.start_line + DEFINITION_LINES - 1)
    lines = split_lines(text)[definition.start_line - 1 : end]
    return Snippet(definition.path, definition.start_line, end, "".join(lines), "oracle")


def fit_budget(snippets: Sequence[Snippet], budget: int, count: Callable[[str], int]) -> tuple[Snippet, ...]:
    """Return the first snippets that fit. The next one is cut at a line; the rest are dropped."""
    kept: list[Snippet] = []
    for snippet in snippets:
        size = count(snippet.text)
        if size > budget:
            lines = snippet.text.splitlines(keepends=True)
            while lines and count("".join(lines)) > budget:
                lines.pop()
            if lines:
                end = snippet.start_line + len(lines) - 1
                kept.append(replace(snippet, text="".join(lines), end_line=min(end, snippet.end_line)))
            break
        kept.append(snippet)
        budget -= size
    return tuple(kept)


def tokens_by_length(text: str) -> int:
    """Estimate how many tokens a text has: for runs without a model."""
    return int(len(text) / CHARS_PER_TOKEN) + 1


def shows_definition(hole: Hole, snippets: Sequence[Snippet]) -> bool:
    """Return whether a snippet shows lines of the definition, with its name."""
    definition = hole.definition
    return any(
        each.path == definition.path
        and each.start_line <= definition.end_line
        and each.end_line >= definition.start_line
        and definition.name in each.text
        for each in snippets
    )


def context_at(hole: Hole, snippets: tuple[Snippet, ...], window: PromptWindow) -> Context:
    """Return the context that the engine has at the hole."""
    language = language_of(hole.path)
    document = Document(hole.path, split_lines(hole.before + hole.after), language)
    column = len(hole.before) - hole.before.rfind("\n") - 1
    context = gather(document, Cursor(hole.line, column), snippets)
    before, after, start = context.before, context.after, context.start_line
    if window.above is not None:
        lines = before.split("\n")
        before = "\n".join(lines[-window.above - 1 :])
        start += max(0, len(lines) - window.above - 1)
    if window.below is not None:
        after = "\n".join(after.split("\n")[: window.below + 1])
    return replace(context, before=before, after=after, start_line=start)


def lay_out(variant: SnippetVariant, context: Context) -> Plan:
    """Return the prompt of a variant."""
    if variant == "cold":
        return plan(context, COLD)
    if variant == "near":
        return plan(context, replace(COLD, far=0.0))
    return plan(context, FULL, context.snippets)


def write_line(sequences: ModelSequences, context: Context, laid: Plan) -> WrittenLine:
    """Let the model write the rest of the line."""
    model = sequences.model
    fixed = render(laid, model.fim, model.llama.tokenize)
    typed, need = model.healer.give_back(model.llama.tokenize(laid.typed))
    gen = Generation(context, lambda text: "\n" in text, LINE_TOKENS)
    generate_from(model, gen, sequences.anchored, [*fixed, *typed], need)
    return WrittenLine(gen.text.partition("\n")[0].rstrip(), gen.tokens.prompt, gen.tokens.generated)
