"""The cursor of a request: the parts of its own line, and how much text around it is kept."""

import pytest

from assist_completion.display.cursor_site import MAX_READ, CursorSite
from assist_context.languages import PLAIN


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


def test_a_site_nearby_has_less_text_and_the_same_cursor() -> None:
    short = CursorSite("x = ", "\n", PLAIN)
    assert short.near is short
    near = CursorSite("y\n" * MAX_READ + "x", "1\n" * MAX_READ, PLAIN, "a.txt").near
    assert (len(near.before), len(near.after)) == (MAX_READ, MAX_READ)
    assert (near.line, near.rest, near.path) == ("x", "1", "a.txt")
