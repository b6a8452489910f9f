"""What an agent without our index pays for the same truth: `rg`, and reading what it names.

Each way gives the text that comes back to the agent, and the places in it. `rg` itself is not run: files that
git has are searched line by line, and the lines are written as `rg -n` writes them.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.questions.agent_questions import TESTS, AgentQuestion, FilePlace, covers, git_files

MOST_FILES = 5  # that an agent reads before it gives up
MOST_BYTES = 1_000_000
_WORD = re.compile(r"[A-Za-z_]\w{2,}")
_SMALL_WORDS = """
the and for with from that this into when not are was use uses using add adds fix fixes make makes more allow
remove support does should can now all only also has have been its don doesn
"""
_SMALL = frozenset(_SMALL_WORDS.split())


@dataclass(frozen=True, slots=True)
class ReadText:
    """What comes back to the agent, and the places that it can tell from it."""

    text: str
    places: tuple[FilePlace, ...]


class PlainFiles:
    """The lines of all files that git has, as `rg` sees them."""

    def __init__(self, root: Path) -> None:
        self.lines: dict[str, list[str]] = {}
        for path in git_files(root):
            full = root / path
            if full.is_file() and full.stat().st_size < MOST_BYTES:
                data = full.read_bytes()
                if b"\0" not in data[:1_000]:
                    self.lines[path] = data.decode("utf-8", "replace").split("\n")

    def rg(
        self, expression: str, *, tests: bool | None = None, fold: bool = False
    ) -> Iterator[tuple[str, int, str]]:
        """The lines that an expression matches; with `tests`, only those in tests, or only the others."""
        regex = re.compile(expression, re.IGNORECASE if fold else 0)
        for path, lines in self.lines.items():
            if tests is not None and bool(TESTS.search(path)) != tests:
                continue
            for number, line in enumerate(lines, 1):
                if regex.search(line):
                    yield path, number, line


def _as_rg(rows: Iterable[tuple[str, int, str]]) -> ReadText:
    found = list(rows)
    text = "\n".join(f"{path}:{number}:{line}" for path, number, line in found)
    return ReadText(text, tuple((path, number) for path, number, _ in found))


def narrowest(files: PlainFiles, question: AgentQuestion) -> ReadText:
    """The best command that there is, by someone who knows what it finds, and only the lines of the truth.

    Of what is decided somewhere: the rarest word of the question that is in the function, and its lines.
    """
    name = re.escape(question.text)
    if question.kind == "callers":
        return _as_rg(files.rg(rf"\b{name}\(", tests=False))
    if question.kind == "tests":
        return _as_rg(files.rg(rf"\b{name}\(", tests=True))
    path, first = question.truth[0]
    body = files.lines[path][first - 1 : question.last]
    read = ReadText("\n".join(body), ((path, first),))
    if question.kind == "definition":
        found = _as_rg(files.rg(rf"(?:def|class|func(?: \([^)]*\))?|function\*?|const|type) {name}\b"))
        return ReadText(f"{found.text}\n{read.text}", (*found.places, *read.places))
    inside = "\n".join(body).lower()
    rarity = _rarity(files, question.text)
    words = [word for word in sorted(rarity, key=rarity.__getitem__) if word in inside]
    if not words:
        return ReadText(_as_rg(files.rg(_any_of(rarity), fold=True)).text, ())
    found = _as_rg(files.rg(rf"{re.escape(words[0])}", fold=True))
    return ReadText(f"{found.text}\n{read.text}", (*found.places, *read.places))


def whole_files(files: PlainFiles, question: AgentQuestion) -> ReadText:
    """`rg` for the words, then whole files, those with most of them first, until the truth was read."""
    named = question.kind != "decided"
    words = [question.text] if named else list(_rarity(files, question.text))
    tests = question.kind == "tests" if question.kind in ("callers", "tests") else None
    rows = list(files.rg(_any_of(words), tests=tests, fold=not named)) if words else []
    ranked = _rank_files(rows, words, fold=not named)
    shown = "\n".join(ranked) if not named else _as_rg(rows).text  # `rg -l` where words are common
    places: list[FilePlace] = []
    for path in ranked[:MOST_FILES]:
        if covers(question, places) == 1:
            break
        shown += "\n" + "\n".join(files.lines[path])
        places += [(path, number) for number in range(1, len(files.lines[path]) + 1)]
    return ReadText(shown, tuple(places))


def _any_of(words: Iterable[str]) -> str:
    return "|".join(rf"\b{re.escape(word)}" for word in words)


def _rarity(files: PlainFiles, text: str) -> Mapping[str, int]:
    """The telling words of a question that some line has, with the number of these lines."""
    words = dict.fromkeys(word.lower() for word in _WORD.findall(text))
    found = {
        word: sum(1 for _ in files.rg(re.escape(word), fold=True)) for word in words if word not in _SMALL
    }
    return {word: count for word, count in found.items() if count}


def _rank_files(rows: Iterable[tuple[str, int, str]], words: Iterable[str], *, fold: bool) -> list[str]:
    """The files with the most different words, then with the most lines; source before tests and pages."""
    seen: dict[str, set[str]] = {}
    counts: Counter[str] = Counter()
    words = list(words)
    for path, _, line in rows:
        text = line.lower() if fold else line
        seen.setdefault(path, set()).update(word for word in words if word in text)
        counts[path] += 1
    return sorted(seen, key=lambda path: (-len(seen[path]), bool(TESTS.search(path)), -counts[path]))
