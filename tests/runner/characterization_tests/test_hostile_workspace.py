"""A workspace that strangers wrote: its copy holds no other file, and nothing of a run stays or outlives it."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from contextlib import suppress
from pathlib import Path

import pytest

from assist_context.files.git_repository import Git
from assist_runner.characterization_tests.plain_run import plain_run
from assist_runner.characterization_tests.project_runs import ProjectCopy, ProjectRunner
from assist_runner.sandbox.limits import SandboxLimits
from assist_runner.sandbox.test_command import TestCommand
from assist_server.config.run_consent import RunRequest, consent_lines

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs links and process groups")
GIT = Git({"PATH": os.defpath})
PYTHON = TestCommand((sys.executable, "-c", ""), "own")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    place = tmp_path / "project"
    place.mkdir()
    (place / "sums.py").write_text("ONE = 1\n")
    subprocess.run(["git", "init", "-q"], cwd=place, check=True)
    return place


def copy_of(root: Path, **opened: str) -> ProjectCopy:
    texts = {f"{name}/open.py": text for name, text in opened.items()}
    return ProjectCopy(ProjectRunner(root, PYTHON, False, GIT), texts, lambda: False)


def track_behind_link(root: Path, outside: Path) -> None:
    """Let git track `data/notes.txt`, and then lead `data` out of the workspace."""
    (root / "data").mkdir()
    (root / "data" / "notes.txt").write_text("none")
    subprocess.run(["git", "add", "."], cwd=root, check=True)
    (root / "data" / "notes.txt").unlink()
    (root / "data").rmdir()
    (root / "data").symlink_to(outside)


def test_the_copy_has_no_file_from_outside(root: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "notes.txt").write_text("a secret of another project")
    track_behind_link(root, outside)
    (root / "link.txt").symlink_to("../outside/notes.txt")
    copy = copy_of(root)
    try:
        assert (copy.tree / "sums.py").is_file()
        texts = [path.read_text() for path in copy.tree.rglob("*") if path.is_file()]
        assert not any("secret" in text for text in texts)
    finally:
        copy.close()


def test_no_link_of_the_copy_leads_back_to_the_workspace(root: Path) -> None:
    """Relative to the copy the same words lead elsewhere: here to the workspace, where files were written."""
    (root / "real").mkdir()
    (root / "real" / "test_old.py").write_text("")
    up = "../" * 40  # to the top of the file system, from wherever
    (root / "tests").symlink_to(f"{up}{str(root.resolve()).lstrip('/')}/real")
    (root / "kept").symlink_to("real")
    copy = copy_of(root, tests="ours = 1")
    try:
        with copy.files({"tests/test_new.py": "def test(): pass\n"}):
            assert os.listdir(root / "real") == ["test_old.py"]
        assert (copy.tree / "kept" / "test_old.py").is_file()
        assert not os.path.lexists(copy.tree / "kept" / "open.py")
    finally:
        copy.close()
    assert os.listdir(root / "real") == ["test_old.py"]


DAEMON = """
import os, signal, sys, time
for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
    signal.signal(number, signal.SIG_IGN)
for _ in range(2):
    if os.fork():
        time.sleep(60) if "stay" in sys.argv else os._exit(3)
    os.setsid()
open(sys.argv[1], "w").write(str(os.getpid()))
time.sleep(60)
"""


def is_alive(process: int) -> bool:
    """Whether it runs; one that has ended and was not yet waited for does not."""
    with suppress(OSError):
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    return False


def until_written(file: Path) -> int:
    end = time.monotonic() + 60
    while not (file.exists() and file.read_text()):
        assert time.monotonic() < end
        time.sleep(0.02)
    return int(file.read_text())


def until_gone(process: int) -> None:
    end = time.monotonic() + 60
    while is_alive(process):
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.skipif(
    sys.platform != "linux", reason="only on Linux can a process adopt the orphans of its child processes"
)
def test_a_daemon_that_nothing_confines_ends_with_its_run(root: Path, tmp_path: Path) -> None:
    mark = tmp_path / "daemon"
    copy = copy_of(root)
    try:
        result = copy.run([sys.executable, "-c", DAEMON, str(mark)], 30.0)
        assert (result.code, result.ended) == (3, "exited")
        if mark.exists():  # it may have been killed before it wrote
            until_gone(until_written(mark))
    finally:
        copy.close()
    assert not copy.tree.exists()


@pytest.mark.skipif(
    sys.platform != "linux", reason="only on Linux can a process adopt the orphans of its child processes"
)
def test_what_runs_unconfined_ends_when_its_server_is_killed(root: Path, tmp_path: Path) -> None:
    mark = tmp_path / "daemon"
    run = textwrap.dedent(f"""
        import sys
        from pathlib import Path
        from assist_runner.characterization_tests.plain_run import plain_run
        from assist_runner.sandbox.limits import SandboxLimits
        words = [sys.executable, "-c", {DAEMON!r}, {str(mark)!r}, "stay"]
        place = Path({str(root)!r})
        plain_run(words, place, SandboxLimits(), {{}}, place, lambda: False)
    """)
    with subprocess.Popen([sys.executable, "-c", run]) as server:
        daemon = until_written(mark)
        server.send_signal(signal.SIGKILL)
    until_gone(daemon)


def test_output_without_an_end_fills_no_disk(root: Path) -> None:
    copy = copy_of(root)
    try:
        limits = SandboxLimits(output=1 << 20, tail=100)
        words = [sys.executable, "-c", "while True: print('x' * 100_000)"]
        result = plain_run(words, copy.tree, limits, {}, copy.tree.parent, lambda: False)
    finally:
        copy.close()
    assert (result.code, result.reports) == (None, ("too much output",))
    assert len(result.output) == 100


def test_what_the_user_is_asked_holds_nothing_unseen() -> None:
    """A file of tests may have any name."""
    words = ("pytest", "tests/test_a.py\x1b[2K\ntest_b.py", "a b")
    lines = consent_lines(RunRequest("/home/me/pro\u202eject", words, True))
    assert len(lines) == 3
    assert lines[0].endswith("/home/me/pro<U+202E>ject:")
    assert lines[1] == "  pytest 'tests/test_a.py<U+001B>[2K<U+000A>test_b.py' 'a b'"
