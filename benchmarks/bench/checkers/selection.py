"""The checker for each part of a file.

There is none for Rust and Go: `cargo check` and `go vet` need the dependencies that their registries have.
"""

from collections.abc import Sequence
from pathlib import Path

from assist_context.languages import language_of
from bench.checkers import pyright, typescript
from bench.checkers.faults import Fault, FilePart


def checker_of(path: str) -> str:
    """The checker for a file: "pyright", "typescript", or "" for none."""
    name = language_of(path).name
    return {"python": "pyright", "typescript": "typescript", "tsx": "typescript"}.get(name, "")


def faults_in(tools: Path, root: Path, parts: Sequence[FilePart]) -> list[tuple[Fault, ...] | None]:
    """What does not exist in each part, in order; None where there is no checker for its language.

    `tools` is the folder with the checkers. Nothing is written into the workspace.
    """
    found: list[tuple[Fault, ...] | None] = [None] * len(parts)
    for name, check in (("pyright", pyright.check), ("typescript", typescript.check)):
        own = [number for number, part in enumerate(parts) if checker_of(part.path) == name]
        if own:
            checked = check(tools, root, [parts[number] for number in own])
            for number, faults in zip(own, checked, strict=True):
                found[number] = tuple(sorted(set(faults), key=lambda fault: fault.at))
    return found
