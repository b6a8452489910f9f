"""Install the editors that the end-to-end tests drive, once: `python tests/e2e/install_editors.py`.

Debian's packages go where Debian puts them; all else into a folder of the cache, `$ASSIST_E2E_CACHE` or
`~/.cache/assist-e2e`, named by what is pinned. It is built aside and renamed, so it is there whole or not.
"""

import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import editors_debian
import editors_vscode


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


def vscode() -> editors_vscode.CodeServer:
    """code-server, installed."""
    return editors_vscode.installed(cached(editors_vscode, editors_vscode.install))


def main() -> None:
    """Install all, and say where they are."""
    editors_debian.install()
    print(f"VS Code: {vscode().entry}")


if __name__ == "__main__":
    sys.exit(main())
