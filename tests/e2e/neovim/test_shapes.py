"""Ghost text of every shape, from a fake language server that answers what the test sets.

The server is a function in the editor, one of the two forms of `cmd` that Neovim's client takes.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from neovim_editor import Editor, running_neovim
from neovim_offers import SERVER

SETUP = (
    SERVER
    + """
_G.items = {}
local answers = {}
answers['textDocument/inlineCompletion'] = function(params)
  local at, found = params.position, {}
  if #_G.items > 0 then
    local row, col = unpack(vim.api.nvim_win_get_cursor(0))
    _G.base = _G.base or { row - 1, col }
    local typed = vim.api.nvim_buf_get_text(0, _G.base[1], _G.base[2], row - 1, col, {})
    for _, item in ipairs(_G.items) do
      local rest = item.text:sub(#table.concat(typed, '\\n') + 1)
      local stop = { line = at.line, character = at.character + (item.over or 0) }
      table.insert(found, rest ~= '' and {
        insertText = rest, range = { start = at, ['end'] = stop },
        command = { title = '', command = 'assist.accepted', arguments = { 7 } },
      } or nil)
    end
  end
  return { items = found }
end
answers['workspace/executeCommand'] = function(params)
  if params.command ~= 'assist.why' then return end
  return { reason = 'syntax', words = ('words for line %d'):format(params.arguments[1].position.line) }
end
local serve = serving({
  inlineCompletionProvider = {},
  executeCommandProvider = { commands = { 'assist.accepted' } },
}, answers)
require('assist').setup({ cmd = serve })
"""
)


@pytest.fixture(scope="package")
def shaped(binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    space = tmp_path_factory.mktemp("shapes")
    (space / ".git").mkdir()
    with running_neovim(binary, space, {}, SETUP) as editor:
        yield editor


@pytest.fixture
def editor(shaped: Editor, request: pytest.FixtureRequest) -> Editor:
    shaped.dumps.clear()
    shaped.lua("_G.items, _G.heard = {}, {}")
    request.node.editors = [shaped]
    return shaped


def suggest(editor: Editor, before: str, *items: Any, behind: str = "", text: str = "") -> None:
    """Open a file with the cursor between `before` and `behind` on its last line, and suggest these items."""
    path = Path(editor.lua("return vim.fn.getcwd()")) / "a.txt"
    editor.open(path, text + before + behind)
    editor.keys("<Left>" * len(behind))
    editor.until(lambda: editor.lua("return vim.fn.col('.')") == len(before.encode()) + 1, "the cursor")
    editor.lua(
        "_G.items, _G.base = ..., nil", [each if isinstance(each, dict) else {"text": each} for each in items]
    )
    editor.keys("<M-Bslash>")
    editor.until(editor.ghost, "ghost text")


def heard_messages(editor: Editor, method: str) -> list[str]:
    return [each[1] for each in editor.lua("return _G.heard") if each[0] == method]


def test_lines_below_hold_what_stands_behind_the_cursor(editor: Editor) -> None:
    suggest(editor, "call(", "a,\n  b", behind=") # end")
    editor.until(
        lambda: [line.rstrip() for line in editor.screen().splitlines()[:2]] == ["call(a,", "  b) # end"],
        "both lines on the screen",
    )
    editor.keys("<Tab>")
    editor.until(lambda: editor.lines() == ["call(a,", "  b) # end"], "both lines")
    assert editor.lua("return vim.fn.getpos('.')")[1:3] == [2, 4]


def test_a_closer_that_the_text_repeats_is_shown_once_and_replaced(editor: Editor) -> None:
    suggest(editor, "call(", {"text": "a, (b))", "over": 1}, behind=")")
    editor.until(lambda: editor.screen().splitlines()[0].rstrip() == "call(a, (b))", "the text on the screen")
    editor.keys("<Tab>")
    editor.until(lambda: editor.lines() == ["call(a, (b))"], "the text")
    editor.keys("<Esc>u")
    editor.until(lambda: editor.lines() == ["call()"], "one undo to take back text and replacement")


def test_what_it_does_not_repeat_is_taken_away(editor: Editor) -> None:
    suggest(editor, "x = ", {"text": "new", "over": 3}, behind="old")
    editor.shows("x = newold")
    editor.keys("<Tab>")
    editor.until(lambda: editor.lines() == ["x = new"], "the text")


def test_columns_count_in_the_servers_units(editor: Editor) -> None:
    suggest(editor, "é😀 = (", {"text": "😀é)", "over": 1}, behind=")")
    editor.shows("é😀 = (😀é)")
    editor.keys("<Tab>")
    editor.until(lambda: editor.lines() == ["é😀 = (😀é)"], "the text")
    assert '"character":7' in heard_messages(editor, "textDocument/inlineCompletion")[-2]


def test_words_are_taken_in_turn_and_the_server_is_told(editor: Editor) -> None:
    suggest(editor, "", "für_alle(😀, x)\n  return")
    told = []
    for part in ("für_alle", "(", "😀", ","):
        told.append(part)
        editor.keys("<M-Right>")
        editor.until(lambda: editor.line() == "".join(told), f"the word {part}")
    lengths = heard_messages(editor, "textDocument/didPartiallyAcceptCompletion")
    assert [int(each.split('"acceptedLength":')[1].split(",")[0].rstrip("}")) for each in lengths] == [
        8,
        1,
        2,
        1,
    ]
    assert not heard_messages(editor, "workspace/executeCommand")


def test_several_are_looked_through(editor: Editor) -> None:
    suggest(editor, "x = ", "one", "two", "three")
    for key, text in (("<M-]>", "two"), ("<M-]>", "three"), ("<M-]>", "one"), ("<M-[>", "three")):
        editor.keys(key)
        editor.until(lambda: editor.ghost() == text, text)  # noqa: B023
    editor.keys("<Tab>")
    editor.until(lambda: editor.line() == "x = three", "the third")
    editor.until(lambda: heard_messages(editor, "workspace/executeCommand"), "the server to be told")


def test_why_nothing_is_shown_is_said_in_the_servers_words(editor: Editor) -> None:
    editor.open(Path(editor.lua("return vim.fn.getcwd()")) / "why.txt", "one\ntwo\n")
    editor.keys("<Esc>gg")
    editor.command("AssistWhy")
    assert editor.until("return _G.notes[#_G.notes]", "the words") == "assist: words for line 0"


def test_the_dot_repeats_what_was_typed_around_it(editor: Editor) -> None:
    suggest(editor, "", "one two\nthree")
    editor.keys("<M-Right>")
    editor.until(lambda: editor.line() == "one", "a word")
    editor.keys("<M-C-Right>")
    editor.until(lambda: editor.line() == "one two", "a line")
    editor.keys("!<Esc>")
    editor.until(lambda: editor.lines() == ["one two!"], "a mark typed behind")
    editor.lua("vim.api.nvim_buf_set_lines(0, 0, 0, false, { '' })")
    editor.keys("gg.")
    editor.until(lambda: editor.lines() == ["!", "one two!"], "the mark again")
    editor.keys("u")
    editor.until(lambda: editor.lines() == ["", "one two!"], "one undo")


def test_there_is_none_beside_a_menu_or_in_a_macro(editor: Editor) -> None:
    suggest(editor, "word work wo", "rry")
    editor.keys("<C-n>")
    editor.until("return vim.fn.pumvisible() == 1", "the menu")
    editor.until(lambda: not editor.ghost(), "the ghost text to go")
    editor.keys("<C-e><Esc>qqa")
    editor.until("return vim.fn.reg_recording() == 'q' and vim.api.nvim_get_mode().mode == 'i'", "a macro")
    asked = len(heard_messages(editor, "textDocument/inlineCompletion"))
    editor.keys("y")
    editor.until(lambda: editor.line().endswith("y"), "the letter")
    editor.keys("<Esc>q")
    editor.until("return vim.fn.reg_recording() == ''", "the macro's end")
    editor.keys("@q")
    editor.until(lambda: editor.line().endswith("yy"), "the letter again")
    assert len(heard_messages(editor, "textDocument/inlineCompletion")) == asked
    assert not editor.ghost()


@pytest.mark.every_version
def test_an_edit_of_a_text_that_is_no_more_is_refused(editor: Editor) -> None:
    """Neovim's own handler would skip the document, and report that the edit was applied."""
    path = Path(editor.lua("return vim.fn.getcwd()")) / "b.txt"
    editor.open(path, "one\n")
    code = """
        local version = vim.lsp.util.buf_versions[vim.api.nvim_get_current_buf()] + ...
        local span = { start = { line = 0, character = 0 }, ['end'] = { line = 0, character = 3 } }
        local document = { uri = vim.uri_from_bufnr(0), version = version }
        local edit = { documentChanges = { { textDocument = document, edits = { { range = span, newText = 'two' } } } } }
        local context = { client_id = require('assist.client').of(0).id, method = 'workspace/applyEdit' }
        return require('assist.consent').on_edit(nil, { edit = edit }, context)
    """
    editor.keys("!")
    editor.until(lambda: editor.lines() == ["one!"], "the letter")
    refused = editor.lua(code, -1)
    assert (refused["applied"], refused["failureReason"]) == (False, f"{path} changed")
    assert editor.lines() == ["one!"]
    assert editor.lua(code, 0)["applied"]
    assert editor.lines() == ["two!"]


NATIVE = """
vim.keymap.set('i', '<Tab>', function()
  local native = vim.lsp.inline_completion
  if not native or not native.get() then return 'TABBED' end
end, { expr = true })
"""


@pytest.mark.every_version
def test_neovims_own_ghost_text_is_an_option(nvim: Any, tmp_path: Path) -> None:
    """In 0.12, with the mapping of the help page.

    Older versions fall back to ours, which the same key accepts.
    """
    (tmp_path / "a.txt").write_text("")
    setup = NATIVE + SETUP.replace("cmd = serve", "cmd = serve, ghost = 'native'")
    editor = nvim(tmp_path, {}, tmp_path / "a.txt", setup=setup)
    editor.until("return require('assist.client').of(0) ~= nil", "the server to be attached")
    editor.lua("_G.items = { { text = 'x = 1' } }")
    editor.keys("i")
    editor.shows("x = 1")
    assert editor.lines() == [""]
    assert (editor.ghost() == "") == bool(editor.lua("return vim.lsp.inline_completion ~= nil"))
    editor.keys("<Tab>")
    editor.until(lambda: editor.lines() == ["x = 1"], "the text")
    editor.until(lambda: heard_messages(editor, "workspace/executeCommand"), "the server to be told")
    editor.lua("_G.items = {}")
    editor.keys(" ")
    editor.until(lambda: editor.line() == "x = 1 ", "a space")
    editor.keys("<Tab>")
    editor.until(lambda: editor.line() == "x = 1 TABBED", "the user's own mapping")


def test_there_is_none_where_it_is_turned_off(nvim: Any, tmp_path: Path) -> None:
    """The server learns that this client shows no ghost text. Questions still work."""
    (tmp_path / "a.txt").write_text("")
    editor = nvim(
        tmp_path, {}, tmp_path / "a.txt", setup=SETUP.replace("cmd = serve", "cmd = serve, ghost = false")
    )
    editor.until("return require('assist.client').of(0) ~= nil", "the server to be attached")
    editor.lua("_G.items = { { text = 'x = 1' } }")
    editor.keys("iy")
    editor.until(lambda: editor.line() == "y", "the letter")
    able = json.loads(heard_messages(editor, "initialize")[0])["capabilities"]
    assert able["textDocument"].get("inlineCompletion") is None
    assert able["experimental"] == {
        "assistConfirm": True,
        "assistRun": True,
        "assistReview": True,
        "assistAnswer": True,
        "assistRename": True,
        "assistEditorKnowledge": True,
    }
    assert able["general"]["positionEncodings"] == ["utf-16"]
    assert not heard_messages(editor, "textDocument/inlineCompletion")
    assert not editor.ghost()
