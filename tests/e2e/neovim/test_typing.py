"""Typing in a real Neovim with the real model: ghost text appears, stays, disappears, and is accepted."""

from pathlib import Path

import pytest
from neovim_editor import Editor

pytestmark = pytest.mark.model

ADD = 'def add(first, second):\n    """Return the sum of first and second."""\n    return'
BLANKS = """
_G.blanks = 0
local space = vim.api.nvim_create_namespace('assist.ghost')
vim.api.nvim_set_decoration_provider(vim.api.nvim_create_namespace('blanks'), {
  on_win = function(_, _, buf)
    if #vim.api.nvim_buf_get_extmarks(buf, space, 0, -1, {}) == 0 then _G.blanks = _G.blanks + 1 end
  end,
})
"""


def type_and_wait(typing: Editor, path: Path, text: str | bytes = ADD) -> str:
    """Open a file, type a space at its end, and wait for the ghost text."""
    typing.open(path, text)
    typing.keys(" ")
    found = typing.until(typing.ghost, "ghost text")
    assert found == "first + second"
    return str(found)


@pytest.mark.every_version
def test_tab_takes_it_and_the_saved_bytes_are_right(typing: Editor, space: Path) -> None:
    before = typing.run_server_command("status")["counts"].get("accepted", 0)
    type_and_wait(typing, space / "a.py")
    typing.shows("    return first + second")
    assert typing.line() == "    return "
    typing.keys("<Tab>")
    typing.until(lambda: typing.line() == "    return first + second", "the text to be taken")
    assert typing.write() == f"{ADD} first + second\n".encode()
    assert typing.run_server_command("status")["counts"]["accepted"] == before + 1
    typing.keys("u")
    typing.until(lambda: typing.line() == "    return ", "one undo to take it back")


def test_a_word_and_then_the_line(typing: Editor, space: Path) -> None:
    before = typing.run_server_command("status")["counts"].get("accepted", 0)
    type_and_wait(typing, space / "b.py")
    typing.keys("<M-Right>")
    typing.until(lambda: typing.line() == "    return first", "the word to be taken")
    typing.until(lambda: typing.ghost() == " + second", "the rest to stay")
    typing.keys("<M-C-Right>")
    typing.until(lambda: typing.line() == "    return first + second", "the line to be taken")
    assert typing.run_server_command("status")["counts"]["accepted"] == before + 2


def test_dismissed_it_stays_away_and_the_key_is_what_it_was(typing: Editor, space: Path) -> None:
    type_and_wait(typing, space / "c.py")
    typing.keys("<C-]>")
    typing.until(lambda: not typing.ghost(), "the ghost text to go")
    typing.keys("<Tab>")
    typing.until(lambda: typing.line() == "    return TABBED", "the user's own mapping")


def test_typing_through_it_shortens_it_without_a_blank_and_without_inference(
    typing: Editor, space: Path
) -> None:
    typing.lua(BLANKS)
    type_and_wait(typing, space / "d.py")
    runs = typing.run_server_command("status")["counts"]["model-runs"]
    typing.lua("_G.blanks = 0")
    for number in range(1, 5):
        typing.keys("first"[number - 1])
        typing.until(lambda: typing.ghost() == "first + second"[number:], "a shorter ghost text")  # noqa: B023
    assert typing.lua("return _G.blanks") == 0
    typing.until(
        lambda: typing.run_server_command("answers")[-1]["source"] in ("typed-through", "cache"),
        "the server's own answer to the last key",  # the editor shortened the text before it asked
    )
    assert typing.run_server_command("status")["counts"]["model-runs"] == runs


def test_a_file_of_dos_keeps_its_bytes(typing: Editor, space: Path) -> None:
    type_and_wait(typing, space / "e.py", ADD.replace("\n", "\r\n").encode())
    typing.keys("<Tab>")
    typing.until(lambda: typing.line().endswith("second"), "the text to be taken")
    typing.keys("<CR>")
    assert typing.write() == f"{ADD} first + second\n".replace("\n", "\r\n").encode() + b"\r\n"


def test_the_statusline_and_the_help_tell(typing: Editor, space: Path) -> None:
    typing.open(space / "h.py", "x = 1\n")
    typing.keys("<Esc>")
    typing.until(lambda: "[assist ready" in typing.screen(), "the status in the statusline")
    typing.command("checkhealth assist")
    text = "\n".join(typing.lines())
    assert "The model is ready" in text
    assert "ERROR" not in text
    typing.command("bwipeout")
