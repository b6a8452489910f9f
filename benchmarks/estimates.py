"""How long answers were expected to take, and how long they took: as measured, and as learned since then.

    uv run python benchmarks/estimates.py [--model NAME] [--answers 40] [--seed 1] [--out FILE]

The model explains functions of 5 to 120 lines of Python's library. The speed is measured first, and kept in a
folder of this run. Printed is the median of |estimate / actual - 1| of reading a question and of writing its
answer: by the measured speed alone, and by what the last answers took, as users are told it.
"""

import argparse
import ast
import asyncio
import random
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

from assist_completion.inference.conversation import Conversation
from assist_completion.inference.speed_trial import Speed
from assist_completion.model_store.store import resolve
from assist_server.config.config import Config, load_lenient
from assist_server.local_model.opening import measure_model, open_local, open_store
from bench.own_data import link_data
from bench.provenance import provenance, write

LINES = (5, 120)
FOLDERS = ("", "asyncio", "email", "http", "json", "logging", "unittest", "xml/dom")
WRITTEN = 48  # tokens of an answer at most


@dataclass(frozen=True, slots=True)
class EstimatedAnswer:
    """Tokens that were read and written, the seconds of each, and what was expected of either."""

    read: int
    written: int
    read_s: float
    write_s: float
    measured: tuple[float, float]
    learned: tuple[float, float]

    def errors(self, expected: tuple[float, float]) -> tuple[float, float]:
        """By what share the seconds that follow from two speeds are wrong."""
        reading, writing = expected
        return abs(self.read / reading / self.read_s - 1), abs(self.written / writing / self.write_s - 1)


def functions() -> Iterator[str]:
    """Functions of Python's library."""
    for folder in FOLDERS:
        for path in sorted((Path(ast.__file__).parent / folder).glob("*.py")):
            text = path.read_text(encoding="utf-8")
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.FunctionDef) and node.end_lineno:
                    lines = text.splitlines()[node.lineno - 1 : node.end_lineno]
                    if LINES[0] <= len(lines) <= LINES[1]:
                        yield "\n".join(lines)


async def measure(config: Config, path: Path, codes: list[str]) -> list[EstimatedAnswer]:
    """Ask about each function, one after the other."""
    local = await asyncio.to_thread(open_local, config)
    found = []
    try:
        for code in codes:
            speed = measure_model(config, path, infill=False).used
            asked = Conversation("You explain code briefly.", f"Explain:\n```python\n{code}\n```", WRITTEN)
            stream = local.answer(asked)
            _ = [piece async for piece in stream]
            found.append(_row(stream.result, speed))
            for thread in threading.enumerate():
                if thread.name == "assist-speed":
                    await asyncio.to_thread(thread.join)
    finally:
        local.close()
    return found


def _row(answer: Any, speed: Speed) -> EstimatedAnswer:
    tokens, ms = answer.tokens, answer.ms
    measured, learned = (speed.prefill, speed.decode), (speed.reading, speed.writing)
    seconds = (ms.prefill / 1e3, ms.decode / 1e3)
    return EstimatedAnswer(tokens.evaluated, tokens.generated, *seconds, measured, learned)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--model", default="", help="the model that answers; default: the usual one")
    parser.add_argument("--answers", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, help="write results and their provenance here")
    options = parser.parse_args()
    config = load_lenient()
    codes = random.Random(options.seed).sample(list(functions()), options.answers)
    with tempfile.TemporaryDirectory() as folder:
        link_data(config.paths.data, Path(folder), "models", "engine")
        model = options.model or config.answers.model or config.completion.model
        paths = replace(config.paths, data=Path(folder))
        config = replace(config, paths=paths, answers=replace(config.answers, model=model))
        path = resolve(open_store(config), model)
        file = path.resolve()  # the folder ends with the run
        rows = asyncio.run(measure(config, path, codes))
    for name in ("measured", "learned"):
        errors = [row.errors(getattr(row, name)) for row in rows]
        reading, writing = (median(column) for column in zip(*errors, strict=True))
        print(f"{name}: reading {reading:.0%} wrong, writing {writing:.0%} (median of {len(rows)})")
    if options.out:
        write(options.out, provenance(file), {"estimates": [asdict(row) for row in rows]})


if __name__ == "__main__":
    sys.exit(main())
