"""The questions of one editor: each is a task that can be cancelled, over documents as they are open.

It speaks plain values; `lsp_answers` translates them, and `inquiry_work` does what they ask for.
"""

import asyncio
import logging
import secrets
from collections.abc import Callable, Mapping
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, Any

from assist_completion.errors import CompletionError
from assist_escalation.errors import EscalationError
from assist_server.config.config import Config
from assist_server.editor.inquiry import (
    DocumentState,
    EditorContext,
    EditorPort,
    EditorQuestion,
    WorkspaceSnapshot,
)
from assist_server.errors import UserError
from assist_server.workspace.documents import OpenDocument
from assist_server.workspace.folders import WorkspaceFolder

if TYPE_CHECKING:  # they load llama.cpp, numpy and tree-sitter
    from assist_completion.engine.answer_stream import Answerer

log = logging.getLogger(__name__)

EXPECTED = (CompletionError, EscalationError, UserError)


def view_of(
    config: Config, folders: tuple[WorkspaceFolder, ...], documents: Mapping[str, OpenDocument]
) -> WorkspaceSnapshot:
    """The workspace as it is now."""
    opened = {uri: DocumentState(each.frozen(), each.place, each.version) for uri, each in documents.items()}
    return WorkspaceSnapshot(config, folders, opened)


class EditorQuestions:
    """Owns the questions under way. Event loop only.

    `view` gives the workspace as it is; `local` the model that answers, or None while there is none.
    """

    def __init__(
        self,
        view: Callable[[], WorkspaceSnapshot],
        local: "Callable[[], Answerer[Any] | None]",
        editor: EditorPort,
    ) -> None:
        self._local = local
        self._around = EditorContext(view, self._opened, editor)
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def ask(self, inquiry: EditorQuestion) -> str:
        """Begin to answer; the id that the pieces carry."""
        number = secrets.token_hex(6)
        task = asyncio.get_running_loop().create_task(self._answer(number, inquiry, self._around.view()))
        self._tasks[number] = task
        task.add_done_callback(partial(self._ended, number))
        return number

    def cancel(self, number: str) -> None:
        """Stop an answer; unknown ones are over already."""
        if task := self._tasks.get(number):
            task.cancel()

    def close(self) -> None:
        """Stop all."""
        for task in self._tasks.values():
            task.cancel()

    async def undo(self, uri: str) -> list[str]:
        """Take back the last edit of a document's folder, or of the first; its paths. Raises `EXPECTED`."""
        work = await asyncio.to_thread(_work)
        paths: list[str] = await work.undo(uri, self._around)
        return paths

    async def _answer(self, number: str, inquiry: EditorQuestion, view: WorkspaceSnapshot) -> None:
        try:
            work = await asyncio.to_thread(_work)
            async with aclosing(work.answered(inquiry, view, self._around)) as messages:
                async for message in messages:
                    self._tell(number, **message)
        except EXPECTED as error:
            self._tell(number, done=True, error=str(error))

    async def _opened(self) -> "Answerer[Any]":
        local = self._local()
        if local is None:
            raise CompletionError("The local model is not ready yet: see its state, and ask again.")
        return local

    def _tell(self, number: str, *, delta: str = "", done: bool = False, **more: Any) -> None:
        self._around.editor.tell({"id": number, "delta": delta, "done": done, **more})

    def _ended(self, number: str, task: "asyncio.Task[None]") -> None:
        self._tasks.pop(number, None)
        if task.cancelled():
            self._tell(number, done=True, error="cancelled")
        elif error := task.exception():
            log.error("an answer failed: %s", type(error).__name__)
            self._tell(
                number, done=True, error=f"Something went wrong ({type(error).__name__}): see the log."
            )


def _work() -> Any:
    """What does the work; it loads numpy, tree-sitter and more, 0.5 s that no editor waits for."""
    from assist_server.editor import inquiry_work  # noqa: PLC0415

    return inquiry_work
