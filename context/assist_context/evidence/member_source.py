"""What knows types and installed packages, as the core asks for it by the entry point `assist.members`.

The ports that it fills: server `workspace/members`, and `indexer/outliner` in the indexer's process.
"""

import queue
from collections.abc import Callable, Mapping

from assist_context.evidence.workspace_members import WorkspaceMembers
from assist_context.indexer.library_indexer import LibraryIndexer
from assist_context.indexer.parser_pool import Message
from assist_context.indexer.wire import IndexerEvent
from assist_context.libraries.installed_libraries import InstalledLibraries
from assist_context.libraries.library_file import library_files
from assist_context.retrieval.corpus import Corpus


def oracles(
    libraries: str, environ: Mapping[str, str], on_missing: Callable[[], None]
) -> Callable[[Corpus], WorkspaceMembers]:
    """Who knows the objects in a folder, by its corpus; what is known of packages is read once for all."""
    installed = InstalledLibraries(libraries, environ, on_missing) if libraries else None
    return lambda corpus: WorkspaceMembers(corpus, installed)


def count_outlines(libraries: str) -> tuple[int, int]:
    """How many packages have outlines in a folder, and the bytes on the disk."""
    found = [state.st_size for _, state in library_files(libraries)]
    return len(found), sum(found)


def outliner(
    data: str,
    environ: Mapping[str, str],
    inbox: "queue.SimpleQueue[Message]",
    send: Callable[[IndexerEvent], None],
) -> LibraryIndexer:
    """What makes the outlines, for the indexer's loop."""
    return LibraryIndexer(data, environ, inbox, send)
