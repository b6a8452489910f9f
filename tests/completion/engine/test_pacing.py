"""When to call the model and when to work ahead, on a virtual clock."""

from assist_completion.engine.speculation import FLOOR, TypingPace


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def type_keys(clock: Clock, pace: TypingPace, gap: float) -> None:
    for _ in range(9):
        clock.now += gap
        pace.record_key()


def test_the_wait_follows_the_typist() -> None:
    clock = Clock()
    pace = TypingPace(clock)
    assert pace.debounce(0.3) == FLOOR
    type_keys(clock, pace, 0.2)
    assert 0.05 < pace.debounce(0.3) < 0.15
    type_keys(clock, pace, 0.9)
    assert pace.debounce(0.3) == 0.3


def test_a_slow_model_is_called_at_once() -> None:
    clock = Clock()
    pace = TypingPace(clock)
    type_keys(clock, pace, 0.2)
    for _ in range(9):
        pace.record_answer(0.5)
    assert pace.debounce(0.3) == FLOOR


def test_a_pause_is_no_key_gap() -> None:
    clock = Clock()
    pace = TypingPace(clock)
    type_keys(clock, pace, 5.0)
    assert pace.debounce(0.3) == FLOOR


def test_work_ahead_has_a_limit_that_passes() -> None:
    clock = Clock()
    pace = TypingPace(clock)
    pace.record_work(14)
    assert pace.may_speculate()
    pace.record_work(2)
    assert not pace.may_speculate()
    clock.now += 31
    assert pace.may_speculate()
