"""Choices of the person: by a message with buttons, or, in a client that has none, by two code actions.

Helix 25.01 answers `window/showMessageRequest` with an error. There the choice waits among the code actions
of any document, and a message tells what is asked. Nothing is chosen in silence: no answer is no.
"""

import asyncio
from collections.abc import Iterator
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from assist_server.lsp.protocol import Server

CHOOSE = "assist.choose"


class Choices:
    """Owns the choice that waits, at most one: who asks anew takes the place of who asked before."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._waiting: asyncio.Future[bool] | None = None
        self._titles = ("", "")
        self._number = 0

        @server.command(CHOOSE)
        def choose(number: Any = 0, yes: Any = False) -> None:
            if number == self._number:  # not from a menu that was opened for an earlier choice
                self._settle(yes is True)

    async def chosen(self, lines: list[str], yes: str, no: str) -> bool:
        """Whether the person, asked in these lines, says yes."""
        actions = [types.MessageActionItem(yes), types.MessageActionItem(no)]
        asked = types.ShowMessageRequestParams(types.MessageType.Warning, "\n".join(lines), actions)
        try:
            choice = await self._server.window_show_message_request_async(asked)
        except JsonRpcException:
            return await self.by_action(lines, yes, no)
        return bool(choice is not None and choice.title == yes)

    def actions(self) -> Iterator[types.CodeAction]:
        """The choice that waits, if one does."""
        if self._waiting is None:
            return
        for title, said in zip(self._titles, (True, False), strict=True):
            run = types.Command(title, CHOOSE, arguments=[self._number, said])
            yield types.CodeAction(title, types.CodeActionKind.QuickFix, command=run)

    async def by_action(self, lines: list[str], yes: str, no: str) -> bool:
        """The same by code actions alone."""
        self._settle(False)
        self._number += 1
        waiting: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting = waiting
        self._titles = (f"assist: {yes}", f"assist: {no}")
        told = f"{' '.join(lines)} Choose among the code actions: {self._titles[0]}, {self._titles[1]}."
        self._server.window_show_message(types.ShowMessageParams(types.MessageType.Warning, told))
        try:
            return await waiting
        finally:
            if self._waiting is waiting:
                self._waiting = None

    def _settle(self, said: bool) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(said)
        self._waiting = None
