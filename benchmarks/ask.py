"""Questions about code: are the lines that answer them among the places that are shown first, and how soon?

Each question is searched for as `assist ask` does it without a model. A place is right if it shows one of the
lines that a person wrote down as the answer (`bench/asked/*.toml`). What is said to be a guess is right if no
place is. The repositories are clones in one folder, by their names, at the commits that the files name.
"""

import argparse
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from assist_context.evidence.line_search import search_places
from assist_context.evidence.weighed_file import FoundLines
from assist_context.index.reader import IndexReader
from assist_context.retrieval.corpus import Corpus
from bench.index.index import IndexFailed, running_indexer
from bench.index.reading import percentiles
from bench.provenance import layout, provenance, write

SHOWN = 3  # places
EXAMPLES = """
examples:
  ask.py benchmarks/bench/asked/tuned.toml --clones ~/src
  ask.py benchmarks/bench/asked/held_out.toml --clones ~/src --missed
"""


@dataclass(frozen=True, slots=True)
class AskedOnce:
    """What a search gave: `rank` of the first right place, 0 for none, and milliseconds.

    `answered` says whether the repository has an answer.
    """

    repository: str
    kind: str
    text: str
    answered: bool
    rank: int
    sure: bool
    ms: float


def shows(place: FoundLines, lines: str) -> bool:
    """Whether a place shows one of some lines, given as in `src/app.py:3-9`."""
    path, _, numbers = lines.rpartition(":")
    first, _, last = numbers.partition("-")
    return place.path == path and place.first <= int(last or first) and int(first) <= place.last


def corpus_at(root: Path, commit: str) -> Corpus:
    """The index of a clone, brought up to date. Exits if it is at another commit."""
    command = ("git", "-C", str(root), "rev-parse", "HEAD")
    head = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    if head != commit:
        sys.exit(f"ask.py: {root} has to be at {commit}, and is at {head or 'none'}.")
    database = root.with_name(f"{root.name}.assist.sqlite")
    try:
        with running_indexer(root, database) as (_, events):
            events.ready()
    except IndexFailed as error:
        sys.exit(f"ask.py: {error}")
    return Corpus(str(root), IndexReader(str(database)))


def answers(file: Path, clones: Path) -> Iterator[tuple[AskedOnce, Sequence[FoundLines]]]:
    """Ask all questions of a file, those of a repository after one that is not counted."""
    for repository in tomllib.loads(file.read_text(encoding="utf-8"))["repository"]:
        name = repository["name"]
        corpus = corpus_at((clones / name.rpartition("/")[2]).expanduser().resolve(), repository["commit"])
        search_places([corpus], "where does it begin?", SHOWN)
        for asked in repository["questions"]:
            start = time.perf_counter()
            found = search_places([corpus], asked["text"], SHOWN)
            ms = 1e3 * (time.perf_counter() - start)
            right = [any(shows(place, lines) for lines in asked["lines"]) for place in found.places]
            rank = right.index(True) + 1 if True in right else 0
            answered = bool(asked["lines"])
            yield (
                AskedOnce(name, asked["kind"], asked["text"], answered, rank, found.sure, round(ms, 1)),
                found.places,
            )
        corpus.reader.close()


def figures(asked: Sequence[AskedOnce]) -> dict[str, Any]:
    """The shares that are right, by kind, and how long it took."""
    known = [one for one in asked if one.answered]
    kinds = {
        kind: [one.rank > 0 for one in known if one.kind == kind] for kind in {one.kind for one in known}
    }
    guesses = [one for one in asked if not one.sure]
    return {
        "questions": len(known),
        "first": sum(one.rank == 1 for one in known),
        "shown": sum(one.rank > 0 for one in known),
        "by kind": {kind: f"{sum(right)} of {len(right)}" for kind, right in sorted(kinds.items())},
        "without an answer": len(asked) - len(known),
        "of these said to be guesses": sum(not one.answered for one in guesses),
        "guesses": len(guesses),
        "guesses of which none is right": sum(not one.rank for one in guesses),
        "ms": percentiles([one.ms for one in asked]),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("questions", type=Path, nargs="+", metavar="FILE.toml")
    add("--clones", type=Path, required=True, metavar="FOLDER", help="where the repositories are")
    add("--missed", action="store_true", help="print the places of the questions without a right one")
    add("--out", type=Path, metavar="FILE.json")
    options = parser.parse_args(arguments)
    asked: list[AskedOnce] = []
    for file in options.questions:
        for one, places in answers(file, options.clones):
            asked.append(one)
            if options.missed and not one.rank and one.answered:
                print(f"{one.repository}: {one.text}", file=sys.stderr)
                for place in places:
                    shown = f"{place.path}:{place.first}-{place.last} {place.name}"
                    print(f"  {place.score:.2f} {place.share:.2f} {shown}", file=sys.stderr)
    header = provenance()
    found = figures(asked)
    if options.out:
        write(options.out, header, {**found, "asked": [asdict(one) for one in asked]})
    print(layout({"provenance": header, **found}))


if __name__ == "__main__":
    main()
