"""What the tests of the sandbox share: a copy of a repository, and Python programs that run in it."""

import sys
import textwrap
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from assist_runner.sandbox.limits import SandboxLimits
from assist_runner.sandbox.sandbox import SandboxRun, SandboxView, run

LIMITS = SandboxLimits(seconds=60.0)
# What the programs of this interpreter have to see.
PYTHON = SandboxView(tuple(dict.fromkeys(map(Path, (sys.prefix, sys.base_prefix)))))


def run_python(
    tree: Path,
    code: str,
    limits: SandboxLimits = LIMITS,
    view: SandboxView = PYTHON,
    environ: Mapping[str, str] | None = None,
) -> SandboxRun:
    """Run a program in the copy; it may use everything that an interpreter needs."""
    shown = replace(view, readable=(*PYTHON.readable, *view.readable))
    return run([sys.executable, "-c", textwrap.dedent(code)], tree, limits, environ or {}, shown)
