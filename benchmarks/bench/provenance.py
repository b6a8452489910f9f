"""Where a benchmark's figures come from: machine, build, model, versions, commit, command.

The header names no person, host or folder. Results are written as JSON that works well in a diff.
This module does not know what was measured.
"""

import json
import os
import platform
import re
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from assist_completion.inference.libraries import library_in_use
from assist_completion.inference.llama import features
from assist_completion.model_store.models_lock import hash_file
from assist_server.config.config import load_lenient
from assist_server.local_model.machine import memory_bytes
from assist_server.local_model.opening import use_libraries

PACKAGES = ("xllamacpp", "assist-lsp", "numpy", "tree-sitter")
ROOT = Path(__file__).resolve().parents[2]
WIDTH = 140  # columns: a value that fits is on one line, so that a record is one line in a diff


def provenance(model_path: Path | None = None) -> dict[str, Any]:
    """Return the header of a results file. Reads the whole model file, if given, to hash it (1 s per GB).

    From then on llama.cpp is the one that the product uses on this machine, unless one is loaded already.
    """
    use_libraries(load_lenient())
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "command": command_line(sys.argv),
        "commit": _commit(),
        **(
            {"model": {"file": model_path.name, "sha256": hash_file(model_path).sha256}} if model_path else {}
        ),
        "machine": {
            "cpu": _cpu(),
            "cores": _cores(),
            "memory_gb": round(memory_bytes() / 1e9, 1),
            "os": _os(),
        },
        "llama.cpp": {
            "build": library_in_use().source.build,
            "variant": library_in_use().variant,
            "features": features(),
        },
        "versions": {"python": platform.python_version(), **{name: _version(name) for name in PACKAGES}},
    }


def command_line(arguments: list[str]) -> str:
    """Return the command as typed, but shorten folders outside the tree to their last name.

    >>> command_line(["/home/me/assist/benchmarks/x.py", "--data=/home/me/data", "--cut"])
    'python x.py --data=data --cut'
    """
    return " ".join(["python", *map(_without_folders, arguments)])


def _without_folders(argument: str) -> str:
    option, equals, value = argument.rpartition("=")
    path = Path(value).expanduser()
    if path.is_absolute() or ".." in path.parts:
        inside = path.is_absolute() and path.is_relative_to(ROOT)
        value = path.relative_to(ROOT).as_posix() if inside else path.name
    if " " in value:
        value = f'"{value}"'
    return f"{option}{equals}{value}"


def write(path: Path, header: dict[str, Any], body: dict[str, Any]) -> None:
    """Write both as one JSON object, the header under "provenance", with the keys in the given order."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(layout({"provenance": header, **body}) + "\n", encoding="utf-8")


def layout(value: Any, indent: int = 0) -> str:
    """Format JSON so that a list or object is on one line if it fits, else one item per line.

    >>> print(layout({"rows": [[1, "a" * 70], [2, "b" * 70]]}).replace("a" * 70, "a").replace("b" * 70, "b"))
    {
     "rows": [
      [1, "a"],
      [2, "b"]
     ]
    }
    """
    short = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list) or len(short) + indent <= WIDTH:
        return short
    pad = " " * indent
    inner = indent + 1
    if isinstance(value, dict):
        items = [f"{json.dumps(key)}: {layout(each, inner)}" for key, each in value.items()]
    else:
        items = [layout(each, inner) for each in value]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return f"{opening}\n{pad} " + f",\n{pad} ".join(items) + f"\n{pad}{closing}"


def _cpu() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return platform.processor() or platform.machine()
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return found[1] if found else platform.machine()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _os() -> str:
    """Return system, kernel version and distribution. Custom parts of kernel names are left out."""
    kernel = re.match(r"[\d.]*", platform.release())
    try:
        distribution = f" ({platform.freedesktop_os_release()['PRETTY_NAME']})"
    except (OSError, KeyError):
        distribution = ""
    return f"{platform.system()} {kernel[0] if kernel else ''}{distribution}"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _commit() -> str:
    """Return the commit of this tree, with -dirty if tracked files differ from it."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude", "*"]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return done.stdout.strip()
