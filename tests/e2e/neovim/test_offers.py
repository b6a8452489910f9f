"""Next edits as a fake language server offers them: the keys, the hints, windows and files."""

from neovim_editor import Editor
from neovim_offers import (
    LINES,
    at,
    heard_commands,
    heard_messages,
    make_offer,
    make_renaming,
    marks,
    open_file,
    push,
    visible,
)


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


def test_the_next_one_follows_and_the_keys_are_given_back_at_the_end(editor: Editor) -> None:
    open_file(editor)
    push(editor, make_renaming(2), make_renaming(3))
    editor.until(lambda: visible(editor), "the offer")
    editor.keys("<Tab><Tab>")
    editor.until(lambda: editor.lines()[1:3] == ["name_2 = fresh(2)", "name_3 = old(3)"], "the first edit")
    editor.shows("name_3 = oldfresh(3)")
    editor.keys("<Tab><Tab>")
    editor.until(lambda: editor.lines()[2] == "name_3 = fresh(3)", "the second edit")
    editor.until(lambda: not visible(editor), "the end")
    assert not marks(editor)
    editor.keys("<Tab>")
    editor.until("return _G.tabbed == 1", "the user's own mapping")


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


def test_another_file_is_opened_and_asked_about_again(editor: Editor) -> None:
    path = open_file(editor)
    (path.parent / "b.txt").write_text(LINES)
    push(editor, make_renaming(40, file="b.txt"))
    editor.shows("⇥ Tab → b.txt:40")
    assert not marks(editor)
    editor.keys("<Tab>")
    editor.until(f"return vim.api.nvim_buf_get_name(0) == '{path.parent}/b.txt'", "the other file")
    editor.shows("name_40 = oldfresh(40)")
    assert at(editor) == [40, 10]
    assert "".join(f"{line}\n" for line in editor.lines()) == LINES
    editor.keys("<Tab>")
    editor.until(lambda: editor.line() == "name_40 = fresh(40)", "the edit")
    assert (path.parent / "b.txt").read_text() == LINES
    editor.keys("<C-o>")
    editor.until(f"return vim.api.nvim_buf_get_name(0) == '{path}'", "the way back")


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
