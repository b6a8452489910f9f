"""The model that answers on this machine, opened when it is first needed.

It is that of a running language server, if one has it loaded and is idle, and else one in this process.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from assist_completion.errors import CompletionError
from assist_completion.model_store.store import Store, resolve
from assist_server.config.config import Config, answering_model
from assist_server.local_model.sharing.borrowed_model import BorrowedModel, borrow
from assist_server.local_model.sharing.messages import sockets

if TYPE_CHECKING:
    from assist_completion.engine.answer_stream import Answerer


class OnDemandModel:
    """Owns the model. `file` finds its file, None if it is not there; `say` is told what takes long."""

    def __init__(
        self, config: Config, file: Callable[[], Path | None], say: Callable[[str], None] = lambda _: None
    ) -> None:
        self._config = config
        self._file = file
        self._say = say
        self._borrowed: BorrowedModel | None = None
        self._opened: Answerer[Any] | None = None
        self._begun: Future[Answerer[Any]] | None = None

    def begin(self) -> None:
        """Open the model in this process from now on, meanwhile, unless a server may have it open."""
        if self._file() is not None and not any(sockets(self._config.paths.data)):
            self._begun = ThreadPoolExecutor(1).submit(self._open_now)

    async def load(self) -> "Answerer[Any]":
        """The model; loading it does not block the event loop."""
        fresh = self._opened is None and self._borrowed is None and self._begun is None
        if fresh and (file := self._file()):
            self._borrowed = await borrow(self._config.paths.data, file, self._open)
        if self._opened is None and self._borrowed is not None:
            return cast("Answerer[Any]", self._borrowed)
        return await self._open()

    async def _open(self) -> "Answerer[Any]":
        """The model in this process."""
        if self._opened is not None:
            return self._opened
        begun, self._begun = self._begun, None
        opened = await (asyncio.wrap_future(begun) if begun else asyncio.to_thread(self._open_now))
        self._opened = opened
        return opened

    def _open_now(self) -> "Answerer[Any]":
        from assist_server.local_model.opening import open_local  # noqa: PLC0415  (llama.cpp, 0.4 s)

        return open_local(self._config, self._say)

    def close(self) -> None:
        """Give the model's memory back."""
        if self._begun is not None:  # and is not needed
            with suppress(CompletionError):
                self._opened = self._begun.result()
        for model in (self._borrowed, self._opened):
            if model is not None:
                model.close()


def model_file(config: Config) -> Path | None:
    """The file of the model that answers here, None if it is not there."""
    return _file_of(config, answering_model(config))


def completing_file(config: Config) -> Path | None:
    """The file of the model that writes ghost text, None if it is not there."""
    return _file_of(config, config.completion.model)


def _file_of(config: Config, model: str) -> Path | None:
    try:
        return resolve(Store(config.paths.data / "models"), model)
    except CompletionError:
        return None
