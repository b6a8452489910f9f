"""Writes the counts of a session into the data directory: now and then, and at its end.

It does not know what is counted. It writes on a thread, and has no timer: whoever has a good moment asks.
"""

import threading
import time
from collections.abc import Callable
from pathlib import Path

from assist_server.editor.feedback.usage_table import UsageTable
from assist_server.records import usage_rows

WRITE_AFTER = 600.0  # seconds; an editor may be open for weeks, and what is not written ends with a crash


class UsageWriter:
    """Owns the thread that writes, while there is one. Event loop only; `clock` counts seconds.

    What is written was taken out of the table, so it is written once.
    """

    def __init__(
        self,
        usage: UsageTable,
        data: Path,
        write_after: float = WRITE_AFTER,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._usage = usage
        self._data = data
        self._write_after = write_after
        self._clock = clock
        self._written = clock()
        self._thread: threading.Thread | None = None

    def write_if_due(self) -> None:
        """Begin to write if that was done more than `write_after` seconds ago."""
        if self._clock() - self._written > self._write_after:
            self.write()

    def write(self) -> None:
        """Begin to write what was counted since the last time; it takes a second at most."""
        self._written = self._clock()
        rows = self._usage.take()
        if rows:
            # Not a daemon: a process that ends waits for it.
            self._thread = threading.Thread(
                target=usage_rows.record, args=(self._data, rows), name="assist-usage"
            )
            self._thread.start()

    def wait(self) -> None:
        """Wait until it is written. Blocks."""
        if self._thread is not None:
            self._thread.join()
