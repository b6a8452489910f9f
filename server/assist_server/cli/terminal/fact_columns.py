"""Facts in a terminal, in columns. It imports rich's tables alone, since facts are there at once."""

from collections.abc import Sequence
from pathlib import Path

from assist_server.cli.terminal.tables import LinkedWords, facts
from assist_server.wording.facts import FactPart, FactRow


def show_facts(rows: Sequence[FactRow], root: str) -> None:
    """Facts on stdout, in columns; places in the folder `root` are links where stdout is a terminal."""
    if not rows:
        return
    shown = [
        (row.name, [LinkedWords(part.words, _address(root, part)) for part in row.parts]) for row in rows
    ]
    facts(shown)


def _address(root: str, part: FactPart) -> str:
    return f"{Path(root, part.path).as_uri()}#{part.line}" if part.path and root else ""
