"""The requests, notifications and commands of next edits: messages as values, and offers as JSON.

Any member of what a client sends may be missing or wrong. All is decided in `editor/next_edit`.
"""

from collections.abc import Iterator
from typing import Any

from assist_context.next_edit.offer import Report
from assist_server.editor.next_edit.offered_edits import At, NextEdit, OfferedChain, OfferedChange
from assist_server.lsp.protocol import Server, get_member
from assist_server.workspace.documents import OpenDocument

NEXT, CHAIN, READY = "assist/nextEdit", "assist/nextEditChain", "assist/nextEditReady"
REPORTED = "assist/didReportProblems"
ACCEPTED = "assist.nextEditAccepted"
REJECTED = "assist.nextEditRejected"
COPILOT, COPILOT_SHOWN = "textDocument/copilotInlineEdit", "textDocument/didShowInlineEdit"
MAX_REPORTS = 100
LONGEST_MESSAGE = 1_000  # characters; a compiler's longer one has lists of types, and no hint for an edit
MOST = 2**31 - 1  # the greatest number that the protocol has


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

    session.next_edits.offered.listen(tell)

    @server.feature(COPILOT_SHOWN)
    def record_shown(_: Any) -> None:
        """Nothing: an offer counts when a client gets it."""

    @server.feature(REPORTED)
    def take_reports(params: Any) -> None:
        document = session.documents.get(_read_uri(params))
        if document is not None:
            session.next_edits.report(document, _read_version(params), _read_reports(params, document))


def _add_requests(server: Server) -> None:
    next_edits = server.session.next_edits

    async def find(params: Any, *, automatic: bool) -> NextEdit | None:
        at = _read_position(params)
        if at is None:
            return None
        return await next_edits.request(_read_uri(params), _read_version(params), at, automatic=automatic)

    @server.feature(NEXT)
    async def ask(params: Any) -> dict[str, Any]:
        return _next_edit_json(await find(params, automatic=False))

    @server.feature(COPILOT)
    async def ask_for_copilot(params: Any) -> dict[str, Any]:
        return _copilot_json(await find(params, automatic=True))

    @server.feature(CHAIN)
    def chain(params: Any) -> dict[str, Any] | None:
        number = _read_number(get_member(params, "id"))
        chain = next_edits.offered.chain(number) if number is not None else None
        return _chain_json(chain) if chain is not None else None


def _add_commands(server: Server) -> None:
    next_edits = server.session.next_edits

    @server.command(ACCEPTED)
    def accept(*arguments: Any) -> None:
        number = _read_number(arguments[0]) if arguments else None
        if number is not None:
            next_edits.accept(number)

    @server.command(REJECTED)
    def reject(*arguments: Any) -> None:
        number = _read_number(arguments[0]) if arguments else None
        if number is not None:
            next_edits.reject(number)


def _read_uri(params: Any) -> str:
    """The document that a message is about; "" if it does not say."""
    chain = get_member(params, "textDocument", "uri")
    return chain if isinstance(chain, str) else ""


def _read_version(params: Any) -> int | None:
    """The version of that document, if it says so."""
    chain = get_member(params, "textDocument", "version")
    return chain if _is_number(chain) else None


def _read_position(value: Any, name: str = "position") -> At | None:
    """A position as (line, units); None if it is not one."""
    line = get_member(value, name, "line")
    units = get_member(value, name, "character")
    return (line, units) if _is_number(line) and _is_number(units) else None


def _read_number(value: Any) -> int | None:
    """The id of an offer."""
    return value if _is_number(value) else None


def _read_reports(params: Any, document: OpenDocument) -> Iterator[Report]:
    """The problems that other tools report in a document; what is not a problem is left out."""
    problems = get_member(params, "problems")
    for problem in problems[:MAX_REPORTS] if isinstance(problems, list | tuple) else ():
        start = _read_position(get_member(problem, "range"), "start")
        end = _read_position(get_member(problem, "range"), "end")
        message = get_member(problem, "message")
        source = get_member(problem, "source")
        if start is not None and end is not None and isinstance(message, str):
            yield Report(
                document.cursor(*start),
                document.cursor(*end),
                message[:LONGEST_MESSAGE],
                source[:LONGEST_MESSAGE] if isinstance(source, str) else "",
            )


def _next_edit_json(edit: NextEdit | None) -> dict[str, Any]:
    """The answer to `assist/nextEdit`: one edit, and how it is shown; or none."""
    if edit is None:
        return {"edits": [], "display": None}
    first = {"id": edit.id, "kind": edit.kind, **_edit_json(edit)}
    display = {
        "words": edit.words,
        "remaining": edit.remaining,
        "file": edit.file,
        "line": edit.change.start[0],
        "deleted": edit.deleted,
        "inline": edit.inline,
        "chain": edit.chain,
    }
    return {"edits": [first], "display": display}


def _copilot_json(edit: NextEdit | None) -> dict[str, Any]:
    """The answer to `textDocument/copilotInlineEdit`, whose clients know open documents only."""
    return {"edits": [] if edit is None or edit.version is None else [_edit_json(edit)]}


def _chain_json(chain: OfferedChain) -> dict[str, Any]:
    """The answer to `assist/nextEditChain`: each place with its whole lines before and after."""
    return {
        "textDocument": {"uri": chain.uri, "version": chain.version},
        "edits": [_change_json(change) for change in chain.changes],
        "words": chain.words,
    }


def _change_json(change: OfferedChange) -> dict[str, Any]:
    return {
        "range": _range_json(change),
        "text": change.text,
        "line": change.start[0],
        "before": change.before,
        "after": change.after,
    }


def _edit_json(edit: NextEdit) -> dict[str, Any]:
    return {
        "textDocument": {"uri": edit.uri, "version": edit.version},
        "range": _range_json(edit.change),
        "text": edit.change.text,
        "command": {"title": "Accepted", "command": ACCEPTED, "arguments": [edit.id]},
    }


def _range_json(change: OfferedChange) -> dict[str, Any]:
    return {
        name: {"line": line, "character": units}
        for name, (line, units) in (("start", change.start), ("end", change.end))
    }


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST
