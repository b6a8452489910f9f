"""The models of this machine while a gateway runs: opened at the first request, shared with other processes.

A chat asks the model of a running language server, if one has it loaded and is idle, and a completion the
engine of one that has it loaded. So the gateway loads its own while no editor runs, and gives them back when
one does. Those that are loaded here answer the chats of other processes too.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assist_completion.errors import CompletionError, ModelError
from assist_completion.prompt.layout import count_tokens
from assist_completion.settings import model_name
from assist_completion.suggestion import CompletionRequest, Suggestion
from assist_gateway.foreign_request import GatewayRefusal
from assist_server.config.config import Config, answering_model
from assist_server.local_model.sharing.borrowed_model import BorrowedModel, borrow, borrow_engine
from assist_server.local_model.sharing.listener import SharedModel

if TYPE_CHECKING:  # they import llama.cpp
    from assist_completion.engine.answer_stream import Answerer
    from assist_completion.suggestion import GhostTextEngine


@dataclass(frozen=True, slots=True)
class LoadedModels:
    """What writes into code, and what answers."""

    engine: "GhostTextEngine"
    answers: "Answerer[Any]"

    def close(self) -> None:
        """Free the memory."""
        self.answers.close()
        self.engine.close()


MAX_WAITING = 8  # requests for the engine: who types has left before a ninth comes

LoadModels = Callable[[], LoadedModels]


class LocalModels:
    """Owns the models. Event loop only. `load` runs on a thread.

    `file` is that of the answering model, and `completing` that of the model for ghost text.
    """

    def __init__(
        self, config: Config, load: LoadModels, file: Path | None, completing: Path | None = None
    ) -> None:
        self.infilling = model_name(config.completion.model)
        self.answering = model_name(answering_model(config))
        self._engine_turn = asyncio.Lock()
        self._waiting = 0
        self._data = config.paths.data
        self._load = load
        self._file = file
        self._completing = completing
        self._chats = 0  # that the models here answer
        self._loading: asyncio.Task[LoadedModels] | None = None
        self._loaded: LoadedModels | None = None
        self._shared = SharedModel(lambda: self._loaded.answers if self._loaded else None)

    @property
    def names(self) -> tuple[str, ...]:
        """What a request may call the models of this machine."""
        return tuple(dict.fromkeys(("local", self.answering, self.infilling)))

    @property
    def is_loaded(self) -> bool:
        """Whether the models are in the memory of this process."""
        return self._loaded is not None

    async def complete(self, request: CompletionRequest) -> Suggestion:
        """The text at a cursor, one request after the other. Raises `ModelError` and `GatewayRefusal`."""
        async with self._turn():
            found = await self._by_editor(request)
            if found is None:
                engine = (await self._own()).engine
                found = await engine.complete(_fitting(request, engine.snippet_tokens))
        if found.reason == "model-failed":
            raise CompletionError("The local model failed: see the log of the process that has it loaded.")
        return found

    async def read_ahead(self, request: CompletionRequest) -> None:
        """Read the prompt for a later request. Raises `ModelError` and `GatewayRefusal`."""
        async with self._turn():
            if await self._by_editor(request, warm=True) is None:
                engine = (await self._own()).engine
                engine.prewarm(_fitting(request, engine.snippet_tokens).context, full=True)

    async def _by_editor(self, request: CompletionRequest, *, warm: bool = False) -> Suggestion | None:
        """What an editor's engine writes; None if there is none, or it has ended meanwhile."""
        borrowed = None
        if self._completing is not None:
            borrowed = await borrow_engine(self._data, self._completing, self._shared.path)
        if borrowed is None:
            return None
        self._give_back()
        try:
            return await borrowed.complete(_fitting(request, borrowed.snippet_tokens), warm=warm)
        except ModelError:
            return None

    def _give_back(self) -> None:
        """Free the models that are loaded here, as an editor has them too, unless a chat needs them."""
        loaded = self._loaded
        if loaded is not None and not self._chats and not loaded.answers.busy:
            self._loaded = None
            self._loading = None
            loaded.close()

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """The engine for one request, which the next one would drop. Raises `GatewayRefusal`."""
        if self._waiting >= MAX_WAITING:
            raise GatewayRefusal(429, "busy", "The local model is busy: ask again in a moment.")
        self._waiting += 1
        try:
            async with self._engine_turn:
                yield
        finally:
            self._waiting -= 1

    @asynccontextmanager
    async def answerer(self) -> AsyncIterator["Answerer[Any] | BorrowedModel"]:
        """What answers, for one conversation. Raises `ModelError`."""
        borrowed = None
        if self._file is not None:
            borrowed = await borrow(self._data, self._file, self._own_answers, self._shared.path)
        if borrowed is not None:
            self._give_back()
            try:
                yield borrowed
            finally:
                borrowed.close()
            return
        self._chats += 1
        try:
            yield await self._own_answers()
        finally:
            self._chats -= 1

    async def _own_answers(self) -> "Answerer[Any]":
        return (await self._own()).answers

    async def _own(self) -> LoadedModels:
        """The models, opened once for all who wait. A client that leaves does not end that."""
        if self._loaded is None:
            if self._loading is None or self._loading.done():
                self._loading = asyncio.create_task(self._open())
            await asyncio.shield(self._loading)
        if self._loaded is None:
            raise ModelError("The gateway is closing.")
        return self._loaded

    async def _open(self) -> LoadedModels:
        loaded = await asyncio.to_thread(self._load)
        self._loaded = loaded
        if self._shared.path is None:
            self._shared.start(self._data)
        return loaded

    async def close(self) -> None:
        """Free everything. What is still loading is waited for."""
        self._shared.close()
        if self._loading is not None:
            with suppress(CompletionError):
                await self._loading
        if self._loaded is not None:
            self._loaded.close()
            self._loaded = None


def _fitting(request: CompletionRequest, room: int) -> CompletionRequest:
    """The request with the snippets that a prompt has room for, the first ones first."""
    context = request.context
    snippets = []
    for snippet in context.snippets:
        room -= count_tokens(snippet)
        if room < 0:
            break
        snippets.append(snippet)
    return replace(request, context=replace(context, snippets=tuple(snippets)))
