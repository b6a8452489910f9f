"""Questions in VS Code: the answer view, conversations, edits in its preview, and consent before sending."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from asked_shop import CART, PRICES, RENAMED
from hostile import Hostile
from vendor import configure_provider, scripted_answer, vendor
from workbench import Window, until

pytestmark = [pytest.mark.model, pytest.mark.timeout(300)]

SLOW = 120_000  # ms for an answer of the model on a busy machine
PROGRESS = re.compile(r"^reading( [\d,]+ tokens(, about \d+ s)?)?$")
KEEP_PROGRESS = """body => {
    body.told = [];
    const keep = () => {
        const last = [...body.querySelectorAll(".progress")].at(-1);
        if (last && last.textContent && body.told.at(-1) !== last.textContent) body.told.push(last.textContent);
    };
    new MutationObserver(keep).observe(body, { subtree: true, childList: true, characterData: true });
}"""  # since a fast machine is done before one could look
REFUSED = RENAMED.replace("def gross(net):\n=======", "def not_in_the_file(net):\n=======")


TILL = '''\
"""The till."""

from shop.cart import Cart


def pay(cart: Cart, given: float) -> float:
    """Take the money for a cart, and say what is given back."""
    log = []
    if not cart.items:
        return given
    if given < cart.total():
        raise ValueError("too little is given")
    log.append(given)
    return given - cart.total()
'''
RENAMED_CART = CART.replace("gross", "with_tax")
RENAMED_PRICES = PRICES.replace("gross", "with_tax")
RENAME = "Rename gross to with_tax in both files."


@pytest.fixture
def acme(
    request: pytest.FixtureRequest, configuration: Path, config: Path, model_path: Path
) -> Iterator[Hostile]:
    """A provider on loopback that gives the answers which the test's parameter has."""
    with vendor(*map(scripted_answer, request.param)) as server:
        configure_provider(configuration, server.url, model=model_path, mode="ask")
        yield server


def answering(*answers: str) -> pytest.MarkDecorator:
    """What `acme` answers in a test."""
    return pytest.mark.parametrize("acme", [answers], indirect=True, ids=["acme"])


def refactor(window: Window) -> None:
    window.run_with_words("Assist: Refactor...", RENAME)


def contents(folder: Path) -> tuple[str, str]:
    return (folder / "shop" / "cart.py").read_text(), (folder / "shop" / "prices.py").read_text()


def commit(folder: Path, subject: str) -> None:
    """Make a repository of a folder, with one commit."""
    identity = ["-c", "user.name=A", "-c", "user.email=a@b.invalid"]
    for words in (["init", "-q"], ["add", "."], [*identity, "commit", "-qm", subject]):
        subprocess.run(["git", *words], cwd=folder, check=True)


def save_all(window: Window) -> None:
    until("two changed files", lambda: window.page.locator(".tab.dirty").count() == 2)
    window.run("File: Save All Files")


def test_an_explanation_of_a_selection_streams_into_a_view(window: Window, shop: Path) -> None:
    window.open("shop/cart.py", 13, 9)
    window.press("Control+a")  # enough text that the explanation takes seconds
    until("the server", lambda: "loading" in window.status() or "coder" in window.status())
    window.run("Assist: Explain")
    view = window.view()
    body = view.locator("section .body")
    lengths: set[int] = set()

    def grows() -> bool:
        lengths.add(len(body.inner_text()))
        return len(lengths - {0}) > 1

    view.locator("section .facts dd", has_text="13 lines").wait_for()
    assert not body.inner_text(), "facts come before the words, and may come while the model is loaded"
    until("an answer that grows", grows)
    assert "reading" not in window.bar()
    window.shoot("explain streams")
    view.locator("section .last").filter(has_text="on this machine").wait_for(timeout=120_000)
    window.shoot("explained")
    assert view.locator("h2").inner_text() == "Explain · cart.py:1"
    assert len(body.inner_text()) > 40
    assert not view.locator("section > .stop").is_visible(), "nothing is left to stop"


def test_facts_are_shown_without_a_model_and_lead_to_their_lines(
    window: Window, shop: Path, config: Path
) -> None:
    config.write_text("[completion]\nmodel = '/nowhere/missing.gguf'\n")
    (shop / "shop" / "till.py").write_text(TILL)
    (shop / "main.py").write_text(
        "from shop.till import pay\n\n\ndef main(cart):\n    print(pay(cart, 20))\n"
    )
    (shop / "tests").mkdir()
    test = "def test_the_change(cart):\n    assert pay(cart, 20) == 8\n"
    (shop / "tests" / "test_till.py").write_text(f"from shop.till import pay\n\n\n{test}")
    commit(shop, "Give change")
    window.open("shop/till.py", 13, 9)
    until("the server", lambda: "no model" in window.status() or "failed" in window.status())
    section = window.view().locator("section").last
    place = section.get_by_role("button", name="Open main.py:5")

    def asked() -> bool:
        """Whether the facts know the other file, which they do once the folder is indexed."""
        if section.count():
            window.view().get_by_role("button", name="Begin a new conversation").click()
        window.run("View: Focus First Editor Group")  # from the view, whether it shows something yet or not
        window.run("Assist: Facts")
        return window.appears(place.count, 3)

    until("the facts", asked)
    window.run("Notifications: Clear All Notifications")
    window.page.locator(".quick-input-widget").first.wait_for(state="hidden")
    window.shoot("facts")
    assert section.locator("h2").inner_text() == "Facts · till.py:13"
    assert section.locator("dd").first.inner_text() == "function pay, shop/till.py:6-14"
    for words in (
        "9: if not cart.items: return given",
        "14: given - cart.total()",
        "tests/test_till.py:5",
        "Give change",
    ):
        assert section.locator("dd", has_text=words).count() == 1, words
    assert section.locator(".actions button").all_inner_texts() == ["Copy all"]
    place.click()
    until("the place", lambda: "Ln 5, Col 1" in window.bar())
    assert window.page.locator('.tab.active[aria-label^="main.py"]').count()
    window.run("Assist: Explain")
    section.locator(".last").filter(has_text="No model was asked").wait_for()
    assert section.locator("dd", has_text="main.py").count()


def test_a_conversation_shows_progress_and_sources_and_goes_on(window: Window, shop: Path) -> None:
    window.open("shop/cart.py", 13, 9)
    window.ready()
    window.run_with_words("Assist: Ask...", "What does total of a Cart return? One sentence.")
    view = window.view()
    view.locator("section .progress").wait_for(state="attached")
    window.shoot("progress")
    view.locator('section[aria-busy="false"]').wait_for(timeout=SLOW)
    window.shoot("answered")
    first = view.locator("section").first
    assert first.locator(".body").inner_text().strip()
    source = first.locator(".sources button", has_text="shop/").first
    path, _, lines = source.inner_text().partition(":")

    view.locator("body").evaluate(KEEP_PROGRESS)
    field = view.locator("textarea")
    field.fill("And what does gross do? One sentence.")
    field.press("Enter")
    second = view.locator("section").nth(1)
    second.locator(".last", has_text="on this machine").wait_for(timeout=SLOW)
    window.shoot("followed up")
    told = view.locator("body").evaluate("body => body.told")
    assert all(PROGRESS.match(each) for each in told), told
    assert any("tokens" in each for each in told), told
    assert second.locator("h2").inner_text() == "And what does gross do? One sentence."
    assert second.locator(".body").inner_text().strip()
    assert "conversation" not in second.locator(".notices").inner_text(), "a new one was begun"
    assert field.input_value() == ""

    thumb = second.get_by_role("button", name="A good answer")
    assert thumb.locator("svg path").count() == 1, "a shape, which needs no font"
    thumb.click()
    second.locator('button[aria-pressed="true"]').wait_for()
    second.get_by_role("button", name="Copy the whole answer").click()
    copied = until("the answer", lambda: window.page.evaluate("navigator.clipboard.readText()"))
    assert copied.startswith("shop/"), "the places come first"
    assert second.locator(".body").inner_text().split()[0] in copied

    source.click()
    until("the source", lambda: f"Ln {lines.partition('-')[0]}, Col 1" in window.bar())
    assert window.page.locator(f'.tab.active[aria-label^="{Path(path).name}"]').count()


@answering(RENAMED)
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


@answering(RENAMED)
def test_what_would_leave_is_shown_read_and_not_sent_after_a_no(
    window: Window, shop: Path, acme: Hostile
) -> None:
    window.open("shop/prices.py", 1, 5)
    window.ready()
    refactor(window)
    shown = window.dialog()
    window.shoot("egress")
    words = shown.inner_text()
    for each in ("127.0.0.1", "shop/prices.py", "shop/cart.py", "Redacted", "Cost", "$"):
        assert each in words
    window.modal("Show Text")
    decide = window.notice("exactly what would be sent").get_by_text("Decide...", exact=True)
    text = window.page.locator(".tab.active", has_text="What would be sent")
    text.wait_for()
    until("the text", lambda: "# For 127.0.0.1" in window.text(1))
    window.shoot("text")
    decide.click()
    window.dialog()
    assert text.count() == 0
    assert acme.requests == []
    window.modal("Show Text")
    text.wait_for()
    text.locator(".action-label").first.click()  # closing it asks again, too
    window.modal("Stay on This Machine")
    window.view().locator('section[aria-busy="false"]').wait_for(timeout=SLOW)
    assert acme.requests == []


@answering(REFUSED, RENAMED)
def test_a_refused_edit_offers_another_try_and_no_insert(window: Window, shop: Path, acme: Hostile) -> None:
    window.open("shop/prices.py", 1, 5)
    window.ready()
    refactor(window)
    window.modal("Send")
    window.modal("Stay on This Machine")  # the question for the code alone, since that was no edit
    view = window.view()
    error = view.locator("section .error")
    until("what was wrong", lambda: error.is_visible() and error.inner_text().strip())
    window.shoot("refused")
    section = view.locator("section")
    assert section.get_by_text("Insert").count() == 0
    assert section.get_by_role("button", name="Ask the same again").is_visible()
    section.get_by_role("button", name="Ask a provider the same").click()
    window.modal("Send")
    window.page.get_by_text("Refactor Preview", exact=False).first.wait_for()
    window.page.locator("a.monaco-button", has_text="Apply").click()
    view.locator("section .last", has_text="Changed: ").wait_for()
    assert view.locator("section").count() == 1
    assert not view.locator("section .error").is_visible()


def test_a_commit_message_comes_into_the_box(window: Window, shop: Path) -> None:
    for words in ("init -q", "add ."):
        subprocess.run(["git", *words.split()], cwd=shop, check=True)
    window.open("shop/prices.py", 1, 5)
    window.ready()
    window.run("Source Control: Focus on Changes View")
    window.page.locator(".scm-input").first.wait_for()
    window.run("Assist: Write a Commit Message")
    box = window.page.locator(".scm-input .view-lines").first
    until("a message", lambda: box.inner_text().strip(), SLOW / 1000)
    window.shoot("commit message")


def test_a_review_links_its_remarks(window: Window, shop: Path, configuration: Path) -> None:
    """A provider answers, since there is no model here."""
    commit(shop, "Begin")
    (shop / "shop" / "prices.py").write_text("def gross(net):\n    return net / 1.2\n")
    refuted = "shop/prices.py:2: `gross` is not defined"
    with vendor(scripted_answer(f"{refuted}\nshop/prices.py:2: give this rate a name")) as server:
        configure_provider(configuration, server.url, mode="ask")
        window.open("shop/cart.py", 1, 1)
        until("the server", lambda: "no model" in window.status() or "failed" in window.status())
        window.run("Assist: Review Changes")
        window.dialog()
        fact = window.view().locator("dd", has_text="became")
        until("what is certain, before a model is asked", fact.count)
        window.modal("Send")
        remark = window.view().locator(".sources li", has_text="give this rate a name")
        remark.wait_for()
    window.shoot("review")
    assert window.view().locator(".sources li").count() == 1

    def leads_to_its_line() -> bool:
        remark.locator("button").click()  # again, where the end of the answer is written meanwhile
        return "Ln 2, Col 1" in window.bar()

    until("the line", leads_to_its_line)
