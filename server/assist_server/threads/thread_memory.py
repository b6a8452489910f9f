"""The conversations of a running server, in memory only: the ones that were used last."""

from assist_server.threads.thread import Thread

MOST = 32  # conversations; each holds up to some hundred kB of text


class ThreadMemory:
    """Keeps conversations by their ids. Event loop only."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._threads: dict[str, Thread] = {}

    def get(self, name: str) -> Thread | None:
        """A conversation by its id; None if it is unknown, or no longer kept."""
        return self._threads.get(name)

    def put(self, thread: Thread) -> None:
        """Keep a conversation as it is now; the one that was not used for longest may go."""
        self._threads.pop(thread.id, None)
        self._threads[thread.id] = thread
        while len(self._threads) > self._most:
            self._threads.pop(next(iter(self._threads)))
