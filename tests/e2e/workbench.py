"""VS Code in a real browser: a running code-server with the packaged extension, and windows on folders.

It knows how to drive the workbench. Of assist it knows only the status items.
"""

import json
import os
import re
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from editors_vscode import CodeServer
from playwright.sync_api import Browser, FrameLocator, Locator, Page, Playwright

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
QUIET = {  # settings with which nothing opens by itself and nothing is fetched
    "workbench.startupEditor": "none",
    "workbench.tips.enabled": False,
    "chat.disableAIFeatures": True,
    "workbench.secondarySideBar.defaultVisibility": "hidden",
    "workbench.colorTheme": "Default Dark Modern",
    "extensions.autoCheckUpdates": False,
    "editor.inlineSuggest.minShowDelay": 0,
    "editor.fontFamily": "DejaVu Sans Mono",
    "editor.minimap.enabled": False,
    "editor.quickSuggestions": {"comments": "off", "other": "off", "strings": "off"},
    "editor.lightbulb.enabled": "off",
    "files.autoSave": "off",
    "security.workspace.trust.enabled": False,
}
STATUS = '.statusbar-item[id$=".assist"]'
NEXT_EDIT = '.statusbar-item[id$=".nextEdit"]'
PATIENCE = 90  # seconds to wait for something on a busy machine
T = TypeVar("T")


def until(
    what: str, found: Callable[[], T], patience: float = PATIENCE, progress: Callable[[], str] = str
) -> T:
    """Call `found` until it returns a true value, and return that. The failure names what was expected.

    Where `progress` tells how far something is, the patience begins anew with each text that differs.
    """
    told, end = "", time.monotonic() + patience
    while not (value := found()):
        if (now := progress()) != told:
            told, end = now, time.monotonic() + patience
        assert time.monotonic() < end, f"waited {patience} s, but not seen: {what}; {told}"
        time.sleep(0.03)
    return value


@dataclass(frozen=True, slots=True)
class Code:
    """A running code-server."""

    port: int
    user: Path
    process: "subprocess.Popen[bytes]"
    chosen: dict[str, Any] = field(default_factory=dict)

    def settings(self, **more: Any) -> None:
        """Change the user's settings from now on. `__` in a name is a dot."""
        self.chosen.update({name.replace("__", "."): value for name, value in more.items()})
        text = json.dumps(QUIET | self.chosen)
        for scope in ("User", "Machine"):  # machine settings are read only from their own file
            path = self.user / scope / "settings.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    @contextmanager
    def with_settings(self, **more: Any) -> Iterator[None]:
        """Change settings until the block ends."""
        before = dict(self.chosen)
        self.settings(**more)
        try:
            yield
        finally:
            self.chosen.clear()
            self.settings(**{name.replace(".", "__"): value for name, value in before.items()})


@contextmanager
def running_code_server(
    program: CodeServer, folder: Path, environ: Mapping[str, str], vsix: Path | None
) -> Iterator[Code]:
    """Run a code-server with the extension and all its files below `folder`, until the block ends."""
    folder.mkdir(parents=True, exist_ok=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "config.yaml").write_text(f"bind-addr: 127.0.0.1:{port}\nauth: none\ncert: false\n")
    words = ["--config", str(folder / "config.yaml"), "--user-data-dir", str(folder / "user")]
    words += ["--extensions-dir", str(folder / "extensions")]
    quiet = ["--disable-telemetry", "--disable-update-check", "--disable-workspace-trust"]
    whole = {**os.environ, "EXTENSIONS_GALLERY": '{"serviceUrl":""}', **environ}
    whole = {name: value for name, value in whole.items() if value}
    if vsix is not None:
        install = program.command(*words, "--install-extension", str(vsix))
        subprocess.run(install, check=True, env=whole, capture_output=True)
    log = (folder / "server.log").open("wb")
    process = subprocess.Popen(
        program.command(*words, *quiet),
        env=whole,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    code = Code(port, folder / "user", process)
    code.settings()
    try:
        until("code-server", lambda: _healthy(port))
        yield code
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
        log.close()


def _healthy(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _plain(text: str) -> str:
    """The workbench draws spaces as non-breaking ones."""
    return text.replace("\xa0", " ")


def launch_browser(playwright: Playwright) -> Browser:
    """Start the browser, headless."""
    return playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)


class Window:
    """A window of VS Code on a folder. Owns a page of the browser."""

    def __init__(self, browser: Browser, code: Code, folder: Path, shots: Path) -> None:
        self.page: Page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
        self.page.set_default_timeout(PATIENCE * 1000)
        self.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        self.code = code
        self.folder = folder
        self._shots = shots
        self._number = 0

    def open(self, name: str = "", line: int = 1, column: int = 1) -> None:
        """Show the folder, and the cursor at a line and column of a file in it, counted from 1."""
        remote = f"vscode-remote://127.0.0.1:{self.code.port}{self.folder / name}"
        asked = [["gotoLineMode", "true"], ["openFile", f"{remote}:{line}:{column}"]] if name else []
        url = f"http://127.0.0.1:{self.code.port}/?folder={quote(str(self.folder))}&payload={quote(json.dumps(asked))}"
        self.page.goto(url)
        self.page.wait_for_selector(".monaco-workbench", timeout=PATIENCE * 1000)
        if name:
            self.page.wait_for_selector(f'.tab[aria-label^="{Path(name).name}"]', timeout=PATIENCE * 1000)
            self.editor().click()
            self.go(line, column)

    def switch(self, name: str, line: int, column: int) -> None:
        """Show another file of the folder in a window that is open, and no other file."""
        self.run("File: Save All Files")
        self.run("View: Close All Editors")
        self.page.locator(".editor-instance").wait_for(state="detached")
        row = self.page.locator(f'.quick-input-list .monaco-list-row[aria-label^="{name}"]').first
        self.press("Control+p")

        def listed() -> bool:
            """Whether the file is in the list, which is of the moment of the last key."""
            field = self.page.locator(".quick-input-widget input").first
            field.fill("")
            field.fill(str(self.folder / name))
            return self.appears(row.is_visible, 3)

        until(f"{name} in the list", listed)
        self.press("Enter")
        self.page.wait_for_selector(f'.tab[aria-label^="{name}"]', timeout=PATIENCE * 1000)
        self.editor().click()
        self.go(line, column)

    def begin(self, shots: Path) -> None:
        """The next test uses this window: its pictures go to another folder."""
        self._shots = shots
        self._number = 0

    def close(self) -> None:
        self.page.context.close()

    def shoot(self, name: str) -> Path:
        """Save a picture of this step."""
        self._number += 1
        self._shots.mkdir(parents=True, exist_ok=True)
        path = self._shots / f"{self._number:02d}-{name}.png"
        self.page.screenshot(path=path, animations="disabled")
        return path

    # The editor

    def editor(self) -> Locator:
        return self.page.locator(".editor-instance .monaco-editor .view-lines").first

    def go(self, line: int, column: int) -> None:
        """Move the cursor."""
        self._palette(f":{line}:{column}")
        self.press("Enter")
        self.page.locator(".quick-input-widget").first.wait_for(
            state="hidden"
        )  # until then it takes the keys
        until(f"the cursor at {line}:{column}", lambda: f"Ln {line}, Col {column}" in self.bar())

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def type(self, text: str) -> None:
        for character in text:
            self.page.keyboard.type(character)

    def replace(self, line: int, old: str, new: str) -> None:
        """Type `new` over the first `old` of a line, key by key."""
        self.go(line, self.text(line).index(old) + 1)
        for _ in old:
            self.press("Shift+ArrowRight")
        self.type(new)
        until(f"{new} in line {line}", lambda: new in self.text(line))

    def run(self, title: str) -> None:
        """Run a command by its title, through the palette."""
        self._palette(f">{title}")
        self.page.locator(f'.quick-input-list .monaco-list-row[aria-label^="{title}"]').first.click()

    def run_with_words(self, title: str, words: str) -> None:
        """Run a command that asks for words, and give them."""
        self.run(title)
        field = self.page.locator(".quick-input-widget input").first
        self.page.locator(".quick-input-message").first.wait_for()
        field.fill(words)
        self.press("Enter")

    def _palette(self, text: str) -> None:
        self.press("F1")
        field = self.page.locator(".quick-input-widget input").first
        field.wait_for(state="visible")
        field.fill(text)

    def ghost(self) -> str:
        """Return the visible ghost text, or "". The workbench draws spaces as non-breaking ones."""
        script = """() => {
            const one = [...document.querySelectorAll('[class*="ghost-text-decoration"]:not(.ghost-text-decoration-preview *)')];
            const more = [...document.querySelectorAll('.suggest-preview-text .view-line, .ghost-text .view-line')];
            return [one.map((each) => each.textContent).join(""), ...more.map((each) => each.textContent)].join("\\n");
        }"""
        return str(self.page.evaluate(script)).replace("\xa0", " ").rstrip("\n")

    def wait_for_ghost(self) -> str:
        """Wait for ghost text, and return it."""
        return until("ghost text", self.ghost)

    def appears(self, found: Callable[[], object], seconds: float) -> bool:
        """Return whether something appears within a time. For things that must not appear."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if found():
                return True
            time.sleep(0.03)
        return False

    def text(self, number: int) -> str:
        """Return a line of the editor without ghost text, as far as it is visible."""
        script = """(number) => {
            const top = (each) => parseInt(each.style.top);
            const editor = document.querySelector(".editor-instance .monaco-editor");
            const numbers = [...editor.querySelectorAll(".margin-view-overlays .line-numbers")];
            const row = numbers.find((each) => each.textContent.trim() === String(number));
            const lines = [...editor.querySelectorAll(".view-lines > .view-line")];
            const line = row && lines.find((each) => top(each) === top(row.parentElement));
            if (!line) return "";
            const copy = line.cloneNode(true);
            copy.querySelectorAll('[class*="ghost-text"]').forEach((each) => each.remove());
            return copy.textContent;
        }"""
        return str(self.page.evaluate(script, number)).replace("\xa0", " ")

    def decorations(self) -> list[tuple[str, list[str], list[str]]]:
        """Return for each editor the file's name, the texts that are struck through, and those that are added.

        Texts are in the order of the lines; only what is visible counts.
        """
        script = """() => [...document.querySelectorAll(".editor-instance")].map((instance) => {
            const top = (each) => parseInt(each.style.top);
            const lines = [...instance.querySelectorAll(".view-lines > .view-line")].sort((a, b) => top(a) - top(b));
            const spans = lines.flatMap((line) => [...line.querySelectorAll("span")]);
            const own = spans.filter((each) => /(^| )ced-/.test(each.className));
            const struck = own.filter((each) => getComputedStyle(each).textDecorationLine === "line-through");
            const sides = own.flatMap((each) => ["::before", "::after"].map((side) => getComputedStyle(each, side)));
            const uri = instance.querySelector(".monaco-editor").dataset.uri;
            const texts = sides.map((each) => each.content).filter((each) => each.startsWith('"'));
            return [uri.split("/").at(-1), struck.map((each) => each.textContent), texts.map(JSON.parse)];
        })"""
        return [
            (name, [_plain(each) for each in struck], [_plain(each) for each in texts])
            for name, struck, texts in self.page.evaluate(script)
        ]

    def save(self) -> None:
        self.press("Control+s")
        until("the saved file", lambda: not self.page.locator(".tab.active.dirty").count())

    def view(self) -> FrameLocator:
        """Return the page of the view with answers."""
        return self.page.frame_locator("iframe.webview").frame_locator("iframe#active-frame")

    def dialog(self) -> Locator:
        """Wait for a modal question, and return it."""
        box = self.page.locator(".monaco-dialog-box")
        box.wait_for(timeout=PATIENCE * 1000)
        return box

    def modal(self, button: str) -> None:
        """Answer the modal question."""
        self.dialog().locator(".monaco-button", has_text=button).click()

    def notice(self, words: str, patience: float = PATIENCE) -> Locator:
        """Wait for a notification with these words, and return it."""
        found = self.page.locator(".notifications-toasts .notification-list-item", has_text=words).first
        found.wait_for(timeout=patience * 1000)
        return found

    def told(self) -> str:
        """Return assist's status and all that notifications say."""
        return " | ".join([self.status(), *self.page.locator(".notifications-toasts").all_inner_texts()])

    # The workbench

    def bar(self) -> str:
        """Return the status bar's text."""
        return self.page.locator(".part.statusbar").inner_text()

    def status(self) -> str:
        """Return the text of assist's status item."""
        item = self.page.locator(STATUS)
        return re.sub(r"\s+", " ", item.first.inner_text()).strip() if item.count() else ""

    def status_details(self) -> str:
        """Return the full text of the status item, as a screen reader reads it."""
        item = self.page.locator(STATUS)
        return str(
            item.first.get_attribute("aria-label")
            or item.locator("[aria-label]").first.get_attribute("aria-label")
        )

    def next_edit(self) -> str:
        """Return what a screen reader reads of the next edit, or "" if none is offered."""
        script = """(item) => {
            const found = document.querySelector(item);
            return (found?.ariaLabel || found?.querySelector("[aria-label]")?.ariaLabel) ?? "";
        }"""
        return str(self.page.evaluate(script, NEXT_EDIT))

    def ready(self) -> str:
        """Wait until the model is ready, and return the text of the status item."""
        return until(
            "the model", lambda: re.search(r"assist: \S*(gguf|coder)", self.status()) and self.status()
        )
