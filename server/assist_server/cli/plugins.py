"""The commands that plugins bring: packages of ours above this one, found by their entry points.

A plugin may be missing from an installation. Its commands then say so, and everything else works.
"""

from importlib.metadata import EntryPoint, distribution

import typer

from assist_server.errors import UserError

ANY_ARGUMENTS = {"allow_extra_args": True, "ignore_unknown_options": True}


def plugin_commands() -> list[EntryPoint]:
    """A function for each command of a plugin, which adds it to the command line.

    Those of strangers are not looked for: we could not answer for what they bring.
    """
    return list(distribution("assist-lsp").entry_points.select(group="assist.commands"))


def add_plugin(app: typer.Typer, command: EntryPoint) -> None:
    """Add a plugin's command, or one that says which package is missing."""
    package = command.module.partition(".")[0]
    try:
        add_to = command.load()
    except ModuleNotFoundError as error:
        if error.name != package:  # of a library that it needs
            raise
        _add_missing(app, command.name, package)
    else:
        add_to(app)


def _add_missing(app: typer.Typer, command: str, package: str) -> None:
    @app.command(command, short_help=f"Needs the package {package}.", context_settings=ANY_ARGUMENTS)
    def missing() -> None:
        """Say which package is missing."""
        raise UserError(
            f"`assist {command}` is a part of the package {package}, which this installation lacks: install "
            "assist again, as docs/install.md says."
        )
