"""The index of a folder as commands use it: brought up to date, or looked at as it is.

Unlike `workspace` it serves one question after the other, and waits for the answer. It prints nothing.
"""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from assist_completion.prompt.snippet_pack import Pack, offer, tokens_of
from assist_context.documents import Cursor, Document, Snippet
from assist_context.files.folder_rules import FolderRules
from assist_context.index.database import IndexStatus
from assist_context.index.reader import IndexReader
from assist_context.indexer.supervisor import IndexerSupervisor
from assist_context.indexer.wire import Event
from assist_context.retrieval.corpus import Corpus
from assist_context.retrieval.retriever import RetrievalResult, retrieve_once
from assist_server.config.config import Config
from assist_server.errors import UserError
from assist_server.workspace.folders import WorkspaceFolder, folders_of

NOT_THE_WRITER = 2  # how an indexer ends that found another at work

Progress = Callable[[int, int], None]


def folder_at(config: Config, root: Path) -> WorkspaceFolder:
    """A directory as a workspace folder, with its index, which need not be there."""
    return folders_of([str(root)], config.paths.data)[0]


def known_folder(config: Config, root: Path) -> WorkspaceFolder | None:
    """The nearest directory, from `root` up, that has an index; None if none has, or none is wanted.

    Editors index what they open, and people run commands in folders below it.
    """
    if not config.context.index:
        return None
    real = Path(os.path.realpath(root))
    folders = (folder_at(config, each) for each in (real, *real.parents))
    return next((folder for folder in folders if os.path.isfile(folder.database)), None)


def refreshed(config: Config, folder: WorkspaceFolder, progress: Progress) -> Event:
    """Brings an index up to date and gives the indexer's last word; raises `UserError`.

    Empty where another process keeps the index, which is then left as it is.
    """
    events: SimpleQueue[Event] = SimpleQueue()
    Path(folder.database).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    parsers = max(1, (os.cpu_count() or 2) - 1)
    cap = config.context.index_mb << 20
    keeper = IndexerSupervisor(
        [(folder.root, folder.database)], config.programs, events.put, parsers=parsers, cap=cap, once=True
    )
    keeper.start()
    last: Event = {}
    try:
        while (event := events.get()).get("event") != "ended":
            if event["event"] == "progress":
                progress(int(str(event["done"])), int(str(event["total"])))
            elif event["event"] in ("ready", "problem"):
                last = event
    finally:
        keeper.close()
    if last.get("event") == "problem":
        raise UserError(f"{last.get('message')} {last.get('remedy')}")
    if event.get("code") not in (0, NOT_THE_WRITER):
        raise UserError("The indexer ended early: try again; if that stays, run `assist doctor`.")
    return last


def corpus_of(folder: WorkspaceFolder) -> Corpus:
    """A folder as its index has it, without what its rule files exclude by now. Close its reader."""
    rules = FolderRules(folder.root)
    return Corpus(
        folder.root,
        IndexReader(folder.database),
        folder.name,
        hidden=lambda path: rules.exclusion_reason(path, by_git_rules=True) is not None,
    )


class Indexed:
    """The index of a folder as it is, and what of it helps at a cursor. It owns the index's reader."""

    def __init__(self, folder: WorkspaceFolder) -> None:
        self.folder = folder
        self._corpus = corpus_of(folder)

    def named(self, document: Document) -> Document | None:
        """A document under the name that an editor's prompt has for it; None if it is not of this folder."""
        path = os.path.realpath(document.path)
        return replace(document, path=self.folder.relative(path)) if self.folder.holds(path) else None

    def near(self, document: Document, cursor: Cursor, tokens: int) -> RetrievalResult:
        """What helps at a cursor of a named document, the best first."""
        self._corpus.set_open({})  # another question's document is not open any more
        return retrieve_once(self._corpus, document, cursor, tokens, document.path)

    def beside(self, document: Document, cursor: Cursor, tokens: int) -> tuple[Snippet, ...]:
        """The same as a prompt shows it: the best stands last."""
        return offer(Pack(), self.near(document, cursor, tokens).snippets, tokens).snippets

    def close(self) -> None:
        """Let go of the index."""
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
