"""Pieces of files that may help, before their text is read, and which lines represent a definition."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from assist_context.documents import Snippet
from assist_context.index.reader import IndexedDefinition
from assist_context.languages import is_page
from assist_context.pages import SECTION, page_lines
from assist_context.retrieval.corpus import Corpus

WHOLE = 20  # lines: only the head of a longer function is shown
MEMBERS = 24  # of a class: only so many heads are shown
FIELDS = 6  # lines shown between the head of a class and its first member
CHARACTERS = 2_400  # of one snippet; more would push out everything else
LONGEST_LINE = 400  # characters; a longer line is data

DOC_LINES = 3  # of a docstring below the head of a block
_DOCSTRINGS = ('"""', "'''", 'r"""')
_CLOSING = (")", "]", "}", "#", "//")  # what begins no block, though it is indented less

LineSpan = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Candidate:
    """Lines of a file (spans from 1, both ends included, in order) and the signal that found them.

    `worth` multiplies the value of its rank among the signal's candidates. `name` is a symbol, or the path of
    headings of a section, which then precedes the text. `words` are search terms: if not all lines fit, those
    with the most of them are shown.
    """

    path: str
    spans: tuple[LineSpan, ...]
    signal: str
    corpus: Corpus
    worth: float = 1.0
    name: str = ""
    words: frozenset[str] = frozenset()

    @property
    def first(self) -> int:
        return self.spans[0][0]

    @property
    def last(self) -> int:
        return self.spans[-1][1]


def definition_candidate(corpus: Corpus, definition: IndexedDefinition, signal: str) -> Candidate:
    """A definition by its most informative lines: a short one whole, a class by its members' heads."""
    size = definition.end_line - definition.start_line + 1
    head = definition.start_line, definition.start_line + definition.head_lines - 1
    whole = Candidate(
        definition.path,
        ((definition.start_line, definition.end_line),),
        signal,
        corpus,
        name=definition.qualified,
    )
    if size <= WHOLE or definition.kind == SECTION:
        return whole
    members = [
        member
        for member in corpus.outline(definition.path, parent=definition.qualified)
        if definition.start_line <= member.start_line <= definition.end_line
    ]
    if not members:
        return replace(whole, spans=((head[0], min(definition.end_line, head[1] + FIELDS)),))
    first = min(member.start_line for member in members)
    spans = [(head[0], max(head[1], min(first - 1, head[1] + FIELDS)))]
    spans += [(member.start_line, member.start_line + member.head_lines - 1) for member in members[:MEMBERS]]
    return replace(whole, spans=_merge_spans(spans))


def skeleton(corpus: Corpus, path: str, signal: str, most: int = 20) -> Candidate | None:
    """A file by the heads of its top-level definitions, a page by its upper headings; None if it has none."""
    if is_page(path):
        tops = [
            definition
            for definition in corpus.outline(path)
            if definition.kind == SECTION and definition.depth <= 1
        ]
    else:
        tops = [
            definition
            for definition in corpus.outline(path, parent="")
            if not definition.name.startswith("_")
        ]
    spans = [(top.start_line, top.start_line + top.head_lines - 1) for top in tops[:most]]
    return Candidate(path, _merge_spans(spans), signal, corpus) if spans else None


def heads_around(corpus: Corpus, path: str, first: int, signal: str) -> Candidate | None:
    """The heads of the blocks around a line, with the first sentence of a docstring; None at the top level.

    A block's head is the nearest line above that is indented less.
    """
    lines = corpus.lines(path)
    spans: list[LineSpan] = []
    indent = _indent(lines[first - 1]) if 0 < first <= len(lines) else 0
    for number in range(first - 1, 0, -1):
        line = lines[number - 1]
        if indent == 0:
            break
        if line.strip() and _indent(line) < indent and not line.strip().startswith(_CLOSING):
            indent = _indent(line)
            spans.insert(0, (number, number + _docstring_lines(lines[number : number + DOC_LINES])))
    return Candidate(path, _merge_spans(spans), signal, corpus) if spans else None


def head_span(corpus: Corpus, definition: IndexedDefinition, most: int) -> LineSpan:
    """The lines of a definition's head and of the first paragraph of its docstring, up to the line `most`."""
    last = min(most, definition.start_line + max(1, definition.head_lines) - 1)
    following = corpus.lines(definition.path)[last : last + DOC_LINES]
    return definition.start_line, min(most, last + _docstring_lines(following))


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _docstring_lines(following: Sequence[str]) -> int:
    """Return how many of the lines below a head are the first paragraph of a docstring."""
    if not following or not following[0].strip().startswith(_DOCSTRINGS):
        return 0
    for count, line in enumerate(following, 1):
        if not line.strip():
            return count - 1
        if line.rstrip().endswith(_DOCSTRINGS):
            return count
    return len(following)


def get_text(candidate: Candidate, most: int = CHARACTERS) -> str:
    """The lines of a candidate, without common indentation, up to `most` characters.

    A section's lines begin with its path of headings. "" if they cannot be read.
    """
    lines = page_lines(candidate.path, candidate.corpus.lines(candidate.path))
    longest = CHARACTERS if is_page(candidate.path) else LONGEST_LINE  # a paragraph may be one line
    parts: list[str] = []
    for first, last in candidate.spans:
        parts += [line.rstrip() for line in lines[first - 1 : last] if len(line) <= longest]
    if is_page(candidate.path):
        parts = [line for at, line in enumerate(parts) if line or (at and parts[at - 1])]
    text_parts = [line for line in parts if line]
    if not text_parts:
        return ""
    indent = min(len(line) - len(line.lstrip()) for line in text_parts)
    title = f"{candidate.name}\n\n" if candidate.name and is_page(candidate.path) else ""
    text = title + "".join(line[indent:] + "\n" for line in parts)
    if len(text) > most:
        text = text[: text.rfind("\n", 0, most) + 1]
    return "" if "\0" in text or text == title else text


def make_snippet(candidate: Candidate, text: str, score: float) -> Snippet:
    """The finished snippet, with its origin."""
    entry = candidate.corpus.entry(candidate.path)
    name = candidate.corpus.name
    path = f"{name}/{candidate.path}" if name else candidate.path
    blob = entry.blob if entry else ""
    root = candidate.corpus.root
    lines = candidate.first, candidate.last
    return Snippet(path, *lines, text, candidate.signal, round(score, 6), blob, root, candidate.name)


def _merge_spans(spans: Sequence[LineSpan]) -> tuple[LineSpan, ...]:
    """Spans in order; spans that touch are merged."""
    merged_spans: list[LineSpan] = []
    for first, last in sorted(spans):
        if merged_spans and first <= merged_spans[-1][1] + 1:
            merged_spans[-1] = merged_spans[-1][0], max(merged_spans[-1][1], last)
        else:
            merged_spans.append((first, last))
    return tuple(merged_spans)
