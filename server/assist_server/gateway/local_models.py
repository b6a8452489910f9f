"""The models of this machine while a gateway runs: opened at the first request, shared with other processes.

A chat asks the model of a running language server, if one has it loaded and is idle. What is loaded here is
offered to other processes in the same way.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assist_completion.errors import CompletionError, ModelError
from assist_completion.settings import model_name
from assist_server.config.config import Config, answering_model
from assist_server.gateway.foreign_request import GatewayRefusal
from assist_server.local_model.sharing.borrowed_model import BorrowedModel, borrow
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


MOST_WAITING = 8  # requests for the engine: who types has left before a ninth comes

LoadModels = Callable[[], LoadedModels]


class LocalModels:
    """Owns the models. Event loop only. `load` runs on a thread; `file` is that of the answering model."""

    def __init__(self, config: Config, load: LoadModels, file: Path | None) -> None:
        self.infilling = model_name(config.completion.model)
        self.answering = model_name(answering_model(config))
        self._engine_turn = asyncio.Lock()
        self._waiting = 0
        self._data = config.paths.data
        self._load = load
        self._file = file
        self._loading: asyncio.Task[LoadedModels] | None = None
        self._loaded: LoadedModels | None = None
        self._shared = SharedModel(lambda: self._loaded.answers if self._loaded else None)

    @property
    def names(self) -> tuple[str, ...]:
        """What a request may call the models of this machine."""
        return tuple(dict.fromkeys(("local", self.answering, self.infilling)))

    async def engine(self) -> "GhostTextEngine":
        """What writes into code. Raises `ModelError`."""
        return (await self._own()).engine

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """The engine for one request, which the next one would drop. Raises `GatewayRefusal`."""
        if self._waiting >= MOST_WAITING:
            raise GatewayRefusal(429, "busy", "The local model has enough to do: ask again in a moment.")
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
        if self._loaded is None and self._file is not None:
            borrowed = await borrow(self._data, self._file)
        try:
            yield borrowed or (await self._own()).answers
        finally:
            if borrowed is not None:
                borrowed.close()

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
