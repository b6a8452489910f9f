"""Callees, callers and tests of a piece of code, found by names, references and imports.

This module reads the index and open documents through a corpus, and does not decide what is shown.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Protocol, TypeVar

from assist_context.documents import Cursor, Document
from assist_context.evidence.import_paths import ImportWays
from assist_context.index.reader import IndexedDefinition, ReferenceSite
from assist_context.languages import language_of
from assist_context.relations.counterparts import is_module_of_tests, is_test, is_test_place, siblings
from assist_context.retrieval import meanings
from assist_context.retrieval.candidates import LONGEST_LINE, Candidate, head_span, skeleton
from assist_context.retrieval.corpus import Corpus
from assist_context.retrieval.cursor_query import UsedName, identifiers, make_query

USES = 15  # calls of a subject that are shown by their lines
AROUND = 2  # lines above and below a call
PLACES = 2_000  # references of a name that are examined
# Names in the target whose definitions are looked up: at most 24 are shown. In a target of 20,000 functions
# that call each other, looking up every name took 28 s.
NAMES = 200
SUBJECTS = 8  # definitions whose callers and tests are searched


@dataclass(frozen=True, slots=True)
class TargetLines:
    """The lines of a file that a question is about, from 1, both ends included; the path is the corpus's."""

    path: str
    first: int
    last: int


class FileLine(Protocol):
    """A line of a file, from 1."""

    @property
    def path(self) -> str: ...
    @property
    def line(self) -> int: ...


AnyLine = TypeVar("AnyLine", bound=FileLine)


def apart(corpus: Corpus, places: Iterable[AnyLine]) -> tuple[list[AnyLine], list[AnyLine]]:
    """Places that are in no test, and those that are: by their files' names, and by what is around them."""
    code: list[AnyLine] = []
    tests: list[AnyLine] = []
    outlines: dict[str, Sequence[IndexedDefinition] | None] = {}  # None for a file that is all tests
    for place in places:
        path = place.path
        if path not in outlines:
            outlines[path] = None if is_test_file(corpus, path) else corpus.outline(path)
        outline = outlines[path]
        inside = outline is None or _is_inside_test(corpus, path, place.line, outline)
        (tests if inside else code).append(place)
    return code, tests


def is_in_test(corpus: Corpus, path: str, line: int) -> bool:
    """Return whether a line of a file is in a test."""
    return is_test_file(corpus, path) or _is_inside_test(corpus, path, line, corpus.outline(path))


def _is_inside_test(corpus: Corpus, path: str, line: int, outline: Sequence[IndexedDefinition]) -> bool:
    heads = [site.start_line for site in outline if site.start_line <= line <= site.end_line]
    return is_test_place(path, corpus.lines(path), line, heads)


def is_test_file(corpus: Corpus, path: str) -> bool:
    """Return whether a file is a test by its name, or in Rust by the file that declares it as a module."""
    if is_test(path) or not path.endswith(".rs"):
        return is_test(path)
    file = PurePosixPath(path)
    inner = file.parent if file.stem == "mod" else file
    around = inner.parent
    above = [around / "mod.rs", around / "lib.rs", around / "main.rs", f"{around}.rs"]
    return any(is_module_of_tests(inner.stem, corpus.lines(str(parent))) for parent in above)


def subjects(corpus: Corpus, target: TargetLines) -> tuple[IndexedDefinition, ...]:
    """The definitions that the target is about: the outermost that begin in it, or else the one around it."""
    outline = corpus.outline(target.path)
    inside = [definition for definition in outline if target.first <= definition.start_line <= target.last]
    if not inside:
        around = enclosing(outline, target.first)
        return (around,) if around else ()
    depth = {place: place.depth for place in inside}
    return tuple(sorted(inside, key=lambda each: (depth[each], each.start_line)))[:SUBJECTS]


def enclosing(outline: Sequence[IndexedDefinition], line: int) -> IndexedDefinition | None:
    """The innermost definition around a line."""
    around = [definition for definition in outline if definition.start_line <= line <= definition.end_line]
    return min(around, key=lambda each: each.end_line - each.start_line, default=None)


def callees(
    corpus: Corpus, target: TargetLines, others: Sequence[Corpus], *, heads: bool = False
) -> Iterator[Candidate]:
    """The definitions of what the target calls or uses as a type, in the order of its lines.

    With `heads`, each is shown by its head alone.
    """
    lines = tuple(corpus.lines(target.path))
    inside = lines[max(0, target.first - 1) : target.last]
    if not inside:
        return
    document = Document(target.path, lines, language_of(target.path))
    names = []
    for text in dict.fromkeys(identifiers(inside)):
        sites = (site for site in corpus.references(text, PLACES) if site.path == target.path)
        if at := next((use.line for use in sites if target.first <= use.line <= target.last), 0):
            names.append((at, text, _owner(lines[at - 1], text)))
        if len(names) == NAMES:
            break
    result = tuple(UsedName(text, 1.0, owner) for _, text, owner in sorted(names, key=lambda each: each[0]))
    if result:
        query = make_query(document, Cursor(target.last - 1, 0), target.path)
        query = replace(query, names=result, first=target.first, last=target.last)
        for definition in meanings.definitions(corpus, query, corpus.imports(target.path), others):
            if not _is_stand_in_test(corpus, definition.path, target.path):
                yield _head(definition) if heads else definition


def _is_stand_in_test(corpus: Corpus, path: str, user: str) -> bool:
    """Say if a definition is for tests, such as a mock of a library: code means it only by an import."""
    stray = is_test(path) and not is_test(user)
    return stray and not ImportWays(corpus, path).is_imported(user)


def _head(candidate: Candidate) -> Candidate:
    """Return what begins with a definition, by its head and the first paragraph of its docstring."""
    outline = candidate.corpus.outline(candidate.path)
    for definition in outline:
        if definition.start_line == candidate.first:
            return replace(candidate, spans=(head_span(candidate.corpus, definition, candidate.last),))
    return candidate


def _owner(line: str, name: str) -> str:
    """The name before the dot of a name in a line, "" for none.

    >>> _owner("x = shop.total(cart)", "total"), _owner("total(x)", "total")
    ('shop', '')
    """
    if len(line) > LONGEST_LINE:
        return ""
    before = next(
        (line[:at] for at in range(len(line)) if line.startswith((f".{name}", f"::{name}"), at)), ""
    )
    names = identifiers((before,))
    return names[-1] if names and before.endswith(names[-1]) else ""


def callers(corpus: Corpus, subjects: Sequence[IndexedDefinition], *, tests: bool) -> Iterator[Candidate]:
    """The calls of the subjects; each with the head of the function around it and the neighbouring lines."""
    for subject in subjects:
        by_owner: dict[tuple[str, str], list[ReferenceSite]] = {}
        for site in apart(corpus, uses(corpus, subject))[tests]:
            by_owner.setdefault((site.path, site.inside), []).append(site)
        for (path, _), sites in by_owner.items():
            around = enclosing(corpus.outline(path), sites[0].line)
            first, last = (around.start_line, around.end_line) if around else (1, len(corpus.lines(path)))
            seen_lines = set(range(first, first + around.head_lines)) if around else set()
            for site in sites:
                seen_lines.update(range(max(first, site.line - AROUND), min(last, site.line + AROUND) + 1))
            if seen_lines:
                yield Candidate(path, join_spans(seen_lines), "caller", corpus)


def caller_lines(
    corpus: Corpus, subjects: Sequence[IndexedDefinition], *, tests: bool
) -> Iterator[Candidate]:
    """The calls of the subjects by file: each line, below the first line of the function around it.

    That says who uses them, in a fourth of the tokens that `callers` take.
    """
    for subject in subjects:
        seen_lines: dict[str, set[int]] = {}
        for site in apart(corpus, uses(corpus, subject))[tests][:USES]:
            around = enclosing(corpus.outline(site.path), site.line)
            seen_lines.setdefault(site.path, set()).update(
                {site.line, around.start_line if around else site.line}
            )
        for path, lines in seen_lines.items():
            yield Candidate(path, join_spans(lines), "caller", corpus)


def uses(corpus: Corpus, subject: IndexedDefinition, ways: ImportWays | None = None) -> list[ReferenceSite]:
    """Find where a subject is used: files that import its file first; the others only if its name is rare.

    `ways` are those to its file.
    """
    ways = ways or ImportWays(corpus, subject.path)
    common = corpus.few_definitions(subject.name, meanings.COMMON) is None
    sure: dict[str, bool] = {}
    use_lines = []
    for site in corpus.references(subject.name, PLACES):
        own = site.path == subject.path
        if own and subject.start_line <= site.line <= subject.end_line:
            continue
        if site.path not in sure:
            sure[site.path] = own or ways.is_imported(site.path)
        if sure[site.path] or not common:
            use_lines.append(site)
    return sorted(use_lines, key=lambda site: (not sure[site.path], site.path, site.line))


def find_tests(
    corpus: Corpus, subjects: Sequence[IndexedDefinition], target: TargetLines | None, *, edits: bool
) -> Iterator[Candidate]:
    """Tests that use the subjects, then the heads of tests whose file names match the subjects' files.

    For an edit they are shown as `callers` shows them.
    """
    yield from (callers if edits else caller_lines)(corpus, subjects, tests=True)
    own = [target.path] if target else []
    for path in dict.fromkeys((*own, *(subject.path for subject in subjects))):
        for test in siblings(corpus.files(), path):
            if is_test(test) and (heads := skeleton(corpus, test, "test")):
                yield heads


def join_spans(lines: Iterable[int]) -> tuple[tuple[int, int], ...]:
    """Lines as spans, in order.

    >>> join_spans({4, 1, 2})
    ((1, 2), (4, 4))
    """
    spans: list[tuple[int, int]] = []
    for line in sorted(lines):
        if spans and line == spans[-1][1] + 1:
            spans[-1] = spans[-1][0], line
        else:
            spans.append((line, line))
    return tuple(spans)
