"""Calls of Python in scripts, files of tests, docstrings and callers, with what they need."""

import pytest

from assist_runner.characterization_tests.calls import CallPlace, CallSubject
from assist_runner.characterization_tests.python.arguments import variations
from assist_runner.characterization_tests.python.calls import (
    calls_in_callers,
    calls_in_docstrings,
    calls_in_script,
    module_of,
)
from assist_runner.characterization_tests.python.language import body_range, branch_lines
from assist_runner.characterization_tests.python.scripts import plain_tests

SHOP = '''\
from decimal import Decimal

from .taxes import rate


class Cart:
    def __init__(self, items=()):
        self.items = list(items)

    def total(self, limit=None):
        """The sum.

        >>> Cart([1, 2]).total()
        4
        """
        if not self.items:
            return 0
        return sum(self.items)


def price(name, count=1):
    if name == "tea":
        return 2 * count
    raise ValueError(f"unknown: {name}")
'''
TOTAL = CallSubject("src/shop/cart.py", SHOP, "Cart.total", 10, 18)
PRICE = CallSubject("src/shop/cart.py", SHOP, "price", 21, 24)
PACKAGES = frozenset({"src/shop"})


@pytest.mark.parametrize(
    ("script", "calls"),
    [
        ("price('tea')", ["price('tea')"]),
        ("assert price('tea') == 2", ["price('tea')"]),
        ("print(price('tea', 2))", ["price('tea', 2)"]),
        ("with pytest.raises(ValueError):\n    price('')", ["price('')"]),
        ("def test_a():\n    assert not price('tea', 0)\n", ["price('tea', 0)"]),
        (
            "class TestPrice(T):\n    def test_a(self):\n        self.assertEqual(price('tea'), 2)",
            ["price('tea')"],
        ),
        ("price('tea')\nprice('te", ["price('tea')"]),  # cut
        ("price(unknown)", []),
        ("other(1)", []),
    ],
)
def test_calls_are_found_and_their_expected_values_dropped(script: str, calls: list[str]) -> None:
    found = calls_in_script(script, PRICE, module_of(PRICE, PACKAGES))
    assert [call.call for call in found] == calls
    assert all(call.imports == ("from shop.cart import price",) for call in found)


def test_a_call_brings_what_it_needs_and_no_more() -> None:
    script = (
        "from shop.wrong import Cart\nother = 3\ncart = Cart([Decimal(1)])\ncart.items.append(2)\nprint(other)\n"
        "assert cart.total() == rate(3)\n"
    )
    found = calls_in_script(script, TOTAL, module_of(TOTAL, PACKAGES))
    assert [(call.call, call.setup) for call in found] == [
        ("cart.total()", ("cart = Cart([Decimal(1)])", "cart.items.append(2)"))
    ]
    assert set(found[0].imports) == {"from shop.cart import Cart", "from decimal import Decimal"}


def test_a_relative_import_of_the_module_is_written_whole() -> None:
    found = calls_in_script("price(rate('tea'))", PRICE, module_of(PRICE, PACKAGES))
    assert found[0].imports == ("from shop.cart import price", "from shop.taxes import rate")


def test_a_docstring_says_a_call_and_its_value() -> None:
    (found,) = calls_in_docstrings(TOTAL, module_of(TOTAL, PACKAGES))
    assert (found.call, found.wanted, found.origin) == ("Cart([1, 2]).total()", "4", "example")
    assert SHOP.splitlines()[found.line - 1].strip().startswith(">>>")


def test_callers_with_literals_are_calls() -> None:
    places = [CallPlace("app.py", "x = cart.price('tea', count=2)\n", 1), CallPlace("b.py", "price(x)\n", 1)]
    found = calls_in_callers(PRICE, module_of(PRICE, PACKAGES), places)
    assert [call.call for call in found] == ["price('tea', count=2)"]


def test_arguments_vary_by_what_the_code_compares_with() -> None:
    module = module_of(PRICE, PACKAGES)
    found = [call.call for call in variations(calls_in_script("price('x')", PRICE, module), PRICE, module)]
    assert {'price("tea")', 'price("")', "price('x', count=2)"} <= set(found)


def test_fixtures_and_rows_are_written_out() -> None:
    shared = "import pytest\n@pytest.fixture\ndef cart():\n    return Cart([1])\n"
    text = (
        "@pytest.mark.parametrize(('limit', 'wanted'), [(1, 2), (3, 4)])\n"
        "def test_total(cart, limit, wanted):\n    assert cart.total(limit) == wanted\n"
        "def test_other(client):\n    assert client.get() == 1\n"
    )
    found = calls_in_script(plain_tests(text, [shared]), TOTAL, module_of(TOTAL, PACKAGES))
    assert [(call.call, call.setup) for call in found] == [
        ("cart.total(limit)", ("cart = Cart([1])", "limit = 1")),
        ("cart.total(limit)", ("cart = Cart([1])", "limit = 3")),
    ]


def test_branches_begin_at_their_first_statement() -> None:
    assert branch_lines(TOTAL) == (16, 17, 18)  # what a guard lets through is one
    assert branch_lines(PRICE) == (22, 23, 24)
    body = body_range(TOTAL)
    assert body is not None
    assert SHOP[body.start : body.stop].lstrip().startswith("if not self.items")
