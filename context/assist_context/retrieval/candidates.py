"""Pieces of files that may help, before their text is read, and the lines that are taken of a definition."""

from collections.abc import Sequence
from dataclasses import dataclass

from assist_context.documents import Snippet
from assist_context.index.reader import IndexedDefinition
from assist_context.retrieval.corpus import Corpus

WHOLE = 20  # lines: a longer function is shown by its head
MEMBERS = 24  # of a class whose heads are shown
FIELDS = 6  # lines between the head of a class and its first member
CHARACTERS = 2_400  # of one snippet; more pushes out everything else
LONGEST_LINE = 400  # characters; a longer line is data

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Candidate:
    """Lines of a file (spans from 1, both ends included, in order) and the signal that found them.

    `worth` multiplies what its place among the signal's candidates is worth.
    """

    path: str
    spans: tuple[Span, ...]
    signal: str
    corpus: Corpus
    worth: float = 1.0

    @property
    def first(self) -> int:
        return self.spans[0][0]

    @property
    def last(self) -> int:
        return self.spans[-1][1]


def of_definition(corpus: Corpus, found: IndexedDefinition, signal: str) -> Candidate:
    """A definition by its most telling lines: a short one whole, a class by its members' heads."""
    size = found.end_line - found.start_line + 1
    head = found.start_line, found.start_line + found.head_lines - 1
    if size <= WHOLE:
        return Candidate(found.path, ((found.start_line, found.end_line),), signal, corpus)
    qualified = f"{found.parent}.{found.name}" if found.parent else found.name
    members = [
        each
        for each in corpus.outline(found.path, parent=qualified)
        if found.start_line <= each.start_line <= found.end_line
    ]
    if not members:
        return Candidate(found.path, ((head[0], min(found.end_line, head[1] + FIELDS)),), signal, corpus)
    first = min(each.start_line for each in members)
    spans = [(head[0], max(head[1], min(first - 1, head[1] + FIELDS)))]
    spans += [(each.start_line, each.start_line + each.head_lines - 1) for each in members[:MEMBERS]]
    return Candidate(found.path, _joined(spans), signal, corpus)


def skeleton(corpus: Corpus, path: str, signal: str, most: int = 20) -> Candidate | None:
    """A file by the heads of what stands at its top; None if it defines nothing."""
    tops = [each for each in corpus.outline(path, parent="") if not each.name.startswith("_")]
    spans = [(each.start_line, each.start_line + each.head_lines - 1) for each in tops[:most]]
    return Candidate(path, _joined(spans), signal, corpus) if spans else None


def overlap(one: Candidate, other: Candidate) -> float:
    """The share of both candidates' lines that they have in common, by the longer of the two."""
    common = sum(max(0, min(a[1], b[1]) - max(a[0], b[0]) + 1) for a in one.spans for b in other.spans)
    return common / max(sum(last - first + 1 for first, last in each.spans) for each in (one, other))


def text_of(candidate: Candidate, most: int = CHARACTERS) -> str:
    """The lines of a candidate, without a common indentation, as far as `most` characters go.

    "" where they cannot be had.
    """
    lines = candidate.corpus.lines(candidate.path)
    parts: list[str] = []
    for first, last in candidate.spans:
        parts += [line.rstrip() for line in lines[first - 1 : last] if len(line) <= LONGEST_LINE]
    filled = [line for line in parts if line]
    if not filled:
        return ""
    indent = min(len(line) - len(line.lstrip()) for line in filled)
    text = "".join(line[indent:] + "\n" for line in parts)
    if len(text) > most:
        text = text[: text.rfind("\n", 0, most) + 1]
    return "" if "\0" in text else text


def snippet_of(candidate: Candidate, text: str, score: float) -> Snippet:
    """The finished piece, with where it comes from."""
    entry = candidate.corpus.entry(candidate.path)
    name = candidate.corpus.name
    path = f"{name}/{candidate.path}" if name else candidate.path
    blob = entry.blob if entry else ""
    root = candidate.corpus.root
    lines = candidate.first, candidate.last
    return Snippet(path, *lines, text, candidate.signal, round(score, 6), blob, root)


def _joined(spans: Sequence[Span]) -> tuple[Span, ...]:
    """Spans in order, those that touch made one."""
    joined: list[Span] = []
    for first, last in sorted(spans):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = joined[-1][0], max(joined[-1][1], last)
        else:
            joined.append((first, last))
    return tuple(joined)
