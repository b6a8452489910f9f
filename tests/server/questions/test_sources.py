"""What an answer says it was made from."""

import pytest

from assist_escalation.prompts import Origin, Span
from assist_server.questions.events import ShownSource, list_sources

ROOT = "/home/me/shop"


def file(path: str, first: int, last: int, *, outline: bool = False) -> Origin:
    return Origin("file", path, ROOT, first, last, "b1", outline)


def shown(*origins: Origin, names: dict[Origin, str] | None = None) -> list[str]:
    found = list_sources([Span("text", each) for each in origins], names or {})
    assert all(each.root == ROOT for each in found)
    return [" ".join(filter(None, (each.place, each.name, "outline" * each.outline))) for each in found]


@pytest.mark.parametrize(
    ("origins", "expected"),
    [
        ([file("a.py", 1, 4), file("b.py", 2, 3), file("a.py", 5, 9)], ["a.py:1-9", "b.py:2-3"]),
        ([file("a.py", 20, 30), file("a.py", 1, 4)], ["a.py:20-30", "a.py:1-4"]),
        ([file("a.py", 1, 4), file("a.py", 8, 9), file("a.py", 5, 7)], ["a.py:1-9"]),
        ([file("a.py", 1, 4), file("a.py", 6, 9)], ["a.py:1-9"]),
        ([file("a.py", 1, 4), file("a.py", 7, 9)], ["a.py:1-4", "a.py:7-9"]),
        ([file("a.py", 1, 4), file("a.py", 5, 9, outline=True)], ["a.py:1-4", "a.py:5-9 outline"]),
        ([file("a.py", 3, 3)], ["a.py:3"]),
        ([Origin("assist"), Origin("user"), Origin("editor", "a.py", ROOT)], []),
    ],
)
def test_pieces_of_a_file_that_touch_are_one_source(origins: list[Origin], expected: list[str]) -> None:
    assert shown(*origins) == expected


def test_a_source_has_the_name_of_the_piece_that_holds_the_others() -> None:
    whole, part, far = file("a.py", 1, 9), file("a.py", 3, 4), file("a.py", 40, 44)
    names = {whole: "Cart", part: "Cart.total", far: "main"}
    assert shown(part, whole, far, names=names) == ["a.py:1-9 Cart", "a.py:40-44 main"]
    below = file("a.py", 10, 12)
    assert shown(part, below, names={part: "total", below: "tax"}) == ["a.py:3-4 total", "a.py:10-12 tax"]
    next_ = file("a.py", 5, 8)
    assert shown(part, next_, names={part: "total", next_: "tax"}) == ["a.py:3-8 total, tax"]


def test_lines_of_two_folders_are_two_sources() -> None:
    one = Span("x", Origin("file", "a.py", "/one", 1, 2))
    other = Span("x", Origin("file", "a.py", "/two", 3, 4))
    assert [each.root for each in list_sources([one, other], {})] == ["/one", "/two"]
    assert list_sources([one], {}) == (ShownSource("a.py", 1, 2, "", "/one"),)
