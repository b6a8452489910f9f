"""Accepted texts until it is known what became of them: still there after a while, and at the first save.

It follows the place of each text through the document's changes. A text is kept in memory until it is judged,
and never written. It does not know who shows texts, or when files are saved.
"""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass

from assist_context.documents import Cursor
from assist_server.editor.feedback.region import (
    Place,
    Region,
    Replacement,
    follow,
    region_at,
    shorten,
    text_between,
)
from assist_server.editor.feedback.survival import share_left
from assist_server.editor.feedback.usage_table import UsageTable
from assist_server.records.usage_rows import UsageKey
from assist_server.workspace.documents import OpenDocument
from assist_server.workspace.positions import to_column

KEPT_AFTER = 30.0  # seconds; most corrections of a suggestion are made in less
LEFT = 0.75  # the least share of a text's characters with which it counts as kept
MOST = 64  # texts that wait for a judgement
REMEMBERED = 64  # shown texts that can still be reported as accepted


@dataclass(frozen=True, slots=True)
class ShownText:
    """A text that the editor shows, and what it counts for. `begin` is in characters."""

    key: UsageKey
    document: OpenDocument
    text: str
    begin: Place


@dataclass(slots=True)
class _AcceptedText:
    """A text that was accepted, from `begin` on. `region` is None until the editor has sent it."""

    shown: ShownText
    text: str
    begin: Place
    due: float  # on the event loop's clock
    region: Region | None = None
    timed: bool = False  # judged after a while
    saved: bool = False  # judged at a save


class AcceptedTexts:
    """Owns the accepted texts, and the timer of the next judgement while there is one. Event loop only.

    A text that still has 3/4 of its characters `delay` seconds after it was accepted counts as kept. One
    whose document is closed before that is judged then; one whose document is never saved has no judgement
    at a save.
    """

    def __init__(self, usage: UsageTable, delay: float = KEPT_AFTER) -> None:
        self.usage = usage
        self._delay = delay
        self._shown: OrderedDict[int, ShownText] = OrderedDict()  # by the id of the suggestion
        self._accepted: OrderedDict[int, _AcceptedText] = OrderedDict()  # the same, the oldest first
        self._timer: asyncio.TimerHandle | None = None

    @property
    def has_timer(self) -> bool:
        """Whether a judgement is planned."""
        return self._timer is not None

    @property
    def waiting(self) -> int:
        """How many texts wait for a judgement."""
        return len(self._accepted)

    def remember(self, suggestion_id: int, shown: ShownText) -> None:
        """The editor gets this suggestion, and may report that it was accepted."""
        self._shown.pop(suggestion_id, None)
        self._shown[suggestion_id] = shown
        if len(self._shown) > REMEMBERED:
            self._shown.popitem(last=False)

    def accept(self, suggestion_id: int, units: int | None = None) -> None:
        """The user accepted a suggestion, or the first `units` of its text, as the editor counts them.

        One that is accepted in parts counts once; each report has the text so far.
        """
        shown = self._shown.get(suggestion_id)
        if shown is None:
            return
        text = shown.text
        if units is not None:
            text = text[: to_column(text, units, shown.document.encoding)]
        known = self._accepted.get(suggestion_id)
        if known is not None and known.shown is shown:
            _extend(known, text)
        elif text.strip():
            self._add(suggestion_id, shown, text)

    def foresee(self, document: OpenDocument, start: Cursor, end: Cursor, text: str) -> None:
        """The text between two cursors of a document becomes `text`; its lines are still the old ones."""
        waiting = [each for each in self._accepted.values() if each.shown.document is document]
        if not waiting:
            return
        first = (start.line, start.column)
        last = (end.line, end.column)
        edit = shorten(Replacement(first, last, text_between(document.lines, first, last), text))
        for each in waiting:
            _locate(each)
            if each.region is not None:
                each.region = follow(each.region, edit, each.text)

    def judge_saved(self, document: OpenDocument) -> None:
        """The document was saved: judge what was accepted in it since the last save."""
        for number, each in list(self._accepted.items()):
            if each.shown.document is document and not each.saved:
                each.saved = True
                self.usage.count(each.shown.key, "kept-saved" if _is_kept(each) else "gone-saved")
                if each.timed:
                    self._end(number)

    def judge_closed(self, document: OpenDocument) -> None:
        """The document is closed: judge what was accepted in it now, since later nothing is known."""
        for number, each in list(self._accepted.items()):
            if each.shown.document is document:
                self._end(number)
        for number, shown in list(self._shown.items()):
            if shown.document is document:
                del self._shown[number]
        self._plan()

    def close(self) -> None:
        """Judge all texts now, and stop the timer."""
        for number in list(self._accepted):
            self._end(number)
        self._shown.clear()
        self._plan()

    def _add(self, number: int, shown: ShownText, text: str) -> None:
        if number in self._accepted:  # of a model that was closed since: ids begin at 1 again
            self._end(number)
        self.usage.count(shown.key, "accepted")
        due = asyncio.get_running_loop().time() + self._delay
        self._accepted[number] = _AcceptedText(shown, text, shown.begin, due)
        if len(self._accepted) > MOST:
            self._end(next(iter(self._accepted)))
        self._plan()

    def _plan(self) -> None:
        """Set the timer for the next judgement, or stop it if none is waited for."""
        due = min((each.due for each in self._accepted.values() if not each.timed), default=None)
        if self._timer is not None and (due is None or self._timer.when() != due):
            self._timer.cancel()
            self._timer = None
        if self._timer is None and due is not None:
            self._timer = asyncio.get_running_loop().call_at(due, self._judge_due, due)

    def _judge_due(self, now: float) -> None:
        self._timer = None
        for number, each in list(self._accepted.items()):
            if each.due <= now:
                self._judge_timed(each)
                if each.saved:
                    self._end(number)
        self._plan()

    def _judge_timed(self, accepted: _AcceptedText) -> None:
        if not accepted.timed:
            accepted.timed = True
            self.usage.count(accepted.shown.key, "kept-30s" if _is_kept(accepted) else "gone-30s")

    def _end(self, number: int) -> None:
        """Judge a text unless that was done, and forget it."""
        accepted = self._accepted.pop(number)
        self._judge_timed(accepted)
        if self._shown.get(number) is accepted.shown:
            del self._shown[number]


def _extend(accepted: _AcceptedText, text: str) -> None:
    """More of a suggestion was accepted: from now on, its longer text is followed."""
    if len(text) > len(accepted.text):
        accepted.begin = accepted.region.begin if accepted.region is not None else accepted.begin
        accepted.text = text
        accepted.region = None


def _locate(accepted: _AcceptedText) -> None:
    """Find the text where it was to be inserted, unless it was found before."""
    if accepted.region is None:
        accepted.region = region_at(accepted.shown.document.lines, accepted.begin, accepted.text)


def _is_kept(accepted: _AcceptedText) -> bool:
    _locate(accepted)
    region = accepted.region
    if region is None:
        return False
    now = text_between(accepted.shown.document.lines, region.begin, region.end)
    return share_left(accepted.text, now) >= LEFT
