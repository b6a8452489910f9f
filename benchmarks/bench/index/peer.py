"""Aider in its own environment, and one run of its repo map there, with limits on time and memory.

Of aider's requirements, only those that its repo map imports are installed, at the versions that aider pins.
It knows no tree and none of our figures.
"""

import json
import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

VERSION = "0.86.2"
# The part of aider's 90 requirements that aider/repomap.py and the packages it imports need.
NEEDED = """
    attrs diskcache grep-ast markdown-it-py mdurl networkx numpy packaging pathspec pygments rich scipy tqdm
    tree-sitter tree-sitter-c-sharp tree-sitter-embedded-template tree-sitter-language-pack tree-sitter-yaml
"""
SCRIPT = Path(__file__).with_name("aider.py")


def environment(folder: Path) -> Path:
    """Return the Python of an environment with aider.

    The first call makes it in `folder`, which takes minutes.
    """
    root = folder / f"aider-{VERSION}"
    python = root / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    ready = root / "ready"
    if not ready.is_file():
        shutil.rmtree(root, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(root)], check=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
        subprocess.run([*pip, f"aider-chat=={VERSION}"], check=True)
        subprocess.run([*pip, *pins(next(root.rglob("aider_chat-*.dist-info/METADATA")))], check=True)
        ready.touch()
    return python


def pins(metadata: Path) -> list[str]:
    """Return the needed requirements of aider as pip takes them, for this Python."""
    lines = metadata.read_text(encoding="utf-8").splitlines()
    found = {}
    for line in lines:
        pinned = re.match(r"Requires-Dist: ([\w.-]+)==([\w.]+)(?:; (.*))?$", line)
        if pinned and "extra ==" not in (pinned[3] or "") and "< " not in (pinned[3] or ""):
            found[pinned[1]] = f"{pinned[1]}=={pinned[2]}"
    return [found[name] for name in NEEDED.split() if name in found]


def repo_map(
    python: Path, root: Path, paths: Sequence[str], cache: Path, seconds: float, memory: int
) -> dict[str, Any]:
    """Run the repo map once with the given cache. If the run was stopped, "ended" in the result says why."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))

    found: dict[str, Any] = {}
    process = subprocess.Popen(
        [str(python), "-P", str(SCRIPT), str(root), str(cache)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=limit,  # noqa: PLW1509  (no thread of ours holds a lock here)
    )
    try:
        out, err = process.communicate("\0".join(paths).encode(errors="surrogateescape"), seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        found["ended"] = f"after {seconds:.0f} s"
    else:
        if process.returncode:
            last = err.decode(errors="replace").strip().splitlines()[-1:]
            found["ended"] = f"exit {process.returncode}: {''.join(last)[:200]}"
    for line in out.splitlines():
        if line.startswith(b"{"):
            found |= json.loads(line)
    return found
