"""After a run: pairs of answers that differ are shown to a provider, and its word is kept with the run."""

import json
from dataclasses import asdict
from pathlib import Path

from assist_server.errors import WRONG_USAGE, UserError
from assist_server.evaluation.answers import EvalAnswer
from assist_server.evaluation.candidates.answers import AnswerCandidate
from assist_server.evaluation.candidates.run_budget import RunBudget
from assist_server.evaluation.candidates.spec import parse_candidate
from assist_server.evaluation.evaluate import ReadyEvaluation
from assist_server.evaluation.judging.pair_judge import AnswerPair, judge_pairs
from assist_server.evaluation.ranking.results import RUN, read_results
from assist_server.evaluation.report.run_report import differing_pairs, hole_text, report_of
from assist_server.evaluation.running.store import AnswerStore


async def judge_run(ready: ReadyEvaluation, folder: Path, judge: str, most: int) -> None:
    """Ask a judge about at most `most` pairs, each in both orders, within the run's money."""
    spec = parse_candidate(judge)
    if spec.source != "provider":
        raise UserError(f"{judge!r} is no judge: write provider:NAME.", WRONG_USAGE)
    report = report_of(folder)
    store = AnswerStore(ready.folder)
    pairs = []
    for task, one, other in differing_pairs(report, ready.tasks.tasks)[:most]:
        texts = ready.texts[task.id]
        found = [store.find(task, label, ready.versions[label]) or EvalAnswer() for label in (one, other)]
        shown = [hole_text(answer, texts) for answer in found]
        pairs.append(AnswerPair(task, texts, (one, shown[0]), (other, shown[1])))
    budget = RunBudget(folder, round(1e6 * ready.wish.max_usd))
    asker = AnswerCandidate(ready.config, spec, ready.workspace, budget)
    judged = await judge_pairs(asker, pairs, ready.workspace.root)
    _, run = read_results(folder)
    run["judge"] = {"candidate": judge, "asked": judged.asked, "agreed": judged.agreed, "first": judged.first}
    run["judged"] = [asdict(each) for each in judged.comparisons]
    (folder / RUN).write_text(json.dumps(run, indent=1) + "\n", encoding="utf-8")
