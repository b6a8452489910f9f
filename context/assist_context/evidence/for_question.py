"""The parts of a workspace that a question or a refactoring needs: the code it is about, what that code calls
and is called by, the definitions that the question names, pages of documentation, and tests.

Unlike `retrieval`, this wing has no deadline and no cursor. It reads the index and open documents, but no
file that has changed since it was indexed. It knows no model.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from assist_context.documents import Snippet
from assist_context.evidence.call_graph import (
    PLACES,
    SUBJECTS,
    TargetLines,
    callees,
    caller_lines,
    callers,
    find_tests,
    subjects,
)
from assist_context.evidence.example_tests import existing_tests
from assist_context.evidence.intent import QuestionIntent, read_intent
from assist_context.evidence.mentions import MentionedName, find_names, likely_meanings, named_files
from assist_context.evidence.search_results import (
    FoundPiece,
    close_ones,
    list_candidates,
    ranked_code,
    ranked_pages,
)
from assist_context.evidence.token_budget import EvidenceRoom, RoomPlan
from assist_context.index.reader import IndexedDefinition
from assist_context.pages import SECTION
from assist_context.retrieval.candidates import (
    Candidate,
    definition_candidate,
    heads_around,
    skeleton,
)
from assist_context.retrieval.corpus import Corpus

# How much of the room each signal may fill, by what is asked. The code that the question is about is worth
# most, since no answer can do without it: if it is long, it may take `room.TARGET_MOST`. What the question
# names comes before guesses of the index. Callers show what may break, callees what the code relies on. A
# signal that a plan lacks is not asked. "alone" is for a small model that edits code, and "explained" for one
# that explains it, which has to know whose part the code is: with more, it
# takes the piece that looks best to it. Of 14 renamings in pallets/click, the 1.5B made 10 with the code in
# question alone, and 2 with callers, callees and tests before it; of 6 explanations, 5 spoke of the callees.
PLANS: Mapping[str, RoomPlan] = {
    "explain": {"target": 0.6, "definition": 0.12, "callee": 0.2, "caller": 0.08},
    "test": {"target": 0.45, "test": 0.35, "definition": 0.08, "callee": 0.12},
    "fix": {"target": 0.5, "definition": 0.12, "callee": 0.16, "test": 0.12, "caller": 0.06, "search": 0.04},
    "refactor": {"target": 0.45, "definition": 0.12, "callee": 0.13, "caller": 0.22, "test": 0.08},
    "alone": {"target": 0.7, "definition": 0.3},
    "explained": {"target": 0.7, "around": 0.1, "definition": 0.2},
    "code": {
        "target": 0.4, "definition": 0.16, "callee": 0.1, "caller": 0.12, "test": 0.05, "search": 0.09,
        "page": 0.04,
    },
    "either": {
        "target": 0.3, "definition": 0.14, "callee": 0.06, "caller": 0.06, "search": 0.2, "page": 0.2,
        "test": 0.02,
    },
    "pages": {"target": 0.2, "definition": 0.05, "page": 0.6, "search": 0.1, "test": 0.03},
}  # fmt: skip
EDITED = frozenset({"fix", "refactor"})  # callers may have to change: they are shown with what is around
ALONE = frozenset({"alone", "explained"})
# Candidates of one signal. More than these are seldom read, cost time and money, and leave the machine.
MOST: Mapping[str, int] = {
    "around": 1, "definition": 8, "callee": 12, "caller": 8, "test": 4, "search": 6, "page": 6
}  # fmt: skip
OWN_MOST: Mapping[tuple[str, str], int] = {
    ("explain", "caller"): 2,  # callers that explain how code is used
    ("test", "test"): 12,  # each file of tests is proposed whole, and with fewer tests
}
FRONT_LINES = 40  # of a README: mostly what it is for, and how to begin
NAMED_WHOLE = 60  # lines: a definition that the question names is shown whole up to this length
SMALL = 1_500  # tokens; with fewer, callees are shown by their heads


@dataclass(frozen=True, slots=True)
class GatheredEvidence:
    """The snippets in the order to show them: the target first, the best of each signal first.

    `characters` is what they take, with paths and marks.
    """

    snippets: tuple[Snippet, ...] = ()
    characters: int = 0


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question with what its words name: definitions and where, and files."""

    question: str
    target: TargetLines | None
    intent: QuestionIntent
    named: Sequence[tuple[Corpus, IndexedDefinition]]
    files: Sequence[str]


def gather_evidence(
    corpus: Corpus,
    question: str,
    target: TargetLines | None,
    tokens: int,
    others: Sequence[Corpus] = (),
    command: str = "ask",
) -> GatheredEvidence:
    """At most `tokens` tokens that help to answer; names that the corpus lacks are looked up in `others`.

    `command` says what is wanted: a key of `PLANS`, or "ask" for what the words of the question say.
    A target that is neither indexed nor open gives nothing by itself.
    """
    intent = read_intent(question)
    meanings = _meanings_of_names(corpus, question, target, others, command)
    query = _Asked(question, target, intent, meanings, named_files(corpus.files(), question))
    plan = PLANS.get(command) or PLANS["code" if target and intent.kind == "either" else intent.kind]
    hits = _found_by_search(query, (corpus, *others), plan)
    if plan is PLANS["either"] and hits.by_docs:
        plan = PLANS["pages"]
    room = EvidenceRoom(tokens, plan)
    proposals = _proposals(corpus, query, hits, tokens, others, command)
    if target:
        room.take_target(corpus, target)
    for signal in plan:
        if signal != "target":
            most = OWN_MOST.get((command, signal), MOST[signal])
            room.take(signal, proposals[signal], most)
    if "page" in plan and not room.snippets:
        room.take("page", _front_page(corpus), 1)
    room.widen_page()
    return GatheredEvidence(tuple(room.snippets), room.spent)


def _front_page(corpus: Corpus) -> Iterator[Candidate]:
    """The first lines of what the project says of itself, for a question whose words find nothing."""
    for path in corpus.files().paths:
        if path.partition(".")[0].lower() == "readme":
            yield Candidate(path, ((1, FRONT_LINES),), "page", corpus)


def _meanings_of_names(
    corpus: Corpus, question: str, target: TargetLines | None, others: Sequence[Corpus], command: str
) -> list[tuple[Corpus, IndexedDefinition]]:
    """Return what the names in a question mean, with the folder that has it.

    Where code is shown alone, these are names of one thing that the code does not have yet: others are names
    of parameters more often than of code to use.
    """
    names = find_names(question)
    if command in ALONE and target:
        text = "".join(corpus.lines(target.path)[target.first - 1 : target.last])
        names = tuple(name for name in names if name.text not in text)
    definitions = [_definitions_of_name(corpus, name, target, others) for name in names]
    if command in ALONE:
        definitions = [meanings for meanings in definitions if len(meanings) == 1]
    return [meaning for meanings in definitions for meaning in meanings]


def _proposals(
    corpus: Corpus, query: _Asked, hits: "_SearchFound", tokens: int, others: Sequence[Corpus], command: str
) -> dict[str, Iterable[Candidate]]:
    """The candidates of every signal; code is found only once they are taken."""
    target = query.target
    about = subjects(corpus, target) if target else ()
    about = tuple(definition for definition in about if definition.kind != SECTION)
    about = about or tuple(definition for at, definition in query.named if at is corpus)[:SUBJECTS]
    wants_tests = bool(target) or query.intent.tests
    heads = tokens < SMALL or command == "explain"
    return {
        "around": _around(corpus, target) if target else (),
        "definition": _definitions(corpus, query.named, query.files),
        "page": list_candidates(hits.pages, "page", query.question),
        "search": list_candidates(hits.code, "search", query.question),
        "callee": callees(corpus, target, others, heads=heads) if target else (),
        "caller": (callers if command in EDITED else caller_lines)(corpus, about, tests=False),
        "test": _tests(corpus, about, target, command) if wants_tests else (),
    }


def _around(corpus: Corpus, target: TargetLines) -> Iterator[Candidate]:
    if heads := heads_around(corpus, target.path, target.first, "around"):
        yield heads


def _tests(
    corpus: Corpus, about: Sequence[IndexedDefinition], target: TargetLines | None, command: str
) -> Iterable[Candidate]:
    if command == "test":
        return existing_tests(corpus, about, target)
    return find_tests(corpus, about, target, edits=command in EDITED)


@dataclass(frozen=True, slots=True)
class _SearchFound:
    """The pages and the code that are to the point; `by_docs`: a page of a docs folder is the best of all."""

    pages: Sequence[FoundPiece]
    code: Sequence[FoundPiece]
    by_docs: bool


def _found_by_search(query: _Asked, corpora: Sequence[Corpus], plan: RoomPlan) -> _SearchFound:
    """Return what the words of a question find; what the question asks for is measured by itself."""
    question = query.question
    pages = ranked_pages(corpora, question, query.intent) if "page" in plan else []
    code = ranked_code(corpora, question, query.intent) if "search" in plan else []
    best_page = max((page.score for page in pages), default=0.0)
    best_code = max((hit.score for hit in code), default=0.0)
    best = max(best_page, best_code)
    if query.intent.kind == "pages":  # code where it has more of the words than any page
        coverage = max((page.hit.coverage for page in pages), default=0.0)
        code = [hit for hit in code if hit.hit.coverage > coverage]
    by_docs = bool(pages) and pages[0].corpus.pages and best_page >= best_code
    kind = query.intent.kind
    return _SearchFound(
        close_ones(pages, best_page if kind == "pages" else best),
        close_ones(code, best_code if kind == "code" else best),
        by_docs,
    )


def _definitions_of_name(
    corpus: Corpus, name: MentionedName, target: TargetLines | None, others: Sequence[Corpus]
) -> list[tuple[Corpus, IndexedDefinition]]:
    """Return what a name in the question means, and in which folder: the first folder that knows it."""
    near = target.path if target else ""
    for other in (corpus, *others):
        if meanings := likely_meanings(other.definitions(name.text, PLACES), name, near):
            return [(other, one) for one in meanings]
    return []


def _definitions(
    corpus: Corpus, meanings: Sequence[tuple[Corpus, IndexedDefinition]], files: Sequence[str]
) -> Iterator[Candidate]:
    """Yield what the question names: definitions, whole if they are not long, and files by their heads."""
    for at, definition in meanings:
        if definition.end_line - definition.start_line < NAMED_WHOLE:
            spans = ((definition.start_line, definition.end_line),)
            yield Candidate(definition.path, spans, "definition", at, name=definition.qualified)
        else:
            yield definition_candidate(at, definition, "definition")
    for path in files:
        if heads := skeleton(corpus, path, "definition"):
            yield heads
