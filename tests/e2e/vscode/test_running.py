"""Code of the workspace runs in VS Code after a question with a button: for a proof, and for tests."""

from pathlib import Path

import pytest
from taxed_prices import (
    AGREED,
    FIX,
    FIXED,
    NO_FIX,
    PROVEN,
    RECORDED,
    RIGHT,
    TESTED,
    TESTS,
    make_project,
)
from vendor import configure_provider, scripted_answer, vendor
from workbench import Window, until

SLOW = 120_000  # ms for runs of tests on a busy machine
pytestmark = [pytest.mark.model, pytest.mark.timeout(300)]


def preview(window: Window, button: str, picture: str = "") -> None:
    """Answer the preview of an edit."""
    window.page.get_by_text("Refactor Preview", exact=False).first.wait_for(timeout=SLOW)
    if picture:
        window.shoot(picture)
    window.page.locator("a.monaco-button", has_text=button).click()


def test_edits_are_proven_and_tests_recorded_once_the_user_lets_code_run(
    window: Window, folder: Path, configuration: Path
) -> None:
    """Three questions in one window. What a provider answers is scripted; what runs is real."""
    make_project(folder)
    with vendor(*map(scripted_answer, (FIX, NO_FIX, FIX))) as acme:
        configure_provider(configuration, acme.url)
        window.open("prices.py", FIXED, 5)
        until("the server", lambda: "no model" in window.status() or "failed" in window.status())
        last = window.view().locator("section .last").last

        window.run("Assist: Fix")
        words = window.dialog().inner_text()
        assert "pytest" in words
        assert AGREED in words
        assert acme.requests == []
        window.modal("Do Not Run")
        preview(window, "Discard")
        last.filter(has_text="Proof: none. You did not agree to run the code.").wait_for()

        window.go(TESTED, 5)
        window.run("Assist: Generate Tests")
        window.dialog()
        window.shoot("run")
        window.modal("Run It")
        preview(window, "Apply", "test by running")
        last.filter(has_text=RECORDED).wait_for()
        window.shoot("recorded")

        window.run("View: Focus First Editor Group")
        window.go(FIXED, 5)
        window.run("Assist: Fix")
        preview(window, "Apply")
        last.filter(has_text=PROVEN).wait_for()
        before, now = map(int, PROVEN.search(last.inner_text()).groups())
        assert now == before + 2
        assert len(acme.requests) == 3
        window.shoot("proven fix")
    window.run("File: Save All Files")
    until("the fix", lambda: (folder / "prices.py").read_text() == RIGHT)
    saved = folder / "tests" / "test_prices.py"  # the editor empties a file before it writes it
    until("the tests", lambda: TESTS.partition("\n\n")[2] in saved.read_text())
    written = saved.read_text()
    assert 'shown(3) == "3"' in written


CLASSES = {
    "cart.ts": "export class Cart {\n  total(): number {\n    return 1;\n  }\n}\n",
    "basket.ts": "import { Cart } from './cart';\n\nexport class Basket extends Cart {\n  pay = () => this.total();\n}\n",
    "tsconfig.json": "{}\n",
}


def test_a_rename_in_words_is_made_by_the_editors_own_typescript(window: Window, folder: Path) -> None:
    """Syntax alone does not rename a method that a class of another file inherits."""
    for name, text in CLASSES.items():
        (folder / name).write_text(text)
    window.open("cart.ts", 2, 5)
    until("the server", lambda: any(word in window.status() for word in ("no model", "loading", "coder")))
    window.run_with_words("Assist: Refactor...", "rename it to amount")
    preview(window, "Apply")
    last = window.view().locator("section .last").last
    last.filter(has_text="Proof: construction.").wait_for()
    until("two changed files", lambda: window.page.locator(".tab.dirty").count() == 2)
    window.run("File: Save All Files")
    for name in ("cart.ts", "basket.ts"):
        until(
            f"the rename in {name}",
            lambda name=name: (folder / name).read_text() == CLASSES[name].replace("total", "amount"),
        )
