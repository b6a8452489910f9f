"""The command line as a user runs it, with directories of its own: in this process, or in one of its own."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import pytest
from typer.main import get_command

from assist_server.cli import main
from assist_server.cli.app import command_line

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


def runner(folder: Path, environ: Mapping[str, str]) -> Assist:
    """A function that runs `assist ARGUMENTS` in `folder`, in this process: that takes no second to start.

    The command has handles 0 to 2 of its own, as its child processes have, and an error that it does not
    expect ends the test.
    """

    def run(*arguments: str, stdin: str = "") -> Done:
        reads, writes = os.pipe()
        assert os.write(writes, stdin.encode()) == len(stdin.encode())
        os.close(writes)
        with TemporaryFile() as out, TemporaryFile() as err:
            code = _code_of(folder, environ, arguments, (reads, out.fileno(), err.fileno()))
            os.close(reads)
            out.seek(0)
            err.seek(0)
            return Done(code, _text(out.read()), _text(err.read()))

    return run


def run_at_terminal(folder: Path, environ: Mapping[str, str], arguments: Sequence[str], typed: str) -> Done:
    """Run a command whose stdin and stderr are a terminal; `err` is what the terminal shows."""
    import pty  # noqa: PLC0415 - there is none on Windows

    ours, theirs = pty.openpty()
    os.write(ours, typed.encode())
    with TemporaryFile() as out:
        code = _code_of(folder, environ, arguments, (theirs, out.fileno(), theirs))
        out.seek(0)
        printed = _text(out.read())
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):  # Linux says so at the end of what a closed terminal showed
        while piece := os.read(ours, 65_536):
            shown += piece
    os.close(ours)
    return Done(code, printed, _text(shown))


def _text(printed: bytes) -> str:
    """What was printed, with the line ends of this machine, or of a terminal, as "\\n"."""
    return printed.decode().replace("\r\n", "\n")


def _code_of(
    folder: Path, environ: Mapping[str, str], arguments: Sequence[str], handles: Sequence[int]
) -> int:
    """The exit code of a command that has these handles as its stdin, stdout and stderr."""
    streams, kept = (sys.stdin, sys.stdout, sys.stderr), [os.dup(handle) for handle in range(3)]
    with contextlib.ExitStack() as after, pytest.MonkeyPatch.context() as patch:
        for number, handle in enumerate(handles):
            os.dup2(handle, number)
            after.callback(os.close, kept[number])
            after.callback(os.dup2, kept[number], number)
        sys.stdin, sys.stdout, sys.stderr = [
            after.enter_context(open(number, mode, encoding="utf-8", closefd=False))
            for number, mode in enumerate("rww")
        ]
        for name, value in {"COLUMNS": "80", **environ}.items():
            patch.setenv(name, value)
        patch.chdir(folder)
        try:
            return main.run(list(arguments))
        except SystemExit as end:
            return int(end.code or 0)
        finally:
            sys.stdin, sys.stdout, sys.stderr = streams


def process_runner(folder: Path, environ: Mapping[str, str]) -> Assist:
    """The same in a process of its own, which the subject of a few tests needs. It never prints a traceback."""

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
        result = Done(done.returncode, _text(done.stdout), _text(done.stderr))
        assert "Traceback" not in result.err
        return result

    return run


def started(
    folder: Path,
    environ: Mapping[str, str],
    *arguments: str,
    stdin: int = subprocess.DEVNULL,
    command: Sequence[str] = COMMAND,
) -> "subprocess.Popen[bytes]":
    """Start a command, of the program `command`, in a process of its own that can be interrupted.

    A shell starts its background jobs with SIGINT ignored, and children inherit that.
    """
    return subprocess.Popen(
        [*command, *arguments],
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=folder,
        env={**os.environ, **environ},
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )


def commands(*, offline: bool = False, groups: bool = False) -> Iterator[tuple[str, ...]]:
    """All commands of the command line, or those that take --offline; with their groups if asked for."""

    def below(command: Any, name: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        inner = getattr(command, "commands", {})
        flags = {flag for parameter in command.params for flag in parameter.opts}
        if (groups or not inner or command.invoke_without_command) and (not offline or "--offline" in flags):
            yield name
        for word, made in inner.items():
            yield from below(made, (*name, word))

    return below(get_command(command_line()), ())
