"""HumanEval-Infilling: how often a model fills a hole rightly, by prompt and by treatment of its text.

FOLDER holds the HumanEval-*Infilling.jsonl.gz files of the public repository openai/human-eval-infilling
(MIT). All variants answer the same tasks, greedy. The figures are exact match, edit similarity, and pass@1
with the task's tests, which run in a child process without network.
The results hold no text of a task or of an answer.
"""

import argparse
import math
import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rapidfuzz.distance import Levenshtein

from assist_completion.errors import CompletionError
from assist_completion.inference.generation import TokenBudget
from assist_completion.inference.llama import Abort, Load
from assist_completion.inference.speed_probe import opener
from assist_completion.model_store.store import resolve
from assist_completion.settings import DEFAULT_MODEL, CompletionSettings
from assist_evaluation.proportions import wilson
from assist_evaluation.statistics import paired_bootstrap
from assist_server.config.config import load_lenient
from assist_server.local_model.opening import open_store
from bench.infilling.tasks import SUITES, NoSandboxError, Task, load, passes
from bench.infilling.variants import (
    FilledHole,
    InfillVariant,
    ModelSequences,
    expand,
    fill_hole,
    open_sequences,
    parse,
)
from bench.progress import with_progress
from bench.provenance import layout, provenance, write

EXAMPLES = """
examples:
  infill.py --data FOLDER --cut                  plain, healed and engine on 200 lines cut at random places
  infill.py --data FOLDER --cut --tasks all --out cut.json
  infill.py --data FOLDER --suite multi --variant plain --variant engine --variant unfiltered
  infill.py --data FOLDER --cut --variant engine --anchor 0 --anchor 8 --suffix-lines 0
  infill.py --data FOLDER --cut --variant engine --variant "unhealed anchor=0"
"""
BASELINES = ("plain", "healed", "engine")  # every other row is compared with those of them that ran
# Reading prompts takes most of the time and uses every core. One thread is enough for writing: the tests run
# at the same time, and while anything else computes, two threads write half as fast as one (31, 59 tokens/s).
WRITERS = 1


@dataclass(frozen=True, slots=True)
class InfillRecord:
    """What one variant did on one task, in numbers.

    `lowest`, `mean`, `first` and `count` describe the log-probabilities of the first line's tokens. `dropped`
    is the engine's reason for an empty candidate.
    """

    task: str
    variant: str
    exact: int
    passed: int
    similarity: float
    tokens: int
    lowest: float
    mean: float
    first: float
    count: int
    candidate_empty: int
    dropped: str


def make_record(task: Task, variant: InfillVariant, given: FilledHole, passed: bool) -> InfillRecord:
    """Compare an answer with the text that was in the hole; white space at the end does not count."""
    wanted = (task.hole + task.after[: given.skip]).rstrip()
    text = given.text.rstrip()
    sure = given.chances
    return InfillRecord(
        task=task.id,
        variant=variant.label,
        exact=int(text == wanted),
        passed=int(passed),
        similarity=round(Levenshtein.normalized_similarity(text, wanted), 4),
        tokens=given.tokens,
        lowest=round(min(sure, default=0.0), 4),
        mean=round(math.fsum(sure) / max(1, len(sure)), 4),
        first=round(sure[0] if sure else 0.0, 4),
        count=len(sure),
        candidate_empty=int(not text),
        dropped=given.dropped,
    )


def measure(
    sequences: ModelSequences, variants: Sequence[InfillVariant], tasks: Sequence[Task], jobs: int
) -> list[InfillRecord]:
    """Run every variant on every task. The tests run at the same time; equal programs are tested once."""
    verdicts: dict[str, Future[bool]] = {}
    given: list[tuple[Task, InfillVariant, FilledHole, Future[bool]]] = []
    with ThreadPoolExecutor(jobs) as pool:
        for task in with_progress(tasks, "tasks", 20):
            for variant in variants:
                made = fill_hole(sequences, variant, task)
                program = task.program(made.text, made.skip)
                if program not in verdicts:
                    verdicts[program] = pool.submit(passes, program)
                given.append((task, variant, made, verdicts[program]))
    return [make_record(task, variant, made, verdict.result()) for task, variant, made, verdict in given]


def summary(records: Sequence[InfillRecord], problems: Sequence[str], seed: int) -> list[dict[str, Any]]:
    """Return one row per variant: shares with intervals, and differences from the baselines, in points.

    `problems` names the problem of each task, in the order of the tasks. Holes of the same problem are
    resampled together.
    """
    by_row: dict[str, list[InfillRecord]] = {}
    for each in records:
        by_row.setdefault(each.variant, []).append(each)
    rows = []
    for label, own in by_row.items():
        exact = sum(each.exact for each in own)
        passed = sum(each.passed for each in own)
        row: dict[str, Any] = {
            "variant": label,
            "tasks": len(own),
            "exact": round(exact / len(own), 4),
            "exact_95": _round_all(wilson(exact, len(own))),
            "similarity": round(math.fsum(each.similarity for each in own) / len(own), 4),
            "pass": round(passed / len(own), 4),
            "pass_95": _round_all(wilson(passed, len(own))),
            "tokens": round(sum(each.tokens for each in own) / len(own), 1),
            "dropped": dict(Counter(each.dropped for each in own if each.dropped).most_common()),
        }
        earlier = BASELINES[: BASELINES.index(label)] if label in BASELINES else BASELINES
        baselines = [base for base in earlier if base in by_row]
        row["points_over"] = {base: _points(own, by_row[base], problems, seed) for base in baselines}
        rows.append(row)
    return rows


def _round_all(values: Sequence[float]) -> list[float]:
    return [round(value, 4) for value in values]


def _points(
    own: Sequence[InfillRecord], base: Sequence[InfillRecord], problems: Sequence[str], seed: int
) -> dict[str, list[float]]:
    """Return mean, low and high of the difference in exact match, similarity and passing, times 100."""
    found = {}
    for figure, name in (("exact", "exact"), ("similarity", "similarity"), ("pass", "passed")):
        ours, theirs = ([getattr(each, name) for each in side] for side in (own, base))
        gap = paired_bootstrap(ours, theirs, problems, seed)
        found[figure] = [round(100 * value, 2) for value in (gap.mean, gap.low, gap.high)]
    return found


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Return two Markdown tables: the shares, and the differences in points."""
    lines = [
        "| variant | exact match (95 %) | edit similarity | tests pass (95 %) | tokens | dropped |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        exact, passed = (f"{row[key]:.3f} ({_span(row[f'{key}_95'], '.3f')})" for key in ("exact", "pass"))
        start = f"| {row['variant']} | {exact} | {row['similarity']:.3f} | {passed} "
        lines.append(f"{start}| {row['tokens']} | {sum(row['dropped'].values())} |")
    lines += [
        "",
        "| difference, in points (95 %) | exact match | edit similarity | tests pass |",
        "|---|---|---|---|",
    ]
    for row in rows:
        for base, points in row["points_over"].items():
            cells = [f"{gap[0]:+.1f} ({_span(gap[1:], '+.1f')})" for gap in points.values()]
            lines.append(f"| {row['variant']} - {base} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _span(ends: Sequence[float], style: str) -> str:
    return f"{ends[0]:{style}} to {ends[1]:{style}}"


def columns(records: Sequence[InfillRecord]) -> dict[str, Any]:
    """Return the records as names and rows of values: a third of the size of objects."""
    names = list(InfillRecord.__slots__)
    return {"columns": names, "rows": [[getattr(each, name) for name in names] for each in records]}


def options_of(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--data", type=Path, required=True, metavar="FOLDER", help="where the tasks are")
    add("--suite", choices=SUITES, default="single", help="which tasks (default: %(default)s)")
    add("--cut", action="store_true", help="single lines only: the hole starts at a random place in the line")
    add("--variant", type=_variant, action="append", metavar="NAME", help="one row of the table; repeatable")
    more = "adds a row for each engine-like variant: lines "
    add(
        "--anchor",
        type=_lines,
        action="append",
        default=[],
        metavar="N",
        help=f"{more}above the cursor in the prompt",
    )
    add(
        "--suffix-lines",
        type=_lines,
        action="append",
        default=[],
        metavar="N",
        help=f"{more}below the cursor in the prompt",
    )
    add("--model", default=DEFAULT_MODEL, metavar="NAME_OR_PATH")
    add("--tasks", type=_count, default=200, metavar="N|all", help="how many tasks (default: %(default)s)")
    add("--seed", type=int, default=1, help="seed for tasks, cuts and intervals")
    add(
        "--out", type=Path, metavar="FILE.json", help="where to write rows and records, with their provenance"
    )
    add("--json", action="store_true", help="print JSON instead of tables")
    add("--jobs", type=int, default=1, help="tests that run at the same time, next to the model")
    options = parser.parse_args(arguments)
    if options.cut and options.suite != "single":
        parser.error("--cut is for --suite single")
    if not (options.data / SUITES[options.suite]).is_file():
        parser.error(f"there is no {SUITES[options.suite]} in {options.data}")
    return options


def _variant(label: str) -> InfillVariant:
    try:
        return parse(label)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _lines(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text}: use a number of lines, 0 or more")
    return int(text)


def _count(text: str) -> int | None:
    if text != "all" and not (text.isdecimal() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text}: use a number from 1 up, or all")
    return None if text == "all" else int(text)


def main(arguments: Sequence[str] | None = None) -> None:
    options = options_of(arguments)
    named = options.variant or [parse(name) for name in BASELINES]
    variants = expand(named, options.anchor, options.suffix_lines)
    tasks = load(options.data, options.suite, options.tasks, options.seed, cut=options.cut)
    try:
        passes("", 1)
        path = resolve(open_store(load_lenient()), options.model)
        header = provenance(path)
        # The default budget, not the measured one, so that prompts are the same on every machine.
        model = opener(Load(path, decode_threads=WRITERS), CompletionSettings(), TokenBudget())(Abort())
    except (NoSandboxError, CompletionError) as error:
        sys.exit(f"infill.py: {error}")
    try:
        records = measure(open_sequences(model), variants, tasks, options.jobs)
    finally:
        model.close()
    rows = summary(records, [task.problem for task in tasks], options.seed)
    asked = {"suite": options.suite, "cut": options.cut, "tasks": len(tasks), "seed": options.seed}
    if options.out:
        write(options.out, header, {**asked, "rows": rows, "records": columns(records)})
    print(layout({"provenance": header, **asked, "rows": rows}) if options.json else table(rows))


if __name__ == "__main__":
    main()
