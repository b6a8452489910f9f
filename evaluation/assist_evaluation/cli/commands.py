"""The commands `eval`, `eval mine` and `eval run`: tasks from this repository, asked of candidates.

Results go to stdout and everything else to stderr. A run that is interrupted has a report of what it has.
"""

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from assist_evaluation.cli import fitting, reports
from assist_evaluation.cli.flags import EvalFlags, MineFlags, kinds_of
from assist_server.cli.flags import add_flags, ask_first, directory, example, settings
from assist_server.cli.output import emit, end_passing, out, say, show_passing
from assist_server.errors import UserError
from assist_server.plugins import lacks
from assist_server.wording.sanitize import harmless

if TYPE_CHECKING:  # numpy, and all of the product
    from assist_evaluation.running.evaluation import Evaluation
    from assist_evaluation.running.leaving import LeavingBound
    from assist_evaluation.running.ready import ReadyEvaluation
    from assist_evaluation.running.run import EvalPosition

NICE = 5  # below what people work with, above what only runs when nothing else does
EXTRA = ("matplotlib", "rapidfuzz")  # the libraries that only the extra `eval` installs
LOG_S = 60.0  # between two lines of progress in a log

eval_app = typer.Typer(rich_markup_mode=None)


def add_to(app: typer.Typer) -> None:
    """Put these commands into the command line."""
    eval_app.callback(invoke_without_command=True)(add_flags(evaluate))
    eval_app.command(
        "mine",
        epilog=example("assist eval mine", "assist eval mine --count 1000 --output tasks.jsonl"),
        short_help="Find tasks in this repository's history, files and tests.",
    )(add_flags(mine))
    examples = example(
        "assist eval run -c local:qwen2.5-coder-0.5b -c local:qwen2.5-coder-1.5b --kinds lines",
        "assist eval run -c local:qwen2.5-coder-1.5b -c provider:openai --max-usd 0.50 --dry-run",
        'assist eval run --tasks nightly.jsonl --guard "lines.exact >= last - 0.02" --json',
    )
    eval_app.command("run", epilog=examples, short_help="Run tasks with the candidates, and write a report.")(
        add_flags(run)
    )
    reports.add_to(eval_app)
    fitting.add_to(eval_app)
    app.add_typer(
        eval_app,
        name="eval",
        epilog=example("assist eval", "assist eval --minutes 5", "assist eval report --open"),
        short_help="Measure models and providers on this repository.",
    )


def evaluate(context: typer.Context, flags: EvalFlags) -> None:
    """Measure models, a team's server and providers on tasks from this repository, and write a report.

    It mines tasks from the history, files and tests. Every candidate gets the same tasks, with the same
    prompts, checks and rules as in daily use. The report says which differences are larger than chance.
    Providers are asked only with --max-usd; before anything is sent, you see the provider, the amount and the
    price. Answers are kept, so a second run runs only new tasks.
    """
    check_extra()
    if context.invoked_subcommand is None:
        run_evaluation(flags)


def check_extra(find: Callable[[str], object] = find_spec) -> None:
    """Raise `UserError` if a library is missing that only the extra `eval` installs, or our runner."""
    if find("assist_runner") is None:
        raise lacks("What runs a repository's tests", "assist_runner")
    missing = [name for name in EXTRA if find(name) is None]
    if missing:
        raise UserError(
            f"`assist eval` needs {' and '.join(missing)}: run `uv tool install '.[eval]'` in your clone of "
            "assist, or install our wheel with its extra `eval`."
        )


def run(flags: EvalFlags) -> None:
    """Run tasks with the candidates, and write a report. The same as `assist eval`."""
    run_evaluation(flags)


def mine(flags: MineFlags) -> None:
    """Find tasks in this repository: lines of recent commits, tested functions, small commits, questions.

    The same commit and seed give the same tasks. The task file names commits, files and lines. It contains
    code only with --with-code.
    """
    from assist_evaluation.mining.mine import texts_of  # noqa: PLC0415
    from assist_evaluation.mining.sources import open_repository  # noqa: PLC0415
    from assist_evaluation.running.ready import EvalRequest, mine_tasks, workspace_at  # noqa: PLC0415
    from assist_evaluation.running.store import eval_folder  # noqa: PLC0415
    from assist_evaluation.tasks import UNSEEN, count_by_kind, write_tasks  # noqa: PLC0415
    from assist_server.workspace.git_access import make_git  # noqa: PLC0415

    config = settings()
    folder = workspace_at(config, directory(flags.workspace))
    start = time.monotonic()
    wish = EvalRequest(kinds=kinds_of(flags.kinds), count=flags.count, seed=flags.seed)
    tasks = mine_tasks(config, folder, wish, show_passing)
    end_passing()
    file = flags.output or eval_folder(config, folder.root).tasks
    code = flags.with_code
    texts = texts_of(open_repository(make_git(config), folder.root), tasks.tasks) if code else None
    write_tasks(file, tasks, texts)
    counts = count_by_kind(tasks.tasks)
    if flags.as_json:
        made = {"file": str(file), "commit": tasks.commit, "seed": flags.seed, "tasks": counts}
        emit({**made, "left_out": tasks.left_out})
        return
    named = ", ".join(f"{number:,} {kind}" for kind, number in counts.items()) or "none"
    out(f"{sum(counts.values()):,} tasks in {time.monotonic() - start:.0f} s: {named}.")
    if tasks.left_out:
        out(f"{tasks.left_out:,} more are left out: {UNSEEN}.")
    out(f"They are in {file}.")


def run_evaluation(flags: EvalFlags) -> None:
    """An evaluation with its report, its guards and its exit code."""
    from assist_evaluation.judging.guards import parse_guard  # noqa: PLC0415
    from assist_evaluation.running.leaving import leaving_bounds  # noqa: PLC0415
    from assist_evaluation.running.ready import get_ready  # noqa: PLC0415

    config = settings(offline=flags.offline)
    for guard in flags.guards or ():
        parse_guard(guard)
    ready = get_ready(config, directory(flags.workspace), flags.wish(), show_passing)
    bounds = leaving_bounds(ready)
    end_passing()
    if flags.dry_run:
        _show_plan(ready, bounds, as_json=flags.as_json)
        return
    _agree(bounds, flags)
    reports.finish(ready, ask_candidates(ready), flags)


def ask_candidates(ready: "ReadyEvaluation") -> Path:
    """Ask the candidates, and show how far that is. The folder of the run has all that was asked."""
    from assist_evaluation.running.evaluation import Evaluation  # noqa: PLC0415

    with contextlib.suppress(AttributeError, OSError):  # Windows has no such call
        os.nice(NICE)
    with ready.folder.hold():
        evaluation = Evaluation(ready, _PositionLine().show, show_passing)
        try:
            asyncio.run(_run(evaluation))
        except (KeyboardInterrupt, asyncio.CancelledError):
            say("Interrupted: the report has what was asked so far.")
        end_passing()
        evaluation.record_departures()
    return evaluation.folder


async def _run(evaluation: "Evaluation") -> None:
    _cancel_when_terminated()
    await evaluation.run()


def _cancel_when_terminated() -> None:
    """Cancel this task at SIGTERM, as CI sends it in the end. A second one ends the process at once."""
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()

    def end() -> None:
        loop.remove_signal_handler(signal.SIGTERM)
        if task is not None:
            task.cancel()

    with contextlib.suppress(NotImplementedError):  # Windows
        loop.add_signal_handler(signal.SIGTERM, end)


class _PositionLine:
    """Shows how far a run is: at a terminal always, in a log once a minute."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def show(self, at: "EvalPosition") -> None:
        """Show a position, if it is time."""
        minutes, seconds = divmod(int(at.ends_in), 60)
        line = f"{at.done:,} of {at.total:,}, {minutes}:{seconds:02d} left at most: {at.doing}"
        if sys.stderr.isatty():
            show_passing(line)
        elif time.monotonic() - self._last > LOG_S:
            self._last = time.monotonic()
            say(line)


def _show_plan(ready: "ReadyEvaluation", bounds: "list[LeavingBound]", *, as_json: bool) -> None:
    from assist_evaluation.running.leaving import bound_document, bound_lines  # noqa: PLC0415
    from assist_evaluation.tasks import count_by_kind  # noqa: PLC0415

    counts = count_by_kind(ready.tasks.tasks)
    if as_json:
        emit(
            {
                "candidates": [candidate.label for candidate in ready.candidates],
                "tasks": counts,
                "leaving": [bound_document(bound) for bound in bounds],
                "max_usd": ready.wish.max_usd,
            }
        )
        return
    out(f"Tasks       {', '.join(f'{number:,} {kind}' for kind, number in counts.items())}")
    for candidate in ready.candidates:
        asked = ", ".join(kind for kind in candidate.kinds if kind in counts)
        out(f"Candidate   {harmless(candidate.label)}: {asked}")
    for bound in bounds:
        for line in bound_lines(bound, ready.wish.max_usd):
            out(f"Leaves      {harmless(line)}")
    if not bounds:
        out("Leaves      nothing")
    out(f"Time        {ready.wish.minutes:g} minutes at most")


def _agree(bounds: "list[LeavingBound]", flags: EvalFlags) -> None:
    """Ask before anything is sent, with the hosts, the numbers and the prices."""
    from assist_evaluation.running.leaving import bound_lines  # noqa: PLC0415

    if flags.max_usd <= 0 and any(not bound.candidate.startswith("server:") for bound in bounds):
        raise UserError(
            "A provider is asked only within a cost limit: set the limit of the run with --max-usd."
        )
    if not any(bound.requests for bound in bounds):
        return
    for bound in bounds:
        for line in bound_lines(bound, flags.max_usd):
            say(line)
    say("Edits are asked about files as they were before a commit: old versions leave, without secrets.")
    yes = flags.yes and all(bound.yes_allowed for bound in bounds)
    ask_first("Send that?", "Nothing was sent.", yes=yes)
