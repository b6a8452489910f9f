"""New tests by a local model through the product's own path: do they run, pass, and find a mistake?

    uv run python benchmarks/generated_tests.py [--model NAME] [--count 60] [--out FILE]

60 functions of our own in Python, TypeScript and Rust, each in a small project with tests, and each with a
mutant. Tests run if they compile and there is one; they find the mutant if they pass with the function and
fail with the mutant. It needs `npm ci` in vscode-extension (esbuild), Node and rustc. Answers are greedy.
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from assist_completion.model_store.store import resolve
from assist_server.config.config import Config, load_lenient
from assist_server.local_model.opening import open_local, store_of
from bench.edits.askers import ask_product
from bench.edits.test_tasks import TestsTask, outcomes, test_tasks
from bench.provenance import provenance, write


async def run(tasks: Sequence[TestsTask], config: Config, show: bool) -> list[dict[str, Any]]:
    """Return one row for each task."""
    local = await asyncio.to_thread(open_local, config)
    rows = []
    try:
        for number, task in enumerate(tasks, 1):
            given = await ask_product(task, config, local)
            right, mutant = outcomes(task, given.path, given.after) if given.after else ("refused", "refused")
            row = {
                "id": task.id,
                "language": task.language,
                "right": right,
                "mutant": mutant,
                "found": right == "passed" and mutant == "failed",
                "why": given.refused,
                "seconds": round(given.seconds, 2),
                "written": given.written,
                "path": given.path,
            }
            rows.append(row)
            print(f"{number}/{len(tasks)} {row}", file=sys.stderr)
            if show and not row["found"]:
                print(given.text, file=sys.stderr)
    finally:
        local.close()
    return rows


def table(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Return the shares by language and in all, as lines of Markdown."""
    lines = [
        "| language | functions | run | pass | find the mutant | refused | median s | most s | most tokens |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for language in (*dict.fromkeys(row["language"] for row in rows), ""):
        own = [row for row in rows if not language or row["language"] == language]
        ran = sum(row["right"] in ("failed", "passed") for row in own) / len(own)
        passed = sum(row["right"] == "passed" for row in own) / len(own)
        found = sum(row["found"] for row in own) / len(own)
        refused = sum(row["right"] == "refused" for row in own) / len(own)
        seconds = sorted(row["seconds"] for row in own)
        written = max(row["written"] for row in own)
        shares = f"{ran:.0%} | {passed:.0%} | {found:.0%} | {refused:.0%}"
        times = f"{seconds[len(own) // 2]} | {seconds[-1]} | {written}"
        lines.append(f"| {language or 'all'} | {len(own)} | {shares} | {times} |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--model", default="", help="the model for answers; default: the one in the settings")
    parser.add_argument("--languages", nargs="*", default=["python", "typescript", "rust"])
    parser.add_argument("--count", type=int, default=60, help="functions of a language, at most")
    parser.add_argument("--show", action="store_true", help="print the answers that do not find the mutant")
    parser.add_argument("--out", type=Path)
    flags = parser.parse_args()
    config = load_lenient()
    config = replace(config, answers=replace(config.answers, model=flags.model or config.answers.model))
    tasks = [
        task
        for language in flags.languages
        for task in [each for each in test_tasks() if each.language == language][: flags.count]
    ]
    rows = asyncio.run(run(tasks, config, flags.show))
    print("\n".join(table(rows)))
    if flags.out:
        model = resolve(store_of(config), config.answers.model or config.completion.model)
        write(flags.out, provenance(model), {"tests": rows})


if __name__ == "__main__":
    main()
