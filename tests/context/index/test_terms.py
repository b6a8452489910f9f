"""Text as search terms."""

import pytest

from assist_context.index.terms import MAX_CHARACTERS, SHORT, _stem, terms


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("a b c 1 _ __", []),
        ("HTTPServer", ["http", "server"]),
        ("parseURLFast", ["pars", "url", "fast"]),
        ("snake_case_name", ["snak", "cas", "nam"]),
        ("__dunder__", ["dunder"]),
        ("utf8 sha256", ["utf", "sha", "256"]),
        ("XMLHttpRequest2", ["xml", "http", "req"]),
        ("SCREAMING_CASE", ["scream", "cas"]),
        ("grüße Straße", ["grüß", "straß"]),
        ("日本語 терм", ["日本語", "терм"]),
        ("x" * MAX_CHARACTERS, ["x" * MAX_CHARACTERS]),
        ("x" * (MAX_CHARACTERS + 1), []),
        ("a-b.cd", ["cd"]),
        ("twice twice", ["twic", "twic"]),
    ],
)
def test_identifiers_are_split(text: str, expected: list[str]) -> None:
    assert terms(text) == expected


@pytest.mark.parametrize(
    "words",
    [
        ("retries", "retry"), ("files", "file"), ("matches", "match"), ("classes", "class"),
        ("parsing", "parse", "parses", "parsed"), ("running", "run", "runs"), ("boxes", "box"),
    ],
)  # fmt: skip
def test_endings_do_not_matter(words: tuple[str, ...]) -> None:
    assert len({tuple(terms(word)) for word in words}) == 1


@pytest.mark.parametrize(
    ("short", "whole"),
    [("msg", "messages"), ("args", "argument"), ("TmpDir", "temporary directory"), ("conn", "connections")],
)
def test_what_code_shortens_is_the_same_as_the_word(short: str, whole: str) -> None:
    assert terms(short) == terms(whole)


def test_a_short_word_stands_for_one_word_only() -> None:
    folded = [_stem(word) for word in SHORT]
    assert len(folded) == len(set(folded))
    assert {_stem(short) for short in SHORT.values()}.isdisjoint(folded)


@pytest.mark.parametrize(
    ("one", "other"), [("status", "stat"), ("this", "thi"), ("ring", "r"), ("pass", "pas")]
)
def test_what_only_looks_like_an_ending_stays(one: str, other: str) -> None:
    assert terms(one) != terms(other)


def test_many_identifiers_do_not_fill_the_memory() -> None:
    words = [f"name{number:06}" for number in range(120_000)]
    assert len(terms(" ".join(words))) == 2 * len(words)
    assert terms(words[0]) == ["nam", "000000"]


def test_ascii_goes_another_way_to_the_same_terms() -> None:
    for code in range(128):
        text = f"ab{chr(code)}cdRetries{chr(code)}"
        assert terms(text) == terms(text + " é")
