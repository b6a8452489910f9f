"""Healing allows exactly the tokens that can spell what was typed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assist_completion.prompt.token_healing import Healer


@pytest.mark.parametrize(
    ("typed", "kept", "need"),
    [
        (["x", " ret", "u"], ["x"], b" retu"),
        (["x", " return"], ["x"], b" return"),
        (["Fals"], [], b"Fals"),
        (["x", "("], ["x"], b"("),
        ([], [], b""),
    ],
)
def test_what_is_given_back_begins_a_longer_token(typed: list[str], kept: list[str], need: bytes) -> None:
    words = ["x", "(", " ret", "u", " return", " returned", "Fals", "False", "e"]
    healer = Healer([word.encode() for word in words], frozenset())
    left, bytes_ = healer.give_back([words.index(word) for word in typed])
    assert ([words[token] for token in left], bytes_) == (kept, need)


WORDS = st.lists(st.binary(max_size=4), min_size=1, max_size=40)


@given(WORDS, st.binary(min_size=1, max_size=4))
def test_allowed_tokens_start_with_the_need_or_begin_it(pieces: list[bytes], need: bytes) -> None:
    unique = list(dict.fromkeys(pieces))
    allowed = set(Healer(unique, frozenset({0})).allowed_tokens(need).tolist())
    expected = {i for i, p in enumerate(unique) if i and p and (p.startswith(need) or need.startswith(p))}
    assert allowed == expected
