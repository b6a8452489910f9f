"""The process that reads modules of installed libraries: one line in for each, and one line out.

    python -P -m assist_types.library_process

It limits its own memory and time, and may end at any moment, as a parser process may: for `library_indexer`,
nothing is known of the module then. A line in is a module's fields, a line out [size, outline].
"""

import gc
import json
import os
import signal
import sys

from assist_context.indexer import wire
from assist_context.indexer.parser_process import CPU_S, MEMORY, NO_MEMORY, die_with_parent, limit
from assist_types.libraries.installed import InstalledModule
from assist_types.libraries.module_outline import UNKNOWN, ModuleOutline, plain
from assist_types.libraries.outline_reader import read_module


def main() -> None:
    """Answers lines until standard input ends."""
    source, sink = wire.own_pipes()
    limit(MEMORY)
    die_with_parent()
    gc.disable()
    while line := source.readline(wire.LONGEST):
        module = InstalledModule(*json.loads(line))
        try:
            size, outline = _read(module)
        except OSError:
            size = -1
            outline = UNKNOWN
        except MemoryError:
            os._exit(NO_MEMORY)
        sink.write(wire.line([size, plain(outline)]))
        sink.flush()


def _read(module: InstalledModule) -> tuple[int, ModuleOutline]:
    if sys.platform == "win32":
        return read_module(module)
    signal.setitimer(signal.ITIMER_PROF, CPU_S)  # ends the process, even in native code
    try:
        return read_module(module)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


if __name__ == "__main__":
    main()
