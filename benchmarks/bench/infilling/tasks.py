"""Tasks of HumanEval-Infilling: read, drawn, cut, arranged as in an editor, and tested.

The test of an answer is a program that runs in a child process without network, with 10 s of CPU and 1 GiB.
It knows no model and no prompt.
"""

import gzip
import json
import random
import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

SUITES = {
    "single": "HumanEval-SingleLineInfilling.jsonl.gz",
    "multi": "HumanEval-MultiLineInfilling.jsonl.gz",
    "span": "HumanEval-RandomSpanInfilling.jsonl.gz",
    "span-light": "HumanEval-RandomSpanInfillingLight.jsonl.gz",
}
PASSED, NO_SANDBOX = 42, 97  # exit codes; a program that exits early by itself has not passed
CPU_SECONDS = 10
MEMORY = 1 << 30
WALL_SECONDS = 40  # for programs that sleep; generous, because other programs may use the machine
# Its own user and network namespaces, so that the code under test sees no network, not even loopback. If the
# system forbids the user namespace, a privileged process makes only the network namespace.
SANDBOX = f"""
import ctypes, os, resource, sys
libc = ctypes.CDLL(None)
if not hasattr(libc, "unshare") or (libc.unshare(0x10000000 | 0x40000000) and libc.unshare(0x40000000)):
    os._exit({NO_SANDBOX})
os.nice(5)
resource.setrlimit(resource.RLIMIT_CPU, (int(sys.argv[1]), int(sys.argv[1])))
resource.setrlimit(resource.RLIMIT_AS, ({MEMORY}, {MEMORY}))
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
exec(compile(sys.stdin.read(), "task", "exec"), {{"__name__": "task"}})
os._exit({PASSED})
"""


@dataclass(frozen=True, slots=True)
class Task:
    """One hole: the text before and after the cursor, the text that was in the hole, and the test.

    `below` is the suffix as the benchmark itself gives it to a model: it starts at the next line if the hole
    ends with its line. `order` is the task's position in its file.
    """

    id: str
    problem: str
    before: str
    after: str
    below: str
    hole: str
    test: str
    order: int
    line: bool  # the hole is a line or a part of one

    def program(self, text: str, skip: int) -> str:
        """Return the task's file with an answer in place of the hole and of the next `skip` characters."""
        return f"{self.before}{text}{self.after[skip:]}\n{self.test}"


class NoSandboxError(Exception):
    """The system does not let a process give up its network, so no test can run."""


def load(folder: Path, suite: str, count: int | None, seed: int, *, cut: bool = False) -> list[Task]:
    """Return `count` tasks drawn with `seed` (None: all), in the order of the file.

    With `cut`, each hole starts at a random place in its line. The places are drawn in the order of the
    sample, so that a seed and a count always give the same holes.
    """
    with gzip.open(folder / SUITES[suite], "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    rng = random.Random(seed)
    drawn = rng.sample(range(len(rows)), min(count or len(rows), len(rows)))
    made = [_cut(rows[at], at, rng) if cut else _whole(rows[at], at, suite) for at in drawn]
    return sorted(made, key=lambda task: task.order)


def _task(row: dict[str, Any], order: int, *, line: bool) -> Task:
    """Return the hole unchanged: the rest of its line directly follows the cursor."""
    return Task(
        id=row["task_id"],
        problem="/".join(row["task_id"].split("/")[1:3]),  # "HumanEval/7"; names of functions repeat
        before=row["prompt"],
        after=row["suffix"],
        below=row["suffix"],
        hole=row["canonical_solution"],
        test=f"{row['test']}\ncheck({row['entry_point']})\n",
        order=order,
        line=line,
    )


def _whole(row: dict[str, Any], order: int, suite: str) -> Task:
    """Return a hole of whole lines as an empty line, as in an editor; spans begin and end anywhere."""
    task = _task(row, order, line=suite == "single")
    if suite.startswith("span"):
        return task
    return replace(task, after="\n" + row["suffix"], hole=row["canonical_solution"].removesuffix("\n"))


def _cut(row: dict[str, Any], order: int, rng: random.Random) -> Task:
    line = row["canonical_solution"].rstrip("\n")
    indent = len(line) - len(line.lstrip())
    at = rng.randint(indent, max(indent, len(line) - 1))
    task = _task(row, order, line=True)
    return replace(task, before=row["prompt"] + line[:at], after="\n" + row["suffix"], hole=line[at:])


def passes(program: str, seconds: int = CPU_SECONDS) -> bool:
    """Return whether a program runs to its end in the sandbox. Raises `NoSandboxError`."""
    command = [sys.executable, "-I", "-c", SANDBOX, str(seconds)]
    with tempfile.TemporaryDirectory() as empty:
        try:
            done = subprocess.run(
                command,
                cwd=empty,
                input=program.encode("utf-8", "replace"),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=WALL_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return False
    if done.returncode == NO_SANDBOX:
        raise NoSandboxError("This system does not let a process give up its network: the tests cannot run.")
    return done.returncode == PASSED
