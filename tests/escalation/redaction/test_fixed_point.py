"""Redaction is a fixed point: a scan of what it left finds nothing, and no text is refused for that."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from assist_escalation.prompts import Origin, Span
from assist_escalation.redaction.known_secrets import Known
from assist_escalation.redaction.redactor import clean, redact

# The colors of a terminal's listing: the names of files, and many values without quotes in one.
COLORS = (
    "*swift=0;38;5;48:*ini=0;38;5;149:*passwd=0;38;5;149:*xhtml=0;38;5;185:*patch=0;38;5;48:*cabal=0;38;5;48:"
    "*README=0;38;5;16;48;5;186:*toast=4;38;5;203:*ipynb=0;38;5;48:*COPYING=0;38;5;249:*gradle=0;38;5;48:"
    "*matlab=0;38;5;48:*shadow=0;38;5;149:*config=0;38;5;149:*LICENSE=0;38;5;249:*dyn_hi=0;38;5;243:"
    "*flake8=0;38;5;149:*groovy=0;38;5;48:*INSTALL=0;38;5;249:*cmake=0;38;5;149:*secret=0;38;5;149"
)
FRAGMENTS = st.sampled_from([
    "password", "passwd", "DB_SECRET", "apiKey", "token", "user", "auth", "PIN", "getPassword()", "keys",
    "=", ": ", ":", ":=", "=>", "==", "(", ")", "[", "]", "{", "}", ",", ", ", ";", "|", "&", " ", "\n", "\n  ",
    "'", '"', "`", "\\", "//", "#", "<", ">", "://", "@", "-", "--", "$", "%", "?", "\u200b", "\\u0061",
    "hunter2", "bob", "0;38;5", "149", "Summer-2019", "q7xk2mzr9tw4b8vn1pj5hd3gf6ys", "aHVudGVyMjIwMDQ=",
    "__SECRET_PASSWORD_9x8y7z_1__", "[redacted:token]", "SECRET", "https", "kty", "d", "values", "insert into",
    "-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----", "Bearer ", "AKIAQQQQQQQQQQQQQQQQ",
])  # fmt: skip
TEXTS = st.lists(FRAGMENTS | st.text(max_size=6), max_size=40).map("".join)
PATHS = st.sampled_from(["a.py", "a.ts", "a.yaml", ".env", "a.csv", "a.md"])


def redacted(text: str, path: str, nonce: str) -> str:
    span = Span(text, Origin("file", path=path))
    return redact([span], Known(), nonce=nonce, deadline_s=60).spans[0].text


@given(TEXTS, PATHS)
@example(COLORS, "a.rs")
def test_a_second_redaction_finds_nothing(text: str, path: str) -> None:
    once = redacted(text, path, "1a2b3c")
    assert redacted(once, path, "4d5e6f") == once


@given(TEXTS)
@example(COLORS)
def test_a_cleaned_message_stays_as_it_is(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@pytest.mark.parametrize("path", ["main.rs", "colors.sh", ".env", ""])
def test_the_colors_of_file_names_are_no_secrets(path: str) -> None:
    assert redacted(COLORS, path, "1a2b3c") == COLORS


def test_a_chain_of_values_longer_than_a_rule_is_taken_to_its_end() -> None:
    """Each scan takes what its expressions reach; the last one finds nothing."""
    value = "x9" * 150
    text = f'{{"password": {value}{")" + "a1b2" * 9}}}'
    assert value not in redacted(text, "a.json", "1a2b3c")
