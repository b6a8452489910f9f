"""The cursor of one request: the text around it, its lines, and what syntax says about them.

Every step of displaying a suggestion looks at it, so what follows from the cursor alone is computed once.
The functions at the end say what a single line is by its looks: how deep, closing, opening a block, or like
another line. This module knows no editor position, no model, no other file, and no text of a model.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from assist_completion.prompt.layout import take_suffix
from assist_context.code.trees import fragments
from assist_context.languages import Language

MAX_READ = 20_000  # characters on either side: 300 lines of code hold 10,000
# An edit below these lines does not change what belongs at the cursor.
_BELOW_LINES = 3
_BELOW_TOKENS = 60
# What an editor adds by itself after the cursor, and what people type to end a line.
_CLOSERS_ONLY = re.compile(r"[\s)\]}>\"'`;,:]*")
# Endings that complete a half-typed line, the most common first; {} is what closes its open brackets.
_ENDINGS = {
    "indent": ("{}", "x{}", "{}:", "x{}:", "x{} else x"),
    "brace": ("{};", "x{};", "{} {{}}", "x{} {{}}", "x{}", "{};}}"),
}
_CLOSING_LINE = re.compile(
    r"""
    \s*(?:
        [)\]}] [)\]};,]*            # brackets, and what ends the statement
        | end | fi | done | esac    # keywords
        | \*/                       # the end of a comment
        | </[\w.:-]+>               # a tag
    )\s*
    """,
    re.VERBOSE,
)
_PYTHON_HEADER = re.compile(
    r"""
    \s*(?:
        (?:async|def|class|if|elif|else|for|while|try|except|finally|with|match|case)\b
        | [)\]}]                    # the last line of a header that has several
    ).*:
    """,
    re.VERBOSE,
)
_WORD_HEADER = re.compile(
    r"""
    .*(?:
        \b(?:then|do|else|repeat|begin)
        | \|\w+\|                   # the parameters of a Ruby block
        | \{
    )
    | \s*(?:local\s+)?(?:function|def|class|module|unless)\b.*
    """,
    re.VERBOSE,
)
_LABEL = re.compile(r"\s*(?:case\b.*|default|public|private|protected):")
_LONGEST_HEADER = 400  # longer lines are data; looking for an opener there would cost a token's time
TOKEN = re.compile(r"\w+|([^\w\s])\1*")  # a rule of dashes is one token


@dataclass(frozen=True)
class CursorSite:
    r"""A cursor between the texts `before` and `after` of one file. Make it once for each request.

    What follows from these texts is computed when it is first asked for, and kept: the model's thread asks at
    each token. Two threads that ask at once compute the same.

    >>> from assist_context.languages import language_of
    >>> site = CursorSite("x = 1\ny = f(", ")\nz = 3\n", language_of("a.py"))
    >>> site.line, site.rest, site.below
    ('y = f(', ')', 'z = 3\n')
    """

    before: str
    after: str
    language: Language
    path: str = ""

    @cached_property
    def line(self) -> str:
        """The part of the cursor's line before it."""
        return last_line(self.before)

    @cached_property
    def rest(self) -> str:
        """The part of the cursor's line after it."""
        return first_line(self.after)

    @cached_property
    def below(self) -> str:
        """The next few lines: an answer that was given above other lines does not fit here."""
        return take_suffix(self.after, _BELOW_LINES, _BELOW_TOKENS)

    @cached_property
    def is_line_end(self) -> bool:
        r"""Return whether nothing but auto-closed characters follows on the line.

        >>> from assist_context.languages import PLAIN
        >>> CursorSite("", ");\nnext", PLAIN).at_line_end, CursorSite("", "foo)", PLAIN).at_line_end
        (True, False)
        """
        return _CLOSERS_ONLY.fullmatch(self.rest) is not None

    @cached_property
    def near(self) -> "CursorSite":
        """The same cursor with at most `MAX_READ` characters on either side, which bounds the time."""
        if len(self.before) <= MAX_READ and len(self.after) <= MAX_READ:
            return self
        return replace(self, before=self.before[-MAX_READ:], after=self.after[:MAX_READ])

    @cached_property
    def indent(self) -> int:
        """The indentation of the cursor's line, in columns."""
        return indent(self.line)

    @cached_property
    def opens_block(self) -> bool:
        """Return whether the cursor's line ends, before the cursor, by opening a block."""
        return opens_block(self.line, self.language)

    @cached_property
    def in_literal(self) -> bool:
        """Return whether what is typed here becomes part of a string or a comment."""
        return fragments.is_string_or_comment(self.language, self.before, len(self.before))

    @cached_property
    def in_comment(self) -> bool:
        """Return whether what is typed here becomes part of a comment, as far as the lines nearby tell."""
        near = self.near
        return fragments.in_comment(self.language, near.before + near.after, len(near.before))

    @cached_property
    def code_above(self) -> str:
        """The last line before the cursor that is not blank: the cursor's own if something is on it."""
        return last_line(self.before.rstrip())

    @cached_property
    def below_header(self) -> bool:
        """Return whether that line opens a block."""
        return opens_block(self.code_above, self.language)

    @cached_property
    def lacks_body(self) -> bool:
        """Return whether the cursor is at the end of a block's header, or in a block with nothing in it."""
        if self.below_header:
            following = next((line for line in self.after.split("\n")[1:] if line.strip()), "")
            return indent(self.code_above) >= indent(following)
        return fragments.is_empty_block(self.language, self.before + self.after, len(self.before)) or False

    @cached_property
    def closes_below(self) -> tuple[tuple[str, int], ...]:
        """The brackets and quotes after the cursor that close what is open at it, (text, offset)."""
        return fragments.balance(self.language, self.before, self.after).closes

    @cached_property
    def errors(self) -> int | None:
        """Return how many syntax errors the text has; None if no grammar tells."""
        return fragments.errors(self.language, self.before + self.after)

    @cached_property
    def own_errors(self) -> int:
        """Return how many syntax errors are the user's, so that a text of the model need not remove them.

        A half-typed line is an error too, but a text that completes the line must remove it. So the line
        counts only if no ending makes it sound: then the mistake is in what the user typed.
        """
        above = self.before[: len(self.before) - len(self.line)]
        old = self.errors or 0
        bare = fragments.errors(self.language, above + self.after) or 0
        if old <= bare:
            return old
        closers = fragments.balance(self.language, "", self.line).left
        endings = _ENDINGS.get(self.language.blocks, ())
        tries = (f"{self.before}{ending.format(closers)}{self.after}" for ending in endings)
        return bare if any((fragments.errors(self.language, whole) or 0) <= bare for whole in tries) else old


def last_line(before: str) -> str:
    """The text before the cursor on its line."""
    return before[before.rfind("\n") + 1 :]


def first_line(after: str) -> str:
    """The text after the cursor on its line."""
    return after.partition("\n")[0]


def indent(line: str) -> int:
    """Columns before the first character. A tab goes to the next multiple of 4."""
    lead = line[: len(line) - len(line.lstrip())]
    return len(lead.expandtabs(4))


def is_closing(line: str) -> bool:
    """Return whether a line does nothing but close: brackets, `end`, a tag.

    >>> is_closing("  });"), is_closing("} else {")
    (True, False)
    """
    return _CLOSING_LINE.fullmatch(line) is not None


def opens_block(line: str, language: Language) -> bool:
    """Return whether a line ends by opening a block, judged by its looks alone.

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


def is_substantial(line: str) -> bool:
    """Say if an equal line can be a copy. Two `else:` lines are equal by chance."""
    return len(line.strip()) >= 6 and len(TOKEN.findall(line)) >= 3 and not is_closing(line)


def same_lines(own: Sequence[str], other: Sequence[str], text: str) -> bool:
    """Return whether lines are equal except for quotes and a last comma. `own` starts with `text`.

    If `text` is only indentation, the model may have written that indentation a second time.
    """
    again = own[0][len(text) :]
    columns = {indent(own[0]), indent(again if again[:1].isspace() and not text.strip() else own[0])}
    same = all(indent(a) == indent(b) for a, b in zip(own[1:], other[1:], strict=True))
    bare = [*map(strip_formatting, own)] == [*map(strip_formatting, other)]
    return same and indent(other[0]) in columns and bare


def strip_formatting(line: str) -> str:
    """A line without what formatters change: white space, the kind of quotes, a last comma."""
    return re.sub(r"\s+", "", line).replace("'", '"').rstrip(",;")
