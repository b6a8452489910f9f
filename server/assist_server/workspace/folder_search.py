"""Search in the index of a folder for help at a cursor, for commands that complete code."""

import os
from dataclasses import replace
from typing import Any

from assist_completion.prompt.layout import count_tokens
from assist_completion.prompt.snippet_pack import Pack, offer
from assist_context.documents import Cursor, Document, Snippet, TextNames
from assist_context.retrieval.known_names import NameCheck
from assist_context.retrieval.member_oracle import OracleOf, no_oracle
from assist_context.retrieval.retriever import RetrievalResult, retrieve_once
from assist_server.workspace.folder_index import open_corpus
from assist_server.workspace.folders import WorkspaceFolder


class FolderSearch:
    """The index of a folder as it is, and what in it helps at a cursor. Owns the index's reader."""

    def __init__(self, folder: WorkspaceFolder, oracle_of: OracleOf = no_oracle) -> None:
        self.folder = folder
        self._corpus = open_corpus(folder)
        self._check = NameCheck(oracle_of(self._corpus))

    def set_prompt_path(self, document: Document) -> Document | None:
        """A document under its name in an editor's prompt; None if it is not in this folder."""
        path = os.path.realpath(document.path)
        return replace(document, path=self.folder.relative(path)) if self.folder.holds(path) else None

    def near(self, document: Document, cursor: Cursor, tokens: int) -> RetrievalResult:
        """Return what helps at a cursor of a named document, the best first."""
        self._corpus.set_open({})  # the document of an earlier question is no longer open
        return retrieve_once(self._corpus, document, cursor, tokens, document.path)

    def snippets(self, document: Document, cursor: Cursor, tokens: int) -> tuple[Snippet, ...]:
        """The same as a prompt shows it, the best last."""
        return offer(Pack(), self.near(document, cursor, tokens).snippets, tokens).snippets

    def refute(self, document: Document, cursor: Cursor, names: TextNames) -> TextNames:
        """The names of a text with which it cannot be right at a cursor of a named document."""
        return self._check.refute([self._corpus], document, cursor, names)

    def close(self) -> None:
        """Close the index."""
        self._corpus.reader.close()


def snippet_document(snippet: Snippet) -> dict[str, Any]:
    """A snippet as JSON."""
    return {
        "path": snippet.path,
        "start_line": snippet.start_line,
        "end_line": snippet.end_line,
        "signal": snippet.signal,
        "score": snippet.score,
        "tokens": count_tokens(snippet),
        "blob": snippet.blob,
        "text": snippet.text,
    }
