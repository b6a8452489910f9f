"""The cache of editors installed for the tests: each is built once, complete or not there at all.

It knows no editor.
"""

import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path


def cache(pins: str) -> Path:
    """Return a folder named after the content of the file that pins versions: new pins make a new folder.

    It is in `$ASSIST_E2E_CACHE`, or else in `~/.cache/assist-e2e`.
    """
    root = os.environ.get("ASSIST_E2E_CACHE") or Path.home() / ".cache" / "assist-e2e"
    return Path(root) / hashlib.sha256(Path(pins).read_bytes()).hexdigest()[:16]


def once(folder: Path, name: str, build: Callable[[Path], object]) -> Path:
    """Return the folder `name`, built elsewhere and renamed when complete, so that two may build at once."""
    done = folder / name
    if done.is_dir():
        return done
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=f".{name}-") as temporary:
        built = Path(temporary) / name
        built.mkdir()
        build(built)
        try:
            built.rename(done)
        except OSError:
            if not done.is_dir():
                raise
    return done
