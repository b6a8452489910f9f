"""A git repository for a test, with one commit."""

import os
import subprocess
from pathlib import Path

OLD = "def total(prices):\n    return sum(prices)\n"
NEW = "import os\n\n\ndef total(prices):\n    return sum(prices) / len(prices)\n"


def git(root: Path, *arguments: str) -> None:
    """Run git as nobody in particular, without the settings of this machine."""
    environ = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    own = ("-c", "user.email=a@b.example", "-c", "user.name=A")
    subprocess.run(["git", *own, *arguments], cwd=root, env=environ, check=True, capture_output=True)


def make_repository(root: Path) -> Path:
    root.mkdir(parents=True)
    git(root, "init", "-q")
    (root / "cart.py").write_text(OLD, newline="\n")
    (root / "old.py").write_text("x = 1\n" * 40, newline="\n")
    git(root, "add", ".")
    git(root, "commit", "-qm", "Add a cart")
    return root


def change(root: Path) -> None:
    """Stages a change, a new file with an odd name, a secret file, a binary one, and a deletion."""
    (root / "cart.py").write_text(NEW, newline="\n")
    (root / "a b:ü.py").write_text("y = 2\n")
    (root / ".env").write_text("K=hunter2hunter2\n", newline="\n")
    (root / "logo.png").write_bytes(b"\x89PNG\0\0" * 9)
    (root / "old.py").unlink()
    git(root, "add", "-f", "-A", ".")
