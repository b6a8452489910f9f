"""The files of a recorded session's workspace as they were at a turn, kept in its own git folder."""

import os
import subprocess
from pathlib import Path

_INDEX = "bench-index"  # next to git's own, which the agent's commands use


def take_state(root: Path) -> dict[str, str]:
    """The names of the tree of all files, `.env` too, and of the last commit."""
    git(root, "add", "-A")
    git(root, "add", "-f", ".env")
    return {"tree": git(root, "write-tree"), "head": git(root, "rev-parse", "HEAD")}


def put_state(root: Path, state: dict[str, str]) -> None:
    """Make the files what they were; only those that differ are written."""
    git(root, "reset", "-q", "--soft", state["head"])
    git(root, "add", "-A")
    git(root, "add", "-f", ".env")
    git(root, "read-tree", "-u", "--reset", state["tree"])


def git(root: Path, *arguments: str, own_index: bool = True) -> str:
    """What a command of git says, with an index of ours unless the workspace's is meant."""
    environment = dict(os.environ)
    if own_index:
        environment["GIT_INDEX_FILE"] = str(root / ".git" / _INDEX)
    command = ["git", *arguments]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()
