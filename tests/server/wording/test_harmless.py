"""Terminal sequences are removed from answers, wherever the stream is cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assist_server.cli.terminal.answers import final_length
from assist_server.wording.sanitize import StreamSanitizer, harmless

ROWS = [
    ("plain\ttext\n", "plain\ttext\n"),
    ("a\r\nb", "a\nb"),
    ("\x1b[31mred\x1b[0m", "red"),
    ("\x1b]8;;https://x.example/?q=secret\x1b\\click\x1b]8;;\x1b\\", "click"),
    ("\x1b]52;c;cm0gLXJmIH4=\x07after", "after"),
    ("\x1bP1$r\x1b\\x", "x"),
    ("\x9b31mred\x9d52;c;eA==\x07", "31mred52;c;eA=="),
    ("user\u202e\u2066 }\u2069 \u2066begin", "user } begin"),
    ("zero\u200bwidth\ufeff", "zerowidth"),
    ("tag\U000e0041\U000e007f", "tag"),
    ("\x07\x08\x00\x7f", ""),
    ("a\x1b]8;;\nb\n\x07c", "a\nb\nc"),
    ("a\x1bP\nb\x1b^\nc", "a\nb\nc"),
    ("a\u00ad\u180e\u2028\u2029\u115f\u3164\uffa0\ufe0f\u2800b", "ab"),
    ("日本語 🎉 é", "日本語 🎉 é"),
]


@pytest.mark.parametrize(("text", "shown"), ROWS)
def test_what_a_terminal_obeys_is_gone_and_the_rest_stays(text: str, shown: str) -> None:
    assert harmless(text) == shown


@given(st.lists(st.sampled_from(["\x1b", "]", "8;;", "\x07", "[3", "1m", "\\", "text", "\n", "\u202e", "P"])))
def test_pieces_never_show_more_than_the_whole_text_would(pieces: list[str]) -> None:
    sieve = StreamSanitizer()
    shown = "".join(sieve.take(piece) for piece in pieces)
    assert harmless("".join(pieces)).startswith(shown)
    assert not set(shown) & {"\x1b", "\x07", "\u202e"}


@given(st.text(st.sampled_from([*"\x1b]8;[3m\\PX^_ab\n\r\x07\x9d\u202e"])))
def test_no_line_end_is_lost(text: str) -> None:
    assert harmless(text).count("\n") == text.count("\n")


def test_a_sequence_that_never_ends_does_not_hold_the_answer_back() -> None:
    sieve = StreamSanitizer()
    assert sieve.take("\x1b]8;;" + "a" * 10_000) == ""
    assert sieve.take("\x07text") == "text"


BLOCKS = [
    ("", 0),
    ("one line", 0),
    ("one\n\ntwo", 0),
    ("one\n\ntwo\n", 5),
    ("```py\na\n\nb\n```\n\nnext\n", 16),
    ("~~~~\n```\n\n~~~\n\n~~~~\n\nend\n", 21),
    ("- a\n\n- b\n\n  more\n\nnext\n", 18),
    ("1. a\n2. b\n", 0),
    ("# head\n\n| a |\n|---|\n| b |\n", 8),
]


@pytest.mark.parametrize(("text", "end"), BLOCKS)
def test_only_whole_blocks_are_final(text: str, end: int) -> None:
    assert final_length(text) == end


@given(st.lists(st.sampled_from(["a\n", "\n", "- x\n", "```\n", "~~~\n", "  i\n", "# h\n"]), max_size=14))
def test_what_was_final_stays_final(lines: list[str]) -> None:
    before = 0
    for count in range(len(lines) + 1):
        now = final_length("".join(lines[:count]))
        assert now >= before
        before = now
