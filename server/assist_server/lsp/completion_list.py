"""Ordinary completion lists, for clients that have no ghost text of their own.

Clients filter a list by the word at the cursor. Helix, Emacs and Kate drop an item that holds only the
missing part of the word ("math.p" would filter "i * radius" by "p"), so an item begins where the word begins.
This module translates between the protocol and a `Session`, as `server` does for ghost text.
"""

import time
from collections.abc import Awaitable
from dataclasses import dataclass, replace
from typing import Protocol

from lsprotocol import types

from assist_server.editor.session import Session
from assist_server.editor.suggestions import GhostText
from assist_server.lsp.protocol import Server

# Characters after which a list opens. ":" and "," are not among them: a line end or a space follows, and in
# editors where Enter accepts the selected item, an open list would swallow the line end.
TRIGGERS = (".", "(", "[", "=", " ")
MORE = " …"


@dataclass(frozen=True, slots=True)
class PopupItem:
    """One item: `text` replaces the line from character `start` to the cursor, and the list shows `label`.

    `filter` is what the client compares with the word at the cursor. `whole` is the full text if the label is
    only a part of it.
    """

    start: int
    text: str
    label: str
    filter: str
    whole: str


def offer(text: str, line: str, column: int) -> PopupItem:
    r"""The item for a text at a character of a line.

    >>> offer("i * 2", "x = math.p", 10)
    PopupItem(start=9, text='pi * 2', label='pi * 2', filter='pi * 2', whole='')
    >>> offer(":\n    pass", "else", 4).label
    'else: …'
    """
    start = column
    end = column
    while start > 0 and _is_in_word(line[start - 1]):
        start -= 1
    while end < len(line) and _is_in_word(line[end]):
        end += 1
    text_inserted = line[start:column] + text
    lines = text_inserted.strip().splitlines()
    first = lines[0] if lines else ""
    more = len(lines) > 1
    # Emacs compares with the whole symbol, including its part after the cursor.
    text_compared = first + line[column:end]
    whole = text_inserted.strip("\r\n") if more else ""
    return PopupItem(start, text_inserted, first + (MORE if more else ""), text_compared, whole)


def _is_in_word(character: str) -> bool:
    return character.isalnum() or character == "_"


ACCEPTED = "assist.accepted"
# Seconds after a change in which a request counts as caused by typing. Editors wait for a pause of 0.2 s
# (company, Kate) to 0.25 s (Helix) before they request a list by themselves.
TYPING = 1.0


class PositionHandler(Protocol):
    """Answers a request at a position; it never raises."""

    def __call__(
        self, session: Session, uri: str, at: types.Position, *, manual: bool
    ) -> Awaitable[GhostText | None]:
        """A suggestion or None."""


def add_completion(server: Server, ask: PositionHandler) -> None:
    """Add the handler. Only for clients without ghost text: others would show every suggestion twice."""
    session = server.session
    versions: dict[str, int] = {}  # for each document, the version of the last request

    def is_manual(params: types.CompletionParams) -> bool:
        """Say if the user requested the list, not the editor during typing; the protocol does not say.

        A second request for the same version is always the user's.
        """
        uri = params.text_document.uri
        context = params.context
        if context is None or context.trigger_kind != types.CompletionTriggerKind.Invoked:
            return False
        document = session.documents.get(uri)
        if document is None:
            return True
        again = versions.get(uri) == document.version
        versions[uri] = document.version
        return again or time.monotonic() - document.applied > TYPING

    @server.feature(types.TEXT_DOCUMENT_COMPLETION, types.CompletionOptions(list(TRIGGERS)))
    async def complete(params: types.CompletionParams) -> types.CompletionList:
        uri = params.text_document.uri
        ghost = await ask(session, uri, params.position, manual=is_manual(params))
        return types.CompletionList(True, [_item(session, ghost, uri)] if ghost else [])


def make_range(ghost: GhostText) -> types.Range:
    """The range that the text of a suggestion replaces."""
    return types.Range(types.Position(ghost.line, ghost.start), types.Position(ghost.line, ghost.end))


def make_command(ghost: GhostText, uri: str) -> types.Command:
    """The command that reports that a suggestion was accepted."""
    return types.Command("Accepted", ACCEPTED, arguments=[ghost.suggestion.id, uri])


def _item(session: Session, ghost: GhostText, uri: str) -> types.CompletionItem:
    """The item for a suggestion; `Suggestions.complete` has checked that the document is still the same."""
    document = session.documents.by_uri[uri]
    cursor = document.cursor(ghost.line, ghost.start)
    item = offer(ghost.text, document.lines[cursor.line], cursor.column)
    start = types.Position(cursor.line, document.units(replace(cursor, column=item.start)))
    return types.CompletionItem(
        label=item.label,
        kind=types.CompletionItemKind.Text,
        detail="assist",
        documentation=item.whole or None,
        sort_text="\0",
        filter_text=item.filter,
        insert_text_mode=types.InsertTextMode.AsIs,
        text_edit=types.TextEdit(types.Range(start, make_range(ghost).end), item.text),
        command=make_command(ghost, uri),
    )
