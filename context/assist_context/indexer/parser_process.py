"""The process that grammars run in: reads one file after the other, and says what each gives.

    python -P -m assist_context.indexer.parser_process [--outline] [--parse MODULE:FUNCTION]

A grammar can crash, loop for ever and eat all memory, so this process may end at any moment and `parsers`
counts on that. It ends by itself with its parent, on Linux also while a grammar loops. It knows no database.
A line in is [path below the root, full path, blob, size, mtime_ns]; lines out are [said, value], with
"read" before a file is parsed, and at its end "parsed", or "outlined" where the chunks are left to who asked,
or "changed" where the file is not what was listed.
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
from assist_context.index.extraction import OutlineWithText, ParsedFile, outline_of, parse
from assist_context.indexer import wire
from assist_context.indexer.wire import outlined_to_plain, to_plain
from assist_context.languages import language_of

_PR_SET_PDEATHSIG = 1

Parse = Callable[[str, str], ParsedFile | OutlineWithText]

# Of the processor, not of the clock: beside busy programs a nice process waits ten times longer. The
# costliest texts of 1 MB that `parse` has no limit for take 1.6 s, with 45,000 names.
CPU_S = 3.0
MEMORY = 1 << 30  # bytes; the same texts take 260 MB
READ = wire.line(("read", ""))
NO_MEMORY = 77  # how the process ends where Python itself finds that there is none left


def main() -> None:
    """Answers lines until standard input ends."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--parse", default="")
    arguments.add_argument("--outline", action="store_true")
    options = arguments.parse_args()
    source, sink = wire.own_pipes()
    limit(MEMORY)
    _die_with_parent()
    gc.disable()  # 5 % of the time, and nothing here is in a circle: 4,500 files leave nothing to be found
    function: Parse = outline_of if options.outline else parse
    if options.parse:
        function = _function(options.parse)

    def say(*said: object) -> None:
        sink.write(wire.line(said))
        sink.flush()

    # No thread listens meanwhile: its turns would take 0.1 ms a file, and it could not run amid a parse.
    while line := source.readline(wire.LONGEST):
        path, full, blob, size, mtime_ns = json.loads(line)
        try:
            data = _read(full, blob, (size, mtime_ns))
        except OSError:
            data = None
        if data is None:
            say("changed", "")
            continue
        sink.write(READ)
        sink.flush()
        try:
            found = _parsed(function, path, data, size > blobs.HASHED)
            if isinstance(found, OutlineWithText):
                say("outlined", outlined_to_plain(found))
            else:
                say("parsed", to_plain(found))
        except MemoryError:
            os._exit(NO_MEMORY)


def _function(name: str) -> Parse:
    module, _, function = name.partition(":")
    found: Parse = getattr(importlib.import_module(module), function)
    return found


def limit(memory: int = 0) -> None:
    """Leaves no core dump, which would hold source text, and bounds memory, if asked. Windows has neither."""
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 - there is none on Windows

    # Data, not address space: libraries and grammars reserve more of the latter than they use.
    limits = [(resource.RLIMIT_CORE, 0)] + ([(resource.RLIMIT_DATA, memory)] if memory else [])
    for kind, most in limits:
        with suppress(ValueError, OSError):  # above the hard limit: then that one holds
            resource.setrlimit(kind, (most, resource.getrlimit(kind)[1]))


def _die_with_parent() -> None:
    """At once, also while a grammar holds Python's lock. Elsewhere than on Linux it has `CPU_S` then."""
    if sys.platform == "linux":
        import ctypes  # noqa: PLC0415 - only for this

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)


def _read(full: str, blob: str, listed: tuple[int, int]) -> bytes | None:
    """The content if it is the listed one; nothing of a huge file, which is not parsed. Raises OSError."""
    with open(blobs._open(full), "rb") as file:
        before = os.fstat(file.fileno())
        if before.st_size > blobs.HASHED:
            return b""
        data = file.read(before.st_size + 1)  # room for the most there may be costs a system call or two
        after = os.fstat(file.fileno())
    if blobs.blob_id(data, "sha1" if len(blob) == 40 else "sha256") == blob:
        return data
    # Where git converts line ends or filters, the id is of git's version: then the state must do.
    states = {(status.st_size, status.st_mtime_ns) for status in (before, after)}
    folder = os.path.dirname(full)
    settled = before.st_mtime_ns < time.time_ns() - blobs.FRESH_NS
    return data if settled and states == {listed} and os.path.realpath(folder) == folder else None


def _parsed(function: Parse, path: str, data: bytes, huge: bool) -> ParsedFile | OutlineWithText:
    language = language_of(path).name
    if not data:
        return ParsedFile(language, problem="the file is large" if huge else "")
    if blobs.kind_of(data, 0) == "binary":  # a large file's kind does not tell
        return ParsedFile(language, problem="the file is binary")
    if sys.platform == "win32":
        return function(path, decode(data))
    signal.setitimer(signal.ITIMER_PROF, CPU_S)  # ends the process, also in native code
    try:
        return function(path, decode(data))
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


if __name__ == "__main__":
    main()
