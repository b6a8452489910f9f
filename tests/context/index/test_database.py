"""The index's file: damage, other versions, locks, a full disk, missing permissions."""

import os
import random
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from stores import TEXTS, VERSION, asked, build, index, listing, opened
from workspaces import posix

from assist_context.index.database import MARK, StoreError, open_read, read_size
from assist_context.index.writer import IndexWriter

HERE = Path(__file__).parents[1]


def is_whole(path: Path) -> bool:
    with closing(sqlite3.connect(path)) as db:
        db.execute("INSERT INTO words(words) VALUES ('integrity-check')")  # raises an error if not
        return bool(db.execute("PRAGMA integrity_check").fetchall() == [("ok",)])


@posix
def test_no_other_user_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "new/index.db"
    with opened(path) as writer:
        writer.note("a", "b")
        files = list(path.parent.iterdir())
        assert {stat.S_IMODE(each.stat().st_mode) for each in files} == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_what_was_written_is_there_the_next_time(tmp_path: Path) -> None:
    path = build(tmp_path / "a.db")
    with opened(path) as writer:
        assert not writer.fresh
        assert writer.apply_listing(listing(TEXTS)).wanted == ()
    assert is_whole(path)


def test_another_version_is_built_again(tmp_path: Path) -> None:
    path = build(tmp_path / "a.db")
    with opened(path, "2") as writer:
        assert writer.fresh
        assert len(writer.apply_listing(listing(TEXTS)).wanted) == len(TEXTS)


def test_another_schema_is_built_again_and_not_read(tmp_path: Path) -> None:
    path = build(tmp_path / "a.db")
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 77")
    assert open_read(str(path)) is None
    with opened(path) as writer:
        assert writer.fresh


@pytest.mark.parametrize(
    "missing", ["DROP TABLE content", "DROP VIEW listed", "DROP TABLE words", "DELETE FROM meta"]
)
def test_an_incomplete_schema_is_built_again(tmp_path: Path, missing: str) -> None:
    path = build(tmp_path / "a.db")
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(missing)
    with opened(path) as writer:
        assert writer.fresh


def _nothing(path: Path) -> None:
    path.write_bytes(b"")


def _cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def _text(path: Path) -> None:
    path.write_bytes(b"not a database, but as long as one\n" * 1_000)


def _head(path: Path) -> None:
    path.write_bytes(random.Random(1).randbytes(100) + path.read_bytes()[100:])


@pytest.mark.parametrize("damage", [_nothing, _cut, _text, _head])
def test_a_damaged_file_is_built_again(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    path = build(tmp_path / "a.db")
    damage(path)
    with asked(path) as reader:
        reader.definitions("Parcel")
    survive(path)


@pytest.mark.parametrize("seed", range(100))
def test_random_damage_stops_neither_reader_nor_writer(tmp_path: Path, seed: int) -> None:
    path, chance = build(tmp_path / "a.db"), random.Random(seed)
    data = bytearray(path.read_bytes())
    for _ in range(chance.choice([1, 10, 300])):
        data[chance.randrange(len(data))] = chance.randrange(256)
    path.write_bytes(data)
    with asked(path) as reader:
        for name in ("Parcel", "weigh", "measure"):
            reader.definitions(name)
            reader.references(name)
        for file in TEXTS:
            reader.outline(file)
            reader.imports(file)
            reader.file(file)
        reader.search(["parcel", "weigh"])
        reader.files()
        reader.status()
    survive(path)


def survive(path: Path) -> None:
    """Whatever is wrong, after a few new writers the index is intact."""
    for _ in range(3):
        try:
            with opened(path) as writer:
                index(writer, TEXTS)
                index(writer, {**TEXTS, "new.py": "def addition():\n    return 1\n"})
                writer.prune(0)
        except StoreError:
            continue
        with asked(path) as reader:
            if reader.definitions("addition"):
                return
    pytest.fail("it never got well")


@pytest.mark.parametrize("log", [b"", b"garbage" * 9_000, bytes(40_000)], ids=["empty", "words", "zeros"])
def test_a_log_of_garbage_is_left_out(tmp_path: Path, log: bytes) -> None:
    path = build(tmp_path / "a.db")
    Path(f"{path}-wal").write_bytes(log)
    Path(f"{path}-shm").write_bytes(log[:32_768])
    with opened(path) as writer:
        assert writer.apply_listing(listing(TEXTS)).wanted == ()
    assert is_whole(path)


def test_damage_that_a_reader_finds_is_the_end_of_the_file(tmp_path: Path) -> None:
    path = build(tmp_path / "a.db")
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE file SET path = id")
    with asked(path) as reader, opened(path) as writer:
        assert reader.files() == ()
        assert reader.status().problem
        assert Path(f"{path}{MARK}").exists()
        with pytest.raises(StoreError, match=r"a reader found it damaged.*will be rebuilt"):
            writer.apply_listing(listing(TEXTS))
        with opened(path) as again:
            assert again.fresh
            index(again, TEXTS)
            assert len(reader.files()) == len(TEXTS)
            assert reader.status().problem == ""


def test_a_folder_in_its_place_is_reported(tmp_path: Path) -> None:
    (tmp_path / "a.db").mkdir()
    with pytest.raises(StoreError, match="is a folder"):
        IndexWriter(str(tmp_path / "a.db"), VERSION)
    with asked(tmp_path / "a.db") as reader:
        assert reader.files() == ()


def test_a_lock_of_another_program_is_reported_and_harms_nothing(tmp_path: Path) -> None:
    path = build(tmp_path / "a.db")
    with closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreError, match="Another program has locked it"):
            IndexWriter(str(path), VERSION)
        with asked(path) as reader:
            assert reader.definitions("Parcel")
    with opened(path) as writer:
        assert not writer.fresh


def test_a_closed_writer_harms_nothing(tmp_path: Path) -> None:
    path = build(tmp_path / "a.db")
    writer = IndexWriter(str(path), VERSION)
    writer.close()
    writer.close()
    with pytest.raises(StoreError):
        writer.apply_listing(listing(TEXTS))
    with opened(path) as again:
        assert not again.fresh


FULL = """
import resource, signal, sys
sys.path.insert(0, sys.argv[1])
from stores import index, opened, TEXTS
from assist_context.index.database import StoreError
from pathlib import Path
path = Path(sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, resource.RLIM_INFINITY))
texts = {f"f{at}.py": "".join(f"def name_{at}_{n}(): pass\\n" for n in range(300)) for at in range(40)}
try:
    with opened(path) as writer:
        index(writer, TEXTS)
        index(writer, {**TEXTS, **texts})
except StoreError as error:
    print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
with opened(path) as writer:
    assert not writer.fresh
    index(writer, {**TEXTS, **texts})
"""


@posix
def test_a_full_disk_is_reported_and_harms_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    done = subprocess.run(
        [sys.executable, "-c", FULL, HERE, path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "full" in done.stdout
    assert is_whole(path)
    with asked(path) as reader:
        assert reader.definitions("name_39_299")


@posix
def test_a_missing_permission_is_reported(tmp_path: Path) -> None:
    """Runs as another user if the tests run as root, who may do everything."""
    place = tmp_path / "closed"
    build(place / "a.db")
    for each in (place / "a.db", place):
        each.chmod(each.stat().st_mode & 0o555 | 0o444)
    for each in (tmp_path, *tmp_path.parents):
        if os.access(each, os.W_OK) and str(each).startswith(os.path.realpath("/tmp") + os.sep):  # noqa: S108
            each.chmod(each.stat().st_mode | 0o055)
    child = os.fork()
    if not child:
        code = 1
        try:
            if os.getuid() == 0:
                os.setuid(65_534)
            messages = []
            for name in ("a.db", "b.db"):
                try:
                    IndexWriter(str(place / name), VERSION)
                except StoreError as error:
                    messages.append(str(error))
            code = 0 if len(messages) == 2 and all("writable" in each for each in messages) else 2
        finally:
            os._exit(code)
    _, result = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(result) == 0


def test_size_counts_the_log(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    assert read_size(str(path)) == 0
    with opened(path) as writer:
        index(writer, TEXTS)
        assert read_size(str(path)) > path.stat().st_size


def test_no_file_is_no_database(tmp_path: Path) -> None:
    assert open_read(str(tmp_path / "a.db")) is None


def test_a_path_with_strange_letters_is_a_path(tmp_path: Path) -> None:
    path = build(tmp_path / "a b?c=d#e%20&mode=rw\u00e9.db")
    with asked(path) as reader:
        assert reader.definitions("Parcel")
