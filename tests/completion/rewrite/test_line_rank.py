"""The score of a line's new text: what it compares, what it costs, and that the sequence stays right."""

import math

import pytest
from fake_rewriting_model import QWEN, FakeRewritingLlama, sequence_of

from assist_completion.prompt.next_edit_layout import EditWindow, PastEdit
from assist_completion.rewrite.line_rank import rank_line
from assist_completion.rewrite.window_rewrite import LineChange

OLD, NEW = "    total += load_user(name)\n", "    total += fetch_user(name)\n"
EDIT = PastEdit("a.py", 7, ("def load_user(name):\n",), ("def fetch_user(name):\n",))
WINDOW = EditWindow("a.py", 30, ("x = 1\n", OLD, "y = 2\n"), (EDIT,))


@pytest.mark.parametrize(("script", "sign"), [("\nx = 1\n" + NEW, 1), ("\nx = 1\n" + OLD, -1)])
def test_what_the_model_would_write_has_the_higher_score(script: str, sign: int) -> None:
    llama = FakeRewritingLlama(script)
    found = rank_line(sequence_of(llama), QWEN, LineChange(WINDOW, 31, NEW))
    assert sign * found.score > 8
    assert found.tokens.evaluated == sum(llama.evaluated)


def test_a_score_is_the_difference_of_log_probabilities() -> None:
    llama = FakeRewritingLlama("\nx = 1\nb\n")
    llama.sureness = 2.0
    window = EditWindow("a.py", 0, ("x = 1\n", "a\n"))
    found = rank_line(sequence_of(llama), QWEN, LineChange(window, 1, "b\n"))
    likely = math.log(math.exp(2) / (math.exp(2) + 262))
    unlikely = math.log(1 / (math.exp(2) + 262))
    # "b" and its line end are as the model has them. After "a" it has another text.
    assert found.score == pytest.approx(2 * likely - 2 * unlikely, abs=1e-4)


def test_the_same_text_has_no_score_and_a_second_question_reads_little() -> None:
    llama = FakeRewritingLlama("\nx = 1\n" + NEW)
    sequence = sequence_of(llama)
    assert rank_line(sequence, QWEN, LineChange(WINDOW, 31, OLD)).score == 0
    llama.evaluated.clear()
    first = rank_line(sequence, QWEN, LineChange(WINDOW, 31, NEW))
    again = rank_line(sequence, QWEN, LineChange(WINDOW, 31, NEW))
    assert again.score == first.score
    assert again.tokens.evaluated < len(OLD) + len(NEW) < again.tokens.prompt
    assert sequence.tokens == llama.cells[0]


def test_long_lines_are_scored_in_slices() -> None:
    long = "z = " + "1 + " * 60 + "1\n"
    llama = FakeRewritingLlama("\nx = 1\n" + long)
    whole = rank_line(sequence_of(llama), QWEN, LineChange(WINDOW, 31, long)).score
    likely = math.log(math.exp(9) / (math.exp(9) + 262))
    assert whole > 8 + (len(long)) * likely
    assert max(llama.evaluated[1:]) <= 64
