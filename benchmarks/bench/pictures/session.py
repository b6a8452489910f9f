"""A typed session with a real `assist lsp`: keys at a person's pace, ghost text, accepted next edits.

The example is chosen, its outcome is not: texts and times are as the server gave them. It draws nothing.
"""

import asyncio
import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from lsprotocol import types

from assist_server.workspace.documents import Edit, OpenDocument
from bench.editors.lsp_client import Client, serving

FILE = "cart.py"
TEXT = '''\
"""What is in a cart, and what it costs."""

from dataclasses import dataclass


@dataclass
class Item:
    name: str
    price: float
    quantity: int = 1


def total(items: list[Item]) -> float:
    """The price of all items."""


def discounted(items: list[Item], rate: float) -> float:
    if not 0 <= rate <= 1:
        raise ValueError("the rate is between 0 and 1")
    return total(items) * (1 - rate)


def checkout(items: list[Item], rate: float) -> str:
    if discounted(items, rate) == 0:
        return "nothing to pay"
    return f"{discounted(items, rate):.2f} EUR"
'''
INDENT = 4  # columns, which the editor writes
BODY = f"{' ' * INDENT}return sum(item.price * item.quantity for item in items)"  # until a text is shown
OLD_NAME, NEW_NAME = "discounted", "reduced"
KEY_SECONDS = 0.13  # 90 words a minute
WORTH_TAB = 12  # characters: of a shorter text people type the rest
LOOK_SECONDS = 1.2  # before something is accepted
EventKind = Literal["key", "ghost", "accept", "offer", "move", "make"]


@dataclass(frozen=True, slots=True)
class SessionEvent:
    """What happened `at` so many seconds: lines and columns from 0.

    A key or an accepted text puts `text` in place of the columns up to `end`; a ghost or an offer shows it.
    `ms` is from the request to the answer.
    """

    at: float
    kind: EventKind
    line: int
    column: int
    end: int
    text: str = ""
    ms: float = 0.0


class Typist:
    """Owns the document, and records what is typed, shown and accepted."""

    def __init__(self, client: Client, uri: str) -> None:
        self._client, self._uri = client, uri
        self._start = time.perf_counter()
        self.document = OpenDocument(uri, FILE, "python", 1, TEXT.splitlines(keepends=True))
        self.events: list[SessionEvent] = []

    async def type_body(self) -> None:
        """Type the body of the empty method, and accept the ghost text for the rest of the line."""
        line = next(at for at, text in enumerate(self.document.lines) if "The price of" in text)
        column = len(self.document.lines[line].rstrip("\n"))
        self._write("key", line, column, column, "\n")
        for at, key in enumerate(BODY):
            await asyncio.sleep(KEY_SECONDS if at >= INDENT else 0)
            self._write("key", line + 1, at, at, key)
            ghost = await self._ask_ghost(line + 1, at + 1) if at >= INDENT else ""
            if len(ghost) >= WORTH_TAB:
                await asyncio.sleep(LOOK_SECONDS)
                self._write("accept", line + 1, at + 1, at + 1, ghost)
                await self._close_brackets(line + 1)
                break
        await asyncio.sleep(LOOK_SECONDS)

    async def _close_brackets(self, line: int) -> None:
        """Type the brackets that an accepted line leaves open, as people do."""
        text = self.document.lines[line].rstrip("\n")
        for at in range(text.count("(") - text.count(")")):
            await asyncio.sleep(2 * KEY_SECONDS)
            self._write("key", line, len(text) + at, len(text) + at, ")")

    async def rename(self) -> None:
        """Type another name over a method's, and make the next edits that are offered for it."""
        line = next(at for at, text in enumerate(self.document.lines) if f"def {OLD_NAME}" in text)
        column = self.document.lines[line].index(OLD_NAME)
        self._write("key", line, column, column + len(OLD_NAME), NEW_NAME[0])
        for at, key in enumerate(NEW_NAME[1:], column + 1):
            await asyncio.sleep(KEY_SECONDS)
            self._write("key", line, at, at, key)
        cursor = (line, column + len(NEW_NAME))
        while (offer := await self._ask_next(cursor)) is not None:
            await asyncio.sleep(LOOK_SECONDS)
            span = offer.range
            at, first, last = span.start.line, span.start.character, span.end.character
            self._record("move", at, first, last)
            await asyncio.sleep(LOOK_SECONDS / 2)
            accepted = types.ExecuteCommandParams("assist.nextEditAccepted", [offer.id])
            await self._client.workspace_execute_command_async(accepted)
            self._write("make", at, first, last, offer.text)
            cursor = (at, first + len(offer.text))
        await asyncio.sleep(LOOK_SECONDS)

    async def _ask_ghost(self, line: int, column: int) -> str:
        start = time.perf_counter()
        answer = await self._client.ask(self._uri, (line, column))
        items = getattr(answer, "items", answer) or []
        text = str(items[0].insert_text) if items else ""
        self._record("ghost", line, column, column, text, 1e3 * (time.perf_counter() - start))
        return text

    async def _ask_next(self, at: tuple[int, int]) -> Any:
        start = time.perf_counter()
        position = {"line": at[0], "character": at[1]}
        about = {"textDocument": {"uri": self._uri, "version": self.document.version}, "position": position}
        answer = await self._client.protocol.send_request_async("assist/nextEdit", about)
        if not answer.edits:
            return None
        offer = answer.edits[0]
        span = offer.range
        ms = 1e3 * (time.perf_counter() - start)
        self._record("offer", span.start.line, span.start.character, span.end.character, offer.text, ms)
        return offer

    def _write(self, kind: EventKind, line: int, column: int, end: int, text: str) -> None:
        start, stop = (line, column), (line, end)
        self.document.apply(self.document.version + 1, [Edit(text, start, stop)])
        self._client.change(self._uri, self.document.version, text, start, stop)
        self._record(kind, line, column, end, text)

    def _record(
        self, kind: EventKind, line: int, column: int, end: int, text: str = "", ms: float = 0.0
    ) -> None:
        at = time.perf_counter() - self._start
        self.events.append(SessionEvent(round(at, 3), kind, line, column, end, text, round(ms, 1)))


async def record_session(folder: Path) -> list[SessionEvent]:
    """Play the session in a new folder with the user's model; a list of events in the order of time."""
    path = folder / FILE
    path.write_text(TEXT, encoding="utf-8")
    async with serving(os.environ, folders=[folder]) as client:
        await client.until("ready", seconds=300)
        client.show(path.as_uri(), TEXT)
        cursor = {"textDocument": {"uri": path.as_uri()}, "position": {"line": 13, "character": 31}}
        client.protocol.notify("assist/didMoveCursor", cursor)
        await asyncio.sleep(4)  # a person reads the file first, and the server reads it ahead
        typist = Typist(client, path.as_uri())
        await typist.type_body()
        await typist.rename()
    return typist.events


def as_rows(events: Sequence[SessionEvent]) -> list[dict[str, Any]]:
    return [asdict(event) for event in events]


def from_rows(rows: Sequence[dict[str, Any]]) -> list[SessionEvent]:
    return [SessionEvent(**row) for row in rows]
