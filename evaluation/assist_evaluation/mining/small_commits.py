"""Tasks from small commits: a change with its subject as the wish, and a hunk that repeats an earlier one."""

import re
from collections.abc import Iterator, Sequence

from assist_context.code.symbols import Definition, symbols
from assist_evaluation.mining.changed_lines import LARGEST, MAX_COMMITS, PAGE
from assist_evaluation.mining.patched_commits import PatchedCommit, PatchHunk
from assist_evaluation.mining.sampling import at_most_per, spread, task_id
from assist_evaluation.mining.sources import MinedRepository, is_source, language_at
from assist_evaluation.tasks import EvalTask, TaskKind, TaskTexts

HUNKS = range(1, 4)
MAX_LINES = 24  # removed and added together, of an edit
SPAN = 40  # lines between the first and the last change of an edit
SUBJECT = range(15, 100)  # characters that say what was done
PER_FILE = 3
LONGEST_DEFINITION = 150  # lines: a small model reads 700 tokens of code

# Subjects of commits that no one would ask a model for.
_NOTHING = re.compile(
    r"\b(?:merge|release|bump|version|changelog|typo|wip|revert|lint|format|ruff|black|prettier)\b",
    re.IGNORECASE,
)
_FIX = re.compile(
    r"\b(?:fix\w*|bug\w*|wrong|incorrect|crash\w*|error|correct\w*|regression)\b", re.IGNORECASE
)
_TOKEN = re.compile(r"\w+|[^\w\s]")


def commits_of(repository: MinedRepository, count: int) -> list[PatchedCommit]:
    """The newest commits, until `count` of them are small enough, or too many were looked at."""
    found: list[PatchedCommit] = []
    for skip in range(0, MAX_COMMITS, PAGE):
        page = repository.commits(skip, PAGE)
        found += [commit for commit in page if commit.parent and len(commit.files) <= 6]
        if len(page) < PAGE or len(found) >= count:
            break
    return found


def edit_tasks(
    repository: MinedRepository, commits: Sequence[PatchedCommit], count: int, seed: int
) -> list[EvalTask]:
    """At most `count` commits that change one file in few lines, and whose subject says what they do."""
    small = [task for commit in commits for task in _edit(commit)]
    return _drawn(repository, small, "edits", count, seed)


def next_tasks(
    repository: MinedRepository, commits: Sequence[PatchedCommit], count: int, seed: int
) -> list[EvalTask]:
    """At most `count` hunks that make the same substitution as one above them in the same commit."""
    repeated = [task for commit in commits for task in _repetitions(commit)]
    return _drawn(repository, repeated, "next", count, seed)


def _drawn(
    repository: MinedRepository, tasks: Sequence[EvalTask], kind: TaskKind, count: int, seed: int
) -> list[EvalTask]:
    order = spread(tasks, lambda each: each.language, seed, kind)
    now = repository.files()
    there = (task for task in order if task.path in now)
    some = list(at_most_per(there, lambda each: each.path, PER_FILE))[: 4 * count]
    allowed = set(repository.filter_allowed(task.path for task in some))
    texts = repository.texts_of((task.commit, task.path) for task in some)
    found = [task for task in some if task.path in allowed]
    return [task for task in found if _is_askable(task, texts.get((task.commit, task.path), ""))][:count]


def _is_askable(task: EvalTask, text: str) -> bool:
    """Whether a file is not too large, and an edit is within one definition, which a question is about."""
    if not text or len(text) > LARGEST:
        return False
    return task.kind != "edits" or definition_around(task, text) is not None


def definition_around(task: EvalTask, text: str) -> Definition | None:
    """The smallest definition that holds all lines of a task, None if there is none of a fitting length."""
    last = max(task.first, task.last)
    around = [
        definition
        for definition in symbols(language_at(task.path), text, docs=False).definitions
        if definition.start_line <= task.first
        and last <= definition.end_line
        and definition.end_line - definition.start_line < LONGEST_DEFINITION
    ]
    return min(around, key=lambda each: each.end_line - each.start_line, default=None)


def _edit(commit: PatchedCommit) -> Iterator[EvalTask]:
    sources = [file for file in commit.files if is_source(file.path)]
    if len(sources) != 1 or len(commit.files) > 2 or _NOTHING.search(commit.subject):
        return
    [file] = sources
    hunks = file.hunks
    size = sum(len(hunk.removed) + len(hunk.added) for hunk in hunks)
    first = min(hunk.old + (not hunk.removed) for hunk in hunks)
    last = max(hunk.old + max(0, len(hunk.removed) - 1) for hunk in hunks)
    fitting = len(hunks) in HUNKS and size <= MAX_LINES and last - first <= SPAN
    if not fitting or len(commit.subject) not in SUBJECT or not any(hunk.removed for hunk in hunks):
        return
    command = "fix" if _FIX.search(commit.subject) else "refactor"
    name = task_id("edits", commit.id, file.path)
    language = language_at(file.path).name
    yield EvalTask(
        name,
        "edits",
        commit.parent,
        commit.id,
        file.path,
        language,
        first,
        last,
        day=commit.day,
        name=command,
    )


def _repetitions(commit: PatchedCommit) -> Iterator[EvalTask]:
    """The first change of a file that makes the same substitution as one further up."""
    for file in commit.files:
        if not is_source(file.path):
            continue
        seen: set[tuple[tuple[str, ...], tuple[str, ...]]] = set()
        for change in (line for hunk in file.hunks for line in by_lines(hunk)):
            what = _substitution(change)
            if what is not None and what in seen:
                name = task_id("next", commit.id, file.path, change.old)
                language = language_at(file.path).name
                where = (commit.parent, commit.id, file.path, language, change.old, change.old)
                yield EvalTask(name, "next", *where, day=commit.day)
                break
            if what is not None:
                seen.add(what)


def by_lines(hunk: PatchHunk) -> Iterator[PatchHunk]:
    """The changes of a hunk line by line, if it has as many lines after as before; else the hunk itself."""
    if len(hunk.removed) != len(hunk.added):
        yield hunk
        return
    for at, (old, new) in enumerate(zip(hunk.removed, hunk.added, strict=True)):
        yield PatchHunk(hunk.old + at, (old,), hunk.new + at, (new,))


def _substitution(hunk: PatchHunk) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """What a hunk puts in place of what, without the tokens at both ends that stay; None for more lines."""
    if len(hunk.removed) != 1 or len(hunk.added) != 1:
        return None
    old = _TOKEN.findall(hunk.removed[0])
    new = _TOKEN.findall(hunk.added[0])
    start = 0
    while start < min(len(old), len(new)) and old[start] == new[start]:
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    removed = tuple(old[start : len(old) - end])
    return (removed, tuple(new[start : len(new) - end])) if removed else None


def change_texts(task: EvalTask, hunks: Sequence[PatchHunk], text: str, subject: str) -> TaskTexts:
    """The texts of an edit: the file before the commit, and the lines that its hunks leave in their place.

    Of the next edit, what the commit changed above it is made already.
    """
    lines = text.removesuffix("\n").split("\n")
    if task.kind == "next":
        hunks = [line for hunk in hunks for line in by_lines(hunk)]
    inside = [hunk for hunk in hunks if task.first <= hunk.old + (not hunk.removed) and hunk.old <= task.last]
    earlier = [hunk for hunk in hunks if hunk.old < task.first] if task.kind == "next" else []
    above = _with_hunks(lines[: task.first - 1], earlier, 1)
    old = lines[task.first - 1 : task.last]
    new = _with_hunks(old, inside, task.first)
    below = lines[task.last :]
    before = "".join(f"{line}\n" for line in above)
    after = "".join(f"{line}\n" for line in below)
    is_next = task.kind == "next"
    words = "" if is_next else subject
    start = _join_lines(lines) if is_next else ""
    return TaskTexts(before, after, _join_lines(new), _join_lines(old), words, start)


def _join_lines(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _with_hunks(lines: Sequence[str], hunks: Sequence[PatchHunk], first: int) -> list[str]:
    """Lines, the first of which has number `first`, with these hunks made."""
    found = list(lines)
    for hunk in sorted(hunks, key=lambda each: -each.old):
        at = hunk.old - first + (not hunk.removed)
        found[at : at + len(hunk.removed)] = hunk.added
    return found
