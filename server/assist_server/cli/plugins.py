"""The commands that plugins bring. Where a plugin is missing, its commands say so."""

from importlib.metadata import EntryPoint

import typer

from assist_context.plugins import find_package
from assist_server.plugins import lacks

ANY_ARGUMENTS = {"allow_extra_args": True, "ignore_unknown_options": True}


def add_plugin(app: typer.Typer, command: EntryPoint) -> None:
    """Add a plugin's command, or a substitute that says which package is missing."""
    package = find_package(command)
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
        raise lacks(f"`assist {command}`", package)
