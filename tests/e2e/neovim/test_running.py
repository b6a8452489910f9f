"""Code of the workspace runs in Neovim after a question in a window: for a proof, and for tests."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
from neovim_editor import Editor
from taxed_prices import FIX, FIXED, NO_FIX, PROVEN, RECORDED, RIGHT, TESTED, TESTS, make_project
from vendor import configure_provider, scripted_answer, vendor

pytestmark = pytest.mark.timeout(300)
Opening = Any
SLOW = 120.0  # seconds for runs of tests on a busy machine
QUESTION = "Run the code of this workspace?"


def answer(editor: Editor, title: str, key: str) -> None:
    editor.until(lambda: title in editor.screen(), title, SLOW)
    editor.keys(key)
    editor.until(lambda: title not in editor.screen(), f"{title} to be answered")


def said(editor: Editor) -> str:
    """The answer in its window, on one line."""
    return " ".join(" ".join(editor.lines()).split())


def test_edits_are_proven_and_tests_recorded_once_the_user_lets_code_run(
    nvim: Opening, tmp_path: Path, environ: dict[str, str]
) -> None:
    """Three questions in one Neovim. What a provider answers is scripted; what runs is real."""
    space = tmp_path / "space"
    make_project(space)
    subprocess.run(["git", "init", "--quiet", str(space)], check=True)
    with vendor(*map(scripted_answer, (FIX, NO_FIX, FIX))) as acme:
        configure_provider(tmp_path / "config", acme.url)
        editor = nvim(space, environ, space / "prices.py")
        editor.until("return require('assist.client').of(0) ~= nil", "the server to be attached")
        editor.until(lambda: editor.indexed_files() >= 2, "the index, by which tests are found")

        editor.command(f"{FIXED}AssistFix! 10 comes out wrong")
        editor.until(lambda: "in a sandbox" in editor.screen(), "what would run", SLOW)
        assert "pytest" in editor.screen()
        assert acme.requests == []
        answer(editor, QUESTION, "q")
        answer(editor, "Make this edit?", "q")
        editor.until(lambda: "Proof: none. You did not agree" in said(editor), "the edit without a proof")
        editor.leave_window()

        editor.command(f"{TESTED}AssistTest")
        answer(editor, QUESTION, "<C-y>")
        editor.until(lambda: '+    assert shown(3) == "3"' in editor.screen(), "the tests", SLOW)
        answer(editor, "Make this edit?", "<C-y>")
        editor.until(lambda: RECORDED.search(said(editor)), "the recorded tests")
        editor.leave_window()

        editor.command(f"{FIXED}AssistFix! 10 comes out wrong")
        answer(editor, "Make this edit?", "<C-y>")
        before, now = map(int, editor.until(lambda: PROVEN.search(said(editor)), "the proof").groups())
        assert now == before + 2
        assert len(acme.requests) == 3
        editor.leave_window()
        editor.command("silent wall")
    assert (space / "prices.py").read_text() == RIGHT
    assert TESTS.partition("\n\n")[2] in (space / "tests" / "test_prices.py").read_text()
