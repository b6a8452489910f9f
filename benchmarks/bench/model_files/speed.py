"""How fast a file reads and writes with one library, in processor time of one thread.

Processor time leaves out the time in which other programs had the core, but not what they take of its caches
and of the memory: on a busy machine the figures are too low, and most so for what waits for the memory.
"""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from assist_completion.inference.llama import Abort, Llama, Load

READ = 190  # tokens of a prompt at a new place
WRITTEN = 10  # tokens of a usual line
REPEATS = 5  # the median counts
CONTEXT = 1_024  # tokens


@dataclass(frozen=True, slots=True)
class FileSpeed:
    """Tokens a second of reading a new place and of writing after it, and the file's size."""

    file: str
    megabytes: float
    reads: float
    writes: float

    @property
    def new_place(self) -> float:
        """Seconds to read a new place and to write a line there."""
        return READ / self.reads + (WRITTEN - 1) / self.writes


def speed_of(path: Path) -> FileSpeed:
    """Load a file and time it. Takes about half a minute with a 0.5B."""
    llama = Llama(Load(path, context=CONTEXT, sequences=1, threads=1, decode_threads=1), Abort())
    try:
        prompt = [1_000 + at * 7 % 5_000 for at in range(READ)]
        reads = _median(llama, lambda: llama.decode(0, prompt, 0), READ)
        written = prompt[:1]

        def write() -> None:
            for at in range(WRITTEN):
                llama.decode(0, written, READ + at)

        llama.decode(0, prompt, 0)
        writes = _median(llama, write, WRITTEN, keep=READ)
    finally:
        llama.close()
    return FileSpeed(path.stem, os.path.getsize(path) / 1e6, reads, writes)


def _median(llama: Llama, act: Callable[[], object], tokens: int, keep: int = 0) -> float:
    took = []
    for number in range(REPEATS + 1):
        llama.truncate(0, keep)
        start = time.thread_time()
        act()
        if number:  # the first call also loads pages of the file
            took.append(time.thread_time() - start)
    llama.truncate(0, keep)
    return tokens / median(took)
