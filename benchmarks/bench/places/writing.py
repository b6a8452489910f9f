"""What a model writes at places, whatever the gate would say: its raw texts, from which a gate is fitted.

The places of one line are asked from the left, so that its prompt is read once. It knows no engine.
"""

from collections.abc import Iterator
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

from assist_completion.display import line_policy
from assist_completion.display.refutation import find_mentions, first_refuted, list_names
from assist_completion.engine.engine import make_site
from assist_completion.inference.generation import Generation, Model, generate
from assist_completion.inference.llama import Abort, Load
from assist_completion.inference.prefix_cache import PrefixCache
from assist_completion.inference.speed_probe import budget_for, opener
from assist_completion.inference.speed_trial import Speed
from assist_completion.prompt.layout import Extent
from assist_completion.settings import CompletionSettings
from assist_context.documents import gather
from bench.places.asking import Asker, Question
from bench.places.cuts import CutLine

REFERENCE = Speed(prefill=155, decode=30, decode_threads=2, trained=32_768)  # two cores without a GPU
LEAST = -4.0  # log-probability of a token at which writing ends: no gate shows what goes on after it
FULL = Extent(head=474, suffix=80, lines_after=24, snapped=False)


def open_model(path: Path, threads: int) -> Model:
    """The model with the budget of two cores, so that prompts are the same on every machine."""
    settings = CompletionSettings(threads=threads)
    load = Load(path, threads=threads, decode_threads=threads or REFERENCE.decode_threads)
    return opener(load, settings, budget_for(REFERENCE, settings))(Abort())


def texts_of(model: Model, asker: Asker, line: CutLine, *, full: bool) -> Iterator[dict[str, Any]]:
    """A row for each place of a line: the place, the text, and how sure the model was of each token."""
    budget = replace(model.budget, small=FULL) if full else model.budget
    model = replace(model, prefix_cache=PrefixCache(model.llama, 64 << 20), budget=budget)
    for place in line.places:
        question = asker.question(place)
        snippets = asker.snippets(question, budget.snippets)
        generation = _generate(model, question, snippets)
        yield {
            "line": line.id,
            "place": asdict(place),
            "full": full,
            "text": generation.text,
            "spans": generation.spans,
            "ended": generation.ended,
            "tokens": asdict(generation.tokens),
            "refuted": _first_refuted(question, generation.text),
        }


def _generate(model: Model, question: Question, snippets: tuple[Any, ...]) -> Generation:
    context = gather(question.shown, question.cursor, snippets)
    site = make_site(context)
    shape = line_policy.choose_shape(site, manual=False, after_accept=False)
    most = model.budget.block_tokens if shape.multi else model.budget.line_tokens
    stop = partial(line_policy.should_stop, site, shape=shape)
    generation = Generation(context, stop, most, is_hopeless=lambda _, spans: spans[-1][1] < LEAST)
    generate(model, generation)
    return generation


def _first_refuted(question: Question, text: str) -> int:
    """Where the first name or call begins that the workspace refutes, -1 if there is none."""
    site = make_site(gather(question.shown, question.cursor))
    mentions = find_mentions(site, text)
    names = list_names(mentions)
    found = first_refuted(mentions, question.refute(names)) if names else None
    return found.at if found is not None else -1
