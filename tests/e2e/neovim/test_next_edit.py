"""Next edits of the real server, without any model, in a real Neovim of each version."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from neovim_editor import Editor

USERS = """\
def load_user(number):
    return number


first = load_user(1)
second = load_user(2)
third = load_user(3)
fourth = load_user(4)
"""
RENAMED = USERS.replace("load_user", "fetch_user")
REPORT = "from users import load_user\n\nshown = load_user(5)\n"
SHOWN = "return vim.fn.maparg('<Tab>', 'n', false, true).buffer == 1"
IN_LIST = "return vim.api.nvim_win_get_config(0).relative ~= ''"

Started = Callable[[], Editor]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "space"
    (root / ".git").mkdir(parents=True)
    (root / "users.py").write_text(USERS)
    return root


@pytest.fixture
def started(nvim: Any, root: Path, environ: dict[str, str]) -> Started:
    """Start a Neovim with the users, where the server is attached."""

    def start() -> Editor:
        editor: Editor = nvim(root, environ, root / "users.py")
        editor.until("return require('assist.client').of(0) ~= nil", "the server to be attached")
        return editor

    return start


def rename(editor: Editor) -> None:
    """Rename the function where it is defined."""
    editor.keys("1G0wcwfetch_user<Esc>")
    editor.until(lambda: "fetch_user" in editor.line(), "the new name")


def make(editor: Editor, line: str) -> None:
    """Jump to the offer and make it."""
    editor.keys("<Tab>")
    editor.until(lambda: editor.line() == line, "the jump")
    editor.keys("<Tab>")
    editor.until(lambda: editor.line() == line.replace("load_user", "fetch_user"), "the edit")


def test_a_renamed_function_is_followed_through_its_file(started: Started, root: Path) -> None:
    editor = started()
    rename(editor)
    editor.shows("first = load_userfetch_user(1)  ⇥ Tab")
    make(editor, "first = load_user(1)")
    editor.shows("second = load_userfetch_user(2)  ⇥ Tab, M-CR all 3")
    make(editor, "second = load_user(2)")
    editor.until(SHOWN, "the third")
    editor.keys("<M-CR>")
    editor.until(IN_LIST, "the list")
    assert editor.lines() == [
        "    7  third = load_user(3)",
        "    →  third = fetch_user(3)",
        "    8  fourth = load_user(4)",
        "    →  fourth = fetch_user(4)",
    ]
    editor.keys("<CR>")
    editor.until(lambda: "\n".join(editor.lines()) + "\n" == RENAMED, "all edits")
    editor.keys("u")
    editor.until(lambda: editor.lines()[-2:] == USERS.splitlines()[-2:], "one undo for both")
    assert editor.lines()[5] == "second = fetch_user(2)"
    editor.keys("u")
    editor.until(lambda: editor.lines()[5] == "second = load_user(2)", "one undo for the second")
    assert editor.lines()[4] == "first = fetch_user(1)"
    editor.keys("<C-r><C-r>")
    editor.until(lambda: "\n".join(editor.lines()) + "\n" == RENAMED, "all edits again")
    assert editor.write() == RENAMED.encode()


def test_another_file_is_opened_before_anything_changes_there(started: Started, root: Path) -> None:
    (root / "users.py").write_text("def load_user(number):\n    return number\n")
    (root / "report.py").write_text(REPORT)
    editor = started()
    editor.until(lambda: editor.indexed_files() == 2, "the index")
    rename(editor)
    editor.shows("⇥ Tab → report.py:1")
    editor.keys("<Tab>")
    editor.until("return vim.fn.expand('%:t') == 'report.py'", "the file")
    editor.shows("from users import load_userfetch_user")
    assert (root / "report.py").read_text() == REPORT
    editor.keys("<Tab>")
    editor.until(lambda: editor.line() == "from users import fetch_user", "the edit")
    editor.shows("shown = load_userfetch_user(5)")
    make(editor, "shown = load_user(5)")
    assert editor.write() == REPORT.replace("load_user", "fetch_user").encode()
