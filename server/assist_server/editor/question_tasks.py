"""The running questions of one editor: each is a task that can be cancelled.

It uses plain values, which `lsp.answers` translates. `question_work` does the work.
"""

import asyncio
import logging
import secrets
from collections.abc import Callable, Iterable
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, Any

from assist_completion.errors import CompletionError
from assist_escalation.errors import EscalationError
from assist_server.config.config import Config
from assist_server.editor.question import (
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


def snapshot_of(
    config: Config, folders: tuple[WorkspaceFolder, ...], documents: Iterable[OpenDocument]
) -> WorkspaceSnapshot:
    """The workspace as it is now."""
    opened = {each.uri: DocumentState(each.to_document(), each.real_path, each.version) for each in documents}
    return WorkspaceSnapshot(config, folders, opened)


class QuestionTasks:
    """Owns the tasks of running questions. Event loop only.

    `snapshot` gives the workspace as it is now; `local` the local model, or None until it is loaded.
    """

    def __init__(
        self,
        snapshot: Callable[[], WorkspaceSnapshot],
        local: "Callable[[], Answerer[Any] | None]",
        editor: EditorPort,
    ) -> None:
        self._local = local
        self._context = EditorContext(snapshot, self._local_model, editor)
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def ask(self, question: EditorQuestion) -> str:
        """Begin to answer; return the id that every message of the answer carries."""
        number = secrets.token_hex(6)
        task = asyncio.get_running_loop().create_task(
            self._answer(number, question, self._context.snapshot())
        )
        self._tasks[number] = task
        task.add_done_callback(partial(self._end, number))
        return number

    def cancel(self, number: str) -> None:
        """Stop an answer; an unknown id is of one that has ended."""
        if task := self._tasks.get(number):
            task.cancel()

    def close(self) -> None:
        """Stop all answers."""
        for task in self._tasks.values():
            task.cancel()

    async def undo(self, uri: str) -> tuple[list[str], tuple[str, ...]]:
        """Take back the last edit of a document's folder, or of the first folder. Raises `EXPECTED`.

        Returns the paths, and in words which interrupted edits were finished first.
        """
        work = await asyncio.to_thread(_question_work)
        paths: list[str]
        recovered: tuple[str, ...]
        paths, recovered = await work.undo(uri, self._context)
        return paths, recovered

    async def _answer(self, number: str, question: EditorQuestion, snapshot: WorkspaceSnapshot) -> None:
        try:
            work = await asyncio.to_thread(_question_work)
            async with aclosing(work.answer_messages(question, snapshot, self._context)) as messages:
                async for message in messages:
                    self._tell(number, **message)
        except EXPECTED as error:
            self._tell(number, done=True, error=str(error))

    async def _local_model(self) -> "Answerer[Any]":
        local = self._local()
        if local is None:
            raise CompletionError("The local model is not ready yet: see its state, and ask again.")
        return local

    def _tell(self, number: str, *, delta: str = "", done: bool = False, **more: Any) -> None:
        self._context.editor.tell({"id": number, "delta": delta, "done": done, **more})

    def _end(self, number: str, task: "asyncio.Task[None]") -> None:
        self._tasks.pop(number, None)
        if task.cancelled():
            self._tell(number, done=True, error="cancelled")
        elif error := task.exception():
            log.error("an answer failed: %s", type(error).__name__)
            self._tell(
                number, done=True, error=f"Something went wrong ({type(error).__name__}): see the log."
            )


def _question_work() -> Any:
    """Import the work at the first question: numpy, tree-sitter and more take 0.5 s, on a thread."""
    from assist_server.editor import question_work  # noqa: PLC0415

    return question_work
