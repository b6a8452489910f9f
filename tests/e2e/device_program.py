"""What a model does on a device or on the processor, as JSON: a program, since a part of llama.cpp stays loaded."""

import contextlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from assist_completion.inference.devices import failure
from assist_completion.inference.generation import Generation, Model, TokenBudget
from assist_completion.inference.llama import Abort, Aborted, Load
from assist_completion.inference.speed_probe import opener
from assist_completion.prompt.layout import Extent
from assist_completion.settings import CompletionSettings
from assist_context.documents import Context
from assist_context.languages import PLAIN

BUDGET = TokenBudget(
    full=Extent(head=200, suffix=30, lines_after=10, snapped=True),
    small=Extent(head=80, suffix=20, lines_after=3, snapped=False),
    line_tokens=1,
    block_tokens=8,
    context=512,
)
LINES = [f"name_{number} = make({number})\n" for number in range(60)]


class StopsWithin(Abort):
    """A flag that is set within the call number `stop`, too late for what llama.cpp begins by the processor."""

    stop = 0
    calls = 0

    @contextlib.contextmanager
    def call(self, device: str) -> Iterator[None]:
        self.calls += 1
        with super().call(device):
            yield
            if self.calls == self.stop:
                self.set()


def key(model: Model, line: int, typed: str, path: str = "a.py") -> int:
    """The prompt tokens that a request at this place has to compute."""
    context = Context(path, PLAIN, "".join(LINES[:line]) + typed, "\n" + "".join(LINES[line:]), 0)
    generation = Generation(context, lambda _: True, 1)
    model.generate(generation)
    return generation.tokens.evaluated


def session(model: Model) -> list[int]:
    """The counts of typing within words, of a wrong guess, of other places, and of coming back to a snapshot."""
    typing = [key(model, 30, "total = make"[:end]) for end in range(1, 12)]
    away = [key(model, line, "x", f"{line}.py") for line in (10, 50, 20)]
    return [*typing, *away, key(model, 30, "total = make("), model.computed]


def facts(path: Path, device: str, slice_: int) -> dict[str, Any]:
    abort = StopsWithin()
    load = Load(path, threads=2, decode_threads=1, device=device, slice=slice_)
    model = opener(load, CompletionSettings(), BUDGET)(abort)
    counts = session(model)
    tokens = model.llama.tokenize("".join(LINES))[: 2 * slice_ + 4]
    model.llama.truncate(0, 0)
    abort.calls = 0
    abort.stop = 2
    with contextlib.suppress(Aborted):
        model.llama.decode(0, tokens, 0)
    kept = model.llama.length(0)
    calls = abort.calls
    abort.stop = 0
    abort.clear()
    model.llama.truncate(0, 0)
    logits = model.llama.decode(0, tokens[:20], 0)
    best = int(logits.argmax())
    used = model.llama.load.device
    model.close()
    found = {"counts": counts, "kept": kept, "calls": calls, "best": best}
    return {**found, "device": used, "failure": failure()}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(facts(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))))
