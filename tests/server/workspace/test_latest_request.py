"""The thread of the newest request: older ones are dropped, jobs come first, and an error costs one answer."""

import threading
import time
from collections.abc import Callable

import pytest

from assist_server.workspace.latest_request import LatestRequest


class Gate:
    """A searcher that writes down what it is asked, and goes on when it may."""

    def __init__(self) -> None:
        self.asked: list[int | str] = []
        self.refreshed: list[int] = []  # how many requests there were before
        self.open = threading.Event()
        self.closed = threading.Event()
        self.fails = False

    def find(self, number: int) -> None:
        self.asked.append(number)
        self.open.wait(60)
        if self.fails:
            raise ZeroDivisionError

    def refresh(self) -> None:
        self.refreshed.append(len(self.asked))

    def close(self) -> None:
        self.closed.set()


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


def test_only_the_newest_request_is_answered_and_a_dropped_one_is_given_back() -> None:
    gate = Gate()
    latest = LatestRequest("test", lambda: gate, Gate.find)
    assert latest.request(1) is None
    until(lambda: gate.asked == [1])
    assert latest.request(2) is None
    assert latest.request(3) == 2
    latest.refresh()
    gate.open.set()
    until(lambda: gate.asked == [1, 3])
    assert gate.refreshed == [1]
    latest.close()
    assert gate.closed.wait(60)
    assert gate.asked == [1, 3]


def test_jobs_are_done_before_the_next_request_and_none_is_dropped() -> None:
    gate = Gate()
    latest = LatestRequest("test", lambda: gate, Gate.find)
    latest.request(1)
    until(lambda: gate.asked == [1])
    latest.request(2)
    latest.do_first(lambda searcher: searcher.asked.append("first"))
    latest.do_first(lambda searcher: searcher.asked.append("second"))
    gate.open.set()
    until(lambda: gate.asked == [1, "first", "second", 2])
    latest.close()
    assert gate.closed.wait(60)


@pytest.mark.parametrize("started", [False, True])
def test_nothing_begins_before_the_first_request_unless_it_is_started(started: bool) -> None:
    begun = threading.Event()

    def begin() -> Gate:
        begun.set()
        return Gate()

    latest = LatestRequest("test", begin, Gate.find)
    if started:
        latest.start()
        assert begun.wait(60)
    latest.refresh()
    latest.close()
    assert begun.is_set() is started


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_after_an_error_the_next_request_is_answered() -> None:
    gates: list[Gate] = []

    def begin() -> Gate:
        gates.append(Gate())
        gates[-1].open.set()
        gates[-1].fails = len(gates) == 1
        return gates[-1]

    before = set(threading.enumerate())
    latest = LatestRequest("test", begin, Gate.find)
    latest.request(1)
    until(lambda: bool(gates))
    assert gates[0].closed.wait(60)
    until(lambda: set(threading.enumerate()) <= before)
    latest.request(2)
    until(lambda: len(gates) == 2 and gates[1].asked == [2])
    latest.close()
    assert gates[1].closed.wait(60)
