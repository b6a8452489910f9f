"""The newest of several requests, answered on a thread of its own that no caller waits for.

An older request that was not begun is dropped. What reads files, and imports what is heavy, is opened on that
thread. It knows neither requests nor answers.
"""

import threading
from collections import deque
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar


class Searcher(Protocol):
    """The searcher, on the thread only."""

    def refresh(self) -> None: ...
    def close(self) -> None: ...


AnySearcher = TypeVar("AnySearcher", bound=Searcher)
AnyRequest = TypeVar("AnyRequest")


class LatestRequest(Generic[AnyRequest, AnySearcher]):
    """Owns the thread, which calls `begin` once, and then `answer` for one request at a time.

    The thread starts with the first request, and without one it sleeps. If an error ends it, the next request
    starts it again.
    """

    def __init__(
        self, name: str, begin: Callable[[], AnySearcher], answer: Callable[[AnySearcher, AnyRequest], None]
    ) -> None:
        self._name = name
        self._begin = begin
        self._answer = answer
        # What the thread finds when it wakes up: it ends if it is closed; else it does all jobs, and then the
        # one request, before which it refreshes the searcher if that is stale.
        self._closed = False
        self._jobs: deque[Callable[[AnySearcher], None]] = deque()
        self._next: AnyRequest | None = None
        self._stale = False
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread, so that the first request need not wait for what `begin` imports."""
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()

    def request(self, request: AnyRequest) -> AnyRequest | None:
        """Answer this next. Returns the request that is dropped for it, if any."""
        with self._wake:
            replaced_request = self._next
            self._next = request
            self._wake.notify()
        self.start()
        return replaced_request

    def do_first(self, job: Callable[[AnySearcher], None]) -> None:
        """Do this on the thread before the next request. No job is dropped."""
        with self._wake:
            self._jobs.append(job)
            self._wake.notify()
        self.start()

    @property
    def is_wanted(self) -> bool:
        """Return whether a newer request or a job waits for the thread."""
        return self._closed or bool(self._jobs) or self._next is not None

    def refresh(self) -> None:
        """Files or rules may have changed: before the next request, they are read again."""
        self._stale = True

    def close(self) -> None:
        """End the thread after what it is doing; this does not wait for it."""
        with self._wake:
            self._closed = True
            self._wake.notify()

    def _run(self) -> None:
        searcher = self._begin()
        try:
            while not self._closed:
                self._work(searcher)
        finally:
            searcher.close()

    def _work(self, searcher: AnySearcher) -> None:
        with self._wake:
            self._wake.wait_for(lambda: self._closed or self._jobs or self._next is not None)
            if self._closed:
                return
            job = self._jobs.popleft() if self._jobs else None
            request = self._next if job is None else None
            if job is None:
                self._next = None
        if job is not None:
            job(searcher)
        elif request is not None:
            if self._stale:
                self._stale = False
                searcher.refresh()
            self._answer(searcher, request)
