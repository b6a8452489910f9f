"""Limits of ghost text in a repository, as its `.assist.toml` says, for anyone who works in it.

It looks when something happens in the editor, and at most every five seconds: there is no timer.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from assist_server.config.repository_file import ghost_text_statements

FRESH = 5.0  # seconds


@dataclass(frozen=True, slots=True)
class GhostTextLimits:
    """The limits that a repository sets, in the terms of `[completion]`."""

    languages_off: tuple[str, ...] = ()
    in_comments: bool = True


class RepositoryLimits:
    """Owns what is known of the folders' files, which are read on a thread. Event loop only.

    `on_change` is called when what is known changes.
    """

    def __init__(
        self, on_change: Callable[[], None] = lambda: None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._on_change = on_change
        self._clock = clock
        self._known: dict[str, GhostTextLimits] = {}
        self._looked: dict[str, float] = {}
        self.reading: asyncio.Future[GhostTextLimits] | None = None

    def of(self, root: str) -> GhostTextLimits:
        """Return the limits for a folder from its files; they are read again if that is long ago."""
        now = self._clock()
        if now - self._looked.get(root, -FRESH) >= FRESH:
            self._looked[root] = now
            self.reading = asyncio.get_running_loop().run_in_executor(None, get_limits, root)
            self.reading.add_done_callback(lambda reading: self._take(root, reading))
        return self._known.get(root, GhostTextLimits())

    def _take(self, root: str, reading: asyncio.Future[GhostTextLimits]) -> None:
        if reading.cancelled() or reading.exception() is not None:
            return
        is_changed = reading.result() != self._known.get(root, GhostTextLimits())
        self._known[root] = reading.result()
        if is_changed:
            self._on_change()


def get_limits(root: str) -> GhostTextLimits:
    """Return what all files that apply to a folder turn off. It reads them: use a thread."""
    statements = ghost_text_statements(Path(root))
    languages = tuple(name for statement in statements for name in statement.languages_off)
    return GhostTextLimits(languages, all(statement.in_comments for statement in statements))
