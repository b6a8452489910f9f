"""What a piece of code calls, and what calls and tests it: found by names, references and imports.

It reads the index and open documents through a corpus, and decides nothing about what is shown.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from assist_context.documents import Cursor, Document
from assist_context.evidence.mentions import is_test
from assist_context.index.reader import IndexedDefinition, ReferenceSite
from assist_context.languages import language_of
from assist_context.relations.counterparts import siblings
from assist_context.retrieval import signals
from assist_context.retrieval.candidates import LONGEST_LINE, Candidate, skeleton
from assist_context.retrieval.corpus import Corpus
from assist_context.retrieval.cursor_query import UsedName, identifiers, spot_of

AROUND = 2  # lines above and below a call
PLACES = 2_000  # of a name that are looked through
SUBJECTS = 8  # definitions whose callers and tests are looked for


@dataclass(frozen=True, slots=True)
class TargetLines:
    """Lines of a file that a question is about, from 1, both ends included; the path is the corpus's."""

    path: str
    first: int
    last: int


def subjects(corpus: Corpus, target: TargetLines) -> tuple[IndexedDefinition, ...]:
    """The definitions that the target is about: the outermost that begin in it, else the one around it."""
    outline = corpus.outline(target.path)
    inside = [each for each in outline if target.first <= each.start_line <= target.last]
    if not inside:
        around = _enclosing(outline, target.first)
        return (around,) if around else ()
    depth = {each: each.parent.count(".") + bool(each.parent) for each in inside}
    return tuple(sorted(inside, key=lambda each: (depth[each], each.start_line)))[:SUBJECTS]


def _enclosing(outline: Sequence[IndexedDefinition], line: int) -> IndexedDefinition | None:
    """The innermost definition around a line."""
    around = [each for each in outline if each.start_line <= line <= each.end_line]
    return min(around, key=lambda each: each.end_line - each.start_line, default=None)


def callees(corpus: Corpus, target: TargetLines, others: Sequence[Corpus]) -> Iterator[Candidate]:
    """The definitions of what is called or used as a type in the target, in the order of its lines."""
    lines = tuple(corpus.lines(target.path))
    inside = lines[max(0, target.first - 1) : target.last]
    if not inside:
        return
    document = Document(target.path, lines, language_of(target.path))
    names = []
    for text in dict.fromkeys(identifiers(inside)):
        used = (place for place in corpus.references(text, PLACES) if place.path == target.path)
        if at := next((each.line for each in used if target.first <= each.line <= target.last), 0):
            names.append((at, text, _owner(lines[at - 1], text)))
    found = tuple(UsedName(text, 1.0, owner) for _, text, owner in sorted(names, key=lambda each: each[0]))
    if found:
        spot = spot_of(document, Cursor(target.last - 1, 0), target.path)
        spot = replace(spot, names=found, first=target.first, last=target.last)
        yield from signals.definitions(corpus, spot, corpus.imports(target.path), others)


def _owner(line: str, name: str) -> str:
    """What stands before the dot of a name in a line, "" for nothing.

    >>> _owner("x = shop.total(cart)", "total"), _owner("total(x)", "total")
    ('shop', '')
    """
    if len(line) > LONGEST_LINE:
        return ""
    before = next(
        (line[:at] for at in range(len(line)) if line.startswith((f".{name}", f"::{name}"), at)), ""
    )
    found = identifiers((before,))
    return found[-1] if found and before.endswith(found[-1]) else ""


def callers(corpus: Corpus, subjects: Sequence[IndexedDefinition], *, tests: bool) -> Iterator[Candidate]:
    """The calls of the subjects, each by the head of the function around it and the lines next to it."""
    for subject in subjects:
        grouped: dict[tuple[str, str], list[ReferenceSite]] = {}
        for place in _uses(corpus, subject):
            if is_test(place.path) == tests:
                grouped.setdefault((place.path, place.inside), []).append(place)
        for (path, _), places in grouped.items():
            around = _enclosing(corpus.outline(path), places[0].line)
            first, last = (around.start_line, around.end_line) if around else (1, len(corpus.lines(path)))
            shown = set(range(first, first + around.head_lines)) if around else set()
            for place in places:
                shown.update(range(max(first, place.line - AROUND), min(last, place.line + AROUND) + 1))
            if shown:
                yield Candidate(path, spans_of(shown), "caller", corpus)


def _uses(corpus: Corpus, subject: IndexedDefinition) -> list[ReferenceSite]:
    """Where a subject is used: in files that import its own first, then elsewhere unless it is common."""
    common = corpus.few_definitions(subject.name, signals.COMMON) is None
    sure: dict[str, bool] = {}
    found = []
    for place in corpus.references(subject.name, PLACES):
        own = place.path == subject.path
        if own and subject.start_line <= place.line <= subject.end_line:
            continue
        if place.path not in sure:
            sure[place.path] = own or _imports(corpus, place.path, subject.path)
        if sure[place.path] or not common:
            found.append(place)
    return sorted(found, key=lambda each: (not sure[each.path], each.path, each.line))


def _imports(corpus: Corpus, path: str, wanted: str) -> bool:
    language = language_of(path).name
    return any(wanted in corpus.resolved(path, language, each) for each in corpus.imports(path))


def covering(
    corpus: Corpus, subjects: Sequence[IndexedDefinition], target: TargetLines | None
) -> Iterator[Candidate]:
    """Tests that use the subjects, then the heads of those that belong to their files by name."""
    yield from callers(corpus, subjects, tests=True)
    own = [target.path] if target else []
    for path in dict.fromkeys((*own, *(each.path for each in subjects))):
        for test in siblings(corpus.files(), path):
            if is_test(test) and (heads := skeleton(corpus, test, "test")):
                yield heads


def spans_of(lines: Iterable[int]) -> tuple[tuple[int, int], ...]:
    """Lines as spans, in order.

    >>> spans_of({4, 1, 2})
    ((1, 2), (4, 4))
    """
    spans: list[tuple[int, int]] = []
    for line in sorted(lines):
        if spans and line == spans[-1][1] + 1:
            spans[-1] = spans[-1][0], line
        else:
            spans.append((line, line))
    return tuple(spans)
