"""From the model's raw text to a suggestion: cut it to shape, filter it, close its end, and judge it.

The score estimates the chance that the user would type this line, from the model's own probabilities.
If the model doubts a token of the line, the text before that token may still be shown.
`benchmarks/calibrate.py` fits the figures in confidence.toml.
Texts from the model and from the cache go through the same steps. This module knows no editor and no model.
"""

import math
import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib.resources import files

from assist_completion.display import line_policy
from assist_completion.display.cursor_site import CursorSite, last_line, opens_block
from assist_completion.display.filters import CleanText, clean
from assist_completion.display.line_policy import Shape
from assist_completion.display.suggestion_cache import KnownText
from assist_completion.suggestion import Suggestion
from assist_context.syntax import fragments

FITTED = tomllib.loads((files(__package__) / "confidence.toml").read_text(encoding="utf-8"))
LIMITS: dict[str, float] = {mode: float(limit) for mode, limit in FITTED["limits"].items()}
# The fewest characters that are shown before a doubt: half of such texts are right, of shorter ones a third.
LEAST = 4

Spans = Sequence[tuple[int, float]]

_WHOLE = re.compile(r"[\w)\]}\"'`?]\Z")  # the end of an expression
_WHOLE_END = re.compile(
    r"""
    (?: [\w)\]}"'`;]                       # an expression or a statement
      | (?<!\s)[?!]                        # Rust's `?`, TypeScript's `!`
      | [\w)\]}"'`?!] (?: \. | :: | -> )   # a member comes next
    )\Z
    """,
    re.VERBOSE,
)
_GOES_ON = (
    "and or not in is if elif else while for of return await yield raise throw new typeof delete void assert "
    "del with match case switch lambda as from import class def async fn func function const let var mut ref "
    "go defer range extends implements impl dyn where global nonlocal instanceof keyof"
)
# Words after which an expression or a name has to come.
_UNFINISHED = re.compile(rf"(?<![.\w])(?:{'|'.join(_GOES_ON.split())})\Z")
_GENERIC = frozenset({"rust", "typescript", "tsx", "java", "csharp", "cpp", "kotlin", "scala", "swift"})
_QUOTES = "\"'`"
_STRING_PREFIX = re.compile(r"(?<!\w)(?:[bru]|[rb]?f|[fb]r)\Z", re.IGNORECASE)  # before its quote, as in `f"`


def is_enough(site: CursorSite, shape: Shape, known: KnownText, least: float) -> bool:
    """Whether more text of the model would change nothing: it ended, doubts a token, or would be cut."""
    doubted = doubt(known.text, known.spans, least, lines=shape.multi) is not None
    return known.ended or doubted or line_policy.should_stop(site, known.text, shape)


def finish(site: CursorSite, shape: Shape, raw: KnownText, least: float) -> Suggestion:
    """The suggestion that a raw text makes at a cursor. `reason` says why it is not shown.

    `least` is the log-probability below which the model doubts a token, as `limit` gives it.
    If the model doubts a token, the text before it is shown if it is long enough, of several lines the whole
    ones.
    """
    at = doubt(raw.text, raw.spans, least, lines=shape.multi)
    needed = score_at(least)
    whole = line_policy.cut(site, raw.text, shape, ended=raw.ended)
    cleaned = clean(site, whole)
    if at is None and cleaned.dropped:
        silent = raw.ended and not raw.text.strip()
        return Suggestion(reason="model-stopped" if silent else cleaned.dropped)
    end = first_line_end(raw.text)
    if at is None:
        shown = _close_end(site, whole, raw.skipped, cleaned)
    else:
        shown = _until(site, shape, sure_part(raw.text, at), raw.skipped)
        # If nothing is shown, the score is that of the doubted token.
        end = min(at, end) + bool(shown.dropped)
    return Suggestion(
        text="" if shown.dropped else shown.text,
        candidate=cleaned.text,
        shown=not shown.dropped,
        reason=("low-confidence" if at is not None else shown.dropped) if shown.dropped else "",
        score=score_until(end, raw.spans),
        needed=needed,
        replace=shown.replace,
    )


def before_refuted(site: CursorSite, shape: Shape, answer: Suggestion, at: int) -> Suggestion:
    """The part of a suggestion before a name that is refuted at `at`; of several lines, whole ones.

    What is not known to be right goes on there, so a part that cannot be left as it is, is not shown.
    """
    several = "\n" in answer.text[:at].lstrip()
    part = sure_part(answer.text, at)
    shown = _until(site, shape, part if several else _without_opener(site, part))
    if shown.dropped or not _is_whole(site, shown.text, several=several):
        return replace(answer, text="", shown=False, reason="unknown-name", replace=0)
    return replace(answer, text=shown.text, replace=shown.replace)


def _without_opener(site: CursorSite, part: str) -> str:
    """Without a last bracket that would begin with the name, and a last comma between the user's brackets."""
    part = re.sub(r"\s*\{\Z", "", part)
    if not part.endswith(","):
        return part
    found = fragments.balance(site.language, site.before, part)
    return part[:-1] if found.open and not found.left else part


def _is_whole(site: CursorSite, text: str, *, several: bool) -> bool:
    """Whether a part of a text ends where an expression or a statement does, or at the dot of a member."""
    if not several:
        return _WHOLE_END.search(text) is not None and _UNFINISHED.search(text) is None
    if opens_block(last_line(site.before + text), site.language):
        return fragments.balance(site.language, site.before, text).left in ("", "}")
    return _WHOLE_END.search(text) is not None or text.endswith(",")


def _until(site: CursorSite, shape: Shape, part: str, skipped: int = 0) -> CleanText:
    """What may be shown of the part of a text before a doubt or a refuted name."""
    return _close_end(site, line_policy.cut(site, part, shape, ended=True), skipped)


def _close_end(site: CursorSite, cut: str, skipped: int, cleaned: CleanText | None = None) -> CleanText:
    """The part of a text that may be shown, with a closed end; the first that passes the filters.

    `cleaned` is what the filters made of the whole text, None if it was cut at a doubt.
    """
    found = CleanText(dropped="open-bracket")
    for text in closed_ends(site, cut, doubted=cleaned is None):
        if cleaned is not None and text == cut:
            return cleaned
        if skipped + len(text.strip()) < LEAST or not text.strip():
            found = CleanText(dropped="open-bracket")
            continue
        found = clean(site, text)
        if not found.dropped:
            break
    return found


def closed_ends(site: CursorSite, text: str, *, doubted: bool) -> Iterator[str]:
    """What `text` may become so that it leaves nothing open, the longest first; itself if it leaves nothing.

    A text is often cut at a token that the model doubts. Accepted with an open bracket it breaks the file
    until the user closes it, and the next suggestion begins inside the bracket. But a bracket at the end of
    a line that opens a block stays open: its block comes next. `doubted` says that the text was cut, so that
    it is not the model's own line that ends there.

    >>> from assist_context.languages import language_of
    >>> site = CursorSite("x = ", "\\n", language_of("a.py"))
    >>> list(closed_ends(site, "os.get(name", doubted=True)), list(closed_ends(site, "f([", doubted=True))
    (['os.get(name)', 'os.get'], ['f'])
    """
    prose = not site.language.blocks
    if prose or site.in_literal or _opens_block(site, text):
        yield text
        return
    if site.language.name in _GENERIC and re.search(r"\w<\s*\Z", text):
        text = text.rstrip()[:-1]  # the beginning of type arguments, which are not balanced
    found = fragments.balance(site.language, site.before, text)
    if not found.left or found.first_left < 0:
        yield text
        return
    body = re.sub(r"[\s,]+\Z", "", text)
    in_string = any(quote in found.left for quote in _QUOTES)
    several = "\n" in text.lstrip()
    if _WHOLE.search(body) and not in_string and not several and (not doubted or body == text.rstrip()):
        yield body + found.left
    kept = text[: found.first_left].rstrip()
    if text[found.first_left] in _QUOTES:
        kept = _STRING_PREFIX.sub("", kept).rstrip()
    if several:
        kept = text[: max(text.rfind("\n", 0, found.first_left), 0)].rstrip()
    yield kept


def _opens_block(site: CursorSite, text: str) -> bool:
    """Whether a text ends with the bracket of a block, which closes further down."""
    line = last_line(site.before + text).rstrip()
    return site.at_line_end and line.endswith("{") and site.language.blocks == "brace"


def score(chances: Sequence[float]) -> float:
    """The estimated chance that a line with these token log-probabilities (nats) is right.

    Only the least likely token counts. On held-out lines, the mean and the first token added nothing to it.

    >>> score([-0.01, -0.02]) > 0.5 > score([-0.1, -4.0])
    True
    """
    return 1 / (1 + math.exp(-FITTED["bias"] - FITTED["lowest"] * min(chances))) if chances else 0.0


def score_until(end: int, spans: Spans) -> float:
    """The score of the tokens that begin before the character `end`, the first one at least."""
    starts = (0, *(start for start, _ in spans))
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
