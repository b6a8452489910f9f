"""A real indexer process and the content of its index, for tests."""

import json
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from workspaces import ENVIRON, put

from assist_context.index.reader import IndexReader
from assist_context.retrieval.corpus import Corpus

Event = dict[str, Any]
PATIENCE_S = (
    200.0  # until a test gives up: with a load of 18 on two cores a nice process took a minute for 31 files
)


@dataclass
class Indexer:
    """One process; `events` are all events up to the last one that a test waited for."""

    process: "subprocess.Popen[str]"
    heard: "queue.Queue[Event | None]" = field(default_factory=queue.Queue)
    events: list[Event] = field(default_factory=list)

    def tell(self, do: str, *paths: Path) -> None:
        assert self.process.stdin is not None
        details = {"paths": [str(path) for path in paths]} if paths else {}
        self.process.stdin.write(json.dumps({"do": do, **details}) + "\n")
        self.process.stdin.flush()

    def until(self, event: str) -> Event:
        deadline = time.monotonic() + PATIENCE_S
        while True:
            found = self.heard.get(timeout=max(0.1, deadline - time.monotonic()))
            assert found is not None, f"it ended before {event}: {self.events}"
            self.events.append(found)
            if found["event"] == event:
                return found

    def ready(self) -> Event:
        return self.until("ready")

    def update(self, *paths: Path) -> Event:
        self.tell("changed", *paths)
        return self.ready()

    def listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.heard.put(json.loads(line))
        self.heard.put(None)

    def children(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)


@contextmanager
def indexer(root: Path, database: Path, *arguments: str, **opening: object) -> Iterator[Indexer]:
    """Starts an indexer of one folder, with that folder as working directory."""
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "assist_context.indexer.indexer_process", *arguments],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    live = Indexer(process)
    thread = threading.Thread(target=live.listen)
    thread.start()
    folders = [{"root": str(root), "database": str(database)}]
    opened = {"do": "open", "folders": folders, "environ": ENVIRON, **opening}
    process.stdin.write(json.dumps(opened) + "\n")
    process.stdin.flush()
    try:
        yield live
    finally:
        process.kill()
        process.wait()
        thread.join()
        process.stdout.close()
        with suppress(BrokenPipeError):
            process.stdin.close()


def index(root: Path, database: Path, *arguments: str, **opening: object) -> tuple[int, list[Event]]:
    """Runs one round; returns the exit code and the events."""
    with indexer(root, database, *arguments, once=True, **opening) as live:
        code = live.process.wait(PATIENCE_S)
        while (event := live.heard.get(timeout=PATIENCE_S)) is not None:
            live.events.append(event)
        return code, live.events


def ready(root: Path, database: Path, *arguments: str, **opening: object) -> Event:
    """Runs one round that must succeed; returns its last event."""
    code, events = index(root, database, *arguments, **opening)
    assert code == 0, events
    return events[-1]


_INDEXED: dict[tuple[tuple[str, str], ...], bytes] = {}


def corpus_of(root: Path, texts: Mapping[str, str]) -> Corpus:
    """Writes files into a folder, and indexes it next to it.

    A new folder with the files of an earlier one gets a copy of its index, which knows no path but theirs.
    """
    known = () if root.exists() else tuple(texts.items())
    for path, text in texts.items():
        put(root, path, text)
    database = root.with_name(f"{root.name}.sqlite")
    if known in _INDEXED:
        database.write_bytes(_INDEXED[known])
    else:
        ready(root, database)
    if known:
        _INDEXED[known] = database.read_bytes()
    return Corpus(str(root), IndexReader(str(database)))


def says(database: Path, words: Sequence[str] = ("f", "g", "value")) -> dict[str, object]:
    """Everything that a reader says about an index except its size, in a fixed order."""
    reader = IndexReader(str(database))
    try:
        status = reader.status()
        assert not status.problem
        outlines = {path: reader.outline(path) for path in reader.files()}
        names = {each.name for rows in outlines.values() for each in rows} | set(words)
        return {
            "files": {path: reader.file(path) for path in reader.files()},
            "outlines": outlines,
            "imports": {path: reader.imports(path) for path in reader.files()},
            "definitions": {name: reader.definitions(name, 10_000) for name in sorted(names)},
            "references": {name: reader.references(name, 10_000) for name in sorted(names)},
            "status": (status.files, status.parsed, status.waiting, status.quarantined, status.outlines),
            "search": {word: sorted(hit[:4] for hit in hits(reader, word)) for word in words},
        }
    finally:
        reader.close()


def names(database: Path) -> set[str]:
    """The names that are defined."""
    reader = IndexReader(str(database))
    found = {each.name for path in reader.files() for each in reader.outline(path)}
    reader.close()
    return found


def project(root: Path, files: int) -> Path:
    """Writes m0.py, m1.py and so on in p0, p1 and p2, each with a function that calls a.py."""
    for number in range(files):
        put(root, f"p{number % 3}/m{number}.py", f"from a import g\ndef f{number}(value):\n    return g()\n")
    put(root, "a.py", "def g(): pass\n")
    return root


def hits(reader: IndexReader, word: str) -> list[tuple[str, int, int, str, float]]:
    found = reader.search((word,), 10_000)
    return [(each.path, each.start_line, each.end_line, each.name, each.score) for each in found]


def all_gone(processes: Sequence[psutil.Process]) -> bool:
    _, alive = psutil.wait_procs(list(processes), timeout=PATIENCE_S)
    return not alive
