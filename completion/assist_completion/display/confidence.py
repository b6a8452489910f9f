"""Whether a suggestion is worth the user's attention, and up to which token the model is sure of it.

The score estimates the chance that the user would type this line, from the model's own probabilities.
If the model doubts a token of the line, the text before that token may still be shown.
`benchmarks/calibrate.py` fits the figures in confidence.toml. This module knows no text but where it ends.
"""

import math
import tomllib
from collections.abc import Sequence
from importlib.resources import files

FITTED = tomllib.loads((files(__package__) / "confidence.toml").read_text(encoding="utf-8"))
LIMITS: dict[str, float] = {mode: float(limit) for mode, limit in FITTED["limits"].items()}
# The fewest characters that are shown before a doubt: half of such texts are right, of shorter ones a third.
LEAST = 4

Spans = Sequence[tuple[int, float]]


def score(chances: Sequence[float]) -> float:
    """The estimated chance that a line with these token log-probabilities (nats) is right.

    Only the least likely token counts. On held-out lines, the mean and the first token added nothing to it.

    >>> score([-0.01, -0.02]) > 0.5 > score([-0.1, -4.0])
    True
    """
    return 1 / (1 + math.exp(-FITTED["bias"] - FITTED["lowest"] * min(chances))) if chances else 0.0


def score_until(end: int, spans: Spans) -> float:
    """The score of the tokens that begin before the character `end`, the first one at least."""
    starts = (0, *(each for each, _ in spans))
    begun = [chance for start, (_, chance) in zip(starts, spans, strict=False) if start < max(end, 1)]
    return round(score(begun), 4)


def score_at(least: float) -> float:
    """The score of a line whose least likely token has the log-probability `least`: the least that is shown.

    >>> 0.09 < score_at(LIMITS["balanced"]) < score_at(LIMITS["quiet"]) < 0.6, score_at(-math.inf)
    (True, 0.0)
    """
    return round(score([least]), 4) if least > -math.inf else 0.0


def limit(mode: str, *, manual: bool) -> float:
    """The least log-probability of a token that is shown. A manual request always shows its text."""
    return -math.inf if manual else LIMITS[mode]


def first_line_end(text: str) -> int:
    r"""Where the first line that is not blank ends. The gate judges lines, and it was fitted to lines.

    >>> first_line_end("\n  ab\ncd")
    5
    """
    return len(text) - len(text.lstrip()) + len(text.lstrip().partition("\n")[0])


def doubt(text: str, spans: Spans, least: float, *, lines: bool = False) -> int | None:
    r"""Where the first token of the first line begins that is less likely than `least`; None without one.

    With `lines`, the other lines count too.

    >>> doubt("ab cd", [(2, -0.1), (5, -3.0)], -1.0), doubt("ab cd", [(2, -0.1), (5, -3.0)], -4.0)
    (2, None)
    >>> spans = [(3, -0.1), (5, -3.0)]
    >>> doubt("ab\ncd", spans, -1.0), doubt("ab\ncd", spans, -1.0, lines=True)
    (None, 3)
    """
    start = 0
    end_of_line = len(text) if lines else first_line_end(text)
    for end, chance in spans:
        if start >= end_of_line:
            break
        if chance < least:
            return start
        start = end
    return None


def sure_part(text: str, at: int) -> str:
    r"""The text before a doubt, without a word that the doubt cuts in two; of several lines, the whole ones.

    >>> sure_part("self.assertEqual(a, b)", 11), sure_part("call(a, b)", 7), sure_part("a = 1\nb = c", 8)
    ('self.', 'call(a,', 'a = 1')
    """
    if text[:at].lstrip().count("\n"):
        return text[: text.rfind("\n", 0, at)].rstrip()
    while 0 < at < len(text) and _in_word(text[at]) and _in_word(text[at - 1]):
        at -= 1
    return text[:at].rstrip()


def _in_word(character: str) -> bool:
    return character.isalnum() or character == "_"
