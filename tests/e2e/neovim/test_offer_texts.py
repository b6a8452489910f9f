"""Next edits as a fake language server offers them: what is made, what never is, chains, and problems."""

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


def test_it_is_never_made_in_a_text_that_has_changed(editor: Editor) -> None:
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
    assert not heard_commands(editor)


def test_it_is_never_made_in_a_file_that_is_read_only(editor: Editor) -> None:
    open_file(editor)
    for option in ("readonly", "nomodifiable"):
        editor.command(f"set {option}")
        push(editor, make_renaming(3))
        assert not visible(editor)
        editor.command("set noreadonly modifiable")
        push(editor, make_renaming(3))
        editor.until(lambda: visible(editor), "the offer")
        editor.keys("3G")
        editor.command(f"set {option}")
        editor.keys("<Tab>")
        editor.until(lambda: not visible(editor), "the offer to go")
        assert editor.line() == "name_3 = old(3)"
        editor.command("set noreadonly modifiable")
    assert not heard_commands(editor)


def test_a_file_that_changes_on_disk_voids_it_and_saving_does_not(editor: Editor) -> None:
    path = open_file(editor)
    editor.keys("x")
    push(editor, make_renaming(3))
    editor.until(lambda: visible(editor), "the offer")
    editor.command("write")
    editor.keys("<Tab>")
    editor.until(lambda: at(editor) == [3, 9], "the jump")
    path.write_text("# new\n" + LINES)
    editor.lua("vim.o.autoread = true")
    editor.command("checktime")
    editor.until(lambda: editor.lines()[0] == "# new", "the new text")
    editor.until(lambda: not visible(editor), "the offer to go")
    assert not marks(editor)
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


def test_a_chain_is_not_made_in_a_text_that_has_changed(editor: Editor) -> None:
    path = open_file(editor)
    editor.lua("_G.chain = ...", make_chain(3))
    push(editor, make_renaming(3, chain=True))
    editor.until(lambda: visible(editor), "the offer")
    editor.keys("<M-CR>")
    editor.until(IN_LIST, "the list")
    editor.lua("vim.api.nvim_buf_set_lines(vim.fn.bufnr(...), 0, 0, false, { 'x' })", str(path))
    editor.keys("<CR>")
    editor.until(lambda: "has changed" in editor.lua("return _G.notes[#_G.notes]"), "a message")
    assert "fresh" not in "\n".join(editor.lines())
    assert not heard_commands(editor)


def test_the_command_asks_and_tells_why(editor: Editor) -> None:
    open_file(editor)
    editor.command("AssistNextEdit")
    editor.until(
        lambda: editor.lua("return _G.notes[#_G.notes]") == "assist: no next edit is offered", "the answer"
    )
    editor.lua("_G.edits = ...", [make_renaming(3)])
    editor.command("AssistNextEdit")
    editor.until(lambda: visible(editor), "the offer")
    editor.command("AssistNextEdit why")
    assert editor.lua("return _G.notes[#_G.notes]") == "assist: the same change as in line 1"
    editor.command("AssistNextEdit go | AssistNextEdit go")
    editor.until(lambda: editor.lines()[2] == "name_3 = fresh(3)", "the edit")


def test_another_buffer_hides_it_until_one_comes_back(editor: Editor) -> None:
    open_file(editor)
    push(editor, make_renaming(80))
    editor.shows("↓ line 80")
    editor.command("new")
    editor.until(lambda: "line 80" not in editor.screen(), "the hint to go")
    editor.command("close")
    editor.shows("↓ line 80")


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
