"""The data that the show gate is fitted to: how sure the model was of each token, and whether it was right.

At every third key of the replay traces the model writes the rest of the line. Nothing is held back. Rows hold
only numbers. `calibrate.py` reads them.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from assist_completion.inference.generation import Generation, Model, generate, warm
from assist_completion.prompt.layout import common_prefix
from bench.typing.assist_policy import context_of
from bench.typing.policy import DocumentView
from bench.typing.typist import Style, Trace, line_end, traces

STEP = 3  # keys between two generations
LIMIT = 32  # tokens per generation


def collect(
    model: Model, style: Style, seeds: list[int], folder: Path | None = None
) -> Iterator[dict[str, Any]]:
    """Yield one row per place: token log-probabilities, token ends, and how many characters were right."""
    for trace in traces(style, seeds, folder):
        yield from rows(model, trace)


def rows(model: Model, trace: Trace) -> Iterator[dict[str, Any]]:
    text = trace.start
    for visit in trace.visits:
        at = line_end(text, visit.line)
        before, after = text[:at], text[at:]
        text = before + visit.text + after
        keys = [event.at for event in visit.events if event.kind == "key" and event.at]
        for number, offset in enumerate(keys[::STEP]):
            view = DocumentView(trace.path, before + visit.text[:offset], after)
            if not number:
                warm(model, context_of(view), full=True)
            yield {"trace": trace.name, **_row(model, view, visit.text[offset:])}


def _row(model: Model, view: DocumentView, rest: str) -> dict[str, Any]:
    gen = Generation(context_of(view), lambda text: "\n" in text.lstrip("\n "), LIMIT)
    generate(model, gen)
    truth = rest.lstrip("\n").partition("\n")[0] if not rest.startswith("\n") else ""
    line = gen.text.partition("\n")[0].rstrip()
    right = common_prefix(line, truth)
    typed = len(view.before[view.before.rfind("\n") + 1 :].lstrip())
    return {
        "typed": typed,
        "left": len(truth),
        "length": len(line),
        "right": right,
        "ends": [end for end, _ in gen.spans],
        "chances": [round(chance, 3) for _, chance in gen.spans],
    }
