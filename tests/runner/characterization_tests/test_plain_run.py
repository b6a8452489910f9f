"""A command that nothing confines, on every system: how it is found, and that all that it started ends with it."""

import os
import sys
from contextlib import suppress
from pathlib import Path

import psutil

from assist_runner.characterization_tests.plain_run import plain_run
from assist_runner.sandbox.limits import SandboxLimits

LINGERING = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
open("draft", "w").write(str(child.pid))
os.rename("draft", "child")
time.sleep(60)
"""


def test_what_a_command_started_ends_with_it(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    words = [sys.executable, "-c", LINGERING]
    result = plain_run(words, tree, SandboxLimits(seconds=60.0), {}, tmp_path, (tree / "child").exists)
    assert (result.code, result.ended) == (None, "killed")
    with suppress(psutil.NoSuchProcess):
        psutil.Process(int((tree / "child").read_text())).wait(timeout=30)


def test_a_program_is_found_by_its_name_and_has_a_home_of_its_own(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "python.bat").write_text("echo wrong\n")
    told = "import os; print(os.urandom(2) and 'right', os.path.expanduser('~'))"
    variables = {"PATH": os.pathsep.join((".", os.path.dirname(sys.executable)))}
    result = plain_run(["python", "-c", told], tree, SandboxLimits(), variables, tmp_path, lambda: False)
    assert (result.code, result.output.split()) == (0, ["right", str(tmp_path / "home")])
    missing = plain_run(["no-such-program"], tree, SandboxLimits(), variables, tmp_path, lambda: False)
    assert missing.code != 0
