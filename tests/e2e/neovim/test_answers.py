"""Questions in a real Neovim with a provider on loopback: confirmed first, previewed, applied, undone."""

from pathlib import Path
from typing import Any

import pytest
from asked_shop import CART, KEY, PRICES, RENAMED, make_shop
from hostile import HANG, chunk, head
from neovim_editor import Editor
from vendor import configure_provider, scripted_answer, vendor

Opening = Any


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {
        "ASSIST_CONFIG_DIR": str(tmp_path / "config"),
        "ASSIST_DATA_DIR": str(tmp_path / "data"),
        "ACME_KEY": KEY,
    }


def open_file(nvim: Opening, tmp_path: Path, environ: dict[str, str], name: str) -> tuple[Editor, Path]:
    root = make_shop(tmp_path)
    (root / ".git").mkdir()
    editor = nvim(root, environ, root / "shop" / name)
    editor.until("return require('assist.client').of(0) ~= nil", "the server to be attached")
    editor.until("return next(require('assist.client').said) ~= nil", "the server's first status")
    return editor, root / "shop"


def agree(editor: Editor, title: str, key: str) -> None:
    editor.until(lambda: title in editor.screen(), title)
    editor.keys(key)
    editor.until(lambda: title not in editor.screen(), f"{title} to be answered")


def test_what_would_be_sent_is_shown_and_only_sent_if_agreed(
    nvim: Opening, tmp_path: Path, environ: dict[str, str]
) -> None:
    with vendor(scripted_answer("It adds **up**.\n\n```python\nx = 1\ny = 2\n```\n")) as acme:
        configure_provider(tmp_path / "config", acme.url, mode="ask")
        editor, _ = open_file(nvim, tmp_path, environ, "cart.py")
        host = acme.url.removeprefix("http://").removesuffix("/v1")
        for key in ("q", "<Esc>"):
            editor.command("AssistExplain!")
            editor.until(lambda: "<C-y> Send" in editor.screen(), "the preview")
            editor.shows(host)
            editor.shows("shop/cart.py")
            agree(editor, "Send this to a provider?", key)
            editor.until(lambda: "Nothing was sent" in editor.screen(), "the refusal")
            assert acme.connections == 0
            editor.leave_window()
        editor.command("AssistExplain!")
        agree(editor, "Send this to a provider?", "<C-y>")
        editor.until(lambda: "It adds" in editor.screen() and "acme" in editor.screen(), "the answer")
        assert len(acme.requests) == 1
        editor.shows("$0.0008")
        editor.keys("c")
        editor.until("return vim.fn.getreg('\"') == 'x = 1\\ny = 2\\n'", "the copied block")
        editor.keys("y")
        editor.until("return vim.startswith(vim.fn.getreg('\"'), 'It adds **up**.')", "the copied answer")


def test_a_refactoring_of_two_files_is_previewed_refused_applied_and_undone(
    nvim: Opening, tmp_path: Path, environ: dict[str, str]
) -> None:
    with vendor(scripted_answer(RENAMED)) as acme:
        configure_provider(tmp_path / "config", acme.url)
        editor, shop = open_file(nvim, tmp_path, environ, "prices.py")
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
        editor, _ = open_file(nvim, tmp_path, environ, "prices.py")
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


def test_an_answer_is_stopped_and_what_came_of_it_stays(
    nvim: Opening, tmp_path: Path, environ: dict[str, str]
) -> None:
    with vendor([head(), chunk("The first "), chunk("words.\n"), HANG]) as acme:
        configure_provider(tmp_path / "config", acme.url)
        editor, _ = open_file(nvim, tmp_path, environ, "cart.py")
        editor.command("AssistExplain!")
        editor.shows("The first words.")
        editor.command("AssistStop")
        editor.until(acme.gone.is_set, "the provider to be left")
        editor.shows("cancelled")
        editor.shows("The first words.")
        editor.leave_window()
        editor.command("AssistExplain!")
        editor.shows("The first words.")
        acme.gone.clear()
        editor.leave_window("<Esc>")
        editor.until(acme.gone.is_set, "the closed window to stop it")


def test_tests_are_asked_for_and_the_state_is_told(
    nvim: Opening, tmp_path: Path, environ: dict[str, str]
) -> None:
    with vendor(scripted_answer("Nothing to add.")) as acme:
        configure_provider(tmp_path / "config", acme.url)
        editor, _ = open_file(nvim, tmp_path, environ, "prices.py")
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
