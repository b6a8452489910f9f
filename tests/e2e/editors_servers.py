"""Language servers that people run beside assist, for the tests in Neovim: pinned, cached, no root.

VS Code brings its own for TypeScript.
"""

import subprocess
import sys
from pathlib import Path

from editors_cache import cache, once

TY = "ty==0.0.108"
TYPESCRIPT = ("typescript-language-server@5.1.3", "typescript@5.9.3")
NPM = ("npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--prefix")


def python_server() -> list[str]:
    """The command of ty, installed if needed. Raises `subprocess.CalledProcessError` if pip fails."""
    return [str(once(cache(__file__), "ty", _install_ty) / "bin/ty"), "server"]


def typescript_server() -> list[str]:
    """The command of typescript-language-server, installed with TypeScript if needed."""
    folder = once(cache(__file__), "typescript", _install_typescript)
    program = folder / "node_modules/typescript-language-server/lib/cli.mjs"
    return ["node", str(program), "--stdio"]


def _install_ty(folder: Path) -> None:
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder), TY]
    subprocess.run(pip, check=True, stdin=subprocess.DEVNULL)


def _install_typescript(folder: Path) -> None:
    (folder / "package.json").write_text("{}\n")
    subprocess.run([*NPM, str(folder), *TYPESCRIPT], check=True, stdout=subprocess.DEVNULL)
