"""pygls's protocol and server with our own documents: edits go to the session, not to pygls's workspace.

pygls splits lines at characters that the protocol does not count as line ends (form feed, U+2028), and
rebuilds the whole text at every keystroke. It also leaves a request with bad parameters unanswered.
"""

import asyncio
import logging
import os
import stat
import sys
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.io_ import StdoutWriter, run_async
from pygls.lsp.server import LanguageServer
from pygls.protocol import (
    JsonRPCNotification,
    JsonRPCRequestMessage,
    JsonRPCResponseMessage,
    LanguageServerProtocol,
    default_converter,
    lsp_method,
)

from assist_context.documents import split_lines
from assist_context.standard_input import take_standard_input
from assist_server.config.config import Config
from assist_server.editor.model_lifetime import OpenModels, SessionStatus
from assist_server.editor.session import Session
from assist_server.lsp.message_reader import MessageReader, load_in_steps
from assist_server.wording.sanitize import harmless
from assist_server.workspace.documents import (
    MAX_KEPT,
    Edit,
    Encoding,
    OpenDocument,
    get_name,
    get_path,
    line_count,
    resolve_path,
)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LargeOpening:
    """A document that was opened, split into lines on a thread."""

    document: OpenDocument


@dataclass(frozen=True, slots=True)
class LargeChange:
    """Edits of an open document, and what its lines are after them, found on a thread."""

    uri: str
    version: int
    edits: list[Edit]
    lines: list[str]


# Members with texts of documents, which are checked where they are made, and with what an editor compares.
_EXACT = frozenset(
    {
        *("insertText", "newText", "text", "delta", "before", "after", "deleted"),
        *("id", "uri", "arguments", "diagnostics", "filterText"),
    }
)


def _readable(value: Any) -> Any:
    """A message's part in which every text for people is harmless."""
    if isinstance(value, str):
        return harmless(value)
    if isinstance(value, Mapping):
        return {name: part if name in _EXACT else _readable(part) for name, part in value.items()}
    return [*map(_readable, value)] if isinstance(value, list | tuple) else value


def _plain_converter() -> Any:
    """pygls's converter, which keeps members without a type as JSON has them.

    pygls makes a class for each object in them: 5,000 objects in 50 kB took 0.5 s, and memory for good.
    """
    converter = default_converter()  # type: ignore[no-untyped-call]
    for message in (JsonRPCNotification, JsonRPCRequestMessage, JsonRPCResponseMessage):
        converter.register_structure_hook(message, lambda data, kind: kind(**data))
    return converter


class Protocol(LanguageServerProtocol):
    """Keeps the documents of a `Session` in step; everything else is pygls's."""

    _server: "Server"
    _large: Any = None  # what a large message is, or the error in it
    _slow: tuple[OpenDocument, int, list[Edit]] | None = None  # a change to make before the next message
    defers = False  # whether `finish_change` is called before each message

    @lsp_method(types.TEXT_DOCUMENT_DID_OPEN)
    def lsp_text_document__did_open(self, params: types.DidOpenTextDocumentParams) -> None:
        """Keep the document."""
        self._server.session.open_document(self._find_document(params.text_document))

    @lsp_method(types.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(self, params: types.DidChangeTextDocumentParams) -> None:
        """Apply the edits."""
        edits = [_edit(change) for change in params.content_changes]
        about = params.text_document
        document = self._server.session.documents.get(about.uri) if self.defers else None
        if document is not None and document.is_slow(edits):
            self._slow = document, about.version, edits
        else:
            self._server.session.change_document(about.uri, about.version, edits)

    @lsp_method(types.TEXT_DOCUMENT_DID_CLOSE)
    def lsp_text_document__did_close(self, params: types.DidCloseTextDocumentParams) -> None:
        """Forget the document."""
        self._server.session.close_document(params.text_document.uri)

    async def finish_change(self) -> None:
        """Make the change that would hold the event loop, with its work on a thread."""
        if self._slow is None:
            return
        change, self._slow = self._slow, None
        (result,) = await asyncio.gather(self._make_change(*change), return_exceptions=True)
        if isinstance(result, Exception):
            self._server.report_server_error(result, types.TEXT_DOCUMENT_DID_CHANGE)

    async def _make_change(self, document: OpenDocument, newer: int, edits: list[Edit]) -> None:
        lines = await asyncio.to_thread(document.lines_after, edits)
        old = document.lines
        self._server.session.change_document(document.uri, newer, edits, lines)
        if document.lines is not old:
            await asyncio.to_thread(_release, old)

    def structure_message(self, data: dict[str, Any]) -> Any:
        """Read one message. A request that cannot be read is answered with the error."""
        if self._large is not None and not data:  # `STAND_IN`
            large, self._large = self._large, None
            if isinstance(large, Exception):
                raise large
            return large
        try:
            return super().structure_message(data)
        except JsonRpcException as error:
            if "id" in data and "method" in data:
                self._send_response(data["id"], error=error.to_response_error())
            raise

    def _serialize_message(self, data: Any) -> dict[str, Any]:
        """A message as JSON holds it. What of it people read has no characters that they would not see."""
        return dict(_readable(super()._serialize_message(data)))

    def read_large(self, body: bytearray) -> Any:
        """Read a large message, and do of its work what needs no event loop. For a thread.

        Documents do not change meanwhile, since the messages after it wait. One with more lines than are kept
        is closed.
        """
        message = load_in_steps(body, self.structure_message)
        if isinstance(message, types.DidOpenTextDocumentNotification):
            item = message.params.text_document
            if line_count([item.text]) > MAX_KEPT:
                return _closing(item.uri)
            return LargeOpening(self._find_document(item))
        if isinstance(message, types.DidChangeTextDocumentNotification):
            about = message.params.text_document
            edits = [_edit(change) for change in message.params.content_changes]
            document = self._server.session.documents.get(about.uri)
            if line_count(edit.text for edit in edits) > MAX_KEPT:
                return _closing(about.uri)
            if document is not None:
                return LargeChange(about.uri, about.version, edits, document.lines_after(edits))
        return message

    def deliver_large(self, message: Any) -> None:
        """Return what `read_large` returned or raised comes next."""
        self._large = message

    def handle_message(self, message: Any) -> None:
        """Handle a message; the large ones of documents are nearly done."""
        session = self._server.session
        if isinstance(message, LargeOpening):
            session.open_document(message.document)
        elif isinstance(message, LargeChange):
            session.change_document(message.uri, message.version, message.edits, message.lines)
        else:
            super().handle_message(message)

    def _find_document(self, item: types.TextDocumentItem) -> OpenDocument:
        path = get_path(item.uri)
        real = resolve_path(path)
        return OpenDocument(
            item.uri,
            path or get_name(item.uri),
            item.language_id,
            item.version,
            list(split_lines(item.text)),
            get_encoding(self.workspace.position_encoding),
            real,
            named=path if real else "",
        )


class Server(LanguageServer):
    """A language server with a session. Errors go to the client's log, without the user's text."""

    protocol: Protocol

    def __init__(self, config: Config, open_models: OpenModels) -> None:
        super().__init__(
            "assist",
            version("assist-lsp"),
            protocol_cls=Protocol,
            converter_factory=_plain_converter,
            max_workers=2,
        )
        self.session = Session(config, self._show_status, open_models)

    def _show_status(self, status: SessionStatus) -> None:
        self.protocol.notify("assist/status", self.status_document(status))

    def status_document(self, status: SessionStatus) -> dict[str, Any]:
        """A status as clients get it, with whether their other language servers are asked."""
        return {**asdict(status), "editor_knowledge": self.session.context.knowledge.state}

    def report_bad_message(self, reason: str) -> None:
        """Write one line into the client's log and to stderr, about a message that cannot be read."""
        log.error("%s", reason)
        self.window_log_message(types.LogMessageParams(types.MessageType.Error, reason))

    def report_server_error(self, error: Exception, source: Any) -> None:
        """Write one line into the client's log; pygls would open a message box."""
        text = f"{getattr(source, '__name__', source)}: {type(error).__name__}"
        self.window_log_message(types.LogMessageParams(types.MessageType.Error, text))


def run_on_stdio(server: Server) -> None:
    """Serve until the client leaves, reading standard input on the event loop itself.

    pygls reads it on a thread, with three hand-overs for each message. While the model works, p99 of an edit
    is then 6.2 ms; read on the event loop it is 2.7 ms (benchmarks/lsp.py editing). Where the event loop
    cannot read standard input, pygls reads it.
    """
    source, target = os.fstat(sys.stdin.fileno()), os.fstat(sys.stdout.fileno())
    pipe = stat.S_ISFIFO(source.st_mode) or stat.S_ISSOCK(source.st_mode)
    if sys.platform == "win32" or not pipe or os.path.samestat(source, target):
        server.start_io(take_standard_input())
        return
    server.protocol.set_writer(StdoutWriter(sys.stdout.buffer))
    try:
        asyncio.run(_read(server))
    except (BrokenPipeError, asyncio.IncompleteReadError):
        log.info("the client is gone")
    except (KeyboardInterrupt, SystemExit):
        log.info("asked to stop")
    finally:
        server.shutdown()  # type: ignore[no-untyped-call]


async def _read(server: Server) -> None:
    reader = asyncio.StreamReader(limit=1 << 20)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin.buffer)
    protocol = server.protocol
    protocol.defers = True
    await run_async(
        stop_event=threading.Event(),
        reader=MessageReader(
            reader,
            server.report_bad_message,
            protocol.read_large,
            protocol.deliver_large,
            protocol.finish_change,
        ),
        protocol=protocol,
        error_handler=server.report_server_error,
    )


def _closing(uri: str) -> types.DidCloseTextDocumentNotification:
    return types.DidCloseTextDocumentNotification(
        types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(uri))
    )


def _release(lines: list[str]) -> None:
    """Free lines that nothing else needs, in steps: Python frees a list while all threads wait."""
    while lines:
        del lines[-10_000:]


def get_encoding(name: str | None) -> Encoding:
    """Return how the client counts columns; UTF-16 if it does not say."""
    return "utf-8" if name == "utf-8" else "utf-32" if name == "utf-32" else "utf-16"


def get_member(value: Any, *names: str) -> Any:
    """A member of a member of an object or a mapping, by names; None if one is missing."""
    for name in names:
        value = value.get(name) if isinstance(value, Mapping) else getattr(value, name, None)
    return value


def experimental(server: LanguageServer, name: str) -> bool:
    """Return whether the client says that it supports one of our own messages."""
    return bool(get_member(server.client_capabilities.experimental, name))


def _edit(change: types.TextDocumentContentChangeEvent) -> Edit:
    if isinstance(change, types.TextDocumentContentChangeWholeDocument):
        return Edit(change.text)
    start, end = change.range.start, change.range.end
    return Edit(change.text, (start.line, start.character), (end.line, end.character))
