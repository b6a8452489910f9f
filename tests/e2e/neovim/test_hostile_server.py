"""A team's server that answers with what no one sees, in a real Neovim: it is neither shown nor written."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hiding_server import ASKED, HIDING, HidingServer, raw_in
from neovim_editor import SETUP, Editor


@pytest.fixture
def editor(
    nvim: Callable[..., Editor], environ: dict[str, str], tmp_path: Path, server: HidingServer
) -> Editor:
    space = tmp_path / "space"
    (space / ".git").mkdir(parents=True)
    (space / "start.py").write_text("x = 1\n")
    tab = "vim.keymap.set('i', '<Tab>', 'TABBED')\n"
    opened = nvim(space, environ, space / "start.py", setup=SETUP + tab)
    opened.until("return require('assist').status():find('ready')", "the server to be used")
    return opened


def unseen(editor: Editor) -> int:
    """How many answers were dropped so far."""
    return int(editor.run_server_command("status")["counts"].get("unseen", 0))


def test_what_hides_is_not_shown_and_tab_writes_none_of_it(
    editor: Editor, tmp_path: Path, server: HidingServer
) -> None:
    for number, text in enumerate(HIDING):
        server.answer(text)
        before = unseen(editor)
        editor.open(tmp_path / "space" / f"a{number}.py", ASKED.replace("add", f"add{number}"))
        editor.keys(" ")
        editor.until(lambda: unseen(editor) > before, "the answer to be dropped")  # noqa: B023
        assert editor.ghost() == ""
        assert not raw_in(editor.screen())
        editor.keys("<Tab>")
        editor.until(lambda: editor.line() == "    return TABBED", "the user's own mapping")
        assert not raw_in(editor.write().decode())
    server.answer("a + b")
    editor.open(tmp_path / "space" / "last.py", ASKED)
    editor.keys(" ")
    assert editor.until(editor.ghost, "ghost text") == "a + b"
    editor.keys("<Tab>")
    editor.until(lambda: editor.line() == "    return a + b", "the text to be taken")
    assert editor.write() == f"{ASKED} a + b\n".encode()
