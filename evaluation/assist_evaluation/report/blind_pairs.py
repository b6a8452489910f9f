"""Pairs of answers that differ, as a person sees them who does not know whose they are."""

from dataclasses import dataclass
from pathlib import Path

from assist_evaluation.answers import EvalAnswer
from assist_evaluation.mining.mine import texts_of
from assist_evaluation.mining.sampling import seeded_random
from assist_evaluation.mining.sources import open_repository
from assist_evaluation.ranking.votes import Vote
from assist_evaluation.report.run_report import (
    differing_pairs,
    find_run,
    hole_text,
    report_of,
    votes_of,
)
from assist_evaluation.running.store import AnswerStore, eval_folder, version_for
from assist_evaluation.tasks import TASKS_FILE, read_tasks
from assist_server.config.config import Config
from assist_server.questions.composition import git_of

MOST = 40  # pairs of a session


@dataclass(frozen=True, slots=True)
class BlindPair:
    """Two answers to a task in a drawn order, with the text around their place."""

    task: str
    kind: str
    place: str
    before: str
    after: str
    first: str
    second: str
    first_text: str
    second_text: str
    versions: tuple[str, str]

    def vote(self, won: float) -> Vote:
        """The vote of a person: 1 for the first, 0 for the second, 0.5 for neither."""
        return Vote(self.task, self.first, self.second, won, self.versions)


def blind_pairs(config: Config, root: str, run: str) -> list[BlindPair]:
    """The pairs of a run that no one has voted on yet, in a drawn order."""
    folder = eval_folder(config, root)
    report = report_of(find_run(folder, run))
    versions = report.run["versions"]
    seen = {(each.task, frozenset((each.one, each.other))) for each in votes_of(folder, versions)}
    tasks = read_tasks(Path(report.folder) / TASKS_FILE).tasks
    pairs = [pair for pair in differing_pairs(report, tasks) if (pair[0].id, frozenset(pair[1:])) not in seen]
    rng = seeded_random(len(seen), report.folder.name)
    rng.shuffle(pairs)
    texts = texts_of(open_repository(git_of(config), root), [task for task, _, _ in pairs[: 2 * MOST]])
    store = AnswerStore(folder)
    found = []
    for task, *labels in pairs[: 2 * MOST]:
        if task.id not in texts:
            continue
        own = texts[task.id]
        rng.shuffle(labels)
        keys = [version_for(task, versions[label], report.run["tests"]) for label in labels]
        given = [store.find(task, *each) for each in zip(labels, keys, strict=True)]
        answers = [each or EvalAnswer() for each in given]
        shown = [hole_text(answer, own) for answer in answers]
        if shown[0].split() != shown[1].split():
            place = (task.id, task.kind, f"{task.path}:{task.first}", own.before, own.after)
            both = (str(versions[labels[0]]), str(versions[labels[1]]))
            found.append(BlindPair(*place, labels[0], labels[1], shown[0], shown[1], both))
    return found[:MOST]
