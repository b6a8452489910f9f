"""The commands that count use: `stats`, `stats export` and `report`.

Only `stats --send` opens a connection, to the collector that the settings name. Each command loads what it
needs when it runs.
"""

import json
import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from assist_evaluation.usage.totals import NOTHING, TOTALS, answers_facts, stats_document, stats_facts
from assist_server.cli.flags import AsJson, Offline, Since, example, option, set_offline, settings
from assist_server.cli.output import emit, out, say
from assist_server.config import config as configuration
from assist_server.config.config import Config
from assist_server.errors import WRONG_USAGE, UserError
from assist_server.records.answer_counts import answers_document

if TYPE_CHECKING:  # numpy, and all of the gate
    from assist_evaluation.usage.model_pair import ModelPair
    from assist_evaluation.usage.usage_sums import UsageSums

UsageByOption = Annotated[
    Literal["day", "repo", "command", "model", "language"] | None,
    typer.Option("--by", help="Show tables with one row for each of these.", show_default=False),
]

MISPLACED = (
    "Options go after the command: `assist stats {} --since DATE`. --by, --send, --json and --offline are "
    "for `assist stats` alone."
)

stats_app = typer.Typer(rich_markup_mode=None)


def add_stats(app: typer.Typer) -> None:
    """Put the commands `stats` into the command line."""
    app.add_typer(
        stats_app,
        name="stats",
        epilog=example(
            "assist stats",
            "assist stats --by model --since 2026-01-01",
            "assist stats export --output counts.json",
        ),
        short_help="Show how many suggestions were requested, shown and accepted.",
    )


def add_report(app: typer.Typer) -> None:
    """Put the command `report` into the command line."""
    app.command(
        "report",
        epilog=example(
            "assist report",
            "assist report --since 2026-01-01",
            "assist report --merge exports --output t.html",
        ),
        short_help="Write a page of usage statistics, for this machine or a team.",
    )(report)


@stats_app.callback(invoke_without_command=True)
def stats(
    context: typer.Context,
    by: UsageByOption = None,
    since: Since = None,
    send: Annotated[
        bool,
        typer.Option(
            "--send",
            help="Also send the counts, and totals of what was sent to providers, to the [collector].",
        ),
    ] = False,
    as_json: AsJson = False,
    offline: Offline = False,
) -> None:
    """Show how many suggestions and answers assist gave on this machine, and what became of them.

    The counts contain no text. Early versions counted ghost text without its day. --since without
    --by shows one row for each day.
    """
    if context.invoked_subcommand is not None:
        if by or since or send or as_json or offline:
            raise UserError(MISPLACED.format(context.invoked_subcommand), WRONG_USAGE)
        return
    if send:
        from assist_evaluation.usage import collector  # noqa: PLC0415  (OpenTelemetry, if it is there)

        config = set_offline(configuration.load_lenient(), offline=offline)
        say(f"Sent to {collector.send(config, collector.collect(config))}.")
    from assist_escalation.routing import feedback  # noqa: PLC0415  (numpy, 0.1 s)
    from assist_evaluation.usage.usage_sums import collect_use, session_totals  # noqa: PLC0415

    config = configuration.load_lenient()
    use = collect_use(config, _day(since))
    wanted = by or ("day" if since else None)
    if wanted is not None and not as_json:
        _show_tables(config, use, wanted, _day(since))
        return
    data = config.paths.data
    counts = session_totals(data)
    answers = answers_document(feedback.events(data / feedback.FILE))
    if as_json:
        emit(
            {
                **stats_document(counts),
                "answers": answers,
                **_table_document(use, wanted, _day(since)),
            }
        )
    else:
        _show_totals(stats_facts(counts) if counts else [], answers, use)


@stats_app.command(
    "export",
    epilog=example(
        "assist stats export --output counts.json", "assist stats export --name heron --since 2026-01-01"
    ),
    short_help="Write the counts to one document that you can share.",
)
def export(
    output: Annotated[Path | None, option("--output", "FILE", "Write to this file. Default: stdout.")] = None,
    name: Annotated[
        str, option("--name", "PSEUDONYM", "The name to put into the export. Default: none.")
    ] = "",
    since: Since = None,
) -> None:
    """Write totals by day, model, language, command, provider and host, for `assist report --merge`.

    The export contains no code, paths or repository names, and no user name except --name. A random number
    distinguishes this machine's exports from others. Nothing is sent anywhere.
    """
    from assist_evaluation.usage.exports import export_document, export_of  # noqa: PLC0415
    from assist_evaluation.usage.usage_sums import collect_all  # noqa: PLC0415

    config = settings()
    made = export_of(config, collect_all(config, _day(since)), name, _day(since))
    if output is None:
        emit(export_document(made))
        return
    path = output.expanduser()
    _write(path, json.dumps(export_document(made), indent=1) + "\n")
    say(f"The counts are in {path}: check them before you share them.")


def report(
    output: Annotated[
        Path | None,
        option("--output", "FILE", "Write the page to this file. Default: a file in the data directory."),
    ] = None,
    since: Since = None,
    merge: Annotated[
        Path | None,
        option(
            "--merge",
            "DIR",
            "Combine the files of `assist stats export` (*.json) in this directory, instead of using this "
            "machine's counts.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write a page about the use of assist: suggestions, latency, questions, cost, and what was sent.

    The page loads no other files and contains only counts, no code and no paths. With --json the figures go
    to stdout, and the page is written only with --output.
    """
    from assist_evaluation.usage.report_page import report_document, report_page  # noqa: PLC0415
    from assist_evaluation.usage.usage_report import FOLDER, report_of_exports, report_of_machine  # noqa: PLC0415

    config = settings()
    day = _day(since)
    found = report_of_exports(merge.expanduser(), day) if merge else report_of_machine(config, day)
    named = "team" if merge else "machine"
    path = output.expanduser() if output else config.paths.data / FOLDER / f"{named}-{found.made}.html"
    if as_json:
        emit(report_document(found))
    if output is None and as_json:
        return
    if output is None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    _write(path, report_page(found))
    if as_json:
        say(f"The page is {path}.")
    else:
        out(str(path))


def _show_totals(facts_shown: list[tuple[str, str]], answers: dict[str, Any], use: "UsageSums") -> None:
    from assist_evaluation.usage.usage_tables import kept_words, next_edit_words, pair_lines  # noqa: PLC0415
    from assist_server.cli.terminal.tables import facts  # noqa: PLC0415
    from assist_server.records.answer_counts import total  # noqa: PLC0415

    if facts_shown:
        facts(facts_shown)
        out(TOTALS)
    else:
        out(NOTHING)
    if answers["requests"]:
        facts(answers_facts(answers))
    if use.next_edits:
        facts([("Next edits", next_edit_words(total(use.next_edits)))])
    if kept := kept_words(use.first.answers):
        out(kept)
    for line in pair_lines(_pair(use)):
        out(line)


def _show_tables(config: Config, use: "UsageSums", by: str, since: str) -> None:
    from assist_evaluation.usage import usage_tables as tables  # noqa: PLC0415
    from assist_evaluation.usage.usage_sums import repository_names  # noqa: PLC0415
    from assist_server.cli.terminal.tables import Column, table  # noqa: PLC0415
    from assist_server.records.answer_counts import NEXT_EDIT, group  # noqa: PLC0415

    def show(names: Sequence[str], rows: list[list[str]]) -> None:
        table([Column(by.capitalize()), *(Column(name, number=True) for name in names)], rows)

    names = repository_names(config, Path.cwd()) if by == "repo" else None
    if use.ghost_text:
        out("Ghost text")
        show(tables.GHOST_HEADS, tables.ghost_rows(group(use.ghost_text, by), by, names))
        out(tables.MEANING)
    else:
        out("No ghost text was counted in this time.")
    for line in tables.pair_lines(_pair(use)):
        out(line)
    if use.next_edits:
        out("\nNext edits")
        show(
            tables.NEXT_EDIT_HEADS,
            tables.next_edit_rows(group(use.next_edits, by, NEXT_EDIT), by, names),
        )
    if use.answers:
        out("\nQuestions")
        show(tables.QUESTION_HEADS, tables.question_rows(group(use.answers, by), by, names))
    else:
        out("No question was asked in this time.")
    if use.first.answers > since:
        out(tables.kept_words(use.first.answers))


def _table_document(use: "UsageSums", by: str | None, since: str) -> dict[str, Any]:
    """What `stats --json` has next to the totals."""
    from assist_evaluation.usage.usage_tables import (  # noqa: PLC0415
        next_edit_document,
        pair_document,
        table_document,
    )
    from assist_server.records.answer_counts import NEXT_EDIT, group, total  # noqa: PLC0415

    found = {
        "comparison": pair_document(_pair(use)),
        "next_edits": next_edit_document(total(use.next_edits)),
        "questions_kept_from": use.first.answers if use.first.answers > since else None,
    }
    if by is None:
        return found
    next_edits = group(use.next_edits, by, NEXT_EDIT)
    tables = table_document(group(use.ghost_text, by), next_edits, group(use.answers, by), by)
    return {**found, "by": by, "rows": tables}


def _pair(use: "UsageSums") -> "ModelPair | None":
    """The two models that showed most."""
    from assist_evaluation.usage.model_pair import pair_of  # noqa: PLC0415
    from assist_server.records.answer_counts import group  # noqa: PLC0415

    return pair_of(group(use.ghost_text, "model"))


def _day(since: datetime | None) -> str:
    """A date from the command line as a day; "" for none. Counts are by day, so a time in it is left out."""
    return since.strftime("%Y-%m-%d") if since else ""


def _write(path: Path, text: str) -> None:
    """Write a file that only its owner can read."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(handle, "w", encoding="utf-8") as file:
        file.write(text)
