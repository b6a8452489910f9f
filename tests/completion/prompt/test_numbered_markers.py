"""Where the numbered markers are, and which answers can be applied."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assist_completion.prompt.numbered_markers import LEAST, MOST, replace_marked, with_markers


def blocks(text: str) -> list[int]:
    """The number of lines in each block."""
    marked = with_markers(text)
    count = marked.count("<|marker_")
    parts = [marked.split(f"<|marker_{n}|>")[1].split(f"<|marker_{n + 1}|>")[0] for n in range(1, count)]
    return [part.count("\n") + (not part.endswith("\n")) for part in parts]


def code(*sizes: int) -> str:
    """Paragraphs of so many lines with an empty line between two of them."""
    return "\n\n".join("\n".join(f"call_{n}()" for n in range(size)) for size in sizes)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (code(5), [5]),
        (code(7, 7), [8, 7]),
        (code(3, 3, 7), [8, 7]),  # the first empty line comes too early
        (code(8, 4), [13]),  # what follows is too short
        (code(20), [16, 4]),
        (code(7, 20), [8, 16, 4]),
    ],
)
def test_blocks_begin_after_empty_lines_and_are_not_too_long(text: str, expected: list[int]) -> None:
    assert blocks(text) == expected


def test_a_block_does_not_begin_with_the_end_of_another_one() -> None:
    lines = [*["call()"] * MOST, "}", ")", "return", "next()", *["call()"] * 7]
    assert blocks("\n".join(lines)) == [MOST + 3, 8]


def test_the_cursor_is_marked_once() -> None:
    text = code(7, 7)
    for cursor in (0, 5, text.index("\n\n") + 2, len(text)):
        marked = with_markers(text, cursor)
        assert marked.count("<|user_cursor|>") == 1
        assert marked.replace("<|user_cursor|>", "") == with_markers(text)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("<|marker_1|>one\n<|marker_2|>", "one\n" + code(7)),
        ("<|marker_2|>two<|marker_3|>", code(7) + "\n\ntwo"),
        ("<|marker_1|>one\n<|marker_2|>two<|marker_3|>\n", "one\ntwo"),
        ("<|marker_1|>one<|user_cursor|>\n<|marker_2|>", "one\n" + code(7)),
        ("<|marker_2|><|marker_2|>", code(7, 7)),
        ("<|marker_1|>one", None),
        ("nothing", None),
        ("<|marker_3|>x<|marker_1|>", None),
        ("<|marker_1|>x<|marker_9|>", None),
        ("<|marker_0|>x<|marker_2|>", None),
    ],
)
def test_an_answer_replaces_what_its_markers_enclose(answer: str, expected: str | None) -> None:
    assert replace_marked(code(7, 7), answer) == expected


@given(st.lists(st.sampled_from(["", "a()", "}", "return", "    b = 1"]), max_size=60))
def test_the_marked_text_is_an_answer_that_changes_nothing(lines: list[str]) -> None:
    text = "\n".join(lines)
    assert replace_marked(text, with_markers(text)) == text
    assert all(size >= LEAST for size in blocks(text)[:-1])
