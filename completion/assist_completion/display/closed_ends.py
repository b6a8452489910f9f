"""Where a text may end: brackets and strings that it opened are closed, or it ends before them.

A text is often cut at a token that the model doubts. Accepted with an open bracket it breaks the file until
the user closes it, and the next suggestion begins inside the bracket. Pure functions over text.
"""

import re
from collections.abc import Iterator

from assist_completion.display.code_lines import last_line
from assist_completion.display.cursor_site import CursorSite
from assist_context.syntax import fragments

_WHOLE = re.compile(r"[\w)\]}\"'`?]\Z")  # the end of an expression
_GENERIC = frozenset({"rust", "typescript", "tsx", "java", "csharp", "cpp", "kotlin", "scala", "swift"})
_QUOTES = "\"'`"


def closed_ends(site: CursorSite, text: str, *, doubted: bool) -> Iterator[str]:
    """What `text` may become so that it leaves nothing open, the longest first; itself if it leaves nothing.

    A bracket at the end of a line that opens a block stays open: its block comes next. `doubted` says that
    the text was cut, so that it is not the model's own line that ends there.

    >>> from assist_context.languages import language_of
    >>> site = CursorSite("x = ", "\\n", language_of("a.py"))
    >>> list(closed_ends(site, "os.get(name", doubted=True)), list(closed_ends(site, "f([", doubted=True))
    (['os.get(name)', 'os.get'], ['f'])
    """
    prose = not site.language.blocks
    if prose or fragments.in_string_or_comment(site.language, site.before, len(site.before)):
        yield text
        return
    if site.language.name in _GENERIC and re.search(r"\w<\s*\Z", text):
        text = text.rstrip()[:-1]  # the beginning of type arguments, which are not balanced
    found = fragments.balance(site.language, site.before, text)
    if not found.left or found.first_left < 0 or _opens_block(site, text):
        yield text
        return
    body = re.sub(r"[\s,]+\Z", "", text)
    in_string = any(quote in found.left for quote in _QUOTES)
    several = "\n" in text.lstrip()
    if _WHOLE.search(body) and not in_string and not several and (not doubted or body == text.rstrip()):
        yield body + found.left
    kept = text[: found.first_left].rstrip()
    if several:
        kept = text[: max(text.rfind("\n", 0, found.first_left), 0)].rstrip()
    yield kept


def _opens_block(site: CursorSite, text: str) -> bool:
    """Whether a text ends with the bracket of a block, which closes further down."""
    line = last_line(site.before + text).rstrip()
    return site.at_line_end and line.endswith("{") and site.language.blocks == "brace"
