"""The audit log on the command line: `audit verify`, `audit show` and `audit export`. It changes nothing.

`records.past_requests` looks things up and `wording.records` has the words; each command loads them when it
runs.
"""

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from assist_server.cli.commands.records import workspace_at
from assist_server.cli.flags import AsJson, Since, Until, Workspace, example, seconds_of, settings
from assist_server.cli.output import emit, out, say
from assist_server.errors import FAILED

Repo = Annotated[
    Path | None,
    typer.Option("--repo", metavar="DIR", help="Only events of this workspace folder.", show_default=False),
]
Kind = Annotated[
    str,
    typer.Option(
        "--kind",
        metavar="KIND",
        help="Only events of this kind: intent, outcome, refused, model_changed, edit, undo.",
        show_default=False,
    ),
]
Request = Annotated[
    str,
    typer.Option("--request", metavar="ID", help="Only events of this request.", show_default=False),
]
Form = Annotated[
    Literal["jsonl", "csv", "otel"],
    typer.Option("--format", help="JSON Lines, a table, or OpenTelemetry spans as OTLP in JSON Lines."),
]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output", metavar="FILE", help="Write to this file. Without it: to stdout.", show_default=False
    ),
]

audit_app = typer.Typer(
    help="The log of everything that left this machine, and of every edit. Each line is chained to the last.",
    short_help="The log of what left the machine: verify, show, export.",
    epilog=example("assist audit verify", "assist audit show --since 2026-01-31"),
    rich_markup_mode=None,
)


def add_to(app: typer.Typer) -> None:
    """Put these commands into the command line."""
    app.add_typer(audit_app, name="audit")


@audit_app.command(
    "verify",
    epilog=example("assist audit verify", "assist audit verify --json"),
    short_help="Check that the log was not changed.",
)
def verify(workspace: Workspace = Path(), as_json: AsJson = False) -> None:
    """Check that the audit log was not changed; say what proves that, and what cannot be proved.

    The exit code is 1 if it was changed.
    """
    from assist_server.questions.composition import gate_files  # noqa: PLC0415
    from assist_server.records import past_requests  # noqa: PLC0415
    from assist_server.wording import records  # noqa: PLC0415

    recorded = workspace_at(workspace)
    report = past_requests.verify_log(recorded)
    path = gate_files(recorded.config).audit
    if as_json:
        emit(records.report_document(report, path))
    else:
        for line in records.report_lines(report, path, recorded.permissions):
            out(line)
    if not report.ok:
        raise typer.Exit(FAILED)


@audit_app.command(
    "show",
    epilog=example("assist audit show --since 2026-01-31", "assist audit show --request 3f2a9c81d04b --json"),
    short_help="The events, oldest first.",
)
def show(
    since: Since = None,
    until: Until = None,
    repo: Repo = None,
    kind: Kind = "",
    request: Request = "",
    as_json: AsJson = False,
) -> None:
    """Show the events of the audit log, oldest first. `assist audit verify` checks the log."""
    from assist_escalation.audit.reader import Filter, events  # noqa: PLC0415
    from assist_server.questions.composition import gate_files  # noqa: PLC0415
    from assist_server.wording.records import event_lines  # noqa: PLC0415

    named = str(repo.expanduser().resolve()) if repo else ""
    audit = gate_files(settings()).audit
    selection = Filter(seconds_of(since), seconds_of(until), named, kind, request)
    matches = events(audit, selection)
    if as_json:
        emit({"events": list(matches)})
        return
    any_match = False
    for event in matches:
        any_match = True
        for line in event_lines(event):
            out(line)
    if not any_match:
        say("No event matches." if audit.exists() else "Nothing was recorded yet.")


@audit_app.command(
    "export",
    epilog=example(
        "assist audit export > audit.jsonl", "assist audit export --format csv --output audit.csv"
    ),
    short_help="Write the log in a format for other tools.",
)
def export(form: Form = "jsonl", output: Output = None) -> None:
    """Write the audit log in another format. Nothing is sent anywhere."""
    from assist_server.records import past_requests  # noqa: PLC0415

    config = settings()
    if output is None:
        past_requests.export_log(config, form, sys.stdout.write)
        return
    count = past_requests.export_log_to(config, form, output.expanduser())
    say(f"{count:,} records are in {output}.")
