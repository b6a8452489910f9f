"""The thread that looks for offers: the newest request counts, and an error costs one answer."""

import threading
import time
from collections.abc import Callable

import pytest

from assist_context.documents import Cursor
from assist_server.editor.next_edit.offer_worker import FoundOffer, OfferRequest, OfferWorker


class Gate:
    """A searcher that writes down what it is asked, and goes on when it may."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.refreshed = 0
        self.open = threading.Event()
        self.closed = threading.Event()
        self.fails = False

    def find(self, request: OfferRequest) -> FoundOffer | None:
        self.asked.append(request.number)
        self.open.wait(10)
        if self.fails:
            self.fails = False
            raise ZeroDivisionError
        return None

    def refresh(self) -> None:
        self.refreshed += 1

    def close(self) -> None:
        self.closed.set()


def request(number: int) -> OfferRequest:
    return OfferRequest(number, "/a.py", Cursor(0, 0), {}, (), (), None, "balanced")


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


def test_only_the_newest_request_is_answered_and_a_dropped_one_is_given_back() -> None:
    gate = Gate()
    answered: list[int] = []
    worker = OfferWorker(lambda: gate, lambda asked, _: answered.append(asked.number))
    assert worker.request(request(1)) is None
    until(lambda: gate.asked == [1])
    assert worker.request(request(2)) is None
    dropped = worker.request(request(3))
    assert dropped is not None
    assert dropped.number == 2
    worker.refresh()
    gate.open.set()
    until(lambda: answered == [1, 3])
    assert gate.refreshed == 1
    worker.close()
    assert gate.closed.wait(10)
    assert gate.asked == [1, 3]


def test_nothing_starts_before_the_first_request() -> None:
    begun: list[int] = []
    worker = OfferWorker(lambda: begun.append(1) or Gate(), lambda *_: None)  # type: ignore[func-returns-value]
    worker.refresh()
    worker.close()
    assert begun == []


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_after_an_error_the_next_request_is_answered() -> None:
    gates: list[Gate] = []
    answered: list[int] = []

    def begin() -> Gate:
        gates.append(Gate())
        gates[-1].open.set()
        gates[-1].fails = len(gates) == 1
        return gates[-1]

    before = set(threading.enumerate())
    worker = OfferWorker(begin, lambda asked, _: answered.append(asked.number))
    worker.request(request(1))
    until(lambda: answered == [1])
    assert gates[0].closed.wait(10)
    until(lambda: set(threading.enumerate()) <= before)
    worker.request(request(2))
    until(lambda: answered == [1, 2])
    worker.close()
    assert gates[1].closed.wait(10)
