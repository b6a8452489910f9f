"""The right to write one index: a lock file, and the writer that is open while this process holds the lock.

This module does not know what is written. It never waits: a caller without the lock tries again later.
"""

import os

from filelock import FileLock, Timeout

from assist_context.index.database import StoreError
from assist_context.index.extraction import version
from assist_context.index.writer import IndexWriter

LOCK_S = 5.0  # between two attempts to get the lock
TRIES = 2  # failures in a row until the folder gives up; by the second try, damage has been rebuilt


class WriterLease:
    """The lock and the writer of the index at `database`.

    `waiting`: another process is the writer; the next attempt is at `retry_at`, by `time.monotonic`.
    """

    def __init__(self, database: str) -> None:
        self.database = database
        self.waiting = False
        self.retry_at = 0.0
        self._failures = 0
        self._lock = FileLock(database + ".lock", thread_local=False)
        self._writer: IndexWriter | None = None

    @property
    def writer(self) -> IndexWriter:
        """The open writer. Raises StoreError if there is none."""
        if self._writer is None:
            raise StoreError(f"{self.database} is closed.")
        return self._writer

    @property
    def is_open(self) -> bool:
        """Return whether there is a writer."""
        return self._writer is not None

    def may_try(self, now: float) -> bool:
        """Say if an attempt makes sense: always, except shortly after another process had the lock."""
        return not self.waiting or now >= self.retry_at

    def lock(self, now: float) -> bool:
        """Gets the lock, or notes that another process has it. Raises StoreError."""
        try:
            os.makedirs(os.path.dirname(self.database), mode=0o700, exist_ok=True)
            if not self._lock.is_locked:
                self._lock.acquire(blocking=False)
        except Timeout:
            self.waiting = True
            self.retry_at = now + LOCK_S
            return False
        except OSError as error:
            raise StoreError(f"{self._lock.lock_file}: {error.strerror}. Make it writable.") from error
        self.waiting = False
        return True

    def open_writer(self) -> None:
        """Opens the writer; only with the lock. Raises StoreError."""
        self._writer = IndexWriter(self.database, version())

    def close_writer(self) -> None:
        """Closes the writer and keeps the lock."""
        if self._writer is not None:
            self._writer.close()
        self._writer = None

    def record_failure(self) -> bool:
        """Counts a failure; whether there were too many in a row."""
        self._failures += 1
        return self._failures >= TRIES

    def reset_failures(self) -> None:
        """Starts the count again, after a success or when the situation may have changed."""
        self._failures = 0

    def release(self) -> None:
        """Closes the writer and lets another process have the lock."""
        self.close_writer()
        self._lock.release()
