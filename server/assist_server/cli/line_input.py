"""Lines that a user types, with editing and history if Python has readline.

It is Python's own, which needs no dependency. Windows has none; its console edits lines itself. The history
is never written to a file.
"""

import sys
from contextlib import suppress

PROMPT = "> "


class LineInput:
    """Reads one line after the other from stdin, which may also be a pipe or a file."""

    def __init__(self) -> None:
        self.interactive = sys.stdin.isatty()
        if self.interactive:
            with suppress(ImportError):
                import readline  # noqa: F401, PLC0415  (input() uses it once it is imported)

    def read(self) -> str | None:
        """The next line without its end; None at the end of the input."""
        if not self.interactive:
            line = sys.stdin.readline()
            return line.rstrip("\r\n") if line else None
        try:
            return input(PROMPT)
        except EOFError:
            return None
