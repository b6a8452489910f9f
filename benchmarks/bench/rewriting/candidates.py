"""Offers with a known outcome, and places where nothing is offered, with the lines around them.

They come from plays of commits. An offer here replaces text within one line of an open file. This module runs
no model.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from rapidfuzz.distance import Indel

from assist_completion.prompt.next_edit_layout import EditWindow, PastEdit, window_around
from assist_context.documents import Cursor
from assist_context.next_edit.finder import choose
from assist_context.next_edit.offer import Kind, Offer
from assist_context.next_edit.substitution import tokens
from bench.next_edit.commits import EditedFile
from bench.next_edit.simulation import OthersInPlay, Session

REACH = 5  # lines above and below a place: the whole window of 21 lines takes twice the time
LEAST = 0.2  # of the likelihood: what is less likely is shown in no mode
OF_COMMIT = 4  # offers and places at most, so that no commit counts too much

Became = Literal["right", "wrong", "same"]


@dataclass(frozen=True, slots=True)
class CandidateOffer:
    """One line that would become `text`. `right` says whether the commit does that."""

    kind: Kind
    probability: float
    right: bool
    window: EditWindow
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class SilentPlace:
    """The next hunk of a commit where nothing is shown. `goal` is the window after its hunks were made."""

    window: EditWindow
    goal: str


class CandidateSession(Session):
    """A play that notes what could be offered, and where nothing is."""

    def __init__(self, files: Sequence[EditedFile], others: OthersInPlay) -> None:
        super().__init__(files, self._look_at, others)
        self.candidates: list[CandidateOffer] = []
        self.silent: list[SilentPlace] = []
        self._seen: set[tuple[str, str, str]] = set()

    def _look_at(self, offers: Sequence[Offer]) -> Offer | None:
        for offer in offers:
            if len(self.candidates) < OF_COMMIT and offer.probability >= LEAST:
                self._collect(offer)
        chosen = choose(offers, "balanced")
        file = self.files[self._history.hunks()[-1].path]
        if chosen is None and len(self.silent) < OF_COMMIT:
            self._collect_place(file)
        return chosen

    def _collect(self, offer: Offer) -> None:
        change = offer.changes[0]
        if change.path not in self.files or change.start.line != change.end.line or "\n" in change.text:
            return
        line = self.document(change.path).lines[change.start.line]
        text = line[: change.start.column] + change.text + line[change.end.column :]
        key = (offer.pattern, change.path, line)
        if key not in self._seen and text.strip():
            self._seen.add(key)
            right = self._fitting(change) is not None
            window = self._window(change.path, change.start.line)
            candidate = CandidateOffer(offer.kind, offer.probability, right, window, change.start.line, text)
            self.candidates.append(candidate)

    def _collect_place(self, file: EditedFile) -> None:
        hunk = file.next_hunk()
        key = (f"{hunk.index}" if hunk else "", file.path, "")
        if hunk is None or not hunk.now or not hunk.final or key in self._seen:
            return
        self._seen.add(key)
        window = self._window(file.path, file.start(hunk))
        self.silent.append(SilentPlace(window, goal_of(file, window)))

    def _window(self, path: str, line: int) -> EditWindow:
        edits = (each for each in self._history.hunks() if each.is_example)
        past = tuple(PastEdit(each.path, each.line, each.old, each.new) for each in edits)
        return window_around(path, self.document(path).lines, Cursor(line, 0), past, REACH)


def goal_of(file: EditedFile, window: EditWindow) -> str:
    """A window after the hunks in it were made; one that reaches out of it stays as it is."""
    result: list[str] = []
    last = window.line + len(window.lines)
    at = 0
    for piece in file.pieces:
        end = at + len(piece.now)
        inside = window.line <= at and end <= last
        if inside:
            result += piece.final
        else:
            result += piece.now[max(0, window.line - at) : max(0, last - at)]
        at = end
    return "".join(result)


def judge(window: EditWindow, text: str, goal: str) -> Became:
    """What a rewritten window is: right if each of its new tokens is on the shortest way to the goal."""
    if text == window.text:
        return "same"
    now, new, wanted = (tokens(each) for each in (window.text, text, goal))
    way = Indel.distance(now, new) + Indel.distance(new, wanted)
    return "right" if way == Indel.distance(now, wanted) else "wrong"


def line_after(window: EditWindow, text: str, line: int) -> str:
    """What a rewritten window has in place of one of its lines."""
    old = list(window.lines)
    new = text.splitlines(keepends=True)
    at = line - window.line
    for _, first, last, start, end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if first <= at < last:
            same = last - first == end - start
            return new[start + at - first] if same else "".join(new[start:end])
    return ""
