"""The parts of a workspace that a question or a refactoring needs: the code it is about, what that code calls
and is called by, the definitions that the question names, tests, and a map of the rest.

Unlike `retrieval`, this wing has no deadline and no cursor. It reads the index and open documents, but no
file that has changed since it was indexed. It knows no model.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from assist_context.documents import CHARS_PER_TOKEN, Snippet
from assist_context.evidence.call_graph import (
    PLACES,
    SUBJECTS,
    TargetLines,
    callees,
    callers,
    spans_of,
    subjects,
    tests_of,
)
from assist_context.evidence.mentions import MentionedName, likely_meanings, named_files, names_in
from assist_context.index.reader import IndexedDefinition
from assist_context.index.terms import terms
from assist_context.relations.repo_map import MapBudget, rank_files, repo_map
from assist_context.retrieval import signals
from assist_context.retrieval.candidates import Candidate, definition_candidate, skeleton, snippet_of, text_of
from assist_context.retrieval.corpus import Corpus
from assist_context.retrieval.cursor_query import identifiers

MARKS = 10  # characters that a snippet costs in addition to its path and text
# How much of the room each signal may fill, in this order; unused room goes to the next signal. The code that
# the question is about is worth most, since no answer can do without it: if it is long, it may take
# `TARGET_MOST`. Definitions that the question names come before guesses of the index. Callers show what may
# break, callees what the code relies on: both take only a few lines. Tests and search cover what names do not
# tell. The map gets the rest, and always a little: it is all that a general question has.
SHARES: Mapping[str, float] = {
    "target": 0.4,
    "definition": 0.16,
    "callee": 0.1,
    "caller": 0.12,
    "test": 0.07,
    "search": 0.07,
    "map": 0.08,
}
TARGET_MOST = 0.8
MOST = 24  # candidates of one signal
NAMED_WHOLE = 60  # lines: a definition that the question names is shown whole up to this length
NEW = 0.5  # the share of a candidate's lines that must be new
MAPPED = 16  # files of a map


@dataclass(frozen=True, slots=True)
class GatheredEvidence:
    """The snippets in the order to show them: by signal as in `SHARES`, the best of each signal first.

    `characters` is what they take, with paths and marks.
    """

    snippets: tuple[Snippet, ...] = ()
    characters: int = 0


def gather_evidence(
    corpus: Corpus, question: str, target: TargetLines | None, tokens: int, others: Sequence[Corpus] = ()
) -> GatheredEvidence:
    """At most `tokens` tokens that help to answer; names that the corpus lacks are looked up in `others`.

    A target that is neither indexed nor open gives nothing by itself.
    """
    room = _EvidenceRoom(int(tokens * CHARS_PER_TOKEN))
    named = [
        each for name in names_in(question) for each in _definitions_of_name(corpus, name, target, others)
    ]
    files = named_files(corpus.files(), question)
    about = subjects(corpus, target) if target else ()
    about = about or tuple(each for at, each in named if at is corpus)[:SUBJECTS]
    proposals: dict[str, Iterable[Candidate]] = {
        "definition": _definitions(corpus, named, files),
        "callee": callees(corpus, target, others) if target else (),
        "caller": callers(corpus, about, tests=False),
        "test": tests_of(corpus, about, target),
        "search": _search_candidates((corpus, *others), question),
    }
    if target:
        room.take_target(corpus, target)
    for signal, candidates in proposals.items():
        room.take(signal, candidates)
    room.take("map", _map_candidates(corpus, room, target, files))
    return GatheredEvidence(tuple(room.snippets), room.spent)


class _EvidenceRoom:
    """The budget while it is filled, the snippets that were taken, and which lines they show."""

    def __init__(self, characters: int) -> None:
        self.characters = characters
        self.spent = 0
        self.allowed = 0.0  # share of the characters for all signals so far
        self.target_share = 0.0  # share of the characters that the target took
        self.snippets: list[Snippet] = []
        self.seen: dict[tuple[str, str], set[int]] = {}

    def remaining(self) -> int:
        """Characters that the signals so far may still fill."""
        return int(self.allowed * self.characters) - self.spent

    def take_target(self, corpus: Corpus, target: TargetLines) -> None:
        """Takes the code in question as it is, from its first line as far as it fits."""
        self.allowed = TARGET_MOST
        left = self.remaining() - len(target.path) - MARKS
        taken: list[str] = []
        for line in corpus.lines(target.path)[max(0, target.first - 1) : target.last]:
            left -= len(line)
            if left < 0 or "\0" in line:
                break
            taken.append(line)
        if any(line.strip() for line in taken):
            first = max(1, target.first)
            candidate = Candidate(target.path, ((first, first + len(taken) - 1),), "target", corpus)
            self._add(candidate, "".join(taken), 1.0)
        self.target_share = self.spent / max(1, self.characters)

    def take(self, signal: str, candidates: Iterable[Candidate]) -> None:
        """Takes the best candidates of one signal that show something new and fit."""
        shares = [share for each, share in SHARES.items() if each not in _signals_after(signal)]
        # A long target leaves less than the shares say; the rest is then divided in the same proportion.
        rest = sum(shares[1:]) / (1 - SHARES["target"])
        self.allowed = max(sum(shares), self.target_share + (1 - self.target_share) * rest)
        rank = 0
        for each in islice(candidates, MOST):
            candidate = self._unseen(each)
            text = text_of(candidate) if candidate else ""
            if candidate and text and len(text) + len(each.path) + MARKS <= self.remaining():
                rank += 1
                self._add(replace(candidate, signal=signal), text, SHARES[signal] / rank)

    def allow_all(self) -> None:
        """Lets the last signal fill everything that is left."""
        self.allowed = 1.0

    def _unseen(self, each: Candidate) -> Candidate | None:
        """A candidate without the lines that are shown already; None if few new lines are left."""
        wanted = {line for first, last in each.spans for line in range(first, last + 1)}
        new = wanted - self.seen.get((each.corpus.root, each.path), set())
        return replace(each, spans=spans_of(new)) if new and len(new) >= NEW * len(wanted) else None

    def _add(self, candidate: Candidate, text: str, score: float) -> None:
        snippet = snippet_of(candidate, text, score)
        self.snippets.append(snippet)
        self.spent += len(text) + len(snippet.path) + MARKS
        shown = self.seen.setdefault((candidate.corpus.root, candidate.path), set())
        shown.update(line for first, last in candidate.spans for line in range(first, last + 1))


def _signals_after(signal: str) -> Sequence[str]:
    order = list(SHARES)
    return order[order.index(signal) + 1 :]


def _definitions_of_name(
    corpus: Corpus, name: MentionedName, target: TargetLines | None, others: Sequence[Corpus]
) -> list[tuple[Corpus, IndexedDefinition]]:
    """What a name in the question means, and in which folder: the first folder that knows it."""
    near = target.path if target else ""
    for each in (corpus, *others):
        if meanings := likely_meanings(each.definitions(name.text, PLACES), name, near):
            return [(each, one) for one in meanings]
    return []


def _definitions(
    corpus: Corpus, named: Sequence[tuple[Corpus, IndexedDefinition]], files: Sequence[str]
) -> Iterator[Candidate]:
    """What the question names: definitions, whole if they are not long, and files by their heads."""
    for at, definition in named:
        if definition.end_line - definition.start_line < NAMED_WHOLE:
            yield Candidate(
                definition.path, ((definition.start_line, definition.end_line),), "definition", at
            )
        else:
            yield definition_candidate(at, definition, "definition")
    for path in files:
        if heads := skeleton(corpus, path, "definition"):
            yield heads


def _search_candidates(corpora: Sequence[Corpus], question: str) -> Iterator[Candidate]:
    """The chunks that share the question's rarest words, by name, path and body."""
    words = [term for word in identifiers(tuple(question.splitlines())) for term in terms(word)]
    for corpus in corpora:
        for hit in corpus.search(words, MOST, patient=True):
            last = min(hit.end_line, hit.start_line + signals.LINES - 1)
            if hit.path not in corpus.opened:
                yield Candidate(hit.path, ((hit.start_line, last),), "search", corpus)
                continue
            # The search knows the saved file; in the open document the lines may have moved.
            for each in corpus.outline(hit.path):
                if hit.name == (f"{each.parent}.{each.name}" if each.parent else each.name):
                    yield definition_candidate(corpus, each, "search")
                    break


def _map_candidates(
    corpus: Corpus, room: _EvidenceRoom, target: TargetLines | None, files: Sequence[str]
) -> Iterator[Candidate]:
    """The heads that matter most for the target, and for the named, open and found files."""
    weights = {path: 0.3 for root, path in room.seen if root == corpus.root}
    favoured = weights | dict.fromkeys(corpus.opened, 0.5) | dict.fromkeys(files, 1.0)
    if target:
        favoured[target.path] = 1.0

    def heads(each: IndexedDefinition) -> str | None:
        lines = corpus.lines(each.path)[each.start_line - 1 : each.start_line - 1 + each.head_lines]
        return "".join(lines).rstrip("\n") or None

    room.allow_all()
    budget = MapBudget(max(0, room.remaining()), 1 << 20)
    shown = {target.path} if target else set()
    for mapped in repo_map(rank_files(corpus.graph(), favoured), corpus, heads, budget, shown)[:MAPPED]:
        lines = {
            line
            for head in mapped.heads
            for line in range(head.start_line, head.start_line + head.text.count("\n") + 1)
        }
        yield Candidate(mapped.path, spans_of(lines), "map", corpus, mapped.rank)
