"""The replacement of an edit, as tokens between the tokens next to it.

A hunk gives one site for each place where it differs, and one for a whole line that differs in several.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from assist_context.next_edit.offer import EditHunk

_TOKEN = re.compile(
    r"""
    \n[ \t]*                                     # a line end with the indentation after it
    | [^\W\d]\w* | \d[\w.]* | [^\S\n]+          # names, numbers, spaces
    | [=!]==? | [<>+\-*/%&|^]= | [-=]> | :: | && | \|\| | \*\* | \.\.\.  # operators of several characters
    | [^\w\s]
    """,
    re.VERBOSE,
)
MAX_TOKENS = 600  # of a hunk; comparing takes the square of it at worst
MAX_SPAN = 60  # tokens of a site; what is longer is new code
AROUND = 12  # tokens that are kept on each side of a site
IDENTIFIER = re.compile(r"[^\W\d]\w*")

CodeTokens = tuple[str, ...]
_ChangeSpan = tuple[int, int, int, int]  # the start and end of old tokens, and of what they became


@dataclass(frozen=True, slots=True)
class Site:
    """One place of an edit: `old` became `new` between `left` and `right`.

    `line` and `column` are where `new` begins, from 0. `among` counts the sites of the hunk: in a line
    that is rewritten, many tokens seem to be replaced.
    """

    path: str
    line: int
    column: int
    left: CodeTokens
    old: CodeTokens
    new: CodeTokens
    right: CodeTokens
    among: int = 1

    @property
    def before(self) -> CodeTokens:
        """The tokens of its line before the edit, as far as they are known."""
        return (*line_end(self.left), *self.old, *line_start(self.right))

    @property
    def is_identifier(self) -> bool:
        """Return whether one identifier became another one."""
        both = (*self.old, *self.new)
        return len(self.old) == len(self.new) == 1 and all(map(IDENTIFIER.fullmatch, both))


def line_end(part: CodeTokens) -> CodeTokens:
    """The tokens after the last line end."""
    last = next((at for at in range(len(part) - 1, -1, -1) if part[at][0] == "\n"), -1)
    return part[last + 1 :]


def line_start(part: CodeTokens) -> CodeTokens:
    """The tokens before the first line end."""
    first = next((at for at, token in enumerate(part) if token[0] == "\n"), len(part))
    return part[:first]


def tokens(text: str) -> CodeTokens:
    r"""The tokens of a text; a line end and the indentation after it are one.

    >>> tokens("a.b(1)\r\n  c")
    ('a', '.', 'b', '(', '1', ')', '\n  ', 'c')
    """
    return tuple(_TOKEN.findall(text.replace("\r\n", "\n").replace("\r", "\n")))


def sites(hunk: EditHunk, lines: Sequence[str]) -> tuple[Site, ...]:
    """The sites of a hunk in a document of `lines`, which holds its new lines."""
    before = lines[max(0, hunk.line - 2) : hunk.line]
    after = lines[hunk.line + len(hunk.new) : hunk.line + len(hunk.new) + 2]
    old = tokens("\n" + "".join((*before, *hunk.old, *after)))
    new = tokens("\n" + "".join((*before, *hunk.new, *after)))
    if max(len(old), len(new)) > MAX_TOKENS:
        return ()
    first_line = hunk.line - len(before) - 1  # the added line end begins the first line
    whole = _whole_lines(before, hunk)
    spans = _spans(old, new) if whole is None else [whole]
    return tuple(_sites(hunk.path, first_line, old, new, spans))


def _whole_lines(before: Sequence[str], hunk: EditHunk) -> _ChangeSpan | None:
    """The span of whole lines that were added or deleted: from the line end above to that of the last one."""
    lines = hunk.new or hunk.old
    if (hunk.old and hunk.new) or not lines or not all(line.endswith(("\n", "\r")) for line in lines):
        return None
    start = len(tokens("\n" + "".join(before))) - 1
    end = len(tokens("\n" + "".join((*before, *lines)))) - 1
    return (start, end, start, start) if hunk.old else (start, start, start, end)


def _spans(old: CodeTokens, new: CodeTokens) -> list[_ChangeSpan]:
    steps = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    return _units([_slide(step[1:], old, new) for step in steps if step[0] != "equal"], old, new)


def _sites(
    path: str, first_line: int, old: CodeTokens, new: CodeTokens, spans: Sequence[_ChangeSpan]
) -> Iterator[Site]:
    wider = list(_wider(spans, old, new))
    for start, end, begin, stop in dict.fromkeys((*wider, *spans)):
        if max(end - start, stop - begin) > MAX_SPAN:
            continue
        line = first_line + sum(token[0] == "\n" for token in new[:begin])
        before = old[max(0, start - AROUND) : start]
        column = _column(new[:begin])
        right = old[end : end + AROUND]
        among = len(wider) if (start, end, begin, stop) in wider else len(spans)
        yield Site(path, line, column, before, old[start:end], new[begin:stop], right, among)


def _column(before: CodeTokens) -> int:
    """Return how many characters of its line are before the end of some tokens."""
    column = 0
    for token in reversed(before):
        if token[0] == "\n":
            return column + len(token) - 1
        column += len(token)
    return column


def _slide(span: _ChangeSpan, old: CodeTokens, new: CodeTokens) -> _ChangeSpan:
    """The same insertion or deletion, as far up as it may be: it is ambiguous where its ends are alike.

    Whole lines begin with the line end above them. Brackets stay in pairs, a call is added after its dot, and
    a word before another one, as `await`, begins with itself.
    """
    start, end, begin, stop = span
    if start < end and begin < stop:
        return span
    lines = new if start == end else old
    first = begin if start == end else start
    last = stop if start == end else end
    best = 0
    steps = 0
    while lines[first - steps][0] != "\n" and first > steps:
        if lines[first - 1 - steps] != lines[last - 1 - steps]:
            break
        steps += 1
        if _is_phrase(lines[first - steps : last - steps]):
            best = steps
    words = all(map(IDENTIFIER.fullmatch, lines[first - best + 1 : last - best]))
    follows = lines[last - best : last - best + 1] == lines[first - best : first - best + 1]
    if words and lines[first - best].isspace() and lines[first - best][0] != "\n" and follows:
        best -= 1
    return start - best, end - best, begin - best, stop - best


def _is_phrase(part: CodeTokens) -> bool:
    """Return whether tokens begin with no bracket and close none that they do not open."""
    if part[0] in "([{":
        return False
    return all(depth(part[: at + 1]) >= 0 for at in range(len(part)))


def _units(spans: Sequence[_ChangeSpan], old: CodeTokens, new: CodeTokens) -> list[_ChangeSpan]:
    """The spans, joined where they are parts of one expression: of a path, or a call and its first argument.

    What became of one part says nothing about the same part elsewhere, as after `errors.New` became
    `fmt.Errorf`.
    """
    units: list[_ChangeSpan] = []
    for span in spans:
        gap = old[units[-1][1] : span[0]] if units else ()
        fills = gap == ("(",) and span[0] == span[1] and old[span[1] : span[1] + 1] == (")",)
        if gap and (fills or all(token in (".", "::") for token in gap)):
            whole = units[-1][0], span[1], units[-1][2], span[3]
            units[-1] = _balance(whole, old, new)
        else:
            units.append(span)
    return units


def _wider(spans: Sequence[_ChangeSpan], old: CodeTokens, new: CodeTokens) -> Iterator[_ChangeSpan]:
    """One span from the first to the last difference of a line that has several."""
    group: list[_ChangeSpan] = []
    for span in (*spans, None):
        if group and (span is None or any(token[0] == "\n" for token in old[group[-1][1] : span[0]])):
            if len(group) > 1:
                whole = group[0][0], group[-1][1], group[0][2], group[-1][3]
                yield _balance(whole, old, new)
            group = []
        if span is not None:
            group.append(span)


def _balance(span: _ChangeSpan, old: CodeTokens, new: CodeTokens) -> _ChangeSpan:
    """A span with the closing brackets that follow it on its line, as far as it opens them."""
    start, end, begin, stop = span
    while end < len(old) and old[end] in ")]}" and depth(old[start:end]) > 0 and depth(new[begin:stop]) > 0:
        end += 1
        stop += 1
    if depth(old[start:end]) > 0 and end < len(old) and old[end] in ")]}":
        end += 1
        stop += 1
    return start, end, begin, stop


def depth(part: CodeTokens) -> int:
    """Return how many brackets tokens open, less those that they close."""
    return sum((word in "([{") - (word in ")]}") for word in part)
