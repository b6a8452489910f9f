"""Tests of one group run in one process, whatever versions the lock file has.

pytest 9.2 with xdist 3.8 spread them without a word: one editor was driven twice at once, and what tests of a module
share was made in each process.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

GROUPED = """
import pytest

@pytest.mark.parametrize("number", range(8))
@pytest.mark.xdist_group("one")
def test_grouped(number):
    pass

@pytest.mark.parametrize("number", range(8))
def test_others(number):
    pass
"""


def test_a_group_has_one_process(tmp_path: Path) -> None:
    (tmp_path / "test_grouped.py").write_text(GROUPED)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-v",
        "-p",
        "xdist.plugin",
        "-n",
        "2",
        "--dist",
        "loadgroup",
    ]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # a start of each takes a second
    done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=True)
    workers = re.findall(r"\[(gw\d)\].* PASSED .*test_grouped\[", done.stdout)
    assert len(workers) == 8, done.stdout
    assert len(set(workers)) == 1, done.stdout
