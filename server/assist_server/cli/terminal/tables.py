"""The one door to rich: tables, facts, progress bars and code, for people.

All of it reads without colour, in a pipe and in 80 columns. It decides nothing and knows no model.
"""

import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console, JustifyMethod
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from assist_server.cli.output import out, say
from assist_server.wording.amounts import megabytes

WIDTH = 80  # columns where no terminal tells
OPEN, CLOSE = "«", "»"  # around ghost text, so that it is seen without colour too


@dataclass(frozen=True, slots=True)
class Column:
    """A column's head, and whether its values are numbers."""

    head: str
    number: bool = False


def console() -> Console:
    """The terminal, or the pipe, that stdout is."""
    width = None if sys.stdout.isatty() else WIDTH
    return Console(width=width, highlight=False, markup=False, emoji=False)


def table(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    """A table on stdout; the first column is never wrapped, the others never cut."""
    drawn = Table(box=None, pad_edge=False, header_style="bold")
    for number, column in enumerate(columns):
        side: JustifyMethod = "right" if column.number else "left"
        drawn.add_column(column.head, justify=side, overflow="fold", no_wrap=number == 0)
    for row in rows:
        drawn.add_row(*row)
    terminal = console()
    with terminal.capture() as captured:
        terminal.print(drawn)
    for line in captured.get().splitlines():
        out(line.rstrip())


def facts(pairs: Sequence[tuple[str, str]]) -> None:
    """Names and values on stdout, the values below each other; a name "" goes on with the value above.

    Values are wrapped at spaces alone, so that a path stays one word to copy.
    """
    terminal = console()
    indent = max(len(name) for name, _ in pairs) + 2
    for name, value in pairs:
        room = max(20, terminal.width - indent)
        lines = textwrap.wrap(value, room, break_long_words=False, break_on_hyphens=False) or [""]
        head = Text(name.ljust(indent), "bold")
        terminal.print(head + f"\n{' ' * indent}".join(lines), soft_wrap=True)


@contextmanager
def downloading(name: str) -> Iterator[Callable[[int, int], None]]:
    """Shows bytes of a total on stderr: a bar on a terminal, else a line for every tenth."""
    if not sys.stderr.isatty():
        yield _lines(name)
        return
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    with bar:
        task = bar.add_task(name, total=None, visible=False)
        yield lambda done, total: bar.update(task, completed=done, total=total, visible=True)


def _lines(name: str) -> Callable[[int, int], None]:
    said = -1

    def progress(done: int, total: int) -> None:
        nonlocal said
        tenth = 10 * done // total if total else 0
        if tenth != said:
            said = tenth
            say(f"{name}: {megabytes(done)} of {megabytes(total)}")

    return progress


@contextmanager
def counting(what: str) -> Iterator[Callable[[int, int], None]]:
    """Shows how many of a total are done on stderr, if that is a terminal; nothing else would be read."""
    if not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None, visible=False)
        yield lambda done, total: bar.update(task, completed=done, total=total, visible=True)


@dataclass(frozen=True, slots=True)
class GhostExcerpt:
    """Ghost text in an excerpt: the index of its line, its column, and how much behind it it replaces."""

    line: int
    column: int
    text: str
    replace: int = 0


def code(title: str, lines: Sequence[str], ghost: GhostExcerpt) -> None:
    """An excerpt on stdout with ghost text in it, marked; without a text, the cursor is."""
    drawn = Text()
    for number, line in enumerate(lines):
        if number != ghost.line:
            drawn.append(f"{line}\n")
            continue
        marked = f"{OPEN}{ghost.text}{CLOSE}" if ghost.text else "|"
        drawn.append(line[: ghost.column]).append(marked, "italic green")
        drawn.append(f"{line[ghost.column + ghost.replace :]}\n")
    terminal = console()
    terminal.print(Text(title, "bold"))
    drawn.expand_tabs(4)
    for row in drawn.split("\n")[:-1]:
        row.rstrip()
        terminal.print(Text("  | " if row else "  |", "dim") + row, soft_wrap=True)
