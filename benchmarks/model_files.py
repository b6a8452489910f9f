"""Other files of the model: are their lines as right as today's, and is a new place there sooner?

    uv run python benchmarks/model_files.py make [RECIPE...] --out FOLDER [--model NAME_OR_PATH]
    uv run python benchmarks/model_files.py speed FILE... [--library ORIGIN_OR_FOLDER]
    uv run python benchmarks/model_files.py draw --data FOLDER --out LINES [--count 3]
    uv run python benchmarks/model_files.py write --lines LINES --model NAME_OR_PATH --out ROWS [--full]
    uv run python benchmarks/model_files.py compare BEFORE_ROWS ROWS...

`make` requantizes a file with llama.cpp (recipes: bench/model_files/recipes.py). `speed` gives tokens a
second in processor time of one thread, file after file, twice over; a folder in place of the library's
origin is one with a single part for processors, so that a newer processor runs an older one's kernels.
`draw` takes lines that commits of this year added in git clones (FOLDER, bare ones too), each cut at places
as `places.py` has it. `write` asks a file greedily at all of them, one thread, with what a new place reads
(152 + 38 tokens) or with a full head; the prompt holds the own file only, so all files get the same.
`compare` pairs by place, the first file is the one of before; intervals are over repositories. LINES and
ROWS hold code and are not for this repository.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from assist_completion.inference.libraries import LibrarySource, library_in_use, use
from assist_completion.model_store.store import resolve
from assist_completion.settings import DEFAULT_MODEL, is_path
from assist_server.config.config import load_lenient
from assist_server.local_model.opening import open_store, use_libraries
from bench.model_files.comparing import table
from bench.model_files.first_lines import FirstLine, first_lines
from bench.model_files.making import make
from bench.model_files.recipes import RECIPES
from bench.model_files.speed import FileSpeed, speed_of
from bench.places.commits import SINCE, Place, git
from bench.places.cuts import CutLine, cut_lines
from bench.places.writing import open_model
from floor import choose_library

ROUNDS = 2  # of all files, so that a change of the machine is seen


def path_of(name: str) -> Path:
    """The file of a model that is named or is a path."""
    return Path(name) if is_path(name) else resolve(open_store(load_lenient()), name)


def use_library(named: str) -> None:
    """Use the library of an origin, or the one in a folder."""
    if is_path(named):
        use(LibrarySource("named", named, Path(named)))
    else:
        choose_library(named)


def draw(folder: Path, count: int) -> Iterator[CutLine]:
    """Lines of the clones that have commits of this year."""
    for repository in sorted(each for each in folder.iterdir() if each.is_dir()):
        if git(repository, "log", "-n1", "--no-merges", f"--since={SINCE}", "--format=%H"):
            yield from cut_lines(repository, count)


def read_lines(path: Path) -> Iterator[CutLine]:
    """What `draw` wrote."""
    for text in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(text)
        yield CutLine(row["repository"], row["id"], tuple(Place(**place) for place in row["places"]))


def write_rows(model: Path, lines: Iterator[CutLine], *, full: bool) -> Iterator[FirstLine]:
    """What a file writes at the places of lines; with a full head at the first line of each repository."""
    opened = open_model(model, 1)
    seen: set[str] = set()
    try:
        for line in lines:
            if not full or line.repository not in seen:
                yield from first_lines(opened, line, full=full)
            seen.add(line.repository)
    finally:
        opened.close()


def print_speeds(files: list[Path], library: str) -> None:
    """A row for each file and round, each from a process of its own."""
    print(f"{library_in_use().words}; processor time of one thread\n")
    print("| file | MB | reads tokens/s | writes tokens/s | a new place, s |\n|---|---|---|---|---|")
    for _ in range(ROUNDS):
        for path in files:
            command = [sys.executable, __file__, "speed", str(path), "--library", library, "--json"]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            found = FileSpeed(**json.loads(done.stdout))
            figures = (
                f"{found.megabytes:.0f} | {found.reads:.0f} | {found.writes:.1f} | {found.new_place:.2f}"
            )
            print(f"| {found.file} | {figures} |", flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    own = commands.add_parser("make")
    own.add_argument("recipes", nargs="*", metavar="RECIPE", help=f"default: {', '.join(RECIPES)}")
    own.add_argument("--model", default=DEFAULT_MODEL, metavar="NAME_OR_PATH")
    own.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    own = commands.add_parser("speed")
    own.add_argument("files", nargs="+", metavar="FILE")
    own.add_argument("--library", default="fetched", metavar="ORIGIN_OR_FOLDER")
    own.add_argument("--json", action="store_true", help="figures of one file, measured in this process")
    own = commands.add_parser("draw")
    own.add_argument("--data", type=Path, required=True, metavar="FOLDER")
    own.add_argument("--count", type=int, default=3, help="lines of a repository (default: %(default)s)")
    own.add_argument("--out", type=Path, required=True, metavar="LINES")
    own = commands.add_parser("write")
    own.add_argument("--lines", type=Path, required=True)
    own.add_argument("--model", required=True, metavar="NAME_OR_PATH")
    own.add_argument("--full", action="store_true", help="full heads, one line of each repository")
    own.add_argument("--out", type=Path, required=True, metavar="ROWS")
    own = commands.add_parser("compare")
    own.add_argument("rows", type=Path, nargs="+")
    return parser


def _save(path: Path, rows: Iterator[CutLine] | Iterator[FirstLine]) -> None:
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(asdict(row)) + "\n")
            file.flush()


def main() -> None:
    flags = _parser().parse_args()
    if flags.command == "speed":
        use_library(flags.library)
        if flags.json:
            print(json.dumps(asdict(speed_of(path_of(flags.files[0])))))
        else:
            print_speeds([path_of(name) for name in flags.files], flags.library)
        return
    use_libraries(load_lenient())
    match flags.command:
        case "make":
            source = path_of(flags.model)
            for name in flags.recipes or RECIPES:
                target = flags.out / f"{source.stem}-{name}.gguf"
                make(source, target, RECIPES[name])
                print(f"{target}: {target.stat().st_size / 1e6:.0f} MB", flush=True)
        case "draw":
            _save(flags.out, draw(flags.data, flags.count))
        case "write":
            lines = read_lines(flags.lines)
            _save(flags.out, write_rows(path_of(flags.model), lines, full=flags.full))
        case "compare":
            files = {
                path.stem: [json.loads(text) for text in path.read_text(encoding="utf-8").splitlines()]
                for path in flags.rows
            }
            print("\n".join(table(files)))


if __name__ == "__main__":
    main()
