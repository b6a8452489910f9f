"""The audit log on the command line: `audit verify`, `show`, `export` and `checkpoint`.

Only `audit checkpoint --restart` writes: a person accepts the log, and that is an event in it.

`records.past_requests` looks things up and `wording.records` has the words; each command loads them when it
runs.
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from assist_server.cli.commands.records import open_workspace
from assist_server.cli.flags import (
    AsJson,
    Since,
    Until,
    WorkspaceOption,
    Yes,
    add_flags,
    argument,
    ask_first,
    example,
    option,
    parse_seconds,
    settings,
)
from assist_server.cli.output import emit, out, say, show_view
from assist_server.errors import FAILED

Repo = Annotated[Path | None, option("--repo", "DIR", "Only events of this workspace folder.")]
KindOption = Annotated[
    str,
    option(
        "--kind",
        "KIND",
        "Only intent, outcome, refused, model_changed, edit, undo, torn (half a line) or checkpoint_begun.",
    ),
]
Request = Annotated[str, option("--request", "ID", "Only events of this request, a line each.")]
ToolOption = Annotated[str, option("--tool", "NAME", "Only events of this gateway tool, such as aider.")]
Output = Annotated[Path | None, option("--output", "FILE", "Write to this file. Default: stdout.")]

audit_app = typer.Typer(
    help="The log of all that was sent, and of every edit. Each line has the hash of the line before.",
    short_help="Verify, show and export the log of what left the machine.",
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
def verify(workspace: WorkspaceOption = Path(), as_json: AsJson = False) -> None:
    """Check that the audit log was not changed, and report what can and cannot be proved.

    This compares the requests in the log with the budget ledger. The exit code is 1 if the log was changed,
    or if requests are missing from either.
    """
    from assist_server.record_files import gate_files  # noqa: PLC0415
    from assist_server.records import past_requests  # noqa: PLC0415
    from assist_server.wording import records  # noqa: PLC0415

    records_place = open_workspace(workspace)
    report = past_requests.verify_log(records_place)
    path = gate_files(records_place.config).audit
    show_view(records.verification_view(report, path, records_place.permissions), as_json=as_json)
    if not report.ok:
        raise typer.Exit(FAILED)


@audit_app.command(
    "checkpoint",
    epilog=example("assist audit checkpoint", "assist audit checkpoint --restart"),
    short_help="Check the log's checkpoint, or start a new one.",
)
def checkpoint(
    restart: Annotated[
        bool, typer.Option("--restart", help="Accept the log as it is, and start a new checkpoint.")
    ] = False,
    workspace: WorkspaceOption = Path(),
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Check the audit log's checkpoint, the separate record of where the log ends.

    Without it nothing leaves this machine until --restart makes a new one, which cannot show whether lines
    were cut off before: review the log. It records the restart, who did it, and what was found instead.
    """
    from assist_server.records import past_requests  # noqa: PLC0415
    from assist_server.wording import records  # noqa: PLC0415

    records_place = open_workspace(workspace)
    report = past_requests.verify_log(records_place)
    line = 0
    if restart:
        for told in records.problem_lines(report):
            say(told)
        ask_first("Accept the log as it is?", "The checkpoint was not restarted.", yes=yes)
        line = past_requests.restart_checkpoint(records_place)
    show_view(records.checkpoint_view(report, records_place.permissions, line), as_json=as_json)
    if report.problem and not (restart or as_json):
        raise typer.Exit(FAILED)


@dataclass(frozen=True, slots=True)
class EventFlags:
    """The flags that say which events to show, and how."""

    since: Since = None
    until: Until = None
    repo: Repo = None
    kind: KindOption = ""
    request: Request = ""
    tool: ToolOption = ""
    as_json: AsJson = False


def show(
    flags: EventFlags,
    request_id: Annotated[
        str,
        argument(
            "REQUEST_ID",
            "Show all records of this request: each piece that was sent, and its text if that was kept.",
        ),
    ] = "",
) -> None:
    """Show the events of the audit log, oldest first. `assist audit verify` checks the log."""
    from assist_escalation.audit.reader import Filter, events  # noqa: PLC0415
    from assist_server.record_files import gate_files  # noqa: PLC0415
    from assist_server.wording.records import event_lines, request_lines  # noqa: PLC0415

    repository = str(flags.repo.expanduser().resolve()) if flags.repo else ""
    audit = gate_files(settings()).audit
    period = (parse_seconds(flags.since), parse_seconds(flags.until))
    matches = events(audit, Filter(*period, repository, flags.kind, request_id or flags.request, flags.tool))
    if flags.as_json:
        emit({"events": list(matches)})
        return
    any_match = False
    for event in matches:
        any_match = True
        for line in (request_lines if request_id else event_lines)(event):
            out(line)
    if not any_match:
        say("No event matches." if audit.exists() else "Nothing has been recorded yet.")


audit_app.command(
    "show",
    epilog=example("assist audit show --since 2026-01-31 --tool aider", "assist audit show 3f2a9c81d04b"),
    short_help="Show events, oldest first, or all about one request.",
)(add_flags(show))


@audit_app.command(
    "export",
    epilog=example("assist audit export > audit.jsonl", "assist audit export --output audit.jsonl"),
    short_help="Write the log as JSON Lines for other tools.",
)
def export(output: Output = None) -> None:
    """Write the audit log as JSON Lines, one event per line. Nothing is sent anywhere."""
    from assist_server.records import past_requests  # noqa: PLC0415

    config = settings()
    if output is None:
        past_requests.export_log(config, sys.stdout.write)
        return
    count = past_requests.export_log_to(config, output.expanduser())
    say(f"Wrote {count:,} records to {output}.")
