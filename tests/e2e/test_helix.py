"""Helix with the configuration of docs/editors.md: the completion list, inserted text, where answers go."""

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

ASK = ("C-x",)  # asks for completions; repeated, because the model may not be loaded the first time


@contextmanager
def helix(home: Mapping[str, str], file: Path, place: str) -> Iterator[Terminal]:
    """Run Helix with the cursor at a place in a file."""
    config = Path(home["XDG_CONFIG_HOME"]) / "helix"
    config.mkdir()
    (config / "languages.toml").write_text(block("Helix", "toml"))
    with terminal(["hx", f"{file}:{place}"], file.parent, home) as running:
        running.until(lambda screen: "NOR" in screen)
        yield running


def save_file(running: Terminal, file: Path, before: str) -> str:
    running.keys("Escape")
    running.until(lambda screen: "NOR" in screen, poke=("Escape",), every=0.5)
    running.type(":w")
    running.keys("Enter")
    return wait_until_written(file, before.encode()).decode()


# An item is between a line number and its kind.
ITEM = re.compile(r"^\s*(?:\d+|~)?\s+(\S.*?)\s+text\s*$", re.MULTILINE)


def shown_item(screen: str) -> str:
    """Return the text of the item in the list."""
    found = ITEM.search(screen)
    return found[1] if found else ""


def test_an_item_within_a_word_is_shown_accepted_and_saved(home: Mapping[str, str], workspace: Path) -> None:
    file = workspace / "circle.py"
    file.write_text(AREA)
    with helix(home, file, f"{LINE}:1") as running:
        running.keys("A")
        running.type("math.p")
        item = shown_item(running.until(shown_item, poke=ASK))
        assert item.startswith("pi * self.radius"), "it begins with what is typed of the word"
        running.keys("Tab")
        running.until(lambda screen: f"return math.{item}" in screen)
        text = save_file(running, file, AREA)
    assert one_line_changed(AREA, text) == f"        return math.{item}\n"


def test_an_explanation_opens_as_a_document(home: Mapping[str, str], workspace: Path) -> None:
    file = workspace / "circle.py"
    file.write_text(AREA.replace("return \n", "return math.pi\n"))
    with helix(home, file, f"{LINE}:9") as running:
        ready(running)
        running.keys("Space", "a")
        running.until(lambda screen: "Explain" in screen)
        running.keys("Down", "Enter")  # after "Refactor..."
        screen = running.until(lambda screen: "# explain circle.py" in screen)
    assert "`method Circle.area, circle.py:8-9`" in screen


def ready(running: Terminal) -> None:
    """Wait until the model is loaded, by completing something. The typed text is removed again."""
    running.keys("A")
    running.until(shown_item, poke=ASK)
    running.keys("Escape")
    running.until(lambda screen: "NOR" in screen, poke=("Escape",), every=0.5)


def test_a_refactoring_is_agreed_to_by_a_code_action_and_undone(
    tmp_path: Path, home: Mapping[str, str], workspace: Path
) -> None:
    file = workspace / "prices.py"
    file.write_text(PRICES)
    with vendor(scripted_answer(RENAMED)) as acme:
        configure_provider(tmp_path / "config", acme.url)
        with helix({**home, "ACME_KEY": KEY, "ASSIST_OFFLINE": ""}, file, "1:1") as running:
            running.keys("Space", "a")
            running.until(lambda screen: "Refactor..." in screen, poke=("Space", "a"))
            running.keys("Enter")
            running.until(lambda screen: "Make this edit? prices.py" in screen and "+def with_tax" in screen)
            running.keys("C-w", "q")  # the page that shows the edit
            running.until(lambda screen: "+def with_tax" not in screen)
            running.keys("Space", "a")
            running.until(lambda screen: "assist: Apply" in screen, poke=("Space", "a"))
            running.keys("Enter")
            running.until(lambda screen: "def with_tax" in screen and "Changed prices.py" in screen)
            assert file.read_text() == PRICES, "it is in the editor; saving is up to the person"
            text = save_file(running, file, PRICES)
            assert text == PRICES.replace("gross", "with_tax")
            running.keys("u")
            assert save_file(running, file, text) == PRICES
