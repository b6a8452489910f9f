"""An inotify watch for each folder: which folders have one, and what happens to it."""

import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from repositories import git
from watched import Start, put, watch_starter

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="inotify")]


@pytest.fixture
def start() -> Iterator[Start]:
    with watch_starter() as begin:
        yield begin


def watches() -> int:
    """The inotify watches of this process."""
    infos = Path("/proc/self/fdinfo").iterdir()
    return sum(each.read_text().count("inotify wd:") for each in infos if each.exists())


def test_what_is_ignored_has_no_watch_and_tells_nothing(tmp_path: Path, start: Start) -> None:
    put(tmp_path / "node_modules/a/b.js")
    put(tmp_path / "src/c.py")
    before = watches()
    watching = start(tmp_path)
    assert watches() - before == 2
    put(tmp_path / "node_modules/a/b.js", "y")
    put(tmp_path / "node_modules/new/b.js", "y")
    put(tmp_path / "src/ignored.txt")
    last = put(tmp_path / "src/d.py")
    assert watching.told(last) == {str(last)}


def test_a_folder_is_watched_under_its_new_name_and_its_files_are_told(tmp_path: Path, start: Start) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    put(root / "a/b/c.py")
    put(outside / "x/y.py")
    watching = start(root)
    (root / "a").rename(root / "z")
    assert watching.told(root / "a", root / "z", root / "z/b/c.py")
    put(root / "z/b/c.py", "y")
    assert watching.told(root / "z/b/c.py") == {str(root / "z/b/c.py")}
    (outside / "x").rename(root / "x")
    assert str(root / "x/y.py") in watching.told(root / "x/y.py")
    (root / "z").rename(outside / "z")
    watching.told(root / "z")
    put(outside / "z/b/c.py", "no longer here")
    last = put(root / "last.py")
    assert watching.told(last) == {str(last)}


def test_a_link_is_not_followed(tmp_path: Path, start: Start) -> None:
    target = put(tmp_path / "outside/a.py")
    root = tmp_path / "root"
    root.mkdir()
    (root / "link").symlink_to(target.parent)
    (root / "loop").symlink_to(root)
    watching = start(root)
    put(target, "y")
    last = put(root / "b.py")
    assert watching.told(last) == {str(last)}


def test_a_worktree_whose_git_is_elsewhere(tmp_path: Path, start: Start) -> None:
    main, tree = tmp_path / "main", tmp_path / "tree"
    main.mkdir()
    git(main, "init", "-q")
    git(main, "commit", "-q", "--allow-empty", "-m", "x")
    git(main, "worktree", "add", "-q", str(tree))
    watching = start(tree)
    git(tree, "switch", "-q", "-c", "third")
    assert watching.told(tree) == {str(tree)}


def test_a_repository_that_begins_ends_and_begins_again(tmp_path: Path, start: Start) -> None:
    watching = start(tmp_path)
    for _ in range(2):
        git(tmp_path, "init", "-q")
        watching.told(tmp_path)
        git(tmp_path, "commit", "-q", "--allow-empty", "-m", "x")
        watching.told(tmp_path)
        git(tmp_path, "switch", "-q", "-c", "other")
        watching.told(tmp_path)
        shutil.rmtree(tmp_path / ".git")
        watching.told(tmp_path)


def test_the_watched_folder_goes(tmp_path: Path, start: Start) -> None:
    root = tmp_path / "root"
    put(root / "a/b.py")
    watching = start(root)
    shutil.rmtree(root)
    assert str(root) in watching.told(root)
    assert watching.problems.empty()


def test_folders_that_come_and_go_fast_leave_the_watch_whole(tmp_path: Path, start: Start) -> None:
    watching = start(tmp_path)

    def churn(name: str) -> None:
        for number in range(40):
            folder = tmp_path / name / str(number)
            put(folder / "deep/a.py")
            shutil.rmtree(folder.rename(tmp_path / name / f"moved{number}"))

    threads = [threading.Thread(target=churn, args=(name,)) for name in "abc"]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    for name in "abc":
        last = put(tmp_path / name / "last/a.py")
        watching.told(last.parent)
        put(last, "y")
        watching.told(last)
    assert watching.problems.empty()


LIMITED = """
import sys, threading
from assist_server.workspace.watcher import Watcher
problems = []
told = threading.Event()
def on_problem(message):
    problems.append(message)
    told.set()
watcher = Watcher([sys.argv[1]], lambda path: False, lambda paths: None, on_problem)
assert told.wait(30), "no problem was told"
watcher.close()
assert threading.active_count() == 1, threading.enumerate()
print(len(problems), problems[0])
"""


@pytest.mark.parametrize(
    ("limit", "value", "name"),
    [("watches", 5, "max_user_watches"), ("instances", 0, "max_user_instances")],
)
def test_a_real_limit(tmp_path: Path, limit: str, value: int, name: str) -> None:
    """In a user namespace with room for five watches, or for no instance."""
    for number in range(20):
        put(tmp_path / f"{number}/a.py")
    apart = ["unshare", "-Ur"]
    if subprocess.run([*apart, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no user namespaces here")
    shell = f'echo {value} > /proc/sys/user/max_inotify_{limit} && exec "$@"'
    command = [*apart, "sh", "-c", shell, "sh", sys.executable, "-c", LIMITED, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.stdout.startswith("1 The workspace is not watched"), done.stderr
    assert f"fs.inotify.{name}" in done.stdout
