"""The trees that the index is measured on: copies that may be changed, committed to git.

Each has a branch `other` in which some files differ. It knows no index.
"""

import json
import os
import shutil
import subprocess
import sysconfig
from collections.abc import Callable
from pathlib import Path

from bench.index.monorepo import generate

CHANGED = 1_000  # files that differ on the branch `other`
LEFT_OUT = ("__pycache__", "*.so*", "*.pyc", "*.a", "*.dylib", "*.pyd", "*.dll", "*.exe", "*.gguf", ".git")
ENVIRON = {
    "PATH": os.environ["PATH"],
    "HOME": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_AUTHOR_NAME": "benchmark",
    "GIT_AUTHOR_EMAIL": "benchmark@example.com",
    "GIT_COMMITTER_NAME": "benchmark",
    "GIT_COMMITTER_EMAIL": "benchmark@example.com",
}
# Loose objects of generated text need no compression, and git must not clean up during a measurement.
_FAST = ["-c", "core.compression=0", "-c", "gc.auto=0", "-c", "core.autocrlf=false"]


def git(root: Path, *arguments: str) -> str:
    """Run git on a tree, without the settings of this machine."""
    command = ["git", *_FAST, *arguments]
    done = subprocess.run(command, cwd=root, env=ENVIRON, check=True, capture_output=True, text=True)
    return done.stdout


def standard_library(folder: Path) -> Path:
    """Copy Python's standard library and the packages installed next to this project."""
    paths = sysconfig.get_paths()

    def copy(root: Path) -> None:
        ignore = shutil.ignore_patterns("site-packages", *LEFT_OUT)
        shutil.copytree(paths["stdlib"], root / "lib", ignore=ignore, symlinks=True)
        packages = shutil.ignore_patterns(*LEFT_OUT)
        shutil.copytree(paths["purelib"], root / "site-packages", ignore=packages, symlinks=True)

    return _reuse_or_make(folder / "python", {"python": paths["stdlib"]}, copy)


def monorepo(folder: Path, count: int, seed: int) -> Path:
    """Generate a repository of `count` files."""
    return _reuse_or_make(
        folder / f"monorepo-{count}", {"files": count, "seed": seed}, lambda root: generate(root, count, seed)
    )


def _reuse_or_make(root: Path, facts: dict[str, object], fill: Callable[[Path], object]) -> Path:
    """Return an existing tree if it is complete and was made from the same facts, else make it."""
    note = root.with_suffix(".json")
    if note.is_file() and root.is_dir() and json.loads(note.read_text(encoding="utf-8")) == facts:
        git(root, "checkout", "--quiet", "--force", "main")
        git(root, "clean", "-fdqx")
        return root
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    fill(root)
    git(root, "init", "--quiet", "--initial-branch=main")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "All")
    git(root, "checkout", "--quiet", "-b", "other")
    _change(root)
    git(root, "commit", "--quiet", "--all", "--message", "Some files differ")
    git(root, "checkout", "--quiet", "main")
    note.write_text(json.dumps(facts), encoding="utf-8")
    return root


def _change(root: Path) -> None:
    """Add a function to up to `CHANGED` Python files."""
    paths = [path for path in git(root, "ls-files", "-z", "*.py").split("\0") if path]
    for number, path in enumerate(paths[:: max(1, len(paths) // CHANGED)][:CHANGED]):
        file = root / path
        if file.is_file() and not file.is_symlink():
            with file.open("ab") as text:
                text.write(f"\n\ndef of_another_branch_{number}():\n    return {number}\n".encode())
