"""Answers that repeat code: what they cost with the batches that the probe measured, and with others.

    uv run python benchmarks/drafts.py [--model NAME] [--library fetched|prebuilt] [--functions 8]
                                       [--batches 7,16,32] [--out FILE]

The model writes functions of 10 to 40 lines of Python's library again with another name, with the old code as
draft. Each is written with both ladders in turns, and the question is read before. The words must be the
same. Printed are the seconds and the processor seconds of writing; other programs change the former.
"""

import argparse
import ast
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from assist_completion.inference.answer_generation import AnswerRun, choose_answering_model, run_answer
from assist_completion.inference.conversation import Conversation
from assist_completion.inference.libraries import library_in_use, library_sources, use
from assist_completion.inference.llama import Abort
from assist_completion.inference.speed_probe import answering_load
from assist_completion.inference.speed_trial import SpeedTrial, measure
from assist_completion.model_store.store import resolve
from assist_completion.settings import DEFAULT_MODEL
from assist_server.config.config import load_lenient
from assist_server.local_model.opening import open_store, use_libraries
from bench.provenance import provenance, write

BEFORE = (7, 13, 25, 33)
MODULES = ("textwrap", "shlex", "bisect", "fnmatch", "csv", "heapq", "calendar", "configparser", "zipfile")
LINES = (10, 40)
ROUNDS = 2


@dataclass(frozen=True, slots=True)
class DraftedAnswer:
    """What writing one function cost with one ladder."""

    function: str
    ladder: str
    tokens: int
    seconds: float
    cpu_s: float


def functions() -> Iterator[tuple[str, str]]:
    """(name, code) of functions of Python's library, at most two of each module."""
    for module in MODULES:
        text = (Path(ast.__file__).parent / f"{module}.py").read_text(encoding="utf-8")
        found = [node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)]
        fitting = [node for node in found if LINES[0] <= (node.end_lineno or 0) - node.lineno <= LINES[1]]
        for node in fitting[:2]:
            yield node.name, "\n".join(text.splitlines()[node.lineno - 1 : node.end_lineno]) + "\n"


def conversation(name: str, code: str) -> Conversation:
    """The wish for a function with another name."""
    wish = (
        f"```python\n{code}```\n\nRename the function `{name}` to `new_{name}`. Answer with the whole code."
    )
    return Conversation("You edit code.", wish, 700, beginning="```python\n", ending="```", draft=code)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--library", choices=("fetched", "prebuilt"), default="fetched")
    parser.add_argument("--functions", type=int, default=8)
    parser.add_argument("--batches", default="", help="in place of those that are measured")
    parser.add_argument("--out", type=Path, help="write results and their provenance here")
    options = parser.parse_args()
    config = load_lenient()
    use_libraries(config)
    use(*[source for source in library_sources() if source.origin == options.library])
    path = resolve(open_store(config), options.model)
    speed = measure(SpeedTrial(str(path), 0, infill=False))
    now = tuple(map(int, options.batches.split(","))) if options.batches else tuple(speed.batches)
    print(f"{library_in_use().words}: {BEFORE} before, {now} now")
    model = choose_answering_model(answering_load(path, speed, 0), Abort())
    llama = model.open().llama
    rows: list[DraftedAnswer] = []
    for name, code in list(functions())[: options.functions]:
        asked = conversation(name, code)
        run_answer(model, AnswerRun(replace(asked, max_tokens=1)))
        texts = set()
        for ladder, batches in (("before", BEFORE), ("now", now)) * ROUNDS:
            llama.load = replace(llama.load, batches=batches)
            run = AnswerRun(asked)
            began = time.process_time()
            run_answer(model, run)
            cpu = time.process_time() - began
            rows.append(DraftedAnswer(name, ladder, len(run.written), run.ms.decode / 1e3, cpu))
            texts.add(run.text)
        print(f"{name}: {rows[-1].tokens} tokens, {'same words' if len(texts) == 1 else 'OTHER WORDS'}")
    for ladder in ("before", "now"):
        own = [row for row in rows if row.ladder == ladder]
        seconds, cpu = sum(row.seconds for row in own), sum(row.cpu_s for row in own)
        print(f"{ladder}: {seconds:.1f} s, {cpu:.1f} s of the processor, {len(own)} answers")
    if options.out:
        write(options.out, provenance(path), {"drafts": [asdict(row) for row in rows]})


if __name__ == "__main__":
    sys.exit(main())
