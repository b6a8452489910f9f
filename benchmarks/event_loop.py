"""How long messages hold the language server's event loop: the longest pause of a task that only sleeps.

    uv run python benchmarks/event_loop.py [--json] [PART...]

Each part is a server of its own, without a model and with a team's server that is never reached. "beats" are
the pauses beyond 5 ms of sleep; those of `control`, in which nothing is sent, are the machine's own.
"processor" is the most that the event loop's thread computed between two beats, whatever the machine does.
"answer" is the longest that a request waits which is sent all the while, after the messages before it.
"""

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from lsprotocol import types

from assist_server.config.config import load
from assist_server.lsp.protocol import run_on_stdio
from assist_server.lsp.server import SWITCH, make_server
from bench.editors.lsp_client import Client, serving
from bench.figure_parts import known_part, show_parts

BEAT = 0.005  # seconds between two beats
CONFIG = """
[completion]
model = "/nowhere/missing.gguf"
server = "team"
[servers.team]
kind = "llama.cpp"
base_url = "http://127.0.0.1:9"
model = "qwen2.5-coder-7b"
residency = ["internal"]
[escalation]
mode = "auto"
always_ask = []
[providers.none]
base_url = "http://127.0.0.1:9/v1"
model = "none"
residency = ["public", "internal"]
"""
LINE = "value = compute(1, 2)  # some text here\n"


def serve() -> None:
    """A language server that also counts its event loop's pauses."""
    server = make_server(load())
    beats = [0.0, 0.0]

    async def beat() -> None:
        while True:
            start, used = time.perf_counter(), time.thread_time()
            await asyncio.sleep(BEAT)
            beats[0] = max(beats[0], time.perf_counter() - start - BEAT)
            beats[1] = max(beats[1], time.thread_time() - used)

    @server.command("bench.begin")
    async def begin(*_: Any) -> None:
        server.beat = asyncio.create_task(beat())  # type: ignore[attr-defined]

    @server.command("bench.longest")
    def longest(*_: Any) -> list[float]:
        found = beats.copy()
        beats[:] = 0.0, 0.0
        return found

    sys.setswitchinterval(SWITCH)
    run_on_stdio(server)


class BeatingClient(Client):
    """A client of that server."""

    server = (sys.executable, __file__, "serve")


async def call(client: Client, command: str, *arguments: Any) -> Any:
    params = types.ExecuteCommandParams(command, list(arguments))
    return await client.workspace_execute_command_async(params)


async def folders(client: Client, root: Path) -> None:
    """500 changes of the workspace's folders."""
    folder = [types.WorkspaceFolder(root.as_uri(), "x")]
    for number in range(500):
        event = types.WorkspaceFoldersChangeEvent(*((folder, []) if number % 2 else ([], folder)))
        client.workspace_did_change_workspace_folders(types.DidChangeWorkspaceFoldersParams(event))


async def documents(client: Client, root: Path) -> None:
    """10,000 documents, and then a change of folders."""
    for number in range(10_000):
        client.show(f"{root.as_uri()}/d{number}.py", f"def f{number}():\n    return {number}\n")
    await call(client, "assist.status")
    event = types.WorkspaceFoldersChangeEvent([], [types.WorkspaceFolder(root.as_uri(), "x")])
    client.workspace_did_change_workspace_folders(types.DidChangeWorkspaceFoldersParams(event))


async def large(client: Client, root: Path) -> None:
    """A document of 40 MB, with edits."""
    uri = f"{root.as_uri()}/large.py"
    client.show(uri, LINE * 1_000_000)
    for version in range(2, 30):
        client.change(uri, version, "x", (500_000, 0), (500_000, 0))


async def replacement(client: Client, root: Path) -> None:
    """All of 300,000 lines become others at once, as by a formatter."""
    uri = f"{root.as_uri()}/replaced.py"
    client.show(uri, LINE * 300_000)
    client.change(uri, 2, LINE.upper() * 300_000, (0, 0), (300_000, 0))
    client.change(uri, 3, "", (0, 0), (150_000, 0))
    document = types.VersionedTextDocumentIdentifier(4, uri)
    whole = types.TextDocumentContentChangeWholeDocument(LINE * 300_000)
    client.text_document_did_change(types.DidChangeTextDocumentParams(document, [whole]))


async def diff(client: Client, root: Path) -> None:
    """A review of 300,000 added lines and a line of 2.4 MB."""
    await asyncio.to_thread(_make_diff, root)
    await call(client, "assist.review", {"wish": "frontier", "rev": "HEAD~1..HEAD"})  # loads what it needs
    await asyncio.sleep(5)
    await call(client, "bench.longest")
    await call(client, "assist.review", {"wish": "frontier"})


async def file_events(client: Client, root: Path) -> None:
    """20,000 reports of changed files in one message."""
    changes = [
        types.FileEvent(f"{root.as_uri()}/w{number}.py", types.FileChangeType.Changed)
        for number in range(20_000)
    ]
    client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams(changes))


async def settings(client: Client, _: Path) -> None:
    """300 changes of settings."""
    for number in range(300):
        mode = ("quiet", "eager")[number % 2]
        params = types.DidChangeConfigurationParams({"completion": {"mode": mode}})
        client.workspace_did_change_configuration(params)


async def control(_: Client, __: Path) -> None:
    """Nothing."""


def _prepare(folder: str) -> Path:
    """A workspace, and settings next to it."""
    root = Path(folder, "workspace")
    root.mkdir()
    Path(folder, "config.toml").write_text(CONFIG)
    return root


def _make_diff(root: Path) -> None:
    for arguments in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "one"]):
        _git(root, *arguments)
    (root / "small.py").write_text("x = 1\n")
    _git(root, "add", "-A")
    _git(root, "commit", "-qm", "two")
    (root / "big.py").write_text("".join(f"x{number} = {number}\n" for number in range(300_000)))
    (root / "long.py").write_text("y = '" + "a1B2c3" * 400_000 + "'\n")
    _git(root, "add", "-A")


def _git(root: Path, *arguments: str) -> None:
    own = ("-c", "user.email=a@b.example", "-c", "user.name=A")
    subprocess.run(["git", *own, *arguments], cwd=root, check=True, capture_output=True)  # noqa: S607


async def measure(act: Callable[[Client, Path], Awaitable[None]]) -> dict[str, float]:
    """The longest pause of the server's event loop, and the longest wait for an answer, in milliseconds."""
    with tempfile.TemporaryDirectory() as folder:
        root = _prepare(folder)
        environ = {"ASSIST_CONFIG_DIR": folder, "ASSIST_DATA_DIR": f"{folder}/data"}
        async with serving(environ, make=BeatingClient, folders=[root]) as client:
            await client.until("ready")
            await asyncio.sleep(1)
            await call(client, "bench.begin")
            await call(client, "bench.longest")
            waits: list[float] = []
            asking = asyncio.create_task(_ask(client, waits))
            start = time.perf_counter()
            await act(client, root)
            await call(client, "assist.status")
            took = time.perf_counter() - start
            await asyncio.sleep(5)
            asking.cancel()
            with suppress(asyncio.CancelledError):
                await asking
            beats = await call(client, "bench.longest")
        return {
            "beats ms": round(1e3 * beats[0], 1),
            "processor ms": round(1e3 * beats[1], 1),
            "answer ms": round(1e3 * max(waits, default=0.0), 1),
            "seconds": round(took, 1),
        }


async def _ask(client: Client, waits: list[float]) -> None:
    while True:
        start = time.perf_counter()
        await call(client, "assist.status")
        waits.append(time.perf_counter() - start)
        await asyncio.sleep(0.02)


PARTS = {
    act.__name__: act
    for act in (control, folders, documents, large, replacement, diff, file_events, settings)
}


async def run(names: list[str]) -> dict[str, Any]:
    return {name: await measure(PARTS[name]) for name in names}


def main() -> None:
    if sys.argv[1:] == ["serve"]:
        serve()
        return
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument(
        "parts", nargs="*", type=known_part(PARTS), default=list(PARTS), help=", ".join(PARTS)
    )
    options = parser.parse_args()
    show_parts(asyncio.run(run(options.parts)), as_json=options.json)


if __name__ == "__main__":
    main()
