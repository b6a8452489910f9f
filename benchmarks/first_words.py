"""How soon `assist explain` begins to say something in a terminal, in this tree and in one before a change.

    uv run python benchmarks/first_words.py [--before TREE] [--rounds 5] [--functions 4]

Each round explains functions of 50 to 70 lines of Python's library, with the model on this machine, once with
each tree in turns: seconds from the command to the first words of the answer, which follow what is computed.
TREE is another checkout, whose packages the same Python runs. Each tree keeps its measurements in a folder of
its own, since no version keeps those of another. Language servers must not run: they would lend their model.
Printed are medians, and the median of the ratios.
"""

import argparse
import ast
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from answers import Function, functions
from assist_server.config.config import load_lenient
from bench.own_data import link_data

HERE = Path(__file__).resolve().parents[1]
PACKAGES = (
    "completion",
    "server",
    "context",
    "escalation",
    "evaluation",
    "plugins/gateway",
    "plugins/runner",
    "plugins/installer",
    "plugins/types",
)
MAIN = "from assist_server.cli.main import main; main()"


def first_words(tree: Path, root: Path, function: Function) -> float:
    """Seconds to the first words: what comes after the first blank line."""
    target = f"{function.path.name}:{function.first}-{function.last}"
    command = [sys.executable, "-P", "-c", MAIN, "explain", target, "--words", "--local"]
    data = root.parent / f"data{tree}".replace(os.sep, "-")
    link_data(load_lenient().paths.data, data, "models", "engine")
    packages = os.pathsep.join(str(tree / name) for name in PACKAGES)
    environ = {**os.environ, "PYTHONPATH": packages, "ASSIST_DATA_DIR": str(data)}
    start = time.perf_counter()
    with subprocess.Popen(command, cwd=root, env=environ, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        said = b""
        found = 0.0
        while piece := os.read(process.stdout.fileno(), 4096):
            said += piece
            if not found and said.partition(b"\n\n")[2].strip():
                found = time.perf_counter() - start
    if not found:
        raise SystemExit(f"no answer about {target}: {said.decode()}")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--before", type=Path, help="another checkout, before a change")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--functions", type=int, default=4)
    options = parser.parse_args()
    trees = [HERE, *([options.before.resolve()] if options.before else [])]
    wanted = list(functions(Path(ast.__file__).parent))[: options.functions]
    times: dict[Path, list[float]] = {tree: [] for tree in trees}
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "code"
        root.mkdir()
        for function in wanted:
            (root / function.path.name).write_bytes(function.path.read_bytes())
        for tree in trees:  # measures the model
            first_words(tree, root, wanted[0])
        for number in range(options.rounds):
            for function in wanted:
                for tree in trees[:: 1 if number % 2 else -1]:
                    times[tree].append(first_words(tree, root, function))
    for tree, taken in times.items():
        print(f"{tree}: {median(taken):.2f} s, {min(taken):.2f} to {max(taken):.2f} ({len(taken)} answers)")
    if options.before:
        ratios = [now / before for now, before in zip(*times.values(), strict=True)]
        print(f"now to before: {median(ratios):.2f}")


if __name__ == "__main__":
    sys.exit(main())
