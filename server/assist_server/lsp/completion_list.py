"""Ordinary completion, for clients that have no ghost text of their own.

Lists are filtered by the word at the cursor: an item that holds only what is missing of it is thrown away by
Helix, Emacs and Kate ("math.p" would filter "i * radius" by "p"). So an item begins where the word begins.
This module translates between the protocol and a `Session`, as `server` does for ghost text.
"""

import time
from collections.abc import Awaitable
from dataclasses import dataclass, replace
from typing import Protocol

from lsprotocol import types

from assist_server.editor.session import GhostText, Session
from assist_server.lsp.protocol import Server

# What people type behind and mean to go on from. ":" and "," are not here: behind them comes a line end or a
# space, and where Enter takes what is selected, a list would take the line end away.
TRIGGERS = (".", "(", "[", "=", " ")
MORE = " …"


@dataclass(frozen=True, slots=True)
class PopupItem:
    """An item: `text` stands for the line from character `start` on, `label` is what the list shows of it.

    `filter` is what the word at the cursor is compared with; `whole` the text where the label is but a part.
    """

    start: int
    text: str
    label: str
    filter: str
    whole: str


def offer(text: str, line: str, column: int) -> PopupItem:
    r"""The item for a text at a character of a line.

    >>> offer("i * 2", "x = math.p", 10)
    Offer(start=9, text='pi * 2', label='pi * 2', filter='pi * 2', whole='')
    >>> offer(":\n    pass", "else", 4).label
    'else: …'
    """
    start, end = column, column
    while start > 0 and _in_word(line[start - 1]):
        start -= 1
    while end < len(line) and _in_word(line[end]):
        end += 1
    inserted = line[start:column] + text
    lines = inserted.strip().splitlines()
    first, more = (lines[0], len(lines) > 1) if lines else ("", False)
    # Emacs compares with the whole symbol, also with what of it stands behind the cursor.
    compared = first + line[column:end]
    whole = inserted.strip("\r\n") if more else ""
    return PopupItem(start, inserted, first + (MORE if more else ""), compared, whole)


def _in_word(character: str) -> bool:
    return character.isalnum() or character == "_"


ACCEPTED = "assist.accepted"
# Seconds after a change in which a list that opens is taken for one that typing opened. Editors wait 0.2 s
# (company, Kate) to 0.25 s (Helix) for a pause before they ask of their own accord.
TYPING = 1.0


class PositionHandler(Protocol):
    """What answers at a position; it never raises."""

    def __call__(
        self, session: Session, uri: str, at: types.Position, *, manual: bool
    ) -> Awaitable[GhostText | None]:
        """A suggestion or None."""


def add_completion(server: Server, ask: PositionHandler) -> None:
    """Add the handler; for clients without ghost text only, the others would show everything twice."""
    session = server.session
    seen: dict[str, int] = {}  # the version of each document that was asked about last

    def wanted(params: types.CompletionParams) -> bool:
        """Whether a person asked, and not the editor while he types; the protocol has one word for both.

        Asking again about what did not change is always meant.
        """
        uri = params.text_document.uri
        context = params.context
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


def range_of(ghost: GhostText) -> types.Range:
    """What the text of a suggestion stands for."""
    return types.Range(types.Position(ghost.line, ghost.start), types.Position(ghost.line, ghost.end))


def command_of(ghost: GhostText, uri: str) -> types.Command:
    """What tells us that a suggestion was taken."""
    return types.Command("Accepted", ACCEPTED, arguments=[ghost.suggestion.id, uri])


def _item(session: Session, ghost: GhostText, uri: str) -> types.CompletionItem:
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
