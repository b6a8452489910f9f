"""What becomes of a model that cannot be opened: the editor is told, whatever went wrong."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from config_files import environ

from assist_completion.errors import MissingModelError, ModelError
from assist_server.config.config import Config, load_lenient
from assist_server.editor.model_lifetime import ModelLifetime, SessionStatus, StatusItem


async def end_of(config: Config, error: BaseException) -> SessionStatus:
    """The status after a model whose opening raises this error."""

    def open_models(config: Config, say: Callable[[str], None]) -> None:
        say("measuring")
        raise error

    ended = asyncio.Event()
    shown: list[SessionStatus] = []

    def show(status: SessionStatus) -> None:
        shown.append(status)
        if status.state != "loading":
            ended.set()

    item = StatusItem("m", show)
    lifetime = ModelLifetime(lambda: config, open_models, item, lambda: None)  # type: ignore[arg-type]
    lifetime.start()
    async with asyncio.timeout(30):
        assert await lifetime.loaded_answerer() is None
        await ended.wait()
        for thread in threading.enumerate():
            if thread.name == "assist-open":
                await asyncio.to_thread(
                    thread.join
                )  # its traceback belongs to this test, not to the next one
    lifetime.close()
    return next(status for status in shown if status.state != "loading")


@pytest.mark.parametrize(
    ("error", "state", "message"),
    [
        (ModelError("a.gguf is damaged."), "failed", "a.gguf is damaged."),
        (MissingModelError("a.gguf is not here."), "missing", "a.gguf is not here."),
        (RecursionError("deep"), "failed", "could not be opened; the server's log says why"),
        (PermissionError(13, "no"), "failed", "could not be opened; the server's log says why"),
        (MemoryError(), "failed", "could not be opened; the server's log says why"),
    ],
)
@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnhandledThreadExceptionWarning"
)  # its traceback is for the log
async def test_an_editor_is_told_why_a_model_is_not_opened(
    tmp_path: Path, error: BaseException, state: str, message: str
) -> None:
    status = await end_of(load_lenient(environ(tmp_path)), error)
    assert status.state == state
    assert message in status.message
