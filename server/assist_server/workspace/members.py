"""The port to what knows types and installed packages: the plugin `types`, where it is installed.

Without it names in ghost text are checked by their file and the index, and members by the editor's servers.
"""

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Protocol, cast

from assist_context.plugins import plugin
from assist_context.retrieval.corpus import Corpus
from assist_context.retrieval.member_oracle import MemberOracle, OracleOf
from assist_server.config.config import Config


class TypeAnalysis(Protocol):
    """The module that the plugin brings; the indexer process gets its `outliner` (context `indexer`)."""

    def oracles(
        self, libraries: str, environ: Mapping[str, str], on_missing: Callable[[], None]
    ) -> Callable[[Corpus], MemberOracle]:
        """Return who knows the objects in a folder, by its corpus. For one thread.

        `libraries` is the folder of outlines, "" for none, and `environ` says where environments are;
        `on_missing` is called when something that a file imports has no outline yet.
        """

    def count_outlines(self, libraries: str) -> tuple[int, int]:
        """Return how many packages have outlines in a folder, and the bytes on the disk."""


def type_analysis() -> TypeAnalysis | None:
    """The installed one."""
    return cast("TypeAnalysis | None", plugin("assist.members"))


def library_folder(config: Config) -> Path:
    """The folder of the outlines of installed packages, which all workspaces share."""
    return config.paths.data / "libraries"


def make_oracles(config: Config, on_missing: Callable[[], None] = lambda: None) -> OracleOf:
    """Return who knows the objects in a folder, by its corpus. The plugin is loaded at the first call."""
    is_on = config.context.index and config.context.libraries
    libraries = str(library_folder(config)) if is_on else ""

    @cache
    def open_source() -> Callable[[Corpus], MemberOracle] | None:
        analysis = type_analysis()
        return analysis.oracles(libraries, config.environments, on_missing) if analysis is not None else None

    def oracle_of(corpus: Corpus) -> MemberOracle | None:
        oracles = open_source()
        return oracles(corpus) if oracles is not None else None

    return oracle_of


def library_document(config: Config) -> dict[str, Any]:
    """The outlines of libraries as JSON; "missing" names the package that would make them."""
    analysis = type_analysis()
    folder = str(library_folder(config))
    packages, size = analysis.count_outlines(folder) if analysis is not None else (0, 0)
    document = {
        "enabled": config.context.index and config.context.libraries and analysis is not None,
        "folder": folder,
        "packages": packages,
        "bytes": size,
    }
    return document if analysis is not None else {**document, "missing": "assist_types"}
