"""Checks that refuse a changed text even if all blocks fitted. Each compares it with the old text.

A check returns what is wrong in words, or "". An edit is not blamed for what was wrong before: a file with a
conflict in it may be edited elsewhere. One check finds lines that say that code was left out, such as
"# ... rest of the code", since such an edit would delete that code. This module knows no disk and no answer.
"""

import re
from collections import Counter
from collections.abc import Callable

from assist_context.languages import language_of
from assist_context.syntax.fragments import errors
from assist_escalation.edits.checks.unseen_characters import hidden_characters, names_of
from assist_escalation.edits.plan import MARK, FileChange, encode
from assist_escalation.prompts import BEGINNING

LONGEST = 300  # characters of a line that is checked: longer lines are data

# A comment begins.
_LEAD = r"(?:^|(?<=\s))(?:[#]+|//+|--+|/\*+|<!--|;+|%+|\{/\*|\*)[ \t]*"
_FILLED = r"[(\[.… \t]*(?:the[ ]|your[ ])?"
_THINGS = r"""
(?:
    code|file|function|method|class|module|body|implementation|import|logic|content|script|component
  | test|field|handler|route|line|definition|stuff|part|propert(?:y|ie)|case
)s?
"""
# Words that may follow without making it a sentence about something else.
_TAIL = r"""
[ \t]*
(?:
  (?:
      is|are|goes?|stays?|remains?|continues?|here|below|above|unchanged|the|same|as|before|omitted
    | for|brevity
  )
  \b[ \t]*
)*
[ \t.…()\[\]*/}>-]*$
"""
_ELISION = re.compile(
    rf"""
      # // ...
      {_LEAD}[(\[]?(?:\.{{3,}}|…)
      # ... rest of the code
    | (?:{_LEAD}|^\s*){_FILLED}(?:rest|remainder)
      (?:[ ]of[ ](?:the[ ]|this[ ]|your[ ])?(?:\w+[ ])?{_THINGS})?{_TAIL}
      # // all other methods remain unchanged
    | {_LEAD}{_FILLED}(?:all[ ])?(?:existing|previous|original|other|remaining|same)(?:[ ]\w+)?[ ]
      {_THINGS}{_TAIL}
      # // the loop is unchanged
    | {_LEAD}.*\b(?:unchanged|no[ ]changes?|same[ ]as[ ](?:before|above|original)|omitted|snip(?:ped)?)
      {_TAIL}
      # (unchanged)
    | [(\[](?:unchanged|omitted|snip|no[ ]changes?)[)\]]{_TAIL}
    """,
    re.IGNORECASE | re.VERBOSE,
)
_DOTS = re.compile(r"[ \t]*(?:\.{3,}|…)[ \t]*")
_PROSE = frozenset({"markdown", "plaintext", "html"})  # where dots and "the rest" are words


def elisions(path: str, text: str) -> list[str]:
    """The lines that say that code was left out.

    >>> elisions("a.py", "def f():\\n    # ... rest of the code\\n    ...\\n")
    ['    # ... rest of the code', '    ...']
    >>> elisions("a.py", "def f(): ...\\n\\n\\ndef g():\\n    ...\\n")
    []
    """
    language = language_of(path).name
    lines = re.split(r"\r\n|\n|\r", text)
    if language in _PROSE:
        return []
    said = [line for line in lines if len(line) <= LONGEST and _ELISION.search(line)]
    dots = (place for place, line in enumerate(lines) if _DOTS.fullmatch(line))
    return said + [lines[place] for place in dots if language != "python" or not _body(lines, place)]


def _body(lines: list[str], place: int) -> bool:
    """Whether a line of dots is a whole body, as in an empty Python function."""
    above = next((line for line in reversed(lines[:place]) if line.strip()), "").rstrip()
    below = next((line for line in lines[place + 1 :] if line.strip()), "")
    indent = len(lines[place]) - len(lines[place].lstrip())
    return above.endswith((":", '"""', "'''")) and (not below or len(below) - len(below.lstrip()) < indent)


MOST_BYTES = 1_000_000  # as for indexed files: a larger file is data, or a model that repeats itself

CONFLICT = re.compile(
    r"""
      ^[ \t]*(?:<{7,}|>{7,}|\|{7,})(?:[ ].*)?$             # of git
    | ^[ \t]*(?:<{5,}[ ]?SEARCH|>{5,}[ ]?REPLACE)\b.*$     # of an answer's blocks
    """,
    re.MULTILINE | re.VERBOSE,
)


def defect_of(change: FileChange) -> str:
    """What is wrong with a change, in words with a remedy, or ""."""
    return next((problem for gate in _GATES if (problem := gate(change))), "")


def is_unchecked(change: FileChange) -> bool:
    """Whether no parser checked the change, so that only a person can."""
    language = language_of(change.path)
    return not change.removes and errors(language, change.after.removeprefix(MARK)) is None


def _mark(change: FileChange) -> str:
    before, after = (text.removeprefix(MARK).count(MARK) for text in (change.before, change.after))
    gone = change.before.startswith(MARK) != change.after.startswith(MARK)
    return "the byte order mark would move: ask again" if gone or after > before else ""


def _size(change: FileChange) -> str:
    size, old = (len(encode(change.path, text)) for text in (change.after, change.before))
    return (
        f"it would have {size} bytes, {MOST_BYTES} at most: ask for less"
        if size > max(old, MOST_BYTES)
        else ""
    )


def _unseen(change: FileChange) -> str:
    """Each unseen character may occur as often as before, for those that are there may have a reason."""
    new = hidden_characters(change.after) - hidden_characters(change.before)
    if not new:
        return ""
    return (
        f"{new.total()} characters that no one sees would be added to it ({names_of(new)}): ask again, or "
        "write them as escapes, by hand"
    )


def _conflict(change: FileChange) -> str:
    new = _new(change, lambda text: [found[0] for found in CONFLICT.finditer(text)])
    return f"{new} lines of it would be conflict markers: ask again" if new else ""


def _placeholder(change: FileChange) -> str:
    new = _new(change, BEGINNING.findall)
    return f"{new} placeholders for a secret would stay in it, altered by the model: ask again" if new else ""


def _elision(change: FileChange) -> str:
    new = _new(change, lambda text: elisions(change.path, text))
    return f"{new} of its new lines say that code was left out: ask for all of it" if new else ""


def _parse(change: FileChange) -> str:
    language = language_of(change.path)
    before, after = (errors(language, text.removeprefix(MARK)) for text in (change.before, change.after))
    if before is None or after is None or after <= before:
        return ""
    count = "one syntax error" if after == 1 else f"{after} syntax errors"
    return f"it would have {count}, and has {before or 'none'}: ask again"


def _new(change: FileChange, found: Callable[[str], list[str]]) -> int:
    """How many of the things that `found` finds are new."""
    before, after = (Counter(each.strip() for each in found(text)) for text in (change.before, change.after))
    return (after - before).total()


_GATES: tuple[Callable[[FileChange], str], ...] = (
    _mark,
    _size,
    _unseen,
    _conflict,
    _placeholder,
    _elision,
    _parse,
)
