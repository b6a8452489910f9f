"""How `assist lsp` feels: one real server, one real client, the keys of one real file.

    uv run python benchmarks/lsp.py [--model PATH] [--json] [PART...]

Reports re-evaluated tokens per request, and latencies: of typed-through answers and answers from the model,
of cancelled requests during a long prefill, of edits while the model decodes, of the first answer at a new
place and after going back to a known one, and of keys while the standard library is indexed. Also reports CPU
use when idle. Times depend on this machine; counts come from the engine.
"""

import argparse
import asyncio
import random
import sysconfig
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil
from lsprotocol import types

from assist_completion.model_store.store import resolve
from assist_completion.settings import DEFAULT_MODEL
from assist_evaluation.statistics import percentile
from assist_server.config.config import load_lenient
from assist_server.local_model.opening import open_store
from bench.editors.lsp_client import Client, serving
from bench.editors.lsp_typist import URI, Typist, keys_of
from bench.figure_parts import known_part, show_parts
from bench.own_data import link_data
from bench.processes import cpu_seconds

SOURCE = Path(argparse.__file__).read_text(encoding="utf-8").split("\n")
KEY_GAP = 0.12  # seconds between keys: about 100 words a minute


def spread(values: Sequence[float]) -> dict[str, float]:
    shares = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
    return {"n": len(values), **{name: round(percentile(values, at), 1) for name, at in shares.items()}}


async def measure_typing(environ: Mapping[str, str]) -> dict[str, Any]:
    """Type twenty lines into the middle of a 500-line file, with a request after every key."""
    evaluated, known, asked = [], [], []
    async with serving(environ) as client:
        await client.until("ready")
        typist = Typist(client, [*SOURCE[:250], *SOURCE[270:520]], 250)
        await typist.ask()  # the cold start is measured elsewhere
        await asyncio.sleep(6)
        for key in keys_of(SOURCE[250:270]):
            press = await typist.press(key)
            if press.typed_through:
                known.append(press.ms)
            elif press.by_model:
                asked.append(press.ms)
            evaluated.append(press.evaluated)
            await asyncio.sleep(KEY_GAP)
    return {
        "evaluated tokens a request": spread(evaluated),
        "typed-through ms": spread(known),
        "model ms": spread(asked),
        "answered without inference": round(1 - len(asked) / len(evaluated), 3),
    }


async def measure_cancelling(environ: Mapping[str, str]) -> dict[str, Any]:
    """Send requests at new places of a long file, and cancel them at random moments of their prefill."""
    took = []
    rng = random.Random(1)
    async with serving(environ) as client:
        await client.until("ready")
        client.show(URI, "\n".join(SOURCE))
        for i in range(40):
            number = f"cancel-{i}"
            future = client.ask(URI, (rng.randrange(100, 2400), 0), number=number)
            await asyncio.sleep(rng.uniform(0.03, 0.5))
            if future.done():
                continue
            start = time.perf_counter()
            client.cancel(number)
            await asyncio.wait([future])
            took.append(1e3 * (time.perf_counter() - start))
            future.exception()
    return {"cancelled answer ms": spread(took)}


async def measure_editing(environ: Mapping[str, str]) -> dict[str, Any]:
    """Edit while the model computes. Measures from sending an edit until it is applied, on the same clock."""
    took = []
    async with serving(environ) as client:
        await client.until("ready")
        client.show(URI, "\n".join(SOURCE))
        rng = random.Random(2)
        for version in range(2, 402):
            if version % 20 == 2:
                busy = client.ask(URI, (rng.randrange(100, 2400), 0), manual=True)
            start = time.monotonic()
            client.change(URI, version, "x", (5, 0), (5, 0))
            took.append(1e3 * ((await client.documents())[URI]["applied"] - start))
            await asyncio.sleep(0.02)
        await asyncio.wait([busy])
    return {"edit applied ms, model busy": spread(took)}


async def measure_jumping(environ: Mapping[str, str]) -> dict[str, Any]:
    """Begin new lines at unseen places of a 3,000-line file, then go back to one and type its first keys."""
    lines = (SOURCE * 2)[:3000]
    rng = random.Random(3)
    cold, back = [], []
    async with serving(environ) as client:
        await client.until("ready")
        typist = Typist(client, lines, 0)
        for _ in range(10):
            first, second = sorted((_fresh_line(lines, rng) for _ in range(2)), reverse=True)
            for row in (first, second):  # upwards, so that the rows above keep their numbers
                indent = len(lines[row]) - len(lines[row].lstrip())
                typist.row = row
                typist.column = len(lines[row])
                typist.key("\n" + " " * indent)
                lines.insert(row + 1, " " * indent)
                cold.append((await typist.ask())[0])
                await asyncio.sleep(5)
            typist.row = first + 2
            typist.column = len(lines[first + 2])
            for key in "sel":
                typist.key(key)
                lines[first + 2] += key
                back.append((await typist.ask())[0])
            await asyncio.sleep(1)
    return {"cold place ms": spread(cold), "back ms": spread(back)}


def _fresh_line(lines: Sequence[str], rng: random.Random) -> int:
    """Return a line of plain code after which a new line may begin."""
    while True:
        row = rng.randrange(100, len(lines) - 100)
        if lines[row].startswith("        ") and lines[row].rstrip().endswith(")"):
            return row


async def measure_indexing(environ: Mapping[str, str]) -> dict[str, Any]:
    """Make the same edits and keys while the standard library is indexed from nothing, and with no index."""
    found: dict[str, Any] = {}
    for when in ("no index", "while indexing"):
        with tempfile.TemporaryDirectory() as data:
            link_data(Path(environ["ASSIST_DATA_DIR"]), Path(data), "models", "speed.json")  # no index
            own = {**environ, "ASSIST_DATA_DIR": data}
            folders = [Path(sysconfig.get_path("stdlib"))] if when == "while indexing" else []
            async with serving(own, folders=folders) as client:
                await client.until("ready")
                edits, answers = await _busy_keys(client)
                events = await client.workspace_execute_command_async(
                    types.ExecuteCommandParams("assist.index", ["status"])
                )
            found[f"edit applied ms, {when}"] = spread(edits)
            found[f"model ms, {when}"] = spread(answers)
            if folders:
                found["still indexing at the end"] = all(e["event"] != "ready" for e in events["events"])
    return found


async def _busy_keys(client: Client) -> tuple[list[float], list[float]]:
    """Type lines with a request per key. Returns milliseconds of edits, and of answers from the model."""
    edits, answers = [], []
    typist = Typist(client, [*SOURCE[:250], *SOURCE[258:520]], 250)
    await typist.ask()
    await asyncio.sleep(1)
    before = await client.counts()
    for key in keys_of(SOURCE[250:258]):
        start = time.monotonic()
        typist.key(key)
        edits.append(1e3 * ((await client.documents())[URI]["applied"] - start))
        took, _ = await typist.ask()
        after = await client.counts()
        if after.get("source-model", 0) > before.get("source-model", 0):
            answers.append(took)
        before = after
        await asyncio.sleep(0.02)
    return edits, answers


async def measure_idling(environ: Mapping[str, str]) -> dict[str, Any]:
    """Measure the server's CPU seconds in ten seconds without a request."""
    async with serving(environ) as client:
        await client.until("ready")
        typist = Typist(client, SOURCE[:500], 250)
        await typist.ask()
        await asyncio.sleep(8)
        before = cpu_seconds(client.pid)
        await asyncio.sleep(10)
        used = cpu_seconds(client.pid) - before
        return {
            "idle CPU %": round(100 * used / 10, 2),
            "memory MB": psutil.Process(client.pid).memory_info().rss >> 20,
        }


PARTS = {
    "typing": measure_typing,
    "cancelling": measure_cancelling,
    "editing": measure_editing,
    "jumping": measure_jumping,
    "indexing": measure_indexing,
    "idling": measure_idling,
}


async def run(model: Path, names: Sequence[str]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "config.toml").write_text(f'[completion]\nmodel = "{model}"\nmode = "eager"\n')
        environ = {"ASSIST_CONFIG_DIR": folder, "ASSIST_DATA_DIR": str(load_lenient().paths.data)}
        return {name: await PARTS[name](environ) for name in names}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, help="a .gguf file; default: the usual model")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument(
        "parts", nargs="*", type=known_part(PARTS), default=list(PARTS), help=", ".join(PARTS)
    )
    options = parser.parse_args()
    model = options.model or resolve(open_store(load_lenient()), DEFAULT_MODEL)
    figures = asyncio.run(run(model.resolve(), options.parts))
    show_parts(figures, as_json=options.json)


if __name__ == "__main__":
    main()
