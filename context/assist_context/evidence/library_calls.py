"""What code calls of installed libraries: the signature and the first sentence of each, as installed.

It reads the file that the code is in, and outlines that were made before. It knows no model.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from assist_context.documents import Document
from assist_context.evidence.call_graph import TargetLines
from assist_context.libraries.called_names import called_names
from assist_context.libraries.installed_libraries import InstalledLibraries
from assist_context.libraries.library_types import PlacedName
from assist_context.retrieval.corpus import Corpus
from assist_context.types.declarations import text_of
from assist_context.types.lookup import TypeLookup
from assist_context.types.object_types import ObjectType
from assist_context.types.readers import READERS
from assist_context.types.words import FAMILIES

MOST_CALLS = 12
MOST_CHARACTERS = 1_300  # about 400 tokens


@dataclass(frozen=True, slots=True)
class CalledFunction:
    """A function or class of a library, by the name that the code calls it by."""

    written: str
    head: str
    doc: str
    package: str
    version: str


def library_calls(
    corpus: Corpus, libraries: InstalledLibraries, document: Document, lines: TargetLines
) -> tuple[CalledFunction, ...]:
    """What some lines of a file call, each once, in their order."""
    if FAMILIES.get(document.language.name) not in READERS:
        return ()
    libraries.look_from(f"{corpus.root}/{lines.path}", corpus.root, document.language)
    lookup = TypeLookup(corpus, libraries)
    text = text_of(lines.path, replace(document, path=lines.path))
    if text.root is None:
        return ()
    lookup.texts.begin(text)
    found: dict[PlacedName, CalledFunction] = {}
    room = MOST_CHARACTERS
    for written, at in called_names(text.root, lines.first, lines.last):
        kinds = lookup.types_of(text, written, at)
        placed = _place(libraries, kinds)
        if placed is None or placed in found or not placed.name.head:
            continue
        called = CalledFunction(
            written, placed.name.head, placed.name.doc, placed.module.package, placed.module.version
        )
        room -= len(line_of(called)) + 1
        if room < 0 or len(found) >= MOST_CALLS:
            break
        found[placed] = called
    return tuple(found.values())


def line_of(called: CalledFunction) -> str:
    """A call on one line, for people and models.

    >>> line_of(CalledFunction("httpx.get", "def get(url: str) -> Response", "Sends a GET.", "httpx", "0.28"))
    'httpx.get: def get(url: str) -> Response  (httpx 0.28: Sends a GET.)'
    """
    doc = f": {called.doc}" if called.doc else ""
    return f"{called.written}: {called.head}  ({called.package} {called.version}{doc})"


def _place(libraries: InstalledLibraries, kinds: Sequence[ObjectType]) -> PlacedName | None:
    """What a callee is, if it is of a library."""
    if len(kinds) != 1 or kinds[0].kind != "outside class" or not kinds[0].name:
        return None
    return libraries.describe(kinds[0].path, kinds[0].name)
