"""The port to what outlines packages that open files import: the plugin `types`, where it is installed."""

import queue
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol, cast

from assist_context.indexer.parser_pool import Message
from assist_context.indexer.wire import IndexerEvent
from assist_context.plugins import plugin

ImportingFile = tuple[str, str, str]  # the folder, its database, and a path below it


class Outliner(Protocol):
    """It works after everything else of the indexer, in the indexer's loop, and may own a process.

    The messages of that process arrive in the loop's inbox, with it as their source.
    """

    @property
    def rested(self) -> bool:
        """Return whether everything that is wanted so far has been outlined."""

    def look_again(self, *, afresh: bool = False) -> None:
        """The index has changed, or other files are open; `afresh`: what is installed may have, too."""

    def step(self, files: Callable[[], Iterable[ImportingFile]]) -> bool:
        """Do one thing that is due; whether there was any. `files` are the open ones."""

    def receive(self, source: object, line: bytes | None) -> bool:
        """Take a message of its process; whether it was one."""

    def kill_overdue(self) -> None:
        """Kill its process if that takes too long."""

    def wait_s(self) -> float | None:
        """Seconds until its process may be overdue; None: nothing until there is news."""

    def close(self) -> None:
        """End its process."""

    def kill(self) -> None:
        """Kill its process; from any thread, when this one is about to end."""


class OutlinerSource(Protocol):
    """The plugin's port for the indexer."""

    def outliner(
        self,
        data: str,
        environ: Mapping[str, str],
        inbox: "queue.SimpleQueue[Message]",
        send: Callable[[IndexerEvent], None],
    ) -> Outliner:
        """The one for a folder of outlines, `data`; `environ` says where environments are."""


def outliner_source() -> OutlinerSource | None:
    """The plugin that is installed."""
    return cast("OutlinerSource | None", plugin("assist.members"))
