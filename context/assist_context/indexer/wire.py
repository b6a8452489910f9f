"""The messages between the processes of the index: JSON, one value a line, over pipes.

This module knows the shape of the lines. It does not know who sends them, or what happens next.
"""

import json
import os
import subprocess
import threading
from collections.abc import Callable
from typing import IO

from assist_context.standard_input import take_standard_input

LONGEST = 64_000_000  # bytes of a line; a file of 1 MB that is all references gives 10 MB

IndexerEvent = dict[str, object]  # what the indexer reports, or is told


def line(value: object) -> bytes:
    """A value as a line. Names that are not valid UTF-8 travel as escaped surrogates."""
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"


def listen(file: IO[bytes], receive: Callable[[bytes | None], None]) -> threading.Thread:
    """Starts a thread that passes each line to `receive`, and `None` after the last one.

    A line that is too long or has no end counts as the last.
    """

    def run() -> None:
        with file:
            while (line := file.readline(LONGEST)).endswith(b"\n"):
                receive(line)
        receive(None)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def own_pipes() -> tuple[IO[bytes], IO[bytes]]:
    """This process's standard input and output, for lines only: anything printed goes to standard error."""
    sink = os.dup(1)
    os.dup2(2, 1)
    return take_standard_input(), os.fdopen(sink, "wb")


def open_pipes(process: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    """The standard input and output of a child that was started with pipes. Raises ValueError."""
    if process.stdin is None or process.stdout is None:
        raise ValueError("the process was started without pipes")
    return process.stdin, process.stdout
