"""What an agent without our index does: `rg -n`, and reading around what it names.

One strategy for each kind of question, the same for all repositories. `rg` itself is not run: the files of
code that git has (`-t`) are searched line by line, and written as `rg -n` writes them: of each line the first
`LONGEST` characters, and at most `MAX_LINES` lines, as agents cut them. A file of fewer than `WHOLE` lines
is read whole, of a longer one a range around the hit, a fifth of it above. What is read is counted without
line numbers, which most agents add.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.questions.agent_questions import AgentQuestion, FilePlace
from bench.questions.drawn_questions import SUFFIXES, TESTS, git_files

WHOLE = 300  # lines of a file that is read whole
MAX_LINES = 100  # of one command
LONGEST = 200  # characters of one line of it
MAX_READS = 6  # after one command, then the agent tries another or gives up
RARE_WORDS = 3  # of a question, in one command
DEFINES = r"\b(?:def|class|func|function|fn|const|let|type|interface|struct|enum|trait|impl)\b.*\b"
_WORD = re.compile(r"[A-Za-z_]\w{2,}")
_SMALL_WORDS = """
the and for with from that this into when not are was use uses using add adds fix fixes make makes more allow
remove support does should can now all only also has have been its don doesn which what where how who any same
"""
_SMALL = frozenset(_SMALL_WORDS.split())
_ENDING = re.compile(r"(?:s|es|ed|ing)$")
_Row = tuple[str, int, str]


@dataclass(frozen=True, slots=True)
class ShownLines:
    """What comes back to the agent of one call, and the lines of files in it."""

    text: str
    places: tuple[FilePlace, ...]


class PlainFiles:
    """The lines of all files of code that git has, as `rg` sees them."""

    def __init__(self, root: Path) -> None:
        self.lines: dict[str, list[str]] = {}
        for path in git_files(root):
            if path.endswith(SUFFIXES) and (root / path).is_file():
                self.lines[path] = (root / path).read_text("utf-8", "replace").split("\n")

    def rg(self, expression: str, *, tests: bool | None = None, fold: bool = False) -> list[_Row]:
        """The lines that an expression matches; with `tests`, only those in tests, or only the others."""
        regex = re.compile(expression, re.IGNORECASE if fold else 0)
        return [
            (path, number, line)
            for path, lines in self.lines.items()
            if tests is None or bool(TESTS.search(path)) == tests
            for number, line in enumerate(lines, 1)
            if regex.search(line)
        ]

    def read(self, path: str, line: int, span: int) -> ShownLines:
        """The file, if it is short, or a range of it around a line."""
        lines = self.lines[path]
        first = 1 if len(lines) < WHOLE else max(1, line - span // 5)
        last = len(lines) if len(lines) < WHOLE else min(len(lines), first + span - 1)
        text = "\n".join(lines[first - 1 : last])
        return ShownLines(text, tuple((path, number) for number in range(first, last + 1)))


def reading_steps(files: PlainFiles, question: AgentQuestion, span: int) -> Iterator[ShownLines]:
    """What comes back of one call after the other. `span`: how many lines of a long file are read at once."""
    steps = {"definition": _definition_steps, "decided": _decision_steps, "meet": _meeting_steps}
    yield from steps.get(question.kind, _use_steps)(files, question, span)


def _definition_steps(files: PlainFiles, question: AgentQuestion, span: int) -> Iterator[ShownLines]:
    """Lines that define the name or its owner, and reading from the name that is nearest below the owner."""
    *owners, name = _parts(question.names[0])
    either = "|".join(map(re.escape, [*owners, name]))
    rows = files.rg(rf"{DEFINES}(?:{either})\b")
    named = [row for row in rows if re.search(rf"\b{re.escape(name)}\b", row[2])]
    if not named:  # a method of TypeScript has no word before it
        rows = files.rg(rf"\b{re.escape(name)}\b", tests=False)
        named = rows
    yield _as_rg(rows)
    yield from _reads(files, sorted(named, key=lambda row: _below_owner(row, rows, owners)), span)


def _below_owner(row: _Row, rows: Sequence[_Row], owners: Sequence[str]) -> tuple[bool, bool, int]:
    heads = [
        number
        for path, number, line in rows
        if path == row[0] and number < row[1] and any(owner in line for owner in owners)
    ]
    return bool(owners) and not heads, bool(TESTS.search(row[0])), row[1] - max(heads, default=0)


def _use_steps(files: PlainFiles, question: AgentQuestion, span: int) -> Iterator[ShownLines]:
    """The calls by name, in tests or outside; then all lines that have the name; then reading."""
    name = re.escape(_parts(question.names[0])[-1])
    rows = files.rg(rf"\b{name}\(", tests=question.kind == "tests")
    yield _as_rg(rows)
    more = files.rg(rf"\b{name}\b")
    yield _as_rg(more)
    yield from _reads(files, rows or more, span)


def _decision_steps(files: PlainFiles, question: AgentQuestion, span: int) -> Iterator[ShownLines]:
    """The rarest words of the question, reading where most of them are; then the next rarest."""
    words = sorted(rarity := _rarity(files, question.text), key=rarity.__getitem__)
    for some in (words[:RARE_WORDS], words[RARE_WORDS : 2 * RARE_WORDS]):
        if some:
            rows = files.rg("|".join(rf"\b{re.escape(word)}" for word in some), fold=True)[:MAX_LINES]
            yield _as_rg(rows)
            yield from _reads(files, _by_words(rows, some, span), span)


def _meeting_steps(files: PlainFiles, question: AgentQuestion, span: int) -> Iterator[ShownLines]:
    """Both names, and reading where they are closest to one another."""
    names = [_parts(name)[-1] for name in question.names]
    either = rf"\b(?:{'|'.join(map(re.escape, names))})\b"
    rows = files.rg(either, tests=False)
    yield _as_rg(rows)
    yield from _reads(files, _by_words(rows, [name.lower() for name in names], span), span)


def _by_words(rows: Sequence[_Row], words: Sequence[str], span: int) -> list[_Row]:
    """The first line of each group of near ones, those groups first that have most of the words."""
    groups: list[list[_Row]] = []
    for row in rows:
        if groups and groups[-1][0][0] == row[0] and row[1] - groups[-1][0][1] < span * 4 // 5:
            groups[-1].append(row)
        else:
            groups.append([row])

    def order(group: Sequence[_Row]) -> tuple[int, bool, int]:
        text = " ".join(line for _, _, line in group).lower()
        found = sum(word in text for word in words)
        return -found, bool(TESTS.search(group[0][0])), -len(group)

    return [group[0] for group in sorted(groups, key=order)]


def _reads(files: PlainFiles, rows: Iterable[_Row], span: int) -> Iterator[ShownLines]:
    """Reading around lines, each part once."""
    seen: set[FilePlace] = set()
    reads = 0
    for path, line, _ in rows:
        if (path, line) not in seen and reads < MAX_READS:
            reads += 1
            shown = files.read(path, line, span)
            seen |= {*shown.places}
            yield shown


def _as_rg(rows: Sequence[_Row]) -> ShownLines:
    rows = rows[:MAX_LINES]
    text = "\n".join(f"{path}:{number}:{line[:LONGEST]}" for path, number, line in rows)
    return ShownLines(text, tuple((path, number) for path, number, _ in rows))


def _parts(name: str) -> list[str]:
    return name.split(".")


def _rarity(files: PlainFiles, text: str) -> Mapping[str, int]:
    """The telling words of a question without their endings, with the number of lines that have them."""
    words = [word.lower() for word in _WORD.findall(text)]
    stems = dict.fromkeys(_ENDING.sub("", word) for word in words if word not in _SMALL)
    found = {stem: len(files.rg(rf"\b{re.escape(stem)}", fold=True)) for stem in stems}
    return {word: count for word, count in found.items() if count}
