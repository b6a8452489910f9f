"""`assist refactor` with a wish that needs no model: read, shown, made and undone, with no provider and no model."""

from pathlib import Path

import pytest
from asked_shop import CART, PRICES, audit_events
from command_runs import Assist


def test_a_rename_over_two_files_is_read_shown_made_and_undone_without_a_model(
    assist: Assist, tmp_path: Path, shop: Path
) -> None:
    done = assist("refactor", "gross", "please rename it to with_tax", "--yes")
    assert done.code == 0, done.err
    reading = "rename the function `gross` of shop/prices.py:1 to `with_tax`, with 2 more places in 2 files"
    assert f"Understood as: {reading}.\n" in done.err
    assert done.err.index("Understood as") < done.err.index("Changed shop/")
    assert done.err.endswith(
        "No model was asked: syntax and the index make this edit.\n"
        "Proof: construction. The edit follows from the code's structure.\n"
    )
    assert "+def with_tax(net):" in done.out
    assert (shop / "shop" / "prices.py").read_text() == PRICES.replace("gross", "with_tax")
    assert (shop / "shop" / "cart.py").read_text() == CART.replace("gross", "with_tax")
    assert [event["kind"] for event in audit_events(tmp_path)] == ["edit"]
    assert not (tmp_path / "data" / "feedback.jsonl").exists()
    assert assist("undo", "--yes").code == 0
    assert (shop / "shop" / "cart.py").read_text() == CART


def test_its_document_says_the_proof_and_that_it_cost_nothing(assist: Assist) -> None:
    done = assist("refactor", "gross", "replace 1.2 with a constant TAX_FACTOR", "--json")
    assert done.json["proof"] == "construction"
    assert done.json["route"]["cause"] == "construction"
    assert (done.json["tokens"], done.json["cost_usd"]) == ({"input": 0, "output": 0}, 0)
    assert done.json["answer"] == "The literal 1.2 at 1 place of gross becomes the constant `TAX_FACTOR`."
    assert "+TAX_FACTOR = 1.2" in done.json["edit"]["diff"]
    assert done.json["edit"]["applied"] is False


def test_a_use_by_the_name_alone_stays_and_is_asked_about(assist: Assist, shop: Path) -> None:
    (shop / "shop" / "till.py").write_text("def pay(cart):\n    return cart.total()\n")
    done = assist("refactor", "Cart.total", "rename total to amount", "--yes")
    assert done.code == 1
    assert "1 use of `total` matched by name only stays unchanged: shop/till.py:2" in done.err
    assert (shop / "shop" / "cart.py").read_text() == CART


def test_route_says_that_no_model_would_be_asked(assist: Assist) -> None:
    done = assist("route", "refactor", "gross", "rename to with_tax", "--json")
    assert (done.json["target"], done.json["cause"]) == ("local", "construction")


@pytest.mark.parametrize(
    "wish", ["rename it to with_tax and round", "rename grosso to net", "rename it to something clearer"]
)
def test_any_other_wish_is_a_models(assist: Assist, wish: str) -> None:
    done = assist("route", "refactor", "gross", wish, "--json")
    assert done.json["cause"] != "construction"


def test_why_an_understood_wish_cannot_be_made_is_said_at_once(assist: Assist, shop: Path) -> None:
    done = assist("refactor", "gross", "rename gross to Cart", "--yes")
    assert done.code == 1
    assert "Understood as: rename the function `gross` of shop/prices.py:1 to `Cart`" in done.err
    assert "This edit cannot be made: `Cart` already has a meaning in shop/cart.py:" in done.err
    assert (shop / "shop" / "cart.py").read_text() == CART


def test_imports_are_sorted_by_ruff_without_a_model(assist: Assist, shop: Path) -> None:
    (shop / "shop" / "till.py").write_text("import sys\nimport os\n\nprint(os, sys)\n")
    done = assist("refactor", "shop/till.py", "sort the imports", "--yes")
    assert done.code == 0, done.err
    assert "Understood as: sort the imports of shop/till.py, by ruff.\n" in done.err
    assert "No model was asked: a linter makes this edit.\nProof: construction. " in done.err
    assert (shop / "shop" / "till.py").read_text() == "import os\nimport sys\n\nprint(os, sys)\n"
