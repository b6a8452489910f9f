"""Lines of code that say that code was left out: "# ... rest of the code", "// existing code", "(unchanged)".

A model that shortens its answer so would delete what it names. It knows no edit: what was there
before is for the caller to compare.
"""

import re

from assist_context.languages import language_of

LONGEST = 300  # characters of a line that is looked at: longer ones are data

_LEAD = r"(?:^|(?<=\s))(?:#+|//+|--+|/\*+|<!--|;+|%+|\{/\*|\*)[ \t]*"  # a comment begins
_FILLED = r"[(\[.… \t]*(?:the |your )?"
_THINGS = (
    r"(?:code|file|function|method|class|module|body|implementation|import|logic|content|script|component"
    r"|test|field|handler|route|line|definition|stuff|part|propert(?:y|ie)|case)s?"
)
# What may follow without making it a sentence about something else.
_TAIL = (
    r"[ \t]*(?:(?:is|are|goes?|stays?|remains?|continues?|here|below|above|unchanged|the|same|as|before"
    r"|omitted|for|brevity)\b[ \t]*)*[ \t.…()\[\]*/}>-]*$"
)
_ELISION = re.compile(
    "|".join(
        (
            _LEAD + r"[(\[]?(?:\.{3,}|…)",
            rf"(?:{_LEAD}|^\s*){_FILLED}(?:rest|remainder)"
            rf"(?: of (?:the |this |your )?(?:\w+ )?{_THINGS})?{_TAIL}",
            _LEAD + _FILLED + r"(?:all )?(?:existing|previous|original|other|remaining|same)"
            rf"(?: \w+)? {_THINGS}{_TAIL}",
            _LEAD + r".*\b(?:unchanged|no changes?|same as (?:before|above|original)|omitted|snip(?:ped)?)"
            rf"{_TAIL}",
            rf"[(\[](?:unchanged|omitted|snip|no changes?)[)\]]{_TAIL}",
        )
    ),
    re.IGNORECASE,
)
_DOTS = re.compile(r"[ \t]*(?:\.{3,}|…)[ \t]*")
_PROSE = frozenset({"markdown", "plaintext", "html"})  # where dots and "the rest" are words


def elisions(path: str, text: str) -> list[str]:
    """The lines that say that something was left out.

    >>> elisions("a.py", "def f():\\n    # ... rest of the code\\n    ...\\n")
    ['    # ... rest of the code', '    ...']
    >>> elisions("a.py", "def f(): ...\\n\\n\\ndef g():\\n    ...\\n")
    []
    """
    language, lines = language_of(path).name, re.split(r"\r\n|\n|\r", text)
    if language in _PROSE:
        return []
    said = [line for line in lines if len(line) <= LONGEST and _ELISION.search(line)]
    dots = (place for place, line in enumerate(lines) if _DOTS.fullmatch(line))
    return said + [lines[place] for place in dots if language != "python" or not _body(lines, place)]


def _body(lines: list[str], place: int) -> bool:
    """Whether a line of dots is all of a body, as Python writes an empty one below its header."""
    above = next((line for line in reversed(lines[:place]) if line.strip()), "").rstrip()
    below = next((line for line in lines[place + 1 :] if line.strip()), "")
    indent = len(lines[place]) - len(lines[place].lstrip())
    return above.endswith((":", '"""', "'''")) and (not below or len(below) - len(below.lstrip()) < indent)
