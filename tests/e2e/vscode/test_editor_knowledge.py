"""Ghost text that names what VS Code's own TypeScript knows not to exist: held back, at the cost of one question."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hiding_server import HidingServer, hiding_server
from workbench import Code, Window, until

pytestmark = pytest.mark.timeout(300)

# What the browser has is TypeScript's to know: we know nothing of it.
SOURCE = "const wrong: number = 'x';\nconst shapes = document.forms;\nconst first = shapes"
INVENTED, REAL = "getFirst()", "item(3)"


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
    pauses = iter([True] * 400)  # 4 s in all: TypeScript answers before the text, even on a busy machine
    server.answer(INVENTED, lambda: next(pauses, False))
    with code.with_settings(editor__suggestOnTriggerCharacters=False):
        window.open("a.ts", 3, len(SOURCE.rsplit("\n", maxsplit=1)[-1]) + 1)
        until("the server", lambda: "qwen" in window.status())
        window.page.locator(".squiggly-error").first.wait_for(timeout=60_000)
        window.type(".")
        until("why nothing is shown", lambda: "according to your editor" in window.status_details())
        assert not window.ghost()
        server.answer(REAL[1:])
        window.type(REAL[0])
        assert window.wait_for_ghost() == REAL[1:]
