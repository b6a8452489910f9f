"""What a question asks for, by its words."""

import pytest

from assist_context.evidence.intent import read_intent


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
    assert read_intent(question).kind == kind


def test_tests_and_changes() -> None:
    assert read_intent("Is it tested?").tests
    assert read_intent("What changed in the last release?").changes
    assert not read_intent("How do I start?").changes
