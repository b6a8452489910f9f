"""Next edits of the real server, without any model, in a real Neovim: jumped to, made, dismissed, made at once."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from neovim_editor import SETUP, Editor

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

COPILOT = """
vim.g.loaded_assist = true
vim.api.nvim_create_autocmd('FileType', { pattern = 'python', callback = function(event)
  vim.lsp.start({ name = 'copilot', cmd = { CMD, 'lsp' }, root_dir = vim.fn.getcwd() }, { bufnr = event.buf })
end })
local function call(name, ...)
  local from = vim.lsp.get_clients({ name = 'copilot' })[1]
  if vim.fn.has('nvim-0.11') == 1 then return from[name](from, ...) end
  return from[name](...)
end
-- Asks as a client of Copilot's server does, and shows the first edit.
function _G.ask()
  local buf, at = vim.api.nvim_get_current_buf(), vim.api.nvim_win_get_cursor(0)
  local document = { uri = vim.uri_from_bufnr(buf), version = vim.lsp.util.buf_versions[buf] }
  local params = { textDocument = document, position = { line = at[1] - 1, character = at[2] } }
  _G.edit = nil
  call('request', 'textDocument/copilotInlineEdit', params, function(err, result)
    local edit = result and result.edits[1]
    _G.err = err
    if not edit or edit.textDocument.version ~= vim.lsp.util.buf_versions[buf] then return end
    _G.edit = edit
    call('notify', 'textDocument/didShowInlineEdit', { item = { command = _G.edit.command } })
  end, buf)
end
-- Makes the edit if the text is as it was, and then tells the server.
function _G.apply()
  local edit, buf = _G.edit, vim.api.nvim_get_current_buf()
  if edit.textDocument.version ~= vim.lsp.util.buf_versions[buf] then return end
  vim.lsp.util.apply_text_edits({ { range = edit.range, newText = edit.text } }, buf, 'utf-16')
  local command = { command = edit.command.command, arguments = edit.command.arguments }
  call('request', 'workspace/executeCommand', command, function(err) _G.err = err end, buf)
  _G.edit = nil
end
""".replace("CMD", repr(str(Path(sys.executable).with_name("assist"))))

Started = Callable[..., Editor]


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    config = tmp_path / "config"
    config.mkdir()
    (config / "config.toml").write_text('[completion]\nmodel = "/nowhere/missing.gguf"\nmode = "eager"\n')
    return {
        "ASSIST_CONFIG_DIR": str(config),
        "ASSIST_DATA_DIR": str(tmp_path / "data"),
        "ASSIST_OFFLINE": "1",
    }


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "space"
    (root / ".git").mkdir(parents=True)
    (root / "users.py").write_text(USERS)
    return root


@pytest.fixture
def started(nvim: Any, root: Path, environ: dict[str, str]) -> Started:
    """Start a Neovim with the users, where the server is attached."""

    def start(setup: str = SETUP) -> Editor:
        editor: Editor = nvim(root, environ, root / "users.py", setup=setup)
        editor.until("return require('assist.client').of(0) ~= nil", "the server to be attached")
        return editor

    return start


def rename(editor: Editor, line: int = 1) -> None:
    """Rename the function where it is defined."""
    editor.keys(f"{line}G0wcwfetch_user<Esc>")
    editor.until(lambda: "fetch_user" in editor.line(), "the new name")


def indexed_files(editor: Editor) -> int:
    events = editor.run_server_command("index")["events"]
    return sum(each["files"] for each in events if each["event"] == "ready")


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


def test_dismissed_it_does_not_come_back(started: Started) -> None:
    editor = started()
    rename(editor)
    editor.until(SHOWN, "the offer")
    editor.keys("<Esc>")
    editor.until(lambda: not editor.lua(SHOWN), "the offer to go")
    editor.keys("Go<CR>extra = 1<Esc>")
    editor.command("AssistNextEdit")
    editor.until(lambda: "no next edit is offered" in str(editor.lua("return _G.notes[#_G.notes]")), "none")
    assert not editor.lua(SHOWN)


def test_a_cursor_that_rests_on_the_new_name_does_not_silence_it(started: Started) -> None:
    """After <Esc> it is on the last letter, and with a short 'updatetime' the server hears so at once."""
    editor = started()
    editor.command("set updatetime=100")
    rename(editor)
    editor.shows("first = load_userfetch_user(1)  ⇥ Tab")


def test_while_typing_the_same_key_goes_on(started: Started) -> None:
    editor = started()
    editor.keys("1G0wcwfetch_user")
    editor.shows("first = load_userfetch_user(1)")
    make(editor, "first = load_user(1)")
    assert editor.lua("return vim.api.nvim_get_mode().mode") == "i"
    editor.shows("second = load_userfetch_user(2)")
    editor.keys("<Esc>")
    editor.until("return vim.api.nvim_get_mode().mode == 'n'", "normal mode")
    editor.keys("u")
    editor.until(lambda: editor.lines()[4] == "first = load_user(1)", "one undo")
    assert editor.lines()[0] == "def fetch_user(number):"


def test_dos_lines_and_emoji_keep_their_bytes(started: Started, root: Path) -> None:
    text = USERS.replace("first = ", "first = '😀é', ").replace("\n", "\r\n")
    (root / "users.py").write_bytes(text.encode())
    editor = started()
    rename(editor)
    editor.shows("first = '😀é', load_userfetch_user(1)")
    make(editor, "first = '😀é', load_user(1)")
    expected = text.replace("load_user", "fetch_user", 2)
    assert editor.write() == expected.encode()


def test_a_file_that_changed_on_disk_gets_no_old_offer(started: Started, root: Path) -> None:
    editor = started()
    rename(editor)
    editor.until(SHOWN, "the offer")
    editor.command("write")
    editor.until(SHOWN, "the offer, also after saving")
    (root / "users.py").write_text("# load_user\n" + RENAMED)
    editor.lua("vim.o.autoread = true")
    editor.command("checktime")
    editor.until(lambda: editor.lines()[0] == "# load_user", "the new text")
    editor.until(lambda: not editor.lua(SHOWN), "the offer to go")
    editor.command("AssistNextEdit")
    editor.until(lambda: "no next edit is offered" in str(editor.lua("return _G.notes[#_G.notes]")), "none")
    assert editor.write() == ("# load_user\n" + RENAMED).encode()


def test_far_away_it_is_named_at_the_edge(started: Started, root: Path) -> None:
    (root / "users.py").write_text(
        "def load_user(number):\n    return number\n" + "\n" * 70 + "first = load_user(1)\n"
    )
    editor = started()
    rename(editor)
    editor.shows("⇥ Tab ↓ line 73")
    make(editor, "first = load_user(1)")


def test_another_file_is_opened_before_anything_changes_there(started: Started, root: Path) -> None:
    (root / "users.py").write_text("def load_user(number):\n    return number\n")
    (root / "report.py").write_text(REPORT)
    editor = started()
    editor.until(lambda: indexed_files(editor) == 2, "the index")
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


def test_the_setting_turns_it_off(started: Started) -> None:
    editor = started(SETUP.replace("{ cmd", "{ next_edit = false, cmd"))
    rename(editor)
    editor.command("AssistNextEdit")
    editor.until(lambda: "no next edit is offered" in str(editor.lua("return _G.notes[#_G.notes]")), "none")


def test_a_client_for_copilots_server_gets_them_too(nvim: Any, root: Path, environ: dict[str, str]) -> None:
    """Its requests, its notification, and its order: it makes the edit, and then runs the command."""
    editor: Editor = nvim(root, environ, root / "users.py", setup=COPILOT)
    editor.until("return #vim.lsp.get_clients({ bufnr = 0 }) == 1", "the client to be attached")
    rename(editor)
    editor.keys("<Right>")  # the server is silent while the cursor is in the middle of a word
    expected = USERS.splitlines()
    expected[0] = "def fetch_user(number):"
    for line in (4, 5, 6, 7):
        expected[line] = expected[line].replace("load_user", "fetch_user")
        editor.until("_G.ask() return vim.wait(1000, function() return _G.edit end, 10)", "an edit")
        assert editor.lua("return { _G.edit.textDocument.uri, _G.edit.text }") == [
            (root / "users.py").as_uri(),
            "fetch_user",
        ]
        editor.lua("_G.apply()")
        editor.until(lambda: editor.lines() == expected, "the edit to be made")
    assert editor.lua("return _G.err") is None
    assert editor.lua("_G.ask() return vim.wait(500, function() return _G.edit end, 10)") is False
