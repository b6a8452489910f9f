"""The lock of whoever packages: `make vsix` and `make dist` write into the checkout, and tests run in two processes."""

from pathlib import Path

from filelock import FileLock

_FILE = Path(__file__).parents[2] / "build" / "packaging.lock"


def packaging_lock() -> FileLock:
    """To be held while `make` runs, and while what it made is copied."""
    _FILE.parent.mkdir(exist_ok=True)
    return FileLock(_FILE)
