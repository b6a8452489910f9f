"""Time aider's repo map of a tree. Runs in aider's own environment, which `bench.index.peer` makes.

    python -P benchmarks/bench/index/aider.py ROOT CACHE < paths    paths relative to ROOT, separated by NUL

Prints one JSON object when all files are scanned, and another when the map is made. Aider is not changed; it
gets a model that counts one token per four characters, and an `io` that reads files. No network.
"""

import json
import sys
import time
from pathlib import Path

from aider.repomap import RepoMap


class FileIo:
    """The part of aider's terminal that RepoMap uses."""

    def read_text(self, name: str) -> str:
        try:
            return Path(name).read_text(encoding="utf-8")
        except (OSError, UnicodeError):
            return ""

    def tool_output(self, *_words: object) -> None:
        return None

    tool_warning = tool_output
    tool_error = tool_output


class CountingModel:
    """The part of a language model that RepoMap uses."""

    def token_count(self, text: str) -> int:
        return len(text) // 4


def main() -> None:
    root, cache = sys.argv[1:]
    files = [str(Path(root, path)) for path in sys.stdin.read().split("\0") if path]
    RepoMap.TAGS_CACHE_DIR = cache  # otherwise it writes into the tree
    start = time.perf_counter()
    made = RepoMap(map_tokens=1024, root=root, main_model=CountingModel(), io=FileIo())
    tags_of = made.get_tags
    scanned = 0
    tags = 0

    def count_tags(name: str, relative: str) -> list[object]:
        nonlocal scanned, tags
        found = tags_of(name, relative)
        scanned += 1
        tags += len(found)
        if scanned == len(files):
            say({"files": scanned, "tags": tags, "scan s": round(time.perf_counter() - start, 3)})
        return found

    made.get_tags = count_tags
    text = made.get_repo_map([], files)
    say({"map s": round(time.perf_counter() - start, 3), "map characters": len(text or "")})


def say(facts: dict[str, object]) -> None:
    print(json.dumps(facts), flush=True)


if __name__ == "__main__":
    main()
