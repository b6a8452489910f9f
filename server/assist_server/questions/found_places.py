"""The places that a question probably is about, and what the best one says, before any model is asked."""

from assist_context.documents import split_lines
from assist_context.evidence.quotes import said_by_page, telling_lines
from assist_context.evidence.search_results import search_words
from assist_context.languages import is_page
from assist_escalation.prompts import Span
from assist_server.questions.decision import DecidedQuestion
from assist_server.questions.events import PlacesFound, shown_sources

PLACES = 3  # that are named
LONGEST = 200  # characters of a quoted line
TAB = 4


def places_found(decided: DecidedQuestion) -> PlacesFound | None:
    """Where the answer probably is, as far as this machine may know; None if nothing was found."""
    local = decided.local
    places = shown_sources(local.evidence.spans, local, decided.root)[:PLACES]
    if not places:
        return None
    best = local.evidence.spans[0]
    is_first = (best.origin.path, best.origin.root) == (places[0].path, places[0].root)
    name = local.evidence.names.get(best.origin, "")
    said = _said(best, name, decided.question.words) if is_first and not best.origin.outline else ()
    return PlacesFound(places, decided.root, said)


def _said(span: Span, name: str, words: str) -> tuple[str, ...]:
    """The lines of a piece that are quoted: of a page its beginning, of code what has most of the words."""
    own = split_lines(span.text.removeprefix(f"{name}\n\n"))  # without the headings above
    lines = [line.rstrip().expandtabs(TAB) for line in own]
    if is_page(span.origin.path):
        quoted = said_by_page(lines)
    else:
        quoted = [lines[at] for at in telling_lines(lines, search_words(words))]
    return tuple(line if len(line) <= LONGEST else f"{line[:LONGEST]} ..." for line in quoted)
