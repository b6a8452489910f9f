"""What becomes of a model that cannot be opened: the editor is told, whatever went wrong."""

import asyncio
import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
from config_files import environ, write

from assist_completion.errors import MissingModelError, ModelError
from assist_server.config.config import Config, load_lenient
from assist_server.editor.model_lifetime import ModelLifetime, SessionStatus, StatusItem
from assist_server.editor.session import Session


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


SERVER = """
[servers.box]
kind = "llama.cpp"
base_url = "http://127.0.0.1:9"
model = "qwen2.5-coder-0.5b"
residency = ["internal"]
"""
WITHOUT_MODEL = """
import asyncio, sys
from assist_completion.errors import MissingModelError
from assist_server.config.config import load_lenient
from assist_server.editor.model_lifetime import ModelLifetime, StatusItem

def absent(config, say):
    raise MissingModelError("not here")

async def main():
    shown = asyncio.Event()
    item = StatusItem("m", lambda status: status.state == "missing" and shown.set())
    config = load_lenient()
    lifetime = ModelLifetime(lambda: config, absent, item, lambda: None)
    lifetime.start()
    await asyncio.wait_for(shown.wait(), 60)
    lifetime.close()
    print(*sys.modules)

asyncio.run(main())
"""


@pytest.mark.parametrize("named", [False, True])
def test_the_gate_is_loaded_only_for_a_teams_server(tmp_path: Path, named: bool) -> None:
    """It would hold the event loop for 0.3 s, just when the model is ready."""
    text = '[completion]\nserver = "box"\n' + SERVER if named else ""
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_MODEL],
        env={**os.environ, **write(tmp_path, text)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ("assist_escalation.egress.ghost_text" in done.stdout.split()) == named


async def test_an_editor_is_told_when_a_device_cannot_be_used_and_when_it_fails_later(tmp_path: Path) -> None:
    """`trouble` is from the start; what is said after it is from a device that was lost."""
    shown: list[SessionStatus] = []
    say: list[Callable[[str], None]] = []
    part = SimpleNamespace(close=lambda: None, counts=Counter())
    models = SimpleNamespace(
        model="",
        library="prebuilt (x 1.0)",
        trouble="The graphics device is not used: no memory.",
        guests=None,
        probe=None,
        answers=part,
        engine=part,
    )

    def open_models(config: Config, progress: Callable[[str], None]) -> SimpleNamespace:
        say.append(progress)
        return models

    item = StatusItem("m", shown.append)
    lifetime = ModelLifetime(lambda: load_lenient(environ(tmp_path)), open_models, item, lambda: None)  # type: ignore[arg-type]
    lifetime.start()
    await lifetime.wait_until_loaded()
    assert (shown[-1].state, shown[-1].message) == ("ready", models.trouble)
    await asyncio.to_thread(say[0], "The graphics device failed, and the processor goes on: -3.")
    await asyncio.sleep(0)
    assert (shown[-1].state, shown[-1].message[-3:]) == ("ready", "-3.")
    lifetime.close()


async def test_a_speed_of_a_busy_machine_waits_for_a_minute_without_keys(tmp_path: Path) -> None:
    heard: list[str] = []
    probe = SimpleNamespace(**{name: partial(heard.append, name) for name in ("start", "touch", "close")})
    part = SimpleNamespace(close=lambda: None, counts=Counter())
    models = SimpleNamespace(
        model="", library="", trouble="", guests=None, answers=part, engine=part, probe=probe
    )
    config = load_lenient(environ(tmp_path))
    session = Session(config, lambda _: None, lambda *_: models)  # type: ignore[arg-type,return-value]
    session.model.start()
    await session.model.wait_until_loaded()
    session.change_document("file:///a.py", 2, [])
    session.close()
    assert heard == ["start", "touch", "close"]
