"""The reference pages of the commands and the settings, in Markdown, generated from the code.

`python .ci/pages/reference_pages.py docs` writes `commands.md` and `settings.md` into `docs`.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
from settings_page import reference as settings_reference
from typer.core import TyperGroup
from typer.main import get_command

from assist_server.cli.app import command_line

WIDTH = 100  # columns of the help texts in the page
_INTRO = """\
# Commands

This page is generated from the code.
A position is `PATH:LINE:COL`; lines and columns are numbered from 1, columns in Unicode characters.
`--json` prints one JSON document on stdout and nothing else.
If a command fails, the document is `{"error": MESSAGE}`; a refusal also has a `"cause"`.
Messages go to stderr.

| exit code | meaning |
|---|---|
| 0 | done |
| 1 | failed; the message says how to fix it |
| 2 | wrong usage |
| 3 | refused by a policy or a budget |
| 4 | a guard of `eval`, a case of `policy test` or the check by `policy probe` failed |
| 130 | interrupted |
"""


def reference() -> str:
    """The page of all commands. It ends with a newline, and does not depend on the terminal."""
    return "\n".join([_INTRO, *_sections(get_command(command_line()), None, "assist")])


def pages() -> dict[str, str]:
    """The generated pages by their file names."""
    return {"commands.md": reference(), "settings.md": settings_reference()}


def _sections(command: Any, parent: typer.Context | None, name: str) -> Iterator[str]:
    """The help of a command, exactly as `--help` prints it, then the help of its subcommands."""
    context = typer.Context(command, info_name=name, parent=parent, terminal_width=WIDTH)
    yield f"## `{context.command_path}`\n\n```text\n{command.get_help(context)}\n```\n"
    if isinstance(command, TyperGroup):
        for inner in command.list_commands(context):
            yield from _sections(command.get_command(context, inner), context, inner)


def main(arguments: list[str]) -> None:
    """Write the pages into the folder that the arguments name."""
    folder = Path(arguments[0] if arguments else "docs")
    folder.mkdir(exist_ok=True)
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
