"""Definitions that would lose most of their statements, which a person must see before the edit is made.

An edit may be meant to shorten code, so this refuses nothing. It compares each definition's lines in the old
text with the lines that take their place, whatever is defined there. This module knows no answer.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from assist_context.documents import split_lines
from assist_context.languages import Language, language_of
from assist_context.syntax.fragments import statement_lines
from assist_context.syntax.symbols import symbols
from assist_escalation.edits.plan import MARK, FileChange

LEAST = 3  # statements that are gone: to lose one of two is an everyday change
WHOLE = "the file"
MOST_SHARE = 0.5
MOST_COMPARED = 1_000  # lines between the common head and tail, which takes 0.6 s at most; more are one piece

Opcode = tuple[str, int, int, int, int]


def removals_of(change: FileChange) -> tuple[str, ...]:
    """What would lose more than half of its statements, in words: the outermost ones only.

    In a language without a grammar each line that is not blank counts. Nothing is said of a new file, and of
    a file that is removed.
    """
    language = language_of(change.path)
    before, after = (text.removeprefix(MARK) for text in (change.before, change.after))
    if not change.base_sha256 or change.removes:
        return ()
    old, new = _counted_lines(language, before), _counted_lines(language, after)
    opcodes = _opcodes(before, after)
    places = {**_places(language, before), WHOLE: (1, len(split_lines(before)))}
    named = {**_places(language, after), WHOLE: (1, len(split_lines(after)))}
    found = []
    reached = 0
    for name, (first, last) in sorted(places.items(), key=lambda place: (place[1][0], -place[1][1])):
        start, end = _new_place(opcodes, first - 1, last)
        were = _count(old, first, last)
        # What has the same name now counts too: equal lines elsewhere may be taken for those of this one.
        are = min(_count(new, *place) for place in ((start + 1, end), named.get(name, (start + 1, end))))
        if last > reached and were - are >= LEAST and were - are > MOST_SHARE * were:
            what = change.path if name == WHOLE else f"{name} of {change.path}"
            found.append(f"{what} would have {are} of its {were} statements")
            reached = last
    return tuple(found)


def _counted_lines(language: Language, text: str) -> Sequence[int]:
    lines = statement_lines(language, text)
    if lines is not None:
        return lines
    return [number for number, line in enumerate(split_lines(text), 1) if line.strip()]


def _places(language: Language, text: str) -> dict[str, tuple[int, int]]:
    """The first and last lines of definitions by their names, with a number after the first of equal ones."""
    times: Counter[str] = Counter()
    places = {}
    for each in symbols(language, text).definitions:
        times[each.qualified] += 1
        number = times[each.qualified]
        name = each.qualified if number == 1 else f"{each.qualified} ({number})"
        places[name] = each.start_line, each.end_line
    return places


def _count(lines: Sequence[int], first: int, last: int) -> int:
    return bisect_left(lines, last + 1) - bisect_left(lines, first)


def _opcodes(before: str, after: str) -> list[Opcode]:
    old, new = split_lines(before), split_lines(after)
    least = min(len(old), len(new))
    head = next((at for at in range(least) if old[at] != new[at]), least)
    tail = next((at for at in range(least - head) if old[-1 - at] != new[-1 - at]), least - head)
    return list(_shifted_opcodes(head, tail, old[head : len(old) - tail], new[head : len(new) - tail]))


def _shifted_opcodes(head: int, tail: int, old: Sequence[str], new: Sequence[str]) -> Iterator[Opcode]:
    yield "equal", 0, head, 0, head
    if max(len(old), len(new)) > MOST_COMPARED:
        yield "replace", head, head + len(old), head, head + len(new)
    else:
        for kind, first, last, start, end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
            yield kind, head + first, head + last, head + start, head + end
    yield "equal", head + len(old), head + len(old) + tail, head + len(new), head + len(new) + tail


def _new_place(opcodes: Sequence[Opcode], first: int, last: int) -> tuple[int, int]:
    """The new lines of the old lines `first` up to but without `last`, counted from 0."""
    starts = [
        start + first - old_first if kind == "equal" else start
        for kind, old_first, old_last, start, _ in opcodes
        if old_first <= first < old_last
    ]
    ends = [
        start + last - old_first if kind == "equal" else end
        for kind, old_first, old_last, start, end in opcodes
        if old_first < last <= old_last
    ]
    start = starts[0] if starts else 0
    return start, max(start, ends[0] if ends else start)
