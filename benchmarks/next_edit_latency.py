"""How quick next edits are: one real server, a file of 3,000 lines, a workspace of 10,000 files.

    uv run python benchmarks/next_edit_latency.py [--files N] [--edits N] [--json] [PART...]

Reports the time from the key that completes an edit to the answer of `assist/nextEdit`, how long edits in
other documents wait meanwhile, the memory of the history after 10,000 edits, and the CPU use when idle. No
model is needed. Times depend on this machine.
"""

import argparse
import asyncio
import random
import tempfile
import time
import tracemalloc
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import psutil
from lsprotocol import types

from assist_context.documents import Cursor, split_lines
from assist_context.next_edit.edit_history import EditHistory
from assist_evaluation.statistics import percentile
from assist_server.workspace.documents import Edit, OpenDocument
from bench.editors.lsp_client import Client, serving
from bench.figure_parts import known_part, show_parts
from bench.processes import cpu_seconds, quiet

LINES = 3_000
FILES = 10_000
EDITS = 100
FUNCTION = 12  # lines of one function of the file
OTHERS = 8  # documents whose edits are timed while an offer is looked for
GAP = 0.003  # seconds between these edits


def function(number: int) -> list[str]:
    """One function; every fourth one calls the one before."""
    called = f"load_order_{number - number % 4}"
    return [
        f"def load_order_{number}(store, key_{number}, *, strict=True):\n",
        f'    """Return order {number} of a store."""\n',
        f"    found = store.get(key_{number})\n",
        "    if found is None and strict:\n",
        f'        raise KeyError(f"no order {{key_{number}}}")\n',
        f"    total_{number} = sum(item.price for item in found.items)\n",
        f"    if total_{number} > store.limit:\n",
        f"        return {called}(store, key_{number}, strict=False)\n",
        f"    audit(store, key_{number}, total_{number})\n",
        f"    return found, total_{number}\n",
        "\n",
        "\n",
    ]


def long_file(lines: int = LINES) -> str:
    """A file of so many lines."""
    parts = [line for number in range(lines // FUNCTION) for line in function(number)]
    return "".join(["import os\n", "from shop.base import audit\n", "\n", "\n", *parts][:lines])


def make_workspace(root: Path, files: int) -> Path:
    """Write the files below a folder; the long one is returned."""
    rng = random.Random(1)
    for number in range(files - 1):
        folder = root / f"part_{number % 97}"
        folder.mkdir(parents=True, exist_ok=True)
        uses = rng.randrange(LINES // FUNCTION)
        text = [f"from orders import load_order_{uses}, audit\n\n\n", *function(10_000 + number)]
        text.append(f"def use_{number}(store):\n    return load_order_{uses}(store, {number})\n")
        (folder / f"module_{number}.py").write_text("".join(text))
    path = root / "orders.py"
    path.write_text(long_file())
    return path


class Editor(Client):
    """A client with one document that it edits."""

    def begin(self, path: Path) -> None:
        self.uri = path.as_uri()
        self.mine = OpenDocument(self.uri, str(path), "python", 1, list(split_lines(path.read_text())))
        self.show(self.uri, path.read_text())

    def write(self, line: int, column: int, end: int, text: str) -> None:
        """The characters of a line from `column` to `end` become `text`."""
        at, to = (line, column), (line, end)
        self.mine.apply(self.mine.version + 1, [Edit(text, at, to)])
        self.change(self.uri, self.mine.version, text, at, to)

    def type_over(self, line: int, old: str, new: str) -> tuple[int, int]:
        """Type a word over another one, key by key; where the cursor is then."""
        column = self.mine.lines[line].index(old)
        self.write(line, column, column + len(old), new[0])
        for at, key in enumerate(new[1:], column + 1):
            self.write(line, at, at, key)
        return line, column + len(new)

    def ask_next(self, at: tuple[int, int]) -> Any:
        position = {"line": at[0], "character": at[1]}
        about = {"textDocument": {"uri": self.uri, "version": self.mine.version}, "position": position}
        return self.protocol.send_request_async("assist/nextEdit", about)

    def word_to_edit(self, number: int) -> tuple[int, str, str]:
        """The line, and a name in it with another one: in turn a definition, a parameter and a local name."""
        rng = random.Random(number)
        while True:
            line = rng.randrange(len(self.mine.lines) // FUNCTION) * FUNCTION + (4, 4, 9)[number % 3]
            text = self.mine.lines[line]
            stem = ("load_order_", "key_", "total_")[number % 3]
            if stem in text:
                old = stem + text.partition(stem)[2].partition("(")[0].partition(",")[0].partition(" ")[0]
                return line, old, f"changed_{number}"


async def until_indexed(client: Client, files: int) -> None:
    while True:
        found = await client.workspace_execute_command_async(types.ExecuteCommandParams("assist.index", []))
        if any(each["event"] == "ready" and each["files"] >= files for each in found["events"]):
            return
        await asyncio.sleep(0.5)


def spread(values: Sequence[float]) -> dict[str, float]:
    shares = {"p50": 0.5, "p95": 0.95, "max": 1.0}
    return {"n": len(values), **{name: round(percentile(values, at), 1) for name, at in shares.items()}}


async def measure_answers(client: Editor, edits: int) -> dict[str, Any]:
    """Type names over others, and ask with the last key."""
    took: list[float] = []
    kinds: dict[str, int] = {}
    empty = 0
    for number in range(edits + 3):
        at = client.type_over(*client.word_to_edit(number))
        start = time.perf_counter()
        found = await client.ask_next(at)
        if number >= 3:  # the first ones load the grammar
            took.append(1e3 * (time.perf_counter() - start))
            empty += not found.edits
            for each in found.edits:
                kinds[each.kind] = kinds.get(each.kind, 0) + 1
        await asyncio.sleep(0.05)
    return {"key to answer ms": spread(took), "offers": dict(sorted(kinds.items())), "without offer": empty}


async def measure_waiting(client: Editor, edits: int) -> dict[str, Any]:
    """Edit other documents while an offer is looked for: from sending each edit until it is applied.

    The same without any search tells what the way itself takes.
    """
    rng = random.Random(4)
    uris = [f"file:///elsewhere/{number}.py" for number in range(OTHERS)]
    for uri in uris:
        client.show(uri, "x = 1\n")
    found: dict[str, list[float]] = {"idle": [], "searching": []}
    version = 1
    for number in range(edits):
        for when in found:
            if when == "searching":
                busy = client.ask_next(client.type_over(*client.word_to_edit(1_000 + number)))
            version += 1
            sent = {}
            for uri in uris:
                await asyncio.sleep(rng.random() * GAP)
                sent[uri] = time.monotonic()
                client.change(uri, version, "y", (0, 0), (0, 0))
            documents = await client.documents()
            found[when] += [1e3 * (documents[uri]["applied"] - at) for uri, at in sent.items()]
        await asyncio.wait([asyncio.ensure_future(busy)])
        await asyncio.sleep(0.05)
    return {f"edit applied ms, {when}": spread(values) for when, values in found.items()}


async def measure_idling(client: Editor, edits: int) -> dict[str, Any]:
    """Wait, with an offer on the screen, until everything is done, then ten seconds more."""
    client.type_over(*client.word_to_edit(edits + 5_000))
    await asyncio.sleep(2)
    await quiet(client.pid)
    before = cpu_seconds(client.pid)
    await asyncio.sleep(10)
    used = cpu_seconds(client.pid) - before
    return {
        "idle CPU s in 10 s": round(used, 3),
        "memory MB": psutil.Process(client.pid).memory_info().rss >> 20,
    }


async def measure_history(client: Editor, edits: int) -> dict[str, Any]:
    """Make 10,000 random edits of the long file in this process, without the editor or the server."""
    del client, edits
    lines = split_lines(long_file())
    document = OpenDocument("u", "u", "python", 1, list(lines))
    history = EditHistory()
    rng = random.Random(5)
    took = []
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for version in range(2, 10_002):
        line = rng.randrange(len(document.lines))
        edit = Edit(rng.choice(["x", "name", "a\nb", ""]), (line, 0), (line, rng.choice([0, 0, 1, 30])))
        start = time.perf_counter()

        def foresee(first: Cursor, last: Cursor, text: str) -> None:
            history.foresee("u", document.lines, first, last, text)

        document.apply(version, [edit], foresee)
        took.append(1e3 * (time.perf_counter() - start))
    kept = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    return {"history KB after 10,000 edits": kept >> 10, "edit and history ms": spread(took)}


PARTS: dict[str, Callable[[Editor, int], Awaitable[dict[str, Any]]]] = {
    "answers": measure_answers,
    "waiting": measure_waiting,
    "idling": measure_idling,
    "history": measure_history,
}


async def run(files: int, edits: int, names: Sequence[str]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "space"
        path = make_workspace(root, files)
        (Path(folder) / "config").mkdir()
        (Path(folder) / "config" / "config.toml").write_text('[completion]\nmode = "eager"\n')
        environ = {"ASSIST_CONFIG_DIR": f"{folder}/config", "ASSIST_DATA_DIR": f"{folder}/data"}
        async with serving(environ, folders=[root], make=Editor) as client:
            assert isinstance(client, Editor)
            await until_indexed(client, files)
            client.begin(path)
            await quiet(client.pid)
            return {name: await PARTS[name](client, edits) for name in names}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=FILES, help="of the workspace")
    parser.add_argument("--edits", type=int, default=EDITS, help="that are timed")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument(
        "parts", nargs="*", type=known_part(PARTS), default=list(PARTS), help=", ".join(PARTS)
    )
    options = parser.parse_args()
    figures = asyncio.run(run(options.files, options.edits, options.parts))
    show_parts(figures, as_json=options.json)


if __name__ == "__main__":
    main()
