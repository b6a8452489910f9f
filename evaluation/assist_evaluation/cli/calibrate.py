"""The command `calibrate`: how well the router's scores match what became of answers, and what fits them."""

from typing import TYPE_CHECKING, Annotated

import typer

from assist_server.cli.flags import AsJson, example, settings
from assist_server.cli.output import emit, out, say

if TYPE_CHECKING:  # numpy
    from assist_evaluation.judging.calibration_fit import Fit


def add_to(app: typer.Typer) -> None:
    """Put the command into the command line."""
    app.command(
        "calibrate",
        epilog=example("assist calibrate", "assist calibrate --apply"),
        short_help="Learn from past answers when to ask a provider.",
    )(calibrate)


def calibrate(
    apply: Annotated[bool, typer.Option("--apply", help="Use the new calibration from now on.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show how well the router's scores match the outcomes of local answers, and fit a calibration.

    It learns from answers that you accept, undo or rate. It changes only the scores, not the rules or limits.
    """
    from assist_evaluation.judging import calibration_fit as fits  # noqa: PLC0415

    config = settings()
    report = fits.fit_calibration(config)
    if report.problem:
        say(f"assist: {report.problem}")
    if apply and report.fitted is None:
        fits.fit(report.labels)  # says what is missing
    file = str(fits.apply_calibration(config, report.fitted)) if apply and report.fitted else ""
    if as_json:
        emit(fits.fit_document(report, file))
        return
    _show_fit(report)
    if file:
        out(f"It is in force now, in {file}.")


def _show_fit(report: "Fit") -> None:
    from assist_evaluation.judging import calibration_fit as fits  # noqa: PLC0415
    from assist_server.cli.terminal.tables import Column, table  # noqa: PLC0415

    columns = [Column("Score"), *(Column(head, number=True) for head in ("Answers", "Expected", "Good"))]
    out(f"{len(report.labels):,} local answers whose quality is known.")
    if report.labels:
        rows = fits.reliability(report.labels, report.before)
        out(fits.before_words(report.before))
        table(columns, fits.reliability_rows(rows))
        out(f"On average {fits.expected_error(rows):.3f} between expected and good.")
    if report.fitted is None:
        out(f"Too few to calibrate: {fits.LEAST} are needed. Answers that you accept, undo or rate count.")
        return
    rows = fits.reliability(report.labels, report.fitted)
    out(fits.fit_words(report.fitted))
    table(columns, fits.reliability_rows(rows))
    out(f"On average {fits.expected_error(rows):.3f} between expected and good.\n")
    out(fits.patch(report.fitted).rstrip())
