"""The objects at a place by a workspace's texts and its installed packages: a `MemberOracle`."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from assist_context.code.trees.readable_text import ReadPlace
from assist_context.documents import Document, MemberAccess, WrittenCall
from assist_context.retrieval.corpus import Corpus
from assist_types.libraries.called_names import called_names
from assist_types.libraries.installed_libraries import InstalledLibraries
from assist_types.libraries.library_types import PlacedName
from assist_types.types.accesses import refuted_accesses
from assist_types.types.call_fit import misfits
from assist_types.types.declarations import TypedText, text_of
from assist_types.types.lookup import TypeLookup
from assist_types.types.object_types import ObjectType
from assist_types.types.readers import READERS
from assist_types.types.words import FAMILIES

MAX_CALLS = 12
MAX_CHARACTERS = 1_300  # about 400 tokens


@dataclass(frozen=True, slots=True)
class CalledFunction:
    """A function or class of a library, by the name that the code calls it by."""

    written: str
    head: str
    doc: str
    package: str
    version: str


class WorkspaceMembers:
    """The types in one workspace folder. Owns what was read of it. One thread.

    What is installed counts as its files see it; without `libraries`, only the folder's own texts do.
    """

    def __init__(self, corpus: Corpus, libraries: InstalledLibraries | None = None) -> None:
        self._root = corpus.root
        self._libraries = libraries
        self._lookup = TypeLookup(corpus, libraries)
        self._place: ReadPlace | None = None
        self._text: TypedText | None = None

    def members(self, place: ReadPlace, receiver: str) -> frozenset[str]:
        """The members that an expression is known to have."""
        text = self._begin_at(place)
        return self._lookup.members(self._lookup.types_of(text, receiver, place.at)).names

    def refuted_accesses(
        self, place: ReadPlace, accesses: Collection[MemberAccess]
    ) -> frozenset[MemberAccess]:
        """The accesses to members that the type of their receiver certainly does not have."""
        return refuted_accesses(self._lookup, self._begin_at(place), place.at, accesses)

    def misfits(self, place: ReadPlace, calls: Collection[WrittenCall]) -> frozenset[WrittenCall]:
        """The calls that fit none of the signatures of what they call."""
        return misfits(self._lookup, self._begin_at(place), place.at, calls)

    def library_calls(self, document: Document, first: int, last: int) -> tuple[str, ...]:
        """List the calls of libraries in some lines of a file, each once, in their order."""
        if self._libraries is None or FAMILIES.get(document.language.name) not in READERS:
            return ()
        text = text_of(document.path, document)
        if text.root is None:
            return ()
        self._begin(text)
        found: dict[PlacedName, str] = {}
        room = MAX_CHARACTERS
        for written, at in called_names(text.root, first, last):
            placed = self._place_of(self._libraries, self._lookup.types_of(text, written, at))
            if placed is None or placed in found or not placed.name.head:
                continue
            called = CalledFunction(
                written, placed.name.head, placed.name.doc, placed.module.package, placed.module.version
            )
            line = line_of(called)
            room -= len(line) + 1
            if room < 0 or len(found) >= MAX_CALLS:
                break
            found[placed] = line
        return tuple(found.values())

    @staticmethod
    def _place_of(libraries: InstalledLibraries, kinds: Sequence[ObjectType]) -> PlacedName | None:
        """Return the place of a callee, if it is of a library."""
        if len(kinds) != 1 or kinds[0].kind != "outside class" or not kinds[0].name:
            return None
        return libraries.describe(kinds[0].path, kinds[0].name)

    def _begin_at(self, place: ReadPlace) -> TypedText:
        """The text of a place, from which all is looked up until the next one."""
        text = self._text
        if text is None or text.parsed is not place.parsed:
            text = TypedText(place.parsed.document.path, place.parsed)
        if self._place is not place:
            self._begin(text)
            self._place = place
        return text

    def _begin(self, text: TypedText) -> None:
        if self._libraries is not None:
            path = f"{self._root}/{text.path}"
            self._libraries.look_from(path, self._root, text.parsed.document.language)
        self._lookup.texts.begin(text)
        self._text = text
        self._place = None


def line_of(called: CalledFunction) -> str:
    """A call on one line, for people and models.

    >>> line_of(CalledFunction("httpx.get", "def get(url: str) -> Response", "Sends a GET.", "httpx", "0.28"))
    'httpx.get: def get(url: str) -> Response  (httpx 0.28: Sends a GET.)'
    """
    doc = f": {called.doc}" if called.doc else ""
    return f"{called.written}: {called.head}  ({called.package} {called.version}{doc})"
