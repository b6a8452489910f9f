"""Where editors are kept that were installed for the tests: built once, whole or not there at all.

It knows no editor.
"""

import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path


def cache(pins: str) -> Path:
    """A folder named by the text of the file that pins versions, so that a new pin installs anew.

    It lies in `$ASSIST_E2E_CACHE`, else in `~/.cache/assist-e2e`.
    """
    root = os.environ.get("ASSIST_E2E_CACHE") or Path.home() / ".cache" / "assist-e2e"
    return Path(root) / hashlib.sha256(Path(pins).read_bytes()).hexdigest()[:16]


def once(folder: Path, name: str, build: Callable[[Path], object]) -> Path:
    """The folder `name`, built elsewhere and renamed when it is whole: two at a time do no harm."""
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
