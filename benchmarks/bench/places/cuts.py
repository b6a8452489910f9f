"""Lines that people wrote in commits, each cut at the places where a user may wait for a text.

What the commit added below the cursor in the same place is not there yet.
"""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.places.commits import LARGEST, SHORTEST, Place, added_lines, commits, git, is_code

LINES_PER_FILE = 4  # so that no file decides
KINDS = ("statement", "block", "member", "argument", "word")
_OPENS_BLOCK = re.compile(r"[:{]\s*$")
_MEMBER = re.compile(r"(?<=[\w)\]])(?:\.|::|\?\.|->)(?=\w)")
_ARGUMENT = re.compile(r"(?<=[\w>])[(\[](?=[^)\]\s])")
_TOKEN = re.compile(r"\w+|[^\w\s]")
_GENERATED = re.compile(
    r"(?:^|/)(?:vendor|node_modules|dist|build|third_party|generated|\w*snapshots?\w*)/|\.min\.|_pb2?\."
)


@dataclass(frozen=True, slots=True)
class CutLine:
    """A line that a commit added, and a place in it for each kind that it has, from the left."""

    repository: str
    id: str
    places: tuple[Place, ...]


def cut_lines(repository: Path, count: int, seed: int = 1) -> Iterator[CutLine]:
    """At most `count` lines of a repository, in an order that the seed decides."""
    rng = random.Random(f"{seed} {repository.name}")
    hunks = [hunk for commit in commits(repository)[:-1] for hunk in added_lines(repository, commit)]
    rng.shuffle(hunks)
    per_file: dict[str, int] = {}
    found = 0
    for commit, path, first, size in hunks:
        if found == count:
            return
        if per_file.get(path, 0) >= LINES_PER_FILE or _GENERATED.search(path):
            continue
        text = git(repository, "show", f"{commit}:{path}").decode("utf-8", "replace")
        added = range(first - 1, first - 1 + size)
        cut = _cut(repository.name, (commit, path), text, added, rng)
        if cut is not None:
            per_file[path] = per_file.get(path, 0) + 1
            found += 1
            yield cut


def _cut(name: str, where: tuple[str, str], text: str, added: range, rng: random.Random) -> CutLine | None:
    lines = text.splitlines(keepends=True)
    fitting = [at for at in added if at < len(lines) and is_code(lines[at])]
    if len(text) > LARGEST or not fitting or "\r" in text:
        return None
    at = rng.choice(fitting)
    if rng.random() < 0.3:  # blocks are rare, and what is shown there is longest
        fitting = [at for at in fitting if at - 1 in added and _OPENS_BLOCK.search(lines[at - 1])] or [at]
        at = rng.choice(fitting)
    line = lines[at].rstrip("\n")
    commit, path = where
    places = []
    for kind, column in sorted(
        _columns(line, lines[at - 1] if at - 1 in added else "", rng).items(), key=_column
    ):
        places.append(
            Place(
                id=f"{name}/{commit[:9]}/{path}:{at + 1}:{column + 1}",
                repository=name,
                path=path,
                kind=kind,
                before="".join(lines[:at]) + line[:column],
                after="\n" + "".join(lines[added.stop :]),
                truth=line[column:] + "\n" + "".join(lines[at + 1 : added.stop]),
                whole="",
            )
        )
    return CutLine(name, f"{name}/{commit[:9]}/{path}:{at + 1}", tuple(places))


def _column(cut: tuple[str, int]) -> int:
    return cut[1]


def _columns(line: str, above: str, rng: random.Random) -> dict[str, int]:
    """A column for each kind of place that a line has."""
    start = len(line) - len(line.lstrip())
    found = {"block" if _OPENS_BLOCK.search(above) else "statement": start}
    for kind, shape in (("member", _MEMBER), ("argument", _ARGUMENT)):
        if ends := [match.end() for match in shape.finditer(line, start)]:
            found[kind] = rng.choice(ends)
    tokens = list(_TOKEN.finditer(line))
    if len(tokens) >= 4 and len(line.strip()) >= SHORTEST:
        token = tokens[rng.randrange(1, len(tokens) - 2)]
        inside = token[0][0].isalpha() and len(token[0]) > 4 and rng.random() < 0.5
        found["word"] = token.start() + rng.randint(1, 3) if inside else token.end()
    return {kind: column for kind, column in found.items() if column < len(line)}


def one_place(line: CutLine, number: int) -> Place:
    """One of a line's places: over many lines, all kinds come equally often."""
    by_kind = {place.kind: place for place in line.places}
    order = (*KINDS[number % len(KINDS) :], *KINDS)
    return next(by_kind[kind] for kind in order if kind in by_kind)
