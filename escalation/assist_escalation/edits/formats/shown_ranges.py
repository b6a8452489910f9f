"""Reads an answer as pieces of code in the form in which they were shown, "PATH lines A-B" on a fence.

Small models answer like this when they are asked for SEARCH/REPLACE blocks. A piece counts only if exactly
these lines were shown, and it replaces all of them. If a piece looks cut, the answer is refused. This module
does not read the disk.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from assist_context.code.symbols import symbols
from assist_context.languages import language_of
from assist_escalation.edits.formats.search_replace import LABEL, MAX_CHARACTERS, MAX_LINES, find_path
from assist_escalation.edits.matcher import Match, Wanted, bare_lines, find
from assist_escalation.edits.plan import EditError, Hunk, split_text
from assist_escalation.prompts import Span, fence

_FENCE = re.compile(r"\s*(?P<run>`{3,}|~{3,})(?P<info>.*)")


@dataclass(frozen=True, slots=True)
class RangeEdit:
    """New text for lines `first` to `last` of a file. `line` is where it begins in the answer."""

    line: int
    path: str
    first: int
    last: int
    lines: tuple[str, ...]


def parse_pieces(answer: str, spans: Sequence[Span]) -> tuple[RangeEdit, ...]:
    """All pieces of an answer, or none if no fence has the label of a piece.

    `EditError` if one has no end, if there are other fences too, or if their fence may be a line of a file.

    >>> parse_pieces("So:\\n```a.py lines 1-1\\nx = 2\\n```\\n", ())[0].lines
    ('x = 2',)
    """
    if len(answer) > MAX_CHARACTERS:
        raise EditError(f"the answer has {len(answer)} characters, {MAX_CHARACTERS} at most: ask for less")
    lines = [line.rstrip("\r\n") for line in split_text(answer)]
    openings = (_FENCE.fullmatch(line) for line in lines)
    if not any(first_fence and LABEL.fullmatch(first_fence["info"].strip()) for first_fence in openings):
        return ()
    width = len(fence(span.text for span in spans))
    pieces: list[RangeEdit] = []
    place = 0
    while place < len(lines):
        if opening := _FENCE.fullmatch(lines[place]):
            piece = _piece(lines, place, opening, width)
            pieces.append(piece)
            place += len(piece.lines) + 2
        else:
            place += 1
    return tuple(pieces)


def _piece(lines: list[str], start: int, opening: re.Match[str], width: int) -> RangeEdit:
    at = f"line {start + 1} of the answer"
    label = LABEL.fullmatch(opening["info"].strip())
    if label is None:
        raise EditError(f"{at} names no file and lines, although other blocks do: ask again")
    if opening["run"][0] != "`" or len(opening["run"]) < width:
        raise EditError(f"{at}: the fence has fewer than {width} backticks: ask again")
    for end in range(start + 1, len(lines)):
        fence = _FENCE.fullmatch(lines[end])
        if fence and fence["run"] == opening["run"] and fence["info"].strip() in ("", label["mark"]):
            break
    else:
        raise EditError(f"{at}: the piece was cut off: ask for less, or ask again")
    if end - start > MAX_LINES:
        raise EditError(f"{at}: a block of an answer may have at most {MAX_LINES} lines: ask for less")
    first, last = int(label["first"]), int(label["last"])
    return RangeEdit(start + 1, label["path"], first, last, tuple(lines[start + 1 : end]))


def find_piece(piece: RangeEdit, spans: Sequence[Span], text: str) -> Match | None:
    """The replacement of a piece's lines in its file with this `text`, or None if it changes nothing.

    `EditError` if these lines were not shown, differ in the file, or lost definitions or imports.
    """
    name = f"the piece at line {piece.line} of the answer"
    where = f"lines {piece.first} to {piece.last} of {piece.path}"
    texts = {span.text for span in spans if _is_in_file(span, piece)}
    if len(texts) != 1:
        raise EditError(f"{name} is for {where}, which were shown {len(texts)} times: ask again")
    old = bare_lines(texts.pop())
    new = _strip_blank_lines(list(piece.lines))
    core = _strip_blank_lines(old)
    if [line.rstrip() for line in core] == [line.rstrip() for line in new]:
        return None
    if not new:
        raise EditError(f"{name} is empty: ask again")
    _check_whole(name, piece.path, core, new)
    lead = next((place for place, line in enumerate(old) if line.strip()), 0)
    replace = (*old[:lead], *new, *old[lead + len(core) :])
    window = bare_lines(text)[piece.first - 1 : piece.last]
    try:
        match = find(Wanted(name, piece.path, "", tuple(old), replace), "\n".join(window))
    except EditError:
        raise EditError(
            f"{name}: {where} do not match what was shown, or were shown only in part, so they cannot be "
            "replaced as a whole: ask again"
        ) from None
    before = piece.first - 1
    hunk = Hunk(match.hunk.first + before, match.hunk.last + before, match.hunk.how)
    return Match(hunk, match.search, match.replace)


def _is_in_file(span: Span, piece: RangeEdit) -> bool:
    origin = span.origin
    lines = origin.source == "file" and (origin.first, origin.last) == (piece.first, piece.last)
    return lines and find_path(piece.path, [origin.path]) is not None


def _strip_blank_lines(lines: list[str]) -> list[str]:
    """The lines without blank ones at both ends, which models add and drop by themselves."""
    full = [place for place, line in enumerate(lines) if line.strip()]
    return lines[full[0] : full[-1] + 1] if full else []


def _check_whole(name: str, path: str, old: list[str], new: list[str]) -> None:
    """Refuse a piece that came back only in part: some models write only what they changed."""
    language = language_of(path)
    if not (language.grammar or language.outline):
        gap = len(old) - len(new)
        if gap > 0:
            raise EditError(f"{name} has {gap} fewer lines than were shown: ask again")
        return
    before, after = (symbols(language, "\n".join(side) + "\n") for side in (old, new))
    gap = max(len(before.definitions) - len(after.definitions), len(before.imports) - len(after.imports))
    if gap > 0:
        raise EditError(f"{name} has {gap} fewer definitions or imports than the model was shown: ask again")
