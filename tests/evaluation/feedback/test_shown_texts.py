"""Which of the texts that an editor gets are one, since what is left of a text is asked for once more."""

import pytest

from assist_evaluation.feedback.shown_texts import REMEMBERED, ShownText, ShownTexts
from assist_evaluation.usage.usage_rows import UsageKey
from assist_server.workspace.documents import OpenDocument, Place

KEY = UsageKey("2026-01-31", model="m")


def document(*lines: str) -> OpenDocument:
    return OpenDocument("u", "a.py", "python", 1, list(lines), "utf-32")


@pytest.mark.parametrize(
    ("lines", "begin", "text", "is_new"),
    [
        (["x = \n"], (0, 4), "f(a)", False),  # the same
        (["x = f(\n"], (0, 6), "a)", False),  # typed through
        (["x = f(\n"], (0, 6), "a)\ny", False),  # and longer than before
        (["x = f(\n"], (0, 6), "a", False),  # or shorter
        (["x = f(a)\n"], (0, 8), "\ny", True),  # after it
        (["x = f(\n"], (0, 6), "b)", True),  # it goes on in another way
        (["x = g(\n"], (0, 6), "a)", True),  # something else is in front
        (["x = \n", "y = \n"], (1, 4), "f(a)", True),  # elsewhere
        (["= \n"], (0, 2), "f(a)", True),
    ],
)
def test_what_is_left_of_a_text_is_the_same_text(
    lines: list[str], begin: Place, text: str, is_new: bool
) -> None:
    open_document = document("x = \n")
    texts = ShownTexts()
    assert texts.remember({1: ShownText(KEY, open_document, "f(a)", (0, 4))})
    open_document.lines = lines
    assert texts.remember({2: ShownText(KEY, open_document, text, begin)}) is is_new
    parts = texts.get(1), texts.get(2)
    assert parts[0] is not None
    assert parts[1] is not None
    assert (parts[0].offered is parts[1].offered) is not is_new


def test_a_text_stays_the_same_while_letters_come_and_go() -> None:
    open_document = document("x = \n")
    texts = ShownTexts()
    texts.remember({1: ShownText(KEY, open_document, "f(a)", (0, 4))})
    new = []
    for number, typed in enumerate(("f", "f(", "f(a", "f", "", "f(a"), 2):
        open_document.lines = [f"x = {typed}\n"]
        left = "f(a)".removeprefix(typed)
        new.append(texts.remember({number: ShownText(KEY, open_document, left, (0, 4 + len(typed)))}))
    assert not any(new)


def test_the_text_of_another_model_or_in_another_document_is_new() -> None:
    texts = ShownTexts()
    one = document("x = \n")
    for number, each in enumerate((KEY, UsageKey("2026-01-31", model="other"))):
        assert texts.remember({number: ShownText(each, one, "f(a)", (0, 4))})
    other = document("x = \n")
    assert texts.remember({3: ShownText(KEY, other, "f(a)", (0, 4))}), "the same file, opened once more"


def test_several_texts_of_one_request_are_followed_each() -> None:
    open_document = document("x = \n")
    texts = ShownTexts()
    both = {1: ShownText(KEY, open_document, "f(a)", (0, 4)), 2: ShownText(KEY, open_document, "g()", (0, 4))}
    assert texts.remember(both)
    open_document.lines = ["x = g\n"]
    assert not texts.remember({3: ShownText(KEY, open_document, "()", (0, 5))})
    parts = texts.get(2), texts.get(3)
    assert parts[0] is not None
    assert parts[1] is not None
    assert parts[0].offered is parts[1].offered
    assert parts[1].offset == 1


def test_only_the_last_texts_are_remembered() -> None:
    texts = ShownTexts()
    open_document = document(*["x\n"] * (REMEMBERED + 1))
    for number in range(REMEMBERED + 1):
        texts.remember({number: ShownText(KEY, open_document, "y", (number, 0))})
    assert [texts.get(number) is None for number in (0, 1)] == [True, False]
    texts.forget(open_document)
    assert texts.get(REMEMBERED) is None
