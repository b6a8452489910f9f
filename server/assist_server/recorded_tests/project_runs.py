"""Commands in a copy of a workspace, in the sandbox where there is one, else as plain processes.

A plain process runs with the user's rights in a temporary copy and home: that is said before, and asked. The
class owns the copy; what it leaves is deleted at the end, also of a run that is cancelled.
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from assist_context.files.git_repository import Git
from assist_server.recorded_tests.working_copy import copy_workspace
from assist_server.sandbox.limits import STOPPED, SandboxLimits
from assist_server.sandbox.sandbox import NoSandboxError, SandboxRun, run
from assist_server.sandbox.test_command import TestCommand
from assist_server.sandbox.tree_copy import changed_file, remove_tree

OUTPUT = 4 << 20  # bytes of what calls came to
LIMITS = SandboxLimits(seconds=20.0, tail=OUTPUT)
_TICK = 0.05
# Python takes a compiled file for fresh if its source has the same second and size: two attempts may have.
_FRESH = {"PYTHONDONTWRITEBYTECODE": "1"}
_PREFIX = "assist-run-"
_LEFT = re.compile(rf"{_PREFIX}(?P<process>\d+)-\w+")


@dataclass(frozen=True, slots=True)
class ProjectRunner:
    """How a workspace's code is run: its command for tests, and whether a sandbox confines it."""

    root: Path
    command: TestCommand
    confined: bool
    git: Git


def has_sandbox(folder: Path) -> bool:
    """Whether this system can confine a command; tried with one that does nothing."""
    try:
        run(["true"], folder, SandboxLimits(seconds=5.0), {})
    except (NoSandboxError, RuntimeError):
        return False
    return True


class ProjectCopy:
    """A copy of a workspace in which commands run, one at a time. To be closed."""

    def __init__(self, runner: ProjectRunner, opened: Mapping[str, str], stop: Callable[[], bool]) -> None:
        self.runner = runner
        self.stop = stop
        _remove_left_copies()
        self._place = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
        with ExitStack() as undo:
            undo.callback(self.close)
            self.tree = copy_workspace(runner.root, self._place / "tree", runner.git, opened, stop)
            undo.pop_all()

    @property
    def seen_at(self) -> Path:
        """The path at which a command sees the copy."""
        return self.runner.root.resolve() if self.runner.confined else self.tree

    def run(
        self,
        words: Sequence[str],
        seconds: float,
        environ: Mapping[str, str] | None = None,
        command: TestCommand | None = None,
    ) -> SandboxRun:
        """Run a command in the copy; what it changes there is dropped, in the sandbox.

        It sees what the runner's command sees, or another `command`.
        """
        limits = replace(LIMITS, seconds=seconds)
        command = command or self.runner.command
        variables = {**command.environ, **(environ or {}), **_FRESH}
        if self.runner.confined:
            return run(words, self.tree, limits, variables, command.view, self.stop)
        top = str(self.runner.root.resolve())  # where the command keeps what it builds
        variables = {
            name: value if name == "PATH" else value.replace(top, str(self.tree))
            for name, value in variables.items()
        }
        return _plain_run(words, self.tree, limits, variables, self._place, self.stop)

    @contextmanager
    def files(self, texts: Mapping[str, str]) -> Iterator[None]:
        """Other texts of files of the copy, or new files, for as long as the context is open."""
        with ExitStack() as undo:
            for path, text in texts.items():
                file = self.tree / path
                if file.is_file():
                    undo.enter_context(changed_file(self.tree, path, text))
                else:
                    file.parent.mkdir(parents=True, exist_ok=True)
                    undo.callback(file.unlink, missing_ok=True)
                    file.write_text(text, encoding="utf-8", errors="replace")
            yield

    def close(self) -> None:
        """Delete the copy."""
        with suppress(OSError):
            remove_tree(self._place)


def _remove_left_copies() -> None:
    """Delete the user's copies whose process was killed, so that it could not; where processes are listed."""
    if not Path("/proc/self").exists():
        return
    with suppress(OSError), os.scandir(tempfile.gettempdir()) as entries:
        for entry in entries:
            match = _LEFT.fullmatch(entry.name)
            if match and entry.is_dir(follow_symlinks=False) and entry.stat().st_uid == os.getuid():
                with suppress(OSError):
                    if not Path("/proc", match["process"]).exists():
                        remove_tree(Path(entry.path))


def _plain_run(
    words: Sequence[str],
    tree: Path,
    limits: SandboxLimits,
    environ: Mapping[str, str],
    place: Path,
    stop: Callable[[], bool],
) -> SandboxRun:
    """A process of the user in the copy, with a home and a folder for temporary files of its own."""
    folders = {name: place / name for name in ("home", "tmp")}
    for folder in folders.values():
        folder.mkdir(exist_ok=True)
    home, temporary = map(str, folders.values())
    sources = [str(tree / "src"), str(tree)]  # before an installation that leads to the workspace itself
    own = {"HOME": home, "TMPDIR": temporary, "TEMP": temporary, "TMP": temporary, "LANG": "C.UTF-8"}
    own["PYTHONPATH"] = os.pathsep.join(sources)
    began = time.monotonic()
    with tempfile.TemporaryFile(dir=place) as out:
        try:
            process = subprocess.Popen(
                list(words),
                cwd=tree,
                env={**environ, **own},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=sys.platform != "win32",
            )
        except OSError as error:
            return SandboxRun(127, "exited", 0.0, str(error))
        try:
            while process.poll() is None and not stop() and time.monotonic() - began < limits.seconds:
                time.sleep(_TICK)
        finally:
            code = process.poll()
            _kill_all(process)
        out.seek(max(0, out.seek(0, os.SEEK_END) - limits.tail))
        text = out.read().decode("utf-8", "replace")
    seconds = time.monotonic() - began
    if code is None:
        reports = (STOPPED,) if stop() else ()
        return SandboxRun(None, "killed" if reports else "timeout", seconds, text, reports)
    return SandboxRun(code, "exited", seconds, text)


def _kill_all(process: "subprocess.Popen[bytes]") -> None:
    """Kill the process with all that it started and left in its group."""
    if sys.platform == "win32":
        process.kill()
    else:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()
