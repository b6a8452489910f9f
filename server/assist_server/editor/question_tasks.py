"""The running questions of one editor: each is a task that can be cancelled.

It uses plain values, which `lsp.answers` translates. `question_work` does the work.
"""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
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
from assist_server.threads.thread import drop_last_turn
from assist_server.workspace.documents import OpenDocument
from assist_server.workspace.folders import WorkspaceFolder

if TYPE_CHECKING:  # they load llama.cpp, numpy and tree-sitter
    from assist_completion.engine.answer_stream import Answerer
    from assist_escalation.routing.router import Wish

ASKED = 64  # questions that can be rated or asked again

log = logging.getLogger(__name__)

EXPECTED = (CompletionError, EscalationError, UserError)


def take_snapshot(
    config: Config, folders: tuple[WorkspaceFolder, ...], documents: Iterable[OpenDocument]
) -> WorkspaceSnapshot:
    """The workspace as it is now."""
    states = {
        document.uri: DocumentState(document.to_document(), document.real_path, document.version)
        for document in documents
    }
    return WorkspaceSnapshot(config, folders, states)


@dataclass(frozen=True, slots=True)
class _PastQuestion:
    """A question, the id of its request in the records, and its conversation as it was after the answer."""

    question: EditorQuestion
    request: str = ""
    thread: str = ""
    turns: int = 0


class QuestionTasks:
    """Owns the tasks of running questions. Event loop only.

    `snapshot` gives the workspace as it is now; `local` waits for the local model, and gives None if
    there is none.
    """

    def __init__(
        self,
        snapshot: Callable[[], WorkspaceSnapshot],
        local: "Callable[[], Awaitable[Answerer[Any] | None]]",
        editor: EditorPort,
    ) -> None:
        self._local = local
        self._context = EditorContext(snapshot, self._local_model, editor)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._asked: dict[str, _PastQuestion] = {}

    def ask(self, question: EditorQuestion) -> str:
        """Begin to answer; return the id that every message of the answer carries."""
        number = secrets.token_hex(6)
        task = asyncio.get_running_loop().create_task(
            self._answer(number, question, self._context.snapshot())
        )
        self._tasks[number] = task
        self._asked[number] = _PastQuestion(question)
        while len(self._asked) > ASKED:
            self._asked.pop(next(iter(self._asked)))
        task.add_done_callback(partial(self._end, number))
        return number

    def question_again(self, number: str, wish: "Wish | None" = None) -> EditorQuestion:
        """The question of an answer, to be asked again in place of it. Raises `UserError`."""
        last = self._asked.get(number)
        if last is None:
            raise UserError(f"The question of answer {number!r} is no longer available: ask it again.")
        threads = self._context.threads
        thread = threads.get(last.thread)
        if thread is not None and len(thread.turns) == last.turns:
            threads.put(drop_last_turn(thread))
        question = replace(last.question, thread=last.thread or last.question.thread)
        return question if wish is None else replace(question, wish=wish)

    async def rate(self, number: str, *, good: bool) -> None:
        """Remember whether an answer was good. Raises `UserError` if it is unknown."""
        question = self._asked.get(number)
        if question is None or not question.request:
            raise UserError(f"Answer {number!r} is no longer available here: use `assist rate`.")
        config = self._context.snapshot().config
        await asyncio.to_thread(_rate, config, question.request, good=good)

    def cancel(self, number: str) -> None:
        """Stop an answer; an unknown id has ended."""
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
        notes: tuple[str, ...]
        paths, notes = await work.undo(uri, self._context)
        return paths, notes

    async def _answer(self, number: str, question: EditorQuestion, snapshot: WorkspaceSnapshot) -> None:
        try:
            if question.command == "facts":
                self._tell(number, **await asyncio.to_thread(_facts, question, snapshot))
                self._tell(number, is_over=True)
                return
            work = await asyncio.to_thread(_question_work)
            await work.answer_question(question, snapshot, self._context, partial(self._pass_on, number))
        except EXPECTED as error:
            self._tell(number, is_over=True, error=str(error))

    def _pass_on(self, number: str, message: dict[str, Any]) -> None:
        self._remember(number, message)
        if message:
            self._tell(number, **message)

    def _remember(self, number: str, message: dict[str, Any]) -> None:
        """Note what a rating and a retry need; the id of the request is taken out of the message."""
        question = self._asked.get(number)
        request = message.pop("request", "")
        if question is None:
            return
        if request:
            self._asked[number] = replace(question, request=request)
        if thread := self._context.threads.get(message.get("thread") or ""):
            self._asked[number] = replace(question, thread=thread.id, turns=len(thread.turns))

    async def _local_model(self) -> "Answerer[Any]":
        local = await self._local()
        if local is None:
            raise CompletionError("The local model is not ready: check its state, and ask again.")
        return local

    def _tell(self, number: str, *, delta: str = "", is_over: bool = False, **more: Any) -> None:
        if is_over:  # nothing cancels what is left of the task, and the editor hears no more
            self._tasks.pop(number, None)
        self._context.editor.tell({"id": number, "delta": delta, "done": is_over, **more})

    def _end(self, number: str, task: "asyncio.Task[None]") -> None:
        wrong = "cancelled"
        if not task.cancelled():
            if (error := task.exception()) is None:
                return
            log.error("an answer failed: %s", type(error).__name__)
            wrong = f"Something went wrong ({type(error).__name__}): see the log."
        if number in self._tasks:
            self._tell(number, is_over=True, error=wrong)


def _question_work() -> Any:
    """Import the work at the first question: numpy, tree-sitter and more take 0.5 s, on a thread."""
    from assist_server.editor import question_work  # noqa: PLC0415

    return question_work


def _rate(config: Config, request: str, *, good: bool) -> None:
    from assist_server.records.past_requests import rate  # noqa: PLC0415

    rate(config, request, "up" if good else "down")


def _facts(question: EditorQuestion, snapshot: WorkspaceSnapshot) -> dict[str, Any]:
    """The message with the facts that a question asks for."""
    from assist_server.editor.question_place import facts_message  # noqa: PLC0415

    return facts_message(question, snapshot)
