"""The process that grammars run in: it reads one file after the other, and reports what each contains.

    python -P -m assist_context.indexer.parser_process [--outline] [--parse MODULE:FUNCTION]

A grammar can crash, loop for ever or use up all memory, so this process may end at any moment, and
`parser_pool` expects that. It ends together with its parent; on Linux even while a grammar loops. It knows no
database. A line in is [path below the root, full path, blob, size, mtime_ns]. A line out is [kind, value]:
"read" before a file is parsed, and after it "parsed", or "outlined" if the caller makes the chunks, or
"changed" if the file is not as it was listed.
"""

import argparse
import gc
import importlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress

from assist_context.files import blobs
from assist_context.files.blobs import decode
from assist_context.index.extraction import (
    OutlineWithText,
    ParsedFile,
    outlined_to_plain,
    parse,
    read_outline,
    to_plain,
)
from assist_context.indexer import wire
from assist_context.languages import language_of

_PR_SET_PDEATHSIG = 1

Parse = Callable[[str, str], ParsedFile | OutlineWithText]

# Seconds of processor time, not of the clock: next to busy programs a nice process waits ten times longer.
# The most expensive texts of 1 MB that `parse` accepts take 1.6 s, with 45,000 names.
CPU_S = 3.0
MEMORY = 1 << 30  # bytes; the same texts take 260 MB
READ = wire.line(("read", ""))
NO_MEMORY = 77  # the exit code if Python itself runs out of memory


def main() -> None:
    """Answers lines until standard input ends."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--parse", default="")
    arguments.add_argument("--outline", action="store_true")
    options = arguments.parse_args()
    source, sink = wire.own_pipes()
    limit(MEMORY)
    die_with_parent()
    gc.disable()  # it takes 5 % of the time and finds nothing: 4,500 files leave no reference cycle
    function: Parse = read_outline if options.outline else parse
    if options.parse:
        function = _import_function(options.parse)

    def send(*message: object) -> None:
        sink.write(wire.line(message))
        sink.flush()

    # No thread reads ahead: switching would take 0.1 ms a file, and it could not run during a parse.
    while line := source.readline(wire.LONGEST):
        path, full, blob, size, mtime_ns = json.loads(line)
        try:
            data = _read(full, blob, (size, mtime_ns))
        except OSError:
            data = None
        if data is None:
            send("changed", "")
            continue
        sink.write(READ)
        sink.flush()
        try:
            result = _parse_data(function, path, data, size > blobs.HASHED)
            if isinstance(result, OutlineWithText):
                send("outlined", outlined_to_plain(result))
            else:
                send("parsed", to_plain(result))
        except MemoryError:
            os._exit(NO_MEMORY)


def _import_function(name: str) -> Parse:
    module, _, attribute = name.partition(":")
    function: Parse = getattr(importlib.import_module(module), attribute)
    return function


def limit(memory: int = 0) -> None:
    """Disables core dumps, which would hold source text, and limits memory if asked. Windows has neither."""
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 - there is none on Windows

    # The data segment, not the address space: libraries and grammars reserve more of that than they use.
    limits = [(resource.RLIMIT_CORE, 0)] + ([(resource.RLIMIT_DATA, memory)] if memory else [])
    for kind, most in limits:
        with suppress(ValueError, OSError):  # the hard limit is lower, and holds
            resource.setrlimit(kind, (most, resource.getrlimit(kind)[1]))


def die_with_parent() -> None:
    """Lets Linux end this process with its parent, even while a grammar holds the GIL.

    On other systems it ends after `CPU_S` in that case.
    """
    if sys.platform == "linux":
        import ctypes  # noqa: PLC0415 - only for this

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)


def _read(full: str, blob: str, state: tuple[int, int]) -> bytes | None:
    """The content if it is still the listed one; b"" for a huge file, which is not parsed. Raises OSError."""
    with open(blobs.open_regular(full), "rb") as file:
        before = os.fstat(file.fileno())
        if before.st_size > blobs.HASHED:
            return b""
        data = file.read(before.st_size + 1)  # reading up to the limit would cost a system call or two
        after = os.fstat(file.fileno())
    if blobs.blob_id(data, "sha1" if len(blob) == 40 else "sha256") == blob:
        return data
    # If git converts line ends or filters contents, the id is of git's version: then compare the file's
    # state.
    states = {(status.st_size, status.st_mtime_ns) for status in (before, after)}
    folder = os.path.dirname(full)
    is_settled = before.st_mtime_ns < time.time_ns() - blobs.FRESH_NS
    return data if is_settled and states == {state} and os.path.realpath(folder) == folder else None


def _parse_data(function: Parse, path: str, data: bytes, huge: bool) -> ParsedFile | OutlineWithText:
    language = language_of(path).name
    if not data:
        return ParsedFile(language, problem="the file is large" if huge else "")
    if blobs.classify(data, 0) == "binary":  # the kind of a large file is "large"
        return ParsedFile(language, problem="the file is binary")
    if sys.platform == "win32":
        return function(path, decode(data))
    signal.setitimer(signal.ITIMER_PROF, CPU_S)  # ends the process, even in native code
    try:
        return function(path, decode(data))
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


if __name__ == "__main__":
    main()
