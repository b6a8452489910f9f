"""A user who makes a commit hunk by hunk, and accepts an offer if it is what the commit does there.

An offer is right if each token of it is on the shortest way to the commit: if inserting and deleting tokens
takes exactly as much less afterwards as the offer itself is long.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from rapidfuzz.distance import Indel

from assist_context.code.trees.parsed_text import ParsedText
from assist_context.documents import Cursor, Document, split_lines
from assist_context.languages import language_of
from assist_context.next_edit.edit_history import EditHistory
from assist_context.next_edit.finder import PastOffers, document_before, find_offers
from assist_context.next_edit.offer import Change, Offer, OtherFiles, Situation
from assist_context.next_edit.substitution import tokens
from bench.next_edit.commits import EditedFile, Piece, edits_of

WRONG_IN_A_ROW = 3  # offers that the user rejects before typing on
Choose = Callable[[Sequence[Offer]], Offer | None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """An offer that was looked at: whether the commit does that, and whether it was shown."""

    kind: str
    right: bool
    shown: bool
    probability: float
    features: dict[str, float]
    key: tuple[object, ...]
    characters: int = 0
    words: str = ""


@dataclass(slots=True)
class Played:
    """What became of a commit: `hunks` are all, `later` those after the first of each file."""

    outcomes: list[Outcome] = field(default_factory=list)
    hunks: int = 0
    later: int = 0
    helped: int = 0
    whole: int = 0
    typed: int = 0
    seconds: list[float] = field(default_factory=list)


class OthersInPlay(Protocol):
    """What is outside of a document in a play. `seconds` is the time that it took so far."""

    seconds: float

    def at(self, session: "Session", path: str) -> OtherFiles:
        """The other files as seen from one."""
        ...


class Session:
    """Owns one play of a commit."""

    def __init__(
        self,
        files: Sequence[EditedFile],
        choose: Choose,
        others: "OthersInPlay",
    ) -> None:
        self.files = {each.path: each for each in files}
        self.played = Played()
        self._choose = choose
        self._others = others
        self._ticks = 0.0
        self._history = EditHistory(self._tick)
        self._past = PastOffers()
        self._parsed: dict[str, tuple[Document, ParsedText]] = {}

    def play(self) -> Played:
        """Type all hunks; after each, look at the offers."""
        for file in self.files.values():
            while (hunk := file.next_hunk()) is not None:
                self._type(file, hunk)
                self.played.typed += 1
                self._look(file)
        for file in self.files.values():
            hunks = file.hunks()
            self.played.hunks += len(hunks)
            self.played.later += len(hunks) - 1
            self.played.helped += sum(each.helped for each in hunks if each.index != file.first)
        return self.played

    def document(self, path: str) -> Document:
        """A file as it is now."""
        return Document(path, self.files[path].lines(), language_of(path))

    def _tick(self) -> float:
        self._ticks += 5.0
        return self._ticks

    def _type(self, file: EditedFile, hunk: Piece) -> None:
        first = file.start(hunk)
        for at, old, new in edits_of(tuple(hunk.now), hunk.final):
            lines = file.lines()
            self._history.foresee(file.path, lines, *_span(lines, first + at, old, new))
            hunk.now[at : at + len(old)] = new

    def _look(self, file: EditedFile) -> None:
        wrong = 0
        path = file.path
        while wrong < WRONG_IN_A_ROW:
            hunks = self._history.hunks()
            if not hunks or hunks[-1].path not in self.files:
                return
            path = hunks[-1].path
            document = self.document(path)
            before = document_before(document, hunks[-1])
            cursor = Cursor(hunks[-1].line, 0)
            situation = Situation(document, before, cursor, hunks, self._parse, self._others.at(self, path))
            start = time.perf_counter()
            waited = self._others.seconds
            offers = find_offers(situation, self._past)
            waited = self._others.seconds - waited
            self.played.seconds.append(time.perf_counter() - start - waited)
            chosen = self._choose(offers)
            fits = {id(offer): self._fitting(offer.changes[0]) for offer in offers}
            for offer in offers:
                self._note(offer, fits[id(offer)] is not None, offer is chosen)
            if chosen is None:
                return
            found = fits[id(chosen)]
            if found is None:
                self._past = self._past.reject(chosen)
                wrong += 1
                continue
            piece, now = found
            self._past = self._past.accept(chosen)
            self._accept(chosen.changes[0], piece, now)

    def _note(self, offer: Offer, right: bool, shown: bool) -> None:
        first = offer.changes[0]
        opened = first.path in self.files
        place = "".join(_around(self.document(first.path), first)) if opened else str(first.start.line)
        key = (offer.pattern, first.path, place)
        size = len(first.text)
        self.played.outcomes.append(
            Outcome(
                offer.kind, right, shown, offer.probability, dict(offer.features), key, size, offer.pattern
            )
        )

    def _accept(self, change: Change, piece: Piece, now: list[str]) -> None:
        document = self.document(change.path)
        self._history.expect_offer(change)
        self._history.foresee(change.path, document.lines, change.start, change.end, change.text)
        piece.now[:] = now
        piece.helped = True
        self.played.whole += piece.is_done

    def _parse(self, document: Document) -> ParsedText:
        for known in self._parsed.values():
            if known[0] == document:
                return known[1]
        parsed = ParsedText(document)
        if len(self._parsed) > 8:
            self._parsed.pop(next(iter(self._parsed)))
        self._parsed[f"{document.path}{len(self._parsed)}{self._ticks}"] = (document, parsed)
        return parsed

    def _fitting(self, change: Change) -> tuple[Piece, list[str]] | None:
        """The hunk that a change brings nearer to the commit, and its lines then; None for a wrong one."""
        file = self.files.get(change.path)
        if file is None:
            return None
        lines = file.lines()
        at = 0
        for number, piece in enumerate(file.pieces):
            end = at + len(piece.now)
            if (
                piece.index >= 0
                and not piece.is_done
                and at - 1 <= change.start.line
                and change.end.line <= end
            ):
                head = _last_line(file.pieces[:number])
                tail = _first_line(file.pieces[number + 1 :])
                first = at - len(head)
                window = [*head, *piece.now, *tail]
                changed = _apply(lines, first, first + len(window), change)
                final = [*head, *piece.final, *tail]
                inside = changed and changed[: len(head)] == head and (not tail or changed[-1:] == tail)
                if changed and inside and _is_nearer(window, changed, final):
                    return piece, changed[len(head) : len(changed) - len(tail)]
            at = end
        return None


def _is_nearer(now: list[str], changed: list[str], final: list[str]) -> bool:
    texts = [tokens("".join(each)) for each in (now, changed, final)]
    cost = Indel.distance(texts[0], texts[1])
    return cost > 0 and Indel.distance(texts[1], texts[2]) == Indel.distance(texts[0], texts[2]) - cost


def _apply(lines: Sequence[str], first: int, last: int, change: Change) -> list[str] | None:
    """The lines of a window after a change; None if the change is not inside."""
    end = change.end
    if change.start.line < first or end.line > last or (end.line == last and end.column > 0):
        return None
    head = "".join(lines[first : change.start.line]) + lines[change.start.line][: change.start.column]
    tail = (lines[end.line][end.column :] if end.line < last else "") + "".join(lines[end.line + 1 : last])
    new = list(split_lines(head + change.text + tail))
    return new[:-1] if new and new[-1] == "" else new


def _last_line(pieces: Sequence[Piece]) -> list[str]:
    return next(([each.now[-1]] for each in reversed(pieces) if each.now), [])


def _first_line(pieces: Sequence[Piece]) -> list[str]:
    return next(([each.now[0]] for each in pieces if each.now), [])


def _around(document: Document, change: Change) -> Iterator[str]:
    yield from document.lines[max(0, change.start.line - 1) : change.end.line + 2]


def _span(
    lines: Sequence[str], line: int, old: Sequence[str], new: Sequence[str]
) -> tuple[Cursor, Cursor, str]:
    """The least edit that a user makes to replace a line, insert one, or delete one."""
    if old and new:
        before = old[0]
        after = new[0]
        same = next((at for at, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), None)
        head = min(len(before), len(after)) if same is None else same
        tail = 0
        while tail < min(len(before), len(after)) - head and before[-1 - tail] == after[-1 - tail]:
            tail += 1
        text = after[head : len(after) - tail]
        return Cursor(line, head), Cursor(line, len(before) - tail), text
    if new:
        if line == 0 or line > len(lines):
            return Cursor(0, 0), Cursor(0, 0), new[0]
        above = lines[line - 1].rstrip("\n")
        return Cursor(line - 1, len(above)), Cursor(line - 1, len(above)), "\n" + new[0].rstrip("\n")
    if line + 1 < len(lines):
        return Cursor(line, 0), Cursor(line + 1, 0), ""
    return Cursor(line, 0), Cursor(line, len(lines[line])), ""
