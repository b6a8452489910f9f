"""A run's summary as JSON and as the values of its page: tables, sentences, points of charts."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from markupsafe import Markup, escape

from assist_escalation.policy.endpoints import usd
from assist_evaluation.judging.score import MAIN
from assist_evaluation.judging.summary import CandidateKind, RunSummary
from assist_evaluation.judging.verdicts import ALIKE
from assist_evaluation.pages import render
from assist_evaluation.report.advice import advice
from assist_evaluation.report.charts import (
    ChartPoint,
    reliability_chart,
    scatter,
)
from assist_evaluation.tasks import TaskKind

KIND_WORDS: Mapping[TaskKind, tuple[str, str]] = {
    "lines": (
        "Lines",
        "A cursor in a line that a recent commit added. The text is compared with the commit's up to the end "
        "of the statement; layout does not count.",
    ),
    "typing": (
        "Typing",
        "A block of a recent commit, typed key by key. Kept is the share of its characters that Tab wrote.",
    ),
    "bodies": (
        "Bodies",
        "The body of a function, written again and judged by this repository's own tests. They fail without "
        "a body and notice most of its mutants.",
    ),
    "edits": (
        "Edits",
        "A small commit as a request: its subject, and the file before it. Gain is how much closer to the "
        "commit its lines are than unchanged ones; 1 is the commit's own text.",
    ),
    "next": ("Next edits", "The next of several alike changes of a commit: its place, and its text."),
    "questions": (
        "Questions",
        "A docstring or a heading as a question, searched in a copy in which these words are missing.",
    ),
}
_NUMBERS: Mapping[TaskKind, tuple[tuple[str, str], ...]] = {
    "lines": (
        ("exact", "Exact"),
        ("names", "Names"),
        ("shown", "Shown"),
        ("kept", "Kept"),
        ("wrong", "Shown, wrong"),
    ),
    "typing": (
        ("shown_per_1000_keys", "Shown per 1,000 keys"),
        ("wrong_per_1000_keys", "Wrong per 1,000 keys"),
        ("accepted_per_1000_keys", "Tab per 1,000 keys"),
        ("tokens_per_key", "Tokens per key"),
    ),
    "bodies": (("similarity", "Alike"), ("parses", "Parses")),
    "edits": (("exact", "Exact"), ("similarity", "Alike"), ("parses", "Parses")),
    "next": (("place", "Right place"), ("similarity", "Alike")),
    "questions": (("found", "Among ten"),),
}  # fmt: skip
_MAIN_HEADS: Mapping[TaskKind, str] = {
    "lines": "Alike",
    "typing": "Kept",
    "bodies": "Tests pass",
    "edits": "Gain",
    "next": "Right",
    "questions": "MRR",
}
COST_HEADS = ("p50 ms", "p95 ms", "Tokens read", "Tokens written", "Dollars")
LEAST_CALIBRATED = 100  # lines: with 12 of them a point of the chart was one or two lines, and said nothing
_COUNTS = ("shown_per_1000_keys", "wrong_per_1000_keys", "accepted_per_1000_keys", "tokens_per_key")


@dataclass(frozen=True, slots=True)
class ExampleDifference:
    """Two answers to one task that differ in worth. Texts are "" unless code was asked for."""

    kind: TaskKind
    place: str
    worse: str
    better: str
    scores: tuple[float, float]
    texts: tuple[str, str, str] = ("", "", "")  # the truth's, the worse one's, the better one's


def summary_document(run: Mapping[str, Any], found: RunSummary) -> dict[str, Any]:
    """The summary as JSON: shares from 0 to 1, times in milliseconds, money in dollars."""
    return {
        **run,
        "advice": advice(found),
        "answers": found.answers,
        "disturbed": found.disturbed,
        "ranking": [asdict(rank) for rank in found.ranking],
        "kinds": [_kind_document(kind) for kind in found.kinds],
        "differences": [
            {
                "kind": difference.kind,
                "one": difference.one,
                "other": difference.other,
                **asdict(difference.found),
                "words": difference.words,
            }
            for difference in found.differences
        ],
        "reliability": {name: [asdict(bin_) for bin_ in bins] for name, bins in found.reliability.items()},
    }


def _kind_document(row: CandidateKind) -> dict[str, Any]:
    document = asdict(row)
    document["cost_usd"] = document.pop("cost_micro") / 1e6
    return {**document, "main": MAIN[row.kind][0]}


def page(run: Mapping[str, Any], found: RunSummary, examples: Sequence[ExampleDifference] = ()) -> str:
    """The report of a run as one page."""
    return render(
        "evaluation.html.j2",
        title=f"Evaluation of {run['repository']}",
        run=run,
        found=found,
        advice=[with_code_marks(line) for line in advice(found)],
        verdicts=verdict_lines(found),
        ranking=ranking_rows(found),
        kinds=[_kind_section(kind, found) for kind in KIND_WORDS if any(k.kind == kind for k in found.kinds)],
        charts=_charts(found),
        departures=departure_rows(run),
        examples=examples,
        left_out=sorted(run["left_out"].items(), key=lambda each: -each[1]),
    )


def ranking_rows(found: RunSummary) -> list[list[str]]:
    """The common ranking, the strongest first: only between which shares of wins each one is."""
    return [
        [rank.candidate, f"{rank.low:.0%} to {rank.high:.0%}", f"{rank.comparisons:,}"]
        for rank in found.ranking
    ]


def verdict_lines(found: RunSummary) -> list[str]:
    """The sentences on the pairs that differ, and how many others there are."""
    telling = [difference.words for difference in found.differences if difference.found.verdict != ALIKE]
    others = len(found.differences) - len(telling)
    if not others:
        return telling
    if not telling:
        counted = f"{others} comparison{'s' * (others != 1)}"
        return [f"No two candidates can be told apart by these tasks ({counted})."]
    more = "1 other comparison:" if others == 1 else f"{others} other comparisons:"
    return [*telling, f"{more} these tasks cannot tell apart which is better."]


def with_code_marks(line: str) -> Markup:
    """A sentence for a page: what is between backticks is code.

    >>> with_code_marks("<run> `assist eval`.")
    Markup('&lt;run&gt; <code>assist eval</code>.')
    """
    return Markup(re.sub(r"`([^`]*)`", r"<code>\1</code>", str(escape(line))))  # noqa: S704  (escaped before)


def quality_heads(kind: TaskKind) -> list[tuple[str, bool]]:
    """The heads of a kind's table of quality, and whether each column has numbers."""
    heads = ["Tasks", _MAIN_HEADS[kind], "95 %", *(words for _, words in _NUMBERS[kind])]
    return [("Candidate", False), *((head, True) for head in heads)]


def quality_rows(kind: TaskKind, found: RunSummary) -> list[list[str]]:
    """The candidates of a kind with their quality, the best first."""
    return [
        [
            row.candidate,
            f"{row.tasks:,}",
            f"{row.mean:.2f}",
            f"{row.low:.2f} to {row.high:.2f}",
            *(_number(name, row.numbers.get(name, 0.0)) for name, _ in _NUMBERS[kind]),
        ]
        for row in _best_first(kind, found)
    ]


def cost_rows(kind: TaskKind, found: RunSummary) -> list[list[str]]:
    """The same candidates in the same order, with their `COST_HEADS`."""
    return [_cost_row(row) for row in _best_first(kind, found)]


def _best_first(kind: TaskKind, found: RunSummary) -> list[CandidateKind]:
    return sorted((row for row in found.kinds if row.kind == kind), key=lambda row: -row.mean)


def _cost_row(row: CandidateKind) -> list[str]:
    return [
        row.candidate,
        f"{row.ms_p50:,.0f}",
        f"{row.ms_p95:,.0f}",
        f"{row.tokens_read:,.0f}",
        f"{row.tokens_written:,.0f}",
        usd(round(row.cost_micro)) if row.cost_micro else "-",
    ]


def _number(name: str, value: float) -> str:
    return f"{value:,.0f}" if name in _COUNTS else f"{value:.2f}"


def departure_rows(run: Mapping[str, Any]) -> list[list[str]]:
    """What left the machine in a run, by the audit log."""
    return [
        [
            f"{departure['provider']}: {departure['command']}",
            departure["host"],
            f"{departure['requests']:,}",
            f"{departure['input']:,}",
            f"{departure['output']:,}",
            f"{departure['bytes_sent']:,}",
            usd(departure["cost_micro"]),
        ]
        for departure in run.get("departures", ())
    ]


def _kind_section(kind: TaskKind, found: RunSummary) -> dict[str, Any]:
    head, words = KIND_WORDS[kind]
    own = [row for row in found.kinds if row.kind == kind]
    return {
        "head": head,
        "words": words,
        "heads": quality_heads(kind),
        "rows": quality_rows(kind, found),
        "cost_heads": [("Candidate", False), *((head, True) for head in COST_HEADS)],
        "cost_rows": cost_rows(kind, found),
        "verdicts": [difference.words for difference in found.differences if difference.kind == kind],
        "ages": _age_lines(own),
        "bars": [(row.candidate, f"{row.mean:.2f}", max(0.0, row.mean)) for row in own],
        "main": MAIN[kind][1],
    }


def _age_lines(rows: Sequence[CandidateKind]) -> list[str]:
    """What each candidate does on code that may have been in its training data, and on newer code."""
    return [
        f"{row.candidate}: {row.older:.2f} on code from before its release, {row.newer:.2f} on newer."
        for row in rows
        if row.older is not None and row.newer is not None
    ]


def _charts(found: RunSummary) -> list[tuple[str, Markup]]:
    """The charts that there is enough data for, each with a caption. They are our own SVG: not escaped."""
    made = []
    for kind in ("lines", "bodies", "edits"):
        own = [row for row in found.kinds if row.kind == kind]
        points = [ChartPoint(row.candidate, row.ms_p50, row.mean, row.low, row.high) for row in own]
        if len(points) > 1 and any(point.y for point in points):
            caption = f"{KIND_WORDS[own[0].kind][0]}: quality by latency. Up and to the left is better."
            made.append((caption, Markup(scatter(points, "median milliseconds", MAIN[own[0].kind][1]))))  # noqa: S704
    paid = [kind for kind in found.kinds if kind.kind in ("bodies", "edits")]
    for kind in ("bodies", "edits"):
        own = [row for row in paid if row.kind == kind]
        if any(row.cost_micro for row in own) and any(row.mean for row in own):
            points = [ChartPoint(r.candidate, r.cost_micro / 1e4, r.mean, r.low, r.high) for r in own]
            caption = f"{KIND_WORDS[own[0].kind][0]}: quality by cost."
            made.append((caption, Markup(scatter(points, "cents a task", MAIN[own[0].kind][1]))))  # noqa: S704
    asked = {row.candidate: row.tasks for row in found.kinds if row.kind == "lines"}
    known = {name: bins for name, bins in found.reliability.items() if asked.get(name, 0) >= LEAST_CALIBRATED}
    if known:
        caption = (
            "How far confidence can be trusted: on the diagonal, a model is right as often as it expects."
        )
        made.append((caption, Markup(reliability_chart(known))))  # noqa: S704
    return made
