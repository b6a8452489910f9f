"""Sentences of a model that are passed on, and those that name what it was not shown."""

import pytest

from assist_server.questions.grounding import (
    HeldSentences,
    PromptWords,
    find_unknown,
)

SHOWN = (
    "class Cart:\n    def total(self, tax_rate):\n        return sum(self.items) * tax_rate  # 12 months\n"
)
KNOWN = PromptWords.of([SHOWN, "shop/cart.py lines 1-3"], {"None", "int"})


@pytest.mark.parametrize(
    ("sentence", "unknown"),
    [
        ("`Cart.total` multiplies by `tax_rate`.", ()),
        ("It may return `None`, after 12 months, in 2 steps.", ()),
        ("The `Basket` class has it.", ("Basket",)),
        ("It calls round_up() and getItems on each.", ("round_up", "getItems")),
        ("It raises a ValueError.", ("ValueError",)),
        ("Use 404 of them.", ("404",)),
        ("The method is deprecated.", ("deprecated",)),
        ("Each secret is __SECRET_PASSWORD_1a2b_1__ here.", ()),
    ],
)
def test_what_was_not_shown_is_found(sentence: str, unknown: tuple[str, ...]) -> None:
    assert find_unknown(sentence, KNOWN) == unknown


def test_whole_sentences_are_passed_on_as_they_come_up_to_one_that_names_something_else() -> None:
    held = HeldSentences(KNOWN)
    given = [
        held.take(piece) for piece in ("`Cart", ".total` adds. ", "It e", "nds. A `Basket` is", " made. It")
    ]
    assert given == ["", "`Cart.total` adds. ", "", "It ends. ", ""]
    assert held.rest() == ""
    assert held.unknown == ("Basket",)


def test_a_block_of_code_is_passed_on_whole_if_its_words_are_known() -> None:
    held = HeldSentences(KNOWN)
    block = "```python\ntotal(self, tax_rate)\nreturn None\n```\n"
    pieces = ["So:\n", "```python\ntotal(self, tax", "_rate)\nreturn None\n", "```\nUse it. "]
    assert [held.take(piece) for piece in pieces] == ["So:\n", "", "", block + "Use it. "]
    own = "```\nown = Cart()\nown.total(99)  # a comment, 'a text'\n```\n"
    assert held.take(own) == own
    assert held.take("```\nbasket_of(total, limit=5)\n```\n") == ""
    assert held.unknown == ("basket_of", "limit")
    cut = HeldSentences(KNOWN)
    assert cut.take("```\nself.items") + cut.rest() == "```\nself.items"


def test_no_more_sentences_are_passed_on_than_asked_for() -> None:
    held = HeldSentences(KNOWN, most=2)
    assert held.take("One. A `Basket`. Three. ") + held.rest() == "One. "
