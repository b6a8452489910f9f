"""The command `models compare`: two models on lines of this repository, and one sentence.

It is `assist eval` with two candidates and lines alone; answers that were given before are used again.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assist_evaluation.cli.commands import ask_candidates, check_extra
from assist_evaluation.cli.flags import Seed
from assist_evaluation.cli.reports import keep_page
from assist_server.cli.flags import AsJson, WorkspaceOption, add_flags, directory, example, settings
from assist_server.cli.output import emit, end_passing, out, say, show_passing
from assist_server.cli.shell_completion import complete_model
from assist_server.errors import WRONG_USAGE, UserError
from assist_server.local_model.roles import set_model

if TYPE_CHECKING:  # numpy
    from assist_evaluation.judging.paired_models import PairedModels
    from assist_server.config.config import Config

# Where two models differ on a quarter of the lines, 40 tell a difference of 22 points in four of five runs.
LINES = 40

_HERE = "an installed model from `assist models list`, or the path of a .gguf file."
FirstModel = Annotated[
    str,
    typer.Argument(
        metavar="A", help=f"The first model: {_HERE}", show_default=False, autocompletion=complete_model
    ),
]
SecondModel = Annotated[
    str,
    typer.Argument(metavar="B", help="The second model.", show_default=False, autocompletion=complete_model),
]


@dataclass(frozen=True, slots=True)
class CompareFlags:
    """How many lines are asked, and for how long at most."""

    lines: Annotated[
        int,
        typer.Option(
            "--lines",
            min=5,
            max=5_000,
            help="The approximate number of lines that each model completes.",
        ),
    ] = LINES
    minutes: Annotated[
        float,
        typer.Option("--minutes", min=0.05, max=10_000, help="The time limit for the whole run, in minutes."),
    ] = 15.0
    seed: Seed = 1
    workspace: WorkspaceOption = Path()
    as_json: AsJson = False


def add_to(models: typer.Typer) -> None:
    """Put the command into `assist models`."""
    models.command(
        "compare",
        epilog=example(
            "assist models compare qwen2.5-coder-0.5b qwen2.5-coder-1.5b",
            "assist models compare qwen2.5-coder-1.5b ~/models/mine.gguf --lines 100 --minutes 40 --json",
        ),
        short_help="Compare two models on your own code.",
    )(add_flags(compare))


def compare(first: FirstModel, second: SecondModel, flags: CompareFlags) -> None:
    """Compare the accuracy and speed of two models on lines from this repository's recent commits.

    A line is correct if it equals the committed line, apart from layout. This is `assist eval` with two
    candidates. Nothing leaves this machine, and a second run runs only new tasks.
    """
    check_extra()
    from assist_evaluation.candidates.spec import CandidateSpec  # noqa: PLC0415
    from assist_evaluation.judging.paired_models import paired_models, paired_words  # noqa: PLC0415
    from assist_evaluation.running.ready import EvalRequest, get_ready  # noqa: PLC0415

    if first == second:
        raise UserError(f"{first} is named twice: name two models.", WRONG_USAGE)
    config = settings(offline=True)
    specs = tuple(
        CandidateSpec("local", set_model(config, name, "ghost-text").completion.model)
        for name in (first, second)
    )
    wish = EvalRequest(specs, ("lines",), flags.minutes, count=flags.lines, seed=flags.seed)
    ready = get_ready(config, directory(flags.workspace), wish, show_passing)
    end_passing()
    asked = len(ready.tasks.tasks)
    seconds = sum(_seconds_a_line(config, spec.name) for spec in specs)
    about = min(flags.minutes, asked * seconds / 60)
    say(
        f"{asked} lines for each model: about {about:.0f} minutes, at most {flags.minutes:g}. Ctrl-C ends it."
    )
    made, file = keep_page(ready, ask_candidates(ready))
    pair = paired_models(made.rows, (specs[0].label, specs[1].label), (first, second))
    for problem in made.run["problems"]:
        say(f"assist: {problem}")
    if flags.as_json:
        complete = {"complete": made.run["complete"], "report": str(file)}
        emit({"sentence": paired_words(pair), **_document(pair), **complete})
        return
    out(paired_words(pair))
    if not made.run["complete"]:
        out("The time ran out before everything was asked; run it again to continue.")
    out(f"More is in {file}.")


def _seconds_a_line(config: "Config", model: str) -> float:
    """About what a line takes with a model at its measured speed: a new place is read, and a line written."""
    from assist_completion.inference.speed_probe import budget_for  # noqa: PLC0415
    from assist_completion.model_store.store import verified_file  # noqa: PLC0415
    from assist_evaluation.report.advice import OVERHEAD  # noqa: PLC0415
    from assist_server.local_model.opening import measure_model, open_store, use_libraries  # noqa: PLC0415

    use_libraries(config)
    path = verified_file(open_store(config), model, show_passing)
    speed = measure_model(config, path, say=show_passing).used
    end_passing()
    budget = budget_for(speed, config.completion)
    read = budget.small.head + budget.small.suffix
    return OVERHEAD * (read / speed.prefill + budget.line_tokens / speed.decode)


def _document(pair: "PairedModels") -> dict[str, Any]:
    """A comparison as JSON; the difference is of the first to the second, as a share of the lines.

    A time is null where other programs disturbed all answers.
    """
    models = [
        {"model": name, "right": right, "ms_p50": round(ms) or None}
        for name, right, ms in zip(pair.names, pair.right, pair.ms, strict=True)
    ]
    found = pair.found
    difference = {"mean": found.mean, "low": found.low, "high": found.high, "verdict": found.verdict}
    return {"models": models, "lines": pair.lines, "difference": difference, "lines_needed": found.needed}
