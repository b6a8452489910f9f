"""The places that a question begins with."""

from assist_server.questions.events import PlacesFound, ShownSource
from assist_server.wording.answers import first_rows


def test_places_are_rows_with_their_names_and_folders() -> None:
    here = ShownSource("shop/cart.py", 3, 9, "Cart.total", root="/work")
    there = ShownSource("deploy.md", 1, 4, "Deploys", root="/home/me/handbook", folder="~/handbook")
    rows, root = first_rows(PlacesFound((here, there), "/work"))
    assert root == "/work"
    assert [(row.name, row.value) for row in rows] == [
        ("Looks like", "shop/cart.py:3-9 Cart.total"),
        ("", "~/handbook/deploy.md:1-4 Deploys"),
    ]
    assert [row.parts[0].path for row in rows] == ["shop/cart.py", "/home/me/handbook/deploy.md"]


def test_what_the_best_place_says_comes_after_the_places() -> None:
    here = ShownSource("docs/run.md", 3, 9, "Run", root="/work")
    rows, _ = first_rows(PlacesFound((here,), "/work", ("Use make:", "", "    make run")))
    assert [(row.name, row.value) for row in rows] == [
        ("Looks like", "docs/run.md:3-9 Run"),
        ("It says", "Use make:"),
        ("", ""),
        ("", "    make run"),
    ]
