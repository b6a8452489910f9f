"""How soon the local model begins to explain: from the command to the first words, through a real server.

    uv run python benchmarks/answers.py [--model NAME_OR_PATH] [--functions 5] [--out FILE]

Asks about functions of 50 to 70 lines from Python's library, once each, with the model loaded (warm) and the
rest of the file as context. Prints seconds to the first words and to the end. Run nothing else on the
machine.
"""

import argparse
import ast
import asyncio
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from lsprotocol import types

from bench.editors.lsp_client import Client, serving
from bench.provenance import provenance, write
from bench.typing.figures import percentile

MODULES = ("argparse", "configparser", "csv", "dis", "fractions", "inspect", "shutil", "tarfile", "zipfile")
LINES = (50, 70)


@dataclass(frozen=True, slots=True)
class Function:
    """A function in a file. Lines count from 1."""

    path: Path
    name: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class ExplainTiming:
    """One answer: seconds to its first words and to its end, and the characters written."""

    function: str
    lines: int
    first_s: float
    whole_s: float
    characters: int


class Listener(Client):
    """A client that records when the pieces of an answer arrive."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[tuple[float, Any]] = []
        self.ended = asyncio.Event()

        @self.feature("assist/answer")
        def _(params: Any) -> None:
            self.pieces.append((time.perf_counter(), params))
            if params.done:
                self.ended.set()


def functions(folder: Path) -> Iterator[Function]:
    """Yield functions of the wanted length, at most two per module."""
    for module in MODULES:
        path = folder / f"{module}.py"
        if not path.exists():
            continue
        found = [
            Function(path, node.name, node.lineno, node.end_lineno or node.lineno)
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.FunctionDef)
        ]
        yield from [each for each in found if LINES[0] <= each.last - each.first <= LINES[1]][:2]


async def measure(model: str, wanted: list[Function]) -> list[ExplainTiming]:
    """Ask about each function. The first answer only loads the model and is not returned."""
    with tempfile.TemporaryDirectory() as folder:
        own = f'[completion]\nmodel = "{model}"\n' if model else ""
        (Path(folder) / "config.toml").write_text(f"{own}[answers]\nwords = true\n")
        root = Path(folder) / "workspace"
        root.mkdir()
        async with serving({"ASSIST_CONFIG_DIR": folder}, folders=[root], make=Listener) as client:
            assert isinstance(client, Listener)
            await client.until("ready")
            answers = [await _ask(client, root, each) for each in wanted]
    return answers[1:]


async def _ask(client: Listener, root: Path, function: Function) -> ExplainTiming:
    copy = root / function.path.name
    text = function.path.read_text(encoding="utf-8")
    copy.write_text(text)
    client.show(copy.as_uri(), text)
    await asyncio.sleep(3)  # time for the server to finish reading ahead for ghost text
    client.pieces.clear()
    client.ended.clear()
    line = function.first - 1
    at = {"start": {"line": line, "character": 0}, "end": {"line": line, "character": 0}}
    start = time.perf_counter()
    command = types.ExecuteCommandParams("assist.explain", [{"uri": copy.as_uri(), "range": at}])
    await client.workspace_execute_command_async(command)
    await asyncio.wait_for(client.ended.wait(), 600)
    said = [(when, each.delta) for when, each in client.pieces if each.delta]
    if not said:
        raise SystemExit(f"{function.name}: {client.pieces[-1][1].error}")
    written = sum(len(piece) for _, piece in said)
    lines = function.last - function.first + 1
    return ExplainTiming(function.name, lines, said[0][0] - start, said[-1][0] - start, written)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument(
        "--model", default="", help="the model of [completion], which also answers; default: the usual one"
    )
    parser.add_argument("--functions", type=int, default=5, help="how many functions to ask about")
    parser.add_argument("--out", type=Path, help="write results and their provenance here")
    options = parser.parse_args()
    wanted = list(functions(Path(ast.__file__).parent))[: options.functions + 1]
    found = asyncio.run(measure(options.model, wanted))
    for each in found:
        print(f"{each.function:<28} {each.lines} lines: {each.first_s:.2f} s, whole {each.whole_s:.1f} s")
    first = [each.first_s for each in found]
    print(f"first words: median {median(first):.2f} s, p95 {percentile(first, 0.95):.2f} s")
    if options.out:
        write(options.out, provenance(), {"answers": [asdict(each) for each in found]})


if __name__ == "__main__":
    sys.exit(main())
