"""Output of a command: results on stdout, messages on stderr, and one JSON document with --json.

It writes plain text. Tables, bars and code are in the `terminal` wing.
"""

import json
import math
import shutil
import sys
import time
from typing import TYPE_CHECKING, Any

from assist_server.wording.sanitize import harmless, harmless_line

if TYPE_CHECKING:
    from assist_server.wording.views import CommandView

SIGN_S = 10.0  # seconds after which a pipe, too, is told that work goes on


def emit(document: Any) -> None:
    """One JSON document on stdout, in ASCII, so that any terminal, pipe or stray byte can be written."""
    end_passing()
    sys.stdout.write(json.dumps(document, indent=2) + "\n")


def emit_line(document: Any) -> None:
    """One line of JSON Lines on stdout, flushed at once."""
    end_passing()
    sys.stdout.write(json.dumps(document) + "\n")
    sys.stdout.flush()


def out(text: str) -> None:
    """A line of the result on stdout. Names and texts in it cannot control the terminal."""
    end_passing()
    sys.stdout.write(f"{harmless(text)}\n")


def show_view(view: "CommandView", *, as_json: bool) -> None:
    """Return what a command has to show: one JSON document, or words."""
    if as_json:
        emit(view.document)
        return
    for part in view.words:
        if isinstance(part, str):
            out(part)
        else:
            from assist_server.cli.terminal.tables import show_columns  # noqa: PLC0415  (rich)

            show_columns(part)


class _PassingLine:
    """The part of the last line on stderr to overwrite, and when a pipe was told last."""

    width = 0
    told = math.inf


def show_passing(text: str) -> None:
    """Return what happens now, on the last line of a terminal, until anything else is written.

    A pipe or a file gets a line of it where it goes on for long: at most one in `SIGN_S`.
    """
    if not sys.stderr.isatty():
        now = time.monotonic()
        if now - _PassingLine.told >= SIGN_S:
            _PassingLine.told = now
            say(text)
    else:
        line = harmless_line(text)[: shutil.get_terminal_size().columns - 1]
        sys.stderr.write(f"\r{line.ljust(_PassingLine.width)}")
        sys.stderr.flush()
        _PassingLine.width = len(line)


def begin_passing() -> None:
    """Count the time until a pipe is told from now on: a command begins."""
    _PassingLine.told = time.monotonic()


def end_passing() -> None:
    """Clear that line, before something writes to the terminal by other means than this module's."""
    if _PassingLine.width:
        sys.stderr.write(f"\r{' ' * _PassingLine.width}\r")
        sys.stderr.flush()
        _PassingLine.width = 0


def say(text: str) -> None:
    """A message for the user, one line on stderr, whatever names and texts are in it."""
    end_passing()
    sys.stderr.write(f"{harmless_line(text)}\n")
    sys.stderr.flush()


def say_lines(text: str) -> None:
    """A text of several lines for the user, on stderr."""
    for line in text.split("\n"):
        say(line)


def say_stopped() -> None:
    """Say that Ctrl-C ended a command, on a line of its own: the terminal shows `^C` after what was there."""
    if sys.stderr.isatty() and not _PassingLine.width:
        sys.stderr.write("\n")
    say("Stopped.")
