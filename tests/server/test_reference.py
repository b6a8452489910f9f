"""The generated pages are those of the code: `make fix` writes them again."""

from pathlib import Path

import pytest

from assist_server.cli_reference import main, pages

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("name", ["commands.md", "settings.md"])
def test_the_page_is_current(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == pages()[name], "run `make fix`"


def test_the_pages_are_the_same_wherever_they_are_made(tmp_path: Path) -> None:
    main([str(tmp_path / "docs")])
    assert (tmp_path / "docs" / "commands.md").read_text(encoding="utf-8") == pages()["commands.md"]
