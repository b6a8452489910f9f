"""The language server: handlers that translate between the protocol and a `Session`.

There is no prompt, cache or policy here, and nothing that takes longer than a few milliseconds.
"""

import asyncio
import logging
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams

from assist_server.config.config import Config, Problem, merge_settings
from assist_server.editor.auto_trigger import next_morning
from assist_server.editor.question_tasks import QuestionTasks
from assist_server.editor.session import Session
from assist_server.editor.suggestions import GhostText, PopupSelection
from assist_server.errors import EXPECTED
from assist_server.local_model.sharing.listener import SharedModel
from assist_server.lsp.answers import add_answers, stop_progress
from assist_server.lsp.completion_list import ACCEPTED, add_completion, make_command, make_range
from assist_server.lsp.editor_knowledge import ask_about_members
from assist_server.lsp.gateway_process import GatewayProcess
from assist_server.lsp.indexing import Indexing, add_workspace
from assist_server.lsp.next_edits import add_next_edit
from assist_server.lsp.protocol import Server, get_member, run_on_stdio
from assist_server.wording.reasons import exclusion_note
from assist_server.wording.sanitize import HarmlessFormatter
from assist_server.workspace.documents import OpenDocument

if TYPE_CHECKING:
    from assist_server.local_model.opening import OpenedModels

log = logging.getLogger(__name__)

SHOWN = "textDocument/didShowCompletion"
TAKEN = "textDocument/didPartiallyAcceptCompletion"
FOCUSED = "textDocument/didFocus"
MOVED = "assist/didMoveCursor"
SNOOZE = "assist/snooze"
LONGEST_SNOOZE = 1_440  # minutes: a day
SWITCH = 0.0005  # seconds the model's thread may keep the interpreter; with Python's 5 ms, edits wait visibly


def serve(config: Config) -> None:
    """Run the language server on stdio until the client leaves or ends it, then free the model."""
    _log_to_stderr()
    _end_at_signals()
    sys.setswitchinterval(SWITCH)
    server = make_server(config)
    try:
        run_on_stdio(server)
    finally:
        server.session.close()
        server.session.usage.record_session(server.session.totals())


def make_server(config: Config) -> Server:
    """A server with its handlers, not yet running."""
    server = Server(config, _open_models)
    settings = EditorSettings(config)
    models = server.session.model
    sharing = SharedModel(lambda: models.answerer, lambda: models.guests)
    _add_lifecycle(server, settings, (add_workspace(server), add_answers(server), sharing, GatewayProcess()))
    _add_state(server)
    _add_snooze(server)
    _add_models(server, settings)
    _add_completion(server)
    _add_events(server)
    add_next_edit(server)
    return server


class EditorSettings:
    """Owns the user's configuration and what the editor last sent over it."""

    def __init__(self, base: Config) -> None:
        self.base = base
        self._sent: object = None

    def take(self, settings: object) -> Config:
        """The configuration with what the editor sends."""
        self._sent = settings
        return merge_settings(self.base, settings)

    def rebase(self, base: Config) -> Config:
        """The configuration after the user's own has changed."""
        self.base = base
        return merge_settings(base, self._sent)


def _add_lifecycle(
    server: Server,
    settings: EditorSettings,
    owners: tuple[Indexing, QuestionTasks, SharedModel, GatewayProcess],
) -> None:
    session = server.session
    indexing, questions, sharing, gateway = owners

    @server.feature(types.INITIALIZE)
    def initialize(params: types.InitializeParams) -> None:
        session.configure(settings.take(params.initialization_options))
        indexing.begin(params)
        text = params.capabilities.text_document
        if text is None or text.inline_completion is None:
            add_completion(server, _first_text)
        else:  # there, what asks for ghost text is the popup itself
            ask_about_members(server, params.capabilities)

    @server.feature(types.INITIALIZED)
    def initialized(_: types.InitializedParams) -> None:
        _warn(server, session.config.problems)
        indexing.open()
        session.model.start()
        sharing.start(session.config.paths.data)
        if session.config.gateway.with_editor:
            gateway.start(offline=session.config.offline)

    @server.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)
    def change_configuration(params: types.DidChangeConfigurationParams) -> None:
        config = settings.take(params.settings)
        _warn(server, config.problems[len(settings.base.problems) :])
        session.configure(config)

    @server.feature(types.SHUTDOWN)
    def shutdown(_: Any = None) -> None:
        session.end_use()
        sharing.close()
        gateway.close()
        questions.close()
        indexing.close()
        session.close()

    @server.feature(types.WINDOW_WORK_DONE_PROGRESS_CANCEL)
    def cancel_progress(params: types.WorkDoneProgressCancelParams) -> None:
        indexing.stop(params.token)
        stop_progress(questions, params.token)


def _add_state(server: Server) -> None:
    """Commands that report the session's state."""
    session = server.session

    @server.command("assist.status")
    def status() -> dict[str, Any]:
        return {**server.status_document(session.status), "counts": dict(session.totals())}

    @server.command("assist.why")
    async def why(params: Any = None) -> dict[str, Any]:
        """Say how the last request at a position ended; if there was none, the last one in the document."""
        return await _why(session, params)

    @server.command("assist.answers")
    def answers() -> list[dict[str, Any]]:
        """List costs of suggestions, without their texts: source, score, times and tokens of each."""
        return [asdict(answer) for answer in session.suggestions.recent()]

    @server.command("assist.documents")
    async def documents() -> dict[str, Any]:
        """Version and hash of each open document, so that a client can check whether we are in step."""
        documents_open = [replace(document, lines=document.lines.copy()) for document in session.documents]
        return await asyncio.to_thread(_document_states, documents_open)


def _add_snooze(server: Server) -> None:
    """Nothing comes unasked for some minutes, or until tomorrow."""

    @server.feature(SNOOZE)
    def snooze(params: Any) -> dict[str, Any]:
        """`{minutes}`, where 0 ends it, or `{until: "tomorrow"}`."""
        now = time.time()
        minutes = get_member(params, "minutes")
        if get_member(params, "until") == "tomorrow":
            return {"words": server.session.snooze(next_morning(now))}
        number = isinstance(minutes, int | float) and not isinstance(minutes, bool)
        if not number or not 0 <= minutes <= LONGEST_SNOOZE:
            raise JsonRpcInvalidParams(f"minutes = {minutes!r}: use a number from 0 to {LONGEST_SNOOZE}")
        return {"words": server.session.snooze(now + 60 * minutes)}


def _add_models(server: Server, settings: EditorSettings) -> None:
    """Add requests on models. A change goes into config.toml; what the editor itself sets still counts."""
    session = server.session

    @server.command("assist.models")
    async def models(*_: Any) -> dict[str, Any]:
        from assist_server.local_model.roles import roles_document  # noqa: PLC0415  (the model store)

        return await asyncio.to_thread(roles_document, session.config)

    @server.command("assist.useModel")
    async def use(*arguments: Any) -> dict[str, Any]:
        from assist_server.local_model.roles import roles_document, use_model  # noqa: PLC0415

        argument = arguments[0] if arguments else {}
        name = str(get_member(argument, "name") or "")
        role = str(get_member(argument, "for") or "ghost-text")
        try:
            base = await asyncio.to_thread(use_model, settings.base, name, role)
        except EXPECTED as error:
            return {**await asyncio.to_thread(roles_document, session.config), "error": str(error)}
        session.configure(settings.rebase(base))
        return {**await asyncio.to_thread(roles_document, session.config), "error": None}


def _add_completion(server: Server) -> None:
    session = server.session

    # Without the options object pygls does not advertise the capability, and says nothing.
    @server.feature(types.TEXT_DOCUMENT_INLINE_COMPLETION, types.InlineCompletionOptions())
    async def inline(params: types.InlineCompletionParams) -> types.InlineCompletionList:
        manual = params.context.trigger_kind == types.InlineCompletionTriggerKind.Invoked
        info = params.context.selected_completion_info
        at = params.position
        popup = PopupSelection(info.text, info.range.start.character) if info else None
        texts = await _ghost_texts(session, params.text_document.uri, at, manual=manual, popup=popup)
        return types.InlineCompletionList([_inline_item(ghost, params) for ghost in texts])


def _add_events(server: Server) -> None:
    """Add reports about suggestions and cursors. Method names are Copilot's, so its clients fit."""
    session = server.session

    @server.feature(SHOWN)
    def record_shown(params: Any) -> None:
        if (number := _suggestion_id(params)) is not None:
            session.suggestions.record_shown(number)

    @server.feature(TAKEN)
    def record_part(params: Any) -> None:
        length = get_member(params, "acceptedLength")
        if (number := _suggestion_id(params)) is not None:
            session.suggestions.record_accepted(number, units=length if isinstance(length, int) else None)

    @server.command(ACCEPTED)
    def record_accepted(number: Any, uri: Any = "") -> None:
        if isinstance(number, int):
            session.suggestions.record_accepted(number, str(uri))

    @server.feature(FOCUSED)
    @server.feature(MOVED)
    def move_cursor(params: Any) -> None:
        uri = get_member(params, "textDocument", "uri")
        line = get_member(params, "position", "line")
        units = get_member(params, "position", "character")
        if isinstance(uri, str):
            session.move_cursor(
                uri, line if isinstance(line, int) else None, units if isinstance(units, int) else 0
            )


def _open_models(config: Config, say: Callable[[str], None]) -> "OpenedModels":
    """Import llama.cpp only here, on the thread that loads the model: it takes 0.4 s."""
    from assist_server.local_model.opening import open_engine  # noqa: PLC0415

    return open_engine(config, say)


async def _ghost_texts(
    session: Session,
    uri: str,
    at: types.Position,
    *,
    manual: bool,
    several: bool = True,
    popup: PopupSelection | None = None,
) -> tuple[GhostText, ...]:
    """The request boundary: whatever goes wrong, the editor gets an empty list and the error is counted.

    An ordinary list, which is not for `several`, waits for no model: other items may be shown with it.
    """
    place = (at.line, at.character)
    try:
        if several and not await session.suggestions.wait_for_model(uri, place):
            return ()
        return await session.suggestions.complete(uri, place, manual=manual, several=several, popup=popup)
    except asyncio.CancelledError:
        raise
    except Exception as error:
        session.suggestions.record_failure(uri, place)
        log.exception("completion failed: %s", type(error).__name__)
        return ()


async def _first_text(session: Session, uri: str, at: types.Position, *, manual: bool) -> GhostText | None:
    """The one suggestion of an ordinary completion list."""
    texts = await _ghost_texts(session, uri, at, manual=manual, several=False)
    return texts[0] if texts else None


async def _why(session: Session, params: Any) -> dict[str, Any]:
    """`params` is `{uri, position, paused}` as a client sent it: any of it may be missing or wrong."""
    uri = str(get_member(params, "uri"))
    line = get_member(params, "position", "line")
    units = get_member(params, "position", "character")
    at = (line, units) if isinstance(line, int) and isinstance(units, int) else None
    is_paused = get_member(params, "paused") is True
    end = session.suggestions.end_while_paused(at) if is_paused else session.suggestions.get_end(uri, at)
    note = exclusion_note(await asyncio.to_thread(session.find_exclusion, uri))
    words = f"{end.explain(at)}. {note}" if note else end.explain(at)
    return {"reason": end.reason, "words": words, "text": end.text}


def _document_states(documents: Sequence[OpenDocument]) -> dict[str, Any]:
    return {
        document.uri: {
            "version": document.version,
            "sha256": document.sha256(),
            "applied": document.applied,
        }
        for document in documents
    }


def _inline_item(ghost: GhostText, params: types.InlineCompletionParams) -> types.InlineCompletionItem:
    return types.InlineCompletionItem(
        insert_text=ghost.text, range=make_range(ghost), command=make_command(ghost, params.text_document.uri)
    )


def _suggestion_id(params: Any) -> int | None:
    """The id of the suggestion, which an item of ours carries in its command."""
    arguments = get_member(params, "item", "command", "arguments")
    first = arguments[0] if isinstance(arguments, list) and arguments else None
    return first if isinstance(first, int) else None


def _warn(server: Server, problems: tuple[Problem, ...]) -> None:
    for problem in problems:
        server.window_show_message(types.ShowMessageParams(types.MessageType.Warning, str(problem)))


def _end_at_signals() -> None:
    """End as at the client's `exit` when an editor or a terminal ends us, so that counts are written.

    A second signal ends the process at once.
    """

    def end(number: int, _: Any) -> None:
        signal.signal(number, signal.SIG_DFL)
        sys.exit(0)

    for name in ("SIGTERM", "SIGHUP"):  # Windows has no SIGHUP
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, end)


def _log_to_stderr() -> None:
    """Log our own warnings only: pygls logs whole messages, and with them the user's text."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(HarmlessFormatter("%(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger("pygls").setLevel(logging.CRITICAL + 1)
