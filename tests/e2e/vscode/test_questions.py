"""Questions in VS Code: streamed answers, refactorings in its preview, and consent before sending."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from asked_shop import CART, PRICES, RENAMED
from hostile import Hostile
from vendor import configure_provider, scripted_answer, vendor
from workbench import Window, until

pytestmark = [pytest.mark.model, pytest.mark.timeout(300)]

RENAMED_CART = CART.replace("gross", "with_tax")
RENAMED_PRICES = PRICES.replace("gross", "with_tax")


@pytest.fixture
def acme(configuration: Path, config: Path, model_path: Path) -> Iterator[Hostile]:
    """A provider on loopback that answers with a refactoring, twice."""
    with vendor(scripted_answer(RENAMED), scripted_answer(RENAMED)) as server:
        configure_provider(configuration, server.url, model=model_path, mode="ask")
        yield server


def contents(folder: Path) -> tuple[str, str]:
    return (folder / "shop" / "cart.py").read_text(), (folder / "shop" / "prices.py").read_text()


def test_an_explanation_of_a_selection_streams_into_a_view(window: Window, shop: Path) -> None:
    window.open("shop/cart.py", 13, 9)
    window.ready()
    window.press("Control+a")  # enough text that the explanation takes seconds
    window.run("Assist: Explain")
    view = window.view()
    body = view.locator("section .body")
    lengths: set[int] = set()

    def grows() -> bool:
        lengths.add(len(body.inner_text()))
        return len(lengths - {0}) > 1

    until("an answer that grows", grows)
    window.shoot("explain streams")
    view.locator("section .last").filter(has_text="on this machine").wait_for(timeout=120_000)
    window.shoot("explained")
    assert view.locator("h2").inner_text() == "Explain · cart.py:1"
    assert len(body.inner_text()) > 40
    assert not view.locator("section > .stop").is_visible(), "nothing is left to stop"


def test_an_answer_is_stopped_by_its_button(window: Window, shop: Path) -> None:
    window.open("shop/cart.py", 13, 9)
    window.ready()
    window.run_with_words("Assist: Ask...", "Write the numbers from 1 to 300, each on a line of its own.")
    view = window.view()
    until("a word", lambda: view.locator("section .body").inner_text().strip())
    view.locator("section > .stop").click()
    view.locator("section .last").filter(has_text="cancelled").wait_for()


def test_a_refactoring_is_previewed_applied_and_undone(window: Window, shop: Path, acme: Hostile) -> None:
    before = contents(shop)
    window.open("shop/prices.py", 1, 5)
    window.ready()
    refactor(window)
    window.modal("Send")
    window.page.get_by_text("Refactor Preview", exact=False).first.wait_for()
    window.shoot("refactor preview")
    assert contents(shop) == before
    window.page.locator("a.monaco-button", has_text="Apply").click()
    until("the edit", lambda: window.text(1) == "def with_tax(net):")
    save_all(window)
    until("both files", lambda: contents(shop) == (RENAMED_CART, RENAMED_PRICES))
    window.shoot("applied")
    window.run("Assist: Undo Last Edit")
    window.page.locator("a.monaco-button", has_text="Apply").click()
    until("the edit taken back", lambda: window.text(1) == "def gross(net):")
    save_all(window)
    until("both files", lambda: contents(shop) == before)


def refactor(window: Window) -> None:
    window.run_with_words("Assist: Refactor...", "Rename gross to with_tax in both files.")


def save_all(window: Window) -> None:
    until("two changed files", lambda: window.page.locator(".tab.dirty").count() == 2)
    window.run("File: Save All Files")
