"""Ghost text in VS Code: it appears, is accepted in whole or in part, dismissed and typed through.

It comes before the next edit, which needs none. The tests check every byte of the files.
"""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from workbench import Code, Window, until

pytestmark = [pytest.mark.model, pytest.mark.timeout(300)]

CART = (
    '''\
"""A cart."""


def gross(net):
    return net * 1.2


def total(items):
    """The sum of all items."""
'''
    + "    \n"
)


@pytest.fixture(scope="module")
def shared(
    browser: Browser,
    code: Code,
    configuration: Path,
    model_path: Path,
    probed: None,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Window]:
    """One window with the real model for all these tests. Every suggestion is shown."""
    folder = tmp_path_factory.mktemp("typing")
    (configuration / "config.toml").write_text(f'[completion]\nmodel = "{model_path}"\nmode = "eager"\n')
    (folder / "start.py").write_text("x = 1\n")
    found = Window(browser, code, folder, folder / "shots")
    found.open("start.py")
    found.ready()
    yield found
    found.close()


@pytest.fixture
def window(shared: Window, shots: Path) -> Iterator[Window]:
    """The same window, with its pictures starting at this test."""
    shared.begin(shots)
    yield shared
    shared.shoot("end")


_names = (f"cart{number}.py" for number in count(1))


def open_file(window: Window, text: str = CART, line: int = 10, column: int = 5) -> Path:
    """Open a new file with the cursor in it."""
    path = window.folder / next(_names)
    path.write_bytes(text.encode())
    window.switch(path.name, line, column)
    return path


def test_tab_takes_the_ghost_text_and_the_saved_bytes_are_right(window: Window) -> None:
    path = open_file(window)
    window.type("ret")
    ghost = window.wait_for_ghost()
    window.shoot("ghost text")
    window.press("Tab")
    until("the accepted text", lambda: not window.ghost() or window.ghost() != ghost)
    window.press("Escape")
    window.save()
    before, _, after = CART.rpartition("    \n")
    assert path.read_text() == f"{before}    ret{ghost}\n{after}"
    assert ghost.startswith("urn ")


def test_a_word_is_taken_and_the_rest_stays(window: Window) -> None:
    path = open_file(window)
    window.type("ret")
    ghost = window.wait_for_ghost()
    window.press("Control+ArrowRight")
    rest = until("the rest", lambda: window.ghost() not in ("", ghost) and window.ghost())
    assert ghost.endswith(rest)
    taken = ghost.removesuffix(rest)
    assert taken.strip().isidentifier(), taken
    window.press("Escape")
    window.save()
    assert f"    ret{taken}" in path.read_text().splitlines()


def test_escape_sends_it_away_and_nothing_changes(window: Window) -> None:
    path = open_file(window)
    window.type("ret")
    window.wait_for_ghost()
    window.press("Escape")
    until("no ghost text", lambda: not window.ghost())
    window.save()
    assert path.read_text() == CART.replace("    \n", "    ret\n")


def test_the_popup_of_other_providers_keeps_its_tab(window: Window, code: Code) -> None:
    with code.with_settings(editor__quickSuggestions={"other": "on"}):
        path = open_file(window)
        window.type("ret")
        popup = window.page.locator(".suggest-widget.visible .monaco-list-row.focused")
        popup.wait_for()
        word = popup.inner_text().split()[0]
        until(
            "ghost text that goes on from the popup's word", lambda: f"ret{window.ghost()}".startswith(word)
        )
        window.shoot("popup and ghost text")
        window.press("Tab")
        until("the popup's word alone", lambda: window.text(10) == f"    {word}")
        rest = window.wait_for_ghost()
        window.press("Tab")
        until("the ghost text", lambda: window.text(10) == f"    {word}{rest}")
        window.save()
    assert f"    {word}{rest}" in path.read_text().splitlines()


def test_ghost_text_has_tab_before_the_next_edit(window: Window) -> None:
    calls = [f"value_{number} = store.load_user(key)" for number in range(1, 6)]
    text = "\n".join([*calls, "", "", *CART.splitlines(), ""])
    open_file(window, text.replace("    \n", "    ret\n"), 1, 1)
    for line in (1, 2, 3):
        window.replace(line, "load_user", "fetch_user")
    window.go(17, 8)

    def asked() -> bool:
        """Whether it is there, which ghost text may have prevented until one asks for it."""
        if not window.appears(window.next_edit, 3):
            window.run("Assist: Next Edit: Go To")
        return "line 4:" in window.next_edit()

    until("the next edit", asked)
    window.press("Alt+\\")
    ghost = window.wait_for_ghost()
    window.shoot("ghost text and next edit")
    window.press("Tab")
    until("the ghost text alone", lambda: window.text(17).startswith(f"    ret{ghost.splitlines()[0]}"))
    assert "load_user" in window.text(4)


def test_a_file_with_crlf_keeps_its_ends(window: Window) -> None:
    path = open_file(window, CART.replace("\n", "\r\n"))
    window.type("ret")
    ghost = window.wait_for_ghost()
    window.press("Tab")
    window.save()
    raw = path.read_bytes()
    assert raw.count(b"\r\n") == raw.count(b"\n") == CART.count("\n") + ghost.count("\n")
    assert f"    ret{ghost}".split("\n")[0] in raw.decode().split("\r\n")


def test_paused_suggestions_do_not_appear_and_come_back(window: Window) -> None:
    open_file(window)
    window.run("Assist: Pause or Resume Suggestions")
    until("the pause", lambda: "paused" in window.status())
    window.type("ret")
    assert not window.appears(window.ghost, 2)
    window.run("Assist: Pause or Resume Suggestions")
    until("the end of the pause", lambda: "paused" not in window.status())
    window.type("u")
    assert window.wait_for_ghost()
