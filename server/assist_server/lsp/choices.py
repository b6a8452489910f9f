"""Yes-or-no choices of the user: a message with buttons, or two code actions in clients that have no buttons.

Helix 25.01 answers `window/showMessageRequest` with an error. There the choice is offered among the code
actions of any document, and a message says what is asked. No answer means no.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from assist_server.lsp.protocol import Server

CHOOSE = "assist.choose"
VIEW = "Show text"


class Choices:
    """Owns the pending choice, at most one: a new choice answers an earlier one with no."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._waiting: asyncio.Future[bool] | None = None
        self._titles = ("", "")
        self._number = 0

        @server.command(CHOOSE)
        def choose(number: Any = 0, yes: Any = False) -> None:
            if number == self._number:  # else it comes from a menu that was opened for an earlier choice
                self._settle(yes is True)

    async def ask(
        self, lines: list[str], yes: str, no: str, view: Callable[[], Awaitable[None]] | None = None
    ) -> bool:
        """Ask the user with these lines of text; return whether the answer is yes.

        `view` shows what the question is about, and is a third choice; then the question is asked again.
        """
        titles = (yes, no, *([VIEW] if view else []))
        actions = [types.MessageActionItem(title) for title in titles]
        params = types.ShowMessageRequestParams(types.MessageType.Warning, "\n".join(lines), actions)
        while True:
            try:
                choice = await self._server.window_show_message_request_async(params)
            except JsonRpcException:
                return await self.ask_by_action(lines, yes, no)
            if view is None or choice is None or choice.title != VIEW:
                return bool(choice is not None and choice.title == yes)
            await view()

    def actions(self) -> Iterator[types.CodeAction]:
        """The pending choice as code actions."""
        if self._waiting is None:
            return
        for title, answer in zip(self._titles, (True, False), strict=True):
            run = types.Command(title, CHOOSE, arguments=[self._number, answer])
            yield types.CodeAction(title, types.CodeActionKind.QuickFix, command=run)

    async def ask_by_action(self, lines: list[str], yes: str, no: str) -> bool:
        """The same with code actions only."""
        self._settle(False)
        self._number += 1
        waiting: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting = waiting
        self._titles = (f"assist: {yes}", f"assist: {no}")
        where = "Choose one of these code actions in a source file"
        text = f"{' '.join(lines)} {where}: {self._titles[0]}, {self._titles[1]}."
        self._server.window_show_message(types.ShowMessageParams(types.MessageType.Warning, text))
        try:
            return await waiting
        finally:
            if self._waiting is waiting:
                self._waiting = None

    def _settle(self, answer: bool) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(answer)
        self._waiting = None
