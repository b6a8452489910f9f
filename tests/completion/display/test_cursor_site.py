"""The cursor of a request: the parts of its own line, and how much text around it is kept."""

import pytest

from assist_completion.display.cursor_site import MOST_READ, CursorSite, site_of
from assist_context.documents import Context
from assist_context.languages import PLAIN, language_of


@pytest.mark.parametrize(
    ("source", "line", "rest", "below"),
    [
        ("█", "", "", ""),
        ("a\nb█c\nd\n", "b", "c", "c\nd\n"),
        ("a\nb(█)\nd\n", "b(", ")", "d\n"),
        ("a\n█\nb\nc\nd\ne\n", "", "", "b\nc\nd\n"),
    ],
)
def test_the_parts_of_the_cursors_line(source: str, line: str, rest: str, below: str) -> None:
    site = CursorSite(*source.split("█"), PLAIN)
    assert (site.line, site.rest, site.below) == (line, rest, below)


def test_the_site_of_a_context_is_its_cursor() -> None:
    python = language_of("a.py")
    assert site_of(Context("a.py", python, "x = ", "\n")) == CursorSite("x = ", "\n", python, "a.py")


def test_a_site_nearby_has_less_text_and_the_same_cursor() -> None:
    short = CursorSite("x = ", "\n", PLAIN)
    assert short.nearby() is short
    near = CursorSite("y\n" * MOST_READ + "x", "1\n" * MOST_READ, PLAIN, "a.txt").nearby()
    assert (len(near.before), len(near.after)) == (MOST_READ, MOST_READ)
    assert (near.line, near.rest, near.path) == ("x", "1", "a.txt")
