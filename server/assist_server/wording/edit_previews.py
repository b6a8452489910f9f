r"""The preview of an edit: every line that would change, so that what is shown is what is written.

It is a unified diff, one line for each line of the files. Nothing is left out: characters that no one sees
are written as `<U+202E>` (`unseen_characters.visible`). Lines end at "\n" alone, as git has them, and a "\r"
is shown, but for a file in which every line ends with "\r\n", as one line says.

`EditPreview` shows an edit while it streams, as Markdown. This module draws nothing and asks nothing.
"""

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from assist_context.unseen_characters import hidden_characters, list_names, unseen_written, visible
from assist_escalation.edits.formats.search_replace import MARKER
from assist_escalation.edits.plan import EditPlan, FileChange, split_pieces

UNENDED = "\\ No newline at end of file"
CRLF = "\\ All lines end with CR LF"

PreviewKind = Literal["head", "place", "same", "added", "removed", "note"]
_KINDS: dict[str, PreviewKind] = {"@": "place", " ": "same", "+": "added", "-": "removed"}
_MARKED = {"<": " SEARCH", "=": "", ">": " REPLACE"}
_FENCE = re.compile(r" {0,3}(?:`{3,}|~{3,})")
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r(?!\Z))")  # a "\r" at the very end may be half of a line's end


@dataclass(frozen=True, slots=True)
class PreviewLine:
    """One line of a preview, with its sign."""

    kind: PreviewKind
    text: str


def edit_preview(plan: EditPlan) -> tuple[PreviewLine, ...]:
    """The lines of an edit, as a person must see them before it is made. It blocks."""
    return tuple(line for change in plan.changes for line in _change_lines(change))


def edit_warnings(plan: EditPlan) -> tuple[str, ...]:
    """Return what a person should know before looking at an edit, one sentence each."""
    warnings = [_hidden_warning(change) for change in plan.changes]
    if plan.protected:
        names = ", ".join(map(visible, plan.protected))
        warnings.insert(0, f"It changes {names}, which can change what your tools run: please check.")
    warnings += [f"{visible(removal)}: please check that you want this." for removal in plan.removals]
    warnings += [f"{visible(doubt)}: please check." for doubt in plan.unsure]
    return tuple(warning for warning in warnings if warning)


def _hidden_warning(change: FileChange) -> str:
    hidden = hidden_characters(change.before)
    if not hidden:
        return ""
    return (
        f"{visible(change.path)} already contains invisible characters ({list_names(hidden)}): check the "
        "lines that show <U+...>."
    )


def _change_lines(change: FileChange) -> Iterator[PreviewLine]:
    new = change.base_sha256 == ""
    if not (new or change.removes or change.before != change.after):
        return
    path = visible(change.path)
    before, after = split_pieces(change.before), split_pieces(change.after)
    yield PreviewLine("head", f"diff --git a/{path} b/{path}")
    if new or change.removes:
        yield PreviewLine("head", f"{'new' if new else 'deleted'} file mode 100644")
    yield PreviewLine("head", "--- /dev/null" if new else f"--- a/{path}")
    yield PreviewLine("head", "+++ /dev/null" if change.removes else f"+++ b/{path}")
    pieces_ended = [piece for piece in (*before, *after) if piece.endswith("\n")]
    crlf = bool(pieces_ended) and all(piece.endswith("\r\n") for piece in pieces_ended)
    if crlf:
        yield PreviewLine("note", CRLF)
    for line in list(difflib.unified_diff(before, after))[2:]:
        bare = line.removesuffix("\n")
        sign, text = bare[:1], bare[1:]
        if crlf and line.endswith("\r\n"):
            text = text.removesuffix("\r")
        yield PreviewLine(_KINDS[sign], sign + (text if sign == "@" else visible(text)))
        if line == bare:
            yield PreviewLine("note", UNENDED)


class EditPreview:
    r"""An answer while it streams, its SEARCH/REPLACE blocks as fenced diffs; the edit is made elsewhere.

    It keeps back the start of a line that may be a marker, and shows a line of code once it is complete.

    >>> preview = EditPreview()
    >>> preview.feed("a.py\n<<<<<<< SEA"), preview.feed("RCH\nx = 1\n=======\nx = 2\n>>>>>>> REPLACE\n")
    ('a.py\n', '```diff\n-x = 1\n+x = 2\n```\n')
    """

    def __init__(self) -> None:
        self._sign = ""  # "-" or "+" for the two sides of a block, "" outside of blocks
        self._width = 0  # characters of the block's markers; a marker of another length is a line of the file
        self._line = ""  # the line so far, as the model wrote it
        self._returned = 0  # how many of its characters were returned
        self._fenced = False  # inside a fence that the model wrote; then we add none

    def feed(self, piece: str) -> str:
        """The next piece of the answer; returns what can be shown now."""
        pieces = []
        rest = self._line + piece
        while match := _LINE.match(rest):
            self._line = match[0]
            pieces.append(self._complete_line())
            self._line = ""
            self._returned = 0
            rest = rest[match.end() :]
        self._line = rest
        prose = not self._sign and not self._fenced and not rest.startswith(("<", "=", ">"))
        if prose:  # no marker begins like this, so the line can be shown early
            pieces.append(self._rest_of_prose())
        return "".join(pieces)

    def end(self) -> str:
        """Return what was kept back, and the end of a fence that the answer left open."""
        rest = self._complete_line() if self._line else ""
        closing = "\n```\n" if self._sign and not self._fenced else ""
        return rest + closing

    def _complete_line(self) -> str:
        """The rest of a complete line, or what replaces it if it is a marker."""
        bare = self._line.rstrip("\r\n")
        match = MARKER.fullmatch(bare)
        if match and match["word"] == _MARKED[match["run"][0]]:
            kind = match["run"][0]
            width = len(match["run"])
            if kind == "<" and not self._sign:
                self._sign = "-"
                self._width = width
                return "" if self._fenced else "```diff\n"
            if kind == "=" and self._sign == "-" and width == self._width:
                self._sign = "+"
                return ""
            if kind == ">" and self._sign and width == self._width:
                self._sign = ""
                return "" if self._fenced else "```\n"
        fence = not self._sign and _FENCE.match(self._line) is not None
        if fence:
            self._fenced = not self._fenced
        code = not fence and (self._sign or self._fenced)
        text = self._sign + visible(bare) if code else self._rest_of_prose()
        return text + ("\n" if bare != self._line else "")

    def _rest_of_prose(self) -> str:
        """Return what was not yet shown of a line outside of code, without its end."""
        bare = self._line.rstrip("\r\n")
        text = bare[self._returned :]
        self._returned = len(bare)
        return unseen_written(text)
