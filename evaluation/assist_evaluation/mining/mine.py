"""Mines a repository: all kinds of tasks in a drawn order, and the texts of tasks when they are asked."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from assist_evaluation.mining.changed_lines import WANTED, added_blocks, line_tasks, line_texts
from assist_evaluation.mining.functions import body_tasks, body_texts
from assist_evaluation.mining.prose import question_tasks, question_texts
from assist_evaluation.mining.small_commits import change_texts, commits_of, edit_tasks, next_tasks
from assist_evaluation.mining.sources import MinedRepository
from assist_evaluation.tasks import KINDS, EvalTask, TaskKind, TaskSet, TaskTexts, is_writable

# Of all tasks. Bodies are many since most of them are not accepted: their tests notice no mistake.
SHARES: Mapping[TaskKind, float] = {
    "lines": 0.36, "typing": 0.06, "bodies": 0.2, "edits": 0.12, "next": 0.08, "questions": 0.18
}  # fmt: skip

SayStep = Callable[[str], None]


def mine(
    repository: MinedRepository,
    count: int,
    seed: int,
    kinds: Sequence[TaskKind] = KINDS,
    say: SayStep = lambda _: None,
) -> TaskSet:
    """About `count` tasks of these kinds, the same ones for the same commit and seed."""
    all_shares = sum(SHARES[kind] for kind in kinds)
    wanted = {kind: max(2, round(count * SHARES[kind] / all_shares)) for kind in kinds}
    found: list[EvalTask] = []
    say("reading the history")
    blocks = added_blocks(repository, WANTED * count) if {"lines", "typing"} & set(kinds) else []
    commits = commits_of(repository, WANTED * count) if {"edits", "next"} & set(kinds) else []
    files = repository.files() if {"bodies", "questions"} & set(kinds) else {}
    days = {block.path: block.day for block in reversed(blocks)}
    for kind in kinds:
        say(f"choosing {kind}")
        most = wanted[kind]
        if kind in ("lines", "typing"):
            found += line_tasks(repository, blocks, kind, most, seed)
        elif kind == "bodies":
            found += body_tasks(repository, files, days, most, seed)
        elif kind == "edits":
            found += edit_tasks(repository, commits, most, seed)
        elif kind == "next":
            found += next_tasks(repository, commits, most, seed)
        else:
            found += question_tasks(repository, files, most, seed)
    kept = tuple(task for task in found if is_writable(task))
    return TaskSet(Path(repository.root).name, repository.commit, seed, kept, len(found) - len(kept))


def texts_of(repository: MinedRepository, tasks: Sequence[EvalTask]) -> dict[str, TaskTexts]:
    """The texts of tasks by their ids.

    A task has none if its commit or file is gone, or if a rule keeps the file out of an index by now. An old
    version of a file that no longer exists is not read: whoever deleted it may have had a reason.
    """
    now = repository.files()
    allowed = set(repository.filter_allowed({task.path for task in tasks if task.path in now}))
    given = [task for task in tasks if task.path in allowed]
    files = repository.texts_of((task.commit, task.path) for task in given)
    changes = repository.changes({task.change for task in given if task.kind in ("edits", "next")})
    found = {}
    for task in given:
        text = files.get((task.commit, task.path))
        if text is None:
            continue
        if task.kind in ("lines", "typing"):
            found[task.id] = line_texts(task, text)
        elif task.kind == "bodies":
            found[task.id] = body_texts(task, text)
        elif task.kind == "questions":
            found[task.id] = question_texts(task, text)
        elif (commit := changes.get(task.change)) is not None:
            hunks = next((file.hunks for file in commit.files if file.path == task.path), ())
            found[task.id] = change_texts(task, hunks, text, commit.subject)
    return found


def masked_files(repository: MinedRepository, tasks: Iterable[EvalTask]) -> dict[str, str]:
    """The files that questions are about, by path, without the words of all these questions."""
    asked = [task for task in tasks if task.kind == "questions"]
    found = repository.texts(task.path for task in asked)
    for task in asked:
        if task.path in found:
            found[task.path] = question_texts(task, found[task.path]).before
    return found
