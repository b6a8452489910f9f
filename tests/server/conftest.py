"""The command line as a user runs it: a process of its own, with directories of its own."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

COMMAND = [sys.executable, "-P", "-m", "assist_server"]
GUARD = """
import sys
def refuse(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"):
        sys.stderr.write(f"Traceback: {event} {arguments}")
        raise RuntimeError(event)
sys.addaudithook(refuse)
"""
PATIENCE = 240  # seconds; enough for a speed probe and a demo on a busy machine


@dataclass(frozen=True, slots=True)
class Done:
    """The exit code and the output of a command."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Assist = Callable[..., Done]


def run_at_terminal(
    folder: Path, env: Mapping[str, str], arguments: Sequence[str], typed: str
) -> tuple[str, str]:
    """Run a command whose stdin and stderr are a terminal: what it printed, and what the terminal shows."""
    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        [*COMMAND, *arguments],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=theirs,
        cwd=folder,
        env={**os.environ, **env},
    )
    os.write(ours, typed.encode())
    printed, _ = child.communicate(timeout=100)
    shown = os.read(ours, 60_000).decode().replace("\r\n", "\n")
    os.close(ours)
    os.close(theirs)
    return printed.decode(), shown


def runner(folder: Path, environ: Mapping[str, str]) -> Assist:
    """A function that runs `assist ARGUMENTS` in `folder`. No command may ever print a traceback."""

    def run(*arguments: str, stdin: str = "") -> Done:
        done = subprocess.run(
            [*COMMAND, *arguments],
            input=stdin.encode(),
            capture_output=True,
            cwd=folder,
            env={**os.environ, "COLUMNS": "80", **environ},
            timeout=PATIENCE,
            check=False,
        )
        result = Done(done.returncode, done.stdout.decode(), done.stderr.decode())
        assert "Traceback" not in result.err
        return result

    return run


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """The environment of a machine on which assist was never used."""
    return {"ASSIST_CONFIG_DIR": str(tmp_path / "config"), "ASSIST_DATA_DIR": str(tmp_path / "data")}


@pytest.fixture
def assist(tmp_path: Path, home: dict[str, str]) -> Assist:
    """The command on such a machine."""
    return runner(tmp_path, home)


@pytest.fixture
def assist_without_sockets(tmp_path: Path, home: dict[str, str]) -> Assist:
    """The same, but any use of a socket, also in child processes, ends in a traceback."""
    (tmp_path / "guard").mkdir()
    (tmp_path / "guard" / "sitecustomize.py").write_text(GUARD)
    return runner(tmp_path, {**home, "PYTHONPATH": str(tmp_path / "guard")})


@pytest.fixture
def ready_assist(tmp_path: Path, environ: Mapping[str, str]) -> Assist:
    """The command with the real model, already measured. Suggestions are shown whatever their score."""
    return runner(tmp_path, environ)
