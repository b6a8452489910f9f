"""Next edits as a fake language server offers them: keys, hints, texts, and what is never made."""

from pathlib import Path
from typing import Any

import pytest
from neovim_editor import Editor
from neovim_offers import (
    LINES,
    OFFERING,
    at,
    heard_commands,
    heard_messages,
    make_chain,
    make_offer,
    make_renaming,
    marks,
    open_file,
    push,
    visible,
)

IN_LIST = "return vim.api.nvim_win_get_config(0).relative ~= ''"


@pytest.mark.every_version
def test_the_key_jumps_and_then_makes_it_as_one_undo_step(editor: Editor) -> None:
    open_file(editor)
    push(editor, make_renaming(3))
    editor.shows("name_3 = oldfresh(3)  ⇥ Tab")
    assert marks(editor)[0][:5] == [2, 0, -1, -1, ""]
    assert [2, 9, 2, 12, "AssistNextEditDeleted", "|"] in marks(editor)
    look = editor.lua("return vim.api.nvim_get_hl(0, { name = 'AssistNextEditDeleted' })")
    assert look["strikethrough"]
    assert look["cterm"]["strikethrough"]
    editor.keys("<Tab>")
    editor.until(lambda: at(editor) == [3, 9], "the jump")
    editor.keys("``")
    editor.until(lambda: at(editor) == [1, 0], "the place before the jump")
    editor.keys("<Tab>")
    editor.until(lambda: at(editor) == [3, 9], "the jump")
    assert "".join(f"{line}\n" for line in editor.lines()) == LINES
    assert not heard_commands(editor)
    editor.keys("<Tab>")
    editor.until(lambda: editor.line() == "name_3 = fresh(3)", "the edit")
    methods = [each[0] for each in editor.lua("return _G.heard")]
    assert methods.index("workspace/executeCommand") < methods.index("textDocument/didChange")
    assert heard_commands(editor) == [("assist.nextEditAccepted", [7])]
    editor.until(lambda: not visible(editor), "the keys to be given back")
    editor.keys("u")
    editor.until(lambda: editor.line() == "name_3 = old(3)", "one undo")


def test_while_typing_it_is_an_undo_step_of_its_own(editor: Editor) -> None:
    open_file(editor)
    editor.keys("ione ")
    editor.until(lambda: editor.line().startswith("one "), "the typed text")
    push(editor, make_renaming(4))
    editor.until(lambda: visible(editor), "the offer")
    editor.keys("<Tab>")
    editor.until(lambda: at(editor) == [4, 9], "the jump")
    editor.keys("<Tab>")
    editor.until(lambda: editor.line() == "name_4 = fresh(4)", "the edit")
    assert at(editor) == [4, 14]
    editor.keys("er")
    editor.until(lambda: editor.line() == "name_4 = fresher(4)", "more typed text")
    undone = [["one name_1 = old(1)", "name_4 = fresh(4)"], ["one name_1 = old(1)", "name_4 = old(4)"]]
    editor.keys("<Esc>")
    for lines in (*undone, ["name_1 = old(1)", "name_4 = old(4)"]):
        editor.keys("u")
        editor.until(lambda: editor.lines()[0:4:3] == lines, f"{lines} after one more undo")  # noqa: B023


def test_dismissed_it_goes_and_the_key_is_what_it_was(editor: Editor) -> None:
    open_file(editor)
    push(editor, make_renaming(3))
    editor.until(lambda: visible(editor), "the offer")
    editor.keys("<Esc>")
    editor.until(lambda: not visible(editor), "the offer to go")
    assert heard_commands(editor) == [("assist.nextEditRejected", [7])]
    assert not marks(editor)
    assert editor.lua("return _G.escaped") == 0
    editor.keys("<Esc>")
    editor.until("return _G.escaped == 1", "the user's own mapping")
    push(editor, make_renaming(3))
    editor.keys("i")
    editor.until("return vim.fn.maparg('<C-]>', 'i') ~= ''", "the key in insert mode")
    editor.keys("<Esc>")
    editor.until("return vim.api.nvim_get_mode().mode == 'n'", "normal mode")
    assert visible(editor)
    editor.keys("i<C-]>")
    editor.until(lambda: not visible(editor), "the offer to go")
    assert len(heard_commands(editor)) == 2


def test_a_completion_menu_a_snippet_and_a_macro_have_the_key_first(editor: Editor) -> None:
    open_file(editor, "word work\n\nold(1)\n")
    push(editor, make_offer((2, 0), (2, 3), "old", "fresh"))
    editor.until(lambda: visible(editor), "the offer")
    editor.lua("vim.cmd.startinsert(); vim.fn.cursor(2, 1)")
    editor.lua("vim.schedule(function() vim.fn.complete(1, { 'work', 'word' }) end)")
    editor.until("return vim.fn.pumvisible() == 1", "the menu")
    push(editor, make_offer((2, 0), (2, 3), "old", "fresh"))
    editor.until(lambda: visible(editor), "the offer")
    editor.keys("<Tab>")
    editor.until(lambda: editor.line() == "word", "the menu's next entry")
    editor.keys("<C-y> <C-o>:lua vim.snippet.expand('f($1, $2)')<CR>")
    editor.until("return vim.snippet.active()", "the snippet")
    push(editor, make_offer((2, 0), (2, 3), "old", "fresh"))
    editor.until(lambda: visible(editor), "the offer")
    editor.keys("<Tab>")
    editor.until(lambda: "TABBED" in editor.line(), "the earlier mapping")
    editor.lua("vim.snippet.stop()")
    editor.keys("<Esc>")
    editor.until("return vim.api.nvim_get_mode().mode == 'n'", "normal mode")
    push(editor, make_offer((2, 0), (2, 3), "old", "fresh"))
    editor.keys("qq<Tab>q")
    editor.until("return _G.tabbed == 1", "the earlier mapping in a macro")
    assert not heard_commands(editor)


def test_ghost_text_goes_first(editor: Editor) -> None:
    open_file(editor, "x = \nold(1)\n")
    editor.lua(
        "_G.ghost = ...",
        [
            {
                "insertText": "1",
                "range": make_offer((0, 4), (0, 4), "", "")["edit"]["range"],
                "command": {"title": "", "command": "x", "arguments": [1]},
            }
        ],
    )
    editor.keys("A")
    editor.until(editor.ghost, "ghost text")
    push(editor, make_offer((1, 0), (1, 3), "old", "fresh"))
    editor.until(lambda: visible(editor), "the offer")
    editor.lua("_G.ghost = {}")
    editor.keys("<Tab>")
    editor.until(lambda: editor.line() == "x = 1", "the ghost text")
    assert at(editor)[0] == 1
    editor.until(lambda: not visible(editor), "the offer to be void, as the text has changed")
    editor.keys("<Tab>")
    editor.until(lambda: editor.line() == "x = 1TABBED", "the user's own mapping")


def test_ghost_text_does_not_come_between_the_jump_and_the_edit(editor: Editor) -> None:
    open_file(editor, "x = \nold(1)\n")
    editor.keys("A")
    push(editor, make_offer((1, 0), (1, 3), "old", "fresh"))
    editor.until(lambda: visible(editor), "the offer")
    asked = len(heard_messages(editor, "textDocument/inlineCompletion"))
    editor.keys("<Tab>")
    editor.until(lambda: at(editor) == [2, 0], "the jump")
    editor.keys("<Tab>")
    editor.until(lambda: editor.line() == "fresh(1)", "the edit")
    assert len(heard_messages(editor, "textDocument/inlineCompletion")) == asked
    editor.keys("!")
    editor.until(lambda: len(heard_messages(editor, "textDocument/inlineCompletion")) > asked, "a request")


def test_a_place_that_is_not_in_view_is_named_at_the_edge(editor: Editor) -> None:
    open_file(editor)
    push(editor, make_renaming(80))
    editor.until(lambda: "⇥ Tab ↓ line 80" in editor.screen().splitlines()[27], "the hint at the bottom")
    editor.keys("100Gzb")
    editor.until(lambda: "⇥ Tab" in editor.screen() and "↓" not in editor.screen(), "the place in view")
    assert "line 80" not in editor.screen()
    push(editor, make_renaming(2))
    editor.until(lambda: "⇥ Tab ↑ line 2" in editor.screen().splitlines()[0], "the hint at the top")
    editor.keys("<Tab>")
    editor.until(lambda: at(editor) == [2, 9], "the jump")
    editor.until(lambda: "↑" not in editor.screen(), "the hint to go")
    editor.keys("<Tab>")
    editor.until(lambda: editor.line() == "name_2 = fresh(2)", "the edit")
    editor.keys("zE50GVGzf1G")
    push(editor, make_renaming(60))
    editor.shows("↓ line 60")
    editor.keys("<Tab>")
    editor.until("return vim.fn.foldclosed(60) == -1 and vim.fn.line('.') == 60", "the fold to open")


def test_a_fold_at_the_edge_does_not_hide_the_hint(editor: Editor) -> None:
    open_file(editor, "".join(LINES.splitlines(keepends=True)[:40]))
    editor.keys("zE20GVGzf1G")
    push(editor, make_renaming(30))
    editor.until(lambda: "↓ line 30" in editor.screen().splitlines()[0], "the hint at the cursor")
    editor.keys("<Tab><Tab>")
    editor.until(lambda: editor.line() == "name_30 = fresh(30)", "the edit")


def test_two_windows_show_the_hint_in_the_current_one(editor: Editor) -> None:
    open_file(editor)
    editor.command("split | normal! G")
    push(editor, make_renaming(2))
    editor.until(lambda: "↑ line 2" in editor.screen().splitlines()[0], "the hint in the upper window")
    editor.keys("<C-w>j")
    editor.until(lambda: "↑" not in editor.screen(), "the hint to go: here the place is in view")
    editor.keys("G")
    editor.until(lambda: "↑ line 2" in "".join(editor.screen().splitlines()[13:16]), "the hint in the lower")
    editor.keys("<Tab><Tab>")
    editor.until(lambda: editor.line() == "name_2 = fresh(2)", "the edit")
    editor.command("only")


def test_an_unsaved_buffer_is_not_left_where_that_is_not_allowed(editor: Editor) -> None:
    path = open_file(editor)
    (path.parent / "b.txt").write_text(LINES)
    editor.keys("x")
    editor.command("set nohidden")
    push(editor, make_renaming(40, file="b.txt"))
    editor.shows("→ b.txt:40")
    editor.keys("<Tab>")
    assert "E37" in editor.until("return _G.notes[#_G.notes]", "a message")
    assert editor.lua("return vim.api.nvim_buf_get_name(0)") == str(path)
    editor.command("set hidden")


def test_it_is_never_made_in_a_text_that_has_changed_or_may_not_change(editor: Editor) -> None:
    open_file(editor)
    push(editor, make_renaming(3, late=1))
    push(editor, make_offer((2, 9), (2, 12), "odd", "fresh"))
    editor.keys("<Tab>")
    editor.until("return _G.tabbed == 1", "the user's own mapping: neither is shown")
    push(editor, make_renaming(3))
    editor.until(lambda: visible(editor), "the offer")
    changed = "vim.api.nvim_buf_set_text(0, 4, 0, 4, 0, { 'x' })"
    assert editor.lua(f"{changed} return require('assist').next_edit.go()") is True
    assert "has changed" in editor.lua("return _G.notes[#_G.notes]")
    assert editor.lines()[2] == "name_3 = old(3)"
    push(editor, make_renaming(3))
    editor.until(lambda: visible(editor), "the offer")
    editor.lua(changed)
    editor.until(lambda: not visible(editor), "the offer to go")
    push(editor, make_renaming(3))
    editor.until(lambda: visible(editor), "the offer")
    editor.lua("_G.push({ offer = false })")
    editor.until(lambda: not visible(editor), "the offer that the server takes back")
    assert editor.lua("return require('assist').next_edit.go()") is False
    editor.command("set readonly")
    push(editor, make_renaming(3))
    assert not visible(editor)
    editor.command("set noreadonly")
    push(editor, make_renaming(3))
    editor.until(lambda: visible(editor), "the offer")
    editor.keys("3G")
    editor.command("set nomodifiable")
    editor.keys("<Tab>")
    editor.until(lambda: not visible(editor), "the offer to go")
    assert editor.line() == "name_3 = old(3)"
    editor.command("set modifiable")
    assert not heard_commands(editor)


@pytest.mark.parametrize("command", ["checktime", "edit!"])
def test_a_file_that_is_read_again_gets_no_chain(editor: Editor, command: str) -> None:
    """Neovim may give the new text the version of the old one."""
    path = open_file(editor)
    editor.lua("_G.chain = ...", make_chain(3))
    push(editor, make_renaming(3, chain=True))
    editor.until(lambda: visible(editor), "the offer")
    editor.keys("<M-CR>")
    editor.until(IN_LIST, "the list")
    path.write_text("# name\n" + LINES)
    editor.lua("vim.o.autoread = true")
    read = f"vim.api.nvim_buf_call(vim.fn.bufnr({str(path)!r}), function() vim.cmd('{command}') end)"
    editor.lua(read)
    editor.keys("<CR>")
    editor.until(lambda: "has changed" in editor.lua("return _G.notes[#_G.notes]"), "a message")
    assert "\n".join(editor.lines()) + "\n" == "# name\n" + LINES
    assert not visible(editor)
    assert not heard_commands(editor)


def test_dos_lines_and_emoji_keep_their_bytes(editor: Editor) -> None:
    path = open_file(editor, "x = '😀é'; old(1)\r\nold(2)\r\n".encode())
    push(
        editor,
        make_offer((0, 11), (0, 14), "old", "'😀'"),
        make_offer((1, 0), (2, 0), "old(2)\r\n", "a\r\nb\r\n"),
    )
    editor.shows("x = '😀é'; old'😀'(1)")
    editor.keys("<Tab>")
    editor.until(
        lambda: editor.line() == "x = '😀é'; '😀'(1)", "the edit on the cursor's line, without a jump"
    )
    editor.shows("b")
    editor.keys("<Tab><Tab>")
    editor.until(lambda: len(editor.lines()) == 3, "the lines")
    editor.command("write")
    assert path.read_bytes() == "x = '😀é'; '😀'(1)\r\na\r\nb\r\n".encode()


@pytest.mark.parametrize(
    ("text", "offer", "screen", "after"),
    [
        ("a()\n", make_offer((0, 0), (0, 0), "", "import x\n\n"), "import x||a()  ⇥ Tab", "import x||a()"),
        ("a()\nb()", make_offer((1, 0), (1, 0), "", "\tx\n"), "a()|        x|b()  ⇥ Tab", "a()|\tx|b()"),
        (
            "a()\nb()",
            make_offer((0, 3), (0, 3), "", "\n  .x()\n  .y()"),
            "a()  ⇥ Tab|  .x()|  .y()|b()",
            "a()|  .x()|  .y()|b()",
        ),
        (
            "a(b, c)\nd",
            make_offer((0, 2), (0, 3), "b", "x,\n  y"),
            "a(b, c)x,  ⇥ Tab|  y, c)|d",
            "a(x,|  y, c)|d",
        ),
        ("a\nb\nc", make_offer((0, 0), (2, 0), "a\nb\n", "x\ny\nz\n"), "a  ⇥ Tab|b|x|y|z|c", "x|y|z|c"),
        ("a\nb\nc", make_offer((1, 0), (2, 0), "b\n", ""), "a|b  ⇥ Tab|c", "a|c"),
        ("a\nb\n", make_offer((1, 0), (2, 0), "b\n", ""), "a|b  ⇥ Tab", "a"),
        ("a\nb\n", make_offer((2, 0), (2, 0), "", "c\n"), "a|b  ⇥ Tab|c", "a|b|c"),
        ("f(a, b)\n", make_offer((0, 3), (0, 6), ", b", ""), "f(a, b)  ⇥ Tab", "f(a)"),
    ],
)
def test_edits_of_every_shape_are_shown_as_they_are_made(
    editor: Editor, text: str, offer: Any, screen: str, after: str
) -> None:
    open_file(editor, text)
    push(editor, offer)
    lines = screen.split("|")
    editor.until(
        lambda: [line.rstrip() for line in editor.screen().splitlines()[: len(lines)]] == lines, "the edit"
    )
    assert "\n".join(editor.lines()) == text.removesuffix("\n")
    editor.keys("<Tab>")
    if offer["display"]["line"] > 0:  # it was a jump
        editor.keys("<Tab>")
    editor.until(lambda: editor.lines() == after.split("|"), "the edited text")
    assert not marks(editor)
    editor.keys("u")
    editor.until(lambda: editor.lines() == text.removesuffix("\n").split("\n"), "one undo")


def test_a_chain_is_previewed_and_made_as_one_undo_step(editor: Editor) -> None:
    open_file(editor)
    offers = [make_renaming(line, chain=True, remaining=3) for line in (3, 50, 90)]
    editor.lua("_G.chain = ...", make_chain(3, 50, 90))
    push(editor, *offers)
    editor.shows("⇥ Tab, M-CR all 3")
    editor.keys("<M-CR>")
    editor.until(IN_LIST, "the list")
    assert editor.lines()[2:4] == ["   50  name_50 = old(50)", "    →  name_50 = fresh(50)"]
    editor.shows("3 edits: the same change")
    editor.leave_window()
    assert not heard_commands(editor)
    push(editor, *offers)
    editor.until(lambda: visible(editor), "the offer")
    editor.command("AssistNextEdit chain")
    editor.until(IN_LIST, "the list")
    editor.keys("<CR>")
    made = [f"name_{line} = fresh({line})" for line in (3, 50, 90)]
    editor.until(
        lambda: [editor.lines()[line - 1 : line] for line in (3, 50, 90)] == [[e] for e in made], "all edits"
    )
    assert heard_commands(editor) == [("assist.nextEditAccepted", [7, "chain"])]
    editor.keys("u")
    editor.until(lambda: "".join(f"{line}\n" for line in editor.lines()) == LINES, "one undo")


def test_the_problems_of_other_tools_are_reported(editor: Editor) -> None:
    open_file(editor, "é😀 = old(1)\n")
    editor.lua("""
        local space, found = vim.api.nvim_create_namespace('linter'), {}
        for number = 1, 120 do
          found[number] = { lnum = 0, col = 9, end_col = 12, message = 'm' .. number, severity = 2, source = 'lint' }
        end
        found[120].severity = 1
        vim.diagnostic.set(space, 0, found)
    """)
    (told,) = editor.until(lambda: heard_messages(editor, "assist/didReportProblems"), "the report")
    assert len(told["problems"]) == 100
    span = {"start": {"line": 0, "character": 6}, "end": {"line": 0, "character": 9}}
    assert told["problems"][0] == {"range": span, "message": "m120", "source": "lint"}
    assert told["textDocument"]["version"] == editor.lua(
        "return vim.lsp.util.buf_versions[vim.api.nvim_get_current_buf()]"
    )
    editor.lua("vim.diagnostic.reset(vim.api.nvim_create_namespace('linter'), 0)")
    editor.until(lambda: len(heard_messages(editor, "assist/didReportProblems")) == 2, "another report")
    assert heard_messages(editor, "assist/didReportProblems")[1]["problems"] == []


def test_turned_off_nothing_is_asked_and_the_server_is_told(nvim: Any, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(LINES)
    setup = OFFERING.replace("cmd = serve", "cmd = serve, next_edit = false")
    editor = nvim(tmp_path, {}, tmp_path / "a.txt", setup=setup)
    editor.until("return require('assist.client').of(0) ~= nil", "the server to be attached")
    push(editor, make_renaming(3))
    editor.keys("<Tab>")
    editor.until("return _G.tabbed == 1", "the user's own mapping")
    assert not heard_messages(editor, "assist/nextEdit")
    (start,) = heard_messages(editor, "initialize")
    assert start["initializationOptions"] == {"completion": {"next_edit": "off"}}
