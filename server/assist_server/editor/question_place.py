"""The subject of an editor's question: its folder with the index and the open documents, and the lines.

With that it says what is certain about them. It asks no model and decides nothing, and imports nothing that
only models or providers need. It blocks, so it is called on threads.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from assist_context.files.exclusions import exclusions
from assist_context.files.repository_top import find_top
from assist_context.retrieval.corpus import Corpus
from assist_server.editor.question import EditorQuestion, WorkspaceSnapshot
from assist_server.errors import UserError
from assist_server.questions.code_facts import code_facts
from assist_server.questions.targets import (
    QuestionFolders,
    QuestionTarget,
    lines_in_document,
    overlay,
    refuse_blank,
)
from assist_server.wording.facts import fact_rows
from assist_server.wording.views import fact_documents
from assist_server.workspace.documents import get_path
from assist_server.workspace.folder_index import open_corpus
from assist_server.workspace.folders import (
    WorkspaceFolder,
    docs_folders,
    find_database,
    find_folder,
    refuse_stray_link,
)
from assist_server.workspace.git_access import make_git
from assist_server.workspace.members import make_oracles

OPENED = 24  # open documents that are parsed for a question


@dataclass(frozen=True, slots=True)
class QuestionPlace:
    """The folders of a question, its lines if it is about some, and the directories that it is asked from."""

    folders: QuestionFolders
    target: QuestionTarget | None
    asked: tuple[str, ...]


@contextmanager
def find_place(question: EditorQuestion, snapshot: WorkspaceSnapshot) -> Iterator[QuestionPlace]:
    """Yield what a question is about, while its indexes are open.

    Raises `UserError` if the editor does not have the document open.
    """
    state = snapshot.opened.get(question.uri)
    if state is None and (question.uri or question.command != "ask"):
        raise UserError("Open the document in the editor first, then ask about it.")
    with ExitStack() as stack:
        home = find_home(question, snapshot)
        roots = [home.root]
        others = [] if question.command == "facts" else [one for one in snapshot.folders if one != home]
        if question.command == "ask":
            config = snapshot.config
            others += docs_folders(config.context.docs, (home, *others), config.paths.data)
        corpora = [_corpus(folder, snapshot, stack) for folder in (home, *others)]
        folders = QuestionFolders(corpora[0], tuple(corpora[1:]), make_oracles(snapshot.config))
        target = None
        if state is not None:
            path = home.relative(state.real_path) if state.real_path else state.document.path
            document = overlay(folders.corpus, path, state.document)
            alias = home.alias(get_path(question.uri)) if state.real_path else ""
            target = replace(lines_in_document(folders.corpus, document, *question.lines), alias=alias)
            refuse_blank(question.command, target)
            roots.append(os.path.dirname(state.real_path) or home.root)
            roots += [os.path.dirname(get_path(question.uri))] if state.real_path else []  # a link's folder
        roots += [os.path.dirname(path) for path in map(get_path, question.files) if path]
        if snapshot.folders and home not in snapshot.folders:
            roots.insert(0, snapshot.folders[0].root)
        yield QuestionPlace(folders, target, tuple(roots))


def list_uris(snapshot: WorkspaceSnapshot, root: str) -> Callable[[str], str]:
    """The URI of a path in a folder, which is the editor's own for an open document."""
    uris = {state.real_path: uri for uri, state in snapshot.opened.items() if state.real_path}

    def uri_of(path: str) -> str:
        full = os.path.join(root, path)
        return uris.get(full) or Path(full).as_uri()

    return uri_of


@contextmanager
def corpus_with(folder: WorkspaceFolder, snapshot: WorkspaceSnapshot) -> Iterator[Corpus]:
    """A folder's index, with the folder's open documents laid over it."""
    with ExitStack() as stack:
        yield _corpus(folder, snapshot, stack)


def find_home(question: EditorQuestion, snapshot: WorkspaceSnapshot) -> WorkspaceFolder:
    """The folder that a question is about; for a file outside of all folders, the top of its repository.

    Seen from its own folder, the rules that exclude all of this folder would not count.
    """
    state = snapshot.opened.get(question.uri)
    if state and state.real_path:
        _refuse_stray_link(get_path(question.uri), snapshot)
    folder = find_folder(snapshot.folders, state.real_path) if state and state.real_path else None
    if folder is not None:
        return folder
    if state is None and snapshot.folders:
        return snapshot.folders[0]
    if not state or not state.real_path:
        raise UserError("Save the document in a folder of the workspace first, then ask about it.")
    own = os.path.dirname(state.real_path)
    root = find_top(own) or own
    return WorkspaceFolder(root, find_database(root, snapshot.config.paths.data))


def _corpus(folder: WorkspaceFolder, snapshot: WorkspaceSnapshot, stack: ExitStack) -> Corpus:
    """A folder's index, with the folder's open documents laid over it.

    A repository around the workspace's folders leaves their documents to them.
    """
    corpus = open_corpus(folder)
    stack.callback(corpus.reader.close)
    inner = () if folder in snapshot.folders else snapshot.folders
    inside = {
        folder.relative(state.real_path): state.document
        for uri, state in list(snapshot.opened.items())[-OPENED:]
        # What a link led to is found under its own name, if at all: the rules may be about the other one.
        if state.real_path and folder.holds(state.real_path) and not folder.alias(get_path(uri))
        if find_folder(inner, state.real_path) is None
    }
    reasons = exclusions(folder.root, tuple(inside), make_git(snapshot.config)) if inside else {}
    for path, document in inside.items():
        if path not in reasons:
            overlay(corpus, path, document)
    return corpus


def _refuse_stray_link(path: str, snapshot: WorkspaceSnapshot) -> None:
    """Raise `UserError` for a document that a link out of its repository or workspace folder leads to."""
    for folder in snapshot.folders:
        for root in (folder.named, folder.root):
            if root and path.startswith(os.path.join(root, "")):
                refuse_stray_link(folder.root, os.path.relpath(path, root), [folder.root])
                return
    refuse_stray_link(os.path.dirname(path), path, [folder.root for folder in snapshot.folders])


def facts_message(question: EditorQuestion, snapshot: WorkspaceSnapshot) -> dict[str, Any]:
    """Collect facts about the definition in question, or about the file if there is none. It blocks."""
    programs = snapshot.config.programs
    with find_place(question, snapshot) as place:
        corpus = place.folders.corpus
        target = place.target
        if target is None:
            raise UserError("Open the document first, then ask for its facts.")
        facts = code_facts(corpus, target, programs)
        if facts is None:
            whole = lines_in_document(corpus, target.document, 0, 0)
            facts = code_facts(corpus, whole, programs)
    rows = fact_rows(facts) if facts else []
    return {"facts": fact_documents(rows, list_uris(snapshot, corpus.root))}
