"""The outlines of installed libraries of a user: where they are, and what is said about them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from assist_context.libraries.installed_libraries import InstalledLibraries
from assist_context.libraries.library_file import library_files
from assist_server.config.config import Config


def library_folder(config: Config) -> Path:
    """The folder of the outlines, which all workspaces share."""
    return config.paths.data / "libraries"


def libraries_of(config: Config, on_missing: Callable[[], None] = lambda: None) -> InstalledLibraries | None:
    """What is installed for the files of a workspace; None if the user does not want that."""
    if not (config.context.index and config.context.libraries):
        return None
    return InstalledLibraries(str(library_folder(config)), config.environments, on_missing)


def library_document(config: Config) -> dict[str, Any]:
    """The outlines of libraries as JSON."""
    found = [state.st_size for _, state in library_files(str(library_folder(config)))]
    enabled = config.context.index and config.context.libraries
    return {
        "enabled": enabled,
        "folder": str(library_folder(config)),
        "packages": len(found),
        "bytes": sum(found),
    }
