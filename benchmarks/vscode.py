"""Time from a key to ghost text in VS Code, with the real server and model, and the editor's own floor.

    uv run --group e2e python benchmarks/vscode.py [--rounds 20] [--out FILE]

Runs a real code-server in headless Chromium twice: with `assist lsp`, and with a server that answers at once
(`bench/editors/vscode_floor.py`). Both get the same file and the same keys in the same run. Times are taken
inside the page, from the keydown event to the first DOM change that shows ghost text. No ghost text is
visible before the key.
`first` is the first character of a new line whose prompt is warm. `typed through` is Escape, then the next
character of the text that was shown: the answer is known and nothing is computed. If the model is unsure and
nothing appears, there is no time; the number of times shows how often that happens.
It also reports how much memory the extension takes in its host, compared with a host without it.
Run nothing else on the machine.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from assist_evaluation.candidates.typist import percentile
from bench.provenance import provenance, write

ROOT = Path(__file__).resolve().parents[1]
FLOOR = ROOT / "benchmarks/bench/editors/vscode_floor.py"
sys.path[:0] = [str(ROOT / "tests/e2e")]

import psutil  # noqa: E402
from editors_vscode import vscode  # noqa: E402
from playwright.sync_api import Browser, sync_playwright  # noqa: E402
from workbench import Code, Window, launch_browser, running_code_server, until  # noqa: E402

from assist_completion.model_store.store import resolve  # noqa: E402
from assist_completion.settings import DEFAULT_MODEL  # noqa: E402
from assist_server.config.config import load_lenient  # noqa: E402
from assist_server.local_model.opening import store_of  # noqa: E402

KEYS = "ret"  # typed on a new line in each round: the first key asks, the others are typed through
FUNCTION = '''\
def {name}(items, limit):
    """The {words} of the items below a limit."""
    found = [item for item in items if item < limit]'''
WORDS = ("sum", "number", "largest", "smallest", "first", "last", "mean", "product", "median", "list")
WHOLE = "    return {call}(found)"
# Waits until ghost text appears after the next key; resolves with the milliseconds since the keydown event.
LISTEN = """() => {
    window.took = new Promise((resolve) => {
        let start = 0;
        const began = () => { start = performance.now(); };
        document.addEventListener("keydown", began, { capture: true, once: true });
        const watch = new MutationObserver(() => {
            if (!start || !document.querySelector('[class*="ghost-text-decoration"]')) return;
            watch.disconnect();
            resolve(performance.now() - start);
        });
        const all = { childList: true, subtree: true, characterData: true, attributes: true };
        watch.observe(document.body, all);
        setTimeout(() => { watch.disconnect(); resolve(-1); }, 15000);
    });
}"""


def main() -> None:
    """Measure, print the figures, and write them to --out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20, help="lines to type with each server")
    parser.add_argument("--out", type=Path, help="write results and their provenance here")
    options = parser.parse_args()
    model = resolve(store_of(load_lenient()), DEFAULT_MODEL)
    npm = ["npm", "run", "--silent", "vsix"]
    subprocess.run(npm, cwd=ROOT / "vscode-extension", check=True, stdout=subprocess.DEVNULL)
    figures = {}
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        browser = launch_browser(playwright)
        folder = Path(name)
        (folder / "lines").write_text("\n".join(WHOLE.format(call=word) for word in WORDS))
        for server in ("floor", "assist"):
            with running_editor(folder / server, model, folder / "lines") as code:
                figures[server] = measure(browser, code, folder / server, options.rounds)
        with running_editor(folder / "without", model, folder / "lines", extension=False) as code:
            figures["host"] = {"without": bare_host_megabytes(browser, code, folder / "without", "")}
        figures["host"]["with"] = figures["assist"].pop("host_mb")
        figures["floor"].pop("host_mb")
    for kind in ("first", "typed through"):
        for server in ("floor", "assist"):
            times = figures[server][kind]
            middle, late = percentile(times, 0.5), percentile(times, 0.95)
            print(f"{kind:14} {server:7} {len(times):3} times  median {middle:6.1f} ms  p95 {late:6.1f} ms")
    print(
        f"extension host: {figures['host']['without']:.0f} MB without, {figures['host']['with']:.0f} MB with"
    )
    if options.out:
        write(options.out, provenance(model), figures)


@contextmanager
def running_editor(folder: Path, model: Path, lines: Path, *, extension: bool = True) -> Iterator[Code]:
    """Run a code-server whose extension starts the server that `folder` is named after."""
    folder.mkdir()
    (folder / "config.toml").write_text(f'[completion]\nmodel = "{model}"\nmode = "eager"\n')
    floor = folder / "floor"
    floor.write_text(
        f'#!/bin/sh\nexec "{sys.executable}" "{ROOT / "benchmarks/bench/editors/vscode_floor.py"}" "$@"\n'
    )
    floor.chmod(0o755)
    program = floor if folder.name == "floor" else Path(sys.executable).with_name("assist")
    environ = {
        "ASSIST_CONFIG_DIR": str(folder),
        "ASSIST_DATA_DIR": str(folder / "data"),
        "ASSIST_FLOOR": str(lines),
    }
    vsix = ROOT / "vscode-extension/assist.vsix" if extension else None
    with running_code_server(vscode(), folder / "code", environ, vsix) as code:
        code.settings(assist__server__path=str(program))
        yield code


def measure(browser: Browser, code: Code, folder: Path, rounds: int) -> dict[str, list[float]]:
    """Return milliseconds from key to ghost text, of both kinds."""
    functions = [
        FUNCTION.format(name=f"{word}_{number}", words=word)
        for number in range(-(-rounds // len(WORDS)))
        for word in WORDS
    ][:rounds]
    (folder / "space").mkdir()
    (folder / "space" / "items.py").write_text("\n\n\n".join(functions) + "\n")
    window = Window(browser, code, folder / "space", folder / "shots")
    window.open("items.py")
    window.ready()
    found: dict[str, list[float]] = {"first": [], "typed through": []}
    for number in range(rounds):
        window.go(number * 6 + 3, 1)
        window.press("End", "Enter")
        time.sleep(1.5)  # the cursor rests, as before a user's next key: the prompt is warm
        for kind, key in zip(("first", "typed through", "typed through"), KEYS, strict=True):
            window.press("Escape")
            until("no ghost text", lambda: not window.ghost())
            found[kind] += time_key(window, key)
        if window.appears(window.ghost, 1):
            window.press("Tab")
        window.press("Escape")
    found["host_mb"] = [host_megabytes(code)]
    window.close()
    return {name: times if name != "host_mb" else times[0] for name, times in found.items()}


def time_key(window: Window, key: str) -> list[float]:
    """Return the milliseconds from this key to ghost text, or an empty list if none appeared."""
    window.page.evaluate(LISTEN)
    window.page.keyboard.type(key)
    found = float(window.page.evaluate("() => window.took"))
    return [found] if found >= 0 else []


def bare_host_megabytes(browser: Browser, code: Code, folder: Path, text: str) -> float:
    """Return the memory of an extension host without the extension, in MB."""
    (folder / "space").mkdir()
    (folder / "space" / "items.py").write_text(text)
    window = Window(browser, code, folder / "space", folder / "shots")
    window.open("items.py")
    time.sleep(10)  # as long as the host with the extension needs to become idle
    found = host_megabytes(code)
    window.close()
    return found


def host_megabytes(code: Code) -> float:
    """Return the resident memory of the extension host, in MB."""
    hosts = [
        each
        for each in psutil.Process(code.process.pid).children(recursive=True)
        if "--type=extensionHost" in " ".join(each.cmdline())
    ]
    assert len(hosts) == 1, [each.cmdline() for each in hosts]
    return hosts[0].memory_info().rss / 1e6


if __name__ == "__main__":
    main()
