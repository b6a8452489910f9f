"""The server's life under VS Code: killed and restarted, broken for good, idle, and silent by its settings."""

import os
import time
from pathlib import Path

import psutil
import pytest
from workbench import Code, Window, until

pytestmark = [pytest.mark.model, pytest.mark.timeout(300)]

TEXT = 'def total(items):\n    """The sum of all items."""\n'
TICK = 1 / os.sysconf("SC_CLK_TCK")


def servers(code: Code) -> list[psutil.Process]:
    """Return the language servers that run under this code-server."""
    found = []
    for each in psutil.Process(code.process.pid).children(recursive=True):
        try:
            if each.cmdline()[-1:] == ["lsp"]:
                found.append(each)
        except psutil.Error:  # it has ended
            continue
    return found


def open_file(window: Window) -> None:
    (window.folder / "cart.py").write_text(TEXT)
    window.open("cart.py", 2, 1)
    window.ready()
    window.press("End", "Enter")


def test_a_server_that_is_killed_starts_again(window: Window, code: Code) -> None:
    before = {each.pid for each in servers(code)}
    open_file(window)
    (server,) = (each for each in servers(code) if each.pid not in before)
    window.type("ret")
    assert window.wait_for_ghost()
    window.press("Escape")
    server.kill()
    until("its end", lambda: not server.is_running() or server.status() == psutil.STATUS_ZOMBIE)
    until("another start", lambda: "loading" in window.status())
    window.ready()
    window.type("u")
    assert window.wait_for_ghost()
    assert window.page.locator(".notifications-toasts .error").count() == 0


def test_a_server_that_cannot_start_is_told_once_with_ways_on(
    window: Window, code: Code, tmp_path: Path
) -> None:
    broken = tmp_path / "assist"
    broken.write_text(
        '#!/bin/sh\n[ "$1" = --version ] && echo assist 0 && exit\necho "no such library" >&2\nexit 3\n'
    )
    broken.chmod(0o755)
    (window.folder / "cart.py").write_text(TEXT)
    with code.with_settings(assist__server__path=str(broken)):
        window.open("cart.py")
        said = window.notice("The assist server did not start")
        window.shoot("did not start")
    assert said.get_by_text("Try Again", exact=True).is_visible()
    assert window.page.locator(".notifications-toasts .notification-list-item").count() == 1
    said.get_by_text("Show Log", exact=True).click()
    window.page.get_by_text("no such library").first.wait_for()
    window.run("Assist: Restart Server")
    window.ready()


def test_a_server_that_breaks_again_and_again_is_given_up(window: Window, code: Code) -> None:
    before = {each.pid for each in servers(code)}
    open_file(window)
    for _ in range(6):
        found = until("a server", lambda: [each for each in servers(code) if each.pid not in before])
        until("its start", lambda: window.status() != "assist: off" and "coder" in window.status())
        for each in found:
            before.add(each.pid)
            each.kill()
    said = window.notice("ended six times in a row")
    window.shoot("given up")
    assert said.get_by_text("Try Again", exact=True).is_visible()


def test_idle_takes_no_processor_time(window: Window, code: Code) -> None:
    """The extension host and the server, some time after the last key: no timer of ours wakes them."""
    before = {each.pid for each in servers(code)}
    open_file(window)
    window.type("ret")
    window.wait_for_ghost()
    window.press("Escape")
    (server,) = (each for each in servers(code) if each.pid not in before)
    ours = [server, *server.children(recursive=True)]
    until("rest", lambda: _rest(ours))  # what began with the key ends late on a busy machine


def _rest(processes: list[psutil.Process]) -> bool:
    """Whether none of them computes for ten seconds."""
    start = [sum(each.cpu_times()[:2]) for each in processes]
    time.sleep(10)
    spent = [sum(each.cpu_times()[:2]) for each in processes]
    return all(after - then <= TICK for after, then in zip(spent, start, strict=True))
