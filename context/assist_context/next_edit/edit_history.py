"""A session's edits as hunks: lines that became other lines, wherever they are now.

Typing in a line, and what is typed there a little later, is one hunk. What is taken back is not a hunk.
It is told each edit before that is made, and keeps no document.
"""

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from assist_context.documents import Cursor, split_lines
from assist_context.next_edit.offer import Change, EditHunk, EditOrigin

MAX_HUNKS = 64  # of a session; older ones are forgotten
GROWS = 60.0  # seconds in which a further edit of the same lines belongs to a hunk
# An edit of more at once is a paste, a formatter or a merge, and no example.
BULK_CHARACTERS = 200
BULK_LINES = 8
MAX_CHARACTERS = 8_000  # of a hunk; a longer one is no example either


@dataclass(frozen=True, slots=True)
class _TextEdit:
    """An edit of whole lines: those from `line` become `new`."""

    path: str
    line: int
    old: tuple[str, ...]
    new: tuple[str, ...]
    origin: EditOrigin

    @property
    def end(self) -> int:
        """The line after the last old one."""
        return self.line + len(self.old)

    @property
    def growth(self) -> int:
        return len(self.new) - len(self.old)


class EditHistory:
    """Owns the hunks of a session. `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._hunks: deque[EditHunk] = deque(maxlen=MAX_HUNKS)
        self._expected: Change | None = None

    def hunks(self) -> tuple[EditHunk, ...]:
        """All that is remembered, oldest first, each at its current line."""
        return tuple(self._hunks)

    def expect_offer(self, change: Change) -> None:
        """The user accepted an offer: the next edit that is this change comes from it."""
        self._expected = change

    def foresee(self, path: str, lines: Sequence[str], start: Cursor, end: Cursor, text: str) -> None:
        """An edit is about to be made: in a document of `lines`, the text between two cursors changes."""
        first = start.line
        last = end.line + 1
        head = lines[first][: start.column]
        if first > 0 and not head and lines[first - 1].endswith("\r"):
            first -= 1  # a lone "\r" may meet a "\n"
            head = lines[first]
        new = split_lines(head + text + lines[end.line][end.column :])
        if new[-1] == "" and last < len(lines):
            new = new[:-1]
        old = tuple(lines[first:last])
        if old == new:
            return
        origin = self._origin(path, start, end, text)
        whole = (start, end) == (Cursor(0, 0), Cursor(len(lines) - 1, len(lines[-1])))
        if origin == "typed" and len(lines) > 2 and whole:
            origin = "bulk"  # all of it, as a formatter or a checkout does
        if origin == "bulk":
            self.compare(path, old, new, first)
        else:
            self._add(_TextEdit(path, first, old, new, origin))

    def compare(self, path: str, old: Sequence[str], new: Sequence[str], line: int = 0) -> None:
        """The lines from `line` on, which are `old`, became others at once.

        Earlier hunks among those that differ stay examples, but where they are then is not known.
        """
        hunk = _trim(EditHunk(path, line, tuple(old), tuple(new)))
        self._add(_TextEdit(path, hunk.line, hunk.old, hunk.new, "bulk"))

    def forget(self, path: str) -> None:
        """A document was closed: its hunks stay examples, but further edits are new ones."""
        self._hunks = deque(
            [replace(hunk, time=hunk.time - GROWS) if hunk.path == path else hunk for hunk in self._hunks],
            MAX_HUNKS,
        )

    def _origin(self, path: str, start: Cursor, end: Cursor, text: str) -> EditOrigin:
        expectation = self._expected
        if expectation is not None and expectation.path == path:
            self._expected = None
            if (expectation.start, expectation.text) == (start, text) and expectation.end == end:
                return "offer"
            if expectation.start.line <= start.line and end.line <= expectation.end.line:
                return "offer"  # editors may send the least change that has the same effect
        gone = end.line - start.line
        lines = max(text.count("\n"), gone)
        is_paste = gone > 0 and len(split_lines(text)) > 1  # no key types several lines
        return "bulk" if is_paste or len(text) > BULK_CHARACTERS or lines > BULK_LINES else "typed"

    def _add(self, edit: _TextEdit) -> None:
        now = self._clock()
        if max(len(edit.old), len(edit.new)) > MAX_CHARACTERS:  # each line has one: such a hunk is not kept
            self._hunks = deque([_after(earlier, edit) for earlier in self._hunks], MAX_HUNKS)
            return
        hunks = [hunk for hunk in self._hunks if self._grows(hunk, edit, now)]
        apart = [hunk for hunk in self._hunks if hunk not in hunks]
        hunk = replace(_trim(_join(hunks, edit)), time=now)
        undone = next((earlier for earlier in reversed(apart) if _takes_back(hunk, earlier)), None)
        rest = [_after(earlier, edit) for earlier in apart if earlier is not undone]
        if (
            undone is None
            and hunk.old != hunk.new
            and sum(map(len, (*hunk.old, *hunk.new))) <= MAX_CHARACTERS
        ):
            rest.append(hunk)
        self._hunks = deque(rest, MAX_HUNKS)

    @staticmethod
    def _grows(hunk: EditHunk, edit: _TextEdit, now: float) -> bool:
        """Return whether an edit belongs to a hunk: it touches its lines as they are, and soon after it."""
        if hunk.path != edit.path or now - hunk.time > GROWS or "bulk" in (hunk.origin, edit.origin):
            return False
        if not hunk.new:
            return edit.line < hunk.line < edit.end
        first = max(hunk.line, edit.line)
        last = min(hunk.line + len(hunk.new), edit.end)
        return first < last and hunk.new[first - hunk.line : last - hunk.line] == tuple(
            edit.old[first - edit.line : last - edit.line]
        )


def _after(hunk: EditHunk, edit: _TextEdit) -> EditHunk:
    """A hunk after an edit elsewhere in its document, at the line where it is then."""
    if hunk.path != edit.path or hunk.line < edit.end or not edit.growth:
        return hunk
    return replace(hunk, line=hunk.line + edit.growth)


def _join(hunks: Sequence[EditHunk], edit: _TextEdit) -> EditHunk:
    """The hunk that the hunks an edit touches become with it."""
    first = min([edit.line, *(hunk.line for hunk in hunks)])
    last = max([edit.end, *(hunk.line + len(hunk.new) for hunk in hunks)])
    current: list[str | None] = [None] * (last - first)
    current[edit.line - first : edit.end - first] = edit.old
    for hunk in hunks:
        current[hunk.line - first : hunk.line - first + len(hunk.new)] = hunk.new
    old: list[str] = []
    at = first
    for hunk in sorted(hunks, key=lambda hunk: (hunk.line, hunk.new != ())):
        old += [line for line in current[at - first : hunk.line - first] if line is not None]
        old += hunk.old
        at = hunk.line + len(hunk.new)
    old += [line for line in current[at - first :] if line is not None]
    new = [line for line in current if line is not None]
    new[edit.line - first : edit.end - first] = edit.new
    return EditHunk(edit.path, first, tuple(old), tuple(new), edit.origin)


def _trim(hunk: EditHunk) -> EditHunk:
    """A hunk without the lines at both ends that it leaves as they are."""
    first = _common_lines(hunk.old, hunk.new)
    old = hunk.old[first:]
    new = hunk.new[first:]
    same = _common_lines(old[::-1], new[::-1])
    return replace(hunk, line=hunk.line + first, old=old[: len(old) - same], new=new[: len(new) - same])


def _common_lines(one: tuple[str, ...], other: tuple[str, ...]) -> int:
    """Return how many lines two texts share at their beginning: by halves, since they may be whole files."""
    least = 0
    most = min(len(one), len(other))
    while least < most:
        middle = (least + most + 1) // 2
        if one[least:middle] == other[least:middle]:
            least = middle
        else:
            most = middle - 1
    return least


def _takes_back(hunk: EditHunk, earlier: EditHunk) -> bool:
    """Return whether a hunk is an earlier one the other way round.

    Lines that are put back were deleted at their first or after their last: the edits between decide which.
    """
    last = hunk.line if earlier.new else hunk.line + len(hunk.new)
    same = (hunk.path, hunk.old, hunk.new) == (earlier.path, earlier.new, earlier.old)
    return same and hunk.line <= earlier.line <= last
