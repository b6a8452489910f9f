"""The server's side: answers other processes of the user with the models that are loaded here.

It answers conversations, and completes code as a guest: below all that the user waits for here.
It waits without any timer. It opens no model that the server would not open itself.
"""

import asyncio
import logging
import os
import weakref
from collections.abc import Callable
from contextlib import aclosing, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assist_completion.errors import CompletionError, TooLongError
from assist_completion.suggestion import GhostTextEngine, Suggestion
from assist_server.local_model.sharing.messages import (
    Hello,
    identify_file,
    is_same_user,
    new_socket,
    own_version,
    read_conversation,
    read_cursor,
    receive,
    send,
    suggestion_document,
)

if TYPE_CHECKING:  # loads llama.cpp
    from assist_completion.engine.answer_stream import Answerer

ALIVE_S = 1.0  # seconds between two signs of life to who waits: a process that is stopped gives none

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SharedEngine:
    """An engine for guests, and the file of its model."""

    engine: GhostTextEngine
    file: Path


class SharedModel:
    """Owns the socket of this server, at `path` once it listens, and its connections. Event loop only.

    `answerer` gives the model that answers here, None while there is none, and `completing` what writes into
    code for other programs.
    """

    def __init__(
        self,
        answerer: "Callable[[], Answerer[Any] | None]",
        completing: Callable[[], SharedEngine | None] = lambda: None,
    ) -> None:
        self._answerer = answerer
        self._completing = completing
        self._turn = asyncio.Lock()  # the next request would drop the one before it
        self.path: Path | None = None
        self._server: asyncio.AbstractServer | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, data: Path) -> None:
        """Begin to listen, where the system allows that."""
        self._own(asyncio.get_running_loop().create_task(self._listen(data)))

    def close(self) -> None:
        """Stop listening, and every answer that is given to another process."""
        for task in self._tasks:
            task.cancel()
        if self._server is not None:
            self._server.close()
            self._server = None

    def _own(self, task: "asyncio.Task[None]") -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _listen(self, data: Path) -> None:
        try:
            path = new_socket(data)
            if path is None:
                return
            self._server = await asyncio.start_unix_server(self._accept, path)
            weakref.finalize(self, path.unlink, missing_ok=True)
            os.chmod(path, 0o600)
            self.path = path
        except OSError as error:  # a file system without sockets: each command loads its own model
            log.info("the model is not shared: %s", error.strerror)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._own(asyncio.get_running_loop().create_task(self._serve(reader, writer)))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection: hello, a conversation, its answer."""
        try:
            answerer = self._answerer()
            if answerer is None or answerer.file is None or not is_same_user(writer):
                return
            file = await asyncio.to_thread(identify_file, answerer.file)
            hello = Hello(
                own_version(), file, answerer.model, answerer.window, answerer.prefill, answerer.busy
            )
            if (partner := self._completing()) is not None:
                completing = await asyncio.to_thread(identify_file, partner.file)
                room = partner.engine.snippet_tokens
                hello = replace(hello, completing=completing, snippet_tokens=room)
            await send(writer, asdict(hello))
            if (document := await receive(reader)) is None:
                return
            if "cursor" in document:
                answer = asyncio.create_task(self._complete(document, writer))
            else:
                answer = asyncio.create_task(_write_answer(answerer, document, writer))
            self._own(answer)
            gone = asyncio.create_task(_until_gone(reader))
            self._own(gone)
            try:
                ends = {answer, gone}
                while not (await asyncio.wait(ends, timeout=ALIVE_S, return_when=asyncio.FIRST_COMPLETED))[0]:
                    await send(writer, {})  # a sign of life
            finally:
                answer.cancel()
                gone.cancel()
            with suppress(asyncio.CancelledError):
                await answer
        except (OSError, ValueError) as error:
            log.info("a connection for the shared model ended: %s", type(error).__name__)
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def _complete(self, document: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        """The text at a cursor. Whenever the user here is in the way, it is written again."""
        request, warm = read_cursor(document)
        completing = self._completing()
        if completing is not None and warm:
            completing.engine.prewarm(request.context, full=True)
            await send(writer, {"suggestion": suggestion_document(Suggestion())})
            return
        async with self._turn:
            while completing is not None and completing == self._completing():
                suggestion = await completing.engine.complete(request)
                if suggestion.reason != "superseded":
                    await send(writer, {"suggestion": suggestion_document(suggestion)})
                    return
        await send(writer, {"error": "The model is no longer loaded."})


async def _until_gone(reader: asyncio.StreamReader) -> None:
    """Wait until the client closes the connection. It has nothing more to say before."""
    with suppress(OSError):
        await reader.read(1)


async def _write_answer(
    answerer: "Answerer[Any]", document: dict[str, Any], writer: asyncio.StreamWriter
) -> None:
    """The answer to a conversation, piece by piece, or its doubts. It ends early if the client is gone."""
    try:
        conversation = read_conversation(document)
        if "weigh" in document:
            suggestion = await answerer.weigh(conversation, str(document["weigh"]))
            await send(writer, {"doubts": [asdict(doubt) for doubt in suggestion]})
            return
        async with aclosing(answerer.answer(conversation)) as stream:
            await send(writer, {"unread": await stream.unread()})
            async for piece in stream:
                await send(writer, {"piece": piece, "written": stream.written})
            result = stream.result
        await send(writer, {"result": asdict(result)})
    except TooLongError as error:
        await send(writer, {"error": str(error), "excess": error.excess})
    except (CompletionError, ValueError) as error:
        await send(writer, {"error": str(error)})
