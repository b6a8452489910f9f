"""A changed text as edits of whole lines: they turn the old text into the new one, in order, and no more."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assist_context.documents import split_lines
from assist_escalation.edits.plan import EditError
from assist_server.lsp.text_edits import MOST, LineEdit, check_line_ends, line_edits

TEXTS = st.lists(st.sampled_from(["a", "b\n", "c\r\n", "\r", "\n", "d\u2028\n"]), max_size=30).map("".join)


def made(before: str, edits: tuple[LineEdit, ...]) -> str:
    lines = list(split_lines(before))
    for each in reversed(edits):
        lines[each.first : each.last] = [each.text]
    return "".join(lines)


@given(TEXTS, TEXTS)
def test_the_edits_make_the_new_text_in_order_and_apart(before: str, after: str) -> None:
    edits = line_edits(before, after)
    assert made(before, edits) == after
    ends = [at for each in edits for at in (each.first, each.last)]
    assert ends == sorted(ends)
    assert bool(edits) == (before != after)


def test_a_change_in_the_middle_of_a_long_repetitive_file_is_that_change_alone() -> None:
    before = "x\n\n" * 20_000
    after = before[:30_000] + "y\n" + before[30_000:]
    assert line_edits(before, after) == (LineEdit(20_000, 20_000, "y\n"),)


def test_too_many_differing_lines_are_replaced_as_a_whole() -> None:
    def text(middle: int, name: str) -> str:
        return "head\n" + "".join(f"{name}{at}\nsame\n" for at in range(middle // 2)) + "tail\n"

    (whole,) = line_edits(text(MOST + 2, "a"), text(MOST + 2, "b"))
    assert (whole.first, whole.last) == (1, MOST + 2)
    assert whole.text.startswith("b0\n")
    assert len(line_edits("a0\nsame\na1\n", "b0\nsame\nb1\n")) == 2


def test_what_only_some_editors_count_as_a_line_end_is_refused() -> None:
    check_line_ends("a.py", "a\r\nb\n\fc\n", "")
    for text in ("# a\r\rb\n", "a\r", "x\u2028y\n", "\x0b\n"):
        with pytest.raises(EditError, match="holds <U"):
            check_line_ends("a.py", "fine\n", text)
