"""The lines that use a definition, anywhere in the folder: in its own file, and where imports lead to it.

A use is `sure` where an import or its own scope leads to the definition; else only the name says so.
This module reads the index and open documents through a corpus.
"""

import re
import time
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import PurePath

from assist_context.code.definitions import FUNCTIONS
from assist_context.code.names.occurrences import NameReader, Occurrence
from assist_context.code.trees.parsed_text import ParsedText
from assist_context.documents import Document
from assist_context.evidence.call_graph import PLACES, enclosing, uses
from assist_context.evidence.import_paths import ImportWays
from assist_context.evidence.mentions import implementations
from assist_context.index.reader import IndexedDefinition, ReferenceSite
from assist_context.index.terms import terms
from assist_context.languages import BY_NAME, language_of
from assist_context.next_edit.renames.other_texts import OtherText, are_related
from assist_context.retrieval.candidates import LONGEST_LINE
from assist_context.retrieval.corpus import Corpus
from assist_context.retrieval.meanings import COMMON

MAX_USES = 15  # callers and tests that are listed; the others are counted
SECONDS = 0.25  # of processor time in which names of other files are resolved; then imports alone tell
MAX_NAMESAKES = 4  # definitions of a name; with more, a line with the name alone says too little to be listed
MAX_HOLDERS = 200  # files with the words of a name that is no reference in the index
USUAL = frozenset(
    tomllib.loads((files(__package__) / "usual_members.toml").read_text(encoding="utf-8"))["names"].split()
)
_IMPORTS = re.compile(r"import_(?:from_)?statement|use_declaration|export_clause|package_clause")
_OWN_PATHS = frozenset({"self", "super", "crate"})
_OWN_WORLDS = frozenset({"python", "javascript", "go", "rust"})
OWN_OBJECTS = frozenset({"self", "cls", "this", "super", "Self"})


@dataclass(frozen=True, slots=True)
class CodeUse:
    """A line that uses a definition. `inside` is the qualified name of what is around it, "" for nothing."""

    path: str
    line: int
    inside: str
    sure: bool


def sure_uses(corpus: Corpus, at: IndexedDefinition, own: NameReader | None) -> list[CodeUse]:
    """The uses that certainly mean a definition of a text; `own` reads that text."""
    return [use for use in find_uses(corpus, at, own)[0] if use.sure]


def imported_uses(ways: ImportWays, at: IndexedDefinition) -> set[str]:
    """The files that use a definition by what they import; faster than `sure_uses`, which reads them.

    `ways` lead to its file. Definitions of one file share them: 40 in 10,000 files then take 1 s, not 5.
    """
    sites = _sites_by_path(at, ways)
    return {use.path for path in sites for use in _named_uses(at, ways, path, sites[path]) if use.sure}


def find_uses(corpus: Corpus, at: IndexedDefinition, own: NameReader | None) -> tuple[list[CodeUse], int]:
    """The uses of a definition, sure ones first, and how many lines may mean another of the same name."""
    uses = every_use(corpus, at, own)
    places = {(site.path, site.parent) for site in implementations(corpus.definitions(at.name))}
    usual = bool(at.parent) and at.name in USUAL
    is_listed = not usual and ((len(places) <= MAX_NAMESAKES and len(uses) <= MAX_USES) or len(places) <= 1)
    visible_uses = [use for use in uses if use.sure or is_listed]
    common = usual or corpus.few_definitions(at.name, COMMON) is None
    others = _other_lines(corpus, at, visible_uses) if common or len(visible_uses) < len(uses) else 0
    return sorted(visible_uses, key=lambda use: not use.sure), others


def _other_lines(corpus: Corpus, at: IndexedDefinition, visible_uses: Sequence[CodeUse]) -> int:
    """Return how many lines outside of a definition have its name, and are not shown: of the first 2,000."""
    sites = corpus.references(at.name, PLACES)
    lines = {(site.path, site.line) for site in sites if not _are_apart(at.path, site.path)}
    own = {(at.path, line) for line in range(at.start_line, at.end_line + 1)}
    return len(lines - own - {(use.path, use.line) for use in visible_uses})


def _are_apart(one: str, other: str) -> bool:
    """Return whether two files are of languages that do not call each other by name."""
    names = [language_of(path).name for path in (one, other)]
    families = {BY_NAME[name].like or name for name in names if name in BY_NAME}
    return len(families) == 2 and families <= _OWN_WORLDS


def made_by(corpus: Corpus, at: IndexedDefinition, own: NameReader | None) -> list[CodeUse]:
    """The lines that make an object of the class whose constructor this is: they call it."""
    name = at.parent.rpartition(".")[2]
    around = [site for site in corpus.outline(at.path, name) if site.qualified == at.parent]
    uses = sure_uses(corpus, around[0], own) if around else []
    call = re.compile(rf"\b{re.escape(name)}\s*(?:<[^>\n]*>)?\(")
    lines = {use: corpus.lines(use.path)[use.line - 1 : use.line] for use in uses}
    return [use for use in uses if any(map(call.search, lines[use]))]


def every_use(corpus: Corpus, at: IndexedDefinition, own: NameReader | None) -> list[CodeUse]:
    """The lines that use a definition, or may, each once.

    In its own file, which `own` reads, and in files that the index names, names are resolved by the scopes of
    the language, for `SECONDS`. Where that finds nothing, an import of the file or of a package around it
    makes a use sure.
    """
    defining = _defining(own, at) if own is not None else None
    uses: dict[tuple[str, int], CodeUse] = {}
    if own is not None and defining is not None:
        uses |= _uses_in_own(corpus, own, at, defining)
    exact = bool(uses)
    until = time.thread_time() + SECONDS
    ways = ImportWays(corpus, at.path)
    sites = _sites_by_path(at, ways)
    for path in dict.fromkeys((*sites, *_holding(at, ways))):
        if (path == at.path and exact) or _are_apart(at.path, path):
            continue
        if path != at.path and own is not None and defining is not None and time.thread_time() < until:
            uses |= _uses_in_other(ways, path, own.parsed.document, (at, defining))
        for use in _named_uses(at, ways, path, sites.get(path, ())):
            uses.setdefault((path, use.line), use)
    return list(uses.values())


def _holding(at: IndexedDefinition, ways: ImportWays) -> Iterator[str]:
    """Files with the words of a name: uncalled names that are not types are not references in the index."""
    for path in sorted(ways.corpus.holders(terms(at.name), MAX_HOLDERS)):
        if path != at.path and ways.is_imported(path):
            yield path


def _sites_by_path(at: IndexedDefinition, ways: ImportWays) -> dict[str, list[ReferenceSite]]:
    sites: dict[str, list[ReferenceSite]] = {}
    for site in uses(ways.corpus, at, ways):
        sites.setdefault(site.path, []).append(site)
    return sites


def _named_uses(
    at: IndexedDefinition, ways: ImportWays, path: str, sites: Sequence[ReferenceSite]
) -> Iterator[CodeUse]:
    """The uses in a file that the index knows by their name, but those that mean another one there."""
    if not sites:
        return
    naming = _naming(at, ways, path)
    others = _other_owners(ways.corpus, at)
    family = at.parent.rpartition(".")[2]
    has_other = not family or any(site.kind not in FUNCTIONS for site in ways.corpus.definitions(family))
    for site in sites:
        owner = owner_in_line(ways.corpus.lines(path), site.line, at.name)
        if family and owner == family and path != at.path and ways.corpus.outline(path, family):
            continue  # a class of its own
        if owner in others or (at.kind == "field" and _has_path(ways.corpus.lines(path), site.line, at.name)):
            continue
        if owner or at.parent or not naming.elsewhere:
            # The `Q` of `impl Get for Q` is any type, and what a function defines is no member of `this`.
            sure = has_other and _is_sure(at, site, owner, naming)
            yield CodeUse(path, site.line, site.inside, sure)


def _other_owners(corpus: Corpus, at: IndexedDefinition) -> frozenset[str]:
    """Other classes that define a member of this name: after one of these, the name means that one."""
    if not at.parent:
        return frozenset()
    owners = {site.parent.rpartition(".")[2] for site in corpus.definitions(at.name, PLACES) if site.parent}
    return frozenset(owners - {at.parent.rpartition(".")[2], at.parent})


def _defining(reader: NameReader, at: IndexedDefinition) -> Occurrence | None:
    """The name of a definition in its own text."""
    head = range(at.start_line - 1, at.start_line + at.head_lines - 1)
    places = (place for place in reader.occurrences(at.name) if place.defines and place.start.line in head)
    return next((place for place in places if place.binding is not None), None)


def _uses_in_own(
    corpus: Corpus, reader: NameReader, at: IndexedDefinition, defining: Occurrence
) -> dict[tuple[str, int], CodeUse]:
    """The uses in the definition's own file, but in itself."""
    inside = range(at.start_line, at.end_line + 1)
    places = [place for place in reader.occurrences(at.name) if place.binding == defining.binding]
    outside = [place for place in places if place.start.line + 1 not in inside]
    return _as_uses(corpus, at, reader.parsed, outside)


def _uses_in_other(
    ways: ImportWays, path: str, origin: Document, naming: tuple[IndexedDefinition, Occurrence]
) -> dict[tuple[str, int], CodeUse]:
    """The uses in another file, which imports that of a definition or a package that passes it on."""
    at, defining = naming
    corpus = ways.corpus
    document = Document(path, tuple(corpus.lines(path)), language_of(path))
    if at.name not in document.text or defining.binding is None or not are_related(origin, document):
        return {}
    if not at.parent and corpus.outline(path, at.name, ""):
        return {}  # it has another one of this name
    reader = NameReader(ParsedText(document))
    top = (at.parent or at.name).partition(".")[0]
    places = [
        place
        for way in (at.path, *ways.packages(path, top))
        for place in OtherText(reader, replace(origin, path=way)).places(at.name, defining.binding)
    ]
    return _as_uses(corpus, at, reader.parsed, places)


def _as_uses(
    corpus: Corpus, at: IndexedDefinition, text: ParsedText, places: Sequence[Occurrence]
) -> dict[tuple[str, int], CodeUse]:
    """Places but those that define or import a name, each with the definition around it.

    To set a field is to use it, but in Rust, where a field is only set where it is, and a method may have its
    name. Of a method that another class has in its own way, only its own class surely means this one.
    """
    document = text.document
    path = document.path
    rust = document.language.name == "rust" and bool(at.parent)
    places_used = [
        place
        for place in places
        if (not place.defines or (place.member and at.kind not in FUNCTIONS and not rust))
        and not _is_imported(text, place)
        and not (rust and place.member and _is_called(document, place) != (at.kind in FUNCTIONS))
        and not _is_private(document, place, at.name)
        and not (document.language.name == "rust" and _is_of_another(document, place, at))
    ]
    outline = corpus.outline(path) if places_used else ()
    others = {site.start_line for site in outline if site.name == at.name and site.parent != at.parent}
    overridden = bool(at.parent) and at.kind in FUNCTIONS
    overridden = overridden and any(place.defines and place.start.line + 1 in others for place in places)
    by_line = {}
    for place in places_used:
        line = place.start.line + 1
        around = enclosing(outline, line)
        inside = around.qualified if around else ""
        own = path == at.path and inside.startswith(f"{at.parent}.")
        by_line[path, line] = CodeUse(path, line, inside, place.sure and (own or not overridden))
    return by_line


def _is_of_another(document: Document, place: Occurrence, at: IndexedDefinition) -> bool:
    """Say if a path before a name of the file's own top leads elsewhere, as in the `u8::pow` of a macro."""
    before = re.search(r"(\w+)\s*::\s*$", document.lines[place.start.line][: place.start.column])
    if before is None or at.parent or document.path != at.path:
        return False
    return before[1] not in {*_OWN_PATHS, *PurePath(at.path).with_suffix("").parts}


def _is_private(document: Document, place: Occurrence, name: str) -> bool:
    """Return whether a place is the private `#name` of JavaScript, which is another member than `name`."""
    line = document.lines[place.start.line]
    return not name.startswith("#") and line[: place.start.column].endswith("#")


def _is_imported(text: ParsedText, place: Occurrence) -> bool:
    """Return whether a place is a name in an import, or in a list of what is exported."""
    node = text.node(text.byte(place.start), text.byte(place.end))
    for _ in range(8):  # lists of imports are not nested deeper
        if node is None:
            return False
        if _IMPORTS.fullmatch(node.type):
            return True
        if node.type == "identifier" and node.parent is not None and node.parent.type == "export_statement":
            return True  # `export default name`
        node = node.parent
    return False


def _is_called(document: Document, place: Occurrence) -> bool:
    """Return whether arguments follow a name, or its own path is before it."""
    line = document.lines[place.end.line]
    return line[place.end.column :].startswith(("(", "::<")) or line[: place.start.column].endswith("::")


@dataclass(frozen=True, slots=True)
class ImportedNaming:
    """The ways to name a definition of another file: by its bare name, or as a member of `owners`.

    `elsewhere`: the bare name is another one's there.
    """

    bare: bool
    owners: frozenset[str]
    elsewhere: bool = False


def _naming(at: IndexedDefinition, ways: ImportWays, path: str) -> ImportedNaming:
    """Return how a file's imports lead to a definition, or to the class that it is a part of."""
    name = (at.parent or at.name).partition(".")[0]
    bare = path == at.path or (language_of(path).name == "go" and ways.is_imported(path))
    owners = set[str]()
    has_own = path != at.path and bool(ways.corpus.outline(path, name, ""))
    elsewhere = has_own
    for import_, leads in ways.imports(path, name):
        if not leads:
            elsewhere = elsewhere or at.name in import_.names
            continue
        bare = bare or name in import_.names or "*" in import_.names
        modules = {word for word in import_.names if not ways.corpus.outline(at.path, word, "")}
        owners |= {*modules, re.split(r"[./:\\]+", import_.module)[-1]} - {"*"}
    bare = bare and not has_own
    return ImportedNaming(bare, frozenset(owners), elsewhere and not bare)


def _is_sure(at: IndexedDefinition, site: ReferenceSite, owner: str, naming: ImportedNaming) -> bool:
    """Return whether a site certainly means the definition."""
    if at.parent:
        within = site.path == at.path and f"{site.inside}.".startswith(f"{at.parent}.")
        family = at.parent.rpartition(".")[2]
        return (owner in OWN_OBJECTS and within) or (owner == family and (naming.bare or bool(naming.owners)))
    return owner in naming.owners if owner else naming.bare


def _has_path(lines: Sequence[str], line: int, name: str) -> bool:
    """Say if a line has a name after `::`, as Rust names functions and constants of a type, but no field."""
    return line <= len(lines) and re.search(rf"::\s*{re.escape(name)}\b", lines[line - 1]) is not None


def owner_in_line(lines: Sequence[str], line: int, name: str) -> str:
    """The word before the dot of a name in a line, "" for none, "?" without a word, or in a long line."""
    text = lines[line - 1] if line <= len(lines) else ""
    if len(text) > LONGEST_LINE:
        return "?"
    match = re.search(rf"(\w*)\)?\s*(?:\.|::|\?\.|->)\s*{re.escape(name)}\b", text)
    return match[1] or "?" if match else ""
