"""How much to ask the model for at a place, when to stop it, and where to cut what it wrote.

Multi-line text is wanted where a body is missing, after an accepted suggestion and on demand; a user
who types inside a line wants that line (continue#3821). Pure functions over the text around the
cursor: it knows no tokens, no model and no editor, and judges no quality; `filters` does that.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from assist_context.languages import Language
from assist_context.syntax import fragments


@dataclass(frozen=True, slots=True)
class Shape:
    """How much to show at most; how many tokens that may take is the budget's business."""

    multi: bool
    max_lines: int


# Lines of code in eight languages (170,000) hold 8 tokens at the median, 20 at p90; 94 % fit in 24.
ONE_LINE = Shape(multi=False, max_lines=1)
# 88 % of 7,919 blocks in Python's standard library have at most 12 lines; the median is 2.
BLOCK = Shape(multi=True, max_lines=12)
# Nobody asked for what follows an accepted text, so it stays small: 6 lines hold 75 % of the blocks.
AFTER_ACCEPT = Shape(multi=True, max_lines=6)

# What an editor adds by itself behind the cursor, and what people type to end a line.
_CLOSERS_ONLY = re.compile(r"[\s)\]}>\"'`;,:]*")
_CLOSING_LINE = re.compile(r"\s*(?:[)\]}][)\]};,]*|end|fi|done|esac|\*/|</[\w.:-]+>)\s*")
# What may become one as the model goes on, where blocks end with a word and where they do not.
_MAY_CLOSE = (re.compile(r"\s*(?:\w{1,4}|\*|</?[\w.:-]*)"), re.compile(r"\s*(?:\*|</?[\w.:-]*)"))
_PYTHON_HEADER = re.compile(
    r"\s*(?:(?:async|def|class|if|elif|else|for|while|try|except|finally|with|match|case)\b|[)\]}]).*:"
)
_WORD_HEADER = re.compile(
    r".*(?:\b(?:then|do|else|repeat|begin)|\|\w+\||\{)|\s*(?:local\s+)?(?:function|def|class|module|unless)\b.*"
)
_LABEL = re.compile(r"\s*(?:case\b.*|default|public|private|protected):")
# (longest pattern, within the last tokens): a text ends in a loop if its last 10 tokens are one
# token, its last 30 a pattern of at most 10 tokens, and so on.
_LOOPS = ((1, 10), (10, 30), (20, 45), (30, 60))
_LOOP_LOOK = 1200  # characters that surely hold 60 tokens
_SAME_LINES = 3  # two equal lines in a row occur in sound code, three hardly
TOKEN = re.compile(r"\w+|([^\w\s])\1*")  # a rule of dashes is one token
MOST_READ = 20_000  # characters on either side: 300 lines of code hold 10,000
_LONGEST_HEADER = 400  # longer lines are data; looking for an opener there would cost a token's time


def last_line(before: str) -> str:
    """What stands before the cursor on its line."""
    return before[before.rfind("\n") + 1 :]


def first_line(after: str) -> str:
    """What stands behind the cursor on its line."""
    return after.partition("\n")[0]


def indent(line: str) -> int:
    """Columns before the first character, a tab to the next multiple of 4."""
    lead = line[: len(line) - len(line.lstrip())]
    return len(lead.expandtabs(4))


def at_line_end(after: str) -> bool:
    """Whether nothing but auto-closed characters follows on the line.

    >>> at_line_end(");\\nnext"), at_line_end("foo)")
    (True, False)
    """
    return _CLOSERS_ONLY.fullmatch(first_line(after)) is not None


def is_closing(line: str) -> bool:
    """Whether a line does nothing but close: brackets, `end`, a tag.

    >>> is_closing("  });"), is_closing("} else {")
    (True, False)
    """
    return _CLOSING_LINE.fullmatch(line) is not None


def opens_block(line: str, language: Language) -> bool:
    """Whether a line ends by opening a block, by its looks alone.

    >>> from assist_context.languages import language_of
    >>> opens_block("if x:  # now", language_of("a.py")), opens_block("x = {", language_of("a.py"))
    (True, False)
    """
    if len(line) > _LONGEST_HEADER or not line.strip():
        return False
    comment = next((at for kind, at, _ in fragments.marks(language, line) if kind == "comment"), len(line))
    code = line[:comment].rstrip()
    if language.name == "python":
        return _PYTHON_HEADER.fullmatch(code) is not None
    if language.name in {"ruby", "lua", "shellscript"}:
        return _WORD_HEADER.fullmatch(code) is not None and not re.search(r"\bend$", code)
    if language.blocks == "brace":
        return code.endswith("{") or _LABEL.fullmatch(code) is not None
    return language.blocks == "indent" and code.endswith(":")


def policy(before: str, after: str, language: Language, *, manual: bool, after_accept: bool) -> Shape:
    """How much to ask for at the cursor between `before` and `after`.

    One line, but for three places: where a block is open and its body not yet written, a fresh line
    after an accepted suggestion, and where the user asked. Inside a line always one.

    >>> from assist_context.languages import language_of
    >>> py = language_of("a.py")
    >>> policy("def f():\\n    ", "\\n", py, manual=False, after_accept=False).max_lines
    12
    >>> policy("def f():", "\\n    return 1\\n", py, manual=False, after_accept=False).max_lines
    1
    """
    if not at_line_end(after):
        return ONE_LINE
    if manual:
        return BLOCK
    before, after = before[-MOST_READ:], after[:MOST_READ]
    if fragments.in_string_or_comment(language, before, len(before)):
        return ONE_LINE
    if _body_missing(before, after, language):
        return BLOCK
    return AFTER_ACCEPT if after_accept and not last_line(before).strip() else ONE_LINE


def _body_missing(before: str, after: str, language: Language) -> bool:
    """Whether the cursor ends a block's header, or stands in a block with nothing in it."""
    header = last_line(before.rstrip())
    if opens_block(header, language):
        following = next((line for line in after.split("\n")[1:] if line.strip()), "")
        return indent(header) >= indent(following)
    return fragments.in_empty_block(language, before + after, len(before)) or False


def repeats(text: str) -> bool:
    """Whether a text runs in a loop: by the failure function of its last tokens, or by equal lines.

    >>> repeats("x = x + 1\\n" * 3), repeats("a, b, c, d, e, f, g, h, i, j")
    (True, False)
    """
    text = text[-_LOOP_LOOK:]
    tokens = [found[0] for found in TOKEN.finditer(text)][: -_LOOPS[-1][1] - 1 : -1]
    failure = _failure(tokens)
    for longest, last in _LOOPS:
        if len(tokens) >= last and last - failure[last - 1] <= longest:
            return True
    lines = [line for line in text.split("\n") if line.strip()]
    runs = zip(*(lines[i:] for i in range(_SAME_LINES)), strict=False)
    return any(len(set(run)) == 1 and re.search(r"[^\W\d]", run[0]) for run in runs)


def _failure(tokens: Sequence[str]) -> list[int]:
    """Knuth, Morris, Pratt: for each end, the longest proper start that is also an ending there."""
    table = [0] * len(tokens)
    for i in range(1, len(tokens)):
        length = table[i - 1]
        while length and tokens[i] != tokens[length]:
            length = table[length - 1]
        table[i] = length + (tokens[i] == tokens[length])
    return table


def finished(before: str, so_far: str, language: Language, shape: Shape) -> bool:
    """Whether more text would be cut off anyway. Looks at lines only: it is asked at every token.

    >>> from assist_context.languages import language_of
    >>> finished("def f():\\n    ", "return 1\\nx", language_of("a.py"), BLOCK)
    True
    """
    if repeats(so_far):
        return True  # it will not be shown, so do not decode the rest
    if shape.multi:
        return _line_limit(before, so_far, language, shape) is not None
    return "\n" in so_far.lstrip() or _starts_next_line(before, so_far, language)


def _starts_next_line(before: str, text: str, language: Language) -> bool:
    """Whether the model says that the cursor's line is complete, so that one line is none."""
    line = last_line(before)
    return bool(line.strip()) and text.lstrip(" \t").startswith("\n") and not opens_block(line, language)


def cut(
    before: str, completion: str, after: str, language: Language, shape: Shape, *, ended: bool = False
) -> str:
    """The part of `completion` that `shape` allows, without white space at its end.

    One line: the first that is not blank, with the line break before it where the cursor's line opens
    a block. More: to the end of the block or statement by the grammar, else to the first line
    indented less than the cursor's; whole lines only, unless there is just a part of one. `ended`
    says that the model itself ended the text, so that its last line is whole.

    >>> from assist_context.languages import language_of
    >>> cut("x = ", "1\\ny = 2", "\\n", language_of("a.py"), ONE_LINE)
    '1'
    """
    if not shape.multi or not at_line_end(after):
        return _one_line(before, completion, after, language)
    limit = _line_limit(before, completion, language, shape)
    text = completion[:limit]
    end = fragments.node_end(language, before + completion + after, len(before))
    if end is not None and 0 < end - len(before) < len(text):
        border = text.find("\n", end - len(before))  # a comment behind the node belongs to its line
        text = text[:border] if border >= 0 else text
    if len(text) == len(completion) and not ended:
        whole = text[: text.rfind("\n") + 1]
        text = whole if whole.strip() else text
    return text.rstrip()


def _one_line(before: str, completion: str, after: str, language: Language) -> str:
    if not at_line_end(after):
        return first_line(completion).rstrip()
    if _starts_next_line(before, completion, language):
        return ""
    start = re.match(r"\s*\n", completion)
    line = first_line(completion[start.end() if start else 0 :]).rstrip()
    return "\n" + line if start and line and last_line(before).strip() else line


def _line_limit(before: str, text: str, language: Language, shape: Shape) -> int | None:
    """Where the lines alone say that `text` must end; None while they do not."""
    current = last_line(before)
    least = indent(current) + opens_block(current, language)
    seen, end = 0, 0
    for line in _lines(text):
        start, end = end, end + len(line)
        whole = line.endswith("\n")
        if not line.strip():
            continue
        seen += 1
        if start > 0 or not current.strip():
            column = indent(line) + (indent(current) if start == 0 else 0)
            least = least or column * (not current.strip())  # nothing typed: the first line is the measure
            if column < least:
                return _dedent_limit(line, start, language)
        if whole and seen == shape.max_lines:
            return end
    return None


def _dedent_limit(line: str, start: int, language: Language) -> int | None:
    """The limit at a line that leaves the block: before it, or behind it if it closes the block."""
    closes = is_closing(line) and not (language.blocks and line.strip()[0].isalpha())
    if not line.endswith("\n") and (closes or _MAY_CLOSE[bool(language.blocks)].fullmatch(line)):
        return None  # `}` may become `} else {`, and `en` may become `end`
    return start + len(line) if closes else start


def _lines(text: str) -> Iterator[str]:
    return iter(re.findall(r"[^\n]*\n|[^\n]+\Z", text))


def reaches_next(before: str, text: str, after: str) -> int:
    """Where `text` begins to repeat the lines below the cursor (continue#4721), else its length.

    >>> reaches_next("", "a = 1\\nfoo(a, b)", "\\nfoo(a, b)\\n")
    5
    """
    lines = text.split("\n")
    typed = last_line(before)
    full = [typed + lines[0], *lines[1:]]
    below = [line for line in after.split("\n")[1 : 2 * BLOCK.max_lines] if line.strip()]
    for start, line in enumerate(lines):
        own = [each for each in full[start:] if each.strip()]
        size = min(len(own), len(below))
        copies = line.strip() and any(map(substantial, own[:size]))
        if copies and alike(own[:size], below[:size], "" if start else typed):
            return len("\n".join(lines[:start]))
    return len(text)


def substantial(line: str) -> bool:
    """Whether a line says enough to be a copy of another and not just alike, as `else:` lines are."""
    return len(line.strip()) >= 6 and len(TOKEN.findall(line)) >= 3 and not is_closing(line)


def alike(own: Sequence[str], other: Sequence[str], typed: str) -> bool:
    """Whether lines are the same but for quotes and a last comma; `own` starts with `typed`.

    If that is indentation, the model may have written it once more.
    """
    again = own[0][len(typed) :]
    columns = {indent(own[0]), indent(again if again[:1].isspace() and not typed.strip() else own[0])}
    same = all(indent(a) == indent(b) for a, b in zip(own[1:], other[1:], strict=True))
    return same and indent(other[0]) in columns and [*map(plain, own)] == [*map(plain, other)]


def plain(line: str) -> str:
    """A line without what formatters change: white space, the kind of quotes, a last comma."""
    return re.sub(r"\s+", "", line).replace("'", '"').rstrip(",;")
