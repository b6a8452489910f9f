"""The speed of the index, compared with raw tree-sitter parsing of the same files.

The trees are Python's standard library with the packages installed here, and a generated repository. Both are
copied into --data, which takes 2 GB for 100,000 files, and are committed to git. The floor (raw parsing) runs
first, so every measurement finds the files in the page cache. Run nothing else on the machine.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from assist_context.files.blobs import FileEntry
from assist_context.files.git_repository import Git
from assist_context.files.listing import list_folder
from assist_context.languages import language_of
from bench.index.index import IndexFailed, measure
from bench.index.trees import ENVIRON, monorepo, standard_library
from bench.provenance import layout, provenance, write

EXAMPLES = """
examples:
  context.py --data FOLDER --out context.json          both trees: an hour
  context.py --data FOLDER --tree python               minutes
  context.py --data FOLDER --tree monorepo --files 5000
"""
HERE = Path(__file__).parent
GOALS: dict[str, tuple[str, float]] = {  # figure: (comparison, goal)
    "cold MB/s a worker": (">=", 3),
    "cold files/s a worker": (">=", 200),
    "cold, share of the floor": (">=", 0.35),
    "warm s": ("<=", 1.5),
    "warm parses": ("<=", 0),
    "branch switch s": ("<=", 1),
    "branch switch parses": ("<=", 0),
    "save to found p95 ms": ("<=", 500),
    "tree update p95 ms": ("<=", 3),
    "retrieval p95 ms": ("<=", 15),
    "database / source": ("<=", 0.5),
    "server MB": ("<=", 250),
    "indexer MB": ("<=", 400),
}


def files_of(root: Path) -> list[FileEntry]:
    """Return the files that the index reads."""
    return [each for each in list_folder(str(root), git=Git(ENVIRON)).entries if each.kind == "text"]


def child(module: str, arguments: Sequence[str], paths: Sequence[str]) -> dict[str, Any]:
    """Run a benchmark module in its own process, and return the JSON that it prints."""
    command = [sys.executable, "-P", "-m", module, *arguments]
    given = "\0".join(paths).encode(errors="surrogateescape")
    environ = {**ENVIRON, "PYTHONPATH": str(HERE)}
    done = subprocess.run(command, input=given, stdout=subprocess.PIPE, check=True, env=environ)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def run(root: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Measure one tree: floor, index, readers."""
    entries = files_of(root)
    paths = [each.path for each in entries]
    found: dict[str, Any] = {"files": len(paths), "bytes": sum(each.size for each in entries)}
    _tell(root, "floor")
    found["floor"] = child("bench.index.floor", [str(root)], paths)
    _tell(root, "index")
    database = options.data / "indexes" / f"{root.name}.sqlite"
    found["index"] = measure(root, database, options.parsers)
    _tell(root, "reading")
    known = [path for path in paths if language_of(path).grammar]
    found["reading"] = child("bench.index.reading", [str(root), str(database)], known)
    found["figures"] = figures(found)
    return found


def _tell(root: Path, phase: str) -> None:
    print(f"{root.name}: {phase}", file=sys.stderr, flush=True)


def figures(found: Mapping[str, Any]) -> dict[str, float | None]:
    """Return the figures that have goals, and some others; None for what could not be measured."""
    index, floor, reading = found["index"], found["floor"], found["reading"]
    cold = index["cold"]["s"]
    workers = index["parsers"]
    floor_s = floor["read s"] + floor["parse s"]
    branch = index["branch, known"]
    made: dict[str, float | None] = {
        "cold s": cold,
        "cold MB/s a worker": found["bytes"] / 1e6 / cold / workers,
        "cold files/s a worker": found["files"] / cold / workers,
        "floor MB/s": floor["bytes"] / 1e6 / floor_s,
        "cold, share of the floor": floor_s / cold / workers,
        "warm s": index["warm"]["s"],
        "warm parses": index["warm"]["parses"],
        "branch switch s": branch["s"],
        "branch switch parses": branch["parses"],
        "save to found p95 ms": index["save ms"]["p95"],
        "tree update p95 ms": reading["tree ms"]["p95"],
        "search p95 ms": reading["search ms"]["p95"],
        "retrieval p95 ms": reading["retrieval ms"]["p95"],
        "database / source": index["database bytes"] / found["bytes"],
        "server MB": reading["peak mb"],
        "indexer MB": index["peak mb"].get("assist_context.indexer.indexer_process"),
        "parser MB": index["peak mb"].get("assist_context.indexer.parser_process"),
    }
    return {name: value if value is None else round(value, 3) for name, value in made.items()}


def table(trees: Mapping[str, Mapping[str, Any]]) -> str:
    """Return a table with one row per figure, one column per tree, and the goal. Missed goals are marked."""
    names = list(dict.fromkeys(name for each in trees.values() for name in each["figures"]))
    lines = [f"| figure | {' | '.join(trees)} | goal |", f"|---|{'---|' * len(trees)}---|"]
    for name in names:
        cells = [_cell(name, each["figures"].get(name)) for each in trees.values()]
        goal = "{} {:g}".format(*GOALS[name]) if name in GOALS else ""
        lines.append(f"| {name} | {' | '.join(cells)} | {goal} |")
    lines += [f"\n{tree}: {note}" for tree, each in trees.items() for note in _notes(each)]
    return "\n".join(lines)


def _cell(name: str, value: float | None) -> str:
    if value is None:
        return "-"
    comparison, goal = GOALS.get(name, ("<=", float("inf")))
    missed = value < goal if comparison == ">=" else value > goal
    return f"{value:,.3g}{' (missed)' if missed else ''}"


def _notes(found: Mapping[str, Any]) -> Iterator[str]:
    yield f"{found['files']:,} files, {found['bytes'] / 1e6:,.1f} MB of source"


def options_of(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--data", type=Path, required=True, metavar="FOLDER", help="where to put trees and indexes")
    add("--tree", action="append", choices=("python", "monorepo"), help="measure only this tree")
    add("--files", type=int, default=100_000, help="how many files the generated repository has")
    add("--seed", type=int, default=1, help="seed of the generated repository")
    add("--parsers", type=int, default=1, help="how many processes parse")
    add("--out", type=Path, metavar="FILE.json", help="where to write results, with their provenance")
    add("--json", action="store_true", help="print JSON instead of a table")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    options = options_of(arguments)
    options.data = options.data.resolve()
    trees = {}
    try:
        for name in options.tree or ("python", "monorepo"):
            _tell(Path(name), "making the tree")
            if name == "python":
                root = standard_library(options.data)
            else:
                root = monorepo(options.data, options.files, options.seed)
            trees[name] = run(root, options)
    except (IndexFailed, subprocess.CalledProcessError, OSError) as error:
        sys.exit(f"context.py: {error}")
    header = provenance()
    if options.out:
        write(options.out, header, {"trees": trees})
    print(layout({"provenance": header, "trees": trees}) if options.json else table(trees))


if __name__ == "__main__":
    main()
