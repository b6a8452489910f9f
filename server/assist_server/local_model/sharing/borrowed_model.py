"""The client's side: the model of a running language server, used as if it were open in this process.

It imports no llama.cpp, so a command that finds such a server neither loads the library nor any weights.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from assist_completion.errors import ModelError
from assist_completion.inference.conversation import Conversation, LocalAnswer
from assist_completion.inference.doubts import Doubt
from assist_completion.suggestion import CompletionRequest, Suggestion
from assist_server.local_model.sharing.messages import (
    Hello,
    conversation_document,
    cursor_document,
    doubts_of,
    hello_of,
    identity_of,
    is_same_user,
    own_version,
    receive,
    remove,
    result_of,
    send,
    sockets,
    suggestion_of,
)

PATIENCE = 1.0  # seconds for a hello: a server that is busier than that is no help
BYTES_PER_TOKEN = 2  # fewer than a token of code has, so that `count` is an upper estimate
GONE = "The editor whose model was asked has ended: ask again."

ModelConnection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def borrow(data: Path, file: Path, own: Path | None = None) -> "BorrowedModel | None":
    """The model in `file`, loaded in a server with this data directory that is idle and of this version.

    `own` is the socket of this process, which is not asked.
    """
    found = await _first(data, file, own, lambda hello, wanted: hello.file == wanted and not hello.busy)
    return BorrowedModel(*found) if found else None


async def borrow_engine(data: Path, file: Path, own: Path | None = None) -> "BorrowedEngine | None":
    """The engine of a server with this data directory and version that writes ghost text with this file.

    `own` is the socket of this process, which is not asked.
    """
    found = await _first(data, file, own, lambda hello, wanted: hello.completing == wanted)
    return BorrowedEngine(found[1], found[2].snippet_tokens) if found else None


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
        reader, writer = self._connection
        try:
            await send(writer, cursor_document(request, warm=warm))
            document = await receive(reader) or {"error": GONE}
            if "error" in document:
                raise ModelError(str(document["error"]))
            return suggestion_of(document.get("suggestion", {}))
        except (OSError, ValueError):
            raise ModelError(GONE) from None
        finally:
            writer.close()


async def _first(
    data: Path, file: Path, own: Path | None, fits: Callable[[Hello, str], bool]
) -> tuple[Path, ModelConnection, Hello] | None:
    """The first server but `own` whose hello fits with the identity of a file."""
    try:
        wanted = identity_of(file)
    except OSError:
        return None
    for path in sockets(data):
        if path == own:
            continue
        if (found := await _greet(path, lambda hello: fits(hello, wanted))) is not None:
            return path, *found
    return None


async def _greet(path: Path, fits: Callable[[Hello], bool]) -> tuple[ModelConnection, Hello] | None:
    """A connection to a server whose hello fits, with that."""
    writer = None
    try:
        async with asyncio.timeout(PATIENCE):
            reader, writer = await asyncio.open_unix_connection(path)
            document = await receive(reader) if is_same_user(writer) else None
            hello = hello_of(document) if document else None
    except ConnectionRefusedError:  # its server was killed
        remove(path)
    except (OSError, ValueError, TimeoutError):
        pass
    else:
        if hello and hello.assist == own_version() and fits(hello):
            return (reader, writer), hello
    if writer is not None:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
    return None


class BorrowedModel:
    """Puts questions to a server's model; used like an `Answerer`. Close it at the end."""

    def __init__(self, path: Path, connection: ModelConnection, hello: Hello) -> None:
        self.model = hello.model
        self.window = hello.window
        self.prefill = hello.prefill
        self._path = path
        self._file = hello.file
        self._greeted: ModelConnection | None = connection
        self._streams: list[BorrowedStream] = []

    def count(self, text: str) -> int:
        """Tokens of a text, an upper estimate."""
        return len(text.encode("utf-8", "replace")) // BYTES_PER_TOKEN

    def answer(self, conversation: Conversation) -> "BorrowedStream":
        """Begin an answer, at the latest when its first piece is wanted."""
        stream = BorrowedStream(self._connect, conversation)
        self._streams.append(stream)
        return stream

    async def weigh(self, conversation: Conversation, text: str) -> tuple[Doubt, ...]:
        """What the model doubts in a text that the question holds. Raises `ModelError`."""
        reader, writer = await self._connect()
        try:
            await send(writer, {**conversation_document(conversation), "weigh": text})
            document = await receive(reader) or {"error": GONE}
            if "error" in document:
                raise ModelError(str(document["error"]))
            return doubts_of(document)
        except (OSError, ValueError):
            raise ModelError(GONE) from None
        finally:
            writer.close()

    async def _connect(self) -> ModelConnection:
        """The connection whose hello was read, or for a later question another one. Raises `ModelError`."""
        connection, self._greeted = self._greeted, None
        if connection is None:
            found = await _greet(self._path, lambda hello: hello.file == self._file and not hello.busy)
            if found is None:
                raise ModelError(GONE)
            connection = found[0]
        return connection

    def close(self) -> None:
        """End every connection, and with it every answer."""
        for stream in self._streams:
            stream.close()
        if self._greeted is not None:
            self._greeted[1].close()
            self._greeted = None


class BorrowedStream:
    """One answer while a server writes it; used like an `AnswerStream`."""

    def __init__(self, connect: Any, conversation: Conversation) -> None:
        self.written = 0
        self._connect = connect
        self._conversation = conversation
        self._connection: ModelConnection | None = None
        self._result: LocalAnswer | None = None
        self._text: list[str] = []

    async def unread(self) -> int:
        """How many tokens of the question are read before the answer begins."""
        found = (await self._next()).get("unread")
        return found if isinstance(found, int) else 0

    async def __aiter__(self) -> AsyncIterator[str]:
        while self._result is None:
            document = await self._next()
            if "result" in document:
                try:
                    self._result = result_of(document["result"])
                except ValueError:
                    raise ModelError(GONE) from None
            elif piece := str(document.get("piece", "")):
                self.written = int(document.get("written", 0))
                self._text.append(piece)
                yield piece
        self.close()

    @property
    def result(self) -> LocalAnswer:
        """The answer, whole or as far as it came."""
        return self._result or LocalAnswer("".join(self._text), "cancelled")

    async def aclose(self) -> None:
        """Stop the answer if it has not ended: the server sees the end of the connection."""
        self.close()
        if self._connection is not None:
            with suppress(OSError):
                await self._connection[1].wait_closed()

    def close(self) -> None:
        """End the connection."""
        if self._connection is not None:
            self._connection[1].close()

    async def _next(self) -> dict[str, Any]:
        """The next message of the server. Raises `ModelError`."""
        try:
            if self._connection is None:
                self._connection = await self._connect()
                await send(self._connection[1], conversation_document(self._conversation))
            document = await receive(self._connection[0])
        except (OSError, ValueError):
            document = None
        if document is None:
            raise ModelError(GONE)
        if "error" in document:
            raise ModelError(str(document["error"]))
        return document
