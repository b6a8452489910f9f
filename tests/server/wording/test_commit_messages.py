"""A commit message that is held to its diff, and the one that is computed in its place."""

from collections.abc import Sequence

import pytest

from assist_context.facts.diff_facts import compared_file, diff_facts
from assist_server.wording.diff_answers import held_message, not_held_words
from assist_server.workspace.compared_diff import ComparedDiff
from assist_server.workspace.folder_diff import ChangedFile, DiffLine, FolderDiff

CART = (
    (" ", "def get_total(items, tax):"),
    ("-", "    if items and tax:"),
    ("+", "    if items or tax:"),
    (" ", "        return sum(items)"),
    (" ", "    return 0"),
)
ADDED = (
    *CART[:1],
    (" ", "    return sum(items)"),
    ("+", ""),
    ("+", "def get_tax(items):"),
    ("+", "    return 1"),
)
GONE = tuple((mark if mark == " " else "-", text) for mark, text in ADDED)


def compared(*files: tuple[str, Sequence[tuple[str, str]]], state: str = "changed") -> ComparedDiff:
    """A diff of files, each with a mark and a text for all of its lines."""
    changed = tuple(
        ChangedFile(path, 1, 1, state, tuple(DiffLine(at, *line) for at, line in enumerate(lines, 1)))
        for path, lines in files
    )
    texts = tuple(compared_file(path, lines) for path, lines in files)
    return ComparedDiff(FolderDiff("/work", changed), texts, diff_facts(None, texts))


@pytest.mark.parametrize(
    "message",
    [
        "Use or instead of and in get_total",
        "fix: handle a missing tax in get_total",
        "Return items if there is a tax, too",
    ],
)
def test_a_message_about_the_diff_is_kept(message: str) -> None:
    held = held_message(message, "a sum", compared(("shop/cart.py", CART)))
    assert (held.text, held.unknown, not_held_words(held)) == (message, (), "")


@pytest.mark.parametrize(
    ("message", "unknown"),
    [
        ("Add support for FLASK_DEBUG in get_total", ("Add", "FLASK_DEBUG")),
        ("fix(cart): remove the tax", ("remove",)),
        ("Improve the speed of the database", ("speed", "database")),
        ("", ()),
    ],
)
def test_another_message_is_replaced(message: str, unknown: tuple[str, ...]) -> None:
    held = held_message(message, "", compared(("shop/cart.py", CART)))
    assert (held.text, held.unknown) == ("Change get_total in shop/cart.py", unknown)
    assert all(word in not_held_words(held) for word in unknown)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (ADDED, "Add get_tax for items"),
        (GONE, "Remove get_tax"),
        (((" ", "x = 1"), ("+", "y = 2"), ("+", "z = 3"), ("-", "a = 0")), "add y and z"),
    ],
)
def test_a_message_says_that_something_came_or_went_where_it_did(
    lines: Sequence[tuple[str, str]], message: str
) -> None:
    assert held_message(message, "", compared(("shop/cart.py", lines))).text == message


def test_a_large_model_may_use_words_of_its_own_but_no_names() -> None:
    diff = compared(("shop/cart.py", CART))
    free = "Improve the speed of return for the impatient"
    assert held_message(free, "", diff, small=False).text == free
    assert held_message("Call round_up in get_total", "", diff, small=False).unknown == ("round_up",)


@pytest.mark.parametrize(
    ("files", "state", "message"),
    [
        ((("cart.py", ADDED),), "changed", "Add get_tax to cart.py"),
        ((("cart.py", GONE),), "changed", "Remove get_tax from cart.py"),
        ((("a/cart.py", CART), ("a/till.py", CART)), "changed", "Change get_total in a"),
        ((("cart.py", ADDED),), "new", "Add cart.py"),
        ((("docs/usage.md", (("-", "old"), ("+", "new"))),), "changed", "Change docs/usage.md"),
        ((("a.md", (("+", "x"),)), ("b.md", (("+", "x"),))), "changed", "Change a.md and b.md"),
    ],
)
def test_a_message_is_computed(
    files: tuple[tuple[str, Sequence[tuple[str, str]]], ...], state: str, message: str
) -> None:
    assert held_message("", "", compared(*files, state=state)).text == message


def test_a_computed_message_is_short() -> None:
    lines = [("+", f"def a_rather_long_name_of_a_function_{at}(): pass") for at in range(9)]
    text = held_message("", "", compared(("a/long/path/of/a/file.py", [(" ", "x = 1"), *lines]))).text
    assert text == "Add a_rather_long_name_of_a_function_0 and 8 more to a/long/path/of/a/file.py"
