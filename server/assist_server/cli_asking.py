"""The flags that all questions share, and what they mean: a frozen value for each command line.

A command is written with `flags: Asking` as its last parameter; `asked` gives it one option for each field.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from assist_escalation.route import Wish
from assist_server.cli_errors import WRONG_USAGE, CommandError
from assist_server.cli_flags import AsJson, Offline, Workspace


@dataclass(frozen=True, slots=True)
class Asking:
    """How a question is to be answered."""

    local: Annotated[bool, typer.Option("--local", help="Answer on this machine, whatever it is.")] = False
    frontier: Annotated[
        bool, typer.Option("--frontier", help="Ask a provider, where the policy allows it.")
    ] = False
    provider: Annotated[
        str,
        typer.Option(
            "--provider",
            metavar="NAME",
            help="Which provider, by its name in config.toml.",
            show_default=False,
        ),
    ] = ""
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Say who would answer, why, and what would be sent; send nothing."),
    ] = False
    yes: Annotated[
        bool,
        typer.Option("--yes", help="Send and apply without asking, where the policy allows that."),
    ] = False
    workspace: Workspace = Path()
    offline: Offline = False
    as_json: AsJson = False

    @property
    def wish(self) -> Wish:
        """Who is to answer."""
        if self.local and (self.frontier or self.provider):
            raise CommandError("--local and --frontier exclude each other: give one of them.", WRONG_USAGE)
        return "local" if self.local else "frontier" if self.frontier or self.provider else "auto"


def asked(command: Callable[..., None], **fixed: Any) -> Callable[..., None]:
    """The command with an option for each field of `Asking` that is not `fixed`."""
    hints = get_type_hints(Asking, include_extras=True)
    free = [item for item in fields(Asking) if item.name not in fixed]

    @wraps(command)
    def run(*arguments: Any, **options: Any) -> None:
        flags = {item.name: options.pop(item.name) for item in free if item.name in options}
        command(*arguments, **options, flags=Asking(**flags, **fixed))

    own = inspect.signature(command, eval_str=True).parameters
    parameters = [each for name, each in own.items() if name != "flags"]
    parameters += [
        inspect.Parameter(
            item.name,
            inspect.Parameter.POSITIONAL_OR_KEYWORD,
            default=item.default,
            annotation=hints[item.name],
        )
        for item in free
    ]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    return run
