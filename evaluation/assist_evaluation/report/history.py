"""The figures of all runs over time, as a table and as a page with a chart."""

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from assist_evaluation.report.charts import EXTRA, can_draw, history_chart
from assist_evaluation.score import MAIN
from assist_evaluation.tasks import KINDS
from assist_server.wording.pages import render

HEADS = ("Run", "Candidate", *(kind.capitalize() for kind in KINDS))


def history_document(runs: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """For each run its first candidate's main figures by kind, as far as it has them."""
    return [
        {
            "run": run["run"],
            "date": run["date"],
            "commit": run["commit"],
            "version": run["version"],
            "candidate": (first := next(iter(run["versions"]), "")),
            "figures": {
                f"{row['kind']}.{MAIN[row['kind']][0]}": row["mean"]
                for row in run["kinds"]
                if row["candidate"] == first
            },
        }
        for run in runs
    ]


def history_rows(runs: Sequence[dict[str, Any]]) -> list[list[str]]:
    """The same as rows of `HEADS`."""
    rows = []
    for each in history_document(runs):
        by_kind = {name.partition(".")[0]: value for name, value in each["figures"].items()}
        figures = [f"{by_kind[kind]:.3f}" if kind in by_kind else "-" for kind in KINDS]
        rows.append([each["run"], each["candidate"], *figures])
    return rows


def history_page(runs: Sequence[dict[str, Any]]) -> str:
    """The page of all runs of a repository."""
    series: dict[str, list[tuple[str, float]]] = {}
    for each in history_document(runs):
        for name, value in each["figures"].items():
            series.setdefault(name, []).append((each["run"], value))
    chart = Markup(history_chart(series, "figure")) if series and can_draw() else ""  # noqa: S704
    name = runs[-1]["repository"] if runs else ""
    return render(
        "history.html.j2",
        title=f"Evaluations of {name}" if name else "No evaluations yet",
        heads=[(head, at > 1) for at, head in enumerate(HEADS)],
        rows=history_rows(runs),
        chart=chart,
        chart_hint="" if can_draw() else f"Charts need matplotlib: {EXTRA}",
    )
