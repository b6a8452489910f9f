"""What is shown of runs: the report, two runs side by side, and whether guards hold."""

import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assist_context import durable_files
from assist_evaluation.cli.flags import EvalFlags, Run
from assist_server.cli.flags import AsJson, WorkspaceOption, argument, directory, example, settings
from assist_server.cli.output import emit, out, say
from assist_server.wording.sanitize import harmless

if TYPE_CHECKING:  # numpy, and all of the product
    from assist_evaluation.report.run_report import RunReport
    from assist_evaluation.running.ready import ReadyEvaluation

PAGE = "report.html"
RANKING = ("Wins, between", "Comparisons")

WithCode = Annotated[
    bool,
    typer.Option(
        "--with-code", help="Include the code of tasks and answers. By default, the report contains no code."
    ),
]


def add_to(app: typer.Typer) -> None:
    """Put these commands into `assist eval`."""
    app.command(
        "report",
        epilog=example(
            "assist eval report", "assist eval report --run last-1 --with-code --output report.html"
        ),
        short_help="Show the report of a run again.",
    )(report)
    app.command(
        "compare",
        epilog=example("assist eval compare last last-1"),
        short_help="Compare two runs: better, worse or the same.",
    )(compare)
    app.command(
        "clear",
        epilog=example("assist eval clear"),
        short_help="Delete the evaluation data of a repository.",
    )(clear)


def finish(ready: "ReadyEvaluation", folder: Path, flags: EvalFlags) -> None:
    """Write the page of a run, show its figures, and check its guards. Exits with 4 if one does not hold."""
    from assist_evaluation.judging.guards import GUARD_FAILED, check_guard  # noqa: PLC0415
    from assist_evaluation.report.run_report import documents_of  # noqa: PLC0415

    made, file = keep_page(ready, folder)
    earlier = documents_of(
        run_folder for run_folder in ready.folder.run_folders() if run_folder.name < folder.name
    )
    results = [check_guard(guard, made.document, earlier) for guard in flags.guards or ()]
    if flags.as_json:
        guards = [{"guard": g.text, "holds": g.holds, "found": g.found, "limit": g.limit} for g in results]
        emit({**made.document, "report": str(file), "guards": guards})
    else:
        show(made, file)
        for result in results:
            out(f"{'Holds' if result.holds else 'FAILS'}: {result.text} ({result.words})")
    if not all(result.holds for result in results):
        raise typer.Exit(GUARD_FAILED)


def keep_page(ready: "ReadyEvaluation", folder: Path) -> "tuple[RunReport, Path]":
    """Write the page of a run; the report that it is made from, and the page."""
    from assist_evaluation.report.facts import page  # noqa: PLC0415
    from assist_evaluation.report.run_report import examples_of, keep_document, report_of  # noqa: PLC0415

    made = report_of(folder)
    keep_document(made)
    file = folder / PAGE
    write_private(file, page(made.run, made.summary, examples_of(made, ready.folder, None)))
    return made, file


def write_private(file: Path, text: str) -> None:
    """Write a text for its owner only."""
    durable_files.make_folder(file.absolute().parent)
    durable_files.replace(file.absolute(), text.encode("utf-8", "replace"))


def show(made: "RunReport", file: Path) -> None:
    """The figures of a run on the terminal."""
    from assist_evaluation.report import facts  # noqa: PLC0415
    from assist_server.cli.terminal.tables import Column, table  # noqa: PLC0415

    summary = made.summary
    run = made.run
    where = f"{harmless(run['repository'])} at {run['commit'][:12]}"
    out(f"{where}: {run['tasks']:,} tasks, {summary.answers:,} answers.")
    out("")
    for line in made.document["advice"]:
        out(line)
    for kind, (head, _) in facts.KIND_WORDS.items():
        rows = facts.quality_rows(kind, summary)
        if rows:
            out(f"\n{head}")
            heads = [*(head for head, _ in facts.quality_heads(kind)[:4]), facts.COST_HEADS[0]]
            columns = [Column(head, number=at > 0) for at, head in enumerate(heads)]
            costs = facts.cost_rows(kind, summary)
            table(columns, [[*row[:4], cost[1]] for row, cost in zip(rows, costs, strict=True)])
    if summary.ranking:
        out("\nAll together: how often each would win against an average one")
        table(
            [Column("Candidate"), *(Column(head, number=True) for head in RANKING)],
            facts.ranking_rows(summary),
        )
    out("")
    for line in facts.verdict_lines(summary):
        out(line)
    _show_notes(made)
    out(f"\nThe report is {file}.")


def _show_notes(made: "RunReport") -> None:
    """What to know about the figures."""
    run = made.run
    for kind, label in made.summary.too_few:
        out(f"{label} was asked too few {kind} to be in the table.")
    for problem in run["problems"]:
        say(f"assist: {problem}")
    for why, count in sorted(run["left_out"].items(), key=lambda each: -each[1])[:4]:
        out(f"Left out: {count:,} task{'' if count == 1 else 's'}, {harmless(why)}.")
    if made.summary.disturbed:
        out(f"{made.summary.disturbed:,} answers were disturbed by other programs: their times are left out.")
    if not run["complete"]:
        out("The time ran out before everything was asked; run it again to continue.")


def report(
    run: Run = "last",
    with_code: WithCode = False,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Write the page to this file.", show_default=False
        ),
    ] = None,
    open_page: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
    workspace: WorkspaceOption = Path(),
    as_json: AsJson = False,
) -> None:
    """Show the figures of a run, and write its page again, as one self-contained HTML file."""
    from assist_evaluation.mining.sources import open_repository  # noqa: PLC0415
    from assist_evaluation.report.facts import page  # noqa: PLC0415
    from assist_evaluation.report.run_report import examples_of, find_run, keep_document, report_of  # noqa: PLC0415
    from assist_evaluation.running.ready import workspace_at  # noqa: PLC0415
    from assist_evaluation.running.store import eval_folder  # noqa: PLC0415
    from assist_server.workspace.git_access import make_git  # noqa: PLC0415

    config = settings()
    root = workspace_at(config, directory(workspace)).root
    folder = eval_folder(config, root)
    made = report_of(find_run(folder, run))
    keep_document(made)
    repository = open_repository(make_git(config), root) if with_code else None
    file = output or made.folder / PAGE
    write_private(file, page(made.run, made.summary, examples_of(made, folder, repository)))
    if as_json:
        emit({**made.document, "report": str(file)})
    else:
        show(made, file)
    if open_page:
        webbrowser.open(file.resolve().as_uri())


def compare(
    one: Annotated[str, argument("NEWER", "The newer run.")],
    other: Annotated[str, argument("OLDER", "The earlier run.")],
    workspace: WorkspaceOption = Path(),
    as_json: AsJson = False,
) -> None:
    """Compare two runs on the tasks that they share; `assist eval run --tasks` repeats the same tasks.

    A run is `last`, `last-1`, its name, or its folder. For each candidate, the output says whether it got
    better or worse by more than chance would explain.
    """
    from assist_evaluation.report.run_report import compare_runs, find_run, report_of  # noqa: PLC0415
    from assist_evaluation.running.ready import workspace_at  # noqa: PLC0415
    from assist_evaluation.running.store import eval_folder  # noqa: PLC0415

    config = settings()
    folder = eval_folder(config, workspace_at(config, directory(workspace)).root)
    first, second = (report_of(find_run(folder, run)) for run in (one, other))
    lines = compare_runs(first, second)
    if as_json:
        emit({"one": first.run["run"], "other": second.run["run"], "sentences": lines})
        return
    for line in lines:
        out(line)
    if not lines:
        out(
            f"They have no tasks in common. Run the other run's tasks again: assist eval run --tasks "
            f"{second.folder / 'tasks.jsonl'}"
        )


def clear(workspace: WorkspaceOption = Path(), as_json: AsJson = False) -> None:
    """Delete all evaluation data of this repository: tasks, answers, reports."""
    from assist_evaluation.running.ready import workspace_at  # noqa: PLC0415
    from assist_evaluation.running.store import eval_folder  # noqa: PLC0415

    config = settings()
    folder = eval_folder(config, workspace_at(config, directory(workspace)).root)
    folder.clear()
    if as_json:
        emit({"deleted": str(folder.path)})
    else:
        out(f"Deleted {folder.path}.")
