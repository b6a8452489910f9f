"""What the processes of the index say to each other: JSON, one value a line, over pipes.

It knows the shape of lines, and neither who speaks nor what follows.
"""

import json
import os
import subprocess
import threading
from collections.abc import Callable
from typing import IO

LONGEST = 64_000_000  # bytes of a line; a file of 1 MB, all of it references, gives 10 MB


def line(value: object) -> bytes:
    """A value as a line. Names that are no UTF-8 travel as escaped surrogates."""
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"


def listen(file: IO[bytes], heard: Callable[[bytes | None], None]) -> threading.Thread:
    """Starts a thread that tells `heard` each line, and `None` at the end or where a line has no end."""

    def run() -> None:
        with file:
            while (found := file.readline(LONGEST)).endswith(b"\n"):
                heard(found)
        heard(None)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def own_pipes() -> tuple[IO[bytes], IO[bytes]]:
    """This process's standard input and output for lines alone: whatever prints goes to standard error."""
    source, sink = os.dup(0), os.dup(1)
    os.dup2(2, 1)
    return os.fdopen(source, "rb"), os.fdopen(sink, "wb")


def pipes_of(process: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    """A child's standard input and output, which its parent has asked for."""
    if process.stdin is None or process.stdout is None:
        raise ValueError("the process was started without pipes")
    return process.stdin, process.stdout
