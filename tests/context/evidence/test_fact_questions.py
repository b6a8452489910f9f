"""Which facts a question asks for: questions as developers type them, and what is more than facts."""

import tomllib
from importlib.resources import files

import pytest

from assist_context.evidence.fact_questions import asks_only_facts, fact_question

TABLE = tomllib.loads((files("bench.facts") / "fact_questions.toml").read_text(encoding="utf-8"))
ROWS = [
    (row["words"], row["asks"].split(), "more" in row)
    for half in ("tuned", "held_out", "later", "last", "blind")
    for row in TABLE[half]
]
NAMES = ("set_value", "partition", "Cart.total", "recoverFromPanic")


@pytest.mark.parametrize(("words", "asks", "more"), ROWS)
def test_each_part_of_a_question_is_heard(words: str, asks: list[str], more: bool) -> None:
    for name in NAMES:
        found = fact_question(words.replace("NAME", name))
        assert set(found.kinds) == set(asks)
        assert found.is_whole_with(name) != more
        assert more or found.names or name in found.plain_names


@pytest.mark.parametrize("words", TABLE["others"])
def test_what_is_more_than_facts_is_not_only_facts(words: str) -> None:
    for name in NAMES:
        found = fact_question(words.replace("NAME", name))
        assert not found.is_whole_with(name)


@pytest.mark.parametrize(
    ("question", "only"),
    [
        ("and which function reads it?", True),
        ("where is `Cart.total` defined and where is it used?", True),
        ("is that tested?", True),
        ("what changed in `total`?", True),
        ("who calls `total` in shop/cart.py?", True),
        ("what does `total` call, and what does it change?", True),
        ("why is it called twice?", False),
        ("what does `total` do, and who calls it?", False),
        ("where do we decide about umbrellas?", False),
        ("", False),
    ],
)
def test_a_question_for_facts_leaves_nothing_to_explain(question: str, only: bool) -> None:
    assert asks_only_facts(question) == only
