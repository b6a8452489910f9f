"""A search for the answer to a question: the few lines of a workspace that say most of what it asks.

One search for all who look by words: `ask`, agents, and what is shown before a model answers. The index
names files, whose lines are weighed (`weighed_file`). Then names in the best lines are looked up, since
a line that raises names what it raises, and a comparison has the limit. Pages are found by their sections
(`search_results`), where they are asked for, or say more than code.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from assist_context.evidence.call_graph import apart
from assist_context.evidence.intent import QuestionIntent, is_chronicle, read_intent
from assist_context.evidence.mentions import find_names, likely_meanings
from assist_context.evidence.question_words import QuestionWords, is_boilerplate, question_words
from assist_context.evidence.quotes import said_by_page
from assist_context.evidence.search_results import FoundPiece, is_aside, ranked_pages
from assist_context.evidence.weighed_file import FoundLines, WeighedFile
from assist_context.index.search import rarity_among
from assist_context.index.terms import terms
from assist_context.languages import is_page, language_of
from assist_context.pages import page_lines
from assist_context.relations.counterparts import is_test
from assist_context.retrieval.candidates import LONGEST_LINE
from assist_context.retrieval.corpus import Corpus
from assist_context.retrieval.cursor_query import identifiers

HITS = 120  # pieces that the index names
FILES = 30  # of these that are read
LINES = 40_000  # that are weighed, in about 0.3 s
A_FILE = 12  # lines for each place that is wanted
ASIDE = 0.4  # what a line of a test, an example or a benchmark is worth
DATA = 0.7  # and one of a file that is no program
NAMED = 1.5  # and one in a definition that the question names
SAME = 0.75  # a further place in a definition that is listed already
LED = 0.9  # how much a line that a better one leads to by a name has of that one's score
FEW = 3  # places where a name is defined or set; with more it leads nowhere
HOLDERS = 8  # files in which a name is looked for that is no definition
SHORT = 4  # letters; shorter names lead nowhere
PAGE = 0.25  # how much more of the question a page has to say than code does
# Of what a question is about; a best place that says less is a guess. Of 40 questions of which ten have no
# answer there, 9 of those and 4 others are below it (`benchmarks/ask.py`, tuned half).
SURE = 0.4
_DATA = frozenset({"yaml", "toml", "makefile"})  # of the languages with comments
_DECLARATIONS = (".d.ts", ".d.mts", ".d.cts", ".pyi")


@dataclass(frozen=True, slots=True)
class SearchedPlaces:
    """The places that a search found, the best first; if it is not `sure`, they are guesses."""

    places: tuple[FoundLines, ...]
    sure: bool


def search_places(
    corpora: Sequence[Corpus], question: str, most: int, may_list: Callable[[str], bool] = lambda _: True
) -> SearchedPlaces:
    """The places that answer a question best, in files that may be listed."""
    intent = read_intent(question)
    words = _find_words(corpora, question)
    code = _found_code(corpora, question, words, 2 * most, may_list)
    pages = _found_pages(corpora, question, words, may_list)[:most]
    best = max((place.share for place in code), default=0.0)
    if intent.kind == "pages" and not (intent.usage and words.kind in ("raised", "branch")):
        places = [*pages, *code]
    else:
        first = pages[:1] if not words.kind and intent.kind != "code" else []
        better = [page for page in first if page.share > best + PAGE]
        places = [*better, *code, *(page for page in pages if page not in better)]
    top = tuple(places[:most])
    return SearchedPlaces(top, any(place.share >= SURE for place in top))


def _found_pages(
    corpora: Sequence[Corpus], question: str, words: QuestionWords, may_list: Callable[[str], bool]
) -> list[FoundLines]:
    """The sections that answer a question, one for each page, by the lines that say most of them."""
    intent = read_intent(question)
    places: dict[tuple[str, str], FoundLines] = {}
    for piece in ranked_pages(corpora, question, intent):
        path = piece.hit.path
        if (piece.corpus.root, path) in places or not may_list(path) or piece.corpus.hides(path):
            continue
        if is_boilerplate(path) or (is_chronicle(path) and not intent.changes):
            continue
        if place := _page_place(piece, words):
            places[piece.corpus.root, path] = place
    return list(places.values())


def _page_place(piece: FoundPiece, words: QuestionWords) -> FoundLines | None:
    hit = piece.hit
    lines = page_lines(hit.path, piece.corpus.lines(hit.path))
    last = min(hit.end_line, len(lines))
    section = [line.rstrip() for line in lines[hit.start_line - 1 : last]]
    text = tuple(said_by_page(section))
    if not text:
        return None
    share = words.rate_share(words.meant_by("\n".join((hit.path, hit.name, *section))))
    return FoundLines(
        piece.corpus, hit.path, hit.start_line, hit.start_line, last, piece.score, share, text,
        section=hit.name,
    )  # fmt: skip


def _found_code(
    corpora: Sequence[Corpus], question: str, words: QuestionWords, most: int, may_list: Callable[[str], bool]
) -> list[FoundLines]:
    """The lines of code that answer a question best, and those that names in them lead to."""
    folders = [corpus for corpus in corpora if not corpus.pages]
    intent = read_intent(question)
    lines: list[FoundLines] = []
    for corpus in folders:
        meanings = _named_by(corpus, question)
        for path in _likely_files(corpus, words, [path for path, _ in meanings], may_list):
            worth = _weigh_file(path, intent)
            places = list(WeighedFile(corpus, path, words).best(A_FILE * most))
            tests = {place.line for place in ([] if intent.tests else apart(corpus, places)[1])}
            for place in places:
                is_named = any(
                    path == at and f"{place.name}.".startswith(f"{name}.") for at, name in meanings
                )
                own = ASIDE if place.line in tests else worth
                lines.append(replace(place, score=place.score * own * (NAMED if is_named else 1.0)))
    best = _apart(lines, most)
    calls = [place for corpus in folders for place in _led_to(corpus, best, words, may_list)]
    return _apart([*lines, *calls], most)


def _find_words(corpora: Sequence[Corpus], question: str) -> QuestionWords:
    counts = [places for corpus in corpora if (places := corpus.reader.counts())]
    return question_words(
        question,
        lambda term: rarity_among(term, counts) if counts else 1.0,
        lambda term: any(term in count.terms for count in counts),
    )


def _named_by(corpus: Corpus, question: str) -> list[tuple[str, str]]:
    """The definitions that a question names, by path and qualified name; one of one word names that."""
    word = question.strip()
    names = find_names(f"`{word}`" if word.isidentifier() else question)
    meant = [site for name in names for site in likely_meanings(corpus.definitions(name.text), name, "")]
    return [(site.path, site.qualified) for site in meant]


def _likely_files(
    corpus: Corpus, words: QuestionWords, meanings: Iterable[str], may_list: Callable[[str], bool]
) -> Iterator[str]:
    """The files that are read: of what is named, what is open, and those with the best pieces."""
    own = corpus.search_for_question(list(words.worth), HITS, "code")
    hits = corpus.search_for_question(words.meanings.related, HITS, "code")
    paths = dict.fromkeys([*meanings, *corpus.opened, *(hit.path for hit in (*own, *hits))])
    files = (path for path in paths if not is_page(path) and may_list(path) and not corpus.hides(path))
    budget = LINES
    for _, path in zip(range(FILES), files, strict=False):
        budget -= len(corpus.lines(path))
        if budget < 0:
            return
        yield path


def _weigh_file(path: str, intent: QuestionIntent) -> float:
    """Weigh a file by its path: tests and examples have many words of the code, but are not the code."""
    if is_chronicle(path) or (is_aside(path) and not intent.tests):
        return ASIDE
    language = language_of(path)
    is_program = language.comment and language.name not in _DATA and not path.endswith(_DECLARATIONS)
    return 1.0 if is_program else DATA


def _apart(places: Iterable[FoundLines], most: int) -> list[FoundLines]:
    """The best places, without overlaps; a further one in the same definition counts less."""
    result: list[FoundLines] = []
    for place in sorted(places, key=_rank):
        if len(result) >= 4 * most:  # a place that counts less now may come after these
            break
        others = [one for one in result if (one.corpus.root, one.path) == (place.corpus.root, place.path)]
        if any(place.first <= one.last + 1 and one.first <= place.last + 1 for one in others):
            continue
        again = place.inside is not None and any(one.inside == place.inside for one in others)
        result.append(replace(place, score=SAME * place.score) if again else place)
    return sorted(result, key=_rank)[:most]


def _rank(place: FoundLines) -> tuple[float, str, int]:
    return -place.score, place.path, place.line


def _led_to(
    corpus: Corpus, best: Sequence[FoundLines], words: QuestionWords, may_list: Callable[[str], bool]
) -> Iterator[FoundLines]:
    """Follow rare names in the best lines that have words of the question, to where they are defined or
    set, and for a question about conditions, where they are compared.
    """
    files: dict[str, WeighedFile] = {}
    visited: set[str] = set()
    for place in best:
        for name in identifiers(place.text) if place.corpus is corpus else ():
            if name in visited or len(name) < SHORT or not words.meanings[name]:
                continue
            visited.add(name)
            sites = _find_settings(corpus, name) + (
                _find_uses(corpus, name) if words.kind == "branch" else []
            )
            for path, number in sites:
                if is_test(path) or is_page(path) or corpus.hides(path) or not may_list(path):
                    continue
                if path not in files:
                    files[path] = WeighedFile(corpus, path, words)
                line = files[path].at(number)
                worth = LED * place.score
                if words.kind != "default" or not files[path].is_of_kind(
                    number
                ):  # else it is the value asked for
                    worth = (line.score + worth) / 2
                yield replace(line, score=max(line.score, worth))


def _find_settings(corpus: Corpus, name: str) -> list[tuple[str, int]]:
    """Find where a rare name is defined or, without a definition, set. Nothing for a common one."""
    sites = corpus.few_definitions(name, FEW)
    if sites is None:
        return []
    if sites:
        return [(site.path, site.start_line) for site in sites if corpus.lines(site.path)]
    own = re.escape(name)
    return _lines_with(corpus, name, rf"#\s*define\s+{own}\b|\b{own}\b\s*(?::[^=\n]{{0,40}})?=(?![=>])")


def _find_uses(corpus: Corpus, name: str) -> list[tuple[str, int]]:
    """Find where a rare name is compared or caught."""
    own = re.escape(name)
    return _lines_with(corpus, name, rf"\b(?:if|elif|case|when|while|catch|except|match)\b.*\b{own}\b")


def _lines_with(corpus: Corpus, name: str, pattern: str) -> list[tuple[str, int]]:
    """The lines with a name and a pattern outside of tests, if they are few: paths and numbers."""
    expression = re.compile(pattern)
    lines = [
        (path, number)
        for path in sorted(corpus.holders(terms(name), HOLDERS))
        if not is_test(path)
        for number, line in enumerate(corpus.lines(path), 1)
        if name in line and len(line) <= LONGEST_LINE and expression.search(line)
    ]
    return lines if len(lines) <= FEW else []
