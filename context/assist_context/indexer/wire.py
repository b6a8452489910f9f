"""The messages between the processes of the index: JSON, one value a line, over pipes.

They use JSON and not pickle, because a grammar that crashes may have overwritten the heap of its process.
This module knows the shape of the lines. It does not know who sends them, or what happens next.
"""

import json
import os
import subprocess
import threading
from collections.abc import Callable
from typing import IO, Any

from assist_context.index.extraction import ChunkRow, DefinitionRow, OutlineWithText, ParsedFile
from assist_context.syntax.imports import Import

LONGEST = 64_000_000  # bytes of a line; a file of 1 MB that is all references gives 10 MB

Event = dict[str, object]  # what the indexer reports, or is told


def line(value: object) -> bytes:
    """A value as a line. Names that are not valid UTF-8 travel as escaped surrogates."""
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"


def listen(file: IO[bytes], receive: Callable[[bytes | None], None]) -> threading.Thread:
    """Starts a thread that passes each line to `receive`, and `None` after the last one.

    A line that is too long or has no end counts as the last.
    """

    def run() -> None:
        with file:
            while (received := file.readline(LONGEST)).endswith(b"\n"):
                receive(received)
        receive(None)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def own_pipes() -> tuple[IO[bytes], IO[bytes]]:
    """This process's standard input and output, for lines only: anything printed goes to standard error."""
    source, sink = os.dup(0), os.dup(1)
    os.dup2(2, 1)
    return os.fdopen(source, "rb"), os.fdopen(sink, "wb")


def pipes_of(process: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    """The standard input and output of a child that was started with pipes. Raises ValueError."""
    if process.stdin is None or process.stdout is None:
        raise ValueError("the process was started without pipes")
    return process.stdin, process.stdout


def to_plain(parsed: ParsedFile) -> list[object]:
    """A `ParsedFile` as JSON can hold it, with lists for named tuples."""
    return [
        parsed.language,
        parsed.definitions,
        [(name, places.hex()) for name, places in parsed.references],
        [[each.module, each.names, each.line, each.level] for each in parsed.imports],
        parsed.chunks,
        parsed.problem,
    ]


def from_plain(value: Any) -> ParsedFile:
    """Reverses `to_plain`; raises ValueError or TypeError for anything else."""
    language, definitions, references, imports, chunks, problem = value
    return ParsedFile(
        language,
        tuple(map(DefinitionRow._make, definitions)),
        tuple([(name, bytes.fromhex(places)) for name, places in references]),
        tuple(Import(module, tuple(names), at, level) for module, names, at, level in imports),
        tuple(map(ChunkRow._make, chunks)),
        problem,
    )


def outlined_to_plain(outlined: OutlineWithText) -> list[object]:
    """An `OutlineWithText` as JSON can hold it."""
    return [to_plain(outlined.parsed), outlined.text, outlined.heads]


def outlined_from_plain(value: Any) -> OutlineWithText:
    """Reverses `outlined_to_plain`; raises ValueError or TypeError for anything else."""
    parsed, text, heads = value
    if not isinstance(text, str) or not all(isinstance(each, str) for each in dict(heads).values()):
        raise TypeError("a text is expected")
    return OutlineWithText(from_plain(parsed), text, heads)
