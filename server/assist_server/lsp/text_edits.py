"""A changed text as edits of whole lines, as editors take them. It knows two texts and no protocol."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from assist_completion.prompt.layout import common_prefix
from assist_context.unseen_characters import visible
from assist_escalation.edits.plan import EditError, split_text

# Lines between the common head and tail that are compared; longer parts are replaced as a whole. Comparing
# 1,000 lines, a third of them new, takes 0.2 s, and 0.6 s if the rest repeats; 2,000 take up to 3.7 s.
MOST = 1_000

# The protocol takes a lone CR for a line end, Helix and Emacs do not; some editors count the others too.
_ODD_LINE_END = re.compile(r"\r(?!\n)|[\x0b\x85\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class LineEdit:
    """The lines from `first` up to but without `last`, counted from 0, become `text`.

    If `last` is the number of lines, the edit goes to the end of the text.
    """

    first: int
    last: int
    text: str


def check_line_ends(path: str, *texts: str) -> None:
    """Raise `EditError` for a file whose lines editors count in different ways.

    The edit would be made on other lines than those that were shown.
    """
    for text in texts:
        if match := _ODD_LINE_END.search(text):
            raise EditError(
                f"{visible(path)} holds {visible(match[0])}, which only some editors treat as a line end, "
                "so the edit could change the wrong lines. Remove it from the file, or ask again in a "
                "terminal"
            )


def line_edits(before: str, after: str) -> tuple[LineEdit, ...]:
    r"""The edits, in order; they do not touch each other.

    >>> line_edits("a\nb\nc\n", "a\nB\nc\nd\n")
    (LineEdit(first=1, last=2, text='B\n'), LineEdit(first=3, last=3, text='d\n'))
    """
    old, new = split_text(before), split_text(after)
    head = common_prefix(old, new)
    old, new = old[head:], new[head:]
    tail = common_prefix(old[::-1], new[::-1])
    old, new = old[: len(old) - tail], new[: len(new) - tail]
    if not old and not new:
        return ()
    if max(len(old), len(new)) > MOST:
        return (LineEdit(head, head + len(old), "".join(new)),)
    return tuple(_changed_lines(head, old, new))


def _changed_lines(head: int, old: list[str], new: list[str]) -> Iterator[LineEdit]:
    for kind, first, last, start, end in SequenceMatcher(None, old, new).get_opcodes():
        if kind != "equal":
            yield LineEdit(head + first, head + last, "".join(new[start:end]))
