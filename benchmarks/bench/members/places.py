"""Places where a member follows: after a dot, after an opening bracket, and at the start of such a line.

They are in any file of a folder, or in lines that the newest commits of a git clone added.
"""

import random
import re
from collections.abc import Iterator
from pathlib import Path

from assist_context.code.trees import fragments
from assist_context.languages import Language, language_of
from bench.checkers.faults import INSTALLED
from bench.checkers.selection import checker_of
from bench.places.commits import LARGEST, PER_FILE, Place, added_lines, commits, git, is_code

KINDS = ("dot", "dot", "call", "line")  # how often each kind of place is drawn
SHORT, LONG = 12, 160  # characters of a line's code
_DOT = re.compile(r"(?<=[\w)\]])\??\.(?=[^\W\d])")
_CALL = re.compile(r"(?<=\w)\((?=[^)\s])")
_NO_USE = re.compile(r"\s*(?:from|import|export|def|class|async def|function|interface|type|@|[)\]}])")
_TESTS = re.compile(r"(?:^|/)tests?(?:/|_)|(?:_test|\.test|\.spec)\.\w+\Z")

Line = tuple[
    str, str, int, int
]  # a file's text, its path, a line from 0, and the end of what was added with it


def places(folder: Path, count: int, seed: int = 1) -> list[Place]:
    """At most `count` places of a folder, in an order that the seed decides. Tests are left out."""
    rng = random.Random(f"{seed} {folder.name}")
    lines = _lines_of_commits(folder, rng) if (folder / ".git").exists() else _lines(folder, rng)
    found: list[Place] = []
    per_file: dict[str, int] = {}
    for text, path, at, end in lines:
        if len(found) == count:
            break
        if per_file.get(path, 0) >= PER_FILE:
            continue
        place = _place(folder.name, text, path, (at, end), rng)
        if place is not None:
            per_file[path] = per_file.get(path, 0) + 1
            found.append(place)
    return found


def _lines(folder: Path, rng: random.Random) -> Iterator[Line]:
    """Lines of the folder's own files, in any order; each file gets its turn before one gets its next."""
    files = sorted(
        path
        for path in folder.rglob("*")
        if _is_own(path.relative_to(folder)) and path.is_file() and path.stat().st_size < LARGEST
    )
    texts = {path: path.read_text(encoding="utf-8", errors="replace") for path in files}
    orders = {path: _any_order(len(text.splitlines()), rng) for path, text in texts.items()}
    rng.shuffle(files)
    for turn in range(max(map(len, orders.values()), default=0)):
        for path in files:
            if turn < len(orders[path]):
                at = orders[path][turn]
                yield texts[path], path.relative_to(folder).as_posix(), at, at + 1


def _is_own(path: Path) -> bool:
    inside = path.as_posix()
    return (
        bool(checker_of(inside)) and not set(path.parts) & set(INSTALLED)
        and not inside.endswith(".d.ts") and not _TESTS.search(inside)
    )  # fmt: skip


def _any_order(size: int, rng: random.Random) -> list[int]:
    return rng.sample(range(size), size)


def _lines_of_commits(repository: Path, rng: random.Random) -> Iterator[Line]:
    """Lines that the newest commits added, in any order."""
    hunks = [hunk for commit in commits(repository)[:-1] for hunk in added_lines(repository, commit)]
    rng.shuffle(hunks)
    for commit, path, first, size in hunks:
        if _is_own(Path(path)):
            text = git(repository, "show", f"{commit}:{path}").decode("utf-8", "replace")
            for at in rng.sample(range(first - 1, first - 1 + size), size):
                yield text, path, at, first - 1 + size


def _place(name: str, text: str, path: str, added: tuple[int, int], rng: random.Random) -> Place | None:
    """A place in a line, None if it has none of the kind that was drawn."""
    kind = rng.choice(KINDS)
    lines = text.splitlines(keepends=True)
    at, end = added
    if at >= len(lines) or len(text) > LARGEST:
        return None
    line = lines[at].rstrip("\r\n")
    fitting = columns(line, kind, language_of(path))
    before = "".join(lines[:at])
    if not fitting or fragments.is_string_or_comment(language_of(path), before, len(before)):
        return None
    column = rng.choice(fitting)
    truth = line[column:] + "\n" + "".join(lines[at + 1 : end])
    after = "\n" + "".join(lines[end:])
    place_id = f"{name}/{path}:{at + 1}:{column + 1}"
    return Place(place_id, name, path, kind, before + line[:column], after, truth, text)


def columns(line: str, kind: str, language: Language) -> list[int]:
    """The columns of a kind in a line whose brackets are closed in it."""
    code = list(line)
    for what, first, last in fragments.marks(language, line):
        if what in ("string", "comment"):
            code[first:last] = "_" * (last - first)
    bare = "".join(code)
    closed = all(bare.count(one) == bare.count(other) for one, other in ("()", "[]"))
    if not closed or not is_code(line) or not SHORT <= len(line.strip()) <= LONG or _NO_USE.match(line):
        return []
    dots = [found.end() for found in _DOT.finditer(bare)]
    calls = [found.end() for found in _CALL.finditer(bare)]
    if kind == "line":
        return [len(line) - len(line.lstrip())] if dots or calls else []
    return dots if kind == "dot" else calls
