"""What an agent looks up: code by words, a definition, who uses it, and what helps at a line.

Each function gives places of the folder. The facts are the context package's; here it is decided which of
them a result needs. The corpus hides what may not be shown, so no line of such a file is read here.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from assist_context.documents import Cursor, Document, Snippet
from assist_context.evidence.call_graph import PLACES, enclosing
from assist_context.evidence.for_question import gather_evidence
from assist_context.evidence.intent import intent_of
from assist_context.evidence.mentions import MentionedName, is_test, likely_meanings, names_in
from assist_context.evidence.search_results import FoundPiece, ranked_code, ranked_pages, search_words
from assist_context.facts.code_uses import CodeUse, uses_of
from assist_context.index.reader import IndexedDefinition
from assist_context.index.terms import terms
from assist_context.languages import language_of
from assist_context.pages import SECTION, page_lines
from assist_context.retrieval.corpus import Corpus
from assist_context.retrieval.retriever import retrieve_once
from assist_context.syntax.scopes.occurrences import NameReader
from assist_context.syntax.scopes.parsed_text import ParsedText
from assist_escalation.redaction.cut_pieces import hidden_parts
from assist_server.mcp_server.result_text import ShownPlace
from assist_server.questions.targets import QuestionTarget, near_symbols

FOUND = 10  # places of a search
TELLING = 2  # lines of a place that say most, next to its head
LISTED = 20  # definitions of one name
MEANT = 3  # definitions of one name whose uses are looked up
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
    intent = intent_of(query)
    words = frozenset(search_words(query))
    named = [
        _at(corpus, site)
        for site in _named_definitions(corpus, query)
        if _may_list(corpus, site.path, within)
    ]
    pieces = sorted(
        [*ranked_code([corpus], query, intent), *ranked_pages([corpus], query, intent)],
        key=lambda piece: -piece.score,
    )
    found: dict[tuple[str, int], tuple[ShownPlace, ...]] = {
        (group[0].path, group[0].line): group for group in named if group
    }
    for piece in pieces:
        if len(found) == FOUND:
            break
        if _may_list(corpus, piece.hit.path, within):
            group = _piece_places(corpus, piece, words)
            if group:
                found.setdefault((group[0].path, group[0].line), group)
    places = tuple(place for group in found.values() for place in group)
    return FoundPlaces(places, () if places else ("Nothing here has these words.",))


def definition(corpus: Corpus, symbol: str) -> FoundPlaces:
    """Where a name is defined: its whole text if there is one such definition, else the heads of all."""
    found, unshown = definitions_of(corpus, symbol)
    if not found:
        return FoundPlaces((), () if unshown else (_unknown(corpus, symbol),), unshown)
    if len(found) == 1:
        return FoundPlaces((_whole(corpus, found[0]),), (), unshown)
    heads = [place for site in found[:LISTED] for place in _at(corpus, site)]
    notes = (f"({len(found) - LISTED} more of this name)",) if len(found) > LISTED else ()
    return FoundPlaces(tuple(heads), notes, unshown)


def references(corpus: Corpus, symbol: str, kind: str = "all") -> FoundPlaces:
    """The lines that use what a name means; `kind`: "all", or only "tests" or "code", which is all else."""
    found, unshown = definitions_of(corpus, symbol)
    if not found:
        if unshown:
            return FoundPlaces((), (), unshown)
        return _uses_of_unknown(corpus, symbol, kind)
    places: list[ShownPlace] = []
    notes: list[str] = []
    for site in found[:MEANT]:
        document = Document(site.path, tuple(corpus.lines(site.path)), language_of(site.path))
        used = uses_of(corpus, site, NameReader(ParsedText(document)))[0]
        unshown = (*unshown, *(use.path for use in used if not corpus.lines(use.path)))
        used = [use for use in used if corpus.lines(use.path)]
        wanted = [use for use in used if _is_kind(use.path, kind)]
        if not wanted:  # whose name others have too: all that has the name is more than nothing
            wanted = [use for use in _by_name(corpus, site) if _is_kind(use.path, kind) and use not in used]
            used += wanted
        head = f"{site.kind} {site.qualified}, used {len(wanted)} times"
        uses = [_use(corpus, use) for use in sorted(wanted, key=_order)]
        places += [ShownPlace(site.path, site.start_line, head), *uses]
        notes += _rest_words(corpus, site, used, kind)
    if len(found) > MEANT:
        notes.append(f"({len(found) - MEANT} more definitions: name one as Owner.name or PATH:name)")
    return FoundPlaces(tuple(places), tuple(dict.fromkeys(notes)), unshown)


def _by_name(corpus: Corpus, site: IndexedDefinition) -> list[CodeUse]:
    """All lines outside of a definition that have its name, in files that may be shown."""
    own = range(site.start_line, site.end_line + 1)
    found = {(at.path, at.line): at for at in corpus.references(site.name, PLACES) if corpus.lines(at.path)}
    return [
        CodeUse(path, line, at.inside, sure=False)
        for (path, line), at in found.items()
        if path != site.path or line not in own
    ]


def _rest_words(corpus: Corpus, site: IndexedDefinition, used: Sequence[CodeUse], kind: str) -> Iterator[str]:
    """How many uses are of the other kind, and how many shown lines only have the name."""
    others = sum(1 for use in used if not _is_kind(use.path, kind))
    if others:
        yield f"({others} more in {'other code' if kind == 'tests' else 'tests'})"
    named = {(use.path, use.line) for use in _by_name(corpus, site)}
    rest = len(named - {(use.path, use.line) for use in used})
    if rest:
        yield f"({rest} other lines have the name {site.name}, and may mean another one)"


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
    return FoundPlaces(places, () if places else ("Nothing in other files helps here.",))


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
    return _distinct(
        sorted(shown, key=lambda site: (is_test(site.path), site.parent != "", site.path))
    ), unshown


def _is_owned(site: IndexedDefinition, owner: str) -> bool:
    """Whether a class or a file around a definition has the owner's name."""
    stem = site.path.rpartition(".")[0].replace("/", ".")
    owners = (site.parent, stem, stem.rpartition(".")[0])
    return any(f".{owned}".endswith(f".{owner}") for owned in owners if owned)


def _distinct(sites: Iterable[IndexedDefinition]) -> list[IndexedDefinition]:
    """Of overloads the last one, which does something."""
    return list({(site.path, site.qualified): site for site in sites}.values())


def _named_definitions(corpus: Corpus, query: str) -> list[IndexedDefinition]:
    """What the identifiers in a query mean; a query of one word is one."""
    names = names_in(query)
    if not names and re.fullmatch(r"[^\W\d]\w*", query.strip()):
        names = (MentionedName(query.strip()),)
    found = [site for name in names for site in likely_meanings(_shown_of(corpus, name.text), name, "")]
    return _distinct(found)[: FOUND // 2]


def _shown_of(corpus: Corpus, name: str) -> list[IndexedDefinition]:
    return [site for site in corpus.definitions(name, PLACES) if corpus.lines(site.path)]


def _may_list(corpus: Corpus, path: str, within: str) -> bool:
    return path.startswith(within) and not corpus.hides(path)


def _at(corpus: Corpus, site: IndexedDefinition) -> tuple[ShownPlace, ...]:
    """A definition by its first line, with its range in the words."""
    lines = corpus.lines(site.path)
    if not lines:
        return ()
    label = f"{site.kind} {site.qualified}"
    label += f" (to {site.end_line})" if site.end_line > site.start_line else ""
    return (_line(site.path, site.start_line, lines, label),)


def _whole(corpus: Corpus, site: IndexedDefinition) -> ShownPlace:
    lines = corpus.lines(site.path)
    return _block(site.path, (site.start_line, site.end_line), lines, f"{site.kind} {site.qualified}")


def _piece_places(corpus: Corpus, piece: FoundPiece, words: frozenset[str]) -> tuple[ShownPlace, ...]:
    """A hit of a search: what it is, and the lines in it that have most of the words."""
    hit = piece.hit
    lines = page_lines(hit.path, corpus.lines(hit.path))
    inside = range(hit.start_line, min(hit.end_line, len(lines)) + 1)
    if not inside:
        return ()
    label = hit.name + (f" (to {hit.end_line})" if hit.end_line > hit.start_line else "")
    scored = [(len(words & {*terms(lines[number - 1])}), number) for number in inside[1:]]
    best = sorted(sorted(scored, key=lambda one: (-one[0], one[1]))[:TELLING], key=lambda one: one[1])
    telling = [_line(hit.path, number, lines) for score, number in best if score]
    return (_line(hit.path, hit.start_line, lines, label.strip()), *telling)


def _use(corpus: Corpus, use: CodeUse) -> ShownPlace:
    lines = corpus.lines(use.path)
    label = f"in {use.inside}" if use.inside else ""
    return _line(use.path, use.line, lines, label if use.sure else f"{label} (by name)".strip())


def _order(use: CodeUse) -> tuple[bool, str, int]:
    return is_test(use.path), use.path, use.line


def _is_kind(path: str, kind: str) -> bool:
    return kind == "all" or is_test(path) == (kind == "tests")


def _uses_of_unknown(corpus: Corpus, symbol: str, kind: str) -> FoundPlaces:
    """The uses of a name that nothing in the folder defines."""
    name = _SYMBOL.split(symbol.rpartition(":")[2])[-1]
    sites = sorted({(site.path, site.line, site.inside) for site in corpus.references(name, PLACES)})
    uses = [CodeUse(*site, sure=True) for site in sites if _is_kind(site[0], kind)]
    shown = tuple(_use(corpus, use) for use in sorted(uses, key=_order) if corpus.lines(use.path))
    unshown = tuple(use.path for use in uses if not corpus.lines(use.path))
    if not shown:
        return FoundPlaces((), () if unshown else (_unknown(corpus, symbol),), unshown)
    return FoundPlaces(shown, ("(nothing here defines it)",), unshown)


def _unknown(corpus: Corpus, symbol: str) -> str:
    """That nothing has a name, and which names are like it; none that only hidden files have."""
    name = _SYMBOL.split(symbol.rpartition(":")[2])[-1]
    alike = [near for near in near_symbols(corpus, name) if _shown_of(corpus, near)]
    return "Nothing here has this name." + (f" Alike: {', '.join(alike)}." if alike else "")


def _snippet(corpus: Corpus, snippet: Snippet) -> ShownPlace:
    whole = page_lines(snippet.path, corpus.lines(snippet.path))
    span = (snippet.start_line, snippet.end_line)
    hidden = hidden_parts(snippet.text, snippet.path, whole, (span,))
    return ShownPlace(snippet.path, *span[:1], snippet.signal, snippet.text, span[1], hidden)


def _line(path: str, number: int, lines: Sequence[str], label: str = "") -> ShownPlace:
    text = lines[number - 1].rstrip("\r\n") if 0 < number <= len(lines) else ""
    return ShownPlace(path, number, label, text, 0, hidden_parts(text, path, lines, ((number, number),)))


def _block(path: str, span: tuple[int, int], lines: Sequence[str], label: str) -> ShownPlace:
    text = "".join(lines[span[0] - 1 : span[1]])
    return ShownPlace(path, span[0], label, text, span[1], hidden_parts(text, path, lines, (span,)))
