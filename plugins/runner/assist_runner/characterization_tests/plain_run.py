"""A command that nothing confines, in a copy: with the user's rights, and a home of its own.

It ends with all its processes at a limit of time or output, when it is stopped, or with us: `plain_processes`
has the other side. On Windows a job holds the processes.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from assist_context.indexer.children import held_in_job
from assist_context.programs import find_program, system_variables
from assist_runner.sandbox.limits import NOT_STARTED, STOPPED, TOO_MUCH_OUTPUT, SandboxLimits
from assist_runner.sandbox.sandbox import SandboxRun

_TICK = 0.05
_PATIENCE = 10.0  # seconds in which the keeper ends all that it keeps
# The parts of the system's own library are enough, so that nothing of the user's runs before the command.
_KEEPER = (
    "import sys; sys.path.append(sys.argv[1]); from assist_runner.sandbox.plain_processes import main; main()"
)


def plain_run(
    words: Sequence[str],
    tree: Path,
    limits: SandboxLimits,
    environ: Mapping[str, str],
    place: Path,
    stop: Callable[[], bool],
) -> SandboxRun:
    """Run a command in the copy `tree`; `place` is a folder around it. If it is stopped, it has no code."""
    began = time.monotonic()
    reason = ""
    with tempfile.TemporaryFile(dir=place) as out:
        try:
            process = _start(words, tree, {**environ, **_own_variables(place)}, out)
        except OSError as error:
            return SandboxRun(NOT_STARTED, "exited", 0.0, str(error))
        with process, held_in_job(process):
            try:
                while process.poll() is None and not reason and time.monotonic() - began < limits.seconds:
                    time.sleep(_TICK)
                    reason = STOPPED if stop() else ""
                    if os.fstat(out.fileno()).st_size > limits.output:
                        reason = TOO_MUCH_OUTPUT
            finally:
                code = _end(process)
        text = _tail(out, limits.tail)
    seconds = time.monotonic() - began
    if code is None:
        return SandboxRun(None, "killed" if reason else "timeout", seconds, text, (reason,) if reason else ())
    return SandboxRun(code, "exited", seconds, text)


def _own_variables(place: Path) -> dict[str, str]:
    folders = {name: place / name for name in ("home", "tmp")}
    for folder in folders.values():
        folder.mkdir(exist_ok=True)
    home, temporary = map(str, folders.values())
    own = {"HOME": home, "TMPDIR": temporary, "TEMP": temporary, "TMP": temporary, "LANG": "C.UTF-8"}
    if sys.platform != "win32":
        return own
    return own | system_variables() | dict.fromkeys(("USERPROFILE", "APPDATA", "LOCALAPPDATA"), home)


def _start(
    words: Sequence[str], tree: Path, environ: Mapping[str, str], out: IO[bytes]
) -> "subprocess.Popen[bytes]":
    if sys.platform == "win32":
        named = os.path.isabs(words[0])
        program = words[0] if named else find_program(words[0], environ.get("PATH", ""))  # npm is `npm.cmd`
        if program is None:
            raise FileNotFoundError(f"{words[0]} is not on the PATH")
        return subprocess.Popen(
            [program, *words[1:]],
            cwd=tree,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            creationflags=subprocess.CREATE_NO_WINDOW,
        )
    package_root = str(Path(__file__).resolve().parents[2])
    return subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _KEEPER, package_root, *words],
        cwd=tree,
        env=environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=out,
        start_new_session=True,  # a terminal's interrupt is for us
    )


def _end(process: "subprocess.Popen[bytes]") -> int | None:
    """End what still runs; the command's exit code, if it ended before."""
    if process.stdin is None or process.stdout is None:  # Windows
        code = process.poll()
        process.kill()
        return code
    process.stdin.close()
    with suppress(subprocess.TimeoutExpired):
        process.wait(_PATIENCE)
    process.kill()
    said = process.stdout.read()
    return int(said) if said else None


def _tail(out: IO[bytes], most: int) -> str:
    out.seek(max(0, out.seek(0, os.SEEK_END) - most))
    return out.read().decode("utf-8", "replace")
