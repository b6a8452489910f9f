"""A project of strangers: wherever its code runs outside of a sandbox, it leaves a mark.

Its one function is wrong, and one of its two tests says so.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from bare_pytest import BARE_OPTIONS

PATH = f"{Path(sys.prefix) / 'bin'}:/usr/bin:/bin"
WRONG = "def gross(net):\n    return net * 1.25\n"
RIGHT = "def gross(net):\n    return net * 1.2\n"
# What a provider answers, and an answer that does not help.
FIXED = "prices.py\n<<<<<<< SEARCH\n    return net * 1.25\n=======\n    return net * 1.2\n>>>>>>> REPLACE\n"
NO_FIX = FIXED.replace("1.2\n", "1.3\n")
TESTS = (
    "from prices import gross\n\n\ndef test_zero():\n    assert gross(0) == 0\n\n\n"
    "def test_ten():\n    assert gross(10) == 12\n"
)
SETTINGS = f"""\
[tool.pytest.ini_options]
pythonpath = "."
addopts = "-p trap {BARE_OPTIONS}"
"""
UNASKED = "[answers]\nrun = 'sandbox'\n"


@contextmanager
def trap_project(place: Path) -> Iterator[Path]:
    """The project, in which nothing may have run outside of a sandbox when the block ends."""
    root, mark = place / "space", place / "ran"
    (root / "tests").mkdir(parents=True)
    trap = f"try:\n    open({str(mark)!r}, 'w')\nexcept OSError:\n    pass\n"
    for name in ("trap", "conftest", "tests/conftest", "sitecustomize", "usercustomize", "setup"):
        (root / f"{name}.py").write_text(trap)
    (root / "prices.py").write_text(WRONG)
    (root / "tests" / "test_prices.py").write_text(TESTS)
    (root / "pyproject.toml").write_text(SETTINGS)
    (root / "pyrightconfig.json").write_text("{}")
    (root / "package.json").write_text(f'{{"scripts": {{"test": "touch {mark}"}}}}')
    program = f"#!/bin/sh\ntouch {mark} 2>/dev/null\n"
    for folder in (".venv/bin", "node_modules/.bin", ".git-hooks"):
        (root / folder).mkdir(parents=True)
        for name in ("pyright", "git", "tsc", "jest", "post-index-change", "fsmonitor"):
            (root / folder / name).write_text(program)
            (root / folder / name).chmod(0o755)
    git = ["git", "-C", str(root)]
    subprocess.run([*git, "init", "-q"], check=True)
    for setting, file in (("core.fsmonitor", "fsmonitor"), ("core.hooksPath", "")):
        subprocess.run([*git, "config", setting, str(root / ".git-hooks" / file)], check=True)
    yield root
    assert not mark.exists(), "code of the project ran outside of a sandbox"


def needs_sandbox() -> pytest.MarkDecorator:
    """Skips where there is none."""
    return pytest.mark.skipif(sys.platform != "linux", reason="the sandbox is Linux's")
