"""Limits of a completion: how much text to request, when to stop the model, and where to cut its text.

More than one line is wanted where a block has no body yet, after an accepted suggestion, and on demand.
A user who types inside a line wants only that line (continue#3821).
These are pure functions over the text around the cursor. They know no tokens, no model and no editor, and
they do not judge quality: `filters` does that.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from assist_completion.display.cursor_site import (
    TOKEN,
    CursorSite,
    first_line,
    indent,
    is_closing,
    is_substantial,
    same_lines,
)
from assist_context.code.trees import fragments
from assist_context.languages import Language


@dataclass(frozen=True, slots=True)
class Shape:
    """The most that may be shown. The budget decides how many tokens the model may spend on it."""

    multi: bool
    max_lines: int


# Lines of code in eight languages (170,000) hold 8 tokens at the median, 20 at p90; 94 % fit in 24.
ONE_LINE = Shape(multi=False, max_lines=1)
# 88 % of 7,919 blocks in Python's standard library have at most 12 lines; the median is 2.
BLOCK = Shape(multi=True, max_lines=12)
# The user did not request what follows an accepted text, so it stays small: 6 lines hold 75 % of the blocks.
AFTER_ACCEPT = Shape(multi=True, max_lines=6)

# A partial line that may become a closing line: in languages whose blocks end with a word, and in others.
_MAY_CLOSE = (re.compile(r"\s*(?:\w{1,4}|\*|</?[\w.:-]*)"), re.compile(r"\s*(?:\*|</?[\w.:-]*)"))
# (longest pattern, within the last tokens): a text ends in a loop if its last 10 tokens are one
# token, its last 30 a pattern of at most 10 tokens, and so on.
_LOOPS = ((1, 10), (10, 30), (20, 45), (30, 60))
_LOOP_LOOK = 1200  # characters that surely hold 60 tokens
_SAME_LINES = 3  # two equal lines in a row occur in sound code, three hardly


def choose_shape(site: CursorSite, *, manual: bool, after_accept: bool) -> Shape:
    """Return how much text to request at the cursor.

    One line, except in three places: an open block without a body, a fresh line after an accepted
    suggestion, and wherever the user requested a suggestion by hand. Inside a line it is always one line.

    >>> from assist_context.languages import language_of
    >>> py = language_of("a.py")
    >>> choose_shape(CursorSite("def f():\\n    ", "\\n", py), manual=False, after_accept=False).max_lines
    12
    >>> written = CursorSite("def f():", "\\n    return 1\\n", py)
    >>> choose_shape(written, manual=False, after_accept=False).max_lines
    1
    """
    if not site.is_line_end:
        return ONE_LINE
    if manual:
        return BLOCK
    if site.near.in_literal:
        return ONE_LINE
    if site.near.lacks_body:
        return BLOCK
    return AFTER_ACCEPT if after_accept and not site.line.strip() else ONE_LINE


def repeats(text: str) -> bool:
    """Return whether a text runs in a loop: its last tokens repeat a pattern, or several lines are equal.

    >>> repeats("x = x + 1\\n" * 3), repeats("a, b, c, d, e, f, g, h, i, j")
    (True, False)
    """
    text = text[-_LOOP_LOOK:]
    tokens = [match[0] for match in TOKEN.finditer(text)][: -_LOOPS[-1][1] - 1 : -1]
    failure = _failure_function(tokens)
    for longest, last in _LOOPS:
        if len(tokens) >= last and last - failure[last - 1] <= longest:
            return True
    lines = [line for line in text.split("\n") if line.strip()]
    runs = zip(*(lines[i:] for i in range(_SAME_LINES)), strict=False)
    return any(len(set(run)) == 1 and re.search(r"[^\W\d]", run[0]) for run in runs)


def _failure_function(tokens: Sequence[str]) -> list[int]:
    """Knuth, Morris, Pratt: for each end, the length of the longest proper prefix that is also a suffix."""
    table = [0] * len(tokens)
    for i in range(1, len(tokens)):
        length = table[i - 1]
        while length and tokens[i] != tokens[length]:
            length = table[length - 1]
        table[i] = length + (tokens[i] == tokens[length])
    return table


def should_stop(site: CursorSite, text: str, shape: Shape) -> bool:
    """Return whether more text would be cut off anyway. It runs at every token, so it looks at lines only.

    >>> from assist_context.languages import language_of
    >>> should_stop(CursorSite("def f():\\n    ", "", language_of("a.py")), "return 1\\nx", BLOCK)
    True
    """
    if repeats(text):
        return True  # it will not be shown, so do not decode the rest
    if shape.multi:
        return _line_limit(site, text, shape) is not None
    return "\n" in text.lstrip() or _starts_next_line(site, text)


def _starts_next_line(site: CursorSite, text: str) -> bool:
    """Return whether the model treats the cursor's line as complete. Then there is no text for one line."""
    is_ended = bool(site.line.strip()) and text.lstrip(" \t").startswith("\n")
    return is_ended and not site.opens_block


def cut(site: CursorSite, completion: str, shape: Shape, *, is_ended: bool = False) -> str:
    """The part of `completion` that `shape` allows, without white space at its end.

    One line: the first that is not blank. The line break before it is kept if the cursor's line opens a
    block. Several lines: up to the end of the block or statement by the grammar, else up to the first line
    that is indented less than the cursor's. Only whole lines are kept, unless there is no whole line.
    `is_ended` says that the model itself ended the text, so its last line is whole.

    >>> from assist_context.languages import language_of
    >>> cut(CursorSite("x = ", "\\n", language_of("a.py")), "1\\ny = 2", ONE_LINE)
    '1'
    """
    if not shape.multi or not site.is_line_end:
        return _cut_line(site, completion)
    text = completion[: _line_limit(site, completion, shape)]
    start = len(site.before)
    end = fragments.node_end(site.language, site.before + completion + site.after, start)
    if end is not None and 0 < end - start < len(text):
        line_break = text.find("\n", end - start)  # a comment after the node belongs to its line
        text = text[:line_break] if line_break >= 0 else text
    if len(text) == len(completion) and not is_ended:
        whole = text[: text.rfind("\n") + 1]
        text = whole if whole.strip() else text
    return text.rstrip()


def _cut_line(site: CursorSite, completion: str) -> str:
    if not site.is_line_end:
        return first_line(completion).rstrip()
    if _starts_next_line(site, completion):
        return ""
    start = re.match(r"\s*\n", completion)
    line = first_line(completion[start.end() if start else 0 :]).rstrip()
    return "\n" + line if start and line and site.line.strip() else line


def _line_limit(site: CursorSite, text: str, shape: Shape) -> int | None:
    """Find where `text` must end, as far as its lines alone tell; None while they do not."""
    current = site.line
    least = site.indent + site.opens_block
    count = 0
    end = 0
    for line in _lines(text):
        start = end
        end += len(line)
        if not line.strip():
            continue
        count += 1
        if start > 0 or not current.strip():
            column = indent(line) + (site.indent if start == 0 else 0)
            least = least or column * (not current.strip())  # nothing typed: the first line is the measure
            if column < least:
                return _dedent_limit(line, start, site.language)
        if line.endswith("\n") and count == shape.max_lines:
            return end
    return None


def _dedent_limit(line: str, start: int, language: Language) -> int | None:
    """The limit at a line that leaves the block: before it, or after it if the line closes the block."""
    closes = is_closing(line) and not (language.blocks and line.strip()[0].isalpha())
    if not line.endswith("\n") and (closes or _MAY_CLOSE[bool(language.blocks)].fullmatch(line)):
        return None  # `}` may become `} else {`, and `en` may become `end`
    return start + len(line) if closes else start


def _lines(text: str) -> Iterator[str]:
    return iter(re.findall(r"[^\n]*\n|[^\n]+\Z", text))


def start_of_copy(site: CursorSite, text: str) -> int:
    """Find where `text` begins to repeat the lines below the cursor (continue#4721), else its length.

    >>> from assist_context.languages import PLAIN
    >>> start_of_copy(CursorSite("", "\\nfoo(a, b)\\n", PLAIN), "a = 1\\nfoo(a, b)")
    5
    """
    lines = text.split("\n")
    full = [site.line + lines[0], *lines[1:]]
    below = [line for line in site.after.split("\n")[1 : 2 * BLOCK.max_lines] if line.strip()]
    for start, line in enumerate(lines):
        own = [rest for rest in full[start:] if rest.strip()]
        size = min(len(own), len(below))
        copies = line.strip() and any(map(is_substantial, own[:size]))
        if copies and same_lines(own[:size], below[:size], "" if start else site.line):
            return len("\n".join(lines[:start]))
    return len(text)
