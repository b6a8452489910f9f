"""After a run: pairs of answers that differ are shown to a provider, and its word is kept with the run."""

from dataclasses import asdict
from pathlib import Path

from assist_evaluation.answers import EvalAnswer
from assist_evaluation.candidates.answers import AnswerCandidate
from assist_evaluation.candidates.run_budget import RunBudget
from assist_evaluation.candidates.spec import CandidateSpec
from assist_evaluation.judging.pair_judge import AnswerPair, ShownAnswer, judge_pairs
from assist_evaluation.mining.sampling import seeded_random
from assist_evaluation.ranking.results import read_results, write_run
from assist_evaluation.ready import ReadyEvaluation
from assist_evaluation.report.run_report import differing_pairs, hole_text, report_of
from assist_evaluation.running.store import AnswerStore, version_for


async def judge_run(ready: ReadyEvaluation, folder: Path, judge: CandidateSpec, most: int) -> None:
    """Ask a judge about at most `most` drawn pairs, each in both orders, within the run's money."""
    report = report_of(folder)
    store = AnswerStore(ready.folder)
    drawn = differing_pairs(report, ready.tasks.tasks)
    seeded_random(ready.tasks.seed, "judge").shuffle(drawn)
    tests = str(report.run["tests"])
    pairs = []
    for task, *labels in drawn[:most]:
        texts = ready.texts[task.id]
        shown = []
        for label in labels:
            found = store.find(task, label, version_for(task, ready.versions[label], tests)) or EvalAnswer()
            shown.append(ShownAnswer(label, hole_text(found, texts), found.sources))
        pairs.append(AnswerPair(task, texts, shown[0], shown[1]))
    budget = RunBudget(folder, round(1e6 * ready.wish.max_usd))
    asker = AnswerCandidate(ready.config, judge, ready.workspace, budget)
    judged = await judge_pairs(asker, pairs, ready.workspace.root)
    _, run = read_results(folder)
    counts = {"asked": judged.asked, "agreed": judged.agreed, "first": judged.first}
    run["judge"] = {"candidate": judge.label, **counts}
    run["judged"] = [asdict(each) for each in judged.comparisons]
    write_run(folder, run)
