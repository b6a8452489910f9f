"""Many processes at one ledger, killed processes, and calls in any order."""

import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ledger_child import NOON, PLENTY, an_ask
from rounds import rounds

from assist_escalation.budget.ledger import BudgetError, Ledger, Scope, SpendingLimits
from assist_escalation.prompts import Usage

pytestmark = pytest.mark.slow

CHILD = Path(__file__).parents[1] / "ledger_child.py"
HERE = Scope("repo", "user")
PROCESSES, REQUESTS, LIMIT, ROUNDS = rounds(64, 8), 100, 20_000, rounds(20, 6)

posix = pytest.mark.skipif(os.name != "posix", reason="kill -9 and shared pipes are POSIX's")


def child(*words: object, stdin: int | None = None) -> "subprocess.Popen[str]":
    command = [sys.executable, str(CHILD), *map(str, words)]
    return subprocess.Popen(command, stdin=stdin, stdout=subprocess.PIPE, text=True)


@posix
@pytest.mark.timeout(300)  # this is 15 s of work, and the machine may be busy
def test_many_processes_with_100_requests_each_spend_one_budget_and_no_more(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    start, gun = os.pipe()
    with ExitStack() as stack:
        children = [
            stack.enter_context(child("race", path, name, REQUESTS, LIMIT, stdin=start))
            for name in range(PROCESSES)
        ]
        os.close(start)
        assert [_line(each) for each in children] == ["ready\n"] * PROCESSES
        os.close(gun)  # all of them read the end of the same pipe
        told = [json.loads(_line(each)) for each in children]
    accepted, refused = (sum(each[key] for each in told) for key in ("accepted", "refused"))
    assert accepted + refused == PROCESSES * REQUESTS
    assert sum(1 for each in told if each["accepted"]) > 1  # there was a race
    spent = sum(each["spent"] for each in told)
    assert spent <= LIMIT
    assert spent > LIMIT - 150  # and nothing affordable was refused: requests cost 50 to 150
    ledger = Ledger(path, lambda: NOON)
    assert ledger.remaining(HERE, SpendingLimits(LIMIT, LIMIT, LIMIT)) == LIMIT - spent
    (row,) = ledger.spending("repo")
    assert (row.requests, row.micro) == (accepted, spent)


def _line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline()


@posix
def test_killed_at_any_point_what_was_acknowledged_is_spent(tmp_path: Path) -> None:
    path, chance = tmp_path / "ledger.db", random.Random(5)
    acknowledged = under_way = 0
    for turn in range(ROUNDS):
        with child("spend", path, turn) as process:
            assert process.stdout is not None
            acknowledged += int(process.stdout.readline())
            time.sleep(chance.uniform(0, 0.15))
            process.send_signal(signal.SIGKILL)
            acknowledged += sum(int(line) for line in process.stdout)
        under_way += 10  # the step that was not printed any more
        ledger = Ledger(path, lambda: NOON)
        spent = PLENTY.repo_day_micro - ledger.remaining(HERE, PLENTY)
        assert acknowledged <= spent <= acknowledged + under_way
        with closing(sqlite3.connect(path)) as db:
            assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert ledger.reconcile() <= ROUNDS
    assert PLENTY.repo_day_micro - ledger.remaining(HERE, PLENTY) == spent


Step = tuple[str, int, int]
NAMES = st.integers(0, 4)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("reserve"), NAMES, st.integers(0, 60)),
        st.tuples(st.just("settle"), NAMES, st.integers(0, 90)),
        st.tuples(st.just("release"), NAMES, st.just(0)),
        st.tuples(st.just("reconcile"), st.just(0), st.just(0)),
    ),
    max_size=14,
)
LIMITS = SpendingLimits(request_micro=50, repo_day_micro=100, user_day_micro=120)


@settings(max_examples=40)
@given(STEPS)
def test_in_any_order_the_sum_is_what_is_reserved_and_settled(steps: Sequence[Step]) -> None:
    folder = tempfile.mkdtemp()
    try:
        _walk(Ledger(Path(folder, "ledger.db"), lambda: NOON), steps)
    finally:
        shutil.rmtree(folder)


def _walk(ledger: Ledger, steps: Sequence[Step]) -> None:
    """The ledger against two dictionaries that take the same steps: what is reserved, and what is paid."""
    reserved: dict[int, int] = {}
    paid: dict[int, int] = {}
    known, final, excess = set[int](), set[int](), 0
    for does, name, micro in steps:
        spent = sum(reserved.values()) + sum(paid.values())
        match does:
            case "reserve" if name not in known:
                try:
                    ledger.reserve(an_ask(str(name), micro), LIMITS)
                except BudgetError:
                    assert micro > 50 or (micro > 0 and spent + micro > 100)
                    continue
                assert micro <= 50
                assert micro == 0 or spent + micro <= 100
                reserved[name] = micro
                known.add(name)
            case "settle" if name in known:
                ledger.settle(str(name), micro, Usage(), "stop")
                if name not in final:
                    before = reserved.pop(name, None)
                    before = paid.pop(name, 0) if before is None else before
                    paid[name], excess = micro, excess + max(0, micro - before)
                    final.add(name)
            case "release" if name in known:
                ledger.release(str(name))
                reserved.pop(name, None)
            case "reconcile":
                assert ledger.reconcile() == len(reserved)
                paid, reserved = paid | reserved, {}
        spent = sum(reserved.values()) + sum(paid.values())
        assert ledger.remaining(HERE, LIMITS) == max(0, 100 - spent)
        assert spent <= 100 + excess
        assert sum(row.micro for row in ledger.spending("day")) == spent
        assert {
            int(each.ask.request_id): each.ask.upper_micro for each in ledger.open_reservations()
        } == reserved
