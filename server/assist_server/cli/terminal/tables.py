"""Tables, facts, progress bars and code for people, drawn by rich.

All of it can be read without colour, in a pipe and in 80 columns. It decides nothing and knows no model.
"""

import re
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console, JustifyMethod
from rich.style import Style
from rich.text import Text

from assist_server.cli.output import end_passing
from assist_server.wording.sanitize import harmless
from assist_server.wording.views import FactPart, FactRow, NamedValues, ShownTable

WIDTH = 80  # columns if stdout is not a terminal
_LEAST = 20  # columns of a value, next to its name
OPEN, CLOSE = "«", "»"  # around ghost text, so that it can be seen without colour


@dataclass(frozen=True, slots=True)
class Column:
    """A column's heading, and whether its values are numbers."""

    head: str
    number: bool = False


def console() -> Console:
    """A rich console on stdout, which is a terminal or a pipe, below what is passing there."""
    end_passing()
    width = None if sys.stdout.isatty() else WIDTH
    return Console(width=width, highlight=False, markup=False, emoji=False)


def table(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    """A table on stdout. The first column is never wrapped, and no cell is cut off."""
    from rich.table import Table  # noqa: PLC0415  (facts are no table)

    drawn = Table(box=None, pad_edge=False, header_style="bold")
    for number, column in enumerate(columns):
        side: JustifyMethod = "right" if column.number else "left"
        drawn.add_column(column.head, justify=side, overflow="fold", no_wrap=number == 0)
    for row in rows:
        drawn.add_row(*map(harmless, row))
    terminal = console()
    with terminal.capture() as capture:
        terminal.print(drawn)
    for line in capture.get().splitlines():
        sys.stdout.write(f"{line.rstrip()}\n")  # with the styles of a terminal, which `out` would take out


def show_columns(part: ShownTable | NamedValues) -> None:
    """A table, or names and values, of a command's view."""
    if isinstance(part, ShownTable):
        table([Column(head, number=head in part.numbers) for head in part.heads], part.rows)
    else:
        facts(part)


def facts(pairs: NamedValues) -> None:
    """Names and values on stdout, the values aligned, as `show_facts` does it."""
    show_facts([FactRow(name, (FactPart(value),)) for name, value in pairs])


def show_facts(rows: Sequence[FactRow], root: str = "") -> None:
    """Rows on stdout in columns; a row whose name is "" continues the value above.

    Values are wrapped at spaces only, so that a path stays in one piece to copy; without any names they are
    lines, and not wrapped; nor if it begins with a blank, such as code. Places in the folder `root` are
    links, for terminals that know them; in a pipe they are their words.
    """
    if not rows:
        return
    terminal = console()
    indent = max((len(harmless(row.name)) + 2 for row in rows if row.name), default=0)
    for row in rows:
        name = harmless(row.name)
        value = _words_with_links(row.parts, root)
        room = max(_LEAST, terminal.width - indent)
        hanging = min(row.hanging, room // 4)
        wraps = bool(indent) and (bool(row.hanging) or not value.plain.startswith(" "))
        lines = _wrap(value, room, hanging) if wraps else [value]
        body = Text(f"\n{' ' * (indent + hanging)}").join(lines)
        terminal.print(Text.assemble((name.ljust(indent), "bold"), body), soft_wrap=True)


def _words_with_links(parts: Iterable[FactPart], root: str) -> Text:
    """Harmless words on one line, with their links."""
    text = Text()
    for part in parts:
        words = re.sub(r"\s", " ", harmless(part.words))
        address = f"{Path(root, part.path).as_uri()}#{part.line}" if part.path and root else ""
        text.append(words, Style(link=address) if address else None)
    return text


def _wrap(text: Text, room: int, hanging: int) -> list[Text]:
    lines = []
    at = 0
    wrapper = textwrap.TextWrapper(
        room, subsequent_indent=" " * hanging, break_long_words=False, break_on_hyphens=False
    )
    for number, row in enumerate(wrapper.wrap(text.plain) or [""]):
        line = row[hanging:] if number else row
        at = text.plain.index(line, at)
        lines.append(text[at : at + len(line)])
        at += len(line)
    return lines


@contextmanager
def show_count(what: str, *, of_bytes: bool = False) -> Iterator[Callable[[int, int], None]]:
    """Shows how many of a total are done on stderr, but only on a terminal."""
    if not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    from rich import progress  # noqa: PLC0415  (few commands have a bar)

    bar = progress.Progress(
        progress.TextColumn("{task.description}", markup=False),
        progress.BarColumn(),
        progress.DownloadColumn() if of_bytes else progress.MofNCompleteColumn(),
        progress.TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    with bar:
        task = bar.add_task(harmless(what), total=None, visible=False)
        yield lambda done, total: bar.update(task, completed=done, total=total, visible=True)


@dataclass(frozen=True, slots=True)
class GhostExcerpt:
    """Ghost text in an excerpt: its line's index, its column, its text, and how much it replaces."""

    line: int
    column: int
    text: str
    replace: int = 0


def code(title: str, lines: Sequence[str], ghost: GhostExcerpt) -> None:
    """An excerpt of code on stdout with ghost text marked in it; without ghost text, the cursor is marked."""
    drawn = Text()
    for number, line in enumerate(lines):
        if number != ghost.line:
            drawn.append(f"{harmless(line)}\n")
            continue
        marked_text = f"{OPEN}{harmless(ghost.text)}{CLOSE}" if ghost.text else "|"
        drawn.append(harmless(line[: ghost.column])).append(marked_text, "italic green")
        drawn.append(f"{harmless(line[ghost.column + ghost.replace :])}\n")
    terminal = console()
    terminal.print(Text(harmless(title), "bold"))
    drawn.expand_tabs(4)
    for row in drawn.split("\n"):
        row.rstrip()
        terminal.print(Text("  | " if row else "  |", "dim") + row, soft_wrap=True)
