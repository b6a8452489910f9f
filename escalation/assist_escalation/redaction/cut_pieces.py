"""Secrets in a piece of a file that only the rest of the file shows: a line of a key, a value below its name.

A piece that is cut out of a key holds neither of its marks, and if it begins with a value lacks its name.
So keys and tables are looked for in the whole file, and all else in the lines around both ends of the piece.
What is found is carried into the piece line by line, since a piece may leave lines out, indent them less, or
have the marks of a diff.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain

from assist_context.documents import split_lines
from assist_escalation.prompts import HiddenPart
from assist_escalation.redaction.detectors.private_keys import find_keys
from assist_escalation.redaction.detectors.tables import find_in_tables
from assist_escalation.redaction.findings import Check, RedactionError, TextKind, time_limit
from assist_escalation.redaction.known_secrets import Known, Patterns
from assist_escalation.redaction.scanner import Secret, Sought, classify, scan

LineRun = tuple[int, int]  # neighbouring lines of a file, from 1, both ends included
LineSecrets = Mapping[str, Sequence[HiddenPart]]  # by the line without the blanks around it

ABOVE, BELOW = 8, 4  # lines beyond a piece in which the name of its first or last value may be
_INSIDE = 6  # lines of the piece that are searched with them
_LONGEST = 20_000  # characters of such lines; of more, the middle of each long line is left out
_HALF = 500  # characters of such a line that are kept, at its beginning and at its end
_SECONDS = 1.0  # for one piece; a usual one takes 1 ms
_SOUGHT = Sought(Known(), Patterns())
# What our commands write before a line of a diff: its mark, and maybe its number.
_MARKS = re.compile(r"(?:[ ]{0,5}\d{0,9}[ ])?[ +-](?:[ ]|\Z)")


def hidden_parts(
    piece: str, path: str, lines: Sequence[str], runs: Sequence[LineRun]
) -> tuple[HiddenPart, ...]:
    """The secrets in a piece that the `lines` of its file show; the piece has these `runs` of them.

    Lines have their ends. All of the piece is hidden if the search takes too long.
    """
    if not piece or tuple(runs) == ((1, len(lines)),):
        return ()
    check = time_limit(_SECONDS)
    kind = classify(path, piece)
    try:
        return find_parts(
            piece, line_secrets(lines, runs, kind, lambda text: scan(text, kind, _SOUGHT, check), check)
        )
    except RedactionError:
        return ((0, len(piece), "UNKNOWN"),)


def line_secrets(
    lines: Sequence[str],
    runs: Sequence[LineRun],
    kind: TextKind,
    search: Callable[[str], Sequence[Secret]],
    check: Check,
) -> LineSecrets:
    """The secrets of a file's lines that these runs of them may not show by themselves.

    `search` finds the secrets of a text. Raises what `check` and `search` do.
    """
    parts = dict[str, list[HiddenPart]]()
    text = "".join(lines)
    for part in chain(find_keys(text, check), find_in_tables(text, check, code=kind == "code")):
        _add(parts, text, (part.start, part.end, part.type))
    for first, last in _windows(len(lines), runs):
        near = lines[first:last]
        is_long = sum(map(len, near)) > _LONGEST
        window = "".join(map(_shorten, near) if is_long else near)
        for secret in search(window):
            _add(parts, window, (secret.start, secret.end, secret.type))
        for line in near if is_long else ():
            _carry(parts, line)
    return parts


def _windows(count: int, runs: Sequence[LineRun]) -> Iterator[tuple[int, int]]:
    """The lines around the ends of runs in a file of `count` lines, as indexes."""
    for first, last in runs:
        if first > 1:
            yield max(0, first - 1 - ABOVE), min(first - 1 + _INSIDE, last)
        if last < count:
            yield max(first - 1, last - _INSIDE), min(count, last + BELOW)


def _add(parts: dict[str, list[HiddenPart]], text: str, secret: HiddenPart) -> None:
    """Add a secret within a line of a text to its line's secrets."""
    start, end, type_ = secret
    first = text.rfind("\n", 0, start) + 1
    last = text.find("\n", start)
    line = text[first : last if last >= 0 else len(text)]
    bare = line.strip()
    first += len(line) - len(line.lstrip())
    parts.setdefault(bare, []).append((start - first, min(end - first, len(bare)), type_))


def _shorten(line: str) -> str:
    """The line without its middle, if it is long, and without most of the blanks around it."""
    bare = line.strip()
    if not bare:
        return line[-2:]
    begin = len(line) - len(line.lstrip())
    middle = bare if len(bare) <= 2 * _HALF else bare[:_HALF] + bare[-_HALF:]
    return line[:begin][:_HALF] + middle + line[len(line.rstrip()) :][-2:]


def _carry(parts: dict[str, list[HiddenPart]], line: str) -> None:
    """Add what was found in the line without its middle to the line; a secret on both sides hides that."""
    bare = line.strip()
    gap = len(bare) - 2 * _HALF
    for start, end, type_ in parts.get(_shorten(line).strip(), ()) if gap > 0 else ():
        part = (start + gap * (start >= _HALF), end + gap * (end > _HALF), type_)
        parts.setdefault(bare, []).append(part)


def find_parts(piece: str, secrets: LineSecrets) -> tuple[HiddenPart, ...]:
    """Find where a piece has lines with secrets, whatever indentation and marks of a diff they have."""
    parts = dict[HiddenPart, None]()
    start = 0
    for line in split_lines(piece) if secrets else ():
        marks = _MARKS.match(line)
        for offset in (0, marks.end() if marks else 0):
            bare = line[offset:].strip()
            place = start + line.find(bare, offset)
            parts |= {(place + low, place + high, type_): None for low, high, type_ in secrets.get(bare, ())}
        start += len(line)
    return tuple(parts)
