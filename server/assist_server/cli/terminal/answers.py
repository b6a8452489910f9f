"""Answers in a terminal: Markdown while it is written, a diff, and yes-or-no questions.

Markdown that is still being written is split where the text before can no longer change. The output can be
read without colour, in a pipe and in 80 columns. Like `tables`, this module imports rich.
"""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.live import Live
from rich.markdown import Markdown
from rich.segment import Segment, Segments
from rich.style import Style
from rich.text import Text

from assist_context.programs import find_program
from assist_escalation.edits.plan import EditPlan
from assist_server.cli.output import end_passing, out, say, say_lines
from assist_server.cli.terminal.tables import console
from assist_server.questions.events import ShownSource
from assist_server.wording.answers import source_words, sources_line
from assist_server.wording.edit_previews import PreviewKind, edit_preview, edit_warnings
from assist_server.wording.requests import SHOWN, more_words
from assist_server.wording.sanitize import StreamSanitizer, harmless_line

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_ITEM = re.compile(r"(?:[-*+]|\d{1,9}[.)])\s")


def final_length(text: str) -> int:
    r"""The length of the part that later text cannot change: whole blocks, each followed by an empty line.

    >>> final_length("one\ntwo\n\nthree\n"), final_length("```\na\n\nb\n"), final_length("- a\n\n- b\n")
    (9, 0, 0)
    """
    end = 0
    at = 0
    fence = ""
    blank = False
    in_list = False
    for line in text.splitlines(keepends=True):
        if not line.endswith("\n"):
            break
        full = line.strip()
        found = _FENCE.match(line)
        if blank and full and not fence and not line[0].isspace() and not (in_list and _ITEM.match(line)):
            end = at
            in_list = False
        if fence:
            closes = found is not None and found[1].startswith(fence) and found[0].strip() == full
            fence = "" if closes else fence
        elif found:
            fence = found[1]
        elif _ITEM.match(line):
            in_list = True
        blank = not full
        at += len(line)
    return end


TAIL = 12  # lines at the end of the text that are drawn live: more would scroll and flicker
FRAMES = 8  # a second: smooth enough, and cheap compared to a model


@contextmanager
def stream_markdown() -> Iterator[Callable[[str], None]]:
    """Shows Markdown on stdout as it arrives: drawn on a terminal, else unchanged and at once."""
    sanitizer = StreamSanitizer()
    if not sys.stdout.isatty():
        last = "\n"

        def plain(piece: str) -> None:
            nonlocal last
            safe_text = sanitizer.take(piece)
            sys.stdout.write(safe_text)
            sys.stdout.flush()
            last = safe_text[-1:] or last

        yield plain
        if last != "\n":
            out("")
        sys.stdout.flush()
        return
    with _Page(console()) as page:
        yield lambda piece: page.write(sanitizer.take(piece))


class _Page:
    """Prints finished blocks for good, and draws the rest live below them."""

    def __init__(self, terminal: Console) -> None:
        self._terminal = terminal
        self._text = ""
        self._live = Live(console=terminal, refresh_per_second=FRAMES, transient=True)

    def __enter__(self) -> "_Page":
        return self

    def __exit__(self, *_: object) -> None:
        if self._live.is_started:
            self._live.update(Text(""))
            self._live.stop()
        self._print(self._text)

    def write(self, piece: str) -> None:
        """More of the text. Only the first of it takes the terminal's last line, which others use before."""
        if not piece:
            return
        if not self._live.is_started:
            self._live.start()
        self._text += piece
        end = final_length(self._text)
        if end:
            complete, self._text = self._text[:end], self._text[end:]
            self._print(complete)
        self._live.update(Text("\n".join(self._text.splitlines()[-TAIL:])))

    def _print(self, text: str) -> None:
        # Links are shown with their addresses and cannot be clicked; images are shown as their text.
        if text.strip():
            self._terminal.print(Markdown(text, hyperlinks=False))


STYLES: dict[PreviewKind, str] = {"added": "green", "removed": "red", "place": "cyan", "head": "bold"}


def show_edit(plan: EditPlan) -> None:
    """The preview of an edit: warnings on stderr, and the diff on stdout, whose signs alone say the same."""
    for warning in edit_warnings(plan):
        say(warning)
    terminal = console()
    for line in edit_preview(plan):  # as segments: a `Text` would turn tabs into spaces
        text = Segment(f"{line.text}\n", Style.parse(STYLES.get(line.kind, "")))
        terminal.print(Segments([text]), soft_wrap=True, end="")


def show_sources(sources: Sequence[ShownSource]) -> None:
    """Return what an answer was made from: on stdout with links for people, else on stderr."""
    if not sys.stdout.isatty():
        if sources:
            say(sources_line(sources))
        return
    text = Text("Sources: ", "dim")
    for at, source in enumerate(sources[:SHOWN]):
        place, label = source_words(source)
        file = Path(source.root, source.path).as_uri()
        text.append(", " if at else "", "dim")
        text.append(place, Style(link=f"{file}#{source.first}"))
        text.append(f" {label}" if label else "", "dim")
    if sources:
        console().print(text.append(more_words(len(sources)), "dim"), soft_wrap=True)


def say_edit(plan: EditPlan) -> None:
    """The same preview on stderr alone, for a question about an edit whose stdout is a document."""
    for line in (*edit_warnings(plan), *(text.text for text in edit_preview(plan))):
        say(line)


def is_terminal() -> bool:
    """Return whether there is a person who can be asked, and sees the question."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def confirm(question: str, view: Callable[[], None] | None = None) -> bool:
    """Ask a yes-or-no question at the terminal; without a terminal the answer is no.

    `view` shows what the question is about, at "v"; then the question is asked again.
    """
    if not is_terminal():
        return False
    end_passing()
    while True:
        sys.stderr.write(f"{harmless_line(question)} [{'y/N/v, v shows the text' if view else 'y/N'}] ")
        sys.stderr.flush()
        reply = sys.stdin.readline().strip().lower()
        if view is None or reply not in ("v", "view"):
            return reply in ("y", "yes")
        view()


def show_page(text: str) -> None:
    """Show a text that may be long: in `less`, if it is there and stdout is a terminal, else on stderr.

    It goes there through a pipe, and into no file. Its unseen characters must be written out already.
    """
    less = find_program("less") if sys.stdout.isatty() else None
    if less is None:
        say_lines(text.removesuffix("\n"))
        return
    subprocess.run([less], input=text.encode("utf-8", "replace"), check=False)
