"""The places that a question begins with, as rows."""

from assist_server.questions.events import FoundPlace, PlacesFound
from assist_server.wording.answers import UNSURE, answer_header


def test_places_are_shown_with_their_lines_and_who_uses_them() -> None:
    here = FoundPlace("shop/cart.py", 10, 9, 10, "Cart.total", ("def total(self):", "    return 0"),
                      ("pay", "show", "send", "list"), 2, "/work")  # fmt: skip
    there = FoundPlace(
        "deploy.md", 1, 1, 9, "Deploys", ("Use make:",), (), 0, "/home/me/handbook", "~/handbook"
    )
    rows, root = answer_header(PlacesFound((here, there), "/work"))
    assert root == "/work"
    assert [row.value for row in rows] == [
        "shop/cart.py:10 in Cart.total",
        "   9  def total(self):",
        "  10      return 0",
        "  (called by pay, show, send and 1 more; 2 uses in tests)",
        "",
        "~/handbook/deploy.md:1 in Deploys",
        "  Use make:",
    ]
    assert [part.path for row in rows for part in row.parts if part.path] == [
        "shop/cart.py",
        "/home/me/handbook/deploy.md",
    ]


def test_guesses_are_said_to_be_guesses() -> None:
    here = FoundPlace("shop/cart.py", 3, 3, 3, text=("total = 0",), root="/work")
    rows, _ = answer_header(PlacesFound((here,), "/work", sure=False))
    assert [row.value for row in rows] == [UNSURE, "", "shop/cart.py:3", "  3  total = 0"]
