"""Answers in a real Neovim: their window and keys, previews, diffs, and conversations.

The providers are scripted; where only the editor is of interest, so is the server.
"""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from asked_shop import CART, PRICES, RENAMED, make_shop
from neovim_editor import SETUP, Editor
from neovim_offers import SERVER, heard_commands
from vendor import configure_provider, scripted_answer, vendor

Opening = Any

FAKE = (
    SERVER
    + """
_G.results, _G.asked = {}, 0
local commands = { 'ask', 'explain', 'facts', 'refactor', 'commitMessage', 'review', 'retry', 'rate', 'cancel', 'models' }
commands = vim.tbl_map(function(name) return 'assist.' .. name end, commands)
_G.tell = function(message)
  _G.notify('assist/answer', vim.tbl_extend('keep', message, { delta = '', done = false }))
end
local serve = serving({ executeCommandProvider = { commands = commands } }, {
  ['workspace/executeCommand'] = function(params)
    _G.asked = _G.asked + 1
    return _G.results[params.command] or { id = ('a%d'):format(_G.asked) }
  end,
})
require('assist').setup({ cmd = serve, ghost = false, answer = ANSWER })
"""
)


def open_shop(
    nvim: Opening, tmp_path: Path, environ: dict[str, str], name: str = "cart.py", setup: str = SETUP
) -> Editor:
    root = make_shop(tmp_path)
    subprocess.run(["git", "init", "--quiet", str(root)], check=True)
    editor: Editor = nvim(root, environ, root / "shop" / name, setup=setup)
    editor.until("return require('assist.client').of(0) ~= nil", "the server to be attached")
    return editor


def open_told(nvim: Opening, tmp_path: Path, answer: str = "float") -> Editor:
    """An editor whose server says what the test tells it to."""
    return open_shop(nvim, tmp_path, {}, setup=FAKE.replace("ANSWER", repr(answer)))


def agree(editor: Editor, title: str, key: str) -> None:
    editor.until(lambda: title in editor.screen(), title)
    editor.keys(key)
    editor.until(lambda: title not in editor.screen(), f"{title} to be answered")


def tell(editor: Editor, number: str, **message: Any) -> None:
    editor.lua("_G.tell(...)", {"id": number, **message})


def heard(editor: Editor) -> list[tuple[str, Any]]:
    """The commands that the fake server was given, each with its first argument."""
    return [(name, arguments[0] if arguments else None) for name, arguments in heard_commands(editor)]


def heard_id(editor: Editor) -> str:
    """The id that the fake server gave to the last question."""
    return f"a{len(heard(editor))}"


def groups(editor: Editor) -> dict[str, str]:
    """The text below each highlight of the answer, by its group."""
    code = """
        local space, found = vim.api.nvim_create_namespace('assist.answer'), {}
        for _, mark in ipairs(vim.api.nvim_buf_get_extmarks(0, space, 0, -1, { details = true })) do
          found[mark[4].hl_group] = vim.api.nvim_buf_get_lines(0, mark[2], mark[2] + 1, true)[1]
        end
        return found
    """
    return dict(editor.lua(code) or {})


def test_a_follow_up_goes_on_with_the_conversation_and_a_source_is_a_line_to_jump_from(
    nvim: Opening, tmp_path: Path, environ: dict[str, str]
) -> None:
    acts = [scripted_answer("It adds **up** gross prices."), scripted_answer("Because of the tax.")]
    with vendor(*acts) as acme:
        configure_provider(tmp_path / "config", acme.url)
        editor = open_shop(nvim, tmp_path, environ)
        editor.lua("vim.ui.input = function(options, done) done('and why gross?') end")
        editor.command("12AssistExplain!")
        editor.until(lambda: any("frontier-1" in line for line in editor.lines()), "the first answer")
        editor.shows("It adds **up** gross prices.")
        editor.keys("r")
        editor.until(lambda: "Because of the tax." in editor.lines(), "the second answer")
        lines = editor.lines()
        order = ["It adds **up** gross prices.", "and why gross?", "Because of the tax."]
        assert sorted(order, key=lines.index) == order
        second = json.dumps(acme.requests[1].json)
        assert "and why gross?" in second
        assert "It adds **up** gross prices." in second
        editor.command("call search('^shop/cart.py:')")
        place = editor.line().split()[0]
        first = int(place.removeprefix("shop/cart.py:").split("-")[0])
        editor.keys("gf")
        editor.until("return vim.fn.expand('%:t') == 'cart.py' and vim.fn.line('.')", "the jump")
        assert editor.lua("return vim.fn.line('.')") == first
        assert editor.lua("return vim.api.nvim_win_get_config(0).relative") == ""


def test_progress_is_told_until_the_first_word_and_errors_are_apart(nvim: Opening, tmp_path: Path) -> None:
    editor = open_told(nvim, tmp_path)
    editor.command("set number")
    editor.command("AssistExplain")
    tell(editor, "a1", progress={"phase": "reading", "message": "reading 753 tokens, about 9 s"})
    editor.shows("reading 753 tokens, about 9 s")
    tell(editor, "a1", delta="It adds up.")
    editor.until(lambda: editor.lines() == ["It adds up."], "the words alone")
    tell(editor, "a1", progress={"phase": "writing", "message": "writing, 120 tokens, 9 s"})
    editor.shows("writing, 120 tokens, 9 s")
    tell(editor, "a1", done=True, error="nothing was changed", summary="by nobody")
    editor.until(lambda: not any("120" in line for line in editor.lines()), "the progress to go")
    assert groups(editor)["DiagnosticError"] == "nothing was changed"
    assert editor.lua("return _G.notes[#_G.notes]") == "assist: nothing was changed"
    assert [editor.lua(f"return vim.wo.{name}") for name in ("number", "fillchars")] == [False, "eob: "]
    assert editor.lua("return { vim.bo.buftype, vim.bo.modifiable, vim.bo.modeline }") == [
        "nofile",
        False,
        False,
    ]


def test_facts_stand_above_the_words_and_lead_to_their_places(nvim: Opening, tmp_path: Path) -> None:
    editor = open_told(nvim, tmp_path)
    shop = tmp_path / "space" / "shop"
    uris = [(shop / name).as_uri() for name in ("cart.py", "prices.py")]
    parts = [
        {"words": "gross ("},
        {"words": "shop/prices.py:2", "uri": uris[1], "line": 2},
        {"words": "), Cart ("},
        {"words": "shop/cart.py:8", "uri": uris[0], "line": 8},
        {"words": ")"},
    ]
    odd = [{"words": "12", "uri": uris[0], "line": 12}, {"words": ': "shop/cart.py:1 ```"'}]
    facts = [{"name": "Calls", "parts": parts}, {"name": "Returns", "parts": odd}]
    editor.command("AssistExplain")
    tell(editor, "a1", progress={"phase": "reading", "message": "reading 753 tokens, about 9 s"})
    tell(editor, "a1", facts=facts)
    known = ["Calls    gross (shop/prices.py:2), Cart (shop/cart.py:8)", 'Returns  12: "shop/cart.py:1 ```"']
    drawn = [f"    {line}" for line in known]  # to Markdown, a block of code
    editor.until(
        lambda: editor.lines() == [*drawn, "", "reading 753 tokens, about 9 s"], "facts and progress"
    )
    tell(editor, "a1", restart=True, delta="It adds up.")
    tell(editor, "a1", done=True)
    editor.until(lambda: editor.lines() == [*drawn, "", "It adds up."], "the facts and the words")
    editor.keys("y")
    copied = "\n".join([*known, "", "It adds up.", ""])
    editor.until(lambda: editor.lua("return vim.fn.getreg('\"')") == copied, "all of it copied")
    for search, name, line in (("gross", "prices.py", 2), ("Cart", "cart.py", 8), ("1 ```", "cart.py", 12)):
        editor.command("AssistAnswer")
        editor.command(f"call cursor(1, 1) | call search('{search}')")
        editor.keys("gf")
        here = f"return vim.fn.expand('%:t') == '{name}' and vim.fn.line('.') == {line}"
        editor.until(here, f"the jump to {name}")


def test_facts_are_shown_where_there_is_no_model(
    nvim: Opening, tmp_path: Path, environ: dict[str, str]
) -> None:
    editor = open_shop(nvim, tmp_path, environ)
    editor.command("12AssistFacts")
    fact = "    Returns  13: sum(gross(item) for item in self.items)"
    editor.until(lambda: fact in editor.lines(), "the facts")
    assert editor.line().startswith("    What     method Cart.total, shop/cart.py:12-13")
    editor.command("call search('Returns')")
    editor.keys("gf")
    editor.until("return vim.fn.expand('%:t') == 'cart.py' and vim.fn.line('.') == 13", "the jump")
    editor.command("AssistExplain")
    editor.until(lambda: any("model" in line for line in editor.lines()), "the error")
    assert fact in editor.lines()


@pytest.mark.parametrize("answer", ["float", "split", "vsplit"])
def test_the_window_leaves_the_code_at_the_cursor_to_be_read(
    nvim: Opening, tmp_path: Path, answer: str
) -> None:
    editor = open_told(nvim, tmp_path, answer)
    for key in ("gg", "G"):
        editor.keys(key)
        line = editor.line()
        editor.command("AssistAsk 100%{1+1}")
        editor.shows("assist ask: 100%{1+1}")
        editor.shows("asking")
        editor.shows(line[:40])
        assert (editor.lua("return vim.api.nvim_win_get_config(0).relative") == "") == (answer != "float")
        editor.keys("q")
        editor.until("return vim.bo.filetype == 'python'", "the window to close")


def test_answers_are_retried_rated_copied_and_shown_again(nvim: Opening, tmp_path: Path) -> None:
    editor = open_told(nvim, tmp_path)
    editor.command("AssistExplain")
    tell(editor, "a1", delta="It adds\nup.\n", done=True, thread="t-1", summary="by some model")
    editor.keys("y")
    editor.until("return vim.fn.getreg('\"') == 'It adds\\nup.\\n'", "the copied answer")
    editor.lua("_G.results['assist.rate'] = { error = vim.NIL }")
    editor.keys("-")
    editor.until(lambda: heard(editor)[-1] == ("assist.rate", {"id": "a1", "verdict": "bad"}), "the rating")
    editor.keys("R")
    editor.until(lambda: heard(editor)[-1] == ("assist.retry", {"id": "a1"}), "the retry")
    editor.until(lambda: editor.lines() == ["asking"], "the new answer in place of the old one")
    tell(editor, "a1", delta="late")
    tell(editor, "a3", delta="Sums.", done=True, thread="t-1")
    editor.keys("P")
    editor.until(
        lambda: heard(editor)[-1] == ("assist.retry", {"id": "a3", "wish": "frontier"}), "a provider"
    )
    tell(editor, "a4", delta="Adds.")
    editor.command("AssistStop")
    editor.until(lambda: heard(editor)[-1] == ("assist.cancel", "a4"), "the answer to be stopped")
    tell(editor, "a4", done=True, error="cancelled")
    editor.until(lambda: editor.lines() == ["Adds.", "", "cancelled"], "what came of it to stay")
    editor.keys("R")
    editor.until(lambda: heard(editor)[-1] == ("assist.retry", {"id": "a4"}), "the retry")
    retried = heard_id(editor)
    tell(editor, retried, delta="Adds.")
    editor.leave_window("<Esc>")
    editor.until(lambda: heard(editor)[-1] == ("assist.cancel", retried), "the closed window to stop it")
    tell(editor, retried, done=True, error="cancelled")
    assert editor.lua("return vim.bo.filetype") == "python"
    editor.command("AssistAnswer")
    editor.until(lambda: editor.lines() == ["Adds.", "", "cancelled"], "the last answer again")


def test_what_would_be_sent_is_shown_and_only_sent_if_agreed(
    nvim: Opening, tmp_path: Path, environ: dict[str, str]
) -> None:
    with vendor(scripted_answer("It adds **up**.\n\n```python\nx = 1\ny = 2\n```\n")) as acme:
        configure_provider(tmp_path / "config", acme.url, mode="ask")
        editor = open_shop(nvim, tmp_path, environ)
        host = acme.url.removeprefix("http://").removesuffix("/v1")
        for key in ("q", "<Esc>"):
            editor.command("12AssistExplain! what of it")
            editor.until(lambda: "<C-y> Send" in editor.screen(), "the preview")
            editor.shows(host)
            editor.shows("shop/cart.py")
            agree(editor, "Send this to a provider?", key)
            editor.until(lambda: "Nothing was sent" in editor.screen(), "the refusal")
            assert acme.connections == 0
            editor.leave_window()
        editor.command("12AssistExplain! what of it")
        editor.until(lambda: "<C-t> Show text" in editor.screen(), "the question")
        editor.keys("<C-t>")
        editor.until(lambda: any("def total(self):" in line for line in editor.lines()), "the text")
        assert "what of it" in "\n".join(editor.lines())
        assert "sk_live_" not in "\n".join(editor.lines())
        assert editor.lua(
            "return { vim.bo.buftype, vim.bo.modifiable, vim.bo.swapfile, vim.bo.modeline }"
        ) == [
            "nofile",
            False,
            False,
            False,
        ]
        assert acme.connections == 0
        editor.keys("q")
        editor.until(lambda: "This text would be sent" not in editor.screen(), "the text to close")
        agree(editor, "Send this to a provider?", "<C-y>")
        editor.until(lambda: "It adds" in editor.screen() and "acme" in editor.screen(), "the answer")
        assert len(acme.requests) == 1
        editor.shows("$0.0008")
        editor.keys("c")
        editor.until("return vim.fn.getreg('\"') == 'x = 1\\ny = 2\\n'", "the copied block")
        editor.keys("y")
        editor.until(
            "return vim.fn.getreg('\"'):find('\\n\\nIt adds **up**.', 1, true) ~= nil", "the copied answer"
        )


def test_a_commit_message_and_an_edit_show_their_progress_in_place(nvim: Opening, tmp_path: Path) -> None:
    editor = open_told(nvim, tmp_path)
    editor.lua("vim.ui.input = function(options, done) _G.prompt = options.prompt; done('round it') end")
    editor.command("13AssistEdit")
    command, question = heard(editor)[-1]
    assert (command, question["words"], question["range"]["start"]["line"]) == (
        "assist.refactor",
        "round it",
        12,
    )
    assert editor.lua("return _G.prompt") == "Edit: "
    tell(editor, "a1", progress={"phase": "writing", "message": "writing, 40 tokens, 3 s"})
    editor.shows("assist: writing, 40 tokens, 3 s")
    tell(editor, "a1", delta="the diff", done=True, edit={"files": ["shop/cart.py"], "applied": True})
    editor.until(lambda: "assist: writing" not in editor.screen(), "the progress to go")
    assert editor.lua("return _G.notes[#_G.notes]") == "assist: Changed shop/cart.py; :AssistUndo reverts it."
    editor.command("AssistEdit once more")
    tell(editor, "a2", done=True, error="the file changed")
    editor.until(lambda: editor.lua("return _G.notes[#_G.notes]") == "assist: the file changed", "the error")
    editor.command("AssistAnswer")
    editor.until(lambda: editor.lines() == ["the file changed"], "the error in a window")
    editor.leave_window()
    editor.command("edit .git/COMMIT_EDITMSG")
    editor.until("return require('assist.client').of(0) ~= nil", "the server to be attached")
    editor.command("AssistCommit")
    assert heard(editor)[-1][0] == "assist.commitMessage"
    tell(editor, heard_id(editor), delta="Round totals\n\nTo the cent.\n", done=True)
    editor.until(lambda: editor.lines() == ["Round totals", "", "To the cent.", ""], "the message")


def test_remarks_of_a_review_are_places_to_jump_to(nvim: Opening, tmp_path: Path) -> None:
    editor = open_told(nvim, tmp_path, "vsplit")
    editor.command("AssistReview main")
    assert (heard(editor)[-1][0], heard(editor)[-1][1]["rev"]) == ("assist.review", "main")
    uri = (tmp_path / "space" / "shop" / "cart.py").as_uri()
    gone = [{"words": "shop/cart.py:9", "uri": uri, "line": 9}, {"words": ": `and` became `or`"}]
    tell(editor, "a1", facts=[{"name": "", "parts": gone}])
    editor.until(lambda: editor.lines()[:1] == ["    shop/cart.py:9: `and` became `or`"], "what is certain")
    odd = {"uri": "file:///x", "place": "a\nb.py:3-9", "first": 3, "last": 9, "name": "", "outline": True}
    tell(editor, "a1", delta="shop/prices.py:2: no number without a name", done=True, sources=[odd])
    editor.until(lambda: editor.lines()[-1:] == ["a?b.py:3-9 (outline)"], "the source")
    editor.command("call search('^shop/prices.py:2', 'w')")
    editor.until(lambda: editor.line().startswith("shop/prices.py:2"), "the remark")
    editor.keys("<CR>")
    editor.until("return vim.fn.expand('%:t') == 'prices.py' and vim.fn.line('.') == 2", "the jump")


def test_the_model_for_answers_is_chosen(nvim: Opening, tmp_path: Path) -> None:
    editor = open_told(nvim, tmp_path)
    rows = [
        {"name": "small", "completes": True, "answers": False, "note": "fast"},
        {"name": "large", "completes": True, "answers": True, "note": "slow"},
    ]
    editor.lua("_G.results['assist.models'] = ...", {"answers": "", "ghost_text": "small", "installed": rows})
    chosen = {"answers": "large", "ghost_text": "small", "installed": rows}
    editor.lua("_G.results['assist.useModel'] = ...", chosen)
    editor.lua("""
        vim.ui.select = function(rows, options, done)
          _G.offered = vim.tbl_map(options.format_item, rows)
          done(rows[1])
        end
    """)
    editor.command("AssistExplain")
    editor.until("return vim.bo.filetype == 'markdown'", "the answer, in whose window the server is known")
    editor.command("AssistModel")
    assert editor.lua("return _G.offered") == ["large  slow"]
    assert heard(editor)[-1] == ("assist.useModel", {"name": "large", "for": "answers"})
    assert editor.lua("return _G.notes[#_G.notes]") == "assist: answers by large, ghost text by small"


def test_a_refactoring_of_two_files_is_previewed_refused_applied_and_undone(
    nvim: Opening, tmp_path: Path, environ: dict[str, str]
) -> None:
    with vendor(scripted_answer(RENAMED)) as acme:
        configure_provider(tmp_path / "config", acme.url)
        editor = open_shop(nvim, tmp_path, environ, "prices.py")
        shop = tmp_path / "space" / "shop"
        files = {"prices.py": PRICES, "cart.py": CART}

        def held() -> dict[str, str]:
            code = "return table.concat(vim.fn.getbufline(vim.fn.bufadd(...), 1, '$'), '\\n') .. '\\n'"
            return {name: editor.lua(code, str(shop / name)) for name in files}

        editor.command(f"edit {shop / 'cart.py'}")
        editor.until("return require('assist.client').of(0) ~= nil", "the other file to be attached")
        editor.command(f"buffer {shop / 'prices.py'}")
        ask = "1,2AssistRefactor! rename gross to with_tax in shop/cart.py too"
        editor.command(ask)
        editor.until(lambda: "+def with_tax(net):" in editor.screen(), "the diff")
        editor.shows("-def gross(net):")
        agree(editor, "Make this edit?", "q")
        editor.until(lambda: "Not changed: " in editor.screen(), "the refusal to be told")
        assert held() == files
        editor.leave_window()
        editor.command(ask)
        agree(editor, "Make this edit?", "<C-y>")
        editor.until(lambda: "Changed " in editor.screen(), "the edit to be told")
        assert held() == {name: text.replace("gross", "with_tax") for name, text in files.items()}
        editor.leave_window()
        editor.command("AssistUndo")
        agree(editor, "Make this edit?", "<C-y>")
        editor.until(lambda: held() == files, "the edit to be taken back")


def test_a_problem_of_the_line_is_handed_on(nvim: Opening, tmp_path: Path, environ: dict[str, str]) -> None:
    with vendor(scripted_answer("Nothing to do.")) as acme:
        configure_provider(tmp_path / "config", acme.url)
        editor = open_shop(nvim, tmp_path, environ, "prices.py")
        editor.lua("""
            vim.diagnostic.set(vim.api.nvim_create_namespace('lint'), 0, {
              { lnum = 1, col = 4, message = 'magic number 1.2' }, { lnum = 0, col = 0, message = 'elsewhere' },
            })
        """)
        editor.keys("2G")
        editor.until("return vim.fn.line('.') == 2", "the cursor")
        editor.command("AssistFix!")
        editor.until(lambda: acme.requests, "the question")
        sent = str(acme.requests[0].json)
        assert "magic number 1.2" in sent
        assert "elsewhere" not in sent
        editor.leave_window()
        editor.lua("vim.ui.input = function(options, done) _G.prompt = options.prompt; done('why?') end")
        editor.command("AssistAsk!")
        editor.until(lambda: len(acme.requests) == 2, "the question")
        assert editor.lua("return _G.prompt") == "Ask: "
        assert "why?" in str(acme.requests[1].json)


def test_tests_are_asked_for_and_the_state_is_told(
    nvim: Opening, tmp_path: Path, environ: dict[str, str]
) -> None:
    with vendor(scripted_answer("Nothing to add.")) as acme:
        configure_provider(tmp_path / "config", acme.url)
        editor = open_shop(nvim, tmp_path, environ, "prices.py")
        editor.until("return next(require('assist.client').said) ~= nil", "the server's first status")
        editor.command("AssistTest! with a net of zero")
        editor.until(lambda: acme.requests, "the question")
        assert "with a net of zero" in str(acme.requests[0].json)
        editor.shows("assist test: with a net of zero")
        editor.leave_window()
        editor.command("AssistStatus")
        said = "function(each) return vim.startswith(each, 'assist: missing, model ') end"
        state = editor.until(f"return vim.iter(_G.notes):find({said})", "the state")
        assert ", answers by /nowhere/missing.gguf" in state
        editor.command("enew")
        editor.command("AssistStatus")
        assert "no server for this file, see :checkhealth" in editor.lua("return _G.notes[#_G.notes]")
