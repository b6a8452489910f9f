"""opencode, pinned, from npm, in a cache folder: the program alone, without the script that chooses it."""

import subprocess
from pathlib import Path

from editors_cache import cache, once

OPENCODE = "opencode-linux-x64@1.18.33"
NPM = ("npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--prefix")


def opencode() -> Path:
    """The program. Raises `subprocess.CalledProcessError` if it cannot be installed."""
    return once(cache(__file__), "opencode", _install) / "node_modules/opencode-linux-x64/bin/opencode"


def _install(folder: Path) -> None:
    (folder / "package.json").write_text("{}\n")
    subprocess.run([*NPM, str(folder), OPENCODE], check=True, stdout=subprocess.DEVNULL)
