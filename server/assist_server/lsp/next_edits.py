"""The requests, notifications and commands of next edits.

It passes them on to `NextEdits`, and decides nothing.
"""

from typing import Any

from assist_server.editor.next_edit.offered_edits import NextEdit
from assist_server.lsp.next_edit_messages import (
    ACCEPTED,
    chain_json,
    copilot_json,
    next_edit_json,
    number_in,
    position_in,
    reports_in,
    uri_in,
    version_in,
)
from assist_server.lsp.protocol import Server, member_of
from assist_server.workspace.documents import OpenDocument

NEXT, CHAIN, READY = "assist/nextEdit", "assist/nextEditChain", "assist/nextEditReady"
REPORTED = "assist/didReportProblems"
REJECTED = "assist.nextEditRejected"
COPILOT, COPILOT_SHOWN = "textDocument/copilotInlineEdit", "textDocument/didShowInlineEdit"


def add_next_edit(server: Server) -> None:
    """Add the handlers. Any client may use them, and a message with wrong members gets no offer."""
    _add_notifications(server)
    _add_requests(server)
    _add_commands(server)


def _add_notifications(server: Server) -> None:
    session = server.session

    def tell(document: OpenDocument, there: bool) -> None:
        about = {"textDocument": {"uri": document.uri, "version": document.version}}
        server.protocol.notify(READY, about if there else {**about, "offer": False})

    session.next_edits.listen(tell)

    @server.feature(COPILOT_SHOWN)
    def record_shown(_: Any) -> None:
        """Nothing: an offer counts when a client gets it."""

    @server.feature(REPORTED)
    def take_reports(params: Any) -> None:
        document = session.documents.get(uri_in(params))
        if document is not None:
            session.next_edits.report(document, version_in(params), reports_in(params, document))


def _add_requests(server: Server) -> None:
    next_edits = server.session.next_edits

    async def find(params: Any, *, automatic: bool) -> NextEdit | None:
        at = position_in(params)
        if at is None:
            return None
        return await next_edits.request(uri_in(params), version_in(params), at, automatic=automatic)

    @server.feature(NEXT)
    async def ask(params: Any) -> dict[str, Any]:
        return next_edit_json(await find(params, automatic=False))

    @server.feature(COPILOT)
    async def ask_for_copilot(params: Any) -> dict[str, Any]:
        return copilot_json(await find(params, automatic=True))

    @server.feature(CHAIN)
    def chain(params: Any) -> dict[str, Any] | None:
        number = number_in(member_of(params, "id"))
        found = next_edits.offered.chain(number) if number is not None else None
        return chain_json(found) if found is not None else None


def _add_commands(server: Server) -> None:
    next_edits = server.session.next_edits

    @server.command(ACCEPTED)
    def accept(*arguments: Any) -> None:
        number = number_in(arguments[0]) if arguments else None
        if number is not None:
            next_edits.accept(number)

    @server.command(REJECTED)
    def reject(*arguments: Any) -> None:
        number = number_in(arguments[0]) if arguments else None
        if number is not None:
            next_edits.reject(number)
