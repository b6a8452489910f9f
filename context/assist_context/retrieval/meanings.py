"""Meanings of the names near a cursor: their definitions as candidates, the nearest names first.

How many of them fit belongs to `retriever`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from assist_context.code.imports import Import
from assist_context.index.reader import IndexedDefinition
from assist_context.retrieval.candidates import Candidate, definition_candidate
from assist_context.retrieval.corpus import Corpus
from assist_context.retrieval.cursor_query import CursorQuery, UsedName

HERE = 2.0  # the definition of the name at the cursor is worth so many times another one
MEANINGS = 4  # of one name, if nothing tells which one is meant
COMMON = 12  # definitions of a name in a folder; a name with more is too common to help
HOPS = 2  # imports to follow, from a package's own file to the file that defines a name
SLIGHT = frozenset({"field", "variable", "constant", "property", "key"})  # not looked up in unrelated files


def definitions(
    corpus: Corpus, query: CursorQuery, imports: Sequence[Import], others: Sequence[Corpus] = ()
) -> Iterator[Candidate]:
    """Yield what the names near the cursor mean: through the imports, or else their few definitions anywhere.

    A name that the folder does not define is looked up in the `others`.
    """
    sites: set[tuple[str, int]] = set()
    sources = _sources(corpus, query, imports)
    for name in query.names:
        for definition in _meanings(corpus, query, name, sources):
            key = definition.path, definition.start_line
            if key in sites or (
                definition.path == query.path and query.first <= definition.start_line <= query.last
            ):
                continue
            sites.add(key)
            each = definition_candidate(corpus, definition, "definition")
            yield replace(each, worth=HERE) if name is query.names[0] else each
        elsewhere = others and name.text not in sources and not corpus.definitions(name.text, 1)
        for other in others if elsewhere else ():
            for definition in (other.few_definitions(name.text, COMMON) or ())[:1]:
                yield definition_candidate(other, definition, "definition")


def _sources(corpus: Corpus, query: CursorQuery, imports: Sequence[Import]) -> Mapping[str, tuple[str, ...]]:
    """The files that each name of the document comes from; a module is listed under its own last name."""
    files_of: dict[str, tuple[str, ...]] = {}
    for import_ in imports:
        files = corpus.resolve(query.path, query.language.name, import_)
        if not files:
            continue
        for name in import_.names or (import_.module.replace("/", ".").rpartition(".")[2],):
            files_of[name] = (*files_of.get(name, ()), *files)
    return files_of


def _meanings(
    corpus: Corpus, query: CursorQuery, name: UsedName, sources: Mapping[str, tuple[str, ...]]
) -> list[IndexedDefinition]:
    """The few definitions that a name may mean, the likeliest first."""
    own_name = query.aliases.get(name.text, name.text)
    for key in filter(None, (name.owner, name.text)):
        if files := sources.get(query.aliases.get(key, key)):
            meanings = _filter_files(corpus, query, own_name, files, HOPS)
            if meanings or not name.owner:
                return meanings[:MEANINGS]
    if own_name in sources or (len(name.text) < 3 and not name.owner):
        return []
    everywhere: Sequence[IndexedDefinition] = corpus.few_definitions(name.text, COMMON) or ()
    everywhere = [definition for definition in everywhere if definition.kind not in SLIGHT]
    if name.owner in {"", "self", "this", "cls", "super"}:
        everywhere = _same_kind(everywhere, name)
    return sorted(everywhere, key=lambda each: _distance(query.path, each.path))[:MEANINGS]


def _filter_files(
    corpus: Corpus, query: CursorQuery, name: str, files: Sequence[str], hops: int
) -> list[IndexedDefinition]:
    """A name's definitions in some files, or in the files that these import it from."""
    for path in files:
        if outline := corpus.outline(path, name):
            return sorted(outline, key=lambda each: each.parent != "")
    if hops:
        for path in files:
            for import_ in corpus.imports(path):
                if name in import_.names or "*" in import_.names:
                    further = corpus.resolve(path, query.language.name, import_)
                    if further and (sites := _filter_files(corpus, query, name, further, hops - 1)):
                        return sites
    return []


def _same_kind(candidates: Sequence[IndexedDefinition], name: UsedName) -> tuple[IndexedDefinition, ...]:
    """Prefers top-level definitions for a bare name, and members for a name after `self.`."""
    member = bool(name.owner)
    return tuple(candidate for candidate in candidates if bool(candidate.parent) == member) or tuple(
        candidates
    )


def _distance(one: str, other: str) -> int:
    """Return how many folders are between two files."""
    a, b = one.split("/")[:-1], other.split("/")[:-1]
    same = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    return len(a) + len(b) - 2 * same
