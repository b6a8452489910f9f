"""Which characters no one sees, how they are written visibly, and what a text hides between two others."""

import re
import sys
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from assist_context.unseen_characters import (
    hidden_characters,
    hides,
    is_unseen,
    long_blanks_written,
    visible,
)

# Formats that draw a sign around the digits after them.
SEEN_FORMATS = {*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD}
TRICKY = st.text(
    st.sampled_from(
        [*"<U+0123AEFx >\t\r\f\\é️", *"\x00\x1b]\x07\x85\u200b\u202e\u2028", "\ud800", "\U000e0041"]
    )
)


def read_back(shown: str) -> str:
    """The inverse of `visible`."""
    written = re.compile(r"<U\+([0-9A-F]{4,6})(?: x ([0-9]+))?>")
    return written.sub(lambda found: chr(int(found[1], 16)) * int(found[2] or 1), shown)


def test_the_table_holds_all_that_unicode_calls_control_format_separator_or_surrogate() -> None:
    kinds = {"Cc", "Cf", "Zl", "Zp", "Cs"}
    every = (each for each in range(sys.maxunicode + 1) if unicodedata.category(chr(each)) in kinds)
    missing = {each for each in every if not is_unseen(chr(each))}
    assert missing <= {ord("\t"), ord("\n"), *SEEN_FORMATS}


@given(st.one_of(st.text(), TRICKY))
@example("<U+202E>\u202e<<U+0041 x 3>")
@example("x" + " \t" * 60 + "\t" * 5 + "y")
@example(" " * 200 + "evil()" + "\t" * 90)
def test_what_is_shown_determines_the_line(line: str) -> None:
    shown = visible(line)
    assert read_back(shown) == line
    assert not any(is_unseen(each) or each == "\n" for each in shown)
    assert shown == shown.rstrip()


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("x = 1", "x = 1"),
        ("\tif é == '日本': 🎉", "\tif é == '日本': 🎉"),
        ("# \x1b]", "# <U+001B>]"),
        ("a\u00a0b\ue000c\u0378", "a<U+00A0>b<U+E000>c<U+0378>"),
        ("x  ", "x <U+0020>"),
        ("\u0338x", "<U+0338>x"),
        ("ok()" + " " * 120 + "evil()", "ok()<U+0020 x 120>evil()"),
        ("ok()" + "\t" * 50 + " " * 50 + "evil()", "ok()<U+0009 x 50><U+0020 x 50>evil()"),
        ("\t" * 40 + " " * 40 + "x", "\t" * 40 + " " * 40 + "x"),
        ("a\nb", "a<U+000A>b"),
    ],
)
def test_what_no_one_sees_is_written_and_the_rest_stays(line: str, shown: str) -> None:
    assert visible(line) == shown


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("\ufeffa\r\n\fb\tc\r\n", ""),
        ("می\u200cخواهم क्\u200dष ❤\ufe0f 👩\u200d👩 ❤\ufe0f\u200d🔥 1\ufe0f\u20e3", ""),
        ("old mac\rlines\r", ""),
        ("one\rtwo\n", "\r"),
        ("ad\u200cmin\u200d", "\u200c\u200d"),
        ("a\ufe0f\ufeffb", "\ufe0f\ufeff"),
        ("❤\ufe0f\ufe0f", "\ufe0f"),
        (
            "\u202e\u2066\x1b\x9b\x00\u00ad\u180e\u2028\u3164\u2800",
            "\u202e\u2066\x1b\x9b\x00\u00ad\u180e\u2028\u3164\u2800",
        ),
    ],
)
def test_what_belongs_into_a_text_is_not_hidden(text: str, hidden: str) -> None:
    assert sorted(hidden_characters(text).elements()) == sorted(hidden)


@pytest.mark.parametrize(
    ("before", "text", "after", "hidden"),
    [
        ("", "a\r\nb", "", False),
        ("", "a\rb", "", True),
        ("a\rb", "a\rb", "", False),
        ("", "\ufeffa", "", True),
        ("می", "\u200c", "خ", False),
        ("ad", "\u200c", "min", True),
        ("❤", "\ufe0f", "", False),
        ("1", "\ufe0f", "\u20e3", False),
        ("x = '\u202e'", "\u202e", "", False),
        ("", "\u202e", "# \u202e", False),
        ("", "a" + " " * 80 + "b", "", False),
        ("", "a" + " " * 81 + "b", "", True),
        ("", "a" + "\u3000" * 81 + "b", "", True),
        ("", "a" + "\t" * 12 + "b", "", True),
        ("\t" * 12, "a\n" + "\t" * 12 + "b", "", False),
        ("c" + " " * 90 + "d", "a" + " " * 90 + "b", "", False),
        ("c" + " " * 89 + "d", "a" + " " * 90 + "b", "", True),
        ("c" + " " * 50, "a" + " " * 90 + "b", " " * 50, True),
        ("", "a" + "\n" * 11 + "b", "", False),
        ("", "a" + "\n \t" * 12 + "b", "", True),
        ("c" + "\n" * 12 + "d", "a" + "\n" * 12 + "b", "", False),
    ],
)
def test_what_a_text_hides_between_two_others(before: str, text: str, after: str, hidden: bool) -> None:
    assert hides(text, before, after) == hidden


def test_long_blanks_are_written_and_shorter_ones_stay() -> None:
    assert long_blanks_written("a" + " " * 80 + "b") == "a" + " " * 80 + "b"
    assert long_blanks_written("a" + "\u3000" * 81 + "b\n") == "a<U+3000 x 81>b\n"
