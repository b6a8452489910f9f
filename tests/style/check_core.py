"""The core can be held in the head: the lines of Python of its packages are numbers that only fall.

Run it from anywhere: `python tests/style/check_core.py`. It prints what has grown, and then exits with 1.
"""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

# Who adds lines removes as many; who removes more lowers the number.
MAX_LINES = {"completion": 9088, "context": 21849, "escalation": 15984, "server": 24134}


def excess(root: Path, paths: list[str], most: Mapping[str, int]) -> Iterator[str]:
    """A sentence for each package with more lines than it may have."""
    for package, lines in most.items():
        own = [path for path in paths if path.startswith(f"{package}/") and path.endswith(".py")]
        count = sum(len((root / path).read_text("utf-8").splitlines()) for path in own)
        if count > lines:
            yield f"{package}: {count} lines of Python, {lines} at most: remove as many as you add"


def main() -> int:
    root = Path(__file__).resolve().parents[2]
    command = ("git", "-C", str(root), "ls-files", "--cached", "--others", "--exclude-standard")
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    found = list(excess(root, [path for path in listed if (root / path).is_file()], MAX_LINES))
    print("\n".join(found), end="\n" * bool(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
