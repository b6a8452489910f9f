"""The generated pages match the code; `make fix` writes them again."""

from pathlib import Path

import pytest
from reference_pages import main, pages
from settings_schema import configuration, manifest

DOCS = Path(__file__).parents[3] / "docs"
MANIFEST = Path(__file__).parents[3] / "vscode-extension/package.json"


@pytest.mark.parametrize("name", ["commands.md", "settings.md"])
def test_the_page_is_current(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == pages()[name], "run `make fix`"


def test_the_extension_offers_the_settings_that_an_editor_may_send() -> None:
    text = MANIFEST.read_text(encoding="utf-8")
    assert text == manifest(text), "run `make fix`"
    assert '"assist.escalation.mode"' in text
    names = {name for table in configuration() for name in table["properties"]}
    assert not any(name.startswith(("assist.providers", "assist.audit")) for name in names)


def test_the_pages_are_the_same_wherever_they_are_made(tmp_path: Path) -> None:
    main([str(tmp_path / "docs")])
    assert (tmp_path / "docs" / "commands.md").read_text(encoding="utf-8") == pages()["commands.md"]
