"""The flags that the commands of `assist eval` share."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assist_server.cli.flags import AsJson, Offline, WorkspaceOption, Yes, option
from assist_server.errors import WRONG_USAGE, UserError

if TYPE_CHECKING:  # numpy, and all of the product
    from assist_evaluation.running.ready import EvalRequest
    from assist_evaluation.tasks import TaskKind

Seed = Annotated[int, typer.Option("--seed", help="The seed for selecting tasks.")]
Count = Annotated[
    int, typer.Option("--count", min=1, max=100_000, help="The approximate number of tasks to mine.")
]
Kinds = Annotated[
    str,
    option(
        "--kinds",
        "KIND,...",
        "Only these kinds of tasks: lines (the rest of a line), typing (key by key), bodies (of functions), "
        "edits, next (next edits), questions.",
    ),
]
Run = Annotated[
    str, typer.Option("--run", metavar="RUN", help="A run: `last`, `last-1`, its name, or its folder.")
]


def kinds_of(text: str) -> "tuple[TaskKind, ...]":
    """The kinds that a flag names, none for all."""
    from assist_evaluation.running.ready import check_kinds  # noqa: PLC0415

    return check_kinds([part.strip() for part in text.split(",") if part.strip()])


@dataclass(frozen=True, slots=True)
class MineFlags:
    """Which tasks are mined, and where they go."""

    count: Count = 300
    seed: Seed = 1
    kinds: Kinds = ""
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Write the tasks to this file.", show_default=False
        ),
    ] = None
    with_code: Annotated[bool, typer.Option("--with-code", help="Also write the code of the tasks.")] = False
    workspace: WorkspaceOption = Path()
    as_json: AsJson = False


@dataclass(frozen=True, slots=True)
class EvalFlags:
    """What is evaluated, for how long, and for how much money."""

    candidates: Annotated[
        list[str] | None,
        typer.Option(
            "--candidate",
            "-c",
            metavar="NAME",
            help="local:NAME, server:NAME, provider:NAME, search or next-edit, with options such as "
            "local:NAME,context=off,mode=quiet,as=answers (bodies as answers, not as ghost text). "
            "Repeatable. Default: the model in use, once with context from other files and once without; "
            "the other installed models; the team's server; search; next-edit; and with --max-usd a "
            "provider.",
            show_default=False,
        ),
    ] = None
    kinds: Kinds = ""
    minutes: Annotated[
        float,
        typer.Option("--minutes", min=0.05, max=10_000, help="The time limit for the whole run, in minutes."),
    ] = 20.0
    max_usd: Annotated[
        float,
        typer.Option(
            "--max-usd",
            min=0.0,
            max=10_000,
            help="The maximum cost of providers in this run, in US dollars.",
        ),
    ] = 0.0
    tasks: Annotated[
        Path | None,
        option(
            "--tasks",
            "FILE",
            "Use the tasks in this file, from `assist eval mine` or a run's folder, instead of mining tasks.",
        ),
    ] = None
    count: Count = 300
    seed: Seed = 1
    test: Annotated[
        str,
        option(
            "--test",
            "COMMAND",
            "The command that tests this repository. Default: detected from its files. It runs in a "
            "sandbox, on a copy.",
        ),
    ] = ""
    guards: Annotated[
        list[str] | None,
        option(
            "--guard",
            "TEXT",
            'A condition that the results must meet, as in "lines.exact >= last - 0.02": kind, figure of the '
            "report, and a number or that of the last run. If it fails, the exit code is 4. Repeatable.",
        ),
    ] = None
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Show what would be asked, and its maximum cost. Ask nothing."),
    ] = False
    workspace: WorkspaceOption = Path()
    yes: Yes = False
    offline: Offline = False
    as_json: AsJson = False

    def wish(self) -> "EvalRequest":
        """The same as the evaluation takes it. Raises `UserError`."""
        from assist_evaluation.running import ready  # noqa: PLC0415

        if not self.max_usd >= 0:  # also for nan
            raise UserError("--max-usd is not a number.", WRONG_USAGE)

        return ready.EvalRequest(
            ready.candidates_of(self.candidates or ()),
            kinds_of(self.kinds),
            self.minutes,
            self.max_usd,
            self.test,
            self.tasks,
            self.count,
            self.seed,
        )
