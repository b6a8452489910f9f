"""What an agent looks up: code by words, a definition, and what helps at a line.

Each function gives places of the folder. The facts are the context package's; here it is decided which of
them a result needs. The corpus hides what may not be shown, so no line of such a file is read here.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from assist_context.code.definitions import FUNCTIONS
from assist_context.documents import Cursor, Snippet
from assist_context.evidence.call_graph import PLACES, enclosing, is_in_test
from assist_context.evidence.for_question import gather_evidence
from assist_context.evidence.line_search import search_places
from assist_context.evidence.weighed_file import FoundLines
from assist_context.index.reader import IndexedDefinition
from assist_context.pages import SECTION, page_lines
from assist_context.retrieval.corpus import Corpus
from assist_context.retrieval.retriever import retrieve_once
from assist_escalation.redaction.cut_pieces import hidden_parts
from assist_gateway.mcp_server.result_text import ShownPlace
from assist_server.questions.targets import QuestionTarget, near_symbols

FOUND = 10  # places of a search
WHOLE = 3  # of these of which several lines are shown; of the others the one that matches best
SHOWN = 8  # lines of such a place
UNSURE = "There is no sure match: these have only some of the words."
SHORT = 40  # lines of several definitions that are shown whole: fewer tokens than a second call's
LONG = 60  # lines of a class that is shown by its members: half of one of 170 lines would fill a result
BEGINNING = 12  # lines of it before its members
LISTED = 20  # definitions of one name
_OVERLOAD = re.compile(r"\s*@(?:\w+\.)*overload\b")
_SYMBOL = re.compile(r"\.|::|#|->")


@dataclass(frozen=True, slots=True)
class FoundPlaces:
    """Places, the best first, and what else there is to say.

    `unshown` are the paths of further places that were found: of files that may be shown or not.
    """

    places: tuple[ShownPlace, ...] = ()
    notes: tuple[str, ...] = ()
    unshown: tuple[str, ...] = ()


def search(corpus: Corpus, query: str, within: str = "") -> FoundPlaces:
    """Where the words of a query are to the point; `within` is the beginning of a path, "" for all."""
    found = search_places([corpus], query, FOUND, lambda path: path.startswith(within))
    places = tuple(_found_lines(place, whole=at < WHOLE) for at, place in enumerate(found.places))
    notes = () if found.sure else (UNSURE if places else "No line here has these words.",)
    return FoundPlaces(places, notes)


def _found_lines(place: FoundLines, *, whole: bool) -> ShownPlace:
    """A place that a search found: the `whole` of what it shows, or the line that matches best."""
    lines = page_lines(place.path, place.corpus.lines(place.path))
    label = f"{place.inside.kind} {place.name}" if place.inside is not None else place.name
    if not whole:
        return line_place(place.path, place.line, lines, label)
    return _block(place.path, (place.first, min(place.last, place.first + SHOWN - 1)), lines, label)


def definition(corpus: Corpus, symbol: str) -> FoundPlaces:
    """Where a name is defined, with its text; of several long ones, and of those in tests, the heads."""
    found, unshown = definitions_of(corpus, symbol)
    if not found:
        return FoundPlaces((), () if unshown else (no_such_name(corpus, symbol),), unshown)
    code = [site for site in found if not is_in_test(corpus, site.path, site.start_line)] or found
    whole = code if len(code) == 1 or sum(map(_length, code)) <= SHORT else []
    rest = [site for site in found if site not in whole]
    heads = [place for site in rest[:LISTED] for place in _at(corpus, site)]
    notes = (f"({len(rest) - LISTED} more of this name)",) if len(rest) > LISTED else ()
    shown = [place for site in whole for place in _whole_or_members(corpus, site)]
    return FoundPlaces((*shown, *heads), notes, unshown)


def _length(site: IndexedDefinition) -> int:
    return site.end_line - site.start_line + 1


def pack(corpus: Corpus, target: QuestionTarget, line: int, tokens: int) -> FoundPlaces:
    """What helps to change code at a line of a document that is laid over the corpus.

    That is the definition around it with what it calls, who calls it and its tests; outside of all
    definitions it is what a completion there would be shown.
    """
    path = target.document.path
    if enclosing(corpus.outline(path), line) is not None:
        gathered = gather_evidence(corpus, "", target.lines, tokens, (), "refactor").snippets
    else:
        cursor = Cursor(line - 1, 0)
        gathered = retrieve_once(corpus, target.document, cursor, tokens, path).snippets
    places = tuple(_snippet(corpus, snippet) for snippet in gathered)
    return FoundPlaces(places, () if places else ("No other file has code that helps here.",))


def definitions_of(corpus: Corpus, symbol: str) -> tuple[list[IndexedDefinition], tuple[str, ...]]:
    """What a symbol means, the likeliest first, and the paths of what it means in hidden files.

    A symbol is a name, with its owner as in `Cart.total` or not, or one in a file, as in `src/cart.py:total`.
    """
    path, colon, rest = symbol.rpartition(":")
    if not colon or path.endswith(":") or not re.search(r"[./]", path):
        path = ""
        rest = symbol
    *owner, name = _SYMBOL.split(rest.strip().removesuffix("()"))
    sites = [site for site in corpus.definitions(name, PLACES) if site.kind != SECTION]
    if path:
        sites = [site for site in sites if f"/{site.path}".endswith(f"/{path.removeprefix('./')}")]
    shown = [site for site in sites if corpus.lines(site.path)]
    unshown = tuple(dict.fromkeys(site.path for site in sites if not corpus.lines(site.path)))
    if owner:
        shown = [
            site for site in shown if _is_owned(site, ".".join(owner))
        ] or shown  # `ctx.exit`: a variable
    tests = {site for site in shown if is_in_test(corpus, site.path, site.start_line)}
    ordered = sorted(shown, key=lambda site: (site in tests, site.parent != "", site.path))
    return _without_overloads(corpus, ordered), unshown


def _is_owned(site: IndexedDefinition, owner: str) -> bool:
    """Whether a class or a file around a definition has the owner's name."""
    stem = site.path.rpartition(".")[0].replace("/", ".")
    owners = (site.parent, stem, stem.rpartition(".")[0])
    return any(f".{owned}".endswith(f".{owner}") for owned in owners if owned)


def _without_overloads(corpus: Corpus, sites: Iterable[IndexedDefinition]) -> list[IndexedDefinition]:
    """The definitions but those that only declare how another one next to them may be called."""
    alike: dict[tuple[str, str], list[IndexedDefinition]] = {}
    for site in sites:
        alike.setdefault((site.path, site.qualified), []).append(site)
    return [
        site
        for group in alike.values()
        for site in [site for site in group[:-1] if not _is_overload(corpus, site)] + group[-1:]
    ]


def _is_overload(corpus: Corpus, site: IndexedDefinition) -> bool:
    lines = corpus.lines(site.path)[site.start_line - 1 : site.end_line]
    declares = site.path.endswith((".ts", ".tsx", ".mts", ".cts")) and site.kind in FUNCTIONS
    return bool(lines) and (
        _OVERLOAD.match(lines[0]) is not None or (declares and lines[-1].rstrip().endswith(";"))
    )


def _shown_of(corpus: Corpus, name: str) -> list[IndexedDefinition]:
    return [site for site in corpus.definitions(name, PLACES) if corpus.lines(site.path)]


def _at(corpus: Corpus, site: IndexedDefinition) -> tuple[ShownPlace, ...]:
    """A definition by its first line, with its range in the words."""
    lines = corpus.lines(site.path)
    if not lines:
        return ()
    label = f"{site.kind} {site.qualified}"
    label += f" (to {site.end_line})" if site.end_line > site.start_line else ""
    return (line_place(site.path, site.start_line, lines, label),)


def _whole_or_members(corpus: Corpus, site: IndexedDefinition) -> list[ShownPlace]:
    """The text of a definition; of a long class its beginning, and the first lines of its members."""
    members = [one for one in corpus.outline(site.path) if one.parent == site.qualified]
    if site.kind in FUNCTIONS or _length(site) <= LONG or len(members) < 2:
        return [_whole(corpus, site)]
    last = min(members[0].start_line - 1, site.start_line + BEGINNING - 1)
    lines = corpus.lines(site.path)
    label = f"{site.kind} {site.qualified} (to {site.end_line})"
    head = _block(site.path, (site.start_line, max(site.start_line, last)), lines, label)
    return [head, *(_member(one, lines) for one in members)]


def _member(site: IndexedDefinition, lines: Sequence[str]) -> ShownPlace:
    """The first line of a member, with its name where that has it not, as a decorator has not."""
    name = "" if site.name in "".join(lines[site.start_line - 1 : site.start_line]) else site.name
    until = f"(to {site.end_line})" if site.end_line > site.start_line else ""
    return line_place(site.path, site.start_line, lines, " ".join(filter(None, [name, until])))


def _whole(corpus: Corpus, site: IndexedDefinition) -> ShownPlace:
    lines = corpus.lines(site.path)
    return _block(site.path, (site.start_line, site.end_line), lines, f"{site.kind} {site.qualified}")


def no_such_name(corpus: Corpus, symbol: str) -> str:
    """That nothing has a name, and which names are like it; none that only hidden files have."""
    alike = [near for near in near_symbols(corpus, last_part(symbol)) if _shown_of(corpus, near)]
    return "Nothing here has this name." + (f" Alike: {', '.join(alike)}." if alike else "")


def last_part(symbol: str) -> str:
    """The name of a symbol without its path and owner.

    >>> last_part("src/cart.py:Cart.total")
    'total'
    """
    return _SYMBOL.split(symbol.rpartition(":")[2])[-1]


def _snippet(corpus: Corpus, snippet: Snippet) -> ShownPlace:
    whole = page_lines(snippet.path, corpus.lines(snippet.path))
    span = (snippet.start_line, snippet.end_line)
    hidden = hidden_parts(snippet.text, snippet.path, whole, (span,))
    return ShownPlace(snippet.path, *span[:1], snippet.signal, snippet.text, span[1], hidden)


def line_place(path: str, number: int, lines: Sequence[str], label: str = "") -> ShownPlace:
    """One line of a file."""
    text = lines[number - 1].rstrip("\r\n") if 0 < number <= len(lines) else ""
    return ShownPlace(path, number, label, text, 0, hidden_parts(text, path, lines, ((number, number),)))


def _block(path: str, span: tuple[int, int], lines: Sequence[str], label: str) -> ShownPlace:
    text = "".join(lines[span[0] - 1 : span[1]])
    return ShownPlace(path, span[0], label, text, span[1], hidden_parts(text, path, lines, (span,)))
