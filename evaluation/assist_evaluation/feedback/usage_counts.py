"""The counts of one session by day, repository, model and language, and when they are written.

They are written now and then, and at the end, on a thread. There is no timer: whoever has a good moment asks.
This module knows no text.
"""

import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime
from pathlib import Path

from assist_completion.settings import model_name
from assist_completion.suggestion import Suggestion
from assist_context.files.repository_top import find_top
from assist_context.languages import language_of
from assist_evaluation.usage import usage_rows
from assist_evaluation.usage.usage_rows import UsageKey, bucket
from assist_server.workspace.documents import OpenDocument
from assist_server.workspace.folders import WorkspaceFolder, find_folder, make_key

# Ends of requests for which nothing was computed, since the settings say so: they are no use.
UNASKED = ("in-comment", "manual-only")
# Ends of requests that were not computed to their end: their time says nothing about a model.
UNTIMED = ("long-line", "not-for-server", "server-away", "superseded")

_PLAIN = re.compile(r"[^/~.\\:][^/\\:]*/[^/\\]+")  # organisation/model, as model hubs have it


class UsageTable:
    """Owns the counts. `folders` gives the workspace's folders, `now` the time of what is counted."""

    def __init__(
        self,
        folders: Callable[[], Sequence[WorkspaceFolder]],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.rows: dict[UsageKey, Counter[str]] = {}
        # The keys of the repositories, by folder. A thread sets each of them once.
        self._repositories: dict[str, Future[str]] = {}
        self._folders = folders
        self._now = now

    def learn_repositories(self, roots: Sequence[str]) -> threading.Thread:
        """Begin to find out which repositories these resolved folders are in, on a thread."""
        unknown = {root: Future[str]() for root in roots if root not in self._repositories}
        self._repositories.update(unknown)
        # A daemon thread: leaving the process must not wait for a slow disk.
        thread = threading.Thread(target=_look_up, args=(unknown,), name="assist-repositories", daemon=True)
        thread.start()
        return thread

    def key(self, document: OpenDocument, model: str) -> UsageKey:
        """What a suggestion of this model in this document counts for, now.

        Until the repository of its folder is learnt, that is unknown.
        """
        folder = find_folder(self._folders(), document.real_path) if document.real_path else None
        return UsageKey(
            self._now().strftime("%Y-%m-%d"),
            self._repository_of(folder) if folder is not None else "",
            name_without_path(model),
            language_of(document.path, document.language_id).name,
        )

    def count(self, key: UsageKey, *names: str) -> None:
        """Count each of the names once."""
        self.rows.setdefault(key, Counter()).update(names)

    def count_answer(self, key: UsageKey, answer: Suggestion, *, shown: bool, by_server: bool) -> None:
        """Count the answer to a request: how long it took, and, if the editor gets it, where it is from.

        `by_server`: a team's server wrote it.
        """
        if answer.reason in UNASKED:
            return
        source = "server" if by_server and answer.source == "model" else answer.source
        timed = () if answer.reason in UNTIMED else (bucket(answer.ms.total),)
        self.count(key, "requests", *timed, *(("shown", f"source-{source}") if shown else ()))

    def _repository_of(self, folder: WorkspaceFolder) -> str:
        known = self._repositories.get(folder.root)
        return known.result() if known is not None and known.done() else ""

    def take(self) -> dict[UsageKey, Counter[str]]:
        """What was counted since the last time; counting begins at nothing."""
        rows = self.rows
        self.rows = {}
        return rows


def _look_up(unknown: Mapping[str, Future[str]]) -> None:
    for root, key in unknown.items():
        key.set_result(repository_key(root))


def repository_key(root: str) -> str:
    """The key of the repository that a resolved folder is in, or of the folder outside of one."""
    return make_key(find_top(root) or root)


def name_without_path(model: str) -> str:
    """The name of a model; of one that a server calls by a path, the last part.

    >>> name_without_path("/data/models/qwen2.5/"), name_without_path("org/model-7b")
    ('qwen2.5', 'org/model-7b')
    """
    if model.lower().endswith(".gguf"):
        return model_name(model.replace("\\", "/"))
    return model if _PLAIN.fullmatch(model) else re.split(r"[/\\]", model.rstrip("/\\"))[-1]


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
