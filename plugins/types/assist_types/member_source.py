"""The source of types and installed packages for the core, by the entry point `assist.members`.

The ports that it fills: server `workspace/members`, and context `indexer/outliner` in the indexer's process.
Each of these processes loads only what it needs.
"""

import queue
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assist_context.indexer.parser_pool import Message
    from assist_context.indexer.wire import IndexerEvent
    from assist_context.retrieval.corpus import Corpus
    from assist_types.library_indexer import LibraryIndexer
    from assist_types.workspace_members import WorkspaceMembers


def oracles(
    libraries: str, environ: Mapping[str, str], on_missing: Callable[[], None]
) -> "Callable[[Corpus], WorkspaceMembers]":
    """Make the members' oracle of a folder by its corpus; what is known of packages is read once for all."""
    from assist_types.libraries.installed_libraries import InstalledLibraries  # noqa: PLC0415
    from assist_types.workspace_members import WorkspaceMembers  # noqa: PLC0415

    installed = InstalledLibraries(libraries, environ, on_missing) if libraries else None
    return lambda corpus: WorkspaceMembers(corpus, installed)


def count_outlines(libraries: str) -> tuple[int, int]:
    """Count the packages with outlines in a folder, and the bytes on the disk."""
    from assist_types.libraries.library_file import library_files  # noqa: PLC0415

    found = [state.st_size for _, state in library_files(libraries)]
    return len(found), sum(found)


def outliner(
    data: str,
    environ: Mapping[str, str],
    inbox: "queue.SimpleQueue[Message]",
    send: "Callable[[IndexerEvent], None]",
) -> "LibraryIndexer":
    """Make the indexer of outlines for the indexer's loop."""
    from assist_types.library_indexer import LibraryIndexer  # noqa: PLC0415

    return LibraryIndexer(data, environ, inbox, send)
