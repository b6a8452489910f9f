"""The cursor of one request, and the text around it that every step of displaying a suggestion looks at.

It holds text only: no editor position, no model, and no other file.
"""

import re
from dataclasses import dataclass, field, replace

from assist_completion.display.code_lines import first_line, last_line
from assist_completion.prompt.layout import suffix_of
from assist_context.documents import Context
from assist_context.languages import Language

MOST_READ = 20_000  # characters on either side: 300 lines of code hold 10,000
# An edit below these lines does not change what belongs at the cursor.
_BELOW_LINES = 3
_BELOW_TOKENS = 60
# What an editor adds by itself after the cursor, and what people type to end a line.
_CLOSERS_ONLY = re.compile(r"[\s)\]}>\"'`;,:]*")


@dataclass(frozen=True, slots=True)
class CursorSite:
    r"""A cursor between the texts `before` and `after` of one file. Make it once for each request.

    `line` and `rest` are the parts of the cursor's own line before and after it. `below` is the next few
    lines: an answer that was given above other lines does not fit here.

    >>> from assist_context.languages import language_of
    >>> site = CursorSite("x = 1\ny = f(", ")\nz = 3\n", language_of("a.py"))
    >>> site.line, site.rest, site.below
    ('y = f(', ')', 'z = 3\n')
    """

    before: str
    after: str
    language: Language
    path: str = ""
    line: str = field(init=False)
    rest: str = field(init=False)
    below: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "line", last_line(self.before))
        object.__setattr__(self, "rest", first_line(self.after))
        object.__setattr__(self, "below", suffix_of(self.after, _BELOW_LINES, _BELOW_TOKENS))

    @property
    def at_line_end(self) -> bool:
        r"""Whether nothing but auto-closed characters follows on the line.

        >>> from assist_context.languages import PLAIN
        >>> CursorSite("", ");\nnext", PLAIN).at_line_end, CursorSite("", "foo)", PLAIN).at_line_end
        (True, False)
        """
        return _CLOSERS_ONLY.fullmatch(self.rest) is not None

    def nearby(self) -> "CursorSite":
        """The same cursor with at most `MOST_READ` characters on either side, which bounds the time."""
        if len(self.before) <= MOST_READ and len(self.after) <= MOST_READ:
            return self
        return replace(self, before=self.before[-MOST_READ:], after=self.after[:MOST_READ])


def site_of(context: Context) -> CursorSite:
    """The cursor of a context."""
    return CursorSite(context.before, context.after, context.language, context.path)
