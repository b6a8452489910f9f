"""The pages that assist writes, in a real browser without any network: no error, nothing fetched, readable by all."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from histories import make_history
from playwright.sync_api import Browser, sync_playwright
from workbench import launch_browser

from assist_evaluation.usage.usage_rows import UsageKey, bucket, record

AXE = Path(__file__).parents[3] / "vscode-extension/node_modules/axe-core/axe.min.js"
WIDTH = 800  # CSS pixels


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A report of an evaluation, and a report of use, as the commands write them."""
    folder = tmp_path_factory.mktemp("pages")
    shop = make_history(folder / "shop", modules=6)
    data = folder / "data"
    environ = {**os.environ, "ASSIST_DATA_DIR": str(data), "ASSIST_CONFIG_DIR": str(folder / "config")}

    def assist(*arguments: str) -> None:
        command = [sys.executable, "-P", "-m", "assist_server", *arguments]
        subprocess.run(command, cwd=shop, env=environ, check=True, capture_output=True, timeout=300)

    known = ("-c", "known:oracle", "-c", "known:shuffled", "-c", "known:empty", "-c", "search")
    assist("eval", *known, "--kinds", "lines,typing,edits,next,questions", "--count", "60", "--minutes", "5")
    assist("eval", "report", "--with-code", "--output", str(folder / "evaluation.html"))
    for day in range(1, 29):
        for model in ("one", "other"):
            counts = {
                "requests": 90 + day,
                "shown": 40,
                "offered": 40,
                "accepted": 9,
                "kept-30s": 7,
                "gone-30s": 2,
            }
            key = UsageKey(f"2026-10-{day:02}", "abc", model, "python")
            record(data, {key: Counter({**counts, bucket(12.0): 60, bucket(300.0): 30, "source-model": 40})})
    assist("report", "--output", str(folder / "usage.html"))
    return {name: folder / f"{name}.html" for name in ("evaluation", "usage")}


@pytest.fixture(scope="module")
def browser(debian: None) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        found = launch_browser(playwright)
        yield found
        found.close()


@pytest.mark.parametrize("name", ["evaluation", "usage"])
def test_a_page_loads_without_a_network_and_fits(
    name: str, pages: dict[str, Path], browser: Browser, shots: Path
) -> None:
    for scheme in ("light", "dark"):
        context = browser.new_context(
            viewport={"width": WIDTH, "height": 1000}, offline=True, color_scheme=scheme
        )
        page = context.new_page()
        said: list[str] = []
        asked: list[str] = []
        page.on("console", lambda message, said=said: said.append(message.text))
        page.on("pageerror", lambda error, said=said: said.append(str(error)))
        page.on("request", lambda request, asked=asked: asked.append(request.url))
        page.goto(pages[name].as_uri())
        page.wait_for_load_state("load")
        assert said == []
        assert [each for each in asked if not each.startswith(("file:", "data:"))] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= WIDTH
        ground, text = page.evaluate(
            "(() => { const s = getComputedStyle(document.body); return [s.backgroundColor, s.color]; })()"
        )
        assert ground != text
        page.screenshot(path=shots / f"{name}-{scheme}.png", full_page=True)
        if name == "evaluation":
            assert page.locator("svg").count() >= 1
        assert len(page.pdf()) > 10_000  # it prints
        context.close()


@pytest.mark.parametrize("name", ["evaluation", "usage"])
def test_a_page_can_be_read_by_everyone(name: str, pages: dict[str, Path], browser: Browser) -> None:
    """axe finds nothing: contrast, names, heads of tables, order of headings, keyboard."""
    for scheme in ("light", "dark"):
        # axe is a script, which the page's own policy forbids.
        context = browser.new_context(
            viewport={"width": WIDTH, "height": 1000}, color_scheme=scheme, bypass_csp=True
        )
        page = context.new_page()
        page.goto(pages[name].as_uri())
        page.add_script_tag(path=AXE)
        result = page.evaluate(
            "axe.run().then(each => ({ found: each.violations, passed: each.passes.length }))"
        )
        found = result["found"]
        context.close()
        assert result["passed"] > 10  # it has looked
        assert [f"{each['id']}: {each['help']} {each['nodes'][0]['html'][:200]}" for each in found] == [], (
            json.dumps(found)[:2000]
        )
