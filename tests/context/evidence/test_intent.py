"""What a question asks for, by its words."""

import pytest

from assist_context.evidence.intent import asks_only_facts, intent_of


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("How do I run it behind a proxy?", "pages"),
        ("Which page explains `root_path`?", "pages"),
        ("What do the docs say about parse_money?", "pages"),
        ("Wie kann ich die Tests starten?", "pages"),
        ("How do I call parse_money?", "code"),
        ("Where is the class of the session defined?", "code"),
        ("Why does `total` fail?", "code"),
        ("Where do we decide about umbrellas?", "either"),
        ("", "either"),
    ],
)
def test_kind(question: str, kind: str) -> None:
    assert intent_of(question).kind == kind


def test_tests_and_changes() -> None:
    assert intent_of("Is it tested?").tests
    assert intent_of("What changed in the last release?").changes
    assert not intent_of("How do I start?").changes


@pytest.mark.parametrize(
    ("question", "only"),
    [
        ("Who calls parse_money?", True),
        ("and which function reads it?", True),
        ("where is `Cart.total` defined and where is it used?", True),
        ("is that tested?", True),
        ("what changed in `total`?", True),
        ("why is it called twice?", False),
        ("how is it tested?", False),
        ("who calls `total` with a negative rate?", False),
        ("what does `total` do?", False),
    ],
)
def test_a_question_for_facts_leaves_nothing_to_explain(question: str, only: bool) -> None:
    assert asks_only_facts(question) == only
