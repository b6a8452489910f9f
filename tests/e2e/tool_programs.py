"""The tools of other people that ask the gateway, pinned, from npm and PyPI: each in a cache folder of its own.

It knows nothing of assist. opencode and Codex are programs, without the scripts that choose one for the machine.
"""

import subprocess
import sys
from functools import partial
from pathlib import Path

from bare_machine import UV
from editors_cache import cache, once

AIDER = "aider-chat==0.86.2"
AIDER_PYTHON = ">=3.11,<3.13"  # it pins libraries that newer versions of Python cannot install
LLM = "llm==0.36"
OPENCODE = "opencode-linux-x64@1.18.33"
CODEX = "@openai/codex@0.171.0-linux-x64"
NPM = ("npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--prefix")


def aider() -> Path:
    """The program of aider. Raises `subprocess.CalledProcessError` if it cannot be installed."""
    return _python_tool("aider", AIDER, AIDER_PYTHON)


def llm() -> Path:
    return _python_tool("llm", LLM, sys.executable)


def opencode() -> Path:
    return _npm_tool("opencode", OPENCODE) / "opencode-linux-x64/bin/opencode"


def codex() -> Path:
    (program,) = _npm_tool("codex", CODEX).glob("@openai/codex/vendor/*/bin/codex")
    return program


def _python_tool(name: str, package: str, python: str) -> Path:
    """A program in a virtual environment of its own, which can be moved."""

    def build(folder: Path) -> None:
        subprocess.run([UV, "venv", "--quiet", "--relocatable", "--python", python, str(folder)], check=True)
        install = [UV, "pip", "install", "--quiet", "--python", str(folder / "bin/python"), package]
        subprocess.run(install, check=True, stdin=subprocess.DEVNULL)

    return once(cache(__file__), name, build) / "bin" / name


def _npm_tool(name: str, package: str) -> Path:
    return once(cache(__file__), name, partial(_install, package)) / "node_modules"


def _install(package: str, folder: Path) -> None:
    (folder / "package.json").write_text("{}\n")
    subprocess.run([*NPM, str(folder), package], check=True, stdout=subprocess.DEVNULL)
