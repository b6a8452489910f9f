"""The workspace in the language server: its folders, saved and watched files, and the progress of indexing.

It translates between the protocol and `Workspace`. The editor watches the files if it can; else `watcher`
does.
"""

import logging
import threading
import uuid
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from typing import Any

from lsprotocol import types

from assist_completion.prompt.layout import count_tokens
from assist_context.files.folder_rules import FolderRules
from assist_context.indexer.wire import IndexerEvent
from assist_server.lsp.protocol import Server
from assist_server.workspace.documents import get_path
from assist_server.workspace.folders import find_folder
from assist_server.workspace.watcher import FLOOD, Watcher

log = logging.getLogger(__name__)

INDEX, CONTEXT = "assist.index", "assist.context"
SMALL = 200  # files; indexing fewer is over before the user could read the message
PATTERNS = ("**/*", "**/.git/HEAD", "**/.git/index")


class Indexing:
    """The editor's view of the index. Owns the watcher and the progress."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._roots: list[str] = []
        self._watcher: Watcher | None = None
        self._progress: dict[str, str] = {}  # by folder, the token of its progress that the client shows
        self._can_show = False
        server.session.workspace.listen(self.show_event)
        server.session.on_folders = self._watch_again

    def begin(self, params: types.InitializeParams) -> None:
        """Remember the folders, and what the client can show."""
        uris = [folder.uri for folder in params.workspace_folders or ()]
        uris = uris or [uri for uri in (params.root_uri,) if uri]
        self._roots = [*filter(None, map(get_path, uris))]
        window = params.capabilities.window
        self._can_show = bool(window and window.work_done_progress)

    def open(self) -> None:
        """Index the folders from now on, and watch them."""
        self._server.session.open_folders(self._roots)
        capabilities = self._server.client_capabilities.workspace
        watch_support = capabilities.did_change_watched_files if capabilities else None
        if watch_support is not None and watch_support.dynamic_registration:
            self._register()
        else:
            self._watch()

    def change_folders(self, event: types.WorkspaceFoldersChangeEvent) -> None:
        """The user added or removed folders."""
        gone = {get_path(folder.uri) for folder in event.removed}
        new_paths = (get_path(folder.uri) for folder in event.added)
        roots = dict.fromkeys((*self._roots, *filter(None, new_paths)))
        self._roots = [root for root in roots if root not in gone]
        self._server.session.change_folders(self._roots)

    def _watch_again(self) -> None:
        """The folders are others: watch these in place of the earlier ones, whose watch may end slowly."""
        if self._watcher is not None:
            threading.Thread(target=self._watcher.close, name="assist-unwatch", daemon=True).start()
            self._watcher = None
            self._watch()

    def change_files(self, changes: Sequence[types.FileEvent]) -> None:
        """The editor reports changed files."""
        if len(changes) > FLOOD:  # looking at all files costs less than checking so many
            self._server.session.workspace.refresh()
            return
        paths = (get_path(change.uri) for change in changes)
        self._server.session.workspace.change_files([*filter(None, paths)])

    def close(self) -> None:
        """Stop watching."""
        if self._watcher is not None:
            self._watcher.close()

    def command(self, action: Any = "status") -> dict[str, Any]:
        """Report on the index; the actions "pause", "resume" and "refresh" are carried out first."""
        workspace = self._server.session.workspace
        if action in ("pause", "resume"):
            workspace.stop_indexing(action == "pause")
        elif action == "refresh":
            workspace.refresh()
        return {
            "folders": [folder.root for folder in workspace.folders],
            "events": list(workspace.events.values()),
        }

    def show_event(self, event: IndexerEvent) -> None:
        """Show an event of the indexer in the editor."""
        kind = event.get("event")
        root = str(event.get("root", ""))
        if kind == "problem":
            text = f"{event.get('message')} {event.get('remedy')}"
            message = types.LogMessageParams(types.MessageType.Warning, text)
            self._server.window_log_message(message)
        elif kind == "listed" and self._can_show and int(str(event.get("wanted", 0))) > SMALL:
            self._show(root)
        elif kind == "progress" and root in self._progress:
            count, total = int(str(event["done"])), int(str(event["total"]))
            share = types.WorkDoneProgressReport(
                message=f"{count:,} of {total:,} files",
                percentage=100 * count // max(1, total),
                cancellable=True,
            )
            self._server.work_done_progress.report(self._progress[root], share)
        elif kind == "ready" and root in self._progress:
            self._server.work_done_progress.end(self._progress.pop(root), types.WorkDoneProgressEnd())

    def stop(self, token: object) -> None:
        """The user cancelled the progress: indexing pauses until a command or a restart resumes it."""
        if token in self._progress.values():
            self._server.session.workspace.stop_indexing(True)

    def _show(self, root: str) -> None:
        """Begin a progress in the editor, once the client has accepted the token."""
        if root in self._progress:
            return
        token = f"assist-index-{uuid.uuid4()}"

        def on_accept(_: Any) -> None:
            self._progress[root] = token
            begin = types.WorkDoneProgressBegin(
                title="Indexing for completions", cancellable=True, percentage=0
            )
            self._server.work_done_progress.begin(token, begin)

        self._server.work_done_progress.create(token, on_accept)

    def _register(self) -> None:
        watchers = [types.FileSystemWatcher(glob_pattern=pattern) for pattern in PATTERNS]
        registration = types.Registration(
            id="assist-watched-files",
            method=types.WORKSPACE_DID_CHANGE_WATCHED_FILES,
            register_options=types.DidChangeWatchedFilesRegistrationOptions(watchers),
        )
        self._server.client_register_capability(types.RegistrationParams([registration]))

    def _watch(self) -> None:
        """Watch the folders ourselves."""
        workspace = self._server.session.workspace
        if not workspace.folders or not self._server.session.config.context.index:
            return
        rules = {folder.root: FolderRules(folder.root) for folder in workspace.folders}

        def is_ignored(path: str) -> bool:
            folder = find_folder(workspace.folders, path)
            if folder is None:
                return False
            with suppress(OSError):
                return bool(
                    rules[folder.root].exclusion_reason(
                        folder.relative(path), directory=True, by_git_rules=True
                    )
                )
            return True

        def on_change(paths: Collection[str]) -> None:
            workspace.change_files(list(paths))  # the supervisor's queue is thread-safe

        self._watcher = Watcher(
            [folder.root for folder in workspace.folders], is_ignored, on_change, partial(log.warning, "%s")
        )


def add_workspace(server: Server) -> Indexing:
    """Add the handlers; `Indexing.begin` and `open` do the rest."""
    indexing = Indexing(server)

    @server.feature(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)
    def folders(params: types.DidChangeWorkspaceFoldersParams) -> None:
        indexing.change_folders(params.event)

    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def change_watched_files(params: types.DidChangeWatchedFilesParams) -> None:
        indexing.change_files(params.changes)

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE, types.SaveOptions(include_text=False))
    def save(params: types.DidSaveTextDocumentParams) -> None:
        server.session.save_document(params.text_document.uri)

    @server.command(INDEX)
    def index(*arguments: Any) -> dict[str, Any]:
        """Return what the index is doing; "pause", "resume" or "refresh" are carried out first."""
        return indexing.command(*arguments)

    @server.command(CONTEXT)
    def context(*arguments: Any) -> list[dict[str, Any]]:
        """The snippets of other files that the model sees for a document: locations and signals only."""
        document = server.session.documents.get(str(next(iter(arguments), "")))
        snippets = server.session.workspace.snippets(document) if document else ()
        return [{**asdict(snippet), "text": "", "tokens": count_tokens(snippet)} for snippet in snippets]

    return indexing
