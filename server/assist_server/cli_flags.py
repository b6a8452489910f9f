"""The flags that commands share, and the configuration that a command works with."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from assist_server import config
from assist_server.cli_errors import CommandError
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


def example(*lines: str) -> str:
    """The end of a command's help: lines that can be typed as they stand."""
    head = "Examples:" if len(lines) > 1 else "Example:"
    return "\n".join(["\b", head, *(f"  {line}" for line in lines)])
