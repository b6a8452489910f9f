"""Emacs with the configurations of docs/editors.md: inserted text, where answers go, edits and undo."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from page import block
from shapes import AREA, KEY, LINE, PRICES, RENAMED, one_line_changed
from terminal import Terminal, terminal, wait_until_written
from vendor import configure_provider, scripted_answer, vendor

pytestmark = [pytest.mark.model, pytest.mark.timeout(300)]

EGLOT, LSP_MODE = "Emacs with eglot", "Emacs with lsp-mode"
CONNECTED = {EGLOT: "[eglot:space]", LSP_MODE: "💡"}  # it shows the number of code actions
ACCEPT = {EGLOT: "Tab", LSP_MODE: "Enter"}
ACTIONS = {EGLOT: "eglot-code-actions", LSP_MODE: "lsp-execute-code-action"}
PROMPT = {EGLOT: "Pick an action", LSP_MODE: "Select code action"}
BACK = {EGLOT: ("C-x", "o"), LSP_MODE: ("C-x", "b", "Enter")}  # from the page that shows an edit
AGREE = {EGLOT: "", LSP_MODE: "Apply"}  # eglot has already filled in the first choice
AGAIN = ("BSpace", "p")  # types the last letter again, because the model may not be loaded the first time

both = pytest.mark.parametrize("way", [EGLOT, LSP_MODE])


@contextmanager
def emacs(home: Mapping[str, str], way: str, file: Path, place: str) -> Iterator[Terminal]:
    """Run Emacs with the cursor in a file, and wait until it is connected."""
    config = Path(home["XDG_CONFIG_HOME"]) / "emacs"
    config.mkdir()
    (config / "early-init.el").write_text("(setq native-comp-jit-compilation nil)\n")  # for a home of seconds
    (config / "init.el").write_text(block(way, "elisp"))
    with terminal(["emacs", "-nw", f"+{place}", str(file)], file.parent, home) as running:
        running.until(lambda screen: CONNECTED[way] in screen)
        yield running


def save_file(running: Terminal, file: Path, before: str) -> str:
    running.keys("C-x", "C-s")
    return wait_until_written(file, before.encode()).decode()


def act(running: Terminal, way: str, title: str) -> None:
    """Run a code action."""
    running.keys("M-x")
    running.type(ACTIONS[way])
    running.keys("Enter")
    running.until(lambda screen: PROMPT[way] in screen)
    running.type(title)
    running.keys("Enter")


@both
def test_ghost_text_within_a_word_is_accepted_and_saved(
    home: Mapping[str, str], workspace: Path, way: str
) -> None:
    file = workspace / "circle.py"
    file.write_text(AREA)
    with emacs(home, way, file, f"{LINE}:1") as running:
        running.keys("C-e")
        running.type("math.p")
        shown = re.compile(r"return (math\.pi \* self\.radius.*?) *$", re.MULTILINE)
        found = shown.search(running.until(shown.search, poke=AGAIN))
        assert found
        assert "math.p\n" not in file.read_text()
        running.keys(ACCEPT[way])
        text = save_file(running, file, AREA)
    assert one_line_changed(AREA, text) == f"        return {found[1]}\n"


def test_an_explanation_opens_as_a_buffer(home: Mapping[str, str], workspace: Path) -> None:
    """In one of the two: lsp-mode shows documents as it shows the one with an edit, below."""
    way = EGLOT
    file = workspace / "circle.py"
    file.write_text(AREA)
    with emacs(home, way, file, f"{LINE}:1") as running:
        running.keys("C-e")
        running.type("math.p")
        running.until(lambda screen: "math.pi" in screen, poke=AGAIN)
        running.keys(ACCEPT[way])
        act(running, way, "assist: Explain")
        running.until(lambda screen: "# explain circle.py" in screen)


@both
def test_a_refactoring_is_agreed_to_applied_and_undone(
    tmp_path: Path, home: Mapping[str, str], workspace: Path, way: str
) -> None:
    file = workspace / "prices.py"
    file.write_text(PRICES)
    with vendor(scripted_answer(RENAMED)) as acme:
        configure_provider(tmp_path / "config", acme.url)
        with emacs({**home, "ACME_KEY": KEY, "ASSIST_OFFLINE": ""}, way, file, "1:1") as running:
            act(running, way, "assist: Refactor...")
            running.until(lambda screen: "Make this edit?" in screen and "+def with_tax" in screen)
            running.type(AGREE[way])
            running.keys("Enter", *BACK[way])
            running.until(lambda screen: re.search(r"^ *def with_tax", screen, re.MULTILINE))
            assert file.read_text() == PRICES, "it is in the editor; saving is up to the person"
            text = save_file(running, file, PRICES)
            assert text == PRICES.replace("gross", "with_tax")
            running.keys("C-_")
            running.until(lambda screen: "def gross" in screen)
            assert save_file(running, file, text) == PRICES
