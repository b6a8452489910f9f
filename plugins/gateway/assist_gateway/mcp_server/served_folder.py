"""The folder that is served, its index, and a thread on which all is looked up, one call after the other.

The index is the one that an editor keeps. Where no editor does, it is brought up to date before a call, as
`assist ask` does, unless that was done a moment ago.
"""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

from assist_context.index.reader import IndexReader
from assist_context.retrieval.corpus import Corpus
from assist_escalation.redaction.known_secrets import Known
from assist_gateway.mcp_server.shown_files import ShownFiles
from assist_server.config.config import Config
from assist_server.errors import UserError
from assist_server.questions.composition import secret_values
from assist_server.workspace.folders import WorkspaceFolder
from assist_server.workspace.index_update import IndexUpdate

# Then a call answers from what is indexed: agents give up a call, some after 60 s.
WAIT_S = 15.0
NOT_READY = "(The index is not ready: {} of {} files. More may be found later: ask again.)"
FRESH_S = 2.0  # for so long after an update nothing is looked for; a look costs a process and 0.3 s
T = TypeVar("T")
ReportProgress = Callable[[int, int], None]


class ServedFolder:
    """Owns the thread, the index's reader and an update that is under way. Close it at the end."""

    def __init__(self, config: Config, folder: WorkspaceFolder, provider: str = "", asked: str = "") -> None:
        self.config = config
        self.folder = folder
        self._provider = provider
        self._asked = asked  # the folder that the agent was let into: its rules hold too
        self._reader = IndexReader(folder.database)
        self._thread = ThreadPoolExecutor(1, "assist-mcp")
        self._updating: asyncio.Task[None] | None = None
        self._update: IndexUpdate | None = None
        self._listeners: list[ReportProgress] = []
        self._updated_at = float("-inf")
        self._progress = (0, 0)

    def view(self) -> "FolderView":
        """The folder as the rules are now. On the folder's thread only."""
        shown = ShownFiles(self.config, self.folder.root, self._provider, self._asked)
        corpus = Corpus(self.folder.root, self._reader, "", shown.hides)
        return FolderView(self.config, corpus, shown)

    async def look_up(self, function: Callable[["FolderView"], T]) -> T:
        """What a function finds, on the folder's thread. A call that is given up leaves it to end."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, lambda: function(self.view()))

    async def bring_up_to_date(self, progress: ReportProgress, patience: float = WAIT_S) -> str:
        """Wait until the index is up to date, or for so long. Returns words for what is missing, or "".

        Several calls wait for one update, and one that is given up does not end it. Raises `UserError`.
        """
        if not self.config.context.index:
            raise UserError("[context] index = false: an agent has nothing to look up in. Set it to true.")
        if time.monotonic() - self._updated_at < FRESH_S:
            return ""
        if self._updating is None or self._updating.done():
            self._updating = asyncio.create_task(self._bring_up_to_date())
            self._updating.add_done_callback(lambda task: task.cancelled() or task.exception())
        self._listeners.append(progress)
        try:
            await asyncio.wait([self._updating], timeout=patience)
            if not self._updating.done():
                return NOT_READY.format(*self._progress)
            self._updating.result()
            return ""
        finally:
            self._listeners.remove(progress)

    async def _bring_up_to_date(self) -> None:
        loop = asyncio.get_running_loop()
        update = await asyncio.to_thread(IndexUpdate, self.config, self.folder)
        self._update = update

        def report(done: int, total: int) -> None:
            loop.call_soon_threadsafe(self._tell, done, total)

        try:
            await asyncio.to_thread(update.wait, report)
            self._updated_at = time.monotonic()
        finally:
            self._update = None

    def _tell(self, done: int, total: int) -> None:
        self._progress = (done, total)
        for listener in self._listeners:
            listener(done, total)

    async def close(self) -> None:
        """End the update with its process, and the thread."""
        if self._update is not None:
            await asyncio.to_thread(self._update.stop)
        if self._updating is not None:
            with suppress(UserError):  # of the update that was ended
                await self._updating
        self._thread.shutdown(wait=False, cancel_futures=True)


class FolderView:
    """The folder as an agent may see it, for one call: its index, and the rules as they are now."""

    def __init__(self, config: Config, corpus: Corpus, shown: ShownFiles) -> None:
        self.config = config
        self.corpus = corpus
        self.shown = shown

    def secrets(self) -> Known:
        """The values in secret files of the folder, which no result shows."""
        return secret_values(self.config, self.shown.permissions)
