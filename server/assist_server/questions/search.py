"""The lines that answer a question, found by a search: a way to answer without a model (`session`).

They are shown before any answer to such a question. Where a small model on this machine would give it, they
are the answer, unless its sentences are wanted.
"""

from typing import TYPE_CHECKING

from assist_context.code.definitions import FUNCTIONS
from assist_context.code.names.occurrences import NameReader
from assist_context.code.trees.parsed_text import ParsedText
from assist_context.documents import Document
from assist_context.evidence.call_graph import apart, is_in_test
from assist_context.evidence.line_search import search_places
from assist_context.evidence.weighed_file import FoundLines
from assist_context.facts.code_uses import CodeUse, sure_uses
from assist_context.languages import language_of
from assist_server.questions.events import FoundPlace, PlacesFound, end_without_model, folder_from_home
from assist_server.questions.session import BY_SEARCH, Applicability, AskedQuestion
from assist_server.threads.thread_prompts import add_meant_names

if TYPE_CHECKING:
    from assist_server.questions.decision import AnswerContext
    from assist_server.questions.events import FinalAnswer
    from assist_server.questions.session import AnswerSession

name = "search"
asks_models = False

MOST = 3  # places
LONGEST = 200  # characters of a line
TAB = 4
SEARCH_WHY = "in our test, 7 of 13 sentences of a small model about how code works were wrong"


def applies(query: AskedQuestion) -> Applicability:
    """Return whether the places are the whole answer; they are found in any case.

    They are where no provider is to answer, and no sentences of the model on this machine are wanted.
    """
    question, decision = query.question, query.decision
    if question.command != "ask" or question.material:
        return Applicability(False, "it is not a question in words")
    places = found_places(query) if query.answered else None
    if query.by_models or query.local_prose or question.wish == "frontier":
        return Applicability(False, "a model was asked for", places=places)
    if decision is None or decision.target == "frontier":
        return Applicability(False, "a provider was chosen", places=places)
    return Applicability(True, SEARCH_WHY, cause=BY_SEARCH, places=places)


async def answer(context: "AnswerContext", session: "AnswerSession") -> "FinalAnswer":
    """The end of a question whose places were shown."""
    if cause := context.rules.barred[0]:
        await session.record_refusal(context, cause)
    places = context.places.places if context.places is not None else ()
    names = ", ".join(
        f"`{place.inside}`" for place in places if place.inside
    )  # a further question may mean one
    return end_without_model(context, "", f"See {names}." if names else "A search answers this.")


def found_places(query: AskedQuestion) -> PlacesFound:
    """The places of a question, with who calls what is there."""
    corpus, others = query.folders.corpus, query.folders.others
    words = add_meant_names(query.question.words, query.question.thread)
    places = search_places((corpus, *others), words, MOST)
    return PlacesFound(
        tuple(_found_place(place, corpus.root) for place in places.places), corpus.root, places.sure
    )


def _found_place(place: FoundLines, root: str) -> FoundPlace:
    """A place as it is shown."""
    callers, tests = apart(place.corpus, _uses(place))
    return FoundPlace(
        place.path,
        place.line,
        place.first,
        place.last,
        place.name,
        _cut(place.text),
        tuple(dict.fromkeys(use.inside or f"{use.path}:{use.line}" for use in callers)),
        len(tests),
        place.corpus.root,
        folder_from_home(place.corpus.root) if place.corpus.root != root else "",
    )


def _uses(place: FoundLines) -> list[CodeUse]:
    """The lines that certainly use the function that a place is in."""
    at = place.inside
    if at is None or at.kind not in FUNCTIONS or is_in_test(place.corpus, place.path, place.line):
        return []
    document = Document(place.path, tuple(place.corpus.lines(place.path)), language_of(place.path))
    return sure_uses(place.corpus, at, NameReader(ParsedText(document)))


def _cut(text: tuple[str, ...]) -> tuple[str, ...]:
    """Lines without the indentation that all have, and long ones cut."""
    lines = [line.expandtabs(TAB) for line in text]
    indent = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    lines_shown = [line[indent:] for line in lines]
    return tuple(line if len(line) <= LONGEST else f"{line[:LONGEST]} ..." for line in lines_shown)
