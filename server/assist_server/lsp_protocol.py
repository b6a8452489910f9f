"""pygls's protocol with our own documents: edits go to the session as lines, never to pygls's workspace.

pygls splits lines at characters that the protocol does not count as line ends (form feed, U+2028), and
rebuilds the whole text at every key. It also leaves a request with bad parameters unanswered.
"""

import logging
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer
from pygls.protocol import LanguageServerProtocol, lsp_method

from assist_context.model import split_lines
from assist_server.documents import Edit, OpenDocument, path_of
from assist_server.positions import Encoding
from assist_server.session import Session

log = logging.getLogger(__name__)


class Protocol(LanguageServerProtocol):
    """Document synchronisation into a `Session`; everything else is pygls's."""

    _server: "Server"

    @lsp_method(types.TEXT_DOCUMENT_DID_OPEN)
    def lsp_text_document__did_open(self, params: types.DidOpenTextDocumentParams) -> None:
        """Keep the document."""
        item = params.text_document
        self._server.session.opened(
            OpenDocument(
                item.uri,
                path_of(item.uri),
                item.language_id,
                item.version,
                list(split_lines(item.text)),
                _encoding(self.workspace.position_encoding),
            )
        )

    @lsp_method(types.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(self, params: types.DidChangeTextDocumentParams) -> None:
        """Apply the edits."""
        edits = [_edit(change) for change in params.content_changes]
        self._server.session.changed(params.text_document.uri, params.text_document.version, edits)

    @lsp_method(types.TEXT_DOCUMENT_DID_CLOSE)
    def lsp_text_document__did_close(self, params: types.DidCloseTextDocumentParams) -> None:
        """Forget the document."""
        self._server.session.closed(params.text_document.uri)

    def structure_message(self, data: dict[str, Any]) -> Any:
        """Read one message; a request that cannot be read is answered with the error."""
        try:
            return super().structure_message(data)
        except JsonRpcException as error:
            if "id" in data and "method" in data:
                self._send_response(data["id"], error=error.to_response_error())
            raise


class Server(LanguageServer):
    """A language server with a session; errors go to the client's log, without the user's text."""

    protocol: Protocol
    session: Session

    def report_server_error(self, error: Exception, source: Any) -> None:
        """One line in the client's log; pygls would open a message box."""
        text = f"{getattr(source, '__name__', source)}: {type(error).__name__}"
        self.window_log_message(types.LogMessageParams(types.MessageType.Error, text))


def _encoding(name: str | None) -> Encoding:
    return "utf-8" if name == "utf-8" else "utf-32" if name == "utf-32" else "utf-16"


def _edit(change: types.TextDocumentContentChangeEvent) -> Edit:
    if isinstance(change, types.TextDocumentContentChangeWholeDocument):
        return Edit(change.text)
    start, end = change.range.start, change.range.end
    return Edit(change.text, (start.line, start.character), (end.line, end.character))
