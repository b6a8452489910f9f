"""Watched folders, reported in batches; and a fake watch for failures of the system.

No test asserts a time: it waits for a batch, and nothing else may come with it.
"""

import errno
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path

import psutil
import pytest
from repositories import git
from watchdog.events import DirModifiedEvent, FileModifiedEvent, FileMovedEvent, FileOpenedEvent
from watched import PATIENCE, Start, ignored, put, watch_starter

from assist_server.workspace.tree_watch import (
    RUSH,
    FolderWatch,
    TreeWatch,
    WatchListener,
    reported_path,
)
from assist_server.workspace.watcher import FLOOD, problem_words


@pytest.fixture
def start() -> Iterator[Start]:
    with watch_starter() as begin:
        yield begin


def test_written_created_renamed_and_deleted(tmp_path: Path, start: Start) -> None:
    old, gone = put(tmp_path / "a/old.py"), put(tmp_path / "gone.py")
    watching = start(tmp_path)
    put(old, "y")
    assert watching.told(old) == {str(old)}
    new, moved = put(tmp_path / "a/b/é new.py"), tmp_path / "moved.py"
    gone.unlink()
    old.rename(moved)
    assert watching.told(new, moved, old, gone) <= {str(each) for each in (new, moved, old, gone, new.parent)}


def test_a_branch_switch_is_the_folder_and_objects_are_nothing(tmp_path: Path, start: Start) -> None:
    git(tmp_path, "init", "-q")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "x")
    git(tmp_path, "branch", "other")
    watching = start(tmp_path)
    git(tmp_path, "switch", "-q", "other")
    assert watching.told(tmp_path) == {str(tmp_path)}
    put(tmp_path / ".git/objects/aa/bb")
    put(tmp_path / ".git/description")
    last = put(tmp_path / "a.py")
    assert watching.told(last) == {str(last)}


def test_a_flood_is_the_folder_and_no_path_of_it(tmp_path: Path, start: Start) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    for each in (one, two):
        each.mkdir()
    watching = start(one, two)
    for attempt in range(20):  # a busy machine makes fewer files in the time of a batch
        for number in range(FLOOD + 200):
            last = str(put(one / f"{attempt}_{number}.py"))
        batch: Collection[str] = ()
        while str(one) not in batch and last not in batch:
            batch = watching.batches.get(timeout=PATIENCE)
        if str(one) in batch:
            break
    assert set(batch) == {str(one)}


class Owned:
    """A fake watch: the test says what happens."""

    def __init__(self, told: WatchListener, closed: threading.Event) -> None:
        self.told, self._closed = told, closed

    def close(self) -> None:
        self._closed.set()


@pytest.mark.parametrize(
    ("number", "name", "value"),
    [
        (errno.ENOSPC, "max_user_watches", 524_288),
        (errno.EMFILE, "max_user_instances", 1_024),
    ],
)
def test_the_limit_reached_later_ends_the_watch_and_is_told_once(
    tmp_path: Path, start: Start, number: int, name: str, value: int
) -> None:
    closed, owned = threading.Event(), list[Owned]()

    def begin(roots: Sequence[str], ignored: Callable[[str], bool], told: WatchListener) -> FolderWatch:
        owned.append(Owned(told, closed))
        return owned[0]

    watching = start(tmp_path, begin=begin)
    for _ in range(3):
        owned[0].told.report_failure(OSError(number, "no more"))
    message = watching.problems.get(timeout=PATIENCE)
    assert f"sudo sysctl fs.inotify.{name}=" in message
    assert closed.wait(PATIENCE)
    owned[0].told.report_change(str(tmp_path / "a"))
    watching.watcher.close()
    assert watching.problems.empty()
    assert watching.batches.empty()
    (tmp_path / "fs/inotify").mkdir(parents=True)
    limit = tmp_path / "fs/inotify" / name
    assert f"{name}={value}" in problem_words(OSError(number, ""), tmp_path)
    limit.write_text("600000\n")
    assert f"{name}, 600000 now," in problem_words(OSError(number, ""), tmp_path)
    assert f"{name}=1200000" in problem_words(OSError(number, ""), tmp_path)


def test_lost_events_are_every_folder(tmp_path: Path, start: Start) -> None:
    owned = list[Owned]()

    def begin(roots: Sequence[str], ignored: Callable[[str], bool], told: WatchListener) -> FolderWatch:
        owned.append(Owned(told, threading.Event()))
        return owned[0]

    watching = start(tmp_path / "a", tmp_path / "b", begin=begin)
    owned[0].told.report_change(str(tmp_path / "a/x"))
    owned[0].told.report_loss()
    assert watching.told(tmp_path / "a", tmp_path / "b") == {str(tmp_path / "a"), str(tmp_path / "b")}


@pytest.mark.slow
def test_idle_costs_nothing(tmp_path: Path, start: Start) -> None:
    others = set(threading.enumerate())
    start(tmp_path)
    own = {thread.native_id for thread in set(threading.enumerate()) - others}
    assert own
    process = psutil.Process()
    wait = threading.Event()

    def spent() -> dict[int, float]:
        used = {each.id: each.user_time + each.system_time for each in process.threads()}
        return {number: seconds for number, seconds in used.items() if number in own}

    for _ in range(15):  # what it does at the start takes a moment
        before = spent()
        wait.wait(2)
        if all(seconds - before.get(number, 0) < 0.02 for number, seconds in spent().items()):
            return  # seconds of processor time, which a busy machine does not change
    pytest.fail("it computes while nothing changes")


def test_a_tree_watch_sifts_what_the_system_tells(tmp_path: Path) -> None:
    told: list[str] = []

    class Listening:
        def report_change(self, path: str) -> None:
            told.append(path)

        def report_loss(self) -> None: ...
        def report_failure(self, error: OSError) -> None: ...
        def has_ended(self) -> bool:
            return False

    watch = TreeWatch([str(tmp_path)], ignored, Listening())
    watch.close()
    told.clear()
    inside, elsewhere = str(tmp_path / "a.py"), str(tmp_path.parent / "b.py")
    watch.on_any_event(FileOpenedEvent(inside))
    watch.on_any_event(DirModifiedEvent(str(tmp_path)))
    watch.on_any_event(FileModifiedEvent(str(tmp_path / "node_modules/x/a.js")))
    watch.on_any_event(FileMovedEvent(elsewhere, inside))
    watch.on_any_event(FileMovedEvent(str(tmp_path / ".git/HEAD.lock"), str(tmp_path / ".git/HEAD")))
    assert told == [inside, str(tmp_path)]


def test_after_a_rush_even_of_ignored_files_a_tree_watch_has_all_looked_at(
    tmp_path: Path, start: Start
) -> None:
    """What the system lost in it, it does not say."""
    (tmp_path / "node_modules").mkdir()
    watching = start(tmp_path, begin=TreeWatch)
    last = put(tmp_path / "a.py")
    assert watching.told(last) == {str(last)}
    for number in range(RUSH):
        put(tmp_path / "node_modules" / f"{number}.js")
    assert watching.told(tmp_path) == {str(tmp_path)}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/r/a.py", "/r/a.py"),
        ("/r/.git", "/r"),
        ("/r/.git/HEAD", "/r"),
        ("/r/sub/.git/index", "/r/sub"),
        ("/r/.git/refs/HEAD", ""),
        ("/r/.git/index.lock", ""),
        ("/r/node_modules", ""),
        ("/r/x/node_modules/.git/HEAD", ""),
        ("/r", "/r"),
    ],
)
def test_counted(path: str, expected: str) -> None:
    assert reported_path("/r", path, ignored) == expected
