"""Where help may come from: one function a signal, each giving candidates, the best first.

Weights and limits are those of the ranking in `retrieval`; `windows` is one more. No text is read here.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from assist_context.index.reader import IndexedDefinition
from assist_context.index.terms import terms
from assist_context.relations.counterparts import siblings
from assist_context.retrieval.candidates import Candidate, of_definition, skeleton
from assist_context.retrieval.corpus import Corpus
from assist_context.retrieval.cursor_query import CursorQuery, UsedName
from assist_context.syntax.imports import Import

MOST = 16  # candidates of one signal
HERE = 2.0  # times the worth of any other definition, for the name that ends at the cursor
MEANINGS = 4  # of one name, where nothing says which is meant
COMMON = 12  # definitions of a name in a folder; a name that has more says nothing
HOPS = 2  # from a package's own file to where it takes a name from
LINES = 30  # of a chunk that the search found
SLIGHT = frozenset({"field", "variable", "constant", "property", "key"})  # of any file, by their name alone


def definitions(
    corpus: Corpus, spot: CursorQuery, imports: Sequence[Import], others: Sequence[Corpus] = ()
) -> Iterator[Candidate]:
    """What the names near the cursor mean: by the imports, else by their few definitions anywhere.

    A name that the folder does not define is looked for in the `others`.
    """
    taken: set[tuple[str, int]] = set()
    sources = _sources(corpus, spot, imports)
    for name in spot.names:
        for found in _meanings(corpus, spot, name, sources):
            key = found.path, found.start_line
            if key in taken or (found.path == spot.path and spot.first <= found.start_line <= spot.last):
                continue
            taken.add(key)
            each = of_definition(corpus, found, "definition")
            yield replace(each, worth=HERE) if name is spot.names[0] else each
        elsewhere = others and name.text not in sources and not corpus.definitions(name.text, 1)
        for other in others if elsewhere else ():
            for found in (other.few_definitions(name.text, COMMON) or ())[:1]:
                yield of_definition(other, found, "definition")


def _sources(corpus: Corpus, spot: CursorQuery, imports: Sequence[Import]) -> Mapping[str, tuple[str, ...]]:
    """The files that each name of the document comes from; modules are under their own last name."""
    found: dict[str, tuple[str, ...]] = {}
    for each in imports:
        files = corpus.resolved(spot.path, spot.language.name, each)
        if not files:
            continue
        for name in each.names or (each.module.replace("/", ".").rpartition(".")[2],):
            found[name] = (*found.get(name, ()), *files)
    return found


def _meanings(
    corpus: Corpus, spot: CursorQuery, name: UsedName, sources: Mapping[str, tuple[str, ...]]
) -> list[IndexedDefinition]:
    """The definitions that a name may mean, the likeliest first, few."""
    wanted = spot.aliases.get(name.text, name.text)
    for key in filter(None, (name.owner, name.text)):
        if files := sources.get(spot.aliases.get(key, key)):
            found = _in_files(corpus, spot, wanted, files, HOPS)
            if found or not name.owner:
                return found[:MEANINGS]
    if wanted in sources or (len(name.text) < 3 and not name.owner):
        return []
    everywhere: Sequence[IndexedDefinition] = corpus.few_definitions(name.text, COMMON) or ()
    everywhere = [each for each in everywhere if each.kind not in SLIGHT]
    if name.owner in {"", "self", "this", "cls", "super"}:
        everywhere = _same_kind(everywhere, name)
    return sorted(everywhere, key=lambda each: _distance(spot.path, each.path))[:MEANINGS]


def _in_files(
    corpus: Corpus, spot: CursorQuery, name: str, files: Sequence[str], hops: int
) -> list[IndexedDefinition]:
    """A name's definitions in some files, or in those that these take it from."""
    for path in files:
        if outline := corpus.outline(path, name):
            return sorted(outline, key=lambda each: each.parent != "")
    if hops:
        for path in files:
            for each in corpus.imports(path):
                if name in each.names or "*" in each.names:
                    further = corpus.resolved(path, spot.language.name, each)
                    if further and (found := _in_files(corpus, spot, name, further, hops - 1)):
                        return found
    return []


def _same_kind(found: Sequence[IndexedDefinition], name: UsedName) -> tuple[IndexedDefinition, ...]:
    """A bare name is no member; one behind `self.` is."""
    member = bool(name.owner)
    return tuple(each for each in found if bool(each.parent) == member) or tuple(found)


def _distance(one: str, other: str) -> int:
    """How many folders are between two files."""
    a, b = one.split("/")[:-1], other.split("/")[:-1]
    same = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    return len(a) + len(b) - 2 * same


def imported(corpus: Corpus, spot: CursorQuery, imports: Sequence[Import]) -> Iterator[Candidate]:
    """The heads of the files that the document imports."""
    for each in imports:
        for path in corpus.resolved(spot.path, spot.language.name, each)[:2]:
            if path != spot.path and (found := skeleton(corpus, path, "import")):
                yield found


def searched(corpus: Corpus, spot: CursorQuery) -> tuple[Candidate, ...]:
    """The chunks of the folder that share the rarest words of the lines above the cursor."""
    words = [term for name in spot.searched for term in terms(name)]
    return tuple(
        Candidate(
            each.path, ((each.start_line, min(each.end_line, each.start_line + LINES - 1)),), "search", corpus
        )
        for each in corpus.search(words, MOST, without=spot.path)
    )


def related(corpus: Corpus, spot: CursorQuery) -> Iterator[Candidate]:
    """The heads of the file's test or implementation, and of files that change with it."""
    together = [path for path, _ in corpus.reader.together(spot.path)[:4]]
    for path in dict.fromkeys((*siblings(corpus.files(), spot.path)[:4], *together)):
        if found := skeleton(corpus, path, "related"):
            yield found
