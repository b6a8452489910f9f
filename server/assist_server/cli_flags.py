"""The flags that commands share, and the configuration that a command works with."""

import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from assist_server import config
from assist_server.cli_errors import WRONG_USAGE, CommandError
from assist_server.config import Config

AsJson = Annotated[
    bool, typer.Option("--json", help="Print one JSON document on stdout, and nothing else there.")
]
Offline = Annotated[bool, typer.Option("--offline", help="Open no socket at all, as ASSIST_OFFLINE=1 does.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do it without asking.")]
Workspace = Annotated[
    Path,
    typer.Option(
        "--workspace",
        metavar="DIR",
        help="Where relative paths start. Without it: the working directory.",
        show_default=False,
    ),
]
_DATES = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]
Since = Annotated[
    datetime | None,
    typer.Option(
        "--since", formats=_DATES, metavar="DATE", help="From this day or time on (UTC).", show_default=False
    ),
]
Until = Annotated[
    datetime | None,
    typer.Option(
        "--until", formats=_DATES, metavar="DATE", help="Before this day or time (UTC).", show_default=False
    ),
]
OfflineFrom = Annotated[
    Path | None,
    typer.Option(
        "--offline-from",
        metavar="DIR",
        help="Take the model from this directory: its .gguf file, or the wheels that carry it.",
        show_default=False,
    ),
]


def settings(*, offline: bool = False) -> Config:
    """The user's configuration; raises `ConfigError` with everything that is wrong in it."""
    return with_offline(config.load(), offline=offline)


def with_offline(base: Config, *, offline: bool) -> Config:
    """`base`, offline also where only the command line says so."""
    return replace(base, offline=base.offline or offline)


def directory(workspace: Path) -> Path:
    """The directory that --workspace names, absolute; `CommandError` where there is none."""
    root = workspace.expanduser().absolute()
    if not root.is_dir():
        raise CommandError(f"There is no directory {root}: check --workspace.")
    return root


def seconds_of(moment: datetime | None) -> float | None:
    """A date of the command line in seconds since 1970."""
    return moment.replace(tzinfo=UTC).timestamp() if moment else None


def ask_first(question: str, otherwise: str, *, yes: bool) -> None:
    """Go on if the person says so, or said so by --yes; else `CommandError` with `otherwise`."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise CommandError(f"{question} Nobody is there to answer: add --yes.", WRONG_USAGE)
    if not typer.confirm(question, err=True):
        raise CommandError(otherwise)


def example(*lines: str) -> str:
    """The end of a command's help: lines that can be typed as they stand."""
    head = "Examples:" if len(lines) > 1 else "Example:"
    return "\n".join(["\b", head, *(f"  {line}" for line in lines)])
