"""The supervisor with its real process; and the index after processes are killed at any moment."""

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
from indexing import PATIENCE_S, Event, all_gone, indexer, project, ready, says
from rounds import rounds
from workspaces import ENVIRON, posix, put

from assist_context.indexer.supervisor import RESTARTS, IndexerSupervisor, drop_early, start_early

pytestmark = pytest.mark.slow

ROUNDS = rounds(20, 8)  # kills in one test
SEEDS = range(rounds(5, 1))  # each is another sequence of events: a hundred kills in a night


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return project(tmp_path / "work", 40)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "data" / "index.db"


class Supervised:
    """A supervisor, and its events as they arrive."""

    def __init__(self, root: Path, database: Path, once: bool = False) -> None:
        self.heard: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self.before = {each.pid for each in psutil.Process().children()}
        self.supervisor = IndexerSupervisor([(str(root), str(database))], ENVIRON, self.heard.put, once=once)

    def until(self, event: str) -> Event:
        while (found := self.heard.get(timeout=PATIENCE_S))["event"] != event:
            assert found["event"] != "ended"
        return found

    def processes(self) -> list[psutil.Process]:
        return [each for each in psutil.Process().children(recursive=True) if each.pid not in self.before]

    def indexer(self) -> psutil.Process:
        return next(each for each in self.processes() if each.ppid() == os.getpid())


@pytest.fixture
def supervised(root: Path, database: Path) -> Iterator[Supervised]:
    made = Supervised(root, database)
    made.supervisor.start()
    yield made
    made.supervisor.close()


def test_it_indexes_and_follows(supervised: Supervised, root: Path, database: Path) -> None:
    assert supervised.until("ready")["parses"] == 41
    path = put(root, "a.py", "def saved(): pass\n")
    supervised.supervisor.report_changes([str(path)])
    assert supervised.until("ready")["parses"] == 1
    supervised.supervisor.refresh()
    assert supervised.until("ready")["parses"] == 0
    processes = supervised.processes()
    assert len(processes) == 2
    supervised.supervisor.close()
    assert not supervised.processes()
    assert supervised.heard.get(timeout=PATIENCE_S) == {"event": "ended", "code": 0}


def test_once_ends_by_itself(root: Path, database: Path) -> None:
    supervised = Supervised(root, database, once=True)
    supervised.supervisor.start()
    assert supervised.until("ready")["parses"] == 41
    assert supervised.until("ended")["code"] == 0
    assert supervised.supervisor.wait() == 0
    supervised.supervisor.close()
    assert not supervised.processes()


def test_folders_may_be_relative_paths(root: Path, database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process has another working directory."""
    monkeypatch.chdir(root.parent)
    supervised = Supervised(Path(root.name), Path(os.path.relpath(database)), once=True)
    supervised.supervisor.start()
    assert supervised.until("ready")["parses"] == 41
    assert supervised.supervisor.wait() == 0
    supervised.supervisor.close()
    assert database.exists()


def test_closed_before_it_began_and_twice(root: Path, database: Path) -> None:
    supervised = Supervised(root, database)
    supervised.supervisor.close()
    supervised.supervisor.start()
    assert supervised.until("ended")["code"] is None
    supervised.supervisor.close()
    assert not supervised.processes()


def test_closed_at_once(root: Path, database: Path) -> None:
    for pause in (0.0, 0.05, 0.2, 0.4):
        supervised = Supervised(root, database)
        supervised.supervisor.start()
        time.sleep(pause)
        supervised.supervisor.close()
        assert not supervised.processes()


def test_paused_it_does_nothing_also_after_a_restart(root: Path, database: Path) -> None:
    supervised = Supervised(root, database)
    supervised.supervisor.pause()
    supervised.supervisor.start()
    while not supervised.processes():
        time.sleep(0.05)
    supervised.indexer().kill()
    time.sleep(1.0)
    assert supervised.heard.empty()
    supervised.supervisor.resume()
    supervised.until("ready")
    supervised.supervisor.close()


def test_a_dead_indexer_is_started_again_but_not_for_ever(supervised: Supervised) -> None:
    for number in range(RESTARTS + 1):
        assert supervised.until("ready")["parses"] == (0 if number else 41)
        supervised.indexer().kill()
    problem = supervised.until("problem")
    assert f"{RESTARTS + 1} times in a minute" in problem["message"]
    assert problem["remedy"]
    assert supervised.heard.get(timeout=PATIENCE_S)["event"] == "ended"
    assert all_gone(supervised.processes())


@posix
def test_nothing_waits_for_a_suspended_indexer(supervised: Supervised, root: Path) -> None:
    supervised.until("ready")
    supervised.indexer().suspend()
    for _ in range(3_000):  # more than a pipe and the queue can hold
        supervised.supervisor.report_changes([str(root / ("x" * 200))])
    supervised.supervisor.close()  # this kills the process
    assert all_gone(supervised.processes())


@posix
def test_lost_changes_are_found_by_a_listing(supervised: Supervised, root: Path, database: Path) -> None:
    supervised.until("ready")
    process = supervised.indexer()
    process.suspend()
    for _ in range(3_000):
        supervised.supervisor.report_changes([str(root / ("x" * 200))])
    put(root, "a.py", "def saved(): pass\n")
    supervised.supervisor.report_changes([str(root / "a.py")])
    process.resume()
    parses = 0
    while not parses:
        parses = supervised.until("ready")["parses"]
    assert parses == 1


PARENT = """
import sys, time
from assist_context.indexer.supervisor import IndexerSupervisor
supervisor = IndexerSupervisor([(sys.argv[1], sys.argv[2])], {}, lambda event: print(event["event"], flush=True))
supervisor.start()
time.sleep(600)
"""


@posix
def test_a_killed_parent_leaves_no_process_running(root: Path, database: Path) -> None:
    command = [sys.executable, "-c", PARENT, str(root), str(database)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        while parent.stdout.readline() != "ready\n":
            pass
        children = psutil.Process(parent.pid).children(recursive=True)
        assert len(children) == 2
        parent.kill()
        assert all_gone(children)


def change(root: Path, chance: random.Random) -> None:
    """Makes a change that a user may make to a workspace."""
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
def test_killed_at_any_moment_the_index_is_right_or_built_again(
    root: Path, database: Path, seed: int
) -> None:
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


def test_a_process_that_was_started_early_is_taken_once(root: Path, database: Path) -> None:
    before = {child.pid for child in psutil.Process().children()}
    start_early()
    early = Supervised(root, database, once=True)
    [waiting] = early.before - before
    early.supervisor.start()
    assert early.until("ready")["files"] == 41
    assert early.supervisor.wait(PATIENCE_S) == 0
    assert not psutil.pid_exists(waiting)
    drop_early()  # there is none any more
    early.supervisor.close()


def test_a_process_that_was_started_early_and_is_not_needed_ends() -> None:
    before = {child.pid for child in psutil.Process().children()}
    start_early()
    [waiting] = {child.pid for child in psutil.Process().children()} - before
    drop_early()
    assert not psutil.pid_exists(waiting)
