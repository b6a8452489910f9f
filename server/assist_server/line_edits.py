"""A changed text as edits of whole lines, as editors take them. It knows two texts and no protocol."""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from assist_context.model import split_lines

LONGEST = 20_000  # lines that are compared; a longer text is replaced as a whole


@dataclass(frozen=True, slots=True)
class LineEdit:
    """Lines from `first` up to but without `last`, from 0, become `text`.

    `last` is the number of lines where the end of the text itself is meant.
    """

    first: int
    last: int
    text: str


def line_edits(before: str, after: str) -> tuple[LineEdit, ...]:
    r"""The edits, in order and apart from each other.

    >>> line_edits("a\nb\nc\n", "a\nB\nc\nd\n")
    (LineEdit(first=1, last=2, text='B\n'), LineEdit(first=3, last=3, text='d\n'))
    """
    old, new = _lines(before), _lines(after)
    if max(len(old), len(new)) > LONGEST:
        return (LineEdit(0, len(old), after),)
    return tuple(_changed(old, new))


def _lines(text: str) -> list[str]:
    lines = list(split_lines(text))
    return lines if lines[-1] else lines[:-1]


def _changed(old: list[str], new: list[str]) -> Iterator[LineEdit]:
    for kind, first, last, start, end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind != "equal":
            yield LineEdit(first, last, "".join(new[start:end]))
