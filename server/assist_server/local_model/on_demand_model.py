"""The model that answers on this machine, opened when it is first needed.

It is that of a running language server, if one has it loaded and is idle, and else one in this process.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from assist_server.config.config import Config
from assist_server.local_model.sharing.borrowed_model import BorrowedModel, borrow

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

    async def load(self) -> "Answerer[Any]":
        """The model; loading it does not block the event loop."""
        if self._opened is None and self._borrowed is None and (file := self._file()):
            self._borrowed = await borrow(self._config.paths.data, file, self._open)
        if self._opened is None and self._borrowed is not None:
            return cast("Answerer[Any]", self._borrowed)
        return await self._open()

    async def _open(self) -> "Answerer[Any]":
        """The model in this process."""
        if self._opened is not None:
            return self._opened
        from assist_server.local_model.opening import open_local  # noqa: PLC0415  (llama.cpp, 0.4 s)

        model = await asyncio.to_thread(open_local, self._config, self._say)
        self._opened = model
        return model

    def close(self) -> None:
        """Give the model's memory back."""
        for model in (self._borrowed, self._opened):
            if model is not None:
                model.close()
