"""A team's server that answers with what no one sees, in VS Code: it is neither shown nor written."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hiding_server import ASKED, HIDING, HidingServer, hiding_server, raw_in
from workbench import Window, until

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def server(configuration: Path) -> Iterator[HidingServer]:
    """The only one that could write ghost text."""
    with hiding_server(configuration / "config.toml") as found:
        yield found


@pytest.fixture
def config(configuration: Path, server: HidingServer) -> Path:
    return configuration / "config.toml"


def open_file(window: Window, name: str, text: str) -> Path:
    """Show a file with the cursor at its end."""
    path = window.folder / name
    path.write_text(text)
    lines = text.split("\n")
    window.switch(name, len(lines), len(lines[-1]) + 1)
    return path


def test_what_hides_is_not_shown_and_tab_writes_none_of_it(window: Window, server: HidingServer) -> None:
    (window.folder / "start.py").write_text("x = 1\n")
    window.open("start.py")
    until("the server", lambda: "qwen" in window.status())
    for number, text in enumerate(HIDING):
        server.answer(text)
        path = open_file(window, f"a{number}.py", ASKED.replace("add", f"add{number}"))
        before = len(server.requests)
        window.type(" ")
        until("the question", lambda before=before: len(server.requests) > before)
        until("why nothing is shown", lambda: "invisible characters" in window.status_details())
        assert not window.appears(window.ghost, 1)
        assert not raw_in(window.status_details())
        window.press("Tab")
        typed = "pqrstuv"[number]  # not the same change again, which would be offered as the next edit
        window.type(typed)
        window.save()
        assert not raw_in(path.read_text())
        assert path.read_text().splitlines()[-1].split() == ["return", typed]
    server.answer("a + b")
    path = open_file(window, "last.py", ASKED)
    window.type(" ")
    assert window.wait_for_ghost() == "a + b"
    window.press("Tab")
    until("the accepted text", lambda: not window.ghost())
    window.save()
    assert path.read_text() == f"{ASKED} a + b"
