"""Ordinary completion, for clients that have no ghost text of their own.

It translates between the protocol and a `Session`, as `lsp` does for ghost text.
"""

import time
from collections.abc import Awaitable
from dataclasses import replace
from typing import Protocol

from lsprotocol import types

from assist_server.ghost import Ghost
from assist_server.lsp_protocol import Server
from assist_server.offers import TRIGGERS, offer
from assist_server.session import Session

ACCEPTED = "assist.accepted"
# Seconds after a change in which a list that opens is taken for one that typing opened. Editors wait 0.2 s
# (company, Kate) to 0.25 s (Helix) for a pause before they ask of their own accord.
TYPING = 1.0


class Ask(Protocol):
    """What answers at a position; it never raises."""

    def __call__(
        self, session: Session, uri: str, at: types.Position, *, manual: bool
    ) -> Awaitable[Ghost | None]:
        """A suggestion or None."""


def add_completion(server: Server, ask: Ask) -> None:
    """Add the handler; for clients without ghost text only, the others would show everything twice."""
    session = server.session
    seen: dict[str, int] = {}  # the version of each document that was asked about last

    def wanted(params: types.CompletionParams) -> bool:
        """Whether a person asked, and not the editor while he types; the protocol has one word for both.

        Asking again about what did not change is always meant.
        """
        uri, context = params.text_document.uri, params.context
        if context is None or context.trigger_kind != types.CompletionTriggerKind.Invoked:
            return False
        document = session.documents.get(uri)
        if document is None:
            return True
        again = seen.get(uri) == document.version
        seen[uri] = document.version
        return again or time.monotonic() - document.applied > TYPING

    @server.feature(types.TEXT_DOCUMENT_COMPLETION, types.CompletionOptions(list(TRIGGERS)))
    async def complete(params: types.CompletionParams) -> types.CompletionList:
        uri = params.text_document.uri
        ghost = await ask(session, uri, params.position, manual=wanted(params))
        return types.CompletionList(True, [_item(session, ghost, uri)] if ghost else [])


def range_of(ghost: Ghost) -> types.Range:
    """What the text of a suggestion stands for."""
    return types.Range(types.Position(ghost.line, ghost.start), types.Position(ghost.line, ghost.end))


def command_of(ghost: Ghost, uri: str) -> types.Command:
    """What tells us that a suggestion was taken."""
    return types.Command("Accepted", ACCEPTED, arguments=[ghost.suggestion.id, uri])


def _item(session: Session, ghost: Ghost, uri: str) -> types.CompletionItem:
    """The document is as it was when the suggestion was made: `Session.complete` looked."""
    document = session.documents[uri]
    cursor = document.cursor(ghost.line, ghost.start)
    made = offer(ghost.text, document.lines[cursor.line], cursor.column)
    start = types.Position(cursor.line, document.units(replace(cursor, column=made.start)))
    return types.CompletionItem(
        label=made.label,
        kind=types.CompletionItemKind.Text,
        detail="assist",
        documentation=made.whole or None,
        sort_text="\0",
        filter_text=made.filter,
        insert_text_mode=types.InsertTextMode.AsIs,
        text_edit=types.TextEdit(types.Range(start, range_of(ghost).end), made.text),
        command=command_of(ghost, uri),
    )
