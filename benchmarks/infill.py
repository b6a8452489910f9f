"""HumanEval single-line infilling with a cut at a random place of the line that is missing.

    uv run python benchmarks/infill.py --data FOLDER [--tasks 200] [--seed 1] [--json]

Three prompts for the same model, greedy, up to the end of the line: plain prefix-suffix-middle, the same
with token healing, and the engine's own (anchored above the cursor, healed). Exact match, and pass@1 with
the task's tests, run in a child process without network, 10 s and 1 GiB at most.
FOLDER holds HumanEval-SingleLineInfilling.jsonl.gz of OpenAI's human-eval-infilling repository (MIT).
"""

import argparse
import gzip
import json
import math
import random
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assist_completion.generate import Generation, Model, generate, generate_from
from assist_completion.llama import Abort
from assist_completion.places import Place
from assist_completion.probe import budget_for, opener, speed_of
from assist_completion.prompt import Plan, render
from assist_completion.settings import DEFAULT_MODEL, Settings
from assist_completion.store import resolve
from assist_context.languages import language_of
from assist_context.model import Context
from assist_server.app import speed_file, store_of
from assist_server.config import load_lenient

FILE = "HumanEval-SingleLineInfilling.jsonl.gz"
LIMIT = 64  # tokens a line
VARIANTS = ("plain", "healed", "engine")
# Own user and network namespaces: the code under test sees no network, not even loopback.
SANDBOX = """
import ctypes, resource, sys
if ctypes.CDLL(None).unshare(0x10000000 | 0x40000000):
    sys.exit("cannot shut the network out")
resource.setrlimit(resource.RLIMIT_CPU, (10, 10))
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
exec(compile(sys.stdin.read(), "task", "exec"), {"__name__": "task"})
"""


@dataclass(frozen=True, slots=True)
class Task:
    """One hole: the text before and after it, what stood in it, and the tests."""

    before: str
    after: str
    hole: str
    test: str


def tasks(folder: Path, count: int, seed: int) -> list[Task]:
    with gzip.open(folder / FILE, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    rng = random.Random(seed)
    return [_cut(row, rng) for row in rng.sample(rows, count)]


def _cut(row: dict[str, Any], rng: random.Random) -> Task:
    line = row["canonical_solution"].rstrip("\n")
    indent = len(line) - len(line.lstrip())
    at = rng.randint(indent, max(indent, len(line) - 1))
    test = f"{row['test']}\ncheck({row['entry_point']})\n"
    return Task(row["prompt"] + line[:at], "\n" + row["suffix"], line[at:], test)


def answer(model: Model, variant: str, task: Task) -> str:
    """The rest of the line, by one of the three prompts."""
    model.places.forget()
    context = Context("solution.py", language_of("solution.py"), task.before, task.after)
    gen = Generation(context, lambda text: "\n" in text, LIMIT)
    if variant == "engine":
        generate(model, gen)
    else:
        laid = Plan(context.path, task.before, "", task.after[1:])
        fixed = render(laid, model.fim, model.llama.tokenize)
        need = b""
        if variant == "healed":
            middle = fixed.index(model.fim.suf)
            need = model.pieces[fixed[middle - 1]]
            fixed = (*fixed[: middle - 1], *fixed[middle:])
        generate_from(model, gen, Place(laid, fixed, full=True), list(fixed), need)
    return gen.text.partition("\n")[0]


def passes(task: Task, text: str) -> bool:
    program = f"{task.before}{text}{task.after}\n{task.test}"
    command = [sys.executable, "-I", "-c", SANDBOX]
    try:
        done = subprocess.run(command, input=program, capture_output=True, text=True, timeout=15, check=False)
    except subprocess.TimeoutExpired:
        return False
    if "cannot shut the network out" in done.stderr:
        sys.exit("infill.py: this system lets no process give up its network, so the tests are not run.")
    return done.returncode == 0


def wilson(hits: int, count: int) -> tuple[float, float]:
    """The 95 % interval of a proportion."""
    z, p = 1.96, hits / count
    middle = (p + z * z / (2 * count)) / (1 + z * z / count)
    half = z * math.sqrt(p * (1 - p) / count + z * z / (4 * count * count)) / (1 + z * z / count)
    return middle - half, middle + half


def measure(model: Model, chosen: Sequence[Task]) -> dict[str, Any]:
    figures = {}
    for variant in VARIANTS:
        texts = [answer(model, variant, task) for task in chosen]
        with ThreadPoolExecutor(2) as pool:
            passed = sum(pool.map(passes, chosen, texts))
        exact = sum(text.rstrip() == task.hole.rstrip() for task, text in zip(chosen, texts, strict=True))
        low, high = wilson(passed, len(chosen))
        figures[variant] = {
            "exact": round(exact / len(chosen), 4),
            "pass": round(passed / len(chosen), 4),
            "pass 95 %": [round(low, 3), round(high, 3)],
        }
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--tasks", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    config = load_lenient()
    path = options.model or resolve(store_of(config), DEFAULT_MODEL)
    speed = speed_of(path, 0, speed_file(config))
    model = opener(path, Settings(), budget_for(speed, Settings()), speed.decode_threads)(Abort())
    figures = measure(model, tasks(options.data, options.tasks, options.seed))
    model.close()
    if options.json:
        json.dump({"model": path.name, "tasks": options.tasks, "seed": options.seed, **figures}, sys.stdout)
        return
    print(f"{path.name}, {options.tasks} tasks, seed {options.seed}")
    for variant, row in figures.items():
        print(f"{variant:8} exact {row['exact']:.3f}  pass {row['pass']:.3f}  95 % {row['pass 95 %']}")


if __name__ == "__main__":
    main()
