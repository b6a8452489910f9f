"""The commands on records: `undo`, `cost` and `rate`. None of them sends anything.

The `records` wing does the work and `wording.records` has the words; each command loads them when it runs.
"""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from assist_server.cli.flags import (
    AsJson,
    Since,
    WorkspaceOption,
    Yes,
    argument,
    ask_first,
    directory,
    example,
    parse_seconds,
    settings,
)
from assist_server.cli.output import out, say, show_view
from assist_server.wording.views import CommandView

if TYPE_CHECKING:  # numpy, and all of the gate
    from assist_server.records.past_requests import RecordedWorkspace

SpendingByOption = Annotated[
    Literal["day", "repo", "command", "model", "tool"],
    typer.Option("--by", help="Show one row for each day, repository, and so on."),
]

cost_app = typer.Typer(rich_markup_mode=None)


def add_to(app: typer.Typer) -> None:
    """Put these commands into the command line."""
    app.command(
        "undo",
        epilog=example("assist undo", "assist undo --workspace ~/src/shop --yes"),
        short_help="Undo the last edit in this workspace.",
    )(undo)
    app.add_typer(
        cost_app,
        name="cost",
        epilog=example("assist cost", "assist cost --by model --since 2026-01-01"),
        short_help="Show the money spent, and today's remaining budget.",
    )
    app.command(
        "rate",
        epilog=example("assist rate good", "assist rate bad 3f2a9c81d04b"),
        short_help="Rate an answer as good or bad.",
    )(rate)


def undo(workspace: WorkspaceOption = Path(), yes: Yes = False, as_json: AsJson = False) -> None:
    """Undo the last edit that assist made in a workspace, after showing the change.

    Nothing is undone if one of its files has changed since then.
    """
    from assist_context.unseen_characters import visible  # noqa: PLC0415
    from assist_escalation.edits.plan import diff  # noqa: PLC0415
    from assist_server.cli.terminal.answers import say_edit, show_edit  # noqa: PLC0415
    from assist_server.records.edit_history import next_undo, take_back  # noqa: PLC0415

    records_place = open_workspace(workspace)
    pending = next_undo(records_place.config, records_place.root)
    for change in pending.recovered:
        say(f"assist: {change}")
    if not as_json:
        show_edit(pending.plan)
    elif not yes:
        say_edit(pending.plan)  # stdout gets the document alone
    ask_first("Undo this edit?", "Nothing was undone.", yes=yes)
    files = take_back(records_place.config, records_place.root, pending.edit)
    document = {"undone": list(files), "workspace": records_place.root, "diff": diff(pending.plan)}
    words = f"Undone in {', '.join(map(visible, files))}."
    show_view(CommandView(document, [words]), as_json=as_json)


@cost_app.callback(invoke_without_command=True)
def cost(
    context: typer.Context,
    by: SpendingByOption = "day",
    since: Since = None,
    workspace: WorkspaceOption = Path(),
    as_json: AsJson = False,
) -> None:
    """Show the money spent on providers, and today's remaining budget.

    Until a request is settled, it counts at its maximum cost. "Estimated" is the number of requests for which
    the provider reported no plausible token count; they count at their maximum cost or a larger reported one.
    """
    if context.invoked_subcommand is not None:
        return
    from assist_server.records import past_requests  # noqa: PLC0415
    from assist_server.wording import records  # noqa: PLC0415

    records_place = open_workspace(workspace)
    report = past_requests.spending(records_place, by, parse_seconds(since) or 0.0)
    show_view(records.spending_view(report, records_place), as_json=as_json)


@cost_app.command(
    "reconcile",
    epilog=example("assist cost reconcile", "assist cost reconcile --yes"),
    short_help="Settle requests that a crash interrupted.",
)
def reconcile(yes: Yes = False, as_json: AsJson = False) -> None:
    """Settle requests that a crash interrupted, at the full amount reserved for them.

    The budget already counts them at this amount. A request that is still running is settled later, at its
    actual cost.
    """
    from assist_server.records import past_requests  # noqa: PLC0415
    from assist_server.wording import records  # noqa: PLC0415

    config = settings()
    open_ = past_requests.unsettled_reservations(config)
    for line in records.reservation_lines(open_):
        (say if as_json else out)(line)
    if open_:
        ask_first(f"Count {len(open_)} unsettled requests as spent?", "Nothing was settled.", yes=yes)
    count = past_requests.reconcile(config) if open_ else 0
    documents = [records.reservation_document(reservation) for reservation in open_]
    sentence = f"{count} settled at the reserved amount." if open_ else "There is nothing to settle."
    show_view(CommandView({"settled": count, "requests": documents}, [sentence]), as_json=as_json)


def rate(
    verdict: Annotated[Literal["good", "bad"], argument("good|bad", "The rating.")],
    request: Annotated[
        str | None,
        argument("REQUEST_ID", "The `id` from the --json output. Default: the last answered request."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Rate an answer as good or bad. `assist calibrate` learns from it. No text is stored.

    By default this rates the last answer in this folder's repository.
    """
    from assist_server.records import past_requests  # noqa: PLC0415

    event = past_requests.rate(settings(), request, "up" if verdict == "good" else "down")
    document = {"request_id": event.request_id, "command": event.command, "rated": verdict}
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(event.at))
    who = f", answered by {event.model}" if event.model else ""
    words = f"The `{event.command}` of {when}{who} is now rated {verdict} ({event.request_id})."
    show_view(CommandView(document, [words]), as_json=as_json)


def open_workspace(workspace: Path) -> "RecordedWorkspace":
    """The workspace that --workspace names. Problems in its rules are shown on stderr."""
    from assist_server.records.past_requests import find_workspace  # noqa: PLC0415

    records_place = find_workspace(settings(), directory(workspace))
    for problem in records_place.problems:
        say(f"assist: {problem}")
    return records_place
