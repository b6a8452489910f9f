"""The command `eval fit`: the thresholds of `[escalation]`, from what local and provider got right here."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assist_evaluation.cli.flags import Run
from assist_server.cli.flags import AsJson, WorkspaceOption, add_flags, directory, example, option, settings
from assist_server.cli.output import emit, out
from assist_server.errors import WRONG_USAGE, UserError

if TYPE_CHECKING:  # numpy
    from assist_evaluation.judging.thresholds import ThresholdFit

HEADS = ("Threshold", "Escalated", "95 %", "Right", "95 %", "$ a day")


def add_to(app: typer.Typer) -> None:
    """Put the command into `assist eval`."""
    app.command(
        "fit",
        epilog=example(
            "assist eval fit", "assist eval fit --output .assist.toml.new", "assist eval fit --calibrate"
        ),
        short_help="Recommend a threshold from this repository's results.",
    )(add_flags(fit))


@dataclass(frozen=True, slots=True)
class FitFlags:
    """Whose answers a threshold is fitted to, and where the settings go."""

    run: Run = "last"
    local: Annotated[
        str,
        option(
            "--local",
            "CANDIDATE",
            "The local candidate, which answers above the threshold. Default: the first one in the run.",
        ),
    ] = ""
    provider: Annotated[
        str,
        option(
            "--provider",
            "CANDIDATE",
            "The provider, which is asked below the threshold. Default: the first one in the run; if "
            "there is none, a share of correct answers is assumed and shown.",
        ),
    ] = ""
    calibrate: Annotated[
        bool,
        typer.Option(
            "--calibrate", help="Also fit the router's scores to these answers, and use them from now on."
        ),
    ] = False
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Write the settings to this file.", show_default=False
        ),
    ] = None
    workspace: WorkspaceOption = Path()
    as_json: AsJson = False


def fit(flags: FitFlags) -> None:
    """Compare thresholds: how many requests go to a provider, how many answers are right, and the cost.

    It recommends the threshold with the best balance of correct answers, cost and waiting time, and prints
    the lines for `.assist.toml`. A threshold in that file can only keep more requests on this machine; to
    send more, write it into config.toml. Only --calibrate changes anything.
    """
    from assist_evaluation.judging import thresholds  # noqa: PLC0415
    from assist_evaluation.judging.calibration_fit import apply_calibration  # noqa: PLC0415
    from assist_evaluation.judging.thresholds import asked_a_day  # noqa: PLC0415
    from assist_evaluation.report.run_report import find_run, report_of  # noqa: PLC0415
    from assist_evaluation.running.ready import workspace_at  # noqa: PLC0415
    from assist_evaluation.running.store import eval_folder  # noqa: PLC0415
    from assist_server.questions.composition import read_calibration  # noqa: PLC0415

    config = settings()
    folder = eval_folder(config, workspace_at(config, directory(flags.workspace)).root)
    made = report_of(find_run(folder, flags.run))
    if flags.calibrate and made.folder.parent != folder.path / "runs":
        raise UserError(
            "--calibrate takes a run of this repository, not a folder from elsewhere.", WRONG_USAGE
        )
    names = list(made.run["versions"])
    local = flags.local or next((name for name in names if name.startswith("local:")), "")
    provider = flags.provider or next((name for name in names if name.startswith("provider:")), "")
    tasks = thresholds.fit_tasks(made.rows, local, provider)
    found = thresholds.fit_thresholds(tasks, read_calibration(config)[0], recalibrate=flags.calibrate)
    rate = asked_a_day(config)
    file = str(apply_calibration(config, found.calibration)) if flags.calibrate else ""
    if flags.output is not None:
        flags.output.write_text(thresholds.settings_patch(found), encoding="utf-8")
    if flags.as_json:
        emit(
            {
                **thresholds.fit_document(found, rate),
                "local": local,
                "provider": provider,
                "calibration": file,
            }
        )
        return
    _show(found, rate, local, provider)
    if file:
        out(f"The calibration is in force now, in {file}.")
    if flags.output is not None:
        out(f"Written to {flags.output}.")


def _show(found: "ThresholdFit", rate: float, local: str, provider: str) -> None:
    from assist_evaluation.judging.thresholds import settings_patch  # noqa: PLC0415
    from assist_server.cli.terminal.tables import Column, table  # noqa: PLC0415

    theirs = f"{found.provider_right:.0%} are assumed" if found.assumed else f"{found.provider_right:.0%}"
    out(
        f"{found.tasks:,} tasks. Right: {local} {found.local_right:.0%}, {provider or 'a provider'} {theirs}."
    )
    rows = [
        [
            f"{row.threshold:.1f}",
            f"{row.escalated:.0%}",
            f"{row.escalated_low:.0%} to {row.escalated_high:.0%}",
            f"{row.right:.0%}",
            f"{row.right_low:.0%} to {row.right_high:.0%}",
            f"{row.usd_per_100 * rate / 100:.3f}",
        ]
        for row in found.rows
    ]
    table([Column(head, number=True) for head in HEADS], rows)
    out(
        f"At {rate:.0f} questions a day, as counted here."
        if rate
        else "Dollars are 0: no question was counted yet."
    )
    chosen = found.chosen
    if chosen is None:
        out("Nothing is recommended: no provider was asked the same tasks. Run it with -c provider:NAME.")
        return
    out(
        f"Recommended: {chosen.threshold}, which escalates {chosen.escalated:.0%} and has {chosen.right:.0%} "
        f"({chosen.right_low:.0%} to {chosen.right_high:.0%}) right. max_escalation_rate bounds it further.\n"
    )
    out(settings_patch(found).rstrip())
