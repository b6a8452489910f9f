"""The model that answers on this machine, opened when it is first needed.

It is that of a running language server, if one has it loaded and is idle, and else one in this process.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assist_server.config.config import Config
from assist_server.local_model.sharing.borrowed_model import borrow

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
        self._model: Any = None

    async def load(self) -> "Answerer[Any]":
        """The model; loading it does not block the event loop."""
        if self._model is None:
            file = self._file()
            self._model = await borrow(self._config.paths.data, file) if file else None
        if self._model is None:
            from assist_server.local_model.opening import open_local  # noqa: PLC0415  (llama.cpp, 0.4 s)

            self._model = await asyncio.to_thread(open_local, self._config, self._say)
        model: Answerer[Any] = self._model
        return model

    def close(self) -> None:
        """Give the model's memory back."""
        if self._model is not None:
            self._model.close()
