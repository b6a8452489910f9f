"""The language server: handlers that translate between the protocol and a `Session`.

No prompt, cache or policy here, and nothing that takes longer than a few milliseconds.
"""

import asyncio
import logging
import sys
from collections.abc import Callable
from dataclasses import asdict
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from assist_server.config.config import Config, Problem, merge_settings
from assist_server.editor.inquiries import EditorQuestions
from assist_server.editor.session import GhostText, PopupSelection, Session, SessionStatus
from assist_server.lsp.answers import add_answers, stop_progress
from assist_server.lsp.completion_list import ACCEPTED, add_completion, command_of, range_of
from assist_server.lsp.indexing import Indexing, add_workspace
from assist_server.lsp.protocol import Protocol, Server, run_on_stdio
from assist_server.records.usage_counts import record

if TYPE_CHECKING:
    from assist_server.local_model.opening import OpenedModels

log = logging.getLogger(__name__)

SHOWN = "textDocument/didShowCompletion"
TAKEN = "textDocument/didPartiallyAcceptCompletion"
FOCUSED = "textDocument/didFocus"
MOVED = "assist/didMoveCursor"
SWITCH = 0.0005  # seconds the model's thread may hold the interpreter while an edit waits; Python's 5 ms show


def serve(config: Config) -> None:
    """Run the language server on stdio until the client leaves; then the model is freed."""
    _log_to_stderr()
    sys.setswitchinterval(SWITCH)
    server = make_server(config)
    try:
        run_on_stdio(server)
    finally:
        server.session.close()
        record(config.paths.data, server.session.totals())


def make_server(config: Config) -> Server:
    """A server with its handlers, not yet running."""
    server = Server("assist", version("assist-lsp"), protocol_cls=Protocol, max_workers=2)

    def tell(status: SessionStatus) -> None:
        server.protocol.notify("assist/status", asdict(status))

    server.session = Session(config, tell, _open_engine)
    _add_lifecycle(server, config, add_workspace(server), add_answers(server))
    _add_completion(server)
    _add_notes(server)
    return server


def _add_lifecycle(server: Server, base: Config, indexing: Indexing, inquiries: EditorQuestions) -> None:
    session = server.session

    @server.feature(types.INITIALIZE)
    def initialize(params: types.InitializeParams) -> None:
        session.config = merge_settings(base, params.initialization_options)
        indexing.begin(params)
        text = params.capabilities.text_document
        if text is None or text.inline_completion is None:
            add_completion(server, _ghost)

    @server.feature(types.INITIALIZED)
    def initialized(_: types.InitializedParams) -> None:
        _warn(server, session.config.problems)
        indexing.open()
        session.start()

    @server.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)
    def configured(params: types.DidChangeConfigurationParams) -> None:
        config = merge_settings(base, params.settings)
        _warn(server, config.problems[len(base.problems) :])
        session.reconfigure(config)

    @server.feature(types.SHUTDOWN)
    def shutdown(_: Any = None) -> None:
        inquiries.close()
        indexing.close()
        session.close()

    @server.feature(types.WINDOW_WORK_DONE_PROGRESS_CANCEL)
    def cancelled(params: types.WorkDoneProgressCancelParams) -> None:
        indexing.stop(params.token)
        stop_progress(inquiries, params.token)

    @server.command("assist.status")
    def status() -> dict[str, Any]:
        return {**asdict(session.status), "counts": dict(session.totals())}

    @server.command("assist.answers")
    def answers() -> list[dict[str, Any]]:
        """What the last suggestions cost, without their texts: source, score, times and tokens of each."""
        return [asdict(answer) for answer in session.answers()]

    @server.command("assist.documents")
    def documents() -> dict[str, Any]:
        """What we hold of each open document, so that a client can tell whether we are in step."""
        return {
            d.uri: {"version": d.version, "sha256": d.sha256(), "applied": d.applied}
            for d in session.documents.values()
        }


def _add_completion(server: Server) -> None:
    session = server.session

    # Without the options object pygls does not advertise the capability, and says nothing.
    @server.feature(types.TEXT_DOCUMENT_INLINE_COMPLETION, types.InlineCompletionOptions())
    async def inline(params: types.InlineCompletionParams) -> types.InlineCompletionList:
        manual = params.context.trigger_kind == types.InlineCompletionTriggerKind.Invoked
        chosen = params.context.selected_completion_info
        at = params.position
        selected = PopupSelection(chosen.text, chosen.range.start.character) if chosen else None
        ghost = await _ghost(session, params.text_document.uri, at, manual=manual, selected=selected)
        return types.InlineCompletionList([_inline_item(ghost, params)] if ghost else [])


def _add_notes(server: Server) -> None:
    """What the editor tells about suggestions and cursors; Copilot's names, so that its clients fit."""
    session = server.session

    @server.feature(SHOWN)
    def shown(params: Any) -> None:
        if (number := _number(params)) is not None:
            session.shown(number)

    @server.feature(TAKEN)
    def partly(params: Any) -> None:
        if (number := _number(params)) is not None:
            session.accepted(number)

    @server.command(ACCEPTED)
    def accepted(number: Any, uri: Any = "") -> None:
        if isinstance(number, int):
            session.accepted(number, str(uri))

    @server.feature(FOCUSED)
    @server.feature(MOVED)
    def moved(params: Any) -> None:
        uri = _get(params, "textDocument", "uri")
        line, units = _get(params, "position", "line"), _get(params, "position", "character")
        if isinstance(uri, str):
            session.moved(
                uri, line if isinstance(line, int) else None, units if isinstance(units, int) else 0
            )


def _open_engine(config: Config, say: Callable[[str], None]) -> "OpenedModels":
    """Only here, on the session's own thread, is llama.cpp imported: it takes 0.4 s."""
    from assist_server.local_model.opening import open_engine  # noqa: PLC0415

    return open_engine(config, say)


async def _ghost(
    session: Session, uri: str, at: types.Position, *, manual: bool, selected: PopupSelection | None = None
) -> GhostText | None:
    """The request boundary: whatever goes wrong, the editor gets an empty list and we a count."""
    try:
        return await session.complete(uri, (at.line, at.character), manual=manual, selected=selected)
    except asyncio.CancelledError:
        raise
    except Exception as error:
        session.counts["internal-error"] += 1
        log.exception("completion failed: %s", type(error).__name__)
        return None


def _inline_item(ghost: GhostText, params: types.InlineCompletionParams) -> types.InlineCompletionItem:
    return types.InlineCompletionItem(
        insert_text=ghost.text, range=range_of(ghost), command=command_of(ghost, params.text_document.uri)
    )


def _number(params: Any) -> int | None:
    """The id of the suggestion that an item of ours carries in its command."""
    arguments = _get(params, "item", "command", "arguments")
    first = arguments[0] if isinstance(arguments, list) and arguments else None
    return first if isinstance(first, int) else None


def _get(value: Any, *names: str) -> Any:
    """An attribute of an attribute of what a client sent, or None where it sent something else."""
    for name in names:
        value = getattr(value, name, None)
    return value


def _warn(server: Server, problems: tuple[Problem, ...]) -> None:
    for problem in problems:
        server.window_show_message(types.ShowMessageParams(types.MessageType.Warning, str(problem)))


def _log_to_stderr() -> None:
    """Our warnings only: pygls logs whole messages, and with them the user's text."""
    logging.basicConfig(
        stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s"
    )
    logging.getLogger("pygls").setLevel(logging.CRITICAL + 1)
