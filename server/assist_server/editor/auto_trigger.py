"""Automatic triggers: nothing comes unasked while the user snoozes, nor in a language that is off.

Who asks by hand gets an answer all the same. Comments are the engine's to see, and how sure a text must be is
up to the mode. Event loop only.
"""

import asyncio
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Literal

from assist_completion.settings import CompletionSettings
from assist_context.languages import language_of
from assist_server.editor.repository_limits import GhostTextLimits
from assist_server.workspace.documents import OpenDocument

MORNING = 6  # o'clock, when "until tomorrow" ends
Quiet = Literal["snoozed", "language-off"]


class Unasked:
    """Owns the time until which the user snoozes, and the one timer that ends it.

    `settings` gives the user's current ones, `limits` what a document's repository turns off, `now` the time
    in seconds since the epoch. `on_change` is called when `words` may have changed.
    """

    def __init__(
        self,
        settings: Callable[[], CompletionSettings],
        on_change: Callable[[], None] = lambda: None,
        now: Callable[[], float] = time.time,
        limits: Callable[[OpenDocument], GhostTextLimits] = lambda _: GhostTextLimits(),
    ) -> None:
        self._settings = settings
        self._limits = limits
        self._on_change = on_change
        self._now = now
        self._until = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._document: OpenDocument | None = None

    @property
    def settings(self) -> CompletionSettings:
        """The user's current settings of ghost text."""
        return self._settings()

    def in_comments(self, document: OpenDocument) -> bool:
        """Return whether ghost text may come unasked in the comments of a document."""
        return self.settings.in_comments and self._limits(document).in_comments

    @property
    def snoozed(self) -> bool:
        """Say if the user snoozes now, by the time of day: the timer is late on a machine that slept."""
        return self._now() < self._until

    @property
    def words(self) -> str:
        """Return why nothing comes unasked where the user is, for people; "" if something may."""
        if self.snoozed:
            return f"snoozed until {_clock_words(self._until, self._now())}"
        language = self._language_off(self._document) if self._document is not None else ""
        return f"off in {language}" if language else ""

    def why_not(self, document: OpenDocument) -> Quiet | None:
        """Return why nothing may come unasked in a document."""
        if self.snoozed:
            return "snoozed"
        return "language-off" if self._language_off(document) else None

    def visit(self, document: OpenDocument) -> None:
        """The user is in this document now."""
        self._document = document
        self._on_change()

    def snooze(self, until: float) -> None:
        """Let nothing come unasked until this time; a time that is over ends the snooze."""
        self.close()
        self._until = until
        if self.snoozed:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(until - self._now(), self._end)
        self._on_change()

    def _end(self) -> None:
        self._until = 0.0
        self._on_change()

    def close(self) -> None:
        """Stop the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _language_off(self, document: OpenDocument) -> str:
        """The language of a document as the settings name it, if it is off."""
        off = (*self.settings.languages_off, *self._limits(document).languages_off)
        if not off:
            return ""
        language = language_of(document.path, document.language_id).name
        names = {document.language_id.lower(), language}
        return next((name for name in off if name.lower() in names), "")


def next_morning(now: float) -> float:
    """Find when "until tomorrow" ends, in seconds since the epoch: at the next six o'clock in the morning."""
    local = datetime.fromtimestamp(now)
    morning = local.replace(hour=MORNING, minute=0, second=0, microsecond=0)
    return (morning if morning > local else morning + timedelta(days=1)).timestamp()


def _clock_words(then: float, now: float) -> str:
    """A time within the next day, for people."""
    local = datetime.fromtimestamp(then)
    tomorrow = local.date() != datetime.fromtimestamp(now).date()
    return f"{local:%H:%M}{' tomorrow' if tomorrow else ''}"
