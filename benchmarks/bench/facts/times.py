"""How long facts take: in this process with a warm index, and as a user has them, from the command line.

The command has a data directory of its own, so no model is there. It prints nothing.
"""

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from assist_context.facts.definition_facts import definition_facts
from bench.facts.claims import document_of, draw
from bench.facts.workspaces import FactWorkspace, workspace_of
from bench.index.monorepo import generate
from bench.index.reading import percentiles
from bench.index.trees import ENVIRON, git

FILES = 10_000  # of the generated workspace
COMMANDS = 12  # definitions of a workspace that are explained from the command line


def large_workspace(data: Path) -> FactWorkspace:
    """A generated repository of 10,000 files, made once."""
    root = data / f"monorepo-{FILES}"
    if not root.exists():
        generate(root, FILES)
        git(root, "init", "--quiet")
        git(root, "add", "--all")
        git(root, "commit", "--quiet", "--message", "All")
    return workspace_of(root, data)


def time_facts(workspace: FactWorkspace, count: int, seed: int) -> dict[str, float]:
    """Milliseconds of the facts of drawn definitions in this process; the first is not counted."""
    return percentiles(list(_times(workspace, count, seed))[1:])


def _times(workspace: FactWorkspace, count: int, seed: int) -> Iterator[float]:
    for at in draw(workspace, count, seed):
        document = document_of(workspace, at.path)
        start = time.perf_counter()
        definition_facts(workspace.corpus, document, at)
        yield 1e3 * (time.perf_counter() - start)


def time_command(workspace: FactWorkspace, seed: int) -> dict[str, float]:
    """Milliseconds of `assist explain PATH:LINE --facts`, from its start to its end, with a warm index."""
    home = workspace.root.parent / "home"
    home.mkdir(exist_ok=True)
    environ = {**ENVIRON, "HOME": str(home), "XDG_DATA_HOME": str(home)}
    targets = [f"{at.path}:{at.start_line}" for at in draw(workspace, COMMANDS + 1, seed)]
    return percentiles([_run(workspace.root, target, environ) for target in targets][1:])


def _run(root: Path, target: str, environ: dict[str, str]) -> float:
    command: Sequence[Any] = [Path(sys.executable).with_name("assist"), "explain", target, "--facts"]
    start = time.perf_counter()
    subprocess.run(command, cwd=root, env=environ, check=True, capture_output=True)
    return 1e3 * (time.perf_counter() - start)
