"""Plays scenarios of next edit: edits as a person makes them, and the offer that a session has after the last one.

A scenario is a table in `scenarios/*.toml`. A place in a text is a table too, and means the same in an edit and in
an expected change:

- `old` is a text that is there once; `in` is a text around it that is there once; `line` (from 1) is its line.
- `after` or `above` is a text that is there once, at whose end or start `new` is inserted.
- `every` is replaced wherever it is, in one change; `text` takes the place of the whole document.
- `file` names one of the other files, `how = "pasted"` makes one change of what else is typed key by key, and
  with `pause = false` the user types on at once.

An edit may also be `undo = 2`, `take = true` (the offer is accepted), or `refuse = true`.
"""

import itertools
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from tree_edits import cursor

from assist_context.code.trees.parsed_text import ParsedText
from assist_context.documents import Cursor, Document, split_lines
from assist_context.languages import language_of
from assist_context.next_edit.edit_history import EditHistory
from assist_context.next_edit.finder import PastOffers, choose, document_before, find_offers
from assist_context.next_edit.offer import Change, EditHunk, Offer, OfferKind, Report, Situation
from assist_server.editor.next_edit.silence import is_in_word

FOLDER = Path(__file__).parent / "scenarios"
KEY, PAUSE = 0.15, 2.0  # seconds

Place = Mapping[str, Any]


class PlaceError(ValueError):
    """A text that should be there once is not there, or several times."""


class NothingOfferedError(ValueError):
    """A scenario takes or refuses an offer, and there is none."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """What happens, and what is right then: nothing is offered, or one of `shows`."""

    subject: str
    name: str
    path: str
    before: str
    edits: tuple[Place, ...]
    newline: str = "\n"
    files: Mapping[str, str] = field(default_factory=dict)
    reports: tuple[Place, ...] = ()
    quiet: bool = False
    shows: tuple[Place, ...] = ()
    kind: OfferKind | None = None
    all: bool = False  # the whole chain makes exactly what `shows` says

    def __str__(self) -> str:
        return f"{self.subject}: {self.name}"


def load(folder: Path = FOLDER) -> list[Scenario]:
    """All scenarios. A field that does not exist is an error."""
    result = []
    for file in sorted(folder.glob("*.toml")):
        for row in tomllib.loads(file.read_text(encoding="utf-8"))["scenario"]:
            lists = {name: tuple(row[name]) for name in ("edits", "reports", "shows") if name in row}
            result.append(Scenario(file.stem, **{**row, **lists}))
    return result


def span(text: str, place: Place) -> tuple[int, int]:
    """Where a place is in a text, as offsets."""
    if (around := place.get("after", place.get("above"))) is not None:
        at = _only(text, around, place) + (len(around) if "after" in place else 0)
        return at, at
    first, last = 0, len(text)
    if "line" in place:
        lines = split_lines(text)
        first = sum(map(len, lines[: place["line"] - 1]))
        last = first + len(lines[place["line"] - 1])
    if "in" in place:
        first = _only(text, place["in"], place)
        last = first + len(place["in"])
    if not place.get("old"):
        return first, first
    start = first + _only(text[first:last], place["old"], place)
    return start, start + len(place["old"])


def _only(text: str, piece: str, place: Place) -> int:
    if text.count(piece) != 1:
        raise PlaceError(f"{piece!r} is there {text.count(piece)} times: {dict(place)}")
    return text.index(piece)


def made(text: str, places: Sequence[Place], newline: str = "\n") -> str:
    """A text after all these changes of it."""
    found = [(*span(text, each), each["new"].replace("\n", newline)) for each in map(_with(newline), places)]
    for start, end, new in sorted(found, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def _with(newline: str) -> Any:
    return lambda place: {
        name: value.replace("\n", newline) if isinstance(value, str) else value
        for name, value in place.items()
    }


def applied(text: str, changes: Sequence[Change]) -> str:
    """A text after changes of it that do not overlap. A position outside of it is an error."""
    lines = split_lines(text)
    starts = [0, *itertools.accumulate(map(len, lines))]

    def checked(at: Cursor) -> int:
        line = lines[at.line]
        if at.line < 0 or not 0 <= at.column <= len(line.rstrip("\r\n")):
            raise IndexError(f"{at} is outside of the text")
        return starts[at.line] + at.column

    spans = [(checked(each.start), checked(each.end), each.text) for each in changes]
    last = len(text) + 1
    for start, end, new in sorted(spans, key=lambda each: each[:2], reverse=True):
        if not start <= end <= last or (start == last):
            raise IndexError(f"changes overlap: {spans}")
        text = text[:start] + new + text[end:]
        last = start
    return text


@dataclass(frozen=True, slots=True)
class TextFiles:
    """The other files of a workspace, without an index. The document that is asked about is not among them."""

    documents: Sequence[Document]

    def using(self, name: str, limit: int) -> Sequence[Document]:
        return [each for each in self.documents if any(ParsedText(each).words(name))][:limit]


@dataclass(slots=True)
class Session:
    """Plays edits, and asks for an offer as the server does when the user pauses. Its clock is its own."""

    texts: dict[str, str]
    path: str
    history: EditHistory
    newline: str = "\n"
    cursor: Cursor = field(default_factory=lambda: Cursor(0, 0))
    past: PastOffers = field(default_factory=PastOffers)
    offer: Offer | None = None
    undoable: list[tuple[str, str]] = field(default_factory=list)
    reports: tuple[Report, ...] = ()

    def document(self, path: str) -> Document:
        return Document(path, split_lines(self.texts[path]), language_of(path))

    def replace(self, path: str, start: int, end: int, new: str) -> None:
        """One change, as an editor sends it."""
        text = self.texts[path]
        lines = split_lines(text)
        self.history.foresee(path, lines, cursor(text, start), cursor(text, end), new)
        self.texts[path] = text[:start] + new + text[end:]
        self.path = path
        self.cursor = cursor(self.texts[path], start + len(new))

    def situation(self) -> Situation | None:
        """What the worker looks at; None without an example in the document."""
        document = self.document(self.path)
        hunks = [each for each in self.history.hunks() if each.is_example]
        own = [each for each in hunks if each.path == self.path and is_current(each, document)]
        if not own:
            return None
        return Situation(
            document,
            document_before(document, own[-1]),
            self.cursor,
            (*(each for each in hunks if each is not own[-1]), own[-1]),
            cache(ParsedText),
            TextFiles([self.document(path) for path in self.texts if path != self.path]),
            self.reports,
        )

    def find(self) -> Offer | None:
        """The offer after the last edits, as the worker finds it and as it is pushed."""
        situation = self.situation()
        if situation is None:
            return None
        if is_in_word(situation.document.lines, self.cursor):
            return None
        return choose(find_offers(situation, self.past), "balanced")


def is_current(hunk: EditHunk, document: Document) -> bool:
    """Whether a hunk is in a document as the history says."""
    return document.lines[hunk.line : hunk.line + len(hunk.new)] == hunk.new


class _Ticking:
    """A clock that a play moves on."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def play(scenario: Scenario) -> Session:
    """The session after all edits of a scenario, with its last offer."""
    clock = _Ticking()
    texts = {scenario.path: scenario.before, **scenario.files}
    texts = {path: text.replace("\n", scenario.newline) for path, text in texts.items()}
    session = Session(texts, scenario.path, EditHistory(clock), scenario.newline)
    last = len(scenario.edits) - 1
    for number, edit in enumerate(map(_with(scenario.newline), scenario.edits)):
        text = session.texts[edit.get("file", session.path)]
        if "refuse" in edit:
            session.past = session.past.reject(_shown(session, scenario))
        else:
            for path, start, end, new in _changes(session, scenario, edit):
                clock.now += KEY
                session.replace(path, start, end, new)
            if "undo" not in edit:
                session.undoable.append((session.path, text))
        if edit.get("pause", True):
            clock.now += PAUSE
            if number == last:
                session.reports = tuple(_reports(session, scenario))
            session.offer = session.find()
    return session


def _shown(session: Session, scenario: Scenario) -> Offer:
    if session.offer is None:
        raise NothingOfferedError(str(scenario))
    return session.offer


def _reports(session: Session, scenario: Scenario) -> Iterator[Report]:
    text = session.texts[session.path]
    for each in scenario.reports:
        start, end = span(text, each)
        yield Report(cursor(text, start), cursor(text, end), each["message"], each["source"])


def _changes(session: Session, scenario: Scenario, edit: Place) -> Iterator[tuple[str, int, int, str]]:
    """The changes that an editor sends for an edit: the text between two offsets of a file becomes another one."""
    path = edit.get("file", session.path)
    text = session.texts[path]
    if "take" in edit:
        change = _shown(session, scenario).changes[0]
        session.past = session.past.accept(_shown(session, scenario))
        session.history.expect_offer(change)
        text = session.texts[change.path]
        yield change.path, offset(text, change.start), offset(text, change.end), change.text
    elif "undo" in edit:
        for _ in range(edit["undo"]):
            path, old = session.undoable.pop()
            yield path, *least(session.texts[path], old)
    elif "every" in edit:
        at = len(text)
        while (at := text.rfind(edit["every"], 0, at)) >= 0:
            yield path, at, at + len(edit["every"]), edit["new"]
    elif "text" in edit:
        yield path, 0, len(text), edit["text"]
    else:
        start, end = span(text, edit)
        if edit.get("how") == "pasted":
            yield path, start, end, edit["new"]
        else:
            yield from ((path, *each) for each in _keys(text, start, end, edit["new"]))


def offset(text: str, at: Cursor) -> int:
    lines = split_lines(text)
    return sum(map(len, lines[: at.line])) + at.column


def least(old: str, new: str, *, words: bool = False) -> tuple[int, int, str]:
    """The least change that makes one text the other one; with `words`, no word is changed in a part."""
    most = min(len(old), len(new))
    first = next((at for at in range(most) if old[at] != new[at]), most)
    same = next((at for at in range(most - first) if old[-1 - at] != new[-1 - at]), most - first)
    if words:
        while first and _in_word(old[first - 1]) and (_is_cut(old, first) or _is_cut(new, first)):
            first -= 1
        while same and _in_word(old[-same]) and (_is_cut(old, -same) or _is_cut(new, -same)):
            same -= 1
    return first, len(old) - same, new[first : len(new) - same]


def _in_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def _is_cut(text: str, at: int) -> bool:
    """Whether a place is between two characters of a word."""
    at %= len(text) or 1
    return 0 < at < len(text) and _in_word(text[at - 1]) and _in_word(text[at])


def _keys(text: str, start: int, end: int, new: str) -> Iterator[tuple[int, int, str]]:
    """What is typed: the words that differ are selected, and written over key by key."""
    whole = text[:start] + new + text[end:]
    first, last, typed = least(text, whole, words=True)
    pieces = _pieces(typed) or [""]
    yield first, last, pieces[0]
    at = first + len(pieces[0])
    for piece in pieces[1:]:
        yield at, at, piece
        at += len(piece)


def _pieces(text: str) -> list[str]:
    """The characters of a text; a line end with the indentation after it, which the editor writes, is one."""
    return re.findall(r"\r\n[ \t]*|[\r\n][ \t]*|[^\r\n]", text)


def outcome(scenario: Scenario) -> str:
    """What comes of a scenario: `quiet` or `right`, or else what is wrong."""
    try:
        session = play(scenario)
    except NothingOfferedError:
        return "nothing to take or refuse"
    if session.offer is None:
        return "quiet" if scenario.quiet else _miss(scenario, session)
    fault = "shown" if scenario.quiet else _fault(scenario, session, session.offer)
    return f"{fault}: {' '.join(session.offer.pattern.split())}" if fault else "right"


def _miss(scenario: Scenario, session: Session) -> str:
    """Whether a right offer was found at all, where none is shown."""
    situation = session.situation()
    offers = find_offers(situation, session.past) if situation is not None else ()
    found = any(not _fault(scenario, session, each) for each in offers)
    return "found, not shown" if found else "missed"


def _fault(scenario: Scenario, session: Session, offer: Offer) -> str:
    """What is wrong with an offer, "" if it is right."""
    text = session.texts[offer.path]
    own = [each for each in scenario.shows if each.get("file", scenario.path) == offer.path]
    expected = [made(text, [each], scenario.newline) for each in own]
    if applied(text, offer.changes[:1]) not in expected:
        return "wrong"
    if scenario.kind not in (None, offer.kind):
        return "other kind"
    if scenario.all and applied(text, offer.changes) != made(text, own, scenario.newline):
        return "wrong chain"
    return ""
