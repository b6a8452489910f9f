"""Conversations of the terminal on the disk: private, few, and not for long; never in a workspace.

Each is a file of its own, which only its owner can read. A damaged file counts as none. This module decides
nothing about what may leave: at each turn the rules are asked again.
"""

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from assist_context import durable_files
from assist_escalation.prompts import Origin, Span
from assist_server.config.config import Config
from assist_server.errors import WRONG_USAGE, UserError
from assist_server.threads.thread import PREFIX, Thread, ThreadTurn, new_thread

MOST = 40  # conversations of a user
MAX_BYTES = 8_000_000  # of one file
DAY = 86_400.0
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")


def thread_files(config: Config) -> "ThreadFiles":
    """Find where the terminal's conversations are kept."""
    return ThreadFiles(config.paths.data / "threads", config.answers.threads_days)


@dataclass(frozen=True, slots=True)
class ThreadFiles:
    """The folder of the files, and for how many days each is kept; with 0 days none is written."""

    folder: Path
    days: int = 7
    clock: Callable[[], float] = time.time

    def all(self) -> list[Thread]:
        """All conversations that are kept, the last one first. Files that are too old are removed."""
        oldest = self.clock() - self.days * DAY
        threads: list[Thread] = []
        for path in self._paths():
            thread = _read(path)
            if thread is None or thread.used < oldest or thread.id != path.stem:
                _remove(path)
            else:
                threads.append(thread)
        threads.sort(key=lambda thread: thread.used, reverse=True)
        for thread in threads[MOST:]:
            _remove(self._path(thread))
        return threads[:MOST]

    def last(self, root: str) -> Thread:
        """The last conversation in a workspace. Raises `UserError` if there is none."""
        for thread in self.all():
            if thread.root == root:
                return thread
        sentence = f"They are kept for {self.days} days." if self.days else "threads_days = 0 keeps none."
        raise UserError(f"There is no conversation in {root} to continue. {sentence}")

    def find(self, name: str, root: str) -> Thread:
        """The conversation of a workspace with this name or id; a new one if there is none of this name."""
        if not NAME.fullmatch(name):
            raise UserError(
                f"{name!r} is not a valid name: use up to 40 letters, digits, - and _.", WRONG_USAGE
            )
        threads = [thread for thread in self.all() if name in (thread.id, thread.name)]
        for thread in threads:
            if thread.root == root:
                return thread
        if name.startswith(PREFIX):
            place = f" in {root}: it is about {threads[0].root}" if threads else ": see `assist threads`"
            raise UserError(f"There is no conversation {name}{place}.")
        return new_thread(root, name)

    def save(self, thread: Thread) -> None:
        """Keep a conversation as it is now, in place of a passing edit in its workspace. Raises `OSError`."""
        if not self.days:
            self.forget()
            return
        durable_files.make_folder(self.folder)
        data = json.dumps(asdict(thread)).encode()
        if len(data) <= MAX_BYTES:
            durable_files.replace(self._path(thread), data)
        for old in self.all():
            if old.passing and old.root == thread.root and old.id != thread.id:
                _remove(self._path(old))

    def forget(self, name: str = "") -> int:
        """Remove the conversations of this name or id, or all of them; return how many files were removed."""
        paths = list(self._paths())
        if name:
            paths = [self._path(thread) for thread in self.all() if name in (thread.id, thread.name)]
        for path in paths:
            for draft in self.folder.glob(f"{path.name}.*"):  # of a crash while it was written
                durable_files.remove(draft)
            durable_files.remove(path)
        for draft in () if name else self.folder.glob(f"{PREFIX}*.json.*"):
            durable_files.remove(draft)
        return len(paths)

    def _paths(self) -> Iterator[Path]:
        return iter(sorted(self.folder.glob(f"{PREFIX}*.json")))

    def _path(self, thread: Thread) -> Path:
        return self.folder / f"{thread.id}.json"


def _remove(path: Path) -> None:
    with suppress(OSError):
        durable_files.remove(path)


def _read(path: Path) -> Thread | None:
    """A conversation from its file; None if it cannot be read."""
    try:
        if path.stat().st_size > MAX_BYTES:
            return None
        return _thread(json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def _thread(document: dict[str, Any]) -> Thread:
    turns = tuple(map(_turn, document["turns"]))
    id_, root, name = (str(document[key]) for key in ("id", "root", "name"))
    if not NAME.fullmatch(id_) or not id_.startswith(PREFIX):
        raise ValueError("no id of a conversation")
    return Thread(id_, root, turns, name, int(document["dropped"]), float(document["used"]))


def _turn(document: dict[str, Any]) -> ThreadTurn:
    command, words, text = (str(document[key]) for key in ("command", "words", "answer"))
    return ThreadTurn(command, words, tuple(map(_span, document["spans"])), text, bool(document["stays"]))


def _span(document: dict[str, Any]) -> Span:
    hidden = tuple((int(start), int(end), str(type_)) for start, end, type_ in document.get("hidden", ()))
    return Span(str(document["text"]), _origin(document["origin"]), hidden)


def _origin(document: dict[str, Any]) -> Origin:
    return Origin(**{**document, "derived": tuple(map(_origin, document["derived"]))})
