"""Items of completion lists: where they begin, what they are compared with, and what the list shows."""

import pytest

from assist_server.lsp.completion_list import MORE, offer


@pytest.mark.parametrize(
    ("line", "text", "inserted", "compared"),
    [
        ("x = math.█", "pi * 2", "pi * 2", "pi * 2"),
        ("x = math.p█", "i * 2", "pi * 2", "pi * 2"),
        ("x = █", "math.pi", "math.pi", "math.pi"),
        ("x = na█me()", "med_", "named_", "named_me"),
        ("größe = län█", "ge", "länge", "länge"),
        ("self.rad█\r\n", "ius", "radius", "radius"),
        ("█", "import os", "import os", "import os"),
    ],
)
def test_an_item_begins_where_the_word_begins(line: str, text: str, inserted: str, compared: str) -> None:
    column = line.index("█")
    item = offer(text, line.replace("█", ""), column)
    assert line[: item.start] + inserted == line[:column] + text
    assert (item.text, item.filter, item.label, item.whole) == (inserted, compared, inserted, "")


def test_of_several_lines_the_list_shows_the_first_with_text() -> None:
    item = offer("\n    if n:\n        return 1", "def f(n):\n", 9)
    assert item.text == "\n    if n:\n        return 1"
    assert (item.label, item.filter) == ("if n:" + MORE, "if n:")
    assert item.whole == "    if n:\n        return 1"


def test_a_text_of_blanks_is_an_item_all_the_same() -> None:
    assert offer("\n", "x", 1).label == "x"
    assert offer("\n", "", 0).label == ""
