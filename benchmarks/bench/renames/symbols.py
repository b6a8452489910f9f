"""Draws symbols of real files, of all kinds alike, and says what our own rename of each would change.

Our rename is that of the editor's session: the definition's hunk is made, and the whole chain counts.
"""

import random
import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from assist_context.documents import Cursor, Document, split_lines
from assist_context.languages import language_of
from assist_context.next_edit.kinds.renaming import find_renames
from assist_context.next_edit.offer import Change, EditHunk, Offer, Situation
from assist_context.syntax.scopes.occurrences import NameReader, Occurrence
from assist_context.syntax.scopes.parsed_text import ParsedText

LANGUAGES = {"python": "python", "typescript": "typescript", "tsx": "typescript", "javascript": "typescript"}
LANGUAGES |= {"go": "go", "rust": "rust"}
MOST_LINES = 4_000
WORDS = 60  # of a file that are asked for what they are
_WORD = re.compile(r"[^\W\d]\w*")
# The last letter of a new name: of the same length, so that all positions stay, and in no other name.
LAST_LETTERS = "ǿǣŵŷžǧǫ"


@dataclass(frozen=True, slots=True)
class Symbol:
    """A definition in a file."""

    path: Path
    document: Document
    place: Occurrence
    name: str
    kind: str

    @property
    def new_name(self) -> str:
        """A name of the same length that is not in the file."""
        names = (self.name[:-1] + letter for letter in LAST_LETTERS)
        return next(name for name in names if name not in self.document.text)


class NoFiles:
    """No other file."""

    def using(self, name: str, limit: int) -> Sequence[Document]:
        return []


def source_files(root: Path, server: str) -> list[Path]:
    """The files of a repository that a server's language has."""
    command = ["git", "ls-files", "-z"]
    names = subprocess.run(command, cwd=root, capture_output=True, check=True).stdout.decode().split("\0")
    return [
        root / name
        for name in names
        if LANGUAGES.get(language_of(name).name) == server and (root / name).is_file()
    ]


def draw(paths: Sequence[Path], count: int, seed: int, kinds: Sequence[str] = ()) -> Iterator[Symbol]:
    """Symbols of random files; in each file a random kind, or one of `kinds`, and then one of that kind."""
    rng = random.Random(seed)
    drawn: set[tuple[Path, Cursor]] = set()
    attempts = 0
    while len(drawn) < count and attempts < 20 * count:
        attempts += 1
        path = rng.choice(paths)
        document = Document(
            str(path), split_lines(path.read_bytes().decode("utf-8", "replace")), language_of(path.name)
        )
        if len(document.lines) > MOST_LINES:
            continue
        by_kind = _definitions(document, rng)
        if kinds:
            by_kind = {kind: found for kind, found in by_kind.items() if kind in kinds}
        if not by_kind:
            continue
        kind = rng.choice(sorted(by_kind))
        name, place = rng.choice(by_kind[kind])
        if (path, place.start) not in drawn:
            drawn.add((path, place.start))
            yield Symbol(path, document, place, name, kind)


def _definitions(document: Document, rng: random.Random) -> dict[str, list[tuple[str, Occurrence]]]:
    reader = NameReader(ParsedText(document))
    words = sorted(set(_WORD.findall(document.text)))
    found: dict[str, list[tuple[str, Occurrence]]] = {}
    for name in rng.sample(words, min(WORDS, len(words))):
        for place in reader.occurrences(name):
            if place.defines and place.binding is not None and not place.shorthand:
                found.setdefault(_kind(place), []).append((name, place))
    return found


def _kind(place: Occurrence) -> str:
    if place.binding is not None and place.what == "variable":
        return {"local": "local", "module": "global", "member": "field"}[place.binding.level]
    if place.what == "function" and place.member:
        return "method"
    return place.what


def our_changes(symbol: Symbol) -> list[Change]:
    """The definition's change and the chain after it; no more than the first without a chain."""
    document = symbol.document
    place = symbol.place
    line = document.lines[place.start.line]
    edited = line[: place.start.column] + symbol.new_name + line[place.end.column :]
    hunk = EditHunk(document.path, place.start.line, (line,), (edited,))
    lines = (*document.lines[: hunk.line], edited, *document.lines[hunk.line + 1 :])
    now = replace(document, lines=lines)
    parsed: dict[int, ParsedText] = {}

    def parse(each: Document) -> ParsedText:
        return parsed.setdefault(id(each), ParsedText(each))

    cursor = Cursor(place.start.line, place.start.column)
    offers: list[Offer] = list(find_renames(Situation(now, document, cursor, (hunk,), parse, NoFiles())))
    own = Change(document.path, place.start, place.end, symbol.new_name)
    return [own, *(change for offer in offers for change in offer.changes)]


def unsure_places(symbol: Symbol) -> list[Occurrence]:
    """The places of the symbol whose object could also be another one."""
    places = NameReader(ParsedText(symbol.document)).occurrences(symbol.name)
    return [place for place in places if place.binding == symbol.place.binding and not place.sure]
