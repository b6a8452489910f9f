"""What a command in the sandbox may use and see, as it is passed to the process that confines it.

This module is read on both sides of the sandbox, so it imports nothing but Python's own library.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

MIB = 1 << 20

# The reports of a run: which limit it reached, or that its caller ended it.
TIMED_OUT, TOO_MUCH_OUTPUT, TOO_LARGE = "timed out", "too much output", "files too large"
NO_MEMORY, NO_PROCESSES, NO_PROCESSOR = "too much memory", "process limit reached", "processor time used up"
NO_ROOM = "no disk space left"
NO_SIGHT = "it could no longer be monitored"
STOPPED = "stopped"
NOT_STARTED = 127  # the shell's exit status for a command that does not exist


@dataclass(frozen=True, slots=True)
class SandboxLimits:
    """What a command may use. Sizes are bytes; a command that goes beyond a limit fails or is killed.

    `cpu_seconds`, `memory` and `file` hold for each process; the memory of all of them together is watched
    too, with what the kernel holds for them. `disk` is for all changed files, which are in memory,
    `kept_bytes` and `kept_files` for those on the disk, whose changes are kept. `processes` counts threads.
    """

    seconds: float = 60.0
    cpu_seconds: int = 120  # a test on two cores may use more than the clock's time
    memory: int = 2048 * MIB  # node with jest takes 0.4 GiB, rustc 0.6 GiB
    processes: int = 256  # jest or cargo on 16 cores start about 100 threads
    file: int = 256 * MIB
    disk: int = 1024 * MIB  # a build of one crate and of its tests takes 0.1 to 0.5 GiB
    kept_bytes: int = 4096 * MIB  # cargo's `target` of a project with 300 crates has 2 GiB
    kept_files: int = (
        50_000  # files and folders: that `target` has 10,000, go's cache of 5,000 packages 40,000
    )
    open_files: int = 4096  # of a process: all of them together leave most of what a machine can open
    output: int = 32 * MIB
    tail: int = 16_384  # of the output, which is kept: the summary of a test run is at its end


@dataclass(frozen=True, slots=True)
class ConfinementPlan:
    """All that the confining process has to know. Paths are absolute; those to bind have no links in them.

    `tree` is the copy, and `place` where the command sees it. `home` is where the command has an empty home.
    `readable` are pairs of a path to show and where it is shown. `folders` are names of folders in the tree
    whose changes are kept. `parent` is the process that must not die.
    """

    parent: int
    command: tuple[str, ...]
    tree: str
    place: str
    home: str
    limits: SandboxLimits
    environ: Mapping[str, str] = field(default_factory=dict)
    readable: tuple[tuple[str, str], ...] = ()
    folders: tuple[str, ...] = ()


def plan_line(plan: ConfinementPlan) -> bytes:
    """The plan as one line."""
    return json.dumps(asdict(plan)).encode() + b"\n"


def plan_of(line: bytes) -> ConfinementPlan:
    """The plan in a line that `plan_line` wrote."""
    row = json.loads(line)
    return ConfinementPlan(
        parent=row["parent"],
        command=tuple(row["command"]),
        tree=row["tree"],
        place=row["place"],
        home=row["home"],
        limits=SandboxLimits(**row["limits"]),
        environ=row["environ"],
        readable=tuple((source, place) for source, place in row["readable"]),
        folders=tuple(row["folders"]),
    )
