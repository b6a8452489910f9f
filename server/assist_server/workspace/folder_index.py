"""The index of a folder as it is, for commands. Unlike `workspace`, they ask one question after the other."""

from typing import Any

from assist_context.files.folder_rules import FolderRules
from assist_context.index.database import IndexStatus
from assist_context.index.reader import IndexReader
from assist_context.languages import is_page
from assist_context.retrieval.corpus import Corpus
from assist_server.workspace.folders import WorkspaceFolder


def open_corpus(folder: WorkspaceFolder) -> Corpus:
    """A folder's index, without files that its rule files exclude by now. The caller closes its reader."""
    rules = FolderRules(folder.root)

    def is_hidden(path: str) -> bool:
        if folder.pages and not is_page(path):
            return True
        return rules.exclusion_reason(path, by_git_rules=True) is not None

    return Corpus(folder.root, IndexReader(folder.database), folder.name, is_hidden, pages=folder.pages)


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
