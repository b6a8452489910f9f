"""Names of TypeScript that do not exist, by its own compiler: one process for a workspace."""

import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from bench.checkers.faults import Fault, FilePart

NODE = shutil.which("node") or "node"
SECONDS = 900.0  # for one workspace
PROGRAM = Path(__file__).with_name("typescript_faults.cjs")


def check(tools: Path, root: Path, parts: Sequence[FilePart]) -> list[list[Fault]]:
    """The faults of each part. Raises `OSError` if the compiler cannot be run."""
    asked = [
        {
            "path": str(root / part.path),
            "whole": part.whole,
            "first": _units(part.whole[: part.first]),
            "last": _units(part.whole[: part.last]),
        }
        for part in parts
    ]
    done = subprocess.run(
        [NODE, str(PROGRAM), str(tools), str(root)],
        check=False,
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    if done.returncode:
        raise OSError(f"TypeScript's compiler cannot be run: {done.stderr[:500]}")
    return [[Fault(row["kind"], row["name"], row["at"]) for row in rows] for rows in json.loads(done.stdout)]


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
