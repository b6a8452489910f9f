"""From the words of a wish to a value: only what is clearly one of the edits that need no model."""

import pytest

from assist_refactorings.reading import (
    AddedParameterWish,
    ConstantWish,
    EditWish,
    LinterWish,
    RemovedParameterWish,
    RenameWish,
    read_wish,
)

READ: list[tuple[str, EditWish]] = [
    ("rename total to amount", RenameWish("total", "amount")),
    ("rename total to amount everywhere in the function", RenameWish("total", "amount")),
    ("Rename `Cart.total()` to `amount`.", RenameWish("total", "amount")),
    (
        "could you rename the local variable total to amount everywhere, please",
        RenameWish("total", "amount", kind="local variable"),
    ),
    ("rename it to amount and update all callers", RenameWish("", "amount")),
    ("call this amount instead", RenameWish("", "amount")),
    ("total -> amount", RenameWish("total", "amount")),
    ("total should be called amount", RenameWish("total", "amount")),
    ("pay's argument total should be named amount", RenameWish("total", "amount", "pay", kind="argument")),
    ("change total to amount", RenameWish("total", "amount", own=True)),
    ("replace the 100 with a constant FULL", ConstantWish("100", "FULL")),
    ("extract the literal 'eur' into a constant named CURRENCY", ConstantWish("'eur'", "CURRENCY")),
    ("give 3600 a name: HOUR", ConstantWish("3600", "HOUR")),
    ("use f-strings", LinterWish("f_strings")),
    ("replace .format() with f-strings", LinterWish("f_strings")),
    ("use template literals", LinterWish("templates")),
    ("add a parameter strict: bool = False", AddedParameterWish("strict", "False", "bool")),
    ('add an argument errors with the default "replace"', AddedParameterWish("errors", '"replace"')),
    ("remove the unused parameter mode", RemovedParameterWish("mode")),
    ("drop the mode argument and from all calls", RemovedParameterWish("mode")),
    ("remove unused imports", LinterWish("unused")),
    ("sort the imports", LinterWish("sorted")),
    ("organize imports", LinterWish("organized")),
]

NOT_READ = [
    "",
    "rename total to amount so that it returns None",
    "rename total to amount and also make it async",
    "rename total to amount, but keep the old name as an alias",
    "rename total to something clearer",
    "rename total to total",
    "rename all names to snake_case",
    "rename the file to prices.py",
    "do not rename total to amount",
    "why was total renamed to amount?",
    "change 30 to 60",
    "replace the 100 with 200",
    "replace 3600 with a constant and log when it expires",
    "make 5 the default timeout",
    "use a constant time comparison here",
    "use f-strings and handle None",
    "do not use f-strings here",
    "use f-strings instead of string concatenation",
    "turn the % formatting into an f-string",
    "move the imports to the top of the file",
    "sort __all__",
    "format the file",
    "add a parameter that limits the results",
    "add a parameter limit = 10 and use it",
    "add a parameter encoding and decode with it",
    "remove the default of the parameter timeout",
    "remove unused code",
    "remove unused imports and fix the types",
    "sort the list before it is returned",
    "sort the results by date",
    "move the import into the function",
    f"rename total to amount{' please' * 40}",
]


@pytest.mark.parametrize(("words", "wish"), READ, ids=[words for words, _ in READ])
def test_a_wish_for_one_edit_is_read(words: str, wish: EditWish) -> None:
    assert read_wish(words) == wish


@pytest.mark.parametrize("words", NOT_READ)
def test_any_other_wish_is_not_taken_for_one(words: str) -> None:
    assert read_wish(words) is None
