"""Next edit on the commits of real repositories: is what is offered what the commit does?

`run` plays the newest commits of each repository as a user would make them, hunk by hunk, and accepts an
offer if it is right. `fit` collects all offers of such plays and fits the likelihood of each kind; judge the
weights on other repositories. Commits are not keystrokes: the order is a guess (from the top, or with --wrap
from a hunk that is drawn), and what was tried and taken back is invisible.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import get_args

from assist_context.files.git_repository import Git
from assist_context.next_edit.finder import OfferMode, choose
from assist_context.next_edit.offer import Offer
from assist_evaluation.mining.sources import MinedRepository, open_repository
from assist_server.errors import UserError
from bench.next_edit.commits import played_commits
from bench.next_edit.other_files import FilesAtCommit
from bench.next_edit.report import figures, table
from bench.next_edit.simulation import Outcome, Played, Session
from bench.next_edit.weights import first_of_each, weights_file
from bench.provenance import layout, provenance

WEIGHTS = Path(__file__).resolve().parents[1] / "context" / "assist_context" / "next_edit" / "likelihood.toml"
COMMITS = 100


def options_of(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("repositories", nargs="+", type=Path, metavar="REPOSITORY")
    shared.add_argument("--commits", type=int, default=COMMITS, help="the newest ones of each (%(default)s)")
    shared.add_argument("--wrap", action="store_true", help="begin with a hunk that is drawn")
    run = commands.add_parser("run", parents=[shared], help="measure")
    run.add_argument("--mode", choices=get_args(OfferMode), default="balanced")
    run.add_argument("--json", type=Path, metavar="FILE", help="write the figures")
    fitted = commands.add_parser("fit", parents=[shared], help="fit the likelihoods")
    fitted.add_argument("--write", action="store_true", help="change the data file of the package")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    options = options_of(arguments)
    try:
        _run(options) if options.command == "run" else _fit(options)
    except (UserError, OSError) as error:
        sys.exit(f"next_edit.py: {error}")


def _run(options: argparse.Namespace) -> None:
    found = {}
    all_plays: list[Played] = []
    start = time.process_time()
    for root in options.repositories:
        began = time.process_time()
        plays = play(root, options, partial(_chosen_by, options.mode))
        found[root.name] = figures(plays, time.process_time() - began)
        all_plays += plays
    found["together"] = figures(all_plays, time.process_time() - start)
    print("\n".join(table(found)))
    if options.json:
        top = {"provenance": provenance(), "mode": options.mode, "wrap": options.wrap, "repositories": found}
        options.json.write_text(layout(top), encoding="utf-8")


def _fit(options: argparse.Namespace) -> None:
    outcomes: dict[str, list[Outcome]] = {}
    for root in options.repositories:
        plays = play(root, options, partial(_chosen_by, "eager"))
        outcomes[root.name] = first_of_each(each for one in plays for each in one.outcomes)
    text = weights_file(outcomes)
    print(text)
    if options.write:
        WEIGHTS.write_text(text, encoding="utf-8")


def play(
    root: Path, options: argparse.Namespace, choice: Callable[[Sequence[Offer]], Offer | None]
) -> list[Played]:
    """The plays of the newest commits of a repository."""
    repository: MinedRepository = open_repository(Git(environ=dict(os.environ)), str(root.resolve()))
    plays = []
    for commit, files in played_commits(repository, options.commits, wrap=options.wrap):
        others = FilesAtCommit(repository, commit.parent)
        plays.append(Session(files, choice, others).play())
        print(f"\r{root.name}: {len(plays)} of {options.commits}", end="", file=sys.stderr)
    print(file=sys.stderr)
    return plays


def _chosen_by(mode: OfferMode, offers: Sequence[Offer]) -> Offer | None:
    return choose(offers, mode)


if __name__ == "__main__":
    main()
