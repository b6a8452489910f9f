"""Recorded calls as the text of tests, for pytest and unittest."""

from assist_runner.characterization_tests.calls import CallObservation, ProposedCall, RecordedCall, ValueCheck
from assist_runner.characterization_tests.python.text import python_tests
from assist_runner.characterization_tests.test_names import with_names

IMPORTS = ("from shop.cart import Cart",)
CALLS = [
    RecordedCall(ProposedCall("cart.total()", IMPORTS, ("cart = Cart()",)), CallObservation("value", "0")),
    RecordedCall(
        ProposedCall("Cart([1]).total(None)", IMPORTS),
        CallObservation("value", "Decimal('1.5')", needs=(("decimal", "Decimal"),)),
    ),
    RecordedCall(
        ProposedCall("Cart('x')", IMPORTS),
        CallObservation("raised", error=("shop.errors", "CartError"), message="no items: x"),
    ),
    RecordedCall(
        ProposedCall("cart.add('tea')", IMPORTS, ("cart = Cart()",)),
        CallObservation("value", "None", changes=(ValueCheck("cart.items", "['tea']"),)),
    ),
    RecordedCall(ProposedCall("Cart().show()", IMPORTS), CallObservation("value", "None", printed="empty\n")),
]


def test_pytest() -> None:
    text = python_tests(with_names(CALLS, "Cart", {"test_cart_with"}), "pytest", "Cart")
    assert text == (
        "from decimal import Decimal\n\nimport pytest\n\nfrom shop.cart import Cart\n"
        "from shop.errors import CartError\n\n\n"
        "def test_cart():\n    cart = Cart()\n    assert cart.total() == 0\n\n\n"
        "def test_cart_with_1_none():\n"
        '    assert Cart([1]).total(None) == Decimal("1.5")\n\n\n'
        "def test_cart_refuses_x():\n"
        "    with pytest.raises(CartError, match=\"no items: x\"):\n        Cart('x')\n\n\n"
        "def test_cart_with_tea():\n    cart = Cart()\n    cart.add('tea')\n"
        '    assert cart.items == ["tea"]\n\n\n'
        "def test_cart_2(capsys):\n    Cart().show()\n"
        '    assert capsys.readouterr().out == "empty\\n"\n'
    )


def test_unittest() -> None:
    text = python_tests(with_names(CALLS[:3], "Cart", ()), "unittest", "Cart")
    assert "class TestCart(unittest.TestCase):\n    def test_cart(self):\n" in text
    assert "        self.assertEqual(cart.total(), 0)\n" in text
    assert "        with self.assertRaisesRegex(CartError, \"no items: x\"):\n            Cart('x')\n" in text
    assert "import pytest" not in text
    assert "import unittest" in text


def test_names_are_taken_once() -> None:
    named = with_names([CALLS[0], CALLS[0]], "Cart", {"test_cart"})
    assert [call.test for call in named] == ["test_cart_2", "test_cart_3"]
