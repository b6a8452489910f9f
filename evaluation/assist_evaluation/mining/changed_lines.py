"""Tasks from lines that recent commits added and that are still there: one cursor each, or a block to type.

The file is as it is at the repository's commit, but for the block in question.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from assist_context.code.symbols import symbols
from assist_context.documents import split_lines
from assist_evaluation.mining.sampling import at_most_per, seeded_random, spread, task_id
from assist_evaluation.mining.sources import MinedRepository, is_source, language_at
from assist_evaluation.tasks import EvalTask, TaskKind, TaskTexts

PAGE = 250  # commits that are read at once
MAX_COMMITS = 2_000  # that are looked at: more are from another time
WANTED = 12  # times as many blocks as tasks, so that strata can be drawn
PER_FILE = 4  # tasks in one file, so that no file decides
SHORTEST = 12  # characters of code in a line that is worth asking about
LARGEST = 200_000  # characters of a file
TYPED_LINES = range(3, 9)  # of a block that is typed
TYPED_WIDTH = 110  # characters of a line that people type

_TOKEN = re.compile(r"\w+|[^\w\s]")
_NAME = re.compile(r"[^\W\d]\w{2,}")
_COMMENT = ("#", "//", "/*", "*", '"""', "'''", "--")


@dataclass(frozen=True, slots=True)
class AddedBlock:
    """Lines that a commit added to a file on a day."""

    commit: str
    day: str
    path: str
    lines: tuple[str, ...]


def added_blocks(repository: MinedRepository, count: int) -> list[AddedBlock]:
    """About `count` blocks that the newest commits added to source files, fewer if there are not so many."""
    found: list[AddedBlock] = []
    for skip in range(0, MAX_COMMITS, PAGE):
        commits = repository.commits(skip, PAGE)
        for commit in commits:
            for file in commit.files:
                if is_source(file.path):
                    blocks = [hunk.added for hunk in file.hunks if any(map(_is_code, hunk.added))]
                    found += [AddedBlock(commit.id, commit.day, file.path, block) for block in blocks]
        if len(commits) < PAGE or len(found) >= count:
            break
    return found


def line_tasks(
    repository: MinedRepository, blocks: Sequence[AddedBlock], kind: TaskKind, count: int, seed: int
) -> list[EvalTask]:
    """At most `count` tasks of the kind "lines" or "typing", in a drawn order, spread over the languages."""
    drawn = list(spread(blocks, lambda each: language_at(each.path).name, seed, kind))
    found: list[EvalTask] = []
    for start in range(0, len(drawn), 4 * count):
        part = drawn[start : start + 4 * count]
        allowed = set(repository.filter_allowed(block.path for block in part))
        texts = repository.texts(allowed)
        for block in part:
            text = texts.get(block.path, "")
            place = _place(text, block.lines) if len(text) <= LARGEST else None
            if place is not None:
                rng = seeded_random(seed, kind, block.commit, block.path, str(place))
                found += _task(repository.commit, block, (kind, text, place), rng)
        found = list(at_most_per(found, lambda each: each.path, PER_FILE))
        if len(found) >= count:
            break
    return found[:count]


def line_texts(task: EvalTask, text: str) -> TaskTexts:
    """The texts of a task: the cursor is in its first line, and the rest of the block is not there yet."""
    lines = split_lines(text)
    at = task.first - 1
    line = lines[at].rstrip("\n")
    below = "".join(lines[at + 1 : task.last])
    truth = (line[task.column :] + "\n" + below).removesuffix("\n")
    return TaskTexts("".join(lines[:at]) + line[: task.column], "\n" + "".join(lines[task.last :]), truth)


def _place(text: str, block: Sequence[str]) -> int | None:
    """The line, from 0, where a block is, None if it is not there or in several places."""
    wanted = "\n" + "\n".join(block) + "\n"
    whole = f"\n{text}\n" if not text.endswith("\n") else f"\n{text}"
    at = whole.find(wanted)
    if at < 0 or whole.find(wanted, at + 1) >= 0:
        return None
    return whole.count("\n", 0, at)


def _task(
    commit: str, block: AddedBlock, where: tuple[TaskKind, str, int], rng: Random
) -> Iterator[EvalTask]:
    kind, text, start = where
    drawn = _block_to_type(block, rng) if kind == "typing" else _cut(block, rng)
    if drawn is None:
        return
    offset, column, size = drawn
    first = start + offset + 1
    name = task_id(kind, commit, block.path, first, column)
    last = first + size - 1
    language = language_at(block.path).name
    task = EvalTask(name, kind, commit, block.commit, block.path, language, first, last, column)
    stratum = _stratum(task, line_texts(task, text))
    yield EvalTask(
        name, kind, commit, block.commit, block.path, language, first, last, column, stratum, block.day
    )


def _cut(block: AddedBlock, rng: Random) -> tuple[int, int, int] | None:
    """A line of the block, a column in it, and how many lines are left from there on."""
    fitting = [at for at, line in enumerate(block.lines) if _is_code(line)]
    if not fitting:
        return None
    at = rng.choice(fitting)
    line = block.lines[at]
    indent = len(line) - len(line.lstrip())
    column = indent if rng.random() < 1 / 3 else _column(line, rng)
    return at, column, len(block.lines) - at


def _block_to_type(block: AddedBlock, rng: Random) -> tuple[int, int, int] | None:
    """A run of lines that people can have typed, from the first one's text on."""
    runs: list[int] = []
    for at in range(len(block.lines) - TYPED_LINES.start + 1):
        lines = block.lines[at : at + TYPED_LINES.start]
        if all(_is_code(line) and len(line) <= TYPED_WIDTH and line.isascii() for line in lines):
            runs.append(at)
    if not runs:
        return None
    at = rng.choice(runs)
    last = at
    while last < len(block.lines) and last - at < TYPED_LINES.stop - 1 and _is_typed(block.lines[last]):
        last += 1
    return at, len(block.lines[at]) - len(block.lines[at].lstrip()), last - at


def _is_typed(line: str) -> bool:
    return bool(line.strip()) and len(line) <= TYPED_WIDTH and line.isascii()


def _is_code(line: str) -> bool:
    code = line.strip()
    return len(code) >= SHORTEST and not code.startswith(_COMMENT)


def _column(line: str, rng: Random) -> int:
    """A column in a line, after a token or some letters into a word; at least two tokens are left."""
    tokens = list(_TOKEN.finditer(line))
    if len(tokens) < 4:
        return len(line) - len(line.lstrip())
    token = tokens[rng.randrange(1, len(tokens) - 2)]
    in_word = token[0][0].isalpha() and len(token[0]) > 4 and rng.random() < 0.5
    return token.start() + rng.randint(1, 3) if in_word else token.end()


def _stratum(task: EvalTask, texts: TaskTexts) -> str:
    """Whether the rest of the line has a name that the file imports, or does not have anywhere else."""
    wanted = set(_NAME.findall(texts.truth.partition("\n")[0]))
    here = set(_NAME.findall(texts.before)) | set(_NAME.findall(texts.after))
    found = symbols(language_at(task.path), f"{texts.before}{texts.after}", docs=False)
    imported = {name for import_ in found.imports for name in import_.names}
    return "workspace" if wanted - here or wanted & imported else "file"
