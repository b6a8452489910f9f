"""Accepted texts until it is known what became of them: still there after a while, and at the first save.

It follows the place of each text through the document's changes. A text is kept in memory until it is judged,
and never written. It does not know who shows texts, or when files are saved.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from assist_context.documents import Cursor
from assist_evaluation.feedback.region import (
    Region,
    Replacement,
    begins_after,
    ends_before,
    follow,
    region_at,
    shorten,
)
from assist_evaluation.feedback.shown_texts import ShownPart, ShownText, ShownTexts
from assist_evaluation.feedback.survival import share_left
from assist_evaluation.feedback.usage_counts import UsageTable
from assist_server.workspace.documents import OpenDocument, Place, is_data, text_between, to_column

KEPT_AFTER = 30.0  # seconds; most corrections of a suggestion are made in less
LEFT = 0.75  # the least share of a text's characters with which it counts as kept
MOST = 64  # texts that wait for a judgement
TRIES = 8  # edits after which a text that never arrived is given up; most arrive with the first one


@dataclass(slots=True)
class _AcceptedText:
    """A text that was accepted, from `begin` on. `region` is None until the editor has sent it."""

    part: ShownPart
    text: str
    begin: Place
    due: float  # on the event loop's clock
    region: Region | None = None
    tries: int = 0  # to find the region
    timed: bool = False  # judged after a while
    saved: bool = False  # judged at a save

    def is_in(self, document: OpenDocument) -> bool:
        return self.part.shown.document is document


class AcceptedTexts:
    """Owns the accepted texts, and the timer of the next judgement while there is one. Event loop only.

    A text that still has 3/4 of its characters `delay` seconds after it was accepted counts as kept. One
    whose document is closed before that is judged then; one whose document is never saved has no judgement
    at a save.
    """

    def __init__(self, usage: UsageTable, delay: float = KEPT_AFTER) -> None:
        self.usage = usage
        self._delay = delay
        self._shown = ShownTexts()
        self._accepted: OrderedDict[int, _AcceptedText] = OrderedDict()  # by id, the oldest first
        self._timer: asyncio.TimerHandle | None = None

    @property
    def has_timer(self) -> bool:
        """Whether a judgement is planned."""
        return self._timer is not None

    @property
    def waiting(self) -> int:
        """How many texts wait for a judgement."""
        return len(self._accepted)

    def remember(self, texts: Mapping[int, ShownText]) -> None:
        """The editor gets these suggestions for one place, and may report that one was accepted.

        A text is counted as offered once, however often it is shown while the user types through it.
        """
        if texts and self._shown.remember(texts):
            self.usage.count(next(iter(texts.values())).key, "offered")

    def accept(self, suggestion_id: int, units: int | None = None) -> None:
        """The user accepted a suggestion, or the first `units` of its text, as the editor counts them.

        One that is accepted in parts counts once. Each report has the text so far, or, if what is left was
        asked for meanwhile, what follows.
        """
        part = self._shown.get(suggestion_id)
        if part is None or part.offered.judged:
            return
        text = part.shown.text
        if units is not None:
            text = text[: to_column(text, units, part.shown.document.encoding)]
        for accepted in self._accepted.values():
            if accepted.part.offered is part.offered:
                _extend(accepted, part, text)
                return
        if text.strip():
            self._add(suggestion_id, part, text)

    def foresee(self, document: OpenDocument, start: Cursor, end: Cursor, text: str) -> None:
        """The text between two cursors of a document becomes `text`; its lines are still the old ones."""
        first = (start.line, start.column)
        last = (end.line, end.column)
        move = Replacement(first, last, "", text)
        edit: Replacement | None = None
        for accepted in self._accepted.values():
            if not accepted.is_in(document):
                continue
            region = _locate(accepted, document.lines)
            if region is None:
                if last < accepted.begin:
                    accepted.begin = move.shift(accepted.begin)
            elif begins_after(region, last):
                accepted.region = follow(region, move, accepted.text)
            elif not ends_before(region, first):
                edit = edit or shorten(
                    Replacement(first, last, text_between(document.lines, first, last), text)
                )
                accepted.region = follow(region, edit, accepted.text)

    def compare(self, document: OpenDocument, old: Sequence[str]) -> None:
        """The lines of a document were `old`, and so much of it changed at once that texts are looked for."""
        waiting = [accepted for accepted in self._accepted.values() if accepted.is_in(document)]
        if not waiting or is_data(old) or is_data(document.lines):
            return
        end = (len(old) - 1, len(old[-1]))
        edit = shorten(Replacement((0, 0), end, "".join(old), "".join(document.lines)))
        for accepted in waiting:
            region = _locate(accepted, old)
            if region is not None:
                accepted.region = follow(region, edit, accepted.text)

    def judge_saved(self, document: OpenDocument) -> None:
        """The document was saved: judge what was accepted in it since the last save."""
        for number, accepted in list(self._accepted.items()):
            if accepted.is_in(document) and not accepted.saved:
                accepted.saved = True
                self.usage.count(
                    accepted.part.shown.key, "kept-saved" if _is_kept(accepted) else "gone-saved"
                )
                if accepted.timed:
                    self._end(number)

    def judge_closed(self, document: OpenDocument) -> None:
        """The document is closed: judge what was accepted in it now, since later nothing is known."""
        for number, accepted in list(self._accepted.items()):
            if accepted.is_in(document):
                self._end(number)
        self._shown.forget(document)
        self._plan()

    def close(self) -> None:
        """Judge all texts now, and stop the timer."""
        for number in list(self._accepted):
            self._end(number)
        self._shown.clear()
        self._plan()

    def _add(self, number: int, part: ShownPart, text: str) -> None:
        if number in self._accepted:  # of a model that was closed since: ids begin at 1 again
            self._end(number)
        self.usage.count(part.shown.key, "accepted")
        due = asyncio.get_running_loop().time() + self._delay
        self._accepted[number] = _AcceptedText(part, text, part.shown.begin, due)
        if len(self._accepted) > MOST:
            self._end(next(iter(self._accepted)))
        self._plan()

    def _plan(self) -> None:
        """Set the timer for the next judgement, or stop it if none is waited for."""
        due = min((accepted.due for accepted in self._accepted.values() if not accepted.timed), default=None)
        if self._timer is not None and (due is None or self._timer.when() != due):
            self._timer.cancel()
            self._timer = None
        if self._timer is None and due is not None:
            self._timer = asyncio.get_running_loop().call_at(due, self._judge_due, due)

    def _judge_due(self, now: float) -> None:
        self._timer = None
        for number, accepted in list(self._accepted.items()):
            if accepted.due <= now:
                self._judge_timed(accepted)
                if accepted.saved:
                    self._end(number)
        self._plan()

    def _judge_timed(self, accepted: _AcceptedText) -> None:
        if not accepted.timed:
            accepted.timed = True
            self.usage.count(accepted.part.shown.key, "kept-30s" if _is_kept(accepted) else "gone-30s")

    def _end(self, number: int) -> None:
        """Judge a text unless that was done, and forget it."""
        accepted = self._accepted.pop(number)
        accepted.part.offered.judged = True
        self._judge_timed(accepted)


def _extend(accepted: _AcceptedText, part: ShownPart, text: str) -> None:
    """More of an offered text was accepted: from now on, its longer text is followed."""
    first = accepted.part.offset
    whole = part.offered.text[first : part.offset] + text
    if part.offset >= first and len(whole) > len(accepted.text):
        accepted.begin = accepted.region.begin if accepted.region is not None else accepted.begin
        accepted.text = whole
        accepted.region = None
        accepted.tries = 0


def _locate(accepted: _AcceptedText, lines: Sequence[str]) -> Region | None:
    """The place of the text, which is looked for where it was to be inserted unless it was found before."""
    if accepted.region is None and accepted.tries < TRIES:
        accepted.tries += 1
        accepted.region = region_at(lines, accepted.begin, accepted.text)
    return accepted.region


def _is_kept(accepted: _AcceptedText) -> bool:
    lines = accepted.part.shown.document.lines
    region = accepted.region or region_at(lines, accepted.begin, accepted.text)
    if region is None:
        return False
    return share_left(accepted.text, text_between(lines, region.begin, region.end)) >= LEFT
