"""The windows of the benchmark for rewriting, and what it computes from known answers."""

import ast
import re
from itertools import islice
from pathlib import Path

import pytest

from assist_completion.prompt.next_edit_layout import LINES
from bench.rewriting.policies import DraftPolicy, seconds
from bench.rewriting.ties import first_difference
from bench.rewriting.windows import PLACES, windows
from rewrite import RewriteTiming, changed_tokens, report


def test_a_window_has_one_line_with_the_new_name_and_others_with_the_old_one() -> None:
    for window in islice(windows(Path(ast.__file__).parent), 12):
        (edit,) = window.edits
        assert len(window.lines) == LINES
        assert window.lines[edit.line - window.line] == edit.new[0] != edit.old[0]
        names = re.findall(r"\bnew_(\w+)", edit.new[0])
        assert any(len(re.findall(rf"\b{name}\b", window.text)) in PLACES for name in names)


@pytest.mark.parametrize(
    ("answer", "batches"),
    [
        ([1, 2, 3, 4, 5, 6], [5, 1]),
        ([1, 2, 9, 4, 5, 6], [5, 1, 3]),
        ([1, 2], [5]),
        ([7, 8], [1, 1]),
    ],
)
def test_a_policy_costs_its_batches(answer: list[int], batches: list[int]) -> None:
    made: list[int] = []

    def cost(size: int) -> float:
        made.append(size)
        return 1.0

    assert seconds(DraftPolicy(1, 4, 4), tuple(answer), (1, 2, 3, 4, 5, 6), cost) == len(made)
    assert made == batches


def test_changes_are_counted_in_tokens() -> None:
    assert changed_tokens([1, 2, 3], [1, 2, 3]) == 0
    assert changed_tokens([1, 2, 3], [1, 9, 8, 3]) == 2
    assert first_difference([1, 2], [1, 2]) == -1
    assert first_difference([1, 2], [1, 3]) == 1
    assert first_difference([1, 2], [1]) == 1


def test_windows_with_many_changes_are_only_counted() -> None:
    few = RewriteTiming("a", 100, 50, 2, "stop", 400.0, 300.0, 1500.0, 60, 3, -1)
    many = RewriteTiming("b", 100, 50, 99, "length", 400.0, 9000.0, 9000.0, 60, 99, 4, 0.05)
    found = report([few, few, many], 10)
    assert (found["windows"], found["few_changes"], found["exact"]) == (3, 2, 2)
    assert found["other token at a tie"] == 1
    assert (found["p50_ms"], found["answer_share"]) == (700, 0.2)
