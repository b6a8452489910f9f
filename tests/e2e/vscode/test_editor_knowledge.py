"""Ghost text that names what VS Code's own TypeScript knows not to exist: held back, at the cost of one question."""

import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from hiding_server import HidingServer, hiding_server
from workbench import Code, Window, until

pytestmark = pytest.mark.timeout(300)

# What the browser has is TypeScript's to know: we know nothing of it.
SOURCE = "const wrong: number = 'x';\nconst shapes = document.forms;\nconst first = shapes"
INVENTED, REAL = "getFirst()", "item(3)"
# The server, whose messages are kept.
LISTENING = """#!/bin/sh
[ "$1" = lsp ] || exec "{assist}" "$@"
"{assist}" "$@" | tee -a "{said}"
"""


@pytest.fixture
def server(configuration: Path) -> Iterator[HidingServer]:
    """The only one that could write ghost text."""
    with hiding_server(configuration / "config.toml") as found:
        yield found


@pytest.fixture
def config(configuration: Path, server: HidingServer) -> Path:
    return configuration / "config.toml"


def test_what_typescript_knows_not_to_exist_is_held_back(
    window: Window, server: HidingServer, code: Code
) -> None:
    (window.folder / "a.ts").write_text(SOURCE)
    pauses = iter([True] * 100)  # a second: what writes is slower than what checks, as models are
    server.answer(INVENTED, lambda: next(pauses, False))
    with code.with_settings(editor__suggestOnTriggerCharacters=False):
        window.open("a.ts", 3, len(SOURCE.rsplit("\n", maxsplit=1)[-1]) + 1)
        until("the server", lambda: "qwen" in window.status())
        window.page.locator(".squiggly-error").first.wait_for(timeout=60_000)
        window.type(".")
        until("why nothing is shown", lambda: "says your editor" in window.status_details())
        assert not window.ghost()
        server.answer(REAL[1:])
        window.type(REAL[0])
        assert window.wait_for_ghost() == REAL[1:]


def processor_seconds(code: Code) -> float:
    """What all servers under this code-server have used."""
    used = 0.0
    for process in psutil.Process(code.process.pid).children(recursive=True):
        with suppress(psutil.Error):  # it has ended
            used += sum(process.cpu_times()[:2]) if process.cmdline()[-1:] == ["lsp"] else 0
    return used


def test_typescript_is_asked_once_for_a_dot_and_not_beside_its_popup(
    window: Window, server: HidingServer, code: Code, tmp_path: Path
) -> None:
    said, listening = tmp_path / "said", tmp_path / "assist"
    said.touch()
    listening.write_text(LISTENING.format(assist=Path(sys.executable).with_name("assist"), said=said))
    listening.chmod(0o755)

    def questions() -> int:
        return said.read_bytes().count(b'"assist/editorKnowledge"')

    (window.folder / "a.ts").write_text(f"{SOURCE}.")
    server.answer(INVENTED)
    path = str(listening)
    with code.with_settings(editor__suggestOnTriggerCharacters=False, assist__server__path=path):
        window.open("a.ts", 3, len(SOURCE.rsplit("\n", maxsplit=1)[-1]) + 2)
        until("the server", lambda: "qwen" in window.status())
        window.page.locator(".squiggly-error").first.wait_for(timeout=60_000)
        window.press("Control+Space")
        window.page.locator(".suggest-widget.visible .monaco-list-row").first.wait_for()
        window.type("i")
        # The request for it may be older than the key: a text that goes on with the chosen item is typed through.
        until("a text beside the popup", lambda: INVENTED in window.ghost())
        assert server.requests
        assert questions() == 0
        window.press("Escape", "End", "Enter")
        window.type("shapes")
        pauses = iter([True] * 100)
        server.answer(INVENTED, lambda: next(pauses, False))
        before = questions()
        window.type(".")
        until("why nothing is shown", lambda: "says your editor" in window.status_details())
        window.type("ge")
        assert not window.appears(lambda: questions() > before + 1, 2)
        assert questions() == before + 1
        until("rest", lambda: _rests(code, 1))
        assert _rests(code, 10)


def _rests(code: Code, seconds: float) -> bool:
    """Whether no server computes for so long."""
    used = processor_seconds(code)
    time.sleep(seconds)
    return processor_seconds(code) == used
