"""Which token sequences count as a loop."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assist_completion.inference.answer_generation import LEAST, PERIOD, TIMES, repeats
from assist_completion.inference.conversation import BLOCK_LEAST, repeats_lines


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


NAMES = ["empty", "one", "none", "long", "short", "odd", "even", "last"]


@pytest.mark.parametrize(
    "unit",
    [
        "    assert parse('Bearer {number}') == ('Bearer', '{number}')\n",
        "# Case {number}\nassert total([{number}]) == {number}\n",
        "def test_total_{name}():\n    cart = Cart()\n    assert cart.total() == 0\n\n",
        "def test_{name}_{number}():\n    with pytest.raises(ValueError):\n        parse('')\n\n\n",
        "- It is used in line {number} of the file.\n",
    ],
)
def test_lines_that_only_count_up_or_rename_are_a_loop(unit: str) -> None:
    text = "Here are the tests.\n\n```python\n"
    for number in range(40):
        text += unit.format(number=number, name=NAMES[number % len(NAMES)] + "x" * number)
        if repeats_lines(text):
            break
    else:
        raise AssertionError("no end")
    assert 5 <= number < 30


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"    ({number}, {number * number}),\n" for number in range(200)),
        "".join(f"class {name.title()}Error(ShopError):\n    pass\n\n\n" for name in NAMES),
        "".join(f"| {name} | {number} |\n" for number, name in enumerate(NAMES * 4)),
        "".join(f"    assert total([{number}]) == {number}\n" for number in range(12)),
        "}\n" * 100,
        "",
    ],
)
def test_tables_short_classes_and_a_dozen_cases_are_no_loop(text: str) -> None:
    lines = text.splitlines(keepends=True)
    assert not any(repeats_lines("".join(lines[:end])) for end in range(len(lines) + 1))


def test_a_line_that_is_being_written_does_not_count() -> None:
    text = "".join(f"    assert total([{number}]) == {number}\n" for number in range(BLOCK_LEAST))
    assert repeats_lines(text)
    assert repeats_lines(text + "    and")
    assert not repeats_lines(text.removesuffix("\n"))
