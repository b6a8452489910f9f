"""The command `eval vote`: two answers to one task, without saying whose they are. Which is better?"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from assist_evaluation.cli.flags import Run
from assist_server.cli.flags import Workspace, directory, example, settings
from assist_server.cli.output import out, say
from assist_server.errors import UserError
from assist_server.wording.sanitize import harmless

if TYPE_CHECKING:  # numpy, and all of the product
    from assist_evaluation.report.blind_pairs import BlindPair

ABOVE, BELOW = 8, 4  # lines around the hole that are shown
KEYS = {"1": 1.0, "2": 0.0, "=": 0.5}


def add_to(app: typer.Typer) -> None:
    """Put the command into `assist eval`."""
    app.command(
        "vote", epilog=example("assist eval vote", "assist eval vote --run last-1"),
        short_help="Say which of two answers is better, without knowing whose they are.",
    )(vote)  # fmt: skip


def vote(run: Run = "last", workspace: Workspace = Path()) -> None:
    """Show pairs of answers that differ, in a drawn order and without names, and ask which one is better.

    Your votes enter the common ranking of this repository, next to the preferences by rule. 1 or 2 is the
    better one, = a tie, s skips, q ends.
    """
    from assist_evaluation.ranking.votes import add_vote  # noqa: PLC0415
    from assist_evaluation.ready import workspace_at  # noqa: PLC0415
    from assist_evaluation.report.blind_pairs import blind_pairs  # noqa: PLC0415
    from assist_evaluation.running.store import eval_folder  # noqa: PLC0415

    if not sys.stdin.isatty():
        raise UserError("Votes are asked at a terminal: run this at one.")
    config = settings()
    root = workspace_at(config, directory(workspace)).root
    folder = eval_folder(config, root)
    count = 0
    pairs = blind_pairs(config, root, run)
    if not pairs:
        out("There is nothing to vote on: no two answers of this run differ that you have not seen.")
        return
    for number, pair in enumerate(pairs, 1):
        _show(pair, f"{number} of {len(pairs)}")
        key = _key()
        if key == "q":
            break
        if key in KEYS:
            add_vote(folder.path, pair.vote(KEYS[key]))
            count += 1
            out(f"1 was {pair.first}, 2 was {pair.second}.\n")
    say(f"{count} vote{'' if count == 1 else 's'} kept; `assist eval report` counts them.")


def _show(pair: "BlindPair", at: str) -> None:
    out(f"--- {at}: {pair.kind} in {harmless(pair.place)} ---")
    above = pair.before.splitlines()[-ABOVE:]
    below = pair.after.splitlines()[:BELOW]
    for line in above:
        out(f"  {harmless(line)}")
    for mark, text in (("1", pair.first_text), ("2", pair.second_text)):
        for line in text.splitlines() or ["(nothing)"]:
            out(f"{mark}> {harmless(line)}")
    for line in below:
        out(f"  {harmless(line)}")


def _key() -> str:
    while True:
        key = typer.prompt("Better: 1, 2, = (tie), s (skip), q (end)", err=True).strip().lower()[:1]
        if key in ("q", "s", *KEYS):
            return str(key)
