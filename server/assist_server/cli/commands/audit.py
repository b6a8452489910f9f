"""The audit log on the command line: `audit verify`, `audit show` and `audit export`. It changes nothing.

`recorded` looks things up, and `record_words` has the words; both are loaded by the command that is run.
"""

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from assist_server.cli.commands.records import place_at
from assist_server.cli.flags import AsJson, Since, Until, Workspace, example, seconds_of, settings
from assist_server.cli.output import emit, out, say
from assist_server.errors import FAILED

Repo = Annotated[
    Path | None,
    typer.Option("--repo", metavar="DIR", help="Only of this workspace folder.", show_default=False),
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
    help="The log of everything that left this machine, and of every edit, each line bound to the last.",
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
    short_help="Whether the log is as it was written.",
)
def verify(workspace: Workspace = Path(), as_json: AsJson = False) -> None:
    """Say whether the audit log is as it was written, what proves that, and what cannot be proved.

    Exit code 1 if it is not.
    """
    from assist_server.questions.composition import gate_files  # noqa: PLC0415
    from assist_server.records import past_requests  # noqa: PLC0415
    from assist_server.wording import records  # noqa: PLC0415

    place = place_at(workspace)
    report = past_requests.verified(place)
    path = gate_files(place.config).audit
    if as_json:
        emit(records.report_document(report, path))
    else:
        for line in records.report_lines(report, path, place.permissions):
            out(line)
    if not report.ok:
        raise typer.Exit(FAILED)


@audit_app.command(
    "show",
    epilog=example("assist audit show --since 2026-01-31", "assist audit show --request 3f2a9c81d04b --json"),
    short_help="The events, the oldest first.",
)
def show(
    since: Since = None,
    until: Until = None,
    repo: Repo = None,
    kind: Kind = "",
    request: Request = "",
    as_json: AsJson = False,
) -> None:
    """Show the events of the audit log, the oldest first. Whether the log holds is for `verify` to say."""
    from assist_escalation.audit.reader import Filter, events  # noqa: PLC0415
    from assist_server.questions.composition import gate_files  # noqa: PLC0415
    from assist_server.wording.records import event_lines  # noqa: PLC0415

    named = str(repo.expanduser().resolve()) if repo else ""
    audit = gate_files(settings()).audit
    wanted = Filter(seconds_of(since), seconds_of(until), named, kind, request)
    found = events(audit, wanted)
    if as_json:
        emit({"events": list(found)})
        return
    none = True
    for event in found:
        none = False
        for line in event_lines(event):
            out(line)
    if none:
        say("No such event was recorded." if audit.exists() else "Nothing was recorded yet.")


@audit_app.command(
    "export",
    epilog=example(
        "assist audit export > audit.jsonl", "assist audit export --format csv --output audit.csv"
    ),
    short_help="The log in a form that other tools read.",
)
def export(form: Form = "jsonl", output: Output = None) -> None:
    """Write the audit log in another form. Nothing is sent anywhere."""
    from assist_server.records import past_requests  # noqa: PLC0415

    config = settings()
    if output is None:
        past_requests.exported(config, form, sys.stdout.write)
        return
    count = past_requests.exported_to(config, form, output.expanduser())
    say(f"{count:,} records are in {output}.")
