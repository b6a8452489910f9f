"""Reasons to offer no next edit at a moment, before and after an offer is looked for.

How likely an offer has to be in each mode is decided where it is found: `assist_context.next_edit.finder`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from assist_completion.settings import Mode
from assist_context.documents import Cursor
from assist_server.workspace.documents import is_data

# Who wants an offer: the user, by a key or a command; a user who just made one, or asked and got no answer in
# time; or neither: after a pause, another tool's report, or the request of a client by itself.
OfferAsker = Literal["user", "chain", "pause"]
Silence = Literal["off", "data", "no edit", "no edit here", "ghost text", "manual", "quiet", "in a word"]

_WORD = re.compile(r"\w")


@dataclass(frozen=True, slots=True)
class Moment:
    """The inputs of a decision for silence.

    `quiet`: nothing comes unasked in the document. `edited`: something was edited in the session;
    `edited_here`: in the document, and as an example. `typed_at` is where the last edit ended, in whatever
    document.
    """

    asker: OfferAsker
    on: bool
    mode: Mode
    quiet: bool
    lines: Sequence[str]
    edited: bool
    edited_here: bool
    shows_ghost: bool
    cursor: Cursor | None
    typed_at: Cursor | None


def silence(moment: Moment) -> Silence | None:
    """Return why nothing is offered; None if an offer may be shown.

    Less keeps an offer from those who want it: a user gets an answer also while ghost text is shown, and one
    who is in a chain also with the cursor in the new name.
    """
    cursor = moment.cursor
    in_word = cursor is not None and cursor == moment.typed_at and is_in_word(moment.lines, cursor)
    reasons: dict[Silence, bool] = {
        "off": not moment.on,
        "data": is_data(moment.lines),
        "no edit": not moment.edited,
    }
    if moment.asker != "user":
        reasons |= {"no edit here": not moment.edited_here, "ghost text": moment.shows_ghost}
    if moment.asker == "pause":
        reasons |= {"manual": moment.mode == "manual", "quiet": moment.quiet, "in a word": in_word}
    return next((reason for reason, holds in reasons.items() if holds), None)


def is_in_word(lines: Sequence[str], cursor: Cursor) -> bool:
    """Return whether there are characters of a word right before and after a cursor.

    >>> is_in_word(["load user"], Cursor(0, 2)), is_in_word(["load user"], Cursor(0, 4))
    (True, False)
    """
    if not 0 <= cursor.line < len(lines) or cursor.column < 1:
        return False
    around = lines[cursor.line][cursor.column - 1 : cursor.column + 1]
    return len(_WORD.findall(around)) == 2
