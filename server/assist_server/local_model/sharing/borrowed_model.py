"""The client's side: the model of a running language server, used as if it were open in this process.

It imports no llama.cpp, so a command that finds such a server neither loads the library nor any weights.
If that server ends or stops, even in the middle of an answer, the model is opened here and goes on.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assist_completion.errors import ModelError, TooLongError
from assist_completion.inference.conversation import Conversation, LocalAnswer
from assist_completion.inference.doubts import Doubt
from assist_completion.suggestion import CompletionRequest, Suggestion
from assist_server.local_model.sharing.messages import (
    Hello,
    cursor_document,
    identify_file,
    is_same_user,
    own_version,
    read_doubts,
    read_hello,
    read_result,
    read_suggestion,
    receive,
    remove,
    send,
    sockets,
)

if TYPE_CHECKING:  # loads llama.cpp
    from assist_completion.engine.answer_stream import Answerer, AnswerStream

PATIENCE = 5.0  # seconds for a hello, or a sign of life: where that takes 1 s, opening the model takes longer
REST = 60.0  # seconds for which a server that gave none is not asked: its process may be stopped
BYTES_PER_TOKEN = 2  # fewer than a token of code has, so that `count` is an upper estimate

ModelConnection = tuple[asyncio.StreamReader, asyncio.StreamWriter]
OpenHere = Callable[[], "Awaitable[Answerer[Any]]"]
_silent: dict[Path, float] = {}  # when a server was silent; of this event loop alone


class LenderGoneError(ModelError):
    """The server ended, or is busy by now. The model of this process can do the same."""


async def borrow(data: Path, file: Path, here: OpenHere, own: Path | None = None) -> "BorrowedModel | None":
    """The model in `file`, loaded in a server with this data directory that is idle and of this version.

    `here` opens the same model in this process, if the server ends. `own` is the socket of this process,
    which is not asked.
    """
    model = await _first(data, file, own, lambda hello, identity: hello.file == identity and not hello.busy)
    return BorrowedModel(*model, here) if model else None


async def borrow_engine(data: Path, file: Path, own: Path | None = None) -> "BorrowedEngine | None":
    """The engine of a server with this data directory and version that writes ghost text with this file.

    `own` is the socket of this process, which is not asked.
    """
    model = await _first(data, file, own, lambda hello, file_identity: hello.completing == file_identity)
    return BorrowedEngine(model[1], model[2].snippet_tokens) if model else None


class BorrowedEngine:
    """Puts one request to a server's engine, which interrupts it for its own user, and goes on with it then.

    `snippet_tokens` is the room in its prompts for snippets of other files.
    """

    def __init__(self, connection: ModelConnection, snippet_tokens: int) -> None:
        self.snippet_tokens = snippet_tokens
        self._connection = connection

    async def complete(self, request: CompletionRequest, *, warm: bool = False) -> Suggestion:
        """The text at a cursor; with `warm` there is none, and the prompt is only read.

        Cancellation stops the model. Raises `ModelError` if the server ended.
        """
        try:
            document = await _ask(self._connection, cursor_document(request, warm=warm))
            return read_suggestion(document.get("suggestion", {}))
        except ValueError:
            raise LenderGoneError from None
        finally:
            self._connection[1].close()


async def _first(
    data: Path, file: Path, own: Path | None, fits: Callable[[Hello, str], bool]
) -> tuple[Path, ModelConnection, Hello] | None:
    """The first server but `own` whose hello fits with the identity of a file."""
    try:
        file_identity = identify_file(file)
    except OSError:
        return None
    for path in sockets(data):
        if path == own or time.monotonic() - _silent.get(path, -REST) < REST:
            continue
        if (model := await _greet(path, lambda hello: fits(hello, file_identity))) is not None:
            return path, *model
    return None


async def _greet(path: Path, fits: Callable[[Hello], bool]) -> tuple[ModelConnection, Hello] | None:
    """A connection to a server whose hello fits, with that."""
    writer = None
    try:
        async with asyncio.timeout(PATIENCE):
            reader, writer = await asyncio.open_unix_connection(path)
            document = await receive(reader) if is_same_user(writer) else None
            hello = read_hello(document) if document else None
    except ConnectionRefusedError:  # its server was killed
        remove(path)
    except TimeoutError:
        _silent[path] = time.monotonic()
    except (OSError, ValueError):
        pass
    else:
        if hello and hello.assist == own_version() and fits(hello):
            return (reader, writer), hello
    if writer is not None:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
    return None


async def _ask(connection: ModelConnection, document: dict[str, Any] | None = None) -> dict[str, Any]:
    """The next message of a server, to a question if one is sent. Raises `ModelError` and `TooLongError`."""
    reply: dict[str, Any] | None = {}
    try:
        if document is not None:
            await send(connection[1], document)
        while reply == {}:  # a sign of life
            async with asyncio.timeout(PATIENCE):
                reply = await receive(connection[0])
    except (OSError, ValueError):
        reply = None
    if reply is None:
        raise LenderGoneError
    if "excess" in reply:
        raise TooLongError(str(reply["error"]), int(reply["excess"]))
    if "error" in reply:
        raise ModelError(str(reply["error"]))
    return reply


class BorrowedModel:
    """Puts questions to a server's model; used like an `Answerer`. Close it at the end.

    What `here` opens belongs to who gave it.
    """

    def __init__(self, path: Path, connection: ModelConnection, hello: Hello, here: OpenHere) -> None:
        self.model = hello.model
        self.window = hello.window
        self.prefill = hello.prefill
        self._path = path
        self._file = hello.file
        self._here = here
        self._greeted: ModelConnection | None = connection
        self._streams: list[BorrowedStream] = []

    def count(self, text: str) -> int:
        """Tokens of a text, an upper estimate."""
        return len(text.encode("utf-8", "replace")) // BYTES_PER_TOKEN

    def answer(self, conversation: Conversation) -> "BorrowedStream":
        """Begin an answer, at the latest when its first piece is wanted."""
        stream = BorrowedStream(self._connect, self._here, conversation)
        self._streams.append(stream)
        return stream

    async def weigh(self, conversation: Conversation, text: str) -> tuple[Doubt, ...]:
        """Return what the model doubts in a text that the question holds. Raises `ModelError`."""
        try:
            connection = await self._connect()
            try:
                document = await _ask(connection, {**asdict(conversation), "weigh": text})
            finally:
                connection[1].close()
            return read_doubts(document)
        except (LenderGoneError, ValueError):
            return await (await self._here()).weigh(conversation, text)

    async def _connect(self) -> ModelConnection:
        """The connection whose hello was read, or for a later question another one."""
        connection, self._greeted = self._greeted, None
        if connection is None:
            model = await _greet(self._path, lambda hello: hello.file == self._file and not hello.busy)
            if model is None:
                raise LenderGoneError
            connection = model[0]
        return connection

    def close(self) -> None:
        """End every connection, and with it every answer."""
        for stream in self._streams:
            stream.close()
        if self._greeted is not None:
            self._greeted[1].close()
            self._greeted = None


class BorrowedStream:
    """One answer while a server writes it; used like an `AnswerStream`. If that ends, `here` goes on."""

    def __init__(
        self, connect: Callable[[], Awaitable[ModelConnection]], here: OpenHere, conversation: Conversation
    ) -> None:
        self._written = 0
        self._connect = connect
        self._here = here
        self._conversation = conversation
        self._connection: ModelConnection | None = None
        self._result: LocalAnswer | None = None
        self._text = ""
        self._rest: AnswerStream | None = None  # of the model here

    async def unread(self) -> int:
        """Return how many tokens of the question are read before the answer begins."""
        try:
            model = (await self._next()).get("unread")
        except LenderGoneError:
            return await (await self._go_on()).unread()
        return model if isinstance(model, int) else 0

    async def __aiter__(self) -> AsyncIterator[str]:
        try:
            while self._result is None and self._rest is None:
                document = await self._next()
                if "result" in document:
                    self._result = read_result(document["result"])
                elif piece := str(document.get("piece", "")):
                    self._written = int(document.get("written", 0))
                    self._text += piece
                    yield piece
            self.close()
        except (LenderGoneError, ValueError):
            await self._go_on()
        if self._rest is not None:
            length = len(self._text)
            async for piece in self._rest:
                if new := piece[length:]:
                    yield new
                length = max(0, length - len(piece))

    @property
    def written(self) -> int:
        """Return how many tokens the answer has so far."""
        return self._written + (self._rest.written if self._rest else 0)

    @property
    def result(self) -> LocalAnswer:
        """The answer, whole or as far as it came."""
        if self._rest is not None:
            return self._rest.result
        return self._result or LocalAnswer(self._text, "cancelled")

    async def aclose(self) -> None:
        """Stop the answer if it has not ended: the server sees the end of the connection."""
        self.close()
        if self._rest is not None:
            await self._rest.aclose()
        if self._connection is not None:
            with suppress(OSError):
                await self._connection[1].wait_closed()

    def close(self) -> None:
        """End the connection."""
        if self._connection is not None:
            self._connection[1].close()

    async def _go_on(self) -> "AnswerStream":
        """The answer of the model here, which begins with what the server wrote."""
        conversation = self._conversation
        rest = replace(
            conversation,
            beginning=self._text or conversation.beginning,
            max_tokens=max(1, conversation.max_tokens - self._written),
        )
        self._rest = (await self._here()).answer(rest)
        return self._rest

    async def _next(self) -> dict[str, Any]:
        """The next message of the server. Raises `ModelError` and `TooLongError`."""
        if self._connection is None:
            self._connection = await self._connect()
            return await _ask(self._connection, asdict(self._conversation))
        return await _ask(self._connection)
