"""Edits by a local model through the product's own path: are mistakes found, refactorings done?

    uv run python benchmarks/edits.py [--data FOLDER] [--model NAME] [--count 100] [--out FILE]

FOLDER holds the HumanEval-*Infilling.jsonl.gz files of the public repository openai/human-eval-infilling
(MIT). Each task is a file of 100 to 300 lines with one function in question. For `fix` one token of it was
changed so that its tests fail; for `refactor` a program checks the wish in the syntax tree, and the tests
must pass. `bare` is the same model with the function, the same wish and one sentence, without the product.
An edit is right, wrong (it passed the product's checks, and not the task's), or refused; `unsure` are those
of which the product says that they may be wrong, and which it never makes unasked. A frontier model takes no
part. Answers are greedy, so other programs on the machine change the times only.
"""

import argparse
import asyncio
import itertools
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from assist_completion.model_store.store import resolve
from assist_server.config.config import Config, load_lenient
from assist_server.local_model.opening import open_local, open_store
from bench.edits.askers import EditAnswer, ask_bare, ask_product
from bench.edits.tasks import EditTask, fixes, own_fixes, own_refactors, refactors
from bench.provenance import provenance, write
from bench.routing.tasks import problems

ASKERS = ("product", "bare")
KINDS = {"fix": fixes, "refactor": refactors}
OWN = {"fix": own_fixes, "refactor": own_refactors}


async def run(
    tasks: Sequence[EditTask], config: Config, askers: Sequence[str], show: bool
) -> list[dict[str, Any]]:
    """Return one row for each task and asker."""
    local = await asyncio.to_thread(open_local, config)
    rows = []
    try:
        for number, task in enumerate(tasks, 1):
            for asker in askers:
                given = await (
                    ask_product(task, config, local) if asker == "product" else ask_bare(task, local)
                )
                outcome = "refused" if not given.after else "right" if task.judge(given.after) else "wrong"
                rows.append(_row(task, asker, outcome, given))
                print(f"{number}/{len(tasks)} {task.id} {asker}: {outcome} {given.refused}", file=sys.stderr)
                if show and outcome != "right":
                    print(f"{task.code}\n{task.words}\n--- {asker}\n{given.text}\n", file=sys.stderr)
    finally:
        local.close()
    return rows


def _row(task: EditTask, asker: str, outcome: str, given: EditAnswer) -> dict[str, Any]:
    return {
        "id": task.id,
        "kind": task.kind,
        "recipe": task.recipe,
        "group": task.group,
        "asker": asker,
        "outcome": outcome,
        "unsure": given.unsure,
        "why": given.refused,
        "seconds": round(given.seconds, 2),
        "read": given.read,
        "written": given.written,
    }


def table(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Return the shares by kind and asker, as lines of Markdown."""
    lines = [
        "| kind | asker | tasks | right | of these unsure | wrong | of these unsure | refused | median s |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for kind, asker in dict.fromkeys((row["kind"], row["asker"]) for row in rows):
        own = [row for row in rows if (row["kind"], row["asker"]) == (kind, asker)]
        shares = Counter(row["outcome"] for row in own)
        shares.update(f"unsure {row['outcome']}" for row in own if row["unsure"])
        seconds = sorted(row["seconds"] for row in own)[len(own) // 2]
        named = ("right", "unsure right", "wrong", "unsure wrong", "refused")
        cells = " | ".join(f"{shares[each] / len(own):.0%}" for each in named)
        lines.append(f"| {kind} | {asker} | {len(own)} | {cells} | {seconds} |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, help="without it, the functions of our own are the tasks")
    parser.add_argument("--model", default="", help="the model for answers; default: the one in the settings")
    parser.add_argument("--kinds", nargs="*", default=list(KINDS), choices=list(KINDS))
    parser.add_argument("--askers", nargs="*", default=list(ASKERS), choices=list(ASKERS))
    parser.add_argument("--count", type=int, default=100, help="tasks of a kind")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", action="store_true", help="print the answers that are not right")
    parser.add_argument("--out", type=Path)
    flags = parser.parse_args()
    config = load_lenient()
    config = replace(config, answers=replace(config.answers, model=flags.model or config.answers.model))
    if flags.data:
        known = problems(flags.data)
        tasks = [each for kind in flags.kinds for each in KINDS[kind](known, flags.count, flags.seed)]
    else:
        tasks = [each for kind in flags.kinds for each in itertools.islice(OWN[kind](), flags.count)]
    rows = asyncio.run(run(tasks, config, flags.askers, flags.show))
    print("\n".join(table(rows)))
    if flags.out:
        model = resolve(open_store(config), config.answers.model or config.completion.model)
        write(flags.out, provenance(model), {"answers": rows})


if __name__ == "__main__":
    main()
