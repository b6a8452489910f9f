"""What helps an open document: the indexes of its workspace's folders, with all open documents over them.

It may take its time, because `background_search` calls it on a thread of its own. It knows no protocol and no
model.
"""

import os
from collections.abc import Sequence
from dataclasses import replace

from assist_context.documents import Cursor, Document, TextNames
from assist_context.files.denylist import denied_by
from assist_context.files.folder_rules import FolderRules
from assist_context.index.reader import IndexReader
from assist_context.retrieval.corpus import Corpus, OpenFile
from assist_context.retrieval.known_names import refuted_names
from assist_context.retrieval.retriever import RetrievalRequest, RetrievalResult, Retriever
from assist_context.syntax.incremental import OpenTree
from assist_context.syntax.symbols import Symbols
from assist_server.workspace.background_search import SearchRequest
from assist_server.workspace.folders import WorkspaceFolder, folder_of

TREES = 64  # syntax trees that are kept for open documents: as many as a search gets


class DocumentSearch:
    """Owns the readers of the indexes and the trees of open documents. One thread."""

    def __init__(self, folders: Sequence[WorkspaceFolder]) -> None:
        self._folders = tuple(folders)
        corpora = {each.root: Corpus(each.root, IndexReader(each.database), each.name) for each in folders}
        self._retrievers = {
            root: Retriever(corpus, [other for other in corpora.values() if other is not corpus])
            for root, corpus in corpora.items()
        }
        self._trees: dict[str, tuple[Document, OpenTree, Symbols]] = {}
        self.refresh()

    def refresh(self) -> None:
        """The index was updated: read the rule files again."""
        self._allowed: dict[str, bool] = {}
        self._rules = {each.root: FolderRules(each.root) for each in self._folders}

    def close(self) -> None:
        """Close the indexes."""
        for retriever in self._retrievers.values():
            retriever.corpus.reader.close()

    def search(self, request: SearchRequest) -> RetrievalResult:
        """The result of one search. Outside of all folders only the recent edits help."""
        shown = {
            path: each
            for path, each in request.opened.items()
            if path == request.path or self._may_show(path)
        }
        names = {document.path for path, document in shown.items() if path != request.path}
        edits = [each for each in request.edits if each.path in names]
        folder = folder_of(self._folders, request.path)
        if folder is None:
            return RetrievalResult(tuple(reversed(edits)))
        for each in self._folders:
            inside = {path: document for path, document in shown.items() if each.holds(path)}
            opened = {each.relative(path): self._open(path, document) for path, document in inside.items()}
            self._retrievers[each.root].corpus.set_open(opened)
        retriever = self._retrievers[folder.root]
        path = folder.relative(request.path)
        corpus = retriever.corpus
        current = corpus.opened.get(path)
        if current is None:
            return RetrievalResult()
        language = current.document.language
        others = [each for each, opened in corpus.opened.items() if opened.document.language is language]
        latest = tuple(dict.fromkeys((*reversed(others), *corpus.latest(language))))
        query = RetrievalRequest(
            current.document, request.cursor, path, current.symbols.imports, edits, latest
        )
        return retriever.near(query, request.tokens)

    def refute(self, document: Document, cursor: Cursor, names: TextNames) -> TextNames:
        """The names of a text with which it cannot be right at a cursor; none outside of all folders."""
        folder = folder_of(self._folders, document.path)
        if folder is None:
            return TextNames()
        own = self._retrievers[folder.root].corpus
        others = [each.corpus for each in self._retrievers.values() if each.corpus is not own]
        named = replace(document, path=folder.relative(document.path))
        return refuted_names([own, *others], named, cursor, names)

    def _may_show(self, path: str) -> bool:
        """Whether no rule excludes an open document. Excluded files are not shown in other files either."""
        folder = folder_of(self._folders, path)
        if path not in self._allowed:
            inside = folder.relative(path) if folder else ""
            rules = self._rules.get(folder.root) if folder else None
            reason = rules.exclusion_reason(inside, by_git_rules=True) if rules else denied_by(path)
            # A hard link: another name of the file may be excluded, and then it is not in the index.
            unlisted = folder and _links(path) > 1 and self._corpus(folder).reader.file(inside) is None
            self._allowed[path] = not reason and not unlisted
        return self._allowed[path]

    def _corpus(self, folder: WorkspaceFolder) -> Corpus:
        return self._retrievers[folder.root].corpus

    def _open(self, path: str, document: Document) -> OpenFile:
        """An open document with its definitions; it is parsed again only if it changed."""
        known = self._trees.pop(path, None)
        if known is None or known[0].language is not document.language:
            tree = OpenTree(document.language, document.lines)
            known = (document, tree, tree.symbols())
        elif known[0] is not document or known[2].partial:
            known[1].replace(document.text)
            known = (document, known[1], known[1].symbols())
        self._trees[path] = known
        if len(self._trees) > TREES:
            self._trees.pop(next(iter(self._trees)))
        return OpenFile(document, known[2])


def _links(path: str) -> int:
    """How many names (hard links) a file has; 0 if it does not exist."""
    try:
        return os.stat(path).st_nlink
    except OSError:
        return 0
