"""Lanes, pre-emption and closing of the owner thread, with real threads but without a model."""

import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from assist_completion.errors import DeviceError, ModelError
from assist_completion.inference.devices import failure, failures, give_up, tell_failure
from assist_completion.inference.llama import Abort, Aborted
from assist_completion.inference.worker import WATCHING, Job, Lane, Worker


class Thing:
    def __init__(self, abort: Abort) -> None:
        self.abort = abort
        self.log: list[str] = []
        self.closed = threading.Event()

    def work(self, name: str, seconds: float = 5.0) -> None:
        """Compute until the end or an abort, like a decode."""
        self.log.append(name)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.abort.is_set():
                raise Aborted
            time.sleep(0.001)

    def close(self) -> None:
        self.closed.set()


@pytest.fixture
def worker():
    made: list[Thing] = []

    def open_thing(abort: Abort) -> Thing:
        made.append(Thing(abort))
        return made[0]

    running = Worker(open_thing)
    running.opened.result(60)
    running.thing = made[0]
    yield running
    running.close()
    assert made[0].closed.wait(60)


def job(name: str, lane: Lane, seconds: float = 0.0, *, resumable: bool = False) -> Job[Thing]:
    return Job(lane, lambda thing: thing.work(name, seconds), resumable)


def test_a_visible_request_interrupts_a_lower_lane(worker) -> None:
    low = job("warm", Lane.WARM, 60, resumable=True)
    worker.submit(low)
    while not worker.thing.log:
        time.sleep(0.001)
    high = job("visible", Lane.VISIBLE)
    worker.submit(high)
    high.done.result(60)
    worker.cancel(low)
    assert isinstance(low.done.exception(60), Aborted)
    assert worker.thing.log[:2] == ["warm", "visible"]


def test_resumable_work_is_run_again_and_other_work_given_up(worker) -> None:
    again = job("again", Lane.WARM, 0.2, resumable=True)
    worker.submit(again)
    while not worker.thing.log:
        time.sleep(0.001)
    given_up = job("given up", Lane.CONTINUE, 60)
    worker.submit(given_up)
    while len(worker.thing.log) < 2:
        time.sleep(0.001)
    worker.submit(job("visible", Lane.VISIBLE))
    again.done.result(60)
    assert isinstance(given_up.done.exception(60), Aborted)
    assert worker.thing.log == ["again", "given up", "visible", "again"]


def test_a_job_cancelled_before_it_ran(worker) -> None:
    running, waiting = job("running", Lane.VISIBLE, 0.2), job("waiting", Lane.WARM)
    worker.submit(running)
    worker.submit(waiting)
    worker.cancel(waiting)
    running.done.result(60)
    assert isinstance(waiting.done.exception(60), Aborted)
    assert worker.thing.log == ["running"]


def test_a_failing_job_does_not_end_the_thread(worker, caplog) -> None:
    broken = Job(Lane.VISIBLE, lambda _: 1 / 0)
    worker.submit(broken)
    assert isinstance(broken.done.exception(60), ZeroDivisionError)
    fine = job("fine", Lane.VISIBLE)
    worker.submit(fine)
    fine.done.result(60)


def test_closing_ends_running_and_waiting_work(worker) -> None:
    running, waiting = job("running", Lane.VISIBLE, 60), job("waiting", Lane.WARM)
    worker.submit(running)
    worker.submit(waiting)
    while not worker.thing.log:
        time.sleep(0.001)
    worker.close()
    assert isinstance(running.done.exception(60), Aborted)
    assert isinstance(waiting.done.exception(60), Aborted)
    late = job("late", Lane.VISIBLE)
    worker.submit(late)
    assert isinstance(late.done.exception(60), Aborted)


def test_an_error_at_the_start_reaches_the_caller() -> None:
    def fail(abort: Abort) -> Thing:
        raise OSError("no such model")

    with pytest.raises(OSError, match="no such model"):
        Worker(fail).opened.result(60)


@pytest.fixture
def _devices_as_before() -> Iterator[None]:
    yield
    failures.clear()


def opened_twice(told: list[str]) -> tuple[Worker[Thing], list[Thing]]:
    made: list[Thing] = []

    def open_thing(abort: Abort) -> Thing:
        made.append(Thing(abort))
        return made[-1]

    tell_failure(told.append)
    running = Worker(open_thing, on_device=True)
    running.opened.result(60)
    return running, made


@pytest.mark.usefixtures("_devices_as_before")
def test_a_lost_device_is_given_up_and_an_answer_goes_on_without_it() -> None:
    told: list[str] = []
    running, made = opened_twice(told)

    def compute(thing: Thing) -> None:
        if thing is made[0]:
            raise DeviceError("llama_decode answered -3.")
        thing.work("answer", 0)

    answer = Job(Lane.ANSWER, compute, resumable=True)
    running.submit(answer)
    answer.done.result(60)
    assert [thing.log for thing in made] == [[], ["answer"]]
    assert told == ["The graphics device failed, and the processor goes on: llama_decode answered -3."]
    ghost_text = job("visible", Lane.VISIBLE)
    running.submit(ghost_text)
    ghost_text.done.result(60)
    running.close()
    assert made[1].closed.wait(60)
    assert not made[0].closed.is_set(), "what was on the device is not touched again"
    give_up("another one")
    assert len(told) == 1, "it is told once"


@pytest.mark.usefixtures("_devices_as_before")
@pytest.mark.parametrize("cancelled", [False, True])
def test_a_device_that_hangs_is_given_up_though_nothing_else_is_asked(cancelled: bool) -> None:
    told: list[str] = []
    running, made = opened_twice(told)
    begun, wake, late = threading.Event(), threading.Event(), threading.Event()

    def hang_first(thing: Thing) -> None:
        if thing is made[0]:
            try:
                with thing.abort.call("vulkan"):
                    begun.set()
                    wake.wait(60)
            finally:
                late.set()
        thing.work("answer", 0)

    answer: Job[Thing] = Job(Lane.ANSWER, hang_first, resumable=True)
    running.submit(answer)
    assert begun.wait(60)
    if cancelled:
        running.cancel(answer)
    made[0].abort.due = 0.0  # half a minute later
    if cancelled:
        assert isinstance(answer.done.exception(60), Aborted)
    else:
        answer.done.result(60)
    assert told == ["The graphics device failed, and the processor goes on: it did not answer in time."]
    wake.set()  # the driver answers after all, and its thread ends
    assert late.wait(60)
    visible = job("visible", Lane.VISIBLE)
    running.submit(visible)
    visible.done.result(60)
    assert [thing.log for thing in made] == [[], ["visible"] if cancelled else ["answer", "visible"]]
    assert len(told) == 1
    running.close()


@pytest.mark.usefixtures("_devices_as_before")
def test_a_processor_may_take_as_long_as_it_needs() -> None:
    told: list[str] = []
    running, made = opened_twice(told)
    slow = job("slow", Lane.ANSWER, 1.2)  # longer than two looks at the clock
    running.submit(slow)
    slow.done.result(60)
    assert (told, len(made)) == ([], 1)
    running.close()


@pytest.mark.usefixtures("_devices_as_before")
def test_a_device_that_never_opens_the_model_is_left_and_its_late_error_harms_nothing() -> None:
    wake = threading.Event()
    late = threading.Event()
    begun = threading.Event()
    made: list[Thing] = []
    started: list[Abort] = []

    def open_thing(abort: Abort) -> Thing:
        if not failure():
            started.append(abort)
            begun.set()
            wake.wait(60)
            late.set()
            raise DeviceError("too late")
        made.append(Thing(abort))
        return made[-1]

    running = Worker(open_thing, on_device=True)
    assert begun.wait(60)
    started[0].due = 0.0
    running.opened.result(60)
    wake.set()
    assert late.wait(60)
    ghost_text = job("visible", Lane.VISIBLE)
    running.submit(ghost_text)
    ghost_text.done.result(60)
    assert made[0].log == ["visible"]
    running.close()


@pytest.mark.usefixtures("_devices_as_before")
def test_what_waits_ends_where_the_model_cannot_be_opened_again() -> None:
    def open_thing(abort: Abort) -> Thing:
        if failure():
            raise ModelError("the file is gone")
        return Thing(abort)

    def lose(_thing: Thing) -> None:
        raise DeviceError("lost")

    running = Worker(open_thing)
    running.opened.result(60)
    jobs: list[Job[Thing]] = [Job(Lane.ANSWER, lose, resumable=True), job("later", Lane.WARM, resumable=True)]
    for waiting in jobs:
        running.submit(waiting)
    assert [type(waiting.done.exception(60)) for waiting in jobs] == [Aborted, Aborted]
    running.close()


@pytest.mark.usefixtures("_devices_as_before")
@pytest.mark.skipif(sys.platform != "linux", reason="switches are counted by Linux")
def test_nothing_wakes_up_while_a_device_has_nothing_to_do() -> None:
    running, _ = opened_twice([])
    done = job("visible", Lane.VISIBLE)
    running.submit(done)
    done.done.result(60)
    watcher = next(thread for thread in threading.enumerate() if thread.name == "assist-device")
    status = Path(f"/proc/self/task/{watcher.native_id}/status")

    def switches() -> str:
        return status.read_text("utf-8").partition("\nvoluntary_ctxt_switches:")[2].split()[0]

    time.sleep(2.5 * WATCHING)  # what it looked at until now, it looked at for the job
    before = switches()
    time.sleep(4 * WATCHING)
    assert switches() == before
    running.close()
    watcher.join(60)
    assert not watcher.is_alive()
