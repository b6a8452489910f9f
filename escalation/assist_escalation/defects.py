"""What a changed text must not be, however well its blocks fitted: each check compares it with the old one.

A check says in words what is wrong, or nothing. What was there before is nobody's fault: a file that
holds a conflict may be edited elsewhere. It knows no disk and no answer.
"""

import re
from collections import Counter
from collections.abc import Callable

from assist_context.languages import language_of
from assist_context.parse import errors
from assist_escalation.changes import MARK, Change, encoded
from assist_escalation.elisions import elisions

MOST_BYTES = 1_000_000  # as for indexed files: more is data, and a repeating model may write it

CONFLICT = re.compile(
    r"^[ \t]*(?:<{7,}|>{7,}|\|{7,})(?: .*)?$|^[ \t]*(?:<{5,} ?SEARCH|>{5,} ?REPLACE)\b.*$", re.MULTILINE
)
# What redaction puts for a secret, and what is left of one that a model altered.
PLACEHOLDER = re.compile(r"__SECRET_\w+")


def defect_of(change: Change) -> str:
    """What is wrong with a change, in words with a remedy, or ""."""
    return next((problem for gate in _GATES if (problem := gate(change))), "")


def unchecked(change: Change) -> bool:
    """Whether no parser looked at the change, so that only a person can."""
    language = language_of(change.path)
    return not change.removes and errors(language, change.after.removeprefix(MARK)) is None


def _mark(change: Change) -> str:
    before, after = (text.removeprefix(MARK).count(MARK) for text in (change.before, change.after))
    gone = change.before.startswith(MARK) != change.after.startswith(MARK)
    return "the byte order mark would move: ask again" if gone or after > before else ""


def _size(change: Change) -> str:
    size, old = (len(encoded(change.path, text)) for text in (change.after, change.before))
    return (
        f"it would have {size} bytes, {MOST_BYTES} at most: ask for less"
        if size > max(old, MOST_BYTES)
        else ""
    )


def _conflict(change: Change) -> str:
    new = _new(change, lambda text: [found[0] for found in CONFLICT.finditer(text)])
    return f"{new} lines of it would be conflict markers: ask again" if new else ""


def _placeholder(change: Change) -> str:
    new = _new(change, PLACEHOLDER.findall)
    return f"{new} placeholders for a secret would stay in it, altered by the model: ask again" if new else ""


def _elision(change: Change) -> str:
    new = _new(change, lambda text: elisions(change.path, text))
    return f"{new} of its new lines stand for code that was left out: ask for all of it" if new else ""


def _parse(change: Change) -> str:
    language = language_of(change.path)
    before, after = (errors(language, text.removeprefix(MARK)) for text in (change.before, change.after))
    if before is None or after is None or after <= before:
        return ""
    return f"it would have {after} errors of syntax, and has {before}: ask again"


def _new(change: Change, found: Callable[[str], list[str]]) -> int:
    """How many of what `found` finds were not there before."""
    before, after = (Counter(each.strip() for each in found(text)) for text in (change.before, change.after))
    return (after - before).total()


_GATES: tuple[Callable[[Change], str], ...] = (_mark, _size, _conflict, _placeholder, _elision, _parse)
