"""The indexer as a process, with real folders, git and SQLite."""

import os
import time
from pathlib import Path

import pytest
from indexing import all_gone, index, indexer, names, project, ready, says
from workspaces import commit, put, run

from assist_context.index.reader import IndexReader

pytestmark = pytest.mark.slow


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return project(tmp_path / "work", 30)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "data" / "index.db"


def test_cold_and_warm(root: Path, database: Path) -> None:
    code, events = index(root, database)
    assert code == 0
    listed = next(each for each in events if each["event"] == "listed")
    assert (listed["files"], listed["wanted"]) == (31, 31)
    last = events[-1]
    assert (last["event"], last["files"], last["parsed"], last["parses"]) == ("ready", 31, 31, 31)
    assert names(database) == {"g", *(f"f{number}" for number in range(30))}
    warm = ready(root, database)
    assert (warm["files"], warm["parsed"], warm["parses"]) == (31, 31, 0)
    assert os.stat(database).st_mode & 0o077 == 0


def test_several_parsers_give_the_same(root: Path, database: Path) -> None:
    ready(root, database, parsers=3)
    other = database.with_name("other.db")
    ready(root, other)
    assert says(database) == says(other)


def test_a_content_is_parsed_once(root: Path, database: Path) -> None:
    for number in range(5):
        put(root, f"same{number}.py", "def same(): pass\n")
    put(root, "same.js", "def same(): pass\n")
    assert ready(root, database)["parses"] == 33  # two languages
    reader = IndexReader(str(database))
    assert len([each for each in reader.definitions("same") if each.path.endswith(".py")]) == 5
    reader.close()


def test_a_branch_switch_over_known_contents_parses_nothing(root: Path, database: Path) -> None:
    commit(root)
    run(root, "checkout", "-q", "-b", "other")
    for number in range(0, 30, 3):
        put(root, f"p0/m{number}.py", f"def other{number}(): pass\n")
    commit(root)
    with indexer(root, database) as live:
        assert live.ready()["parses"] == 31
        run(root, "checkout", "-q", "-")
        live.tell("changed", root / ".git" / "HEAD")
        assert live.ready()["parses"] == 10
        for branch in ("other", "-"):
            run(root, "checkout", "-q", branch)
            live.tell("refresh")
            assert live.ready()["parses"] == 0
            assert ("other0" in names(database)) == (branch == "other")


def test_saved_created_deleted_renamed(root: Path, database: Path) -> None:
    commit(root)
    with indexer(root, database) as live:
        live.ready()
        put(root, "a.py", "def saved(): pass\n")
        assert live.update(root / "a.py")["parses"] == 1
        assert "saved" in names(database)
        assert live.update(root / "a.py")["parses"] == 0
        new = put(root, "p9/new.py", "def new(): pass\n")
        assert live.update(new)["parses"] == 1
        assert "new" in names(database)
        new.unlink()
        assert live.update(new)["parses"] == 0
        assert "new" not in names(database)
        (root / "p0").rename(root / "q0")
        moved = live.update(root / "p0", root / "q0")
        assert (moved["parses"], moved["files"]) == (0, 31)
        other = database.with_name("other.db")
        ready(root, other)
        assert says(database) == says(other)
        events = [each["event"] for each in live.events]
        assert events.count("listed") == 2  # at the start, and for the directory


def test_many_saves_are_one_round(root: Path, database: Path) -> None:
    with indexer(root, database) as live:
        live.ready()
        paths = [put(root, f"p0/m{number}.py", f"def again{number}(): pass\n") for number in range(0, 30, 3)]
        for path in paths:
            live.tell("changed", path)
        assert live.ready()["parses"] == 10


def test_paths_outside_the_folder_are_ignored(root: Path, database: Path) -> None:
    with indexer(root, database) as live:
        live.ready()
        live.tell("changed", root.parent / "workshop" / "a.py", root / ".git" / "objects" / "ab")
        put(root, "a.py", "def saved(): pass\n")
        live.update(root / "a.py")
        assert [each["event"] for each in live.events if each["event"] != "progress"] == [
            "listed",
            "ready",
            "ready",
        ]


def test_nothing_happens_while_it_is_paused(root: Path, database: Path) -> None:
    with indexer(root, database, paused=True) as live:
        live.tell("changed", root / "a.py")
        time.sleep(0.5)
        assert live.heard.empty()
        live.tell("resume")
        live.ready()
        live.tell("pause")
        put(root, "a.py", "def saved(): pass\n")
        live.tell("changed", root / "a.py")
        time.sleep(0.5)
        assert "saved" not in names(database)
        live.tell("resume")
        assert live.ready()["parses"] == 1


def test_it_ends_on_request(root: Path, database: Path) -> None:
    with indexer(root, database) as live:
        live.until("listed")
        children = live.children()
        live.tell("stop")
        assert live.process.wait(60) == 0
        assert all_gone(children)
    assert ready(root, database)["files"] == 31


def test_unused_contents_are_pruned_when_the_cap_is_reached(root: Path, database: Path) -> None:
    ready(root, database)
    text = (root / "a.py").read_text()
    (root / "a.py").unlink()
    ready(root, database)
    put(root, "a.py", text)
    assert ready(root, database)["parses"] == 0  # it was still there
    (root / "a.py").unlink()
    ready(root, database, cap=1)
    put(root, "a.py", text)
    assert ready(root, database)["parses"] == 1
