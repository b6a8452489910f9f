"""Commands in a copy of a workspace, in the sandbox where there is one, else as plain processes.

A plain process runs with the user's rights in a temporary copy and home: that is said before, and asked. The
class owns the copy; what it leaves is deleted at the end, also of a run that is cancelled.
"""

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from assist_context.files.git_repository import Git
from assist_runner.characterization_tests.plain_run import plain_run
from assist_runner.characterization_tests.working_copy import copy_workspace
from assist_runner.sandbox.go_cache import GO_CACHE, seed_go_cache
from assist_runner.sandbox.limits import SandboxLimits
from assist_runner.sandbox.sandbox import NoSandboxError, SandboxRun, login_home, run
from assist_runner.sandbox.test_command import TestCommand
from assist_runner.sandbox.tree_copy import changed_file, remove_tree
from assist_server.errors import UserError

OUTPUT = 4 << 20  # bytes of what calls came to
LIMITS = SandboxLimits(seconds=20.0, tail=OUTPUT)
# Python takes a compiled file for fresh if its source has the same second and size: two attempts may have. So
# only the files as they are get compiled for later runs, which saves 2 of 2.7 s of a run of pytest.
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

    def __init__(
        self,
        runner: ProjectRunner,
        opened: Mapping[str, str],
        stop: Callable[[], bool],
        tree: Path | None = None,
    ) -> None:
        """`tree` is a copy of the workspace that is copied again."""
        self.runner = runner
        self.stop = stop
        self._changed = 0  # how many changes of files are open
        _remove_left_copies()
        self._place = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
        with ExitStack() as undo:
            undo.callback(self.close)
            if tree is not None:
                self.tree = Path(shutil.copytree(tree, self._place / "tree", symlinks=True))
            else:
                self.tree = copy_workspace(runner.root, self._place / "tree", runner.git, opened, stop)
                if GO_CACHE in runner.command.view.folders:
                    seed_go_cache(self.tree, login_home() / ".cache" / "go-build", stop)
            undo.pop_all()

    def twin(self) -> "ProjectCopy":
        """Another copy with the same files and with what runs have built so far. To be closed as well."""
        return ProjectCopy(self.runner, {}, self.stop, self.tree)

    def paths(self) -> tuple[str, ...]:
        """The files of the copy."""
        files = (path for path in self.tree.rglob("*") if path.is_file())
        return tuple(path.relative_to(self.tree).as_posix() for path in files)

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
        variables = {**command.environ, **(environ or {}), **(_FRESH if self._changed else {})}
        if self.runner.confined:
            return run(words, self.tree, limits, variables, command.view, self.stop)
        top = str(self.runner.root.resolve())  # where the command keeps what it builds
        variables = {
            name: value if name == "PATH" else value.replace(top, str(self.tree))
            for name, value in variables.items()
        }
        return plain_run(words, self.tree, limits, variables, self._place, self.stop)

    @contextmanager
    def files(self, texts: Mapping[str, str]) -> Iterator[None]:
        """Other texts of files of the copy, or new files, for as long as the context is open."""
        self._changed += 1
        with ExitStack() as undo:
            undo.callback(self._forget_change)
            for path, text in texts.items():
                file = self.tree / path
                if file.is_file():
                    undo.enter_context(changed_file(self.tree, path, text))
                elif not Path(os.path.realpath(file)).is_relative_to(os.path.realpath(self.tree)):
                    raise UserError(f"{path} is not a file of the copy: a link leads out of it.")
                else:
                    file.parent.mkdir(parents=True, exist_ok=True)
                    undo.callback(file.unlink, missing_ok=True)
                    file.write_bytes(text.encode("utf-8", "replace"))
            yield

    def keep(self, texts: Mapping[str, str]) -> None:
        """Other texts of files of the copy, or new files, until the copy is deleted."""
        for path, text in texts.items():
            file = self.tree / path
            if not Path(os.path.realpath(file)).is_relative_to(os.path.realpath(self.tree)):
                raise UserError(f"{path} is not a file of the copy: a link leads out of it.")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text.encode("utf-8", "replace"))

    def _forget_change(self) -> None:
        self._changed -= 1

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
