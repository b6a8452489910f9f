"""A conversation as a value, what was shown, asked and answered in turns; and those that a server remembers.

It does not know how a turn was answered, nor how the terminal keeps conversations on the disk.
"""

import secrets
import time
from dataclasses import dataclass, replace

from assist_escalation.prompts import Origin, Span

PREFIX = "t-"
EDITS = ("test", "refactor", "fix")  # what they answer is in the files, and rarely gone on with


@dataclass(frozen=True, slots=True)
class ThreadTurn:
    """A question and its answer. `spans` are all texts that were new to the model, in their order.

    `stays`: the user asked that this machine answers.
    """

    command: str
    words: str
    spans: tuple[Span, ...]
    answer: str
    stays: bool = False

    @property
    def evidence(self) -> tuple[Span, ...]:
        """The pieces of files among the spans."""
        return tuple(span for span in self.spans if span.origin.source == "file")


@dataclass(frozen=True, slots=True)
class Thread:
    """A conversation about one workspace, the oldest turn first.

    `root` is the workspace that it began in, `name` what the user calls it, or "". The local model no longer
    reads the first `dropped` turns, except the code of the very first one. `used` is the time of the last
    turn, in seconds since 1970.
    """

    id: str
    root: str
    turns: tuple[ThreadTurn, ...] = ()
    name: str = ""
    dropped: int = 0
    used: float = 0.0

    @property
    def label(self) -> str:
        """Return what to call it: its name, or its id."""
        return self.name or self.id

    @property
    def passing(self) -> bool:
        """Say if it is one edit without a name: kept for `-c` right after it, until another one begins."""
        return not self.name and len(self.turns) == 1 and self.turns[0].command in EDITS

    @property
    def topic(self) -> str:
        """Say what it began with, on one line: a question, or a command and its code; "" without a turn."""
        if not self.turns:
            return ""
        turn = self.turns[0]
        words = " ".join(turn.words.split())
        if turn.command == "ask":
            return words
        files = [span.origin for span in turn.evidence if not span.origin.outline]
        place = f"{files[-1].path}:{files[-1].first}" if files else ""  # the code in question is shown last
        is_folder = turn.command == "explain" and words
        return " ".join(filter(None, (turn.command, "" if is_folder else place, words)))


def new_thread(root: str, name: str = "") -> Thread:
    """A conversation without any turn."""
    return Thread(PREFIX + secrets.token_hex(4), root, name=name, used=time.time())


def add_turn(thread: Thread, turn: ThreadTurn, count: int) -> Thread:
    """The conversation with one more turn, less the first `count`."""
    return replace(thread, turns=(*thread.turns, turn), dropped=count, used=time.time())


def drop_last_turn(thread: Thread) -> Thread:
    """The conversation before its last turn."""
    turns = thread.turns[:-1]
    return replace(thread, turns=turns, dropped=min(thread.dropped, len(turns)))


def derived_origins(spans: tuple[Span, ...]) -> tuple[Origin, ...]:
    """The origins that an answer to these spans derives from: all that are about a file, each once."""
    files: dict[Origin, None] = {}
    for origin in (span.origin for span in spans):
        if origin.path:
            files[origin] = None
        files |= dict.fromkeys(origin.derived)
    return tuple(files)


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
        """Keep a conversation as it is now; the longest unused one may go."""
        self._threads.pop(thread.id, None)
        self._threads[thread.id] = thread
        while len(self._threads) > self._most:
            self._threads.pop(next(iter(self._threads)))
