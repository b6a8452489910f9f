"""The floor of an index: raw tree-sitter parsing of the same files in one process, and nothing else.

    PYTHONPATH=benchmarks python -m bench.index.floor ROOT < paths    paths relative to ROOT, separated by NUL

Prints one JSON object. Grammars are loaded first. Each file is read, parsed and dropped; nothing is kept.
"""

import json
import sys
import time
from pathlib import Path

from assist_context.code.trees import grammars
from assist_context.languages import language_of


def parse_all(root: Path, paths: list[str]) -> dict[str, float]:
    """Return the seconds to read and to parse the files that have a grammar, their number and their bytes."""
    read = 0.0
    parsed = 0.0
    files = 0
    size = 0
    for path in paths:
        language = language_of(path)
        grammar = language.grammar or language.outline
        parser = grammars.parser(grammar, grammars.PARSE_MICROSECONDS) if grammar else None
        if parser is None:
            continue
        start = time.perf_counter()
        data = (root / path).read_bytes()
        between = time.perf_counter()
        try:
            parser.parse(data)
        except ValueError:  # the time limit
            parser.reset()
        end = time.perf_counter()
        read += between - start
        parsed += end - between
        files += 1
        size += len(data)
    return {"files": files, "bytes": size, "read s": round(read, 3), "parse s": round(parsed, 3)}


def main() -> None:
    paths = [line for line in sys.stdin.read().split("\0") if line]
    for path in paths:
        language = language_of(path)
        grammars.language(language.grammar or language.outline or "python")
    print(json.dumps(parse_all(Path(sys.argv[1]), paths)))


if __name__ == "__main__":
    main()
