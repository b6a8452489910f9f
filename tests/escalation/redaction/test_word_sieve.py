"""A sieve finds the words that a search for each of them finds."""

from hypothesis import given
from hypothesis import strategies as st

from assist_escalation.redaction.rule_tables import WordSieve

LETTERS = "ab=üß→ｋ\n"
WORDS = st.lists(st.text(LETTERS, min_size=1, max_size=6), min_size=1).filter(
    lambda words: any(len(word.encode()) > 2 for word in words)
)


@given(WORDS, st.text(LETTERS), st.sampled_from([0, 1_000]))
def test_a_sieve_finds_what_a_search_for_each_word_finds(words: list[str], text: str, more: int) -> None:
    text += "x" * more
    assert set(WordSieve(words).find(text)) == {word for word in words if word in text}
    assert set(WordSieve(words).find(text + "\ud800")) == {word for word in words if word in text}
