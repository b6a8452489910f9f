"""From the model's raw text to a suggestion: cut it to shape, filter it, close its end, and judge it.

If the chance of the whole text is too small, the part before its least likely token may still be shown, and
of that the part before its own least likely one. Texts from the model and from the cache go through the same
steps. This module knows no editor and no model; `confidence` estimates the chance.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from assist_completion.display import line_policy
from assist_completion.display.confidence import Gate, JudgedPart
from assist_completion.display.contradictions import contradicts
from assist_completion.display.cursor_site import CursorSite, last_line, opens_block
from assist_completion.display.filters import CleanText, clean
from assist_completion.display.line_policy import Shape
from assist_completion.display.suggestion_cache import KnownText, Spans
from assist_completion.suggestion import Suggestion
from assist_context.code.trees import fragments

# The fewest characters that are shown before a doubt: half of such texts are right, of shorter ones a third.
LEAST = 4

_WHOLE = re.compile(r"[\w)\]}\"'`?]\Z")  # the end of an expression
_WHOLE_END = re.compile(
    r"""
    (?: [\w)\]}"'`;]                       # an expression or a statement
      | (?<!\s)[?!]                        # Rust's `?`, TypeScript's `!`
    )\Z
    """,
    re.VERBOSE,
)
_GOES_ON = (
    "and or not in is if elif else while for of return await yield raise throw new typeof delete void assert "
    "del with match case switch lambda as from import class def async fn func function const let var mut ref "
    "go defer range extends implements impl dyn where global nonlocal instanceof keyof"
)
_HANGS = re.compile(r"!?\(|::|\{")  # a call, a path or a literal goes on like this after its name
_DOT = re.compile(r"\.\Z")  # after which a member would come
_OPERATOR = re.compile(r"\s*(?:[-+*/%&|^<>=!?]{1,3}|\b(?:and|or))\Z")  # between two values
# A declaration that has not come to its value or its body.
_HALF = re.compile(
    r"""
    \s* (?: (?:export|pub|async|static|default) \s+ )*                              # modifiers
    (?: let|const|var|val|def|fn|func|function|class|struct|enum|interface|type )   # what it declares
    \b [^=({:;]*
    """,
    re.VERBOSE,
)
# Words after which an expression or a name has to come.
_UNFINISHED = re.compile(rf"(?<![.\w])(?:{'|'.join(_GOES_ON.split())})\Z")
_GENERIC = frozenset({"rust", "typescript", "tsx", "java", "csharp", "cpp", "kotlin", "scala", "swift"})
_QUOTES = "\"'`"
_STRING_PREFIX = re.compile(r"(?<!\w)(?:[bru]|[rb]?f|[fb]r)\Z", re.IGNORECASE)  # before its quote, as in `f"`


def is_enough(site: CursorSite, shape: Shape, raw_text: KnownText, gate: Gate) -> bool:
    """Say if more text would change nothing: it ended, is too doubtful, or would be cut."""
    ends = raw_text.ended or line_policy.should_stop(site, raw_text.text, shape)
    return ends or gate.is_hopeless(site, raw_text.text, raw_text.spans)


def finish(site: CursorSite, shape: Shape, raw: KnownText, gate: Gate) -> Suggestion:
    """The suggestion that a raw text makes at a cursor. `reason` says why it is not shown."""
    whole = line_policy.cut(site, raw.text, shape, is_ended=raw.ended)
    clean_text = clean(site, whole)
    if clean_text.dropped and not raw.text.strip():
        return Suggestion(reason="model-stopped" if raw.ended else clean_text.dropped)
    answer = Suggestion(candidate=clean_text.text, needed=gate.bar)
    score = 0.0
    for text, part in parts(site, shape, raw, whole, clean_text):
        chance = round(gate.chance(site, part), 4)
        score = score or chance
        if chance < gate.bar:
            continue
        if not text.dropped and contradicts(site, text.text):
            text = CleanText(dropped="contradiction")  # noqa: PLW2901  (nothing of it is shown)
        if not text.dropped:
            return replace(answer, text=text.text, shown=True, score=chance, replace=text.replace)
        if not part.cut:
            return replace(answer, reason=text.dropped, score=chance)
    return replace(answer, reason="low-confidence", score=score)


def parts(
    site: CursorSite, shape: Shape, raw: KnownText, whole: str, clean_text: CleanText
) -> Iterator[tuple[CleanText, JudgedPart]]:
    """Yield what may be shown of a raw text, the longest first, and what its chance is estimated from.

    `whole` is the text cut to shape, `clean_text` what filters made of it. The gate is fitted to these parts.
    """
    part_text = clean_text if clean_text.dropped else _close_end(site, whole, raw.skipped, clean_text)
    end = len(raw.text) if shape.multi else first_line_end(raw.text)
    chances = _chances(raw.spans, min(end, max(len(whole), 1)))
    is_closed = not part_text.dropped and part_text.text != clean_text.text
    yield part_text, JudgedPart(clean_text.text or whole, chances, closed=is_closed, guess=raw.guess)
    while len(chances) > 1:
        lowest = min(range(len(chances)), key=lambda at: chances[at])
        chances = chances[:lowest]
        part = sure_part(raw.text, raw.spans[lowest - 1][0]) if lowest else ""
        if raw.skipped + len(part.strip()) < LEAST or not part.strip():
            return
        several = "\n" in raw.text[: raw.spans[lowest - 1][0]].lstrip()
        part = part if several else _OPERATOR.sub("", part)
        part_text = _whole_part(site, shape, raw.text, part, several=several, gap=raw.skipped)
        yield part_text, JudgedPart(part, chances, True, len(part_text.text) > len(part), raw.guess)


def _chances(spans: Spans, end: int) -> list[float]:
    """The log-probabilities of the tokens that begin before a place in the text."""
    starts = (0, *(start for start, _ in spans))
    return [chance for start, (_, chance) in zip(starts, spans, strict=False) if start < end]


def _whole_part(
    site: CursorSite, shape: Shape, text: str, part: str, *, several: bool, gap: int = 0
) -> CleanText:
    """Cut the part of a text before a doubt or a refuted nameto what could be left so.

    `several`: the doubt is not on the first line.
    """
    part_text = _close_end(site, line_policy.cut(site, _DOT.sub("", part), shape, is_ended=True), gap)
    hangs = text.startswith(part_text.text) and _HANGS.match(text[len(part_text.text) :])
    if part_text.dropped or (hangs and not several) or not _is_whole(site, part_text.text, several=several):
        return CleanText(dropped=part_text.dropped or "open-bracket")
    return part_text


def cut_refuted(site: CursorSite, shape: Shape, answer: Suggestion, at: int) -> Suggestion:
    """The part of a suggestion before a name that is refuted at `at`; of several lines, whole ones.

    What is not known to be right goes on there, so a part that cannot be left as it is, is not shown.
    """
    several = "\n" in answer.text[:at].lstrip()
    part = sure_part(answer.text, at)
    part = part if several else _strip_opener(site, part)
    shorter = _whole_part(site, shape, answer.text, part, several=several)
    if shorter.dropped:
        return replace(answer, text="", shown=False, reason="unknown-name", replace=0)
    return replace(answer, text=shorter.text, replace=shorter.replace)


def _strip_opener(site: CursorSite, part: str) -> str:
    """Without a last bracket that would begin with the name, and a last comma between the user's brackets."""
    part = re.sub(r"\s*\{\Z", "", part)
    if not part.endswith(","):
        return part
    balance = fragments.balance(site.language, site.before, part)
    return part[:-1] if balance.open and not balance.left else part


def _is_whole(site: CursorSite, text: str, *, several: bool) -> bool:
    """Return whether a part of a text ends where an expression or a statement does."""
    if not several:
        line = last_line(site.before + text)
        ends = _WHOLE_END.search(text) is not None and _UNFINISHED.search(text) is None
        return ends and _HALF.fullmatch(line) is None and text.strip() not in ("self", "this", "cls")
    if opens_block(last_line(site.before + text), site.language):
        return fragments.balance(site.language, site.before, text).left in ("", "}")
    return _WHOLE_END.search(text) is not None or text.endswith(",")


def _close_end(site: CursorSite, cut: str, gap: int, clean_text: CleanText | None = None) -> CleanText:
    """The part of a text that may be shown, with a closed end; the first that passes the filters.

    `clean_text` is what the filters made of the whole text, None if it was cut at a doubt.
    """
    unclosed = CleanText(dropped="open-bracket")
    for text in closed_ends(site, cut, is_doubtful=clean_text is None):
        if clean_text is not None and text == cut:
            return clean_text
        if gap + len(text.strip()) < LEAST or not text.strip():
            unclosed = CleanText(dropped="open-bracket")
            continue
        unclosed = clean(site, text)
        if not unclosed.dropped:
            break
    return unclosed


def closed_ends(site: CursorSite, text: str, *, is_doubtful: bool) -> Iterator[str]:
    """Yield shorter forms of `text` that leave nothing open, the longest first; itself if it leaves nothing.

    A text is often cut at a token that the model doubts. Accepted with an open bracket it breaks the file
    until the user closes it, and the next suggestion begins inside the bracket. But a bracket at the end of
    a line that opens a block stays open: its block comes next. `is_doubtful` says that the text was cut, so
    that it is not the model's own line that ends there.

    >>> from assist_context.languages import language_of
    >>> site = CursorSite("x = ", "\\n", language_of("a.py"))
    >>> [list(closed_ends(site, text, is_doubtful=True)) for text in ("os.get(name", "f([")]
    [['os.get(name)', 'os.get'], ['f']]
    """
    prose = not site.language.blocks
    if prose or site.in_literal or _opens_block(site, text):
        yield text
        return
    if site.language.name in _GENERIC and re.search(r"\w<\s*\Z", text):
        text = text.rstrip()[:-1]  # the beginning of type arguments, which are not balanced
    balance = fragments.balance(site.language, site.before, text)
    if not balance.left or balance.first_left < 0:
        yield text
        return
    body = re.sub(r"[\s,]+\Z", "", text)
    in_string = any(quote in balance.left for quote in _QUOTES)
    several = "\n" in text.lstrip()
    braces = "}" in balance.left  # what is in them may go on
    sure = not is_doubtful or (body == text.rstrip() and not braces)
    if _WHOLE.search(body) and not in_string and not several and sure:
        yield body + balance.left
    head = text[: balance.first_left].rstrip()
    if text[balance.first_left] in _QUOTES:
        head = _STRING_PREFIX.sub("", head).rstrip()
    if several:
        head = text[: max(text.rfind("\n", 0, balance.first_left), 0)].rstrip()
    yield head


def _opens_block(site: CursorSite, text: str) -> bool:
    """Return whether a text ends with the bracket of a block, which closes further down."""
    line = last_line(site.before + text).rstrip()
    return site.is_line_end and line.endswith("{") and site.language.blocks == "brace"


def first_line_end(text: str) -> int:
    r"""Find where the first line that is not blank ends. The gate judges lines, and it was fitted to lines.

    >>> first_line_end("\n  ab\ncd")
    5
    """
    return len(text) - len(text.lstrip()) + len(text.lstrip().partition("\n")[0])


def sure_part(text: str, at: int) -> str:
    r"""The text before a doubt, without a word that the doubt cuts in two; of several lines, the whole ones.

    >>> sure_part("self.assertEqual(a, b)", 11), sure_part("call(a, b)", 7), sure_part("a = 1\nb = c", 8)
    ('self.', 'call(a,', 'a = 1')
    """
    if text[:at].lstrip().count("\n"):
        return text[: text.rfind("\n", 0, at)].rstrip()
    while 0 < at < len(text) and _is_in_word(text[at]) and _is_in_word(text[at - 1]):
        at -= 1
    return text[:at].rstrip()


def _is_in_word(character: str) -> bool:
    return character.isalnum() or character == "_"
