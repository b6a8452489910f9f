"""Rewriting a window with its old text as the draft: how long it takes, and whether that is plain decoding.

    uv run python benchmarks/rewrite.py [--model NAME_OR_PATH] [--windows 40] [--changes 10] [--out FILE]
    uv run python benchmarks/rewrite.py --policies          other ways of following the draft

Each window has 21 lines of Python's library, in one of which a local name was just renamed. It is rewritten
with the draft, and then decoded token by token after the same prompt. Windows in which the answer changes
more than `--changes` tokens are only counted. Run nothing else on the machine. The results hold no text.
"""

import argparse
import ast
import math
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from difflib import SequenceMatcher
from pathlib import Path
from statistics import median
from typing import Any

from assist_completion.inference.sequence import LlamaSequence
from assist_completion.prompt.next_edit_layout import EditWindow, NextEditLayout, layouts, unchanged_answer
from assist_completion.rewrite.decoding import RewriteRun, fitting_prompt, run_rewrite
from assist_completion.settings import DEFAULT_MODEL
from bench.provenance import provenance, write
from bench.rewriting.opening import open_rewriting
from bench.rewriting.policies import policies, seconds
from bench.rewriting.ties import TIE, first_difference, margin
from bench.rewriting.windows import windows

SIZES = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)  # tokens of a batch whose cost is measured
REPEATS = 5


@dataclass(frozen=True, slots=True)
class RewriteTiming:
    """One window: milliseconds, and tokens. `changed` are those by which the answer differs from the draft.

    `first_difference` is the token at which plain decoding has another one, -1 if there is none, and `margin`
    the distance of the two tokens' logits there.
    """

    window: str
    prompt: int
    draft: int
    changed: int
    ended: str
    prefill_ms: float
    drafted_ms: float
    plain_ms: float
    evaluated: int
    alone: int
    first_difference: int
    margin: float = 0.0


@dataclass(frozen=True, slots=True)
class KnownAnswer:
    """The tokens of an answer and of its draft."""

    answer: tuple[int, ...]
    draft: tuple[int, ...]


def measure(
    sequence: LlamaSequence, window: EditWindow, layout: NextEditLayout
) -> tuple[RewriteTiming, KnownAnswer]:
    """Rewrite one window with the draft and without it, both times after the same states of the prompt."""
    llama = sequence.llama
    sequence.truncate(0)
    start = time.perf_counter()
    sequence.read(fitting_prompt(llama, layout, window, 0))
    prefill = 1e3 * (time.perf_counter() - start)
    drafted = RewriteRun(window, layout)
    found = run_rewrite(sequence, drafted)
    plain = RewriteRun(window, layout, drafted=False)
    run_rewrite(sequence, plain)
    draft = llama.tokenize(unchanged_answer(layout, window))
    return RewriteTiming(
        f"{window.path}:{window.line + 1}",
        found.tokens.prompt,
        len(draft),
        changed_tokens(draft, plain.written),
        found.ended,
        round(prefill + found.ms.prefill, 1),
        round(found.ms.decode, 1),
        round(plain.ms.decode, 1),
        found.tokens.evaluated - 1,  # the last one of the prompt
        found.alone,
        first_difference(drafted.written, plain.written),
        round(margin(sequence, plain, drafted), 3),
    ), KnownAnswer(tuple(plain.written), tuple(draft))


def changed_tokens(old: Sequence[int], new: Sequence[int]) -> int:
    """How many tokens are new or gone."""
    steps = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    return sum(max(b - a, d - c) for kind, a, b, c, d in steps if kind != "equal")


def batch_costs(sequence: LlamaSequence) -> Callable[[int], float]:
    """The seconds of one batch with the logits of all its tokens, after the tokens that are there."""
    length = len(sequence.tokens)
    token = sequence.tokens[-1]
    known: dict[int, float] = {}
    for size in SIZES:
        took = []
        for _ in range(REPEATS):
            start = time.perf_counter()
            sequence.append_each([token] * size)
            took.append(time.perf_counter() - start)
            sequence.truncate(length)
        known[size] = median(took)

    def cost(size: int) -> float:
        low = max(each for each in SIZES if each <= size)
        high = min(each for each in SIZES if each >= size)
        share = (size - low) / (high - low) if high > low else 0.0
        return known[low] + share * (known[high] - known[low])

    return cost


def compare_policies(known: Sequence[KnownAnswer], cost: Callable[[int], float]) -> list[dict[str, Any]]:
    """The median and the total time of each policy over all answers, the best total first."""
    rows = []
    for policy in policies():
        took = [seconds(policy, each.answer, each.draft, cost) for each in known]
        rows.append({**asdict(policy), "p50_s": round(median(took), 3), "total_s": round(sum(took), 2)})
    return sorted(rows, key=lambda row: row["total_s"])


def report(timings: Sequence[RewriteTiming], changes: int) -> dict[str, Any]:
    """The figures of the windows in which few tokens change."""
    few = [each for each in timings if each.changed <= changes and each.ended == "stop"]
    if not few:
        return {"windows": len(timings), "few_changes": 0}
    whole = sorted(each.prefill_ms + each.drafted_ms for each in few)
    return {
        "windows": len(timings),
        "few_changes": len(few),
        "changed": sum(each.changed > 0 for each in few),
        "exact": sum(each.first_difference < 0 for each in timings),
        "other token at a tie": sum(0 < each.margin < TIE for each in timings),
        "p50_ms": round(median(whole)),
        "p95_ms": round(whole[int(0.95 * (len(whole) - 1))]),
        "answer_p50_ms": round(median(each.drafted_ms for each in few)),
        "plain_answer_p50_ms": round(median(each.plain_ms for each in few)),
        "answer_share": round(sum(e.drafted_ms for e in few) / sum(e.plain_ms for e in few), 3),
        "whole_share": round(sum(whole) / sum(e.prefill_ms + e.plain_ms for e in few), 3),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--model", default=DEFAULT_MODEL, help="a model of the catalogue, or a .gguf file")
    parser.add_argument(
        "--layout", default="", choices=layouts(), help="how it is asked, if not as its row says"
    )
    parser.add_argument("--windows", type=int, default=40, help="how many windows")
    parser.add_argument("--changes", type=int, default=10, help="tokens that may change in a window")
    parser.add_argument("--threads", type=int, default=0, help="0 is every core")
    parser.add_argument("--seconds", type=float, default=math.inf, help="begin no window after so many")
    parser.add_argument("--policies", action="store_true", help="compare ways of following the draft")
    parser.add_argument("--out", type=Path, help="write results and their provenance here")
    options = parser.parse_args()
    opened = open_rewriting(options.model, options.layout, options.threads)
    sequence = opened.sequence
    deadline = time.monotonic() + options.seconds
    timings, answers = [], []
    for _, window in zip(range(options.windows), windows(Path(ast.__file__).parent), strict=False):
        if time.monotonic() > deadline:
            break
        timing, known = measure(sequence, window, opened.layout)
        timings.append(timing)
        answers.append(known)
        print(timing, flush=True)
    figures = report(timings, options.changes)
    print(figures)
    body = {"figures": figures, "timings": [asdict(each) for each in timings]}
    if options.policies:
        few = [known for known, each in zip(answers, timings, strict=True) if each.changed <= options.changes]
        body["policies"] = compare_policies(few, batch_costs(sequence))
        for row in body["policies"][:10]:
            print(row)
    sequence.llama.close()
    if options.out:
        write(options.out, provenance(opened.path), body)
    return 0


if __name__ == "__main__":
    sys.exit(main())
