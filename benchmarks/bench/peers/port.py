"""What the policies of other tools share: the port to their server, and views of a document by lines.

It knows no policy, and a server only through `Backend`.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Protocol

from bench.typing.policy import DocumentEdit, DocumentView, PolicyAnswer, Totals

Body = dict[str, Any]


class Backend(Protocol):
    """One running server (`http_infill.InfillServer`). Cancelling a call cancels the request."""

    async def post(self, path: str, body: Body) -> dict[str, Any]: ...

    def stream(self, path: str, body: Body) -> AsyncIterator[dict[str, Any]]: ...

    async def read(self) -> int: ...

    async def totals(self) -> Totals: ...

    async def stop(self) -> None: ...


Start = Callable[[], Awaitable[Backend]]


class Peer:
    """The base of a policy: its server starts and stops with it. It learns nothing from what is shown."""

    name = "peer"

    def __init__(self, start: Start) -> None:
        self._start = start
        self._server: Backend
        self._view = DocumentView("", "", "")

    async def open(self, view: DocumentView) -> None:
        self._view = view
        self._server = await self._start()

    def on_change(self, view: DocumentView, edit: DocumentEdit) -> None:
        """Do nothing: the next request contains the change."""

    def on_move(self, view: DocumentView) -> None:
        """Do nothing: most tools ignore a cursor that moves without typing."""

    async def ask(self, view: DocumentView) -> PolicyAnswer | None:
        raise NotImplementedError

    def on_show(self, view: DocumentView, answer: PolicyAnswer) -> None:
        """Do nothing: no peer learns from it."""

    def on_accept(self, view: DocumentView, answer: PolicyAnswer) -> None:
        """Do nothing: no peer learns from it."""

    async def read(self) -> int:
        return await self._server.read()

    async def totals(self) -> Totals:
        return await self._server.totals()

    async def close(self) -> None:
        await self._server.stop()


def is_blank(text: str) -> bool:
    return not text.strip()


def indentation(line: str) -> int:
    return len(line) - len(line.lstrip())
