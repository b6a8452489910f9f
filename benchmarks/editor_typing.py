"""Typing in a real Neovim with other language servers, with and without what they and the libraries know.

    make e2e                                    (or: uv sync --group e2e; it needs tmux too)
    npm install --prefix SERVERS pyright typescript@5 typescript-language-server
    python benchmarks/editor_typing.py --python FOLDER --typescript FOLDER [--servers SERVERS] [--out FILE]

Each FOLDER is a project with what it imports installed (`.venv`, `node_modules`). Both are copied into one
workspace, in which a real Neovim runs with the plugin, a real `assist lsp` with the default model, a server
for Python and one for TypeScript. A typist takes single lines out of one file of each and types them again,
with the pauses of a person, slips, accepts, and the user's own popup after some dots. Everything is drawn by
the seed, so that both runs get the same keys, except those of accepted text: first with `[context] libraries`
and `[completion] editor_knowledge` off, then with both on.

Without --servers it takes ty and typescript-language-server as the tests do, and installs them if needed.
Run nothing else on the machine; on two cores it takes six minutes.

- tokens read a request: what each answered request had to read; those at new places are counted apart.
- cold: from the first request at a place where the cursor was never before, to the first answer there.
- edit applied: from sending a change until the server has it, on the same clock.
- lists from other servers: what the plugin asked them for assist, without the user's own popup.
- idle: processor time of `assist lsp` and its indexer, in clock ticks of /proc, over 30 s without a key.
"""

import argparse
import json
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from assist_completion.model_store.store import resolve
from assist_completion.settings import DEFAULT_MODEL, is_path
from assist_server.config.config import load_lenient
from assist_server.local_model.opening import speed_file, store_of
from bench.editors.neovim_typist import WATCH, NeovimTypist
from bench.processes import cpu_ticks
from bench.provenance import provenance, write
from bench.typing.editor_figures import side_by_side, typing_figures
from bench.typing.real_code import SUFFIXES, copy_project, trace_of

# After what found the tests' own modules.
import editors_neovim  # isort: skip
from editors_cache import cache  # isort: skip
from editors_servers import python_server, typescript_server  # isort: skip
from neovim_editor import SETUP, Editor, running_neovim  # isort: skip

RUNS = {"off": False, "on": True}
IDLE = 30.0  # seconds
START, REST = 120.0, 45.0  # seconds to wait for the model, and for everything to be quiet
QUIET = 2.0  # seconds without work
END = 20.0  # seconds for what Neovim started, to end after it
ATTACH = """
vim.api.nvim_create_autocmd('FileType', {{ pattern = '{language}', callback = function(event)
  vim.lsp.start({{ name = 'other {language}', cmd = {{ {command} }}, root_dir = '{root}', settings = {{
    python = {{ pythonPath = '{root}/.venv/bin/python' }},
  }} }}, {{ bufnr = event.buf }})
end }})
"""
MOVE = "vim.cmd('stopinsert')"


@dataclass(frozen=True, slots=True)
class TypingDesk:
    """Where everything is: the workspace, one folder for each language in it, and the servers' commands."""

    space: Path
    servers: dict[str, list[str]]
    neovim: Path
    seed: int
    visits: int

    def setup(self) -> str:
        """What the user's init.lua says."""
        attach = [
            ATTACH.format(
                language=name, command=", ".join(map(repr, command)), root=(self.space / name).as_posix()
            )
            for name, command in self.servers.items()
        ]
        return "\n".join([*attach, SETUP, WATCH])


def tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def servers_of(folder: Path | None) -> dict[str, list[str]]:
    """The command of each language's server: from a folder of npm, else those of the tests."""
    if folder is None:
        return {"python": python_server(), "typescript": typescript_server()}
    modules = folder.resolve() / "node_modules"
    programs = {
        "python": modules / "pyright/langserver.index.js",
        "typescript": modules / "typescript-language-server/lib/cli.mjs",
    }
    for program in programs.values():
        if not program.exists():
            sys.exit(f"editor_typing.py: there is no {program}")
    return {name: ["node", str(program), "--stdio"] for name, program in programs.items()}


@contextmanager
def desk_of(options: argparse.Namespace) -> Iterator[TypingDesk]:
    """A workspace with a copy of both projects."""
    neovim = editors_neovim.install_one(cache(editors_neovim.__file__), editors_neovim.VERSIONS[-1])
    with tempfile.TemporaryDirectory(prefix="typing-") as folder:
        space = Path(folder) / "space"
        (space / ".git").mkdir(parents=True)
        for name in SUFFIXES:
            copy_project(getattr(options, name), space / name)
        yield TypingDesk(space, servers_of(options.servers), neovim, options.seed, options.visits)


def environ_of(folder: Path, model: Path, *, knows: bool) -> dict[str, str]:
    """Settings and data of their own for a run; the measured speed of this machine is kept."""
    config, data = folder / "config", folder / "data"
    config.mkdir(parents=True)
    data.mkdir()
    word = str(knows).lower()
    (config / "config.toml").write_text(
        f"[completion]\nmodel = {json.dumps(str(model))}\neditor_knowledge = {word}\n\n"
        f"[context]\nlibraries = {word}\n",
        encoding="utf-8",
    )
    if (known := speed_file(load_lenient())).exists():
        shutil.copy(known, data)
    return {"ASSIST_CONFIG_DIR": str(config), "ASSIST_DATA_DIR": str(data), "ASSIST_OFFLINE": "1"}


def rest(editor: Editor) -> None:
    """Wait until nothing that this Neovim started computes any more, for a limited time."""
    began = time.monotonic()
    used = -1
    since = began
    neovim = psutil.Process(editor.lua("return vim.fn.getpid()"))
    while time.monotonic() - since < QUIET:
        now = cpu_ticks(neovim.children(recursive=True))
        if now != used:
            used = now
            since = time.monotonic()
        if time.monotonic() - began > REST:
            tell(f"  still not quiet after {REST:.0f} s, going on")
            return
        time.sleep(0.2)
    tell(f"  quiet after {time.monotonic() - began:.0f} s")


def idle_figures(editor: Editor) -> dict[str, Any]:
    """What `assist lsp` and its children use while no key is typed."""
    editor.lua(MOVE)
    rest(editor)
    (server,) = editor.servers()
    children = server.children(recursive=True)
    before = [cpu_ticks(processes) for processes in ([server], children)]
    tell(f"  idle for {IDLE:.0f} s")
    time.sleep(IDLE)
    own, others = (
        cpu_ticks(processes) - used for processes, used in zip(([server], children), before, strict=True)
    )
    return {
        "seconds": IDLE,
        "ticks of the server": own,
        "ticks of its children": others,
        "memory, MB": server.memory_info().rss >> 20,
    }


def run(desk: TypingDesk, name: str, environ: dict[str, str]) -> dict[str, Any]:
    """The figures of one run, by language, and of the rest afterwards."""
    files = {}
    for language in desk.servers:
        files[language] = trace_of(desk.space / language, language, desk.visits, desk.seed)
    first = next(iter(files.values()))[0]
    figures: dict[str, Any] = {}
    started: list[psutil.Process] = []
    tell(f"sources {name}: Neovim starts")
    with running_neovim(desk.neovim, desk.space, environ, desk.setup(), first) as editor:
        editor.until("return require('assist').status():find('ready')", "the model", START)
        for language, (path, trace, meant) in files.items():
            editor.command(f"edit {path}")
            count = "return #vim.lsp.get_clients({ bufnr = 0, method = 'textDocument/completion' })"
            editor.until(f"{count} > 0", f"the server for {language}", START)
            rest(editor)
            figures[language] = typing_figures(NeovimTypist(editor, desk.seed).play(trace, meant))
        started = psutil.Process(editor.lua("return vim.fn.getpid()")).children(recursive=True)
        said = editor.lua("return require('assist.client').said")
        figures["rest"] = {
            **idle_figures(editor),
            "libraries outlined": said.get("libraries", 0),
            "the editor is asked": said.get("editor_knowledge", ""),
        }
    for process in psutil.wait_procs(started, timeout=END)[1]:
        process.kill()
    return figures


def main() -> None:
    options = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what was started is ended
    config = load_lenient()
    model = Path(options.model) if is_path(options.model) else resolve(store_of(config), options.model)
    header = provenance(model)
    began = time.monotonic()
    found = {}
    with desk_of(options) as desk:
        for name, knows in RUNS.items():
            environ = environ_of(desk.space.parent / name, model.resolve(), knows=knows)
            found[f"sources {name}"] = run(desk, name, environ)
    tell(f"took {time.monotonic() - began:.0f} s")
    if options.out:
        write(options.out, header, {"runs": found})
    print(side_by_side(found))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--python", type=Path, required=True, help="a Python project with a .venv")
    parser.add_argument(
        "--typescript", type=Path, required=True, help="a TypeScript project with node_modules"
    )
    parser.add_argument("--servers", type=Path, help="a folder where npm has installed the language servers")
    parser.add_argument("--model", default=DEFAULT_MODEL, help="a name of `assist models list`, or a .gguf")
    parser.add_argument("--visits", type=int, default=5, help="new places in each file; default: 5")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, help="write results and their provenance here")
    return parser.parse_args()


if __name__ == "__main__":
    main()
