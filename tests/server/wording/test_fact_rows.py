"""Facts in words: which of them are places, and that none of them is Markdown."""

from dataclasses import replace

import pytest

from assist_context.code.statements import CodeStatement
from assist_context.code.symbols import Definition
from assist_context.facts.code_uses import CodeUse
from assist_context.facts.compared_files import DiffFact, DiffFacts
from assist_context.facts.definition_facts import MAX_CALLS, CodeCall, DefinitionFacts
from assist_server.questions.code_facts import CodeFacts
from assist_server.wording.facts import diff_rows, fact_rows, nothing_found, remark_rows
from assist_server.wording.views import FactPart, FactRow, fact_documents, fact_list

TOTAL = DefinitionFacts(
    Definition("total", "method", 3, 9, "def total(self):", "Cart"),
    "shop/cart.py",
    "python",
    statements=(
        CodeStatement("returns", 5, '"shop/cart.py:7 \u202e "'),
        CodeStatement("changes", 6, "self.sum"),
        CodeStatement("changes", 8, "self.sum"),
    ),
    calls=(CodeCall("gross", 7, ("shop/prices.py", 1)), CodeCall("sum", 7)),
    callers=(CodeUse("till.py", 4, "pay", sure=False),),
    caller_count=1,
)


def places(row: FactRow) -> list[tuple[str, str, int]]:
    return [(part.words, part.path, part.line) for part in row.parts if part.path]


def test_each_place_of_a_fact_is_known_and_what_looks_like_one_in_a_literal_is_none() -> None:
    rows = {row.name: row for row in fact_rows(CodeFacts(TOTAL)) if row.name}
    assert rows["What"].value == "method Cart.total, shop/cart.py:3-9"
    assert places(rows["What"]) == [("shop/cart.py:3-9", "shop/cart.py", 3)]
    assert rows["Returns"].value == '5: "shop/cart.py:7 <U+202E> "'
    assert places(rows["Returns"]) == [("5", "shop/cart.py", 5)]
    assert rows["Changes"].value == "self.sum (6, 8)"
    assert [line for _, _, line in places(rows["Changes"])] == [6, 8]
    assert rows["Calls"].value == "gross (shop/prices.py:1), sum"
    assert places(rows["Calls"]) == [("shop/prices.py:1", "shop/prices.py", 1)]
    assert rows["Used by"].value == "till.py:4 in pay, by name only"
    assert places(rows["Used by"]) == [("till.py:4", "till.py", 4)]


@pytest.mark.parametrize(("count", "end"), [(MAX_CALLS, "f23"), (MAX_CALLS + 1, "f23, and more")])
def test_more_calls_than_are_shown_are_said(count: int, end: str) -> None:
    calls = tuple(CodeCall(f"f{number}", 4) for number in range(count))
    rows = {row.name: row for row in fact_rows(CodeFacts(replace(TOTAL, calls=calls)))}
    assert rows["Calls"].value.endswith(end)


def test_places_of_a_diff_are_of_its_new_side() -> None:
    found = [
        DiffFact("gone", "a.py", 3, "the guard is gone"),
        DiffFact("operator", "b.py", 4, "`and` became"),
    ]
    found += [DiffFact("added", "b.py", 9, "f"), DiffFact("added", "b.py", 12, "g")]
    rows = diff_rows(found)
    assert [row.value for row in rows] == [
        "b.py:4: `and` became",
        "a.py: the guard is gone (it was line 3)",
        "b.py: new: f (9), g (12)",
    ]
    assert [places(row) for row in rows] == [
        [("b.py:4", "b.py", 4)],
        [],
        [("9", "b.py", 9), ("12", "b.py", 12)],
    ]


def test_remarks_are_few_and_have_the_line_before_and_now() -> None:
    found = [DiffFact("literal", "a.py", at, "`1` became `2`", "x = 1\n", "x = 2\n") for at in range(12)]
    found += [DiffFact("literal", "a.py", 90, '`"a"` became `"b"`'), DiffFact("added", "a.py", 1, "f")]
    found += [DiffFact("caller", "b.py", 3, "calls f", after="f()\n")]
    rows = [row.value for row in remark_rows(found)]
    assert rows[:5] == [
        "b.py:3: calls f",
        "    + f()",
        "a.py:0: `1` became `2`",
        "    - x = 1",
        "    + x = 2",
    ]
    assert rows[-1] == "and 3 more, less serious: --facts shows them"
    said = "Nothing found: 2 changed functions in 1 file compared with the earlier version."
    assert nothing_found(DiffFacts(functions=2), 1) == said


def as_markdown(*rows: tuple[str, str]) -> str:
    shown = [FactRow(name, (FactPart(value),)) for name, value in rows]
    return fact_list(fact_documents(shown, str))


def test_nothing_in_a_fact_is_markdown() -> None:
    odd = [("Returns", "5: [x](http://x) `` ![y](z)"), ("", "6: <b>"), ("Says", "**no**")]
    shown = "- **Returns**\n  - ``` 5: [x](http://x) `` ![y](z) ```\n  - `6: <b>`\n- **Says** `**no**`\n\n"
    assert as_markdown(*odd) == shown
    assert as_markdown(("", "a.py:1: x"), ("", "a.py:2: y")) == "- `a.py:1: x`\n- `a.py:2: y`\n\n"
    assert fact_list([]) == ""
