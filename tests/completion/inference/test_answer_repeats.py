"""Which token sequences count as a loop."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assist_completion.inference.answer_generation import LEAST, PERIOD, TIMES, repeats


@pytest.mark.parametrize("period", [1, 2, 3, 16, 17, PERIOD])
def test_a_repeated_part_is_a_loop(period: int) -> None:
    part = list(range(period))
    need = max(TIMES * period, LEAST)
    tokens = [-1, -2, *(part * (need // period + 1))[:need]]
    assert repeats(tokens)
    assert not repeats([-1, -2, *tokens[3:]])


def test_longer_parts_and_broken_runs_are_no_loop() -> None:
    part = list(range(PERIOD + 1))
    assert not repeats(part * 6)
    assert not repeats([1] * (LEAST - 1))
    assert not repeats([*[1] * 40, 2, *[1] * 40])
    assert not repeats([*[1] * 100, 2])
    assert not repeats([])


@given(st.lists(st.integers(0, 3), max_size=40), st.lists(st.integers(0, 9), min_size=1, max_size=PERIOD))
def test_text_before_a_loop_does_not_hide_it(before: list[int], part: list[int]) -> None:
    assert repeats([*before, *part * (LEAST + TIMES)])
