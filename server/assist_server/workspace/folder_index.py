"""The index of a folder as commands use it: brought up to date, or read as it is.

Unlike `workspace`, it answers one question after the other and waits for the result. It prints nothing.
"""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from assist_completion.prompt.layout import tokens_of
from assist_completion.prompt.snippet_pack import Pack, offer
from assist_context.documents import Cursor, Document, Snippet, TextNames
from assist_context.files.folder_rules import FolderRules
from assist_context.files.repository_top import folders_to_top
from assist_context.index.database import IndexStatus
from assist_context.index.reader import IndexReader
from assist_context.indexer.supervisor import IndexerSupervisor
from assist_context.indexer.wire import IndexerEvent
from assist_context.languages import is_page
from assist_context.retrieval.corpus import Corpus
from assist_context.retrieval.known_names import refuted_names
from assist_context.retrieval.retriever import RetrievalResult, retrieve_once
from assist_server.config.config import Config
from assist_server.errors import UserError
from assist_server.workspace.folders import WorkspaceFolder, folders_of

NOT_THE_WRITER = 2  # the exit code of an indexer that found another one at work

IndexProgress = Callable[[int, int], None]


def folder_at(config: Config, root: Path) -> WorkspaceFolder:
    """A directory as a workspace folder, with the path of its index, which may not exist."""
    return folders_of([str(root)], config.paths.data)[0]


def known_folder(config: Config, root: Path) -> WorkspaceFolder | None:
    """The nearest directory, from `root` up, that has an index; None if none has one, or indexing is off.

    Editors index the folders that they open, and people run commands in folders below. The search ends at the
    top of the repository: an index above it holds the texts of other repositories.
    """
    if not config.context.index:
        return None
    folders = (folder_at(config, Path(folder)) for folder in folders_to_top(os.path.realpath(root)))
    return next((folder for folder in folders if os.path.isfile(folder.database)), None)


def working_folder(config: Config, root: Path) -> WorkspaceFolder:
    """What a command in `root` works on: the nearest directory with an index, or `root` itself."""
    return known_folder(config, root) or folder_at(config, root)


def update_index(config: Config, folder: WorkspaceFolder, progress: IndexProgress) -> IndexerEvent:
    """Bring an index up to date and return the indexer's last event. Raises `UserError`.

    The event is empty if another process keeps the index, which is then left as it is.
    """
    _refuse_too_much(folder.root)
    events: SimpleQueue[IndexerEvent] = SimpleQueue()
    Path(folder.database).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    parsers = max(1, (os.cpu_count() or 2) - 1)
    cap = config.context.index_mb << 20
    supervisor = IndexerSupervisor(
        [(folder.root, folder.database)], config.programs, events.put, parsers=parsers, cap=cap, once=True
    )
    supervisor.start()
    last: IndexerEvent = {}
    try:
        while (event := events.get()).get("event") != "ended":
            if event["event"] == "progress":
                progress(int(str(event["done"])), int(str(event["total"])))
            elif event["event"] in ("ready", "problem"):
                last = event
    finally:
        supervisor.close()
    if last.get("event") == "problem":
        raise UserError(f"{last.get('message')} {last.get('remedy')}")
    if event.get("code") not in (0, NOT_THE_WRITER):
        raise UserError("The indexer ended early: try again; if that stays, run `assist doctor`.")
    return last


def _refuse_too_much(root: str) -> None:
    """Raise `UserError` for the whole disk or a home directory without a repository: most is no code."""
    is_home = os.path.realpath(os.path.expanduser("~")) == root
    if not (is_home or root == os.path.sep) or os.path.exists(os.path.join(root, ".git")):
        return
    what = "your home directory" if is_home else "the whole disk"
    raise UserError(f"{root} is {what}, and not indexed: go into a project, or name one with --workspace.")


def corpus_of(folder: WorkspaceFolder) -> Corpus:
    """A folder's index, without files that its rule files exclude by now. The caller closes its reader."""
    rules = FolderRules(folder.root)

    def is_hidden(path: str) -> bool:
        if folder.pages and not is_page(path):
            return True
        return rules.exclusion_reason(path, by_git_rules=True) is not None

    return Corpus(folder.root, IndexReader(folder.database), folder.name, is_hidden, pages=folder.pages)


class FolderSearch:
    """The index of a folder as it is, and what in it helps at a cursor. Owns the index's reader."""

    def __init__(self, folder: WorkspaceFolder) -> None:
        self.folder = folder
        self._corpus = corpus_of(folder)

    def with_prompt_path(self, document: Document) -> Document | None:
        """A document under its name in an editor's prompt; None if it is not in this folder."""
        path = os.path.realpath(document.path)
        return replace(document, path=self.folder.relative(path)) if self.folder.holds(path) else None

    def near(self, document: Document, cursor: Cursor, tokens: int) -> RetrievalResult:
        """What helps at a cursor of a named document, the best first."""
        self._corpus.set_open({})  # the document of an earlier question is no longer open
        return retrieve_once(self._corpus, document, cursor, tokens, document.path)

    def snippets(self, document: Document, cursor: Cursor, tokens: int) -> tuple[Snippet, ...]:
        """The same as a prompt shows it, the best last."""
        return offer(Pack(), self.near(document, cursor, tokens).snippets, tokens).snippets

    def refute(self, document: Document, cursor: Cursor, names: TextNames) -> TextNames:
        """The names of a text with which it cannot be right at a cursor of a named document."""
        return refuted_names([self._corpus], document, cursor, names)

    def close(self) -> None:
        """Close the index."""
        self._corpus.reader.close()


def status_document(folder: WorkspaceFolder, status: IndexStatus) -> dict[str, Any]:
    """The state of an index as JSON."""
    return {
        "root": folder.root,
        "database": folder.database,
        "files": status.files,
        "parsed": status.parsed,
        "waiting": status.waiting,
        "bytes": status.bytes,
        "quarantined": [{"path": path, "why": why} for path, why in status.quarantined],
        "outlines": [
            {"language": language, "problem": problem, "files": files}
            for language, problem, files in status.outlines
        ],
        "problem": status.problem,
    }


def snippet_document(snippet: Snippet) -> dict[str, Any]:
    """A snippet as JSON."""
    return {
        "path": snippet.path,
        "start_line": snippet.start_line,
        "end_line": snippet.end_line,
        "signal": snippet.signal,
        "score": snippet.score,
        "tokens": tokens_of(snippet),
        "blob": snippet.blob,
        "text": snippet.text,
    }
