"""Runs a command on a copy of a repository so that whatever the command does harms nothing outside.

It has no network, sees the system's programs, the copy, an empty home and what the caller names, changes
nothing that outlives it, and ends with all its processes when the first one ends, at a limit, or with us.
Only Linux can do this: namespaces of an ordinary user, an overlay over the copy, and a filter of system
calls. This module knows no test; `private_root` and `processes` have the other side.
"""

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal

try:
    import pwd
except ImportError:  # Windows
    pwd = None  # type: ignore[assignment]

from assist_runner.sandbox.limits import (
    NO_MEMORY,
    NO_ROOM,
    STOPPED,
    TIMED_OUT,
    ConfinementPlan,
    SandboxLimits,
    plan_line,
)
from assist_server.errors import UserError

StopCheck = Callable[[], bool]
RunEnd = Literal["exited", "timeout", "memory", "killed"]

_TICK_MS = 50  # between two checks of `stop`
_MORE_SECONDS = 15.0  # after the time limit: a warden that has not killed by then never will
DEFAULT_PATH = "/usr/local/bin:/usr/bin:/bin"
# Folders of a home that no test needs as a whole; what is named in them, such as an interpreter, is shown.
_PRIVATE = ("", ".local/share", ".local/state", ".config", ".cache", ".ssh", ".gnupg")
_OWN_HOME = "/home/tester"  # if the user has none, or it is a folder of the system
# The parts of the system's own library are enough, so that nothing of the user's runs outside the sandbox.
_START = "import sys; sys.path.append(sys.argv[1]); from assist_runner.sandbox.processes import main; main()"
_ENDS: Mapping[str, RunEnd] = {TIMED_OUT: "timeout", NO_MEMORY: "memory"}


class NoSandboxError(UserError):
    """This system cannot confine a command, so nothing was run."""


@dataclass(frozen=True, slots=True)
class SandboxView:
    """What a command sees of the files, next to the system's programs and its copy of the repository.

    `readable` are files and folders that are shown at their own paths and cannot be changed, such as an
    interpreter or installed packages. `place` is the path at which the copy is shown: the repository's own,
    so that installed packages that point to the repository mean the copy. `folders` are folders of the copy,
    such as a build's, in which changes are kept for the next run; all other changes are dropped.
    """

    readable: tuple[Path, ...] = ()
    place: Path | None = None
    folders: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SandboxRun:
    """How a command ended: `code` is its exit status, None if it was killed.

    `seconds` is the time it took, `output` the end of what it printed, and `reports` say in words which
    limits it reached. A command that does not exist has the code 127.
    """

    code: int | None
    ended: RunEnd
    seconds: float
    output: str
    reports: tuple[str, ...] = ()


def never() -> bool:
    """Lets a run go on until it ends."""
    return False


PLAIN_VIEW = SandboxView()


def run(
    command: Sequence[str],
    tree: Path,
    limits: SandboxLimits,
    environ: Mapping[str, str],
    view: SandboxView = PLAIN_VIEW,
    stop: StopCheck = never,
) -> SandboxRun:
    """Run a command in a copy of a repository. It sees the variables in `environ` and of its home.

    The copy stays as it is. Raises NoSandboxError, and then nothing was run. A call that ends early, by
    `stop` or by any exception, has killed every process.
    """
    if sys.platform != "linux":
        raise NoSandboxError("Tests run only in a sandbox, which needs Linux: run this in Linux or in WSL 2.")
    plan = _plan(command, tree, limits, environ, view)
    package_root = str(Path(__file__).resolve().parents[2])
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _START, package_root],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd="/",
        env={},
        start_new_session=True,  # a terminal's interrupt is for us
    )
    with process:
        try:
            answer = _follow(process, plan_line(plan), stop, limits.seconds + _MORE_SECONDS)
        finally:
            process.kill()
    return _result(answer)


def _follow(
    process: "subprocess.Popen[bytes]", line: bytes, stop: StopCheck, seconds: float
) -> Mapping[str, Any]:
    """What the warden answers. Its stdin stays open meanwhile: it kills when that is closed."""
    given, output, errors = process.stdin, process.stdout, process.stderr
    assert given is not None and output is not None and errors is not None  # noqa: S101, PT018  # asked for
    until = time.monotonic() + seconds
    with suppress(BrokenPipeError):  # it has ended already, and says why
        given.write(line)
        given.flush()
    texts = {output.fileno(): b"", errors.fileno(): b""}
    poll = select.poll()
    for descriptor in texts:
        poll.register(descriptor, select.POLLIN)
    left = len(texts)
    while left and not stop() and time.monotonic() < until:
        for descriptor, _ in poll.poll(_TICK_MS):
            data = os.read(descriptor, 65_536)
            texts[descriptor] += data
            if not data:
                poll.unregister(descriptor)
                left -= 1
    answer, trouble = texts.values()
    if answer and not left:
        row: Mapping[str, Any] = json.loads(answer)
        return row
    if trouble and not left:
        raise RuntimeError(f"the sandbox's warden failed:\n{trouble.decode('utf-8', 'replace')}")
    return {"code": None, "reason": "the sandbox was killed" if not left else STOPPED}


def _result(row: Mapping[str, Any]) -> SandboxRun:
    if "problem" in row:
        raise NoSandboxError(
            f"This system cannot confine tests ({row['problem']}), so none was run. They need Linux 5.12 or "
            "newer that lets users make namespaces. If it does not: "
            "`sysctl -w kernel.unprivileged_userns_clone=1` (Debian), "
            "`sysctl -w kernel.apparmor_restrict_unprivileged_userns=0` (Ubuntu), or, in a container, "
            "`--security-opt seccomp=unconfined --security-opt systempaths=unconfined`."
        )
    reason = row.get("reason", "")
    reports = [reason] if reason else []
    if row.get("full") and NO_ROOM not in reports:
        reports.append(NO_ROOM)
    code = row.get("code")
    ended: RunEnd = "exited" if code is not None else _ENDS.get(reason, "killed")
    return SandboxRun(code, ended, row.get("seconds", 0.0), row.get("output", ""), tuple(reports))


def _plan(
    command: Sequence[str], tree: Path, limits: SandboxLimits, environ: Mapping[str, str], view: SandboxView
) -> ConfinementPlan:
    copy = tree.resolve(strict=True)
    home = str(login_home())
    place = Path(os.path.abspath(view.place or copy))
    for folder in view.folders:
        _make_folder(copy, folder)
    readable = [pair for path in view.readable for pair in _places_of(path, home)]
    inner_home = _inner_home(home, place)
    return ConfinementPlan(
        parent=os.getpid(),
        command=tuple(command),
        tree=str(copy),
        place=str(place),
        home=inner_home,
        limits=limits,
        environ=_variables(environ, inner_home),
        readable=tuple(dict.fromkeys(readable)),
        folders=view.folders,
    )


def login_home() -> Path:
    """The home that the system has for this user; no variable moves it."""
    try:
        home = pwd.getpwuid(os.geteuid()).pw_dir if pwd is not None else ""
    except KeyError:  # no user has this number, as in some containers
        home = ""
    return Path(home if os.path.isabs(home) else _OWN_HOME)


def _inner_home(home: str, place: Path) -> str:
    """The path of the empty home: the user's own, where programs look for what is installed there."""
    top = PurePosixPath(home).parts[1:2]
    usual = top in {("root",), ("home",), ("Users",)}
    return home if usual and not Path(home).is_relative_to(place) else _OWN_HOME


def _variables(environ: Mapping[str, str], home: str) -> dict[str, str]:
    """The caller's variables, and those that lead to places that can be written to."""
    folders = {"CACHE": ".cache", "CONFIG": ".config", "DATA": ".local/share", "STATE": ".local/state"}
    own = {f"XDG_{name}_HOME": f"{home}/{folder}" for name, folder in folders.items()}
    temporary = dict.fromkeys(("TMPDIR", "TMP", "TEMP"), "/tmp")  # noqa: S108  # the sandbox has its own
    defaults = {"PATH": DEFAULT_PATH, "LANG": "C.UTF-8", "SHELL": "/bin/sh"}
    return {**defaults, **environ, **own, **temporary, "HOME": home, "USER": "tester", "LOGNAME": "tester"}


def _places_of(path: Path, home: str) -> list[tuple[str, str]]:
    """A path to show, as pairs of what to show and where: where it says, and where its links lead."""
    given, real = os.path.abspath(path), os.path.realpath(path)
    homes = dict.fromkeys((home, os.path.realpath(home)))
    private = [os.path.normpath(f"{home}/{name}") for home in homes for name in _PRIVATE]
    for folder in private:
        if any(Path(folder).is_relative_to(spelling) for spelling in (given, real)):
            raise NoSandboxError(
                f"{path} cannot be shown to tests, because all of {folder} is in it: "
                "name the folders in it that the tests need."
            )
    return [(real, given), (real, real)] if os.path.exists(real) else []


def _make_folder(tree: Path, name: str) -> None:
    """Makes a folder of the copy. Raises NoSandboxError if a link or a file is in its place."""
    folder = tree
    for part in PurePosixPath(name).parts:
        folder = folder / part
        if part == ".." or folder.is_symlink() or (folder.exists() and not folder.is_dir()):
            raise NoSandboxError(
                f"{name} is not a folder in the copy of the repository, so build files cannot be put there."
            )
        folder.mkdir(mode=0o700, exist_ok=True)
