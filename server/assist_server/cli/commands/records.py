"""The commands over what is recorded: `undo`, `cost`, `calibrate` and `rate`. None of them sends anything.

`recorded` does what they do, and `record_words` has their words; both are loaded by the command that is run.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from assist_server.cli.flags import (
    AsJson,
    Since,
    Workspace,
    Yes,
    ask_first,
    directory,
    example,
    seconds_of,
    settings,
)
from assist_server.cli.output import emit, out, say

if TYPE_CHECKING:  # numpy, and all of the gate
    from assist_server.records.past_requests import Fit, RecordedWorkspace

By = Annotated[
    Literal["day", "repo", "command", "model"], typer.Option("--by", help="What the rows are for.")
]

cost_app = typer.Typer(rich_markup_mode=None)


def add_to(app: typer.Typer) -> None:
    """Put these commands into the command line."""
    app.command(
        "undo",
        epilog=example("assist undo", "assist undo --workspace ~/src/shop --yes"),
        short_help="Take back the last edit that was made here.",
    )(undo)
    app.add_typer(
        cost_app,
        name="cost",
        epilog=example("assist cost", "assist cost --by model --since 2026-01-01"),
        short_help="What was spent, and what is left today.",
    )
    app.command(
        "calibrate",
        epilog=example("assist calibrate", "assist calibrate --apply"),
        short_help="Fit the router to what became of its answers.",
    )(calibrate)
    app.command(
        "rate",
        epilog=example("assist rate good", "assist rate bad 3f2a9c81d04b"),
        short_help="Say whether an answer was good.",
    )(rate)


def undo(workspace: Workspace = Path(), yes: Yes = False, as_json: AsJson = False) -> None:
    """Take back the last edit that was made in a workspace, after showing how.

    A file that was changed since then stops it: nothing is overwritten.
    """
    from assist_escalation.edits.plan import diff  # noqa: PLC0415
    from assist_server.cli.terminal.answers import diff as show_diff  # noqa: PLC0415
    from assist_server.records import past_requests  # noqa: PLC0415

    place = place_at(workspace)
    found = past_requests.next_undo(place)
    for each in found.told:
        say(f"assist: {each}")
    shown = diff(found.plan)
    if not as_json:
        show_diff(shown)
    ask_first("Take this edit back?", "Nothing was undone.", yes=yes)
    files = past_requests.take_back(place, found.edit)
    if as_json:
        emit({"undone": list(files), "workspace": place.root, "diff": shown})
    else:
        out(f"Taken back in {', '.join(files)}.")


@cost_app.callback(invoke_without_command=True)
def cost(
    context: typer.Context,
    by: By = "day",
    since: Since = None,
    workspace: Workspace = Path(),
    as_json: AsJson = False,
) -> None:
    """What was spent at providers, by day, repository, command or model, and what is left today.

    A request counts with the most it can cost until it is settled. Estimated are requests whose tokens no
    provider told.
    """
    if context.invoked_subcommand is not None:
        return
    from assist_server.cli.terminal.tables import Column, table  # noqa: PLC0415
    from assist_server.records import past_requests  # noqa: PLC0415
    from assist_server.wording import records  # noqa: PLC0415

    place = place_at(workspace)
    found = past_requests.spent(place, by, seconds_of(since) or 0.0)
    if as_json:
        emit(records.spending_document(found, place))
        return
    if found.rows:
        columns = [Column(by.capitalize()), *(Column(head, number=True) for head in records.HEADS)]
        rows = records.spending_rows(found)
        if by == "repo":  # a path may be as long as the line: the last column is the one that is folded
            columns, rows = [*columns[1:], columns[0]], [[*row[1:], row[0]] for row in rows]
        table(columns, rows)
    else:
        out("Nothing was sent since then." if since else "Nothing was sent yet.")
    for line in records.budget_lines(found, place):
        out(line)


@cost_app.command(
    "reconcile",
    epilog=example("assist cost reconcile", "assist cost reconcile --yes"),
    short_help="Take what a crash left unsettled for spent.",
)
def reconcile(yes: Yes = False, as_json: AsJson = False) -> None:
    """Settle requests that a crash cut off, at all that was set aside for them.

    The budget counts them so already. What is under way after all is settled later with what it cost.
    """
    from assist_server.records import past_requests  # noqa: PLC0415
    from assist_server.wording import records  # noqa: PLC0415

    config = settings()
    open_ = past_requests.unsettled(config)
    for line in records.reservation_lines(open_):
        (say if as_json else out)(line)
    if open_:
        ask_first(f"Take {len(open_)} unsettled for spent?", "Nothing was settled.", yes=yes)
    count = past_requests.reconcile(config) if open_ else 0
    if as_json:
        emit({"settled": count, "requests": [records.reservation_document(each) for each in open_]})
    else:
        out(f"{count} settled at what was set aside." if open_ else "Nothing is unsettled.")


def calibrate(
    apply: Annotated[bool, typer.Option("--apply", help="Put it in force.")] = False,
    as_json: AsJson = False,
) -> None:
    """How reliable the router's scores are by what became of local answers, and a calibration that fits them.

    Accepting, undoing and rating answers makes such labels. It changes the score, no rule and no bound.
    """
    from assist_escalation.routing.calibration import fit  # noqa: PLC0415
    from assist_server.records import past_requests  # noqa: PLC0415
    from assist_server.wording import records  # noqa: PLC0415

    config = settings()
    found = past_requests.fit(config)
    if found.problem:
        say(f"assist: {found.problem}")
    if apply and found.fitted is None:
        fit(found.labels)  # says what is missing
    file = str(past_requests.calibrate(config, found.fitted)) if apply and found.fitted else ""
    if as_json:
        emit(records.fit_document(found, file))
        return
    _show_fit(found)
    if file:
        out(f"It is in force now, in {file}.")


def rate(
    verdict: Annotated[
        Literal["good", "bad"], typer.Argument(metavar="good|bad", help="How it was.", show_default=False)
    ],
    request: Annotated[
        str | None,
        typer.Argument(
            metavar="REQUEST_ID",
            help="The `id` in --json. Without it: the last request answered.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say whether an answer was good: `assist calibrate` learns from it. No text is kept."""
    from assist_server.records import past_requests  # noqa: PLC0415

    event = past_requests.rate(settings(), request, "up" if verdict == "good" else "down")
    if as_json:
        emit({"request_id": event.request_id, "command": event.command, "rated": verdict})
    else:
        out(f"{event.command} {event.request_id} is rated {verdict}.")


def place_at(workspace: Path) -> "RecordedWorkspace":
    """The workspace of --workspace; what is wrong in its rules goes to stderr."""
    from assist_server.records.past_requests import place_of  # noqa: PLC0415

    place = place_of(settings(), directory(workspace))
    for problem in place.problems:
        say(f"assist: {problem}")
    return place


def _show_fit(found: "Fit") -> None:
    from assist_escalation.routing.calibration import (  # noqa: PLC0415
        LEAST,
        expected_error,
        patch,
        reliability,
    )
    from assist_server.cli.terminal.tables import Column, table  # noqa: PLC0415
    from assist_server.wording import records  # noqa: PLC0415

    columns = [Column("Score"), *(Column(head, number=True) for head in ("Answers", "Expected", "Good"))]
    out(f"{len(found.labels):,} local answers of known worth.")
    if found.labels:
        rows = reliability(found.labels, found.before)
        out(records.before_words(found.before))
        table(columns, records.reliability_rows(rows))
        out(f"On average {expected_error(rows):.3f} between expected and good.")
    if found.fitted is None:
        out(f"Too few to calibrate: {LEAST} are needed. Accepting, undoing and rating answers makes them.")
        return
    rows = reliability(found.labels, found.fitted)
    out(records.fit_words(found.fitted))
    table(columns, records.reliability_rows(rows))
    out(f"On average {expected_error(rows):.3f} between expected and good.\n")
    out(patch(found.fitted).rstrip())
