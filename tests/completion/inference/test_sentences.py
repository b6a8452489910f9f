"""Where a sentence of an answer ends."""

import pytest

from assist_completion.inference.sentences import is_whole, sentences


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("It adds. It ends", ["It adds. ", "It ends"]),
        ("Reads `a. b`, e.g. 3.5 of 1.0. Done", ["Reads `a. b`, e.g. 3.5 of 1.0. ", "Done"]),
        ("Calls `app. run", ["Calls `app. run"]),
        ("- one\n- two\n\nEnd", ["- one\n", "- two\n\n", "End"]),
        ("1. First. 2. Second", ["1. First. ", "2. Second"]),
        ('He said "so." Then', ['He said "so." ', "Then"]),
    ],
)
def test_a_text_is_its_sentences(text: str, found: list[str]) -> None:
    assert list(sentences(text)) == found
    assert "".join(sentences(text)) == text


@pytest.mark.parametrize(
    ("text", "whole"), [("Ends. ", True), ("Ends.", False), ("`a. ", False), ("a\n", True)]
)
def test_a_sentence_is_whole_once_something_follows(text: str, whole: bool) -> None:
    assert is_whole(text) == whole
