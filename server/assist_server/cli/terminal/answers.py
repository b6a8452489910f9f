"""How answers look in a terminal: Markdown while it is written, a diff, a question to the person.

A Markdown text that is still being written is cut where what is before the cut is final.
A second door to rich next to `tables`. The output can be read without colour, in a pipe and in 80 columns.
"""

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.markdown import Markdown
from rich.text import Text

from assist_server.cli.output import out
from assist_server.cli.terminal.tables import console
from assist_server.wording.sanitize import StreamSanitizer, harmless

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_ITEM = re.compile(r"(?:[-*+]|\d{1,9}[.)])\s")


def settled(text: str) -> int:
    r"""The length of the part that later text cannot change: whole blocks, each behind an empty line.

    >>> settled("one\ntwo\n\nthree\n"), settled("```\na\n\nb\n"), settled("- a\n\n- b\n")
    (9, 0, 0)
    """
    end = 0
    at = 0
    fence = ""
    blank = False
    listed = False
    for line in text.splitlines(keepends=True):
        if not line.endswith("\n"):
            break
        full = line.strip()
        found = _FENCE.match(line)
        if blank and full and not fence and not line[0].isspace() and not (listed and _ITEM.match(line)):
            end = at
            listed = False
        if fence:
            closes = found is not None and found[1].startswith(fence) and found[0].strip() == full
            fence = "" if closes else fence
        elif found:
            fence = found[1]
        elif _ITEM.match(line):
            listed = True
        blank, at = not full, at + len(line)
    return end


TAIL = 12  # lines of what is being written that are drawn live: more would scroll, and flicker
FRAMES = 8  # a second: smooth enough, and cheap beside a model


@contextmanager
def answering() -> Iterator[Callable[[str], None]]:
    """Shows Markdown on stdout while it comes: drawn on a terminal, else as it is, at once."""
    sieve = StreamSanitizer()
    if not sys.stdout.isatty():
        last = "\n"

        def plain(piece: str) -> None:
            nonlocal last
            shown = sieve.take(piece)
            sys.stdout.write(shown)
            sys.stdout.flush()
            last = shown[-1:] or last

        yield plain
        if last != "\n":
            out("")
        sys.stdout.flush()
        return
    with _Page(console()) as page:
        yield lambda piece: page.write(sieve.take(piece))


class _Page:
    """Finished blocks are printed for good; what is being written is drawn live below them."""

    def __init__(self, terminal: Console) -> None:
        self._terminal = terminal
        self._text = ""
        self._live = Live(console=terminal, refresh_per_second=FRAMES, transient=True)

    def __enter__(self) -> "_Page":
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.update(Text(""))
        self._live.stop()
        self._print(self._text)

    def write(self, piece: str) -> None:
        """More of the text."""
        self._text += piece
        end = settled(self._text)
        if end:
            done, self._text = self._text[:end], self._text[end:]
            self._print(done)
        self._live.update(Text("\n".join(self._text.splitlines()[-TAIL:])))

    def _print(self, text: str) -> None:
        # Links are shown with their addresses and cannot be clicked; images are their words.
        if text.strip():
            self._terminal.print(Markdown(text, hyperlinks=False))


def diff(text: str) -> None:
    """A unified diff on stdout; its signs tell what its colours do."""
    styles = {"+": "green", "-": "red", "@": "cyan"}
    terminal = console()
    for line in harmless(text).splitlines():
        head = line.startswith(("+++", "---"))
        terminal.print(Text(line, "bold" if head else styles.get(line[:1], "")), soft_wrap=True)


def agrees(question: str) -> bool:
    """Whether the person at the terminal says yes; where nobody can be asked, it is no."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")
