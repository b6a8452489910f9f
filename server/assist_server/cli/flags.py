"""The flags that commands share, and the configuration that a command works with.

All questions share a set of flags. Such a command takes `flags: Asking` as its last parameter, and
`add_flags` turns each field into an option. A command with many flags of its own may do the same.
"""

import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from assist_server.cli.shell_completion import complete_model
from assist_server.config import config
from assist_server.config.config import Config, Role
from assist_server.errors import WRONG_USAGE, UserError

if TYPE_CHECKING:  # numpy
    from assist_escalation.routing.router import Wish


def option(name: str, metavar: str, text: str, **more: Any) -> Any:
    """A flag with a value, whose default its help says in words, if it has one."""
    return typer.Option(name, metavar=metavar, help=text, show_default=False, **more)


def argument(metavar: str, text: str, **more: Any) -> Any:
    """An argument, whose default its help says in words, if it has one."""
    return typer.Argument(metavar=metavar, help=text, show_default=False, **more)


AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else.")]
Offline = Annotated[bool, typer.Option("--offline", help="Open no network sockets, like ASSIST_OFFLINE=1.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")]
WorkspaceOption = Annotated[
    Path,
    option(
        "--workspace", "DIR", "The workspace, where relative paths start. Default: the working directory."
    ),
]


def parse_day(text: str) -> datetime:
    """A day, or a day with a time, as it is written on the command line."""
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S" if "T" in text else "%Y-%m-%d")
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is not a date: write YYYY-MM-DD or YYYY-MM-DDTHH:MM:SS, as in 2026-01-31."
        ) from None


Since = Annotated[
    datetime | None, option("--since", "DATE", "Start at this date or time (UTC).", parser=parse_day)
]
Until = Annotated[
    datetime | None, option("--until", "DATE", "Stop before this date or time (UTC).", parser=parse_day)
]
Words = Annotated[
    bool, typer.Option("--words", help="Add a small local model's prose (below 7B parameters) to the facts.")
]
OtherModel = Annotated[
    str,
    option(
        "--model",
        "NAME",
        "Use this local model for this call: a name from `assist models list`, or the path of a .gguf file.",
        autocompletion=complete_model,
    ),
]


def settings(*, offline: bool = False, model: str = "", role: Role = "answers") -> Config:
    """The user's configuration, with another model for this role if a command names one.

    Raises `ConfigError` with everything that is wrong in it, and what `roles.set_model` does.
    """
    found = set_offline(config.load(), offline=offline)
    if not model:
        return found
    from assist_server.local_model.roles import set_model  # noqa: PLC0415

    return set_model(found, model, role)


def set_offline(base: Config, *, offline: bool) -> Config:
    """`base`, offline if the configuration or the command line says so."""
    return replace(base, offline=base.offline or offline)


def directory(workspace: Path) -> Path:
    """The directory that --workspace names, absolute; `UserError` if it does not exist."""
    root = workspace.expanduser().absolute()
    if not root.is_dir():
        raise UserError(f"There is no directory {root}: check --workspace.")
    return root


def parse_seconds(moment: datetime | None) -> float | None:
    """A date from the command line in seconds since 1970."""
    return moment.replace(tzinfo=UTC).timestamp() if moment else None


def ask_first(question: str, refusal: str, *, yes: bool) -> None:
    """Continue if the user agrees, or agreed with --yes; else raise `UserError` with `refusal`."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise UserError(f"{question} There is no terminal to ask on: add --yes.", WRONG_USAGE)
    if not typer.confirm(question, err=True):
        raise UserError(refusal)


def example(*lines: str) -> str:
    """The end of a command's help: lines that can be typed as they are."""
    head = "Examples:" if len(lines) > 1 else "Example:"
    return "\n".join(["\b", head, *(f"  {line}" for line in lines)])


def accept_offline(app: typer.Typer) -> None:
    """Let every command take --offline, also those that open no socket: scripts can always add it."""
    for group in app.registered_groups:
        if group.typer_instance is not None:
            accept_offline(group.typer_instance)
            callback = group.typer_instance.registered_callback  # a group that is a command itself
            if callback is not None and callback.callback is not None:
                callback.callback = _add_offline_flag(callback.callback)
    for command in app.registered_commands:
        if command.callback is not None:
            command.callback = _add_offline_flag(command.callback)


def _add_offline_flag(command: Callable[..., None]) -> Callable[..., None]:
    """The command with --offline, which has no effect unless the command has that flag itself."""
    if "offline" in inspect.signature(command).parameters:
        return command

    @wraps(command)
    def run(*arguments: Any, **options: Any) -> None:
        options.pop("offline", None)  # the command opens no socket
        command(*arguments, **options)

    parameters = [*inspect.signature(command, eval_str=True).parameters.values()]
    flag = inspect.Parameter("offline", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=Offline)
    run.__signature__ = inspect.Signature([*parameters, flag])  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in (*parameters, flag)}
    return run


@dataclass(frozen=True, slots=True)
class Asking:
    """The flags that say how a question is answered."""

    local: Annotated[bool, typer.Option("--local", help="Answer on this machine only.")] = False
    frontier: Annotated[bool, typer.Option("--frontier", help="Ask a provider, if the policy allows it.")] = (
        False
    )
    provider: Annotated[str, option("--provider", "NAME", "The provider, by its name in config.toml.")] = ""
    model: OtherModel = ""
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Show which model would answer, why, and what would be sent. Send nothing."
        ),
    ] = False
    show_text: Annotated[
        bool,
        typer.Option("--show-text", help="Show the exact text that would be sent, before anything is sent."),
    ] = False
    yes: Annotated[
        bool,
        typer.Option("--yes", help="Do not ask before sending or changing files, if the policy allows it."),
    ] = False
    workspace: WorkspaceOption = Path()
    offline: Offline = False
    as_json: AsJson = False

    @property
    def wish(self) -> "Wish":
        """Return who should answer."""
        here = "--model" if self.model else "--local" if self.local else ""
        if here and (self.frontier or self.provider):
            raise UserError(f"{here} and --frontier cannot be used together: give one of them.", WRONG_USAGE)
        return "local" if here else "frontier" if self.frontier or self.provider else "auto"


@dataclass(frozen=True)
class AskingForEdit(Asking):
    """The flags of a command that changes code: they also say which tests judge the change."""

    test: Annotated[
        str,
        option(
            "--test",
            "COMMAND",
            "The command that tests the change. Default: run the tests that use the code.",
        ),
    ] = ""
    run: Annotated[bool, typer.Option("--run", help="Run the tests on a copy without asking.")] = False


def add_flags(command: Callable[..., None], **defaults: Any) -> Callable[..., None]:
    """The command with an option for each field of its `flags`, a dataclass, that is not among `defaults`."""
    own = inspect.signature(command, eval_str=True).parameters
    group: Any = own["flags"].annotation
    hints = get_type_hints(group, include_extras=True)
    free = [item for item in fields(group) if item.name not in defaults]

    @wraps(command)
    def run(*arguments: Any, **options: Any) -> None:
        flags = {item.name: options.pop(item.name) for item in free if item.name in options}
        command(*arguments, **options, flags=group(**flags, **defaults))

    parameters = [parameter for name, parameter in own.items() if name != "flags"]
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
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run
