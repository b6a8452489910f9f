"""Fixes by a real model server in the role of a provider: proven, right, and what each attempt costs.

    uv run python benchmarks/repairs.py --model FILE.gguf --count 8 --out FILE [--seed 1] [--edits blocks]

A task is a function of our own with a mistake, in a module with 23 others, and a test for each expression
that only the right function fulfils, but for the last one, which is held back. The server is llama.cpp's own
on loopback; `assist fix --frontier --run` asks it through the gate. Tokens and costs are those of the audit
log, at $3 and $15 for a million tokens. An edit is right if all expressions are true, that held back too.
FILE gets a line of JSON for each task, and those that it has are not run again.
"""

import argparse
import asyncio
import json
import os
import random
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.edits.own_functions import FUNCTIONS, MISTAKES
from bench.infilling.tasks import passes
from bench.peers.http_infill import start
from bench.peers.server_options import Options

CONTEXT = 8192
CONFIG = """\
[completion]
model = "/nowhere/missing.gguf"
[escalation]
mode = "auto"
max_escalation_rate = 1.0
always_ask = []
[providers.acme]
base_url = "http://127.0.0.1:{port}/v1"
model = "frontier-1"
api_key_env = "ACME_KEY"
residency = ["public", "internal"]
price = {{ input_usd_per_mtok = 3.0, output_usd_per_mtok = 15.0 }}
edits = "{edits}"
context_tokens = 8000
max_output_tokens = 700
timeout_seconds = 1200
"""


def ask(name: str, port: int, edits: str, folder: Path) -> dict[str, Any]:
    """What becomes of the mistake in one function."""
    right, wrong, checks = MISTAKES[name]
    text = FUNCTIONS.lstrip("\n")
    at = text.index(f"def {name}(")
    broken = text[:at] + text[at:].replace(right, wrong, 1)
    root = folder / "space"
    for path, content in (
        ("shop/__init__.py", ""),
        ("shop/functions.py", broken),
        ("tests/test_functions.py", tests_of(name, checks[:-1] or checks)),
        ("pytest.ini", "[pytest]\npythonpath = .\n"),
        ("../config/config.toml", CONFIG.format(port=port, edits=edits)),
    ):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(content)
    line = broken[:at].count("\n") + 1
    own = {"ASSIST_CONFIG_DIR": str(folder / "config"), "ASSIST_DATA_DIR": str(folder / "data")}
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    words = ("fix", f"shop/functions.py:{line}", "its tests fail", "--frontier", "--run", "--yes", "--json")
    done = subprocess.run(
        [sys.executable, "-m", "assist_server", *words],
        cwd=root,
        env={**os.environ, **own, "ACME_KEY": "k-0123456789", "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    found = json.loads(done.stdout or "{}")
    after = (root / "shop/functions.py").read_text()
    edit = found.get("edit") or {}
    return {
        "id": name,
        "proof": found.get("proof", "none"),
        "said": found.get("checked", {}).get("words", found.get("error") or done.stderr[-200:]),
        "made": bool(edit.get("applied")),
        "right": after != broken and passes(f"{after}\n" + "".join(f"assert {check}\n" for check in checks)),
        "seconds": round(found.get("ms", {}).get("total", 0) / 1e3, 1),
        "paid": list(paid(folder / "data" / "audit.jsonl")),
    }


def tests_of(name: str, checks: Sequence[str]) -> str:
    """A test for each expression."""
    names = sorted({name, *re.findall(r"\b(date|timedelta)\(", " ".join(checks))})
    head = f"from shop.functions import {', '.join(names)}\n"
    return head + "".join(
        f"\n\ndef test_{number}():\n    assert {check}\n" for number, check in enumerate(checks)
    )


def paid(log: Path) -> Iterator[tuple[int, int, int]]:
    """Tokens in and out, and the cost in millionths of a dollar, of each request of a log."""
    for line in log.read_text().splitlines() if log.exists() else ():
        event = json.loads(line)["event"]
        if event["kind"] == "outcome":
            usage = event["usage"]
            yield usage["input"] + usage["cache_read"], usage["output"], event["cost_micro"]


def table(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """First attempts and repairs, as lines of Markdown."""
    lines = ["| | fixes | proven | tokens in / out, median | cost, all |", "|---|---|---|---|---|"]
    for number, name in enumerate(("first attempt", "repair")):
        asked = [row for row in rows if len(row["paid"]) > number]
        if not asked:
            continue
        ended = [row for row in asked if len(row["paid"]) == number + 1 and row["proof"] == "tests"]
        costs = [row["paid"][number] for row in asked]
        middle = [sorted(cost[part] for cost in costs)[len(costs) // 2] for part in (0, 1)]
        total = sum(cost[2] for cost in costs) / 1e6
        lines.append(f"| {name} | {len(asked)} | {len(ended)} | {middle[0]} / {middle[1]} | ${total:.4f} |")
    proven = [row for row in rows if row["proof"] == "tests"]
    lines.append(f"\nOf {len(proven)} proven edits {sum(row['right'] for row in proven)} are right; ")
    others = [row for row in rows if row["proof"] != "tests"]
    lines.append(f"{sum(row['made'] for row in others)} of {len(others)} others were made with --yes.")
    return lines


async def run(flags: argparse.Namespace) -> list[dict[str, Any]]:
    """The rows of all tasks; new ones are added to the file."""
    lines = flags.out.read_text().splitlines() if flags.out.exists() else []
    rows = [json.loads(line) for line in lines]
    names = random.Random(flags.seed).sample(sorted(MISTAKES), flags.count)
    server = await start(Options(flags.model, threads=flags.threads, context=CONTEXT), "wheel")
    try:
        for name in [name for name in names if name not in {row["id"] for row in rows}]:
            with tempfile.TemporaryDirectory() as folder:
                row = await asyncio.to_thread(ask, name, server.port, flags.edits, Path(folder))
            with flags.out.open("a") as out:
                out.write(json.dumps(row) + "\n")
            print(json.dumps(row), file=sys.stderr)
            rows.append(row)
    finally:
        await server.stop()
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--count", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--edits", choices=("blocks", "pieces"), default="pieces")
    parser.add_argument("--out", type=Path, required=True)
    print("\n".join(table(asyncio.run(run(parser.parse_args())))))


if __name__ == "__main__":
    main()
