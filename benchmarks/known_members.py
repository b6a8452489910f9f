"""Is a member of real code ever refuted, and are made-up ones? Without a model and an index.

    uv run python benchmarks/known_members.py [--share 0.1] [--show] [--out FILE] CLONE...

Each drawn line of a git clone is taken out and checked as if a model had written it there. "known" are the
accesses to members whose receiver's type is known wholly, "wrong" those that are refuted although people
wrote them. A made-up access has another member of the same file, which the type does not have. What is
outside of the clone is unknown here.
"""

import argparse
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from assist_completion.display.cursor_site import CursorSite
from assist_completion.display.refutation import mentions_in, names_of
from assist_context.documents import Cursor, Document, MemberAccess, split_lines
from assist_context.languages import language_of
from assist_context.relations.path_index import PathIndex, path_index_of
from assist_context.types.accesses import readable, receiver_types, refuted_accesses
from assist_context.types.lookup import TypeLookup
from assist_context.types.words import FAMILIES
from bench.provenance import provenance, write

MOST_LINES = 6_000  # of a file; a longer one is made by a program


@dataclass
class Clone:
    """The files of a git clone, each read once."""

    root: Path
    texts: dict[str, tuple[str, ...]] = field(default_factory=dict)
    index: PathIndex = field(init=False)

    def __post_init__(self) -> None:
        listed = subprocess.run(
            ["/usr/bin/env", "git", "-C", str(self.root), "ls-files"],
            capture_output=True,
            text=True,
            check=True,
        )
        self.index = path_index_of(
            [path for path in listed.stdout.split("\n") if (self.root / path).is_file()]
        )

    def lines(self, path: str) -> Sequence[str]:
        if path not in self.texts:
            self.texts[path] = split_lines((self.root / path).read_text(encoding="utf-8", errors="replace"))
        return self.texts[path]

    def stamp(self, path: str) -> object:
        return path

    def files(self) -> PathIndex:
        return self.index


def figures(clone: Clone, share: float, seed: int, *, show: bool) -> tuple[Counter[str], list[float]]:
    """Counts of accesses, and the milliseconds that each drawn line took."""
    counts: Counter[str] = Counter()
    took: list[float] = []
    rng = random.Random(seed)
    lookup = TypeLookup(clone)
    for path in sorted(clone.index.paths):
        language = language_of(path)
        if FAMILIES.get(language.name) is None or len(clone.lines(path)) > MOST_LINES:
            continue
        document = Document(path, tuple(clone.lines(path)), language)
        found = list(_accesses(document))
        members = sorted({access.member for _, accesses in found for access in accesses})
        for line, accesses in found:
            if rng.random() < share:
                start = time.perf_counter()
                for what in _check(lookup, document, line, accesses, rng.choice(members)):
                    counts.update(what[0])
                    if show and what[1]:
                        print(f"{clone.root.name}/{path}:{line + 1}: {what[1]}", file=sys.stderr)
                took.append(1e3 * (time.perf_counter() - start))
    return counts, took


def _accesses(document: Document) -> Iterator[tuple[int, frozenset[MemberAccess]]]:
    """The accesses of each line that has some, as they are found in ghost text."""
    for line, text in enumerate(document.lines):
        body = text.rstrip("\r\n")
        if "." not in body:
            continue
        before = "".join(document.lines[max(0, line - 400) : line])
        after = "".join(document.lines[line + 1 : line + 10])
        site = CursorSite(before, f"\n{after}", document.language, document.path)
        accesses = frozenset() if site.in_literal else names_of(mentions_in(site, body)).accesses
        if accesses:
            yield line, accesses


def _check(
    lookup: TypeLookup, document: Document, line: int, accesses: frozenset[MemberAccess], other: str
) -> Iterator[tuple[Counter[str], str]]:
    """Counts for each access of a line, and what is refuted wrongly."""
    body = document.lines[line]
    indent = body[: len(body) - len(body.lstrip())]
    without = replace(document, lines=(*document.lines[:line], f"{indent}\n", *document.lines[line + 1 :]))
    cursor = Cursor(line, len(indent))
    refuted = refuted_accesses(lookup, without, cursor, accesses)
    text, at = readable(without, cursor, lookup.texts.last(document.path))
    for access in sorted(accesses, key=lambda each: (each.receiver, each.member)):
        kinds = receiver_types(lookup, text, at, access.receiver)
        members = lookup.members(kinds)
        counts = Counter(accesses=1, known=int(members.whole), wrong=int(access in refuted))
        if members.whole and other not in members.names:
            made_up = replace(access, member=other)
            held = refuted_accesses(lookup, without, cursor, [made_up])
            counts.update(made_up=1, held_back=len(held))
        yield counts, f"{access.receiver}.{access.member}" if access in refuted else ""


def _quantile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1) if ordered else 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("clones", nargs="+", type=Path)
    parser.add_argument("--share", type=float, default=0.1, help="of the lines with accesses")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", action="store_true", help="name on stderr what is refuted wrongly")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    rows: dict[str, Any] = {}
    for folder in options.clones:
        counts, took = figures(Clone(folder), options.share, options.seed, show=options.show)
        times = {"p50_ms": _quantile(took, 0.5), "p95_ms": _quantile(took, 0.95)}
        rows[folder.name] = {**counts, **times}
        print(folder.name, rows[folder.name], flush=True)
    keys = ("accesses", "known", "wrong", "made_up", "held_back")
    rows["all"] = {key: sum(row.get(key, 0) for row in rows.values()) for key in keys}
    print("all", rows["all"])
    if options.out:
        write(options.out, {**provenance(), "rows": rows})


if __name__ == "__main__":
    main()
