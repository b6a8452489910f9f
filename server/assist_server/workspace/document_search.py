"""The search for an open document: indexes of its workspace's folders, with all open documents over them.

It may take its time, because `background_search` calls it on a thread of its own. It knows no protocol and no
model.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import replace

from assist_context.code.symbols import Symbols
from assist_context.code.trees.incremental import OpenTree
from assist_context.documents import Cursor, Document, TextNames
from assist_context.files.denylist import denied_by
from assist_context.files.folder_rules import FolderRules
from assist_context.index.reader import IndexReader
from assist_context.retrieval.corpus import Corpus, OpenFile
from assist_context.retrieval.known_names import NameCheck
from assist_context.retrieval.member_oracle import OracleOf, no_oracle
from assist_context.retrieval.retriever import RetrievalRequest, RetrievalResult, Retriever
from assist_server.workspace.background_search import SearchRequest
from assist_server.workspace.folders import WorkspaceFolder, find_folder

TREES = 64  # syntax trees that are kept for open documents: as many as a search gets


class FolderFiles:
    """Owns the readers of the folders' indexes, and what their rules say about open documents. One thread.

    If they are `strict`, no line of a file that the rules exclude by now is read from an index. Without
    `indexed` there is no index, and only the rules count.
    """

    def __init__(
        self, folders: Sequence[WorkspaceFolder], *, strict: bool = False, with_index: bool = True
    ) -> None:
        self.folders = tuple(folders)
        hidden = self._find_hidden if strict else _hide_nothing
        self.corpora = {
            folder.root: Corpus(folder.root, IndexReader(folder.database), folder.name, hidden(folder.root))
            for folder in (self.folders if with_index else ())
        }
        self.refresh()

    def refresh(self) -> None:
        """The index was updated: read the rule files again."""
        self._allowed: dict[str, bool] = {}
        self._rules = {folder.root: FolderRules(folder.root) for folder in self.folders}

    def close(self) -> None:
        """Close the indexes."""
        for corpus in self.corpora.values():
            corpus.reader.close()

    def may_show(self, path: str) -> bool:
        """Say if no rule excludes an open document. Excluded files are not shown in other files either."""
        folder = find_folder(self.folders, path)
        if path not in self._allowed:
            inside = folder.relative(path) if folder else ""
            rules = self._rules.get(folder.root) if folder else None
            reason = rules.exclusion_reason(inside, by_git_rules=True) if rules else denied_by(path)
            # A hard link: another name of the file may be excluded, and then it is not in the index.
            is_linked = folder and _links(path) > 1 and not self._is_listed(folder, inside)
            self._allowed[path] = not reason and not is_linked
        return self._allowed[path]

    def _is_listed(self, folder: WorkspaceFolder, inside: str) -> bool:
        corpus = self.corpora.get(folder.root)
        return corpus is not None and corpus.reader.file(inside) is not None

    def _find_hidden(self, root: str) -> Callable[[str], bool]:
        return lambda path: self._rules[root].exclusion_reason(path, by_git_rules=True) is not None


class DocumentSearch:
    """Owns the files of the folders, and the trees of open documents. One thread."""

    def __init__(self, folders: Sequence[WorkspaceFolder], oracle_of: OracleOf = no_oracle) -> None:
        self._files = FolderFiles(folders)
        corpora = self._files.corpora
        self._retrievers = {
            root: Retriever(corpus, [other for other in corpora.values() if other is not corpus])
            for root, corpus in corpora.items()
        }
        self._checks = {root: NameCheck(oracle_of(corpus)) for root, corpus in corpora.items()}
        self._trees: dict[str, tuple[Document, OpenTree, Symbols]] = {}

    def refresh(self) -> None:
        """The index was updated: read the rule files again."""
        self._files.refresh()

    def close(self) -> None:
        """Close the indexes."""
        self._files.close()

    def search(self, request: SearchRequest) -> RetrievalResult:
        """The result of one search. Outside of all folders only the recent edits help."""
        documents = {
            path: document
            for path, document in request.opened.items()
            if path == request.path or self._files.may_show(path)
        }
        names = {document.path for path, document in documents.items() if path != request.path}
        edits = [edit for edit in request.edits if edit.path in names]
        folder = find_folder(self._files.folders, request.path)
        if folder is None:
            return RetrievalResult(tuple(reversed(edits)))
        for workspace_folder in self._files.folders:
            inside = {path: document for path, document in documents.items() if workspace_folder.holds(path)}
            files = {
                workspace_folder.relative(path): self._open(path, document)
                for path, document in inside.items()
            }
            self._retrievers[workspace_folder.root].corpus.set_open(files)
        retriever = self._retrievers[folder.root]
        path = folder.relative(request.path)
        corpus = retriever.corpus
        current = corpus.opened.get(path)
        if current is None:
            return RetrievalResult()
        query = RetrievalRequest(current.document, request.cursor, path, current.symbols.imports, edits)
        return retriever.near(query, request.tokens)

    def refute(self, document: Document, cursor: Cursor, names: TextNames) -> TextNames:
        """The names of a text with which it cannot be right at a cursor; none outside of all folders."""
        folder = find_folder(self._files.folders, document.path)
        if folder is None:
            return TextNames()
        own = self._retrievers[folder.root].corpus
        others = [retriever.corpus for retriever in self._retrievers.values() if retriever.corpus is not own]
        document_named = replace(document, path=folder.relative(document.path))
        return self._checks[folder.root].refute([own, *others], document_named, cursor, names)

    def _open(self, path: str, document: Document) -> OpenFile:
        """An open document with its definitions; it is parsed again only if it changed."""
        old_tree = self._trees.pop(path, None)
        if old_tree is None or old_tree[0].language is not document.language:
            tree = OpenTree(document.language, document.lines)
            old_tree = (document, tree, tree.symbols())
        elif old_tree[0] is not document or old_tree[2].partial:
            old_tree[1].replace(document.text)
            old_tree = (document, old_tree[1], old_tree[1].symbols())
        self._trees[path] = old_tree
        if len(self._trees) > TREES:
            self._trees.pop(next(iter(self._trees)))
        return OpenFile(document, old_tree[2])


def _hide_nothing(_: str) -> Callable[[str], bool]:
    return lambda _: False


def _links(path: str) -> int:
    """Return how many names (hard links) a file has; 0 if it does not exist."""
    try:
        return os.stat(path).st_nlink
    except OSError:
        return 0
