"""Reserve, settle, release and reconcile, and what is left of a day's budget."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from ledger_child import NOON, an_ask

from assist_escalation.budget.ledger import (
    MAX_MICRO,
    BudgetError,
    Ceiling,
    Ledger,
    ReservationRequest,
    Scope,
    SpendingLimits,
    SpendingRow,
)
from assist_escalation.budget.ledger_file import LedgerAnchor, LedgerError
from assist_escalation.errors import EscalationError
from assist_escalation.prompts import Usage

DAY = 86_400
HERE = Scope("repo", "user")
LIMITS = SpendingLimits(request_micro=100, repo_day_micro=250, user_day_micro=400)


class Clock:
    def __init__(self, now: float = NOON) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(tmp_path: Path, clock: Clock) -> Ledger:
    return Ledger(tmp_path / "state" / "ledger.db", clock)


def test_what_is_reserved_is_spent_until_it_is_settled(ledger: Ledger) -> None:
    assert ledger.remaining(HERE, LIMITS) == 250
    ledger.reserve(an_ask("a", 100), LIMITS)
    assert ledger.remaining(HERE, LIMITS) == 150
    ledger.settle("a", 30, Usage(input=5, output=5), "stop")
    assert ledger.remaining(HERE, LIMITS) == 220


def test_one_request_may_not_cost_more_than_a_request_may(ledger: Ledger) -> None:
    with pytest.raises(
        BudgetError, match=r"may cost \$0\.0001, but at most \$0\.0001 is allowed.*per_request"
    ):
        ledger.reserve(an_ask("a", 101), LIMITS)
    assert ledger.remaining(HERE, LIMITS) == 250


def test_the_day_of_a_repository_is_a_budget(ledger: Ledger) -> None:
    ledger.reserve(an_ask("a", 100), LIMITS)
    ledger.reserve(an_ask("b", 100), LIMITS)
    with pytest.raises(BudgetError, match=r"left today for this repository.*--local"):
        ledger.reserve(an_ask("c", 51), LIMITS)
    ledger.reserve(an_ask("d", 50), LIMITS)
    assert ledger.remaining(HERE, LIMITS) == 0


def test_the_day_of_a_user_is_one_over_all_repositories(ledger: Ledger) -> None:
    for number in range(4):
        ledger.reserve(an_ask(str(number), 100, repo=f"repo{number % 2}"), LIMITS)
    with pytest.raises(BudgetError, match="left today for you"):
        ledger.reserve(an_ask("more", 1, repo="another"), LIMITS)
    ledger.reserve(ReservationRequest("other", Scope("another", "somebody"), "ask", "p", "m", 100), LIMITS)


def test_what_costs_nothing_may_always_be_asked(ledger: Ledger) -> None:
    ledger.reserve(an_ask("a", 100), LIMITS)
    ledger.settle("a", 500, Usage(), "stop")
    ledger.reserve(an_ask("free", 0), LIMITS)


def test_more_than_was_reserved_counts_in_full(ledger: Ledger) -> None:
    ledger.reserve(an_ask("a", 10), LIMITS)
    ledger.settle("a", 300, Usage(output=1), "stop")
    assert ledger.remaining(HERE, LIMITS) == 0
    with pytest.raises(BudgetError):
        ledger.reserve(an_ask("b", 1), LIMITS)


def test_absurd_figures_end_the_budget_and_leave_the_ledger_whole(ledger: Ledger) -> None:
    for name in "abcdefghij":
        ledger.reserve(an_ask(name, 0), LIMITS)
        ledger.settle(name, 10**40, Usage(input=10**40, output=10**40), "stop")
    assert ledger.remaining(HERE, LIMITS) == 0
    assert ledger.spending("repo") == (
        SpendingRow("repo", 10, 10 * MAX_MICRO, 10 * MAX_MICRO, 10 * MAX_MICRO, 0),
    )
    with pytest.raises(BudgetError):
        ledger.reserve(an_ask("k", MAX_MICRO + 1), SpendingLimits(10**30, 10**30, 10**30))


def test_to_settle_again_changes_nothing(ledger: Ledger) -> None:
    ledger.reserve(an_ask("a", 100), LIMITS)
    ledger.settle("a", 30, Usage(output=3), "stop")
    ledger.settle("a", 0, Usage(), "error")
    ledger.settle("a", 99, Usage(output=9), "stop")
    assert ledger.spending("repo") == (SpendingRow("repo", 1, 30, 0, 3, 0),)


@pytest.mark.parametrize(
    ("micro", "usage"),
    [(-1, Usage()), (1, Usage(input=-1)), (1, Usage(cache_read=-1)), (1, Usage(output=-5))],
)
def test_nothing_negative_is_settled_and_the_reservation_stays(
    ledger: Ledger, micro: int, usage: Usage
) -> None:
    ledger.reserve(an_ask("a", 100), LIMITS)
    with pytest.raises(EscalationError, match="negative"):
        ledger.settle("a", micro, usage, "stop")
    assert ledger.remaining(HERE, LIMITS) == 150


def test_a_bound_is_not_negative() -> None:
    with pytest.raises(EscalationError, match="upper_micro = -1"):
        an_ask("a", -1)


def test_what_was_released_is_given_back_once(ledger: Ledger) -> None:
    ledger.reserve(an_ask("a", 100), LIMITS)
    ledger.release("a")
    ledger.release("a")
    assert ledger.remaining(HERE, LIMITS) == 250
    assert ledger.spending("day") == ()


def test_what_is_settled_is_not_released(ledger: Ledger) -> None:
    ledger.reserve(an_ask("a", 100), LIMITS)
    ledger.settle("a", 70, Usage(), "stop")
    ledger.release("a")
    assert ledger.remaining(HERE, LIMITS) == 180


def test_what_was_sent_after_all_is_paid_after_all(ledger: Ledger) -> None:
    ledger.reserve(an_ask("a", 100), LIMITS)
    ledger.release("a")
    ledger.settle("a", 60, Usage(), "stop")
    assert ledger.remaining(HERE, LIMITS) == 190


def test_a_request_is_reserved_once(ledger: Ledger) -> None:
    ledger.reserve(an_ask("a", 10), LIMITS)
    with pytest.raises(LedgerError, match="already has a request a"):
        ledger.reserve(an_ask("a", 10), LIMITS)
    assert ledger.remaining(HERE, LIMITS) == 240


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(lambda ledger: ledger.settle("a", 1, Usage(), "stop"), id="settle"),
        pytest.param(lambda ledger: ledger.release("a"), id="release"),
    ],
)
def test_money_that_nobody_reserved_is_an_error(ledger: Ledger, call: Callable[[Ledger], None]) -> None:
    with pytest.raises(LedgerError, match=r"ledger\.db has no request a.*moved away"):
        call(ledger)


def test_reconciling_takes_what_is_left_over_for_paid(ledger: Ledger, clock: Clock) -> None:
    ledger.reserve(an_ask("crashed", 100), LIMITS)
    clock.now += 1
    ledger.reserve(an_ask("slow", 50), LIMITS)
    assert [(each.at, each.ask) for each in ledger.open_reservations()] == [
        (NOON, an_ask("crashed", 100)),
        (NOON + 1, an_ask("slow", 50)),
    ]
    assert ledger.reconcile() == 2
    assert ledger.open_reservations() == ()
    assert ledger.reconcile() == 0
    assert ledger.remaining(HERE, LIMITS) == 100
    assert ledger.spending("repo") == (SpendingRow("repo", 2, 150, 0, 0, 2),)
    ledger.release("crashed")  # `reconcile` counted it as paid, and it stays so
    ledger.settle("slow", 20, Usage(output=1), "stop")  # it was only slow, and now its cost is known
    assert ledger.spending("repo") == (SpendingRow("repo", 2, 120, 0, 1, 1),)


def test_the_next_utc_day_is_a_new_budget(ledger: Ledger, clock: Clock) -> None:
    ledger.reserve(an_ask("a", 100), LIMITS)
    clock.now = NOON + DAY / 2 - 0.001
    assert ledger.remaining(HERE, LIMITS) == 150
    clock.now = NOON + DAY / 2
    assert ledger.remaining(HERE, LIMITS) == 250
    ledger.settle("a", 90, Usage(), "stop")  # it counts on the day of its reservation
    assert ledger.remaining(HERE, LIMITS) == 250


def test_a_clock_set_back_opens_no_budget_and_gives_nothing_back(ledger: Ledger, clock: Clock) -> None:
    ledger.reserve(an_ask("before", 100), LIMITS)
    clock.now = NOON + DAY
    for name in ("a", "b"):
        ledger.reserve(an_ask(name, 100), LIMITS)
    for days in (1, 2, 400):
        clock.now = NOON - days * DAY
        assert ledger.remaining(HERE, LIMITS) == 50
        with pytest.raises(BudgetError, match=r"lasts until \d{4}-\d\d-\d\d.*ledger\.db"):
            ledger.reserve(an_ask(f"back{days}", 51), LIMITS)
    ledger.reserve(an_ask("c", 50), LIMITS)
    clock.now = NOON + DAY
    assert ledger.remaining(HERE, LIMITS) == 0
    clock.now = NOON + 2 * DAY
    assert ledger.remaining(HERE, LIMITS) == 250


def test_spending_is_summed_by_what_one_asks_for(ledger: Ledger, clock: Clock) -> None:
    wide = SpendingLimits(10**6, 10**6, 10**6)
    first = ReservationRequest("1", Scope("r1", "u"), "explain", "p", "small", 10)
    second = ReservationRequest("2", Scope("r1", "u"), "fix", "p", "large", 500)
    third = ReservationRequest("3", Scope("r2", "u"), "fix", "p", "large", 40)
    ledger.reserve(first, wide)
    ledger.settle("1", 7, Usage(input=100, cache_read=20, cache_write=3, output=11), "stop")
    clock.now += DAY
    ledger.reserve(second, wide)
    ledger.settle("2", 300, Usage(input=1000, output=200, estimated=True), "cancelled")
    ledger.reserve(third, wide)
    assert ledger.spending("repo") == (
        SpendingRow("r1", 2, 307, 1123, 211, 1),
        SpendingRow("r2", 1, 40, 0, 0, 1),
    )
    assert ledger.spending("model") == (
        SpendingRow("large", 2, 340, 1000, 200, 2),
        SpendingRow("small", 1, 7, 123, 11, 0),
    )
    assert [row.key for row in ledger.spending("command")] == ["fix", "explain"]
    assert [(row.key, row.micro) for row in ledger.spending("day")] == [
        ("2027-01-15", 7),
        ("2027-01-16", 340),
    ]
    assert [row.key for row in ledger.spending("day", since=NOON + 1)] == ["2027-01-16"]


def test_names_that_are_no_utf8_are_kept_apart(ledger: Ledger) -> None:
    ledger.reserve(an_ask("a", 100, repo="/caf\udce9"), LIMITS)
    assert ledger.remaining(Scope("/caf\udce9", "user"), LIMITS) == 150
    assert ledger.remaining(Scope("/caf\udcea", "user"), LIMITS) == 250


def test_only_the_user_may_read_the_file(tmp_path: Path, ledger: Ledger) -> None:
    ledger.reserve(an_ask("a", 100), LIMITS)
    path = tmp_path / "state" / "ledger.db"
    with closing(sqlite3.connect(path)) as db:  # its WAL file exists while it is open
        db.execute("UPDATE clock SET latest = latest")
        modes = {file.name: file.stat().st_mode & 0o777 for file in path.parent.iterdir()}
    assert modes == dict.fromkeys(("ledger.db", "ledger.db-wal", "ledger.db-shm"), 0o600)
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_to_look_makes_no_file(tmp_path: Path, ledger: Ledger) -> None:
    assert (ledger.remaining(HERE, LIMITS), ledger.open_reservations(), ledger.spending("day")) == (
        250,
        (),
        (),
    )
    assert list(tmp_path.iterdir()) == []


def test_a_ceiling_holds_for_a_command_and_for_all_ids_with_a_beginning(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.sqlite")
    scope = Scope("/work", "me")

    def ask(number: str, command: str = "tool:aider") -> ReservationRequest:
        return ReservationRequest(number, scope, command, "acme", "m", 40)

    by_tool = SpendingLimits(100, 1000, 1000, (Ceiling(100, "aider today", command="tool:aider"),))
    ledger.reserve(ask("s1-a"), by_tool)
    ledger.reserve(ask("s2-a"), by_tool)
    with pytest.raises(BudgetError, match="is left for aider today"):
        ledger.reserve(ask("s2-b"), by_tool)
    ledger.reserve(ask("s3-a", "tool:zed"), SpendingLimits(100, 1000, 1000, (Ceiling(40, "", "tool:zed"),)))
    session = SpendingLimits(100, 1000, 1000, (Ceiling(60, "this session", ids="s1-"),))
    with pytest.raises(BudgetError, match="is left for this session"):
        ledger.reserve(ask("s1-b"), session)
    assert ledger.remaining(scope, session) == 20


def test_an_anchor_keeps_rows_in_the_file_beside_the_ledger_until_it_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    anchor = LedgerAnchor(path)
    ledger = Ledger(path, lambda: NOON, anchor=anchor)
    ledger.reserve(an_ask("first", 10), LIMITS)
    ledger.reserve(an_ask("second", 20), LIMITS)
    beside = path.with_name("ledger.db-wal")
    assert beside.stat().st_size > 0
    assert Ledger(path, lambda: NOON).remaining(HERE, LIMITS) == 220, "others read them there"
    anchor.close()
    assert not beside.exists()
    assert ledger.remaining(HERE, LIMITS) == 220


def test_an_anchor_lets_a_ledger_go_that_was_moved_away(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    anchor = LedgerAnchor(path)
    ledger = Ledger(path, lambda: NOON, anchor=anchor)
    for name in ("first", "second"):
        ledger.reserve(an_ask(name, 100), LIMITS)
    (tmp_path / "old").mkdir()
    for file in list(tmp_path.glob("ledger.db*")):
        file.rename(tmp_path / "old" / file.name)
    for name in ("third", "fourth"):
        ledger.reserve(an_ask(name, 100), LIMITS)
    assert {entry.id for entry in ledger.entries()} == {"third", "fourth"}
    anchor.close()
    assert [entry.id for entry in Ledger(tmp_path / "old/ledger.db").entries()] == ["first", "second"]
