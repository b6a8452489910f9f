"""A ledger that cannot be used: the error names the file and says what to do, and no new ledger is created."""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from ledger_child import NOON, PLENTY, an_ask

from assist_escalation.budget import ledger_file
from assist_escalation.budget.ledger import Ledger, Scope
from assist_escalation.budget.ledger_file import LedgerError
from assist_escalation.prompts import Usage

CHILD = Path(__file__).parents[1] / "ledger_child.py"
HERE = Scope("repo", "user")
CALLS: dict[str, Callable[[Ledger], object]] = {
    "reserve": lambda ledger: ledger.reserve(an_ask("late", 1), PLENTY),
    "settle": lambda ledger: ledger.settle("1", 1, Usage(), "stop"),
    "release": lambda ledger: ledger.release("1"),
    "reconcile": lambda ledger: ledger.reconcile(),
    "left": lambda ledger: ledger.remaining(HERE, PLENTY),
    "open_reservations": lambda ledger: ledger.open_reservations(),
    "spending": lambda ledger: ledger.spending("day"),
}
every_call = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
linux = pytest.mark.skipif(sys.platform != "linux", reason="by means of Linux")


def opened(path: Path) -> Ledger:
    return Ledger(path, lambda: NOON, wait_s=0.05)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A ledger with 60 open requests in it."""
    path = tmp_path / "ledger.db"
    opened(path).reserve(an_ask("0", 1), PLENTY)
    with ledger_file.write_transaction(
        path
    ) as db:  # in one transaction, since each reservation waits for the disk
        for number in range(1, 60):
            db.execute(
                "INSERT INTO request(id, at, day, repo, user, command, provider, model, state, reserved, micro) "
                "SELECT ?, at, day, repo, user, command, provider, model, state, reserved, micro "
                "FROM request WHERE id = '0'",
                (str(number),),
            )
    return path


def failure(path: Path, call: Callable[[Ledger], object]) -> str:
    with pytest.raises(LedgerError) as caught:
        call(opened(path))
    assert str(path) in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("does", ["reserve", "settle", "release", "reconcile"])
def test_locked_for_too_long(path: Path, does: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert "Another program has locked it" in failure(path, CALLS[does])
        assert (
            opened(path).remaining(HERE, PLENTY) == PLENTY.repo_day_micro - 60
        )  # reading is possible meanwhile
    CALLS[does](opened(path))


@every_call
def test_below_a_file(tmp_path: Path, call: Callable[[Ledger], object]) -> None:
    (tmp_path / "file").write_text("")
    assert "writable" in failure(tmp_path / "file" / "ledger.db", call)


@every_call
def test_a_folder(tmp_path: Path, call: Callable[[Ledger], object]) -> None:
    (tmp_path / "ledger.db").mkdir()
    assert "writable" in failure(tmp_path / "ledger.db", call)


@linux
def test_read_only(path: Path) -> None:
    path.chmod(0o400)
    assert "writable" in without_rights("reserve", path)
    path.chmod(0o600)
    path.parent.chmod(0o500)
    try:
        assert "writable" in without_rights("reserve", path)
        assert "writable" in without_rights("reserve", path.with_name("new.db"))
        path.parent.chmod(0o000)
        assert "writable" in without_rights("reserve", path)
    finally:
        path.parent.chmod(0o700)
    assert opened(path).remaining(HERE, PLENTY) == PLENTY.repo_day_micro - 60


def without_rights(does: str, path: Path) -> str:
    error = str(run(does, path)["error"])
    assert str(path) in error
    return error


def run(*words: object) -> dict[str, object]:
    command = [sys.executable, str(CHILD), *map(str, words)]
    told: dict[str, object] = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    return told


@linux
@pytest.mark.parametrize("more", [20_000, 100_000])
def test_a_full_disk(path: Path, more: int) -> None:
    most = path.stat().st_size + more
    told = run("fill", path, most)
    assert str(path) in str(told["error"])
    assert "disk is full" in str(told["error"])
    ledger = opened(path)
    assert PLENTY.repo_day_micro - ledger.remaining(HERE, PLENTY) == 60 + int(str(told["reserved"]))
    ledger.reserve(an_ask("late", 1), PLENTY)  # there is space again


@linux
def test_a_full_disk_from_the_start(tmp_path: Path) -> None:
    told = run("fill", tmp_path / "ledger.db", 3_000)
    assert told["reserved"] == 0
    assert str(tmp_path / "ledger.db") in str(told["error"])
    assert "disk is full" in str(told["error"])
    assert list(tmp_path.iterdir()) == []


def test_no_page_left(path: Path) -> None:
    with pytest.raises(LedgerError, match=r"ledger\.db: .*full.*Make room"):
        write(path, "PRAGMA max_page_count = 1", "UPDATE request SET finish = hex(zeroblob(50000))")
    assert opened(path).remaining(HERE, PLENTY) == PLENTY.repo_day_micro - 60


def write(path: Path, *statements: str) -> None:
    with ledger_file.write_transaction(path) as db:
        for statement in statements:
            db.execute(statement)


def empty(data: bytes) -> bytes:
    return b""


def garbage(data: bytes) -> bytes:
    return b"no database\n" * 1_000


def cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def scrambled(data: bytes) -> bytes:
    return data[:100] + bytes(byte ^ 0x5A for byte in data[100:])


def zeroed(data: bytes) -> bytes:
    return data[:4096] + bytes(len(data) - 4096)


def of_the_future(data: bytes) -> bytes:
    return data[:60] + (99).to_bytes(4, "big") + data[64:]


@every_call
@pytest.mark.parametrize("harm", [empty, garbage, cut, scrambled, zeroed, of_the_future])
def test_damaged(path: Path, harm: Callable[[bytes], bytes], call: Callable[[Ledger], object]) -> None:
    harmed = harm(path.read_bytes())
    path.write_bytes(harmed)
    message = failure(path, call)
    assert "so assist never replaces it: move it" in message
    assert path.read_bytes() == harmed  # it may still record what was spent


def test_moved_aside_there_is_a_new_one(path: Path) -> None:
    path.write_bytes(b"")
    path.rename(path.with_suffix(".damaged"))
    opened(path).reserve(an_ask("late", 1), PLENTY)
    assert opened(path).remaining(HERE, PLENTY) == PLENTY.repo_day_micro - 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE request SET micro = -5",
        "UPDATE request SET micro = 'much'",
        "UPDATE request SET day = 'today'",
        "UPDATE request SET state = 'free'",
        "UPDATE clock SET latest = 'now'",
    ],
)
def test_what_we_never_write_cannot_be_written(path: Path, statement: str) -> None:
    with pytest.raises(LedgerError, match="CHECK"):
        write(path, statement)


@every_call
def test_a_log_without_its_ledger(tmp_path: Path, call: Callable[[Ledger], object]) -> None:
    path = tmp_path / "ledger.db"
    path.with_name("ledger.db-wal").write_bytes(b"committed, and not yet in the ledger")
    assert "restore the first" in failure(path, call)
    assert os.listdir(tmp_path) == ["ledger.db-wal"]
