"""A picture of a report of `assist eval` for the documents, taken by a browser without a network.

    uv run --group e2e python benchmarks/report_pictures.py REPORT.html docs/images

It needs /usr/bin/chromium. It writes evaluation-charts.png.
"""

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

WIDTH = 800  # CSS pixels
CHROMIUM = "/usr/bin/chromium"


def main(report: Path, folder: Path) -> None:
    """Take the picture of a report into a folder."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        context = browser.new_context(
            viewport={"width": WIDTH, "height": 900}, device_scale_factor=1.5, offline=True
        )
        page = context.new_page()
        page.goto(report.resolve().as_uri())
        page.locator("figure").first.screenshot(path=folder / "evaluation-charts.png")
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
