"""The command line: its commands, and what becomes of their errors.

Every command translates its arguments and calls one function of another module.
"""

import contextlib
import functools
import io
import logging
import os
import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Annotated

import typer
from typer.core import TyperGroup

from assist_context.plugins import plugin_points
from assist_server.cli.flags import Offline, accept_offline, example
from assist_server.cli.output import begin_passing, emit, emit_line, say, say_stopped
from assist_server.cli.plugins import add_plugin
from assist_server.cli.wrong_usage import system_words, usage_words
from assist_server.config.toml_file import ConfigError
from assist_server.errors import (
    EXPECTED,
    FAILED,
    INTERRUPTED,
    WRONG_USAGE,
    UserError,
    details,
    exit_code,
    is_unread,
)
from assist_server.wording.sanitize import HarmlessFormatter

# The modules of `commands` and what each adds, in the order of `assist --help`: the order in which users need
# them.
COMMANDS: Mapping[str, tuple[str, ...]] = {
    "questions": ("explain", "ask", "test", "refactor", "fix", "route"),
    "chat": ("chat", "threads"),
    "records": ("undo", "cost", "rate"),
    "audit": ("audit",),
    "index": ("index", "context"),
    "settings": ("config",),
}
# Of the plugins' commands, what users need before the others.
FIRST = ("setup", "models", "demo", "complete")
NO_COMMAND = ("--version", "lsp")  # what needs none of these modules


def invoke(arguments: list[str]) -> int:
    """Run one command; every expected error becomes a message and an exit code."""
    accept_any_character()
    begin_passing()
    if logging.lastResort is not None:  # what prints warnings of ours where nothing else is set up
        logging.lastResort.setFormatter(HarmlessFormatter())
    try:
        code = command_line(arguments[0] if arguments else "")(
            arguments, prog_name="assist", standalone_mode=False
        )
        sys.stdout.flush()
    except typer.Abort:  # Ctrl-C, or the end of the input, at a question
        say_stopped()
        return INTERRUPTED
    except typer.TyperException as error:
        return _fail(arguments, usage_words(error), code=WRONG_USAGE)
    except EXPECTED as error:
        is_printed = getattr(error, "printed", False)  # stdout has its document; only stderr gets the message
        lines = error.lines if isinstance(error, ConfigError) else (str(error),)
        return _fail([] if is_printed else arguments, *lines, code=exit_code(error), **details(error))
    except OSError as error:
        if is_unread(error):
            _drop_output()
            return FAILED
        from assist_server.config.config import load_lenient  # noqa: PLC0415

        return _fail(arguments, system_words(error, load_lenient().paths.data), code=FAILED)
    if code == INTERRUPTED:  # typer makes that of Ctrl-C
        say_stopped()
    return code if isinstance(code, int) else 0


def _fail(arguments: list[str], *lines: str, code: int, **details: str) -> int:
    say(f"assist: {lines[0]}")
    for line in lines[1:]:
        say(line)
    message = "\n".join(lines)
    if "--batch" in arguments:
        emit_line({"error": message, **details})
    elif "--json" in arguments:
        emit({"error": message, **details})
    return code


def accept_any_character(windows: bool = sys.platform == "win32") -> None:
    """Write "?" for what the terminal's encoding lacks: a completion may contain any character.

    To a file or another program, Windows would write in an encoding of 256 characters: it gets UTF-8.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            is_read = windows and not stream.isatty()
            stream.reconfigure(encoding="utf-8" if is_read else None, errors="replace")


def _drop_output() -> None:
    """Discard the output whose reader is gone, or Python would complain when it flushes the rest."""
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _show_version(requested: bool) -> None:
    if requested:
        from importlib.metadata import version  # noqa: PLC0415

        typer.echo(f"assist {version('assist-lsp')}")
        raise typer.Exit


def root(
    context: typer.Context,
    _version: Annotated[
        bool,
        typer.Option("--version", help="Print the version.", callback=_show_version, is_eager=True),
    ] = False,
) -> None:
    """Show the help if no command is given."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help(), err=True)
        raise typer.Exit(WRONG_USAGE)


def lsp(
    offline: Offline = False,
    _stdio: Annotated[
        bool, typer.Option("--stdio", help="Ignored: stdio is always used. Some editors add this.")
    ] = False,
) -> None:
    """Run the language server on stdio. Editors start it; people rarely do."""
    from assist_server.lsp.start import serve  # noqa: PLC0415

    serve(offline=offline)


def show_help(
    context: typer.Context,
    command: Annotated[
        list[str] | None,
        typer.Argument(metavar="COMMAND", help="The command, as in `models use`.", show_default=False),
    ] = None,
) -> None:
    """Show the help of a command, like its --help. Without a command, show the main help."""
    inner = context.find_root()
    for name in command or ():
        group = inner.command
        found = group.get_command(inner, name) if isinstance(group, TyperGroup) else None
        if found is None:
            named = " ".join(command or ())
            raise UserError(f"There is no command `assist {named}`: `assist help` lists them.", WRONG_USAGE)
        inner = typer.Context(found, info_name=name, parent=inner)
    typer.echo(inner.get_help())


@functools.cache
def command_line(word: str = "") -> typer.Typer:
    """The command line. If `word` is a command, only its module is loaded; else, as for help, all are."""
    app = typer.Typer(
        name="assist",
        help="Ghost text and answers about code from a local model. Start with `assist setup`.",
        epilog=example("assist setup", "assist demo", "assist complete src/app.py:10:5"),
        context_settings={"help_option_names": ["-h", "--help"]},
        pretty_exceptions_enable=False,
        rich_markup_mode=None,  # help that reads the same in a pipe, without colour and frames
    )
    app.callback(invoke_without_command=True)(root)
    modules = [module for module, words in COMMANDS.items() if word in words]
    points = [] if modules or word in NO_COMMAND else plugin_points("assist.commands")
    plugins = [point for point in points if point.name == word]
    if not modules and not plugins and word not in NO_COMMAND:
        modules = list(COMMANDS)
        plugins = points
    for point in [point for name in FIRST for point in plugins if point.name == name]:
        add_plugin(app, point)
    for module in modules:
        import_module(f"assist_server.cli.commands.{module}").add_to(app)
    for point in plugins:
        if point.name not in FIRST:
            add_plugin(app, point)
    app.command(short_help="Run the language server on stdio.", epilog=example("assist lsp"))(lsp)
    app.command(
        "help", short_help="Show a command's help.", epilog=example("assist help", "assist help models use")
    )(show_help)
    accept_offline(app)
    return app
