"""The folder that a command works on, and its index brought up to date.

It reads no index, and loads nothing that does: a command can load that while the index is brought up to date.
It prints nothing.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from queue import SimpleQueue

from assist_context.files.repository_top import folders_to_top
from assist_context.indexer.supervisor import IndexerSupervisor
from assist_context.indexer.wire import IndexerEvent
from assist_server.config.config import Config
from assist_server.errors import UserError
from assist_server.workspace.folders import WorkspaceFolder, make_folders

NOT_THE_WRITER = 2  # the exit code of an indexer that found another one at work

IndexProgress = Callable[[int, int], None]


def open_folder(config: Config, root: Path) -> WorkspaceFolder:
    """A directory as a workspace folder, with the path of its index, which may not exist."""
    return make_folders([str(root)], config.paths.data)[0]


def known_folder(config: Config, root: Path) -> WorkspaceFolder | None:
    """The nearest directory, from `root` up, that has an index; None if none has one, or indexing is off.

    Editors index the folders that they open, and people run commands in folders below. The search ends at the
    top of the repository: an index above it holds the texts of other repositories.
    """
    if not config.context.index:
        return None
    folders = (open_folder(config, Path(folder)) for folder in folders_to_top(os.path.realpath(root)))
    return next((folder for folder in folders if os.path.isfile(folder.database)), None)


def working_folder(config: Config, root: Path) -> WorkspaceFolder:
    """Return what a command in `root` works on: the nearest directory with an index, or `root` itself."""
    return known_folder(config, root) or open_folder(config, root)


class IndexUpdate:
    """An update of a folder's index that is under way, in a process of its own. `wait` ends it.

    What the files `importing`, by their absolute paths, import from installed packages is outlined too.
    """

    def __init__(self, config: Config, folder: WorkspaceFolder, importing: Sequence[str] = ()) -> None:
        _refuse_too_much(folder.root)
        self._events: SimpleQueue[IndexerEvent] = SimpleQueue()
        Path(folder.database).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        parsers = max(1, (os.cpu_count() or 2) - 1)
        cap = config.context.index_mb << 20
        folders = [(folder.root, folder.database)]
        self._supervisor = IndexerSupervisor(
            folders, config.programs, self._events.put, parsers=parsers, cap=cap, once=True
        )
        if importing and config.context.libraries:
            self._supervisor.outline_libraries(str(config.paths.data / "libraries"), config.environments)
            self._supervisor.first(importing)
        self._supervisor.start()

    def stop(self) -> None:
        """End the update early; a `wait` in another thread then raises `UserError`."""
        self._supervisor.close()

    def wait(self, progress: IndexProgress) -> IndexerEvent:
        """The indexer's last event, when all is done. Raises `UserError`.

        The event is empty if another process keeps the index, which is then left as it is.
        """
        last: IndexerEvent = {}
        try:
            while (event := self._events.get()).get("event") != "ended":
                if event["event"] == "progress":
                    progress(int(str(event["done"])), int(str(event["total"])))
                elif event["event"] in ("ready", "problem"):
                    last = event
        finally:
            self._supervisor.close()
        if last.get("event") == "problem":
            raise UserError(f"{last.get('message')} {last.get('remedy')}")
        if event.get("code") not in (0, NOT_THE_WRITER):
            raise UserError("The indexer ended early: try again; if it fails again, run `assist doctor`.")
        return last


def update_index(
    config: Config, folder: WorkspaceFolder, progress: IndexProgress, importing: Sequence[str] = ()
) -> IndexerEvent:
    """Bring an index up to date and return the indexer's last event, as `IndexUpdate.wait` does."""
    return IndexUpdate(config, folder, importing).wait(progress)


def _refuse_too_much(root: str) -> None:
    """Raise `UserError` for the whole disk or a home directory without a repository: most is not code."""
    is_home = os.path.realpath(os.path.expanduser("~")) == root
    if not (is_home or root == os.path.sep) or os.path.exists(os.path.join(root, ".git")):
        return
    what = "your home directory" if is_home else "the whole disk"
    raise UserError(
        f"{root} is {what} and is not indexed: change to a project folder, or name one with --workspace."
    )
