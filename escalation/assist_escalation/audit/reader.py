"""Reads an audit log event by event, oldest first, to show it or to export it.

Only the requests under way are kept in memory, so a log may be larger than the memory. This module checks
the form of each line and reports a damaged one. Whether the lines form a chain is in `audit.verifier`.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeVar

from assist_escalation.audit.chain import DamagedError, LogEntry, LogEvent, canonical, lines, unseal
from assist_escalation.audit.log import AuditError, failure, stamp

T = TypeVar("T")

# Requests that are remembered until their later events. A request ends within two minutes, so after this
# many others there is no event to come.
MAX_OPEN = 10_000


ANY_TOOL = "*"
TOOL = "tool:"  # before a tool's name, where the log has a command


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter of events. A field with its default restricts nothing.

    `since` (included) and `until` (excluded) are in seconds since 1970. `repo` and `tool` also let the later
    events of their requests through; `tool` "*" is any tool.
    """

    since: float | None = None
    until: float | None = None
    repo: str = ""
    kind: str = ""
    request: str = ""
    tool: str = ""


ALL = Filter()


def events(path: Path, only: Filter = ALL) -> Iterator[LogEvent]:
    """The events that `only` lets through, each with its `kind`, `seq`, `time` and `prev`.

    A torn last line is skipped: it was never acknowledged, or is being written now. A missing log has no
    events. AuditError if the file cannot be read or a line is damaged.
    """
    return (entry.event for entry in entries(path, only))


def export(path: Path, write: Callable[[str], object], only: Filter = ALL) -> int:
    """Pass the events as JSON Lines to `write`, each with the sha256 of its line in the log; say how many.

    Raises AuditError like `events`.
    """
    count = 0
    for entry in entries(path, only):
        write(canonical({**entry.event, "sha256": entry.sha256}).decode() + "\n")
        count += 1
    return count


def entries(path: Path, only: Filter = ALL) -> Iterator[LogEntry]:
    """Like `events`, with the hash of each line."""
    event_filter = _WantedEvents(only)
    try:
        with path.open("rb") as file:
            yield from filter(event_filter.takes, _entries(file, path))
    except FileNotFoundError:
        return
    except OSError as error:
        raise AuditError(failure(error, path)) from error


def get_request(event: LogEvent) -> str:
    """The request that an event belongs to, or ""."""
    return str(event.get("request_id") or "")


def get_tool(event: LogEvent) -> str:
    """The tool that asked for what an event says, "" if it was assist itself, or if the event says none."""
    command = str(event.get("command") or "")
    return command.removeprefix(TOOL) if command.startswith(TOOL) else ""


def remember(open_: OrderedDict[str, T], request: str, value: T) -> T | None:
    """Keep `value` for a request, and return the oldest value if there are now too many."""
    open_[request] = value
    return open_.popitem(last=False)[1] if len(open_) > MAX_OPEN else None


def _entries(file: BinaryIO, path: Path) -> Iterator[LogEntry]:
    size = file.seek(0, 2)
    file.seek(0)
    for number, line in enumerate(lines(file, size), 1):
        try:
            yield unseal(line)
        except DamagedError as error:
            if file.tell() == size and not line.endswith(b"\n"):
                return
            raise AuditError(
                f"Line {number} of {path} {error}. `assist audit verify` says what is still valid."
            ) from error


class _WantedEvents:
    """A filter during one pass through a log. It remembers the requests of the wanted repository and tool."""

    def __init__(self, only: Filter) -> None:
        self._only = only
        self._requests = OrderedDict[str, str]()
        self._since = stamp(only.since) if only.since is not None else ""
        self._until = stamp(only.until) if only.until is not None else "~"  # sorts after all digits

    def takes(self, entry: LogEntry) -> bool:
        event, only = entry.event, self._only
        return (
            self._is_owned(event)
            and self._since <= event["time"] < self._until
            and (not only.kind or event["kind"] == only.kind)
            and (not only.request or get_request(event) == only.request)
        )

    def _is_owned(self, event: LogEvent) -> bool:
        """Say if an event is about the wanted repository and tool, or belongs to a request that is."""
        only = self._only
        if not (only.repo or only.tool):
            return True
        request = get_request(event)
        if "repo" not in event:
            return request in self._requests
        tool = get_tool(event)
        by_tool = bool(tool) if only.tool == ANY_TOOL else only.tool in ("", tool)
        mine = only.repo in ("", event["repo"]) and by_tool
        if mine and request:
            remember(self._requests, request, request)
        return mine
