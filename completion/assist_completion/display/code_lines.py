"""What single lines of code are by their looks: how deep, closing, opening a block, or like another line.

Each function takes lines as strings. None of them parses the code around the line or knows the cursor.
"""

import re
from collections.abc import Sequence

from assist_context.languages import Language
from assist_context.syntax import fragments

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
    """Whether a line does nothing but close: brackets, `end`, a tag.

    >>> is_closing("  });"), is_closing("} else {")
    (True, False)
    """
    return _CLOSING_LINE.fullmatch(line) is not None


def opens_block(line: str, language: Language) -> bool:
    """Whether a line ends by opening a block, judged by its looks alone.

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
    """Whether a line says enough to be a copy of an equal one. Two `else:` lines are equal by chance."""
    return len(line.strip()) >= 6 and len(TOKEN.findall(line)) >= 3 and not is_closing(line)


def same_lines(own: Sequence[str], other: Sequence[str], typed: str) -> bool:
    """Whether lines are equal except for quotes and a last comma. `own` starts with `typed`.

    If `typed` is only indentation, the model may have written that indentation a second time.
    """
    again = own[0][len(typed) :]
    columns = {indent(own[0]), indent(again if again[:1].isspace() and not typed.strip() else own[0])}
    same = all(indent(a) == indent(b) for a, b in zip(own[1:], other[1:], strict=True))
    bare = [*map(without_formatting, own)] == [*map(without_formatting, other)]
    return same and indent(other[0]) in columns and bare


def without_formatting(line: str) -> str:
    """A line without what formatters change: white space, the kind of quotes, a last comma."""
    return re.sub(r"\s+", "", line).replace("'", '"').rstrip(",;")
