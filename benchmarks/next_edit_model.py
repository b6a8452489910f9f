"""Does a model make next edits better? It judges offers, and rewrites where nothing is offered.

    uv run python benchmarks/next_edit_model.py REPOSITORY... [--model NAME_OR_PATH] [--out FILE]

The commits are those of next_edit.py. Of each offer the model says how much likelier it finds the line's new
text than the old one, and how it would write the lines itself. Where nothing is offered it is told where the
next hunk of the commit is, which a product would have to guess. The results hold no text.
"""

import argparse
import math
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from assist_completion.inference.sequence import LlamaSequence
from assist_completion.prompt.next_edit_layout import NextEditLayout, layouts
from assist_completion.rewrite.decoding import RewriteRun, run_rewrite
from assist_completion.rewrite.line_rank import rank_line
from assist_completion.rewrite.window_rewrite import LineChange
from assist_completion.settings import DEFAULT_MODEL
from assist_context.files.git_repository import Git
from assist_context.next_edit.finder import THRESHOLDS
from assist_evaluation.mining.sources import open_repository
from assist_server.records.proportions import wilson
from bench.next_edit.commits import played_commits
from bench.next_edit.other_files import FilesAtCommit
from bench.provenance import provenance, write
from bench.rewriting.candidates import (
    Became,
    CandidateOffer,
    CandidateSession,
    SilentPlace,
    judge,
    line_after,
)
from bench.rewriting.opening import open_rewriting
from bench.routing.score import auroc
from bench.show_gate.fit import logistic

COMMITS = 40  # of each repository at most
FOLDS = 10
PENALTY = 1.0  # on the weights of two numbers


@dataclass(frozen=True, slots=True)
class JudgedOffer:
    """An offer and what the model holds of it. `writes` says whether it writes the same line itself."""

    repository: str
    kind: str
    right: bool
    probability: float
    score: float
    writes: bool
    ms: float


@dataclass(frozen=True, slots=True)
class RewrittenPlace:
    """What the model writes at a place that it was shown; "none" has no end."""

    repository: str
    became: Became | str
    ms: float


def judge_offer(
    sequence: LlamaSequence, layout: NextEditLayout, repository: str, offer: CandidateOffer
) -> JudgedOffer:
    """Rank an offer's line, and rewrite the lines around it."""
    ranked = rank_line(sequence, layout, LineChange(offer.window, offer.line, offer.text))
    found = run_rewrite(sequence, RewriteRun(offer.window, layout))
    writes = found.text is not None and line_after(offer.window, found.text, offer.line) == offer.text
    ms = round(ranked.ms.total)
    score = round(ranked.score, 3)
    return JudgedOffer(repository, offer.kind, offer.right, round(offer.probability, 3), score, writes, ms)


def rewrite_place(
    sequence: LlamaSequence, layout: NextEditLayout, repository: str, place: SilentPlace
) -> RewrittenPlace:
    """Rewrite the lines around a hunk that is not made yet."""
    found = run_rewrite(sequence, RewriteRun(place.window, layout))
    became = "none" if found.text is None else judge(place.window, found.text, place.goal)
    return RewrittenPlace(repository, became, round(found.ms.total))


def collect(root: Path, offers: int, places: int) -> tuple[list[CandidateOffer], list[SilentPlace]]:
    """The first offers and silent places of a repository's newest commits."""
    repository = open_repository(Git(environ=dict(os.environ)), str(root.resolve()))
    candidates: list[CandidateOffer] = []
    silent: list[SilentPlace] = []
    for commit, files in played_commits(repository, COMMITS, wrap=True):
        session = CandidateSession(files, FilesAtCommit(repository, commit.parent))
        session.play()
        candidates += session.candidates
        silent += session.silent
        if len(candidates) >= offers and len(silent) >= places:
            break
    return candidates[:offers], silent[:places]


def report(offers: Sequence[JudgedOffer], places: Sequence[RewrittenPlace]) -> dict[str, Any]:
    """Precision without and with the model, and what became of rewritten places."""
    right = np.array([each.right for each in offers])
    odds = np.array([math.log(each.probability / (1 - each.probability)) for each in offers])
    scores = np.array([each.score for each in offers])
    both = held_out(np.column_stack([odds, scores]), right)
    shown = [each for each in offers if each.probability >= THRESHOLDS["balanced"]]
    changed = [each for each in places if each.became != "same"]
    return {
        "offers": len(offers),
        "right": int(right.sum()),
        "auroc": {
            "likelihood": round(auroc(odds, right), 3),
            "score": round(auroc(scores, right), 3),
            "both": round(auroc(both, right), 3),
        },
        "precision": {
            "shown": precision(shown),
            "shown, written by the model": precision([each for each in shown if each.writes]),
            "as many by both": precision(_best(offers, both, len(shown))),
            "as many by the score": precision(_best(offers, scores, len(shown))),
            "not shown": precision([each for each in offers if each not in shown]),
            "not shown, written by the model": precision([e for e in offers if e not in shown and e.writes]),
        },
        "rank_p50_ms": median(each.ms for each in offers),
        "places": len(places),
        "places rewritten": proportion(sum(each.became == "right" for each in changed), len(changed)),
        "places without an end": sum(each.became == "none" for each in places),
        "rewrite_p50_ms": median(each.ms for each in places) if places else 0,
    }


def held_out(features: Any, right: Any) -> Any:
    """The log-odds of each row by a regression on the other folds."""
    found = np.zeros(len(right))
    folds = np.arange(len(right)) % FOLDS
    for fold in range(FOLDS):
        own = folds == fold
        weights = logistic(features[~own], right[~own].astype(float), PENALTY)
        found[own] = weights[0] + features[own] @ weights[1:]
    return found


def precision(offers: Sequence[JudgedOffer]) -> list[float]:
    return proportion(sum(each.right for each in offers), len(offers))


def proportion(part: int, whole: int) -> list[float]:
    """A part, the whole, the share, and its 95 % interval."""
    low, high = wilson(part, whole)
    return [part, whole, round(part / max(1, whole), 3), round(low, 3), round(high, 3)]


def _best(offers: Sequence[JudgedOffer], scores: Any, count: int) -> list[JudgedOffer]:
    return [offers[at] for at in np.argsort(-scores)[:count]]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("repositories", nargs="+", type=Path, metavar="REPOSITORY")
    parser.add_argument("--model", default=DEFAULT_MODEL, help="a model of the catalogue, or a .gguf file")
    parser.add_argument(
        "--layout", default="", choices=layouts(), help="how it is asked, if not as its row says"
    )
    parser.add_argument("--offers", type=int, default=14, help="offers of each repository")
    parser.add_argument("--places", type=int, default=7, help="places of each repository without an offer")
    parser.add_argument("--threads", type=int, default=0, help="1 on a machine that does other work too")
    parser.add_argument("--seconds", type=float, default=math.inf, help="begin nothing after so many seconds")
    parser.add_argument("--out", type=Path, help="write results and their provenance here")
    options = parser.parse_args()
    opened = open_rewriting(options.model, options.layout, options.threads)
    sequence = opened.sequence
    deadline = time.monotonic() + options.seconds
    judged: list[JudgedOffer] = []
    rewritten: list[RewrittenPlace] = []
    for root in options.repositories:
        if time.monotonic() > deadline:
            break
        offers, places = collect(root, options.offers, options.places)
        waiting = (each for each in offers if time.monotonic() < deadline)
        judged += [judge_offer(sequence, opened.layout, root.name, each) for each in waiting]
        given = (each for each in places if time.monotonic() < deadline)
        rewritten += [rewrite_place(sequence, opened.layout, root.name, each) for each in given]
        print(f"{root.name}: {len(judged)} offers, {len(rewritten)} places", file=sys.stderr, flush=True)
    sequence.llama.close()
    figures = report(judged, rewritten)
    print(figures)
    if options.out:
        lists = {"offers": [asdict(each) for each in judged], "places": [asdict(each) for each in rewritten]}
        write(options.out, provenance(opened.path), {"figures": figures, **lists})
    return 0


if __name__ == "__main__":
    sys.exit(main())
