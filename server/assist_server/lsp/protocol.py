"""pygls's protocol and server with our own documents: edits go to the session, not to pygls's workspace.

pygls splits lines at characters that the protocol does not count as line ends (form feed, U+2028), and
rebuilds the whole text at every keystroke. It also leaves a request with bad parameters unanswered.
"""

import asyncio
import logging
import os
import re
import stat
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.io_ import StdoutWriter, run_async
from pygls.lsp.server import LanguageServer
from pygls.protocol import LanguageServerProtocol, lsp_method

from assist_context.documents import split_lines
from assist_server.config.config import Config
from assist_server.editor.model_lifetime import OpenModels, SessionStatus
from assist_server.editor.session import Session
from assist_server.wording.sanitize import harmless
from assist_server.workspace.documents import Edit, Encoding, OpenDocument, name_of, path_of, resolve_path

log = logging.getLogger(__name__)

LONGEST_HEADER = 1 << 16  # bytes; editors send less than 100
LONGEST_BODY = 1 << 28  # bytes; a document of 30 MB is the largest that was tried
MARK_BYTES = 64  # what may be the beginning of a header at the end of what has arrived
_LENGTH = re.compile(
    rb"Content-Length:([^\r\n]*)", re.IGNORECASE
)  # anywhere: the rest of a bad body comes before
_TOO_LONG = f"a header is longer than {LONGEST_HEADER:,} bytes"
_MARK = re.compile(rb"Content-Length: *[0-9]{1,18}\r\n", re.IGNORECASE)


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


class Protocol(LanguageServerProtocol):
    """Keeps the documents of a `Session` in step; everything else is pygls's."""

    _server: "Server"

    @lsp_method(types.TEXT_DOCUMENT_DID_OPEN)
    def lsp_text_document__did_open(self, params: types.DidOpenTextDocumentParams) -> None:
        """Keep the document."""
        item = params.text_document
        path = path_of(item.uri)
        self._server.session.open_document(
            OpenDocument(
                item.uri,
                path or name_of(item.uri),
                item.language_id,
                item.version,
                list(split_lines(item.text)),
                encoding_of(self.workspace.position_encoding),
                resolve_path(path),
                named=path if resolve_path(path) else "",
            )
        )

    @lsp_method(types.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(self, params: types.DidChangeTextDocumentParams) -> None:
        """Apply the edits."""
        edits = [_edit(change) for change in params.content_changes]
        document = params.text_document
        self._server.session.change_document(document.uri, document.version, edits)

    @lsp_method(types.TEXT_DOCUMENT_DID_CLOSE)
    def lsp_text_document__did_close(self, params: types.DidCloseTextDocumentParams) -> None:
        """Forget the document."""
        self._server.session.close_document(params.text_document.uri)

    def structure_message(self, data: dict[str, Any]) -> Any:
        """Read one message. A request that cannot be read is answered with the error."""
        try:
            return super().structure_message(data)
        except JsonRpcException as error:
            if "id" in data and "method" in data:
                self._send_response(data["id"], error=error.to_response_error())
            raise

    def _serialize_message(self, data: Any) -> dict[str, Any]:
        """A message as JSON holds it. What of it people read has no characters that they would not see."""
        return dict(_readable(super()._serialize_message(data)))


class Server(LanguageServer):
    """A language server with a session. Errors go to the client's log, without the user's text."""

    protocol: Protocol

    def __init__(self, config: Config, open_models: OpenModels) -> None:
        super().__init__("assist", version("assist-lsp"), protocol_cls=Protocol, max_workers=2)
        self.session = Session(config, self._show_status, open_models)

    def _show_status(self, status: SessionStatus) -> None:
        self.protocol.notify("assist/status", asdict(status))

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
        server.start_io()
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


class MessageReader:
    """Standard input as pygls reads it, without headers that would end pygls or leave it waiting for ever.

    A message whose header is wrong is left out. `complain` is told why, once until a good one comes. Reading
    goes on at the next header. JSON has no raw line end in a string, so a header inside of a body means that
    the body's length was wrong.
    """

    def __init__(self, source: asyncio.StreamReader, complain: Callable[[str], None]) -> None:
        self._source = source
        self._complain = complain
        self._lost = False
        self._buffer = bytearray()
        self._ready: list[bytes] = []  # what pygls reads next: header, empty line, body

    async def readline(self) -> bytes:
        """The next line of a well-formed header; b"" at the end."""
        if not self._ready:
            body = await self._next_body()
            if body is None:
                return b""
            self._lost = False
            self._ready = [b"Content-Length: %d\r\n" % len(body), b"\r\n", body]
        return self._ready.pop(0)

    async def readexactly(self, n: int) -> bytes:
        """The body, after its header; `n` is the length that the header gave."""
        return self._ready.pop(0)[:n]

    async def _next_body(self) -> bytes | None:
        while (header := await self._header()) is not None:
            length = self._length(header)
            if length and (body := await self._body(length)) is not None:
                return body
        return None

    async def _header(self) -> bytes | None:
        """Everything up to the next empty line; None at the end."""
        while (end := self._buffer.find(b"\r\n\r\n")) < 0:
            if len(self._buffer) > LONGEST_HEADER:
                self._report(_TOO_LONG)
                del self._buffer[:-MARK_BYTES]
            if not await self._more():
                return None
        if end > LONGEST_HEADER:
            self._report(_TOO_LONG)
        header = bytes(self._buffer[: end + 2])
        del self._buffer[: end + 4]
        return header

    def _length(self, header: bytes) -> int:
        """The length that a header gives; 0 if it gives none that can be."""
        found = _LENGTH.findall(header)
        value = found[-1].strip() if found else b""
        if not found:
            self._report("a header has no Content-Length")
        elif not value.isdigit() or len(value) > 18 or not 0 < int(value) <= LONGEST_BODY:
            shown = value[:20].decode("ascii", "replace")
            self._report(f"Content-Length is {shown!r}; it must be a number from 1 to {LONGEST_BODY:,}")
        else:
            return int(value)
        return 0

    async def _body(self, length: int) -> bytes | None:
        """The body of a message; None if its length is wrong, or at the end."""
        seen = 0
        while True:
            mark = _MARK.search(self._buffer, seen, min(len(self._buffer), length))
            if mark is not None:
                self._report(
                    f"Content-Length is {length:,}, but the next message begins after {mark.start():,}"
                )
                del self._buffer[: mark.start()]
                return None
            if len(self._buffer) >= length:
                body = bytes(self._buffer[:length])
                del self._buffer[:length]
                return body
            seen = max(0, len(self._buffer) - MARK_BYTES)
            if not await self._more():
                return None

    async def _more(self) -> bool:
        chunk = await self._source.read(1 << 20)
        self._buffer += chunk
        return bool(chunk)

    def _report(self, reason: str) -> None:
        if not self._lost:
            self._lost = True
            self._complain(f"A message was left out: {reason}. Reading goes on at the next header.")


async def _read(server: Server) -> None:
    reader = asyncio.StreamReader(limit=1 << 20)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin.buffer)
    await run_async(
        stop_event=threading.Event(),
        reader=MessageReader(reader, server.report_bad_message),
        protocol=server.protocol,
        error_handler=server.report_server_error,
    )


def encoding_of(name: str | None) -> Encoding:
    """How the client counts columns; UTF-16 if it does not say."""
    return "utf-8" if name == "utf-8" else "utf-32" if name == "utf-32" else "utf-16"


def member_of(value: Any, *names: str) -> Any:
    """A member of a member of an object or a mapping, by names; None if one is missing."""
    for name in names:
        value = value.get(name) if isinstance(value, Mapping) else getattr(value, name, None)
    return value


def experimental(server: LanguageServer, name: str) -> bool:
    """Whether the client says that it supports one of our own messages."""
    return bool(member_of(server.client_capabilities.experimental, name))


def _edit(change: types.TextDocumentContentChangeEvent) -> Edit:
    if isinstance(change, types.TextDocumentContentChangeWholeDocument):
        return Edit(change.text)
    start, end = change.range.start, change.range.end
    return Edit(change.text, (start.line, start.character), (end.line, end.character))
