"""The keeper with its real process; and what is left when processes are killed at any moment."""

import os
import queue
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from indexing import PATIENCE_S, Event, gone_within, indexer, project, ready, says
from workspaces import ENVIRON, posix, put

from assist_context.indexer.supervisor import RESTARTS, IndexerSupervisor

ROUNDS = 20  # of killing in one test
SEEDS = range(5)  # each is another course of events: a hundred rounds in all


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return project(tmp_path / "work", 40)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "data" / "index.db"


class Kept:
    """A keeper, and its events as they come."""

    def __init__(self, root: Path, database: Path, once: bool = False) -> None:
        self.heard: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self.before = {each.pid for each in psutil.Process().children()}
        self.keeper = IndexerSupervisor([(str(root), str(database))], ENVIRON, self.heard.put, once=once)

    def until(self, event: str) -> Event:
        while (found := self.heard.get(timeout=PATIENCE_S))["event"] != event:
            assert found["event"] != "ended"
        return found

    def processes(self) -> list[psutil.Process]:
        return [each for each in psutil.Process().children(recursive=True) if each.pid not in self.before]

    def indexer(self) -> psutil.Process:
        return next(each for each in self.processes() if each.ppid() == os.getpid())


@pytest.fixture
def kept(root: Path, database: Path) -> Iterator[Kept]:
    made = Kept(root, database)
    made.keeper.start()
    yield made
    made.keeper.close()


def test_it_indexes_and_follows(kept: Kept, root: Path, database: Path) -> None:
    assert kept.until("ready")["parses"] == 41
    path = put(root, "a.py", "def saved(): pass\n")
    kept.keeper.changed([str(path)])
    assert kept.until("ready")["parses"] == 1
    kept.keeper.refresh()
    assert kept.until("ready")["parses"] == 0
    processes = kept.processes()
    assert len(processes) == 2
    kept.keeper.close()
    assert not kept.processes()
    assert kept.heard.get(timeout=PATIENCE_S) == {"event": "ended", "code": 0}


def test_once_ends_by_itself(root: Path, database: Path) -> None:
    kept = Kept(root, database, once=True)
    kept.keeper.start()
    assert kept.until("ready")["parses"] == 41
    assert kept.until("ended")["code"] == 0
    assert kept.keeper.wait() == 0
    kept.keeper.close()
    assert not kept.processes()


def test_folders_may_be_named_from_where_one_stands(
    root: Path, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process stands elsewhere."""
    monkeypatch.chdir(root.parent)
    kept = Kept(Path(root.name), Path(os.path.relpath(database)), once=True)
    kept.keeper.start()
    assert kept.until("ready")["parses"] == 41
    assert kept.keeper.wait() == 0
    kept.keeper.close()
    assert database.exists()


def test_closed_before_it_began_and_twice(root: Path, database: Path) -> None:
    kept = Kept(root, database)
    kept.keeper.close()
    kept.keeper.start()
    assert kept.until("ended")["code"] is None
    kept.keeper.close()
    assert not kept.processes()


def test_closed_at_once(root: Path, database: Path) -> None:
    for pause in (0.0, 0.05, 0.2, 0.4):
        kept = Kept(root, database)
        kept.keeper.start()
        time.sleep(pause)
        kept.keeper.close()
        assert not kept.processes()


def test_paused_it_does_nothing_also_after_a_restart(root: Path, database: Path) -> None:
    kept = Kept(root, database)
    kept.keeper.pause()
    kept.keeper.start()
    time.sleep(1.0)
    kept.indexer().kill()
    time.sleep(1.0)
    assert kept.heard.empty()
    kept.keeper.resume()
    kept.until("ready")
    kept.keeper.close()


def test_a_dead_indexer_is_started_again_but_not_for_ever(kept: Kept) -> None:
    for number in range(RESTARTS + 1):
        assert kept.until("ready")["parses"] == (0 if number else 41)
        kept.indexer().kill()
    problem = kept.until("problem")
    assert f"{RESTARTS + 1} times in a minute" in problem["message"]
    assert problem["remedy"]
    assert kept.heard.get(timeout=PATIENCE_S)["event"] == "ended"
    assert gone_within(kept.processes(), 2)


@posix
def test_nothing_waits_for_an_indexer_that_stands_still(kept: Kept, root: Path) -> None:
    kept.until("ready")
    kept.indexer().suspend()
    for _ in range(3_000):  # more than a pipe and the queue take
        kept.keeper.changed([str(root / ("x" * 200))])
    kept.keeper.close()  # killed
    assert gone_within(kept.processes(), 2)


@posix
def test_what_was_lost_is_looked_for(kept: Kept, root: Path, database: Path) -> None:
    kept.until("ready")
    process = kept.indexer()
    process.suspend()
    for _ in range(3_000):
        kept.keeper.changed([str(root / ("x" * 200))])
    put(root, "a.py", "def saved(): pass\n")
    kept.keeper.changed([str(root / "a.py")])
    process.resume()
    parses = 0
    while not parses:
        parses = kept.until("ready")["parses"]
    assert parses == 1


PARENT = """
import sys, time
from assist_context.indexer.supervisor import IndexerSupervisor
keeper = IndexerSupervisor([(sys.argv[1], sys.argv[2])], {}, lambda event: print(event["event"], flush=True))
keeper.start()
time.sleep(600)
"""


@posix
def test_a_killed_parent_leaves_no_process_behind(root: Path, database: Path) -> None:
    command = [sys.executable, "-c", PARENT, str(root), str(database)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        while parent.stdout.readline() != "ready\n":
            pass
        children = psutil.Process(parent.pid).children(recursive=True)
        assert len(children) == 2
        parent.kill()
        assert gone_within(children, 2)


def change(root: Path, chance: random.Random) -> None:
    """Something that a person may do to a workspace."""
    number = chance.randrange(40)
    path = f"p{number % 3}/m{number}.py"
    match chance.randrange(4):
        case 0:
            (root / path).unlink(missing_ok=True)
        case 1:
            put(root, f"new/n{chance.randrange(1_000)}.py", f"def f(): return {chance.randrange(5)}\n")
        case _:
            put(root, path, f"def f{chance.randrange(99)}(value):\n    return g()\n")


@posix
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.timeout(600)
def test_killed_at_any_moment_the_index_is_right_or_made_anew(root: Path, database: Path, seed: int) -> None:
    chance = random.Random(seed)
    for number in range(ROUNDS):
        for _ in range(5):
            change(root, chance)
        with indexer(root, database) as live:
            time.sleep(0.2 + chance.random() * 0.6)
            if number % 2 and (children := live.children()):
                chance.choice(children).send_signal(signal.SIGKILL)
                time.sleep(chance.random() * 0.2)
            live.process.send_signal(signal.SIGKILL)
            live.process.wait()
    ready(root, database)
    other = database.with_name("other.db")
    ready(root, other)
    assert says(database) == says(other)


@posix
def test_a_killed_parser_costs_nothing(root: Path, database: Path) -> None:
    chance = random.Random(1)
    with indexer(root, database) as live:
        for _ in range(ROUNDS):
            for each in live.children():
                each.kill()
            for _ in range(5):
                change(root, chance)
            live.tell("refresh")
            time.sleep(chance.random() * 0.5)
        live.tell("stop")
        live.process.wait(PATIENCE_S)
    ready(root, database)
    other = database.with_name("other.db")
    ready(root, other)
    assert says(database) == says(other)
