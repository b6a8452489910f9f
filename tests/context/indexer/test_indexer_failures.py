"""The indexer under bad conditions: grammars, files, databases and processes that fail in every way."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import psutil
import pytest
from indexing import PATIENCE_S, all_gone, index, indexer, names, project, ready, says
from workspaces import posix, put

from assist_context.index.reader import IndexReader

pytestmark = pytest.mark.slow

HOOK = ("--parse", "troubled:parse")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return project(tmp_path / "work", 30)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "data" / "index.db"


@posix
def test_a_bad_file_is_not_tried_again(root: Path, database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
    put(root, "bad.py", "# aborts\n")
    first = ready(root, database, *HOOK)
    assert (first["parses"], first["parsed"], first["quarantined"]) == (32, 31, 1)
    assert ready(root, database, *HOOK)["parses"] == 0
    reader = IndexReader(str(database))
    assert reader.status().quarantined == (("bad.py", "the grammar crashed (SIGABRT)"),)
    reader.close()
    put(root, "bad.py", "def good(): pass\n")
    assert ready(root, database, *HOOK)["quarantined"] == 0


def test_parsers_that_do_not_start_are_a_problem(root: Path, database: Path) -> None:
    code, events = index(root, database, "--parse", "no_such_module:parse")
    assert code == 1
    assert "without reading a file" in events[-1]["message"]


def test_a_database_that_cannot_be_is_a_problem_until_it_can(root: Path, database: Path) -> None:
    database.mkdir(parents=True)
    with indexer(root, database) as live:
        problem = live.until("problem")
        assert str(database) in problem["message"]
        assert problem["remedy"]
        database.rmdir()
        live.tell("refresh")
        assert live.ready()["parses"] == 31
    assert index(root, database)[0] == 0


def test_a_database_that_another_program_holds(root: Path, database: Path) -> None:
    ready(root, database)
    put(root, "a.py", "def saved(): pass\n")
    with closing(sqlite3.connect(database, isolation_level=None)) as other, indexer(root, database) as live:
        other.execute("BEGIN IMMEDIATE")
        assert "locked" in live.until("problem")["message"]
        other.execute("COMMIT")
        live.tell("refresh")
        assert live.ready()["parses"] == 1


@pytest.mark.skipif(sys.platform != "linux", reason="the limit of another process is set")
def test_a_full_disk(root: Path, database: Path) -> None:
    with indexer(root, database) as live:
        live.ready()
        process = psutil.Process(live.process.pid)
        process.rlimit(psutil.RLIMIT_FSIZE, (100_000, -1))
        for number in range(300):
            put(root, f"p{number % 3}/m{number}.py", f"def full{number}(value): return {'g() + ' * 500} 1\n")
        live.tell("refresh")
        assert str(database) in live.until("problem")["message"]
        process.rlimit(psutil.RLIMIT_FSIZE, (-1, -1))
        live.tell("refresh")
        live.ready()
    other = database.with_name("other.db")
    ready(root, other)
    assert says(database) == says(other)


def test_a_database_that_is_damaged_meanwhile_is_built_again(root: Path, database: Path) -> None:
    with indexer(root, database) as live:
        live.ready()
        database.write_bytes(b"noise" * 50_000)
        put(root, "a.py", "def saved(): pass\n")
        live.update(root / "a.py")
        live.tell("refresh")
        live.ready()
        other = database.with_name("other.db")
        ready(root, other)
        assert says(database) == says(other)


@posix
def test_a_folder_full_of_traps(root: Path, database: Path) -> None:
    os.symlink("..", root / "p0" / "loop")
    os.symlink("/etc", root / "out")
    os.symlink("nowhere", root / "broken.py")
    os.mkfifo(root / "pipe.py")
    put(root, "line.js", b"f(1);" * 100_000)
    put(root, "binary.py", b"\0\1\2")
    put(root, "latin.py", "def \xe9t\xe9(): pass\n".encode("latin-1"))
    put(root, os.fsdecode(b"\xff.py"), "def odd(): pass\n")
    with open(root / "huge.py", "wb") as file:
        file.truncate(200_000_000)
    for again in (False, True):
        event = ready(root, database)
        assert event["files"] == 36
        assert event["parses"] == (0 if again else 34)  # without the binary and the huge file
    assert "odd" in names(database)


def test_a_workspace_with_modules_of_our_names(root: Path, database: Path) -> None:
    for name in (
        "json",
        "queue",
        "signal",
        "tree_sitter",
        "assist_context/__init__",
        "assist_context/parsed",
    ):
        put(root, f"{name}.py", "raise SystemExit('the wrong module')\n")
    assert ready(root, database)["parses"] == 32  # six files with one content


def test_files_that_change_all_the_time(root: Path, database: Path) -> None:
    with indexer(root, database) as live:
        for number in range(60):
            path = root / f"p{number % 3}" / f"m{number % 30}.py"
            if number % 7:
                put(root, str(path.relative_to(root)), f"def now{number}(): return g()\n")
            else:
                path.unlink(missing_ok=True)
            live.tell("changed", path)
            time.sleep(0.01)
        live.tell("refresh")
        live.ready()
        live.tell("refresh")
        live.ready()
        other = database.with_name("other.db")
        ready(root, other)
        while says(database) != says(other):  # ends with the test's time limit
            live.ready()


def test_one_writer_at_a_time_and_the_next_takes_over(root: Path, database: Path) -> None:
    with indexer(root, database) as first:
        first.ready()
        with indexer(root, database) as second:
            second.until("reader")
            put(root, "a.py", "def saved(): pass\n")
            second.tell("changed", root / "a.py")
            assert index(root, database)[0] == 2
            first.process.kill()
            second.until("writer")
            assert second.ready()["parses"] == 1
            assert "saved" in names(database)


def test_what_it_writes_itself_is_no_change(root: Path) -> None:
    database = root / "data" / "index.sqlite"
    with indexer(root, database) as live:
        live.ready()
        live.tell("changed", database, database.with_name("index.sqlite-wal"))
        time.sleep(1.0)  # three times the wait for further changes
        put(root, "a.py", "def saved(): pass\n")
        live.update(root / "a.py")
        assert [event["event"] for event in live.events].count("ready") == 2
        assert "saved" in names(database)


@posix
@pytest.mark.parametrize("word", ["sleeps", "loops", "holds the lock"])
def test_children_go_with_their_parent(
    root: Path, database: Path, monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
    put(root, "a.py", f"# {word}\n")
    with indexer(root, database, *HOOK, first=[str(root / "a.py")]) as live:
        live.until("listed")
        while not (children := live.children()):
            time.sleep(0.05)
        time.sleep(1.0)  # it has the file by now, or is killed before
        live.process.send_signal(signal.SIGKILL)
        assert all_gone(children)


@posix
def test_it_goes_with_its_parent(root: Path, database: Path) -> None:
    with indexer(root, database) as live:
        live.ready()
        processes = [psutil.Process(live.process.pid), *live.children()]
        assert len(processes) == 2
        if sys.platform == "linux":  # a core dump would hold source text
            assert [each.rlimit(psutil.RLIMIT_CORE)[0] for each in processes] == [0, 0]
        assert live.process.stdin is not None
        live.process.stdin.close()
        assert live.process.wait(PATIENCE_S) == 0
        assert all_gone(processes[1:])


@posix
def test_idle_costs_nothing(root: Path, database: Path) -> None:
    with indexer(root, database) as live:
        live.ready()
        processes = [psutil.Process(live.process.pid), *live.children()]

        def spent() -> float:
            return sum(each.cpu_times().user + each.cpu_times().system for each in processes)

        for _ in range(30):  # what it does after the last file takes a moment
            before = spent()
            time.sleep(1.0)
            if spent() - before <= 0.011:  # a tick
                return
        pytest.fail("it computes while nothing is asked")


def test_it_loads_nothing_that_only_searching_needs() -> None:
    code = "import sys, assist_context.indexer.indexer_process; print('numpy' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"
