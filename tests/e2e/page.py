"""The configurations that docs/editors.md shows, so that tests keep the page correct."""

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "editors.md"


def block(heading: str, language: str) -> str:
    """Return the only code block of a language under a heading. Fails if there is none, or more than one."""
    _, found, rest = PAGE.read_text(encoding="utf-8").partition(f"\n## {heading}\n")
    assert found, f"docs/editors.md has no heading {heading!r}"
    section = re.split(r"^## ", rest, maxsplit=1, flags=re.MULTILINE)[0]
    (text,) = re.findall(rf"^```{language}\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    return str(text)
