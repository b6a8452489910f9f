"""Writes the requirements that the extension carries: those of the lock file, and the wheel next to them.

Only wheels are taken: nothing is built where it is installed, so no compiler is needed, and the hashes cover
all that runs there.

Usage: uv export --format requirements-txt ... | python hashed_requirements.py FOLDER
"""

import hashlib
import sys
from pathlib import Path

NAME = "requirements.txt"


def write(exported: str, folder: Path) -> None:
    """Write `requirements.txt` into the folder, which holds one wheel.

    Raises `ValueError` if there is no package in `exported`.
    """
    if "--hash=sha256:" not in exported:
        raise ValueError("The lock file's packages are missing: does `uv export` work here?")
    [wheel] = folder.glob("*.whl")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    text = f"--only-binary :all:\n{exported}./{wheel.name} --hash=sha256:{digest}\n"
    (folder / NAME).write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    write(sys.stdin.read(), Path(sys.argv[1]))
