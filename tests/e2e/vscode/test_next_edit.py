"""The next edit in VS Code: shown, gone to, made, dismissed, made everywhere; and never made wrongly.

These need no model, so there is none: ghost text of the model does not come between.
"""

import re
from pathlib import Path

import pytest
from workbench import Window, until

pytestmark = pytest.mark.timeout(300)

OLD = "load_user"
NEW = "fetch_user"
CALLS = '''\
"""A report."""


def report(store):
    first = store.load_user(1)
    second = store.load_user(2)
    third = store.load_user(3)
    fourth = store.load_user(4)
    fifth = store.load_user(5)
    return first, second, third, fourth, fifth
'''
ALL_KEY = "Ctrl+Alt+Enter"
SENT = [f"store.send(order.{name}, retries)" for name in ("name", "price", "weight", "size", "tax", "date")]
TIMEOUT = ", timeout"


@pytest.fixture
def config(configuration: Path) -> Path:
    """No model, and every offer is shown."""
    broken = configuration / "broken.gguf"
    broken.write_bytes(b"no model")
    place = configuration / "config.toml"
    place.write_text(f'[completion]\nmodel = "{broken}"\nmode = "eager"\n')
    return place


def open_file(window: Window, text: str = CALLS, name: str = "report.py") -> Path:
    """Open a file at its first line, with a server that has no model."""
    path = window.folder / name
    path.write_bytes(text.encode())
    window.open(name)
    until("the server", lambda: "failed" in window.status())
    return path


def rename(window: Window, *lines: int) -> None:
    """Type the new name over the old one in some lines, one after the other."""
    for line in lines:
        window.replace(line, OLD, NEW)


def indexed(window: Window, files: int) -> None:
    """Wait until the workspace's index has so many files, as the menu says."""
    row = window.page.locator(".quick-input-list .monaco-list-row", has_text="Refresh Index")

    def found() -> bool:
        window.run("Assist: Menu")
        field = window.page.locator(".quick-input-widget input").first
        field.fill("Refresh Index")
        row.wait_for()
        words = row.inner_text()
        window.press("Escape")
        field.wait_for(state="hidden")
        return f"{files} files" in words

    until(f"{files} files in the index", found)


def offered(window: Window, line: int) -> str:
    """Wait until a line is offered, and return what a screen reader reads."""
    return until(
        f"an offer in line {line}",
        lambda: f"line {line}:" in window.next_edit() and window.next_edit(),
    )


def shown(window: Window) -> tuple[list[str], list[str]]:
    """Return what the only editor strikes through and what it adds."""
    [(_, struck, added)] = window.decorations()
    return struck, added


def gone(window: Window) -> None:
    until("no offer", lambda: not window.next_edit() and shown(window) == ([], []))


def cursor_at(window: Window, line: int) -> None:
    until(f"the cursor in line {line}", lambda: f"Ln {line}, Col " in window.bar())


def changed(text: str, *lines: int, old: str = OLD, new: str = NEW) -> str:
    """The text with `old` replaced in some lines, from 1."""
    each = text.split("\n")
    return "\n".join(
        line.replace(old, new) if number in lines else line for number, line in enumerate(each, 1)
    )


def with_timeout(line: str) -> str:
    return line.replace(")", f"{TIMEOUT})")


def add_timeouts(window: Window) -> None:
    """Add the argument in the first four lines that send, and go to where it would be in the fifth."""
    for line in (1, 2, 3, 4):
        window.go(line, len(SENT[line - 1]))
        window.type(TIMEOUT)
        until("the argument", lambda line=line: window.text(line) == with_timeout(SENT[line - 1]))
    window.go(5, len(SENT[4]))


def asked_for(window: Window, config: Path) -> Path:
    """Ask by the command for the next edit, which adds text at the cursor; unasked, none comes."""
    config.write_text(config.read_text().replace("eager", "manual"))
    path = open_file(window, "".join(f"{line}\n" for line in SENT))
    add_timeouts(window)
    assert not window.appears(window.next_edit, 2)

    def asked() -> bool:
        window.run("Assist: Next Edit: Go To")
        return window.appears(window.next_edit, 5)

    until("the answer", asked)
    return path


def test_tab_goes_there_tab_makes_it_and_escape_dismisses_the_next_one(window: Window) -> None:
    """In a file with line ends of Windows and characters of two units, of which every byte is kept."""
    head, third, rest = CALLS.partition("    third")
    text = (head + third + rest.replace("store.", 'store["🛒 né"].')).replace("\n", "\r\n")
    path = open_file(window, text)
    rename(window, 5, 6)
    words = offered(window, 7)
    assert f"replace {OLD} with {NEW}" in words
    assert "Tab goes there" in words
    until("the decorations", lambda: shown(window) == ([OLD], [NEW, "Tab"]))
    window.press("Tab")
    cursor_at(window, 7)
    assert OLD in window.text(7)
    window.press("Tab")
    until("the change", lambda: NEW in window.text(7))
    offered(window, 8)
    window.press("Escape")
    gone(window)
    assert not window.appears(lambda: OLD in window.next_edit(), 2)
    window.press("Control+z")
    until("one step back", lambda: OLD in window.text(7))
    assert NEW in window.text(6)
    window.press("Control+Shift+z")
    window.save()
    assert path.read_bytes().decode() == changed(text, 5, 6, 7)


def test_the_others_with_a_tick_are_changed_as_one_step(window: Window) -> None:
    text = f"{CALLS}    sixth = store.{OLD}(6)\n"
    path = open_file(window, text)
    rename(window, 5, 6)
    offered(window, 7)
    window.press("Tab", "Tab")
    offered(window, 8)
    until("the key for all", lambda: shown(window) == ([OLD], [NEW, f"Tab · all 3: {ALL_KEY}"]))
    window.press("Control+Alt+Enter")
    rows = window.page.locator(".quick-input-list .monaco-list-row")
    until("all places", lambda: rows.count() == 3)
    window.shoot("all next edits")
    words = [re.sub(r"\s+", " ", row).strip() for row in rows.all_inner_texts()]
    assert words[0].startswith("line 8")
    assert f"store.{OLD}(4) → fourth = store.{NEW}(4)" in words[0]
    window.page.locator(".quick-input-list .monaco-list-row", has_text="line 9").click()
    window.page.locator(".quick-input-count", has_text="2 Selected").wait_for()
    window.page.locator(".quick-input-widget .monaco-button", has_text="OK").click()
    until("both changes", lambda: NEW in window.text(8) and NEW in window.text(11))
    window.press("Control+z")
    until("one step back", lambda: OLD in window.text(8) and OLD in window.text(11))
    assert NEW in window.text(7)
    window.press("Control+Shift+z")
    window.save()
    assert path.read_text() == changed(text, 5, 6, 7, 8, 11)


def test_a_place_out_of_view_is_named_at_the_edge(window: Window) -> None:
    below = "".join(f"value_{number} = {number}\n" for number in range(100))
    text = CALLS.replace("    fourth", f"\n{below}\n\n    fourth").replace(
        "    third = store.load_user(3)\n", ""
    )
    line = text[: text.index("fourth =")].count("\n") + 1
    path = open_file(window, text)
    rename(window, 5, 6)
    offered(window, line)
    until("the hint", lambda: shown(window) == ([], [f"Tab ↓ line {line}"]))
    window.shoot("below the view")
    window.press("Tab")
    cursor_at(window, line)
    until("the place", lambda: shown(window)[0] == [OLD])
    window.press("Control+Home")
    until("the hint again", lambda: shown(window) == ([], [f"Tab ↓ line {line}"]))
    window.press("Control+End")
    window.press("Tab")
    cursor_at(window, line)
    window.press("Tab")
    until("the change", lambda: NEW in window.text(line))
    window.save()
    assert path.read_text() == changed(text, 5, 6, line)


def test_a_tab_right_after_a_key_makes_no_change_of_old_text(window: Window) -> None:
    path = open_file(window)
    rename(window, 5, 6)
    offered(window, 7)
    window.press("Tab")
    cursor_at(window, 7)
    window.press("m", "y", "_", "Tab")
    until("a plain Tab", lambda: re.search(rf"my_ +{OLD}", window.text(7)))
    assert not window.appears(lambda: NEW in window.text(7), 1)
    window.save()
    assert path.read_text().count(NEW) == 2


def test_a_list_of_old_text_changes_nothing(window: Window) -> None:
    path = open_file(window)
    rename(window, 5, 6)
    offered(window, 7)
    window.press("Tab", "Tab")
    offered(window, 8)
    until("the key for all", lambda: ALL_KEY in "".join(shown(window)[1]))
    window.save()
    window.press("Control+Alt+Enter")
    rows = window.page.locator(".quick-input-list .monaco-list-row")
    until("both places", lambda: rows.count() == 2)
    other = changed(CALLS, 5, 6, 7).replace("A report", "Another report")
    path.write_text(other)
    until("the text of the disk", lambda: "Another" in window.text(1))
    window.press("Enter")
    until("the reason", lambda: "changed meanwhile, so nothing was done" in window.bar())
    assert path.read_text() == other
    assert not window.page.locator(".tab.active.dirty").count()


def test_a_file_that_is_not_open_is_seen_before_it_changes(window: Window) -> None:
    other = window.folder / "mail.py"
    text = f"from users import {OLD}\n\nshown = {OLD}(7)\n"
    other.write_text(text)
    open_file(window, f"def {OLD}(number):\n    return number\n", "users.py")
    indexed(window, 2)
    rename(window, 1)
    words = until("the other file", lambda: "mail.py" in window.next_edit() and window.next_edit())
    assert "Tab goes there" in words
    until("the hint", lambda: shown(window) == ([], ["Tab → mail.py"]))
    window.shoot("another file")
    window.press("Tab")
    window.page.locator('.tab.active[aria-label^="mail.py"]').wait_for()
    until("the place", lambda: shown(window) == ([OLD], [NEW, "Tab"]))
    assert "".join(f"{window.text(line)}\n" for line in (1, 2, 3)) == text
    window.press("Tab")
    until("the change", lambda: NEW in window.text(1))
    offered(window, 3)
    assert other.read_text() == text, "it is saved by those who edit it"
    window.press("Tab", "Tab")
    until("the next change", lambda: NEW in window.text(3))
    window.save()
    assert other.read_text() == text.replace(OLD, NEW)


def test_text_after_the_cursor_is_ghost_text(window: Window, config: Path) -> None:
    path = asked_for(window, config)
    assert until("ghost text", window.ghost) == TIMEOUT
    assert shown(window) == ([], [])
    window.shoot("as ghost text")
    window.press("Tab")
    until("the text", lambda: window.text(5) == with_timeout(SENT[4]))
    offered(window, 6)
    until("the place", lambda: shown(window) == ([], [TIMEOUT, "Tab"]))
    window.press("Tab", "Tab")
    until("the next text", lambda: window.text(6) == with_timeout(SENT[5]))
    window.save()
    assert path.read_text().splitlines() == [*map(with_timeout, SENT)]
