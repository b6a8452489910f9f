"""Install the editors that the end-to-end tests drive, once: `python tests/e2e/install_editors.py`.

Debian's packages go where Debian puts them; all else into a folder of the cache, `$ASSIST_E2E_CACHE` or
`~/.cache/assist-e2e`, named by what is pinned. It is built aside and renamed, so it is there whole or not.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import editors_vscode

HERE = Path(__file__).parent
# A browser, fonts for the screenshots and their emoji, a terminal that can be driven.
PACKAGES = ("chromium", "fonts-dejavu-core", "fonts-noto-color-emoji", "tmux")


def cached(module: ModuleType, install: Callable[[Path], object]) -> Path:
    """The folder that `install` filled, now or earlier; its name changes with the module's text."""
    source = Path(str(module.__file__)).read_bytes()
    root = Path(os.environ.get("ASSIST_E2E_CACHE") or Path.home() / ".cache/assist-e2e")
    place = root / f"{module.__name__}-{hashlib.sha256(source).hexdigest()[:16]}"
    if not place.is_dir():
        root.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(dir=root))
        try:
            install(made)
            made.rename(place)
        finally:
            shutil.rmtree(made, ignore_errors=True)
    return place


def debian(*packages: str) -> None:
    """Have these packages of the system, by apt where one is missing."""
    asked = ["dpkg-query", "--show", "--showformat=${Status}\n", *packages]
    found = subprocess.run(asked, capture_output=True, text=True, check=False).stdout
    if found.count("install ok installed") == len(packages):
        return
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for words in (["update"], ["install", "--yes", "--no-install-recommends", *packages]):
        subprocess.run(["apt-get", "-qq", *words], check=True, env=environ, stdout=subprocess.DEVNULL)


def vscode() -> editors_vscode.CodeServer:
    """code-server, installed."""
    return editors_vscode.installed(cached(editors_vscode, editors_vscode.install))


def main() -> None:
    """Install all, and say where they are."""
    debian(*PACKAGES)
    print(f"VS Code: {vscode().entry}")


if __name__ == "__main__":
    sys.exit(main())
