"""Results of a search for the words of a question: sections of pages, and pieces of code, ranked apart.

Of the copies of a page only one is proposed. This module reads the index, and decides nothing about room.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from assist_context.evidence.intent import QuestionIntent, is_chronicle, is_filler
from assist_context.evidence.mentions import find_names
from assist_context.evidence.quotes import has_example
from assist_context.index.search import Among, SearchHit
from assist_context.index.terms import terms
from assist_context.pages import page_lines
from assist_context.relations.counterparts import is_test
from assist_context.relations.translations import language_of_text
from assist_context.retrieval.candidates import Candidate, definition_candidate
from assist_context.retrieval.corpus import Corpus
from assist_context.retrieval.cursor_query import identifiers

SEARCHED = 60  # hits of one search
MOST = 8  # pieces that are proposed
A_PAGE = 3  # sections of one page
CLOSE = 0.5  # a hit below this share of the best one's score is not to the point
# A page of a docs folder is worth more than one of the workspace: people name such a folder for what it
# says. Of 20 questions about a handbook next to 4,760 files 17 have its page first with 3, 18 so and with 4.
# Of 68 questions about pytest's own pages 8, 9 and 12 have one of the handbook first (`benchmarks/docs.py`).
DOCS = 3.5
A_PLACE = 0.25  # of a question's words, by their rarity: the best page of a docs folder with so many is shown
CHRONICLE = 0.5  # what a page about changes is worth to a question that is about something else
# What an example in a section is worth to who asks how something is done: of 56 such questions 34 have the
# right section first without it, 38 with 1.3, 41 with 1.5 and 1.8, 40 with 2.2 (`docs.py --how-to`).
WITH_EXAMPLE = 1.5
FURTHER = 0.15  # what further sections of a page add to its best one; see `benchmarks/docs.py`
LINES = 30  # of a piece of code
BARE = 2  # lines of a section that has a heading and no text of its own
SECTION_LINES = 40  # of the sections below, that are shown with such a heading


ASIDE = 0.4  # what code of tests and examples is worth to a question that is about something else
_EXAMPLE = re.compile(
    r"(?:^|/)(?:_?(?:examples?|demos?|benchmarks?|benches|samples?|fixtures?|website|completions?)/|\.\w)"
)
_OF_A_SITE = re.compile(r"(?:^|/)(?:docs?|documentation)/(?:.*/)?[^/]+\.(?:[cm]?[jt]sx?|vue|s?css|less)$")


@dataclass(frozen=True, slots=True)
class FoundPiece:
    """A hit of a search, with the folder it is in and its score among the hits of its kind."""

    corpus: Corpus
    hit: SearchHit
    score: float


def search_words(question: str) -> list[str]:
    """The terms of a question, in order, of the words that say what it is about if there are some.

    Of 68 questions that people wrote about pytest's pages, 90 % then have their page among ten, 84 % with all
    words; headings as questions find theirs as often, and 1 % of them one place later (`benchmarks/docs.py`).

    >>> search_words("Which page of the docs says how to test a command?"), search_words("What is it?")
    (['test', 'cmd'], ['what', 'is', 'it'])
    """
    words = identifiers(tuple(question.splitlines()))
    meant = {name.text for name in find_names(question)}
    telling = [word for word in words if word in meant or not is_filler(word)]
    return [term for word in (telling if len(telling) > 1 else words) for term in terms(word)]


def ranked_pages(corpora: Sequence[Corpus], question: str, intent: QuestionIntent) -> list[FoundPiece]:
    """The sections that answer a question, the best first.

    A page with several good sections comes before one with a single good one.
    """
    hits = _hits(corpora, question, "pages")
    hits = [replace(hit, score=hit.score * _worth(hit, intent)) for hit in hits]
    pages: dict[tuple[str, str], list[FoundPiece]] = defaultdict(list)
    for section in sorted(hits, key=lambda each: -each.score):
        pages[section.corpus.root, section.hit.path].append(section)
    better = []
    for sections in pages.values():
        more = FURTHER * sum(section.score for section in sections[1:A_PAGE])
        better += [replace(section, score=section.score + more) for section in sections[:A_PAGE]]
    if intent.usage:
        better = [replace(hit, score=hit.score * WITH_EXAMPLE) if _shows_how(hit) else hit for hit in better]
    return sorted(better, key=lambda each: -each.score)


def _worth(piece: FoundPiece, intent: QuestionIntent) -> float:
    """Return what a page is worth because of where it is."""
    worth = CHRONICLE if is_chronicle(piece.hit.path) and not intent.changes else 1.0
    return worth * DOCS if piece.corpus.pages and intent.kind != "code" else worth


def _shows_how(piece: FoundPiece) -> bool:
    """Return whether a section has an example, or is of a docs folder, whose pages say how people work."""
    hit = piece.hit
    if piece.corpus.pages:
        return True
    lines = page_lines(hit.path, piece.corpus.lines(hit.path))
    return has_example(lines[hit.start_line - 1 : hit.end_line])


def ranked_code(corpora: Sequence[Corpus], question: str, intent: QuestionIntent) -> list[FoundPiece]:
    """The pieces of code that share the question's rarest words, the best first.

    Scripts and styles of a site of documentation are of use only to questions about code.
    """
    hits = _hits(corpora, question, "code")
    if intent.kind != "code":
        hits = [hit for hit in hits if not _OF_A_SITE.search(hit.hit.path)]
    if not intent.tests:
        hits = [replace(hit, score=hit.score * ASIDE) if is_aside(hit.hit.path) else hit for hit in hits]
    return sorted(hits, key=lambda each: -each.score)


def is_aside(path: str) -> bool:
    """Say if a file has many words of the code and is not it: a test, an example, a tool's settings."""
    return is_test(path) or _EXAMPLE.search(path) is not None


def _hits(corpora: Sequence[Corpus], question: str, among: Among) -> list[FoundPiece]:
    words = search_words(question)
    language = language_of_text(question)
    hits = []
    for corpus in corpora if among == "pages" else (folder for folder in corpora if not folder.pages):
        copies = corpus.unwanted_pages(language)
        hits += [
            FoundPiece(corpus, hit, hit.score * hit.coverage)
            for hit in corpus.search_for_question(
                words, SEARCHED, among, [other for other in corpora if other is not corpus]
            )
            if hit.path not in copies
        ]
    return sorted(hits, key=lambda each: -each.score)


def close_ones(hits: Iterable[FoundPiece], best: float) -> list[FoundPiece]:
    """The pieces that are nearly as good as the best one of all; the best page of each docs folder after one.

    A docs folder has this place only if its page has a good part of the question's words.
    """
    hits = list(hits)
    close = [hit for hit in hits if hit.score >= CLOSE * best][:MOST]
    by_place: dict[str, FoundPiece] = {}
    for hit in hits:
        if hit.corpus.pages and hit.hit.coverage >= A_PLACE:
            by_place.setdefault(hit.corpus.root, hit)
    late = [hit for hit in by_place.values() if hit not in close[:1]]
    return [*close[:1], *late, *(hit for hit in close[1:] if hit not in late)]


def list_candidates(pieces: Iterable[FoundPiece], signal: str, question: str) -> Iterator[Candidate]:
    """The pieces as candidates. In an open document, lines may have moved: it is found by its name there."""
    words = frozenset(search_words(question))
    for piece in pieces:
        corpus, hit = piece.corpus, piece.hit
        if hit.path not in corpus.opened:
            yield _section(replace(_candidate(piece, signal), words=words))
            continue
        for definition in corpus.outline(hit.path):
            if hit.name == definition.qualified:
                yield replace(definition_candidate(corpus, definition, signal), words=words)
                break


def _candidate(piece: FoundPiece, signal: str) -> Candidate:
    hit = piece.hit
    last = hit.end_line if signal == "page" else min(hit.end_line, hit.start_line + LINES - 1)
    return Candidate(hit.path, ((hit.start_line, last),), signal, piece.corpus, name=hit.name)


def _section(candidate: Candidate) -> Candidate:
    """A heading without text is shown with what is below it."""
    if candidate.signal != "page":
        return candidate
    lines = candidate.corpus.lines(candidate.path)
    line_count = sum(1 for line in lines[candidate.first - 1 : candidate.last] if line.strip())
    around = [
        definition.end_line
        for definition in candidate.corpus.outline(candidate.path)
        if definition.start_line == candidate.first and definition.qualified == candidate.name
    ]
    if line_count > BARE or not around:
        return candidate
    last = min(around[0], candidate.first + SECTION_LINES - 1)
    return replace(candidate, spans=((candidate.first, max(candidate.last, last)),))
