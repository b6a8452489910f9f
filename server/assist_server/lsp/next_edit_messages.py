"""The messages of next edits: what a client sent, read with care, and offers as JSON.

Any member of what a client sends may be missing or wrong. It knows no session.
"""

from collections.abc import Iterator
from typing import Any

from assist_context.next_edit.offer import Report
from assist_server.editor.next_edit.offered_edits import At, NextEdit, OfferedChain, OfferedChange
from assist_server.lsp.protocol import member_of
from assist_server.workspace.documents import OpenDocument

ACCEPTED = "assist.nextEditAccepted"
MOST_REPORTS = 100
LONGEST_MESSAGE = 1_000  # characters; a compiler's longer one has lists of types, and no hint for an edit
MOST = 2**31 - 1  # the greatest number that the protocol has


def uri_in(params: Any) -> str:
    """The document that a message is about; "" if it does not say."""
    found = member_of(params, "textDocument", "uri")
    return found if isinstance(found, str) else ""


def version_in(params: Any) -> int | None:
    """The version of that document, if it says so."""
    found = member_of(params, "textDocument", "version")
    return found if _is_number(found) else None


def position_in(value: Any, name: str = "position") -> At | None:
    """A position as (line, units); None if it is none."""
    line = member_of(value, name, "line")
    units = member_of(value, name, "character")
    return (line, units) if _is_number(line) and _is_number(units) else None


def number_in(value: Any) -> int | None:
    """The id of an offer."""
    return value if _is_number(value) else None


def reports_in(params: Any, document: OpenDocument) -> Iterator[Report]:
    """The problems that other tools report in a document; what is no problem is left out."""
    problems = member_of(params, "problems")
    for each in problems[:MOST_REPORTS] if isinstance(problems, list | tuple) else ():
        start = position_in(member_of(each, "range"), "start")
        end = position_in(member_of(each, "range"), "end")
        message = member_of(each, "message")
        source = member_of(each, "source")
        if start is not None and end is not None and isinstance(message, str):
            yield Report(
                document.cursor(*start),
                document.cursor(*end),
                message[:LONGEST_MESSAGE],
                source[:LONGEST_MESSAGE] if isinstance(source, str) else "",
            )


def next_edit_json(edit: NextEdit | None) -> dict[str, Any]:
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


def copilot_json(edit: NextEdit | None) -> dict[str, Any]:
    """The answer to `textDocument/copilotInlineEdit`, whose clients know open documents only."""
    return {"edits": [] if edit is None or edit.version is None else [_edit_json(edit)]}


def chain_json(chain: OfferedChain) -> dict[str, Any]:
    """The answer to `assist/nextEditChain`: each place with its whole lines before and after."""
    return {
        "textDocument": {"uri": chain.uri, "version": chain.version},
        "edits": [_change_json(each) for each in chain.changes],
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
