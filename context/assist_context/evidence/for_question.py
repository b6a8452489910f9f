"""What of the workspace a question or a refactoring needs: the code it is about, what that calls and is
called by, what the question names, its tests, and a map of the rest.

Unlike `retrieval` it has no deadline and no cursor. It reads the index and open documents, never a file as
it is now where that differs, and knows no model.
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
    covering,
    spans_of,
    subjects,
)
from assist_context.evidence.mentions import MentionedName, meant, named_files, names_in
from assist_context.index.reader import IndexedDefinition
from assist_context.index.terms import terms
from assist_context.relations.repo_map import MapBudget, ranked, repo_map
from assist_context.retrieval import signals
from assist_context.retrieval.candidates import Candidate, of_definition, skeleton, snippet_of, text_of
from assist_context.retrieval.corpus import Corpus
from assist_context.retrieval.cursor_query import identifiers

MARKS = 10  # characters that a snippet costs beside its path and text
# How much of the room each signal may fill, in this order; what one leaves goes to the next. The code that
# is asked about is worth most, since no answer can do without it: where it is long it takes `TARGET_MOST`.
# What the question names comes before what the index guesses. Callers say what may break, callees what is
# relied on: both are shown by a few lines. Tests and search are there for what names do not tell. The map
# gets what is left, and a little in any case: it is what a general question has.
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
NAMED_WHOLE = 60  # lines: what a question names is shown whole up to here
NEW = 0.5  # share of a candidate's lines that must not be on view yet
MAPPED = 16  # files of a map


@dataclass(frozen=True, slots=True)
class Gathered:
    """The snippets in the order to show them: by signal as in `SHARES`, of each the best first.

    `characters` is what they take, paths and marks included.
    """

    snippets: tuple[Snippet, ...] = ()
    characters: int = 0


def answerable(
    corpus: Corpus, question: str, target: TargetLines | None, tokens: int, others: Sequence[Corpus] = ()
) -> Gathered:
    """At most `tokens` tokens that help to answer; names that the corpus lacks are looked for in `others`.

    A target that is neither indexed nor open gives nothing by itself.
    """
    room = _EvidenceRoom(int(tokens * CHARS_PER_TOKEN))
    named = [each for name in names_in(question) for each in _defined(corpus, name, target, others)]
    files = named_files(corpus.files(), question)
    about = subjects(corpus, target) if target else ()
    about = about or tuple(each for at, each in named if at is corpus)[:SUBJECTS]
    asks: dict[str, Iterable[Candidate]] = {
        "definition": _definitions(corpus, named, files),
        "callee": callees(corpus, target, others) if target else (),
        "caller": callers(corpus, about, tests=False),
        "test": covering(corpus, about, target),
        "search": _searched((corpus, *others), question),
    }
    if target:
        room.take_target(corpus, target)
    for signal, found in asks.items():
        room.take(signal, found)
    room.take("map", _mapped(corpus, room, target, files))
    return Gathered(tuple(room.snippets), room.spent)


class _EvidenceRoom:
    """The budget while it is filled, what was taken, and which lines are on view."""

    def __init__(self, characters: int) -> None:
        self.characters = characters
        self.spent = 0
        self.allowed = 0.0  # of the characters, up to and with the signals so far
        self.asked = 0.0  # of the characters, for the target
        self.snippets: list[Snippet] = []
        self.seen: dict[tuple[str, str], set[int]] = {}

    def left(self) -> int:
        """Characters that the signals so far may still fill."""
        return int(self.allowed * self.characters) - self.spent

    def take_target(self, corpus: Corpus, target: TargetLines) -> None:
        """The code in question as it stands, from its first line as far as it may go."""
        self.allowed = TARGET_MOST
        left = self.left() - len(target.path) - MARKS
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
        self.asked = self.spent / max(1, self.characters)

    def take(self, signal: str, found: Iterable[Candidate]) -> None:
        """The best of one signal that say something new and fit."""
        shares = [share for each, share in SHARES.items() if each not in _after(signal)]
        # A long target leaves less than the shares say; what is left is then divided alike.
        rest = sum(shares[1:]) / (1 - SHARES["target"])
        self.allowed = max(sum(shares), self.asked + (1 - self.asked) * rest)
        rank = 0
        for each in islice(found, MOST):
            candidate = self._unseen(each)
            text = text_of(candidate) if candidate else ""
            if candidate and text and len(text) + len(each.path) + MARKS <= self.left():
                rank += 1
                self._add(replace(candidate, signal=signal), text, SHARES[signal] / rank)

    def _unseen(self, each: Candidate) -> Candidate | None:
        """A candidate without the lines that are on view; None if those are most of it."""
        wanted = {line for first, last in each.spans for line in range(first, last + 1)}
        new = wanted - self.seen.get((each.corpus.root, each.path), set())
        return replace(each, spans=spans_of(new)) if new and len(new) >= NEW * len(wanted) else None

    def _add(self, candidate: Candidate, text: str, score: float) -> None:
        snippet = snippet_of(candidate, text, score)
        self.snippets.append(snippet)
        self.spent += len(text) + len(snippet.path) + MARKS
        shown = self.seen.setdefault((candidate.corpus.root, candidate.path), set())
        shown.update(line for first, last in candidate.spans for line in range(first, last + 1))


def _after(signal: str) -> Sequence[str]:
    order = list(SHARES)
    return order[order.index(signal) + 1 :]


def _defined(
    corpus: Corpus, name: MentionedName, target: TargetLines | None, others: Sequence[Corpus]
) -> list[tuple[Corpus, IndexedDefinition]]:
    """What a name of the question means, and in which folder: the first that knows it."""
    near = target.path if target else ""
    for each in (corpus, *others):
        if found := meant(each.definitions(name.text, PLACES), name, near):
            return [(each, one) for one in found]
    return []


def _definitions(
    corpus: Corpus, named: Sequence[tuple[Corpus, IndexedDefinition]], files: Sequence[str]
) -> Iterator[Candidate]:
    """What the question names: definitions, whole where they are not long, and files by their heads."""
    for at, found in named:
        if found.end_line - found.start_line < NAMED_WHOLE:
            yield Candidate(found.path, ((found.start_line, found.end_line),), "definition", at)
        else:
            yield of_definition(at, found, "definition")
    for path in files:
        if heads := skeleton(corpus, path, "definition"):
            yield heads


def _searched(corpora: Sequence[Corpus], question: str) -> Iterator[Candidate]:
    """The chunks that share the question's rarest words, by name, path and body."""
    words = [term for word in identifiers(tuple(question.splitlines())) for term in terms(word)]
    for corpus in corpora:
        for hit in corpus.search(words, MOST, patient=True):
            last = min(hit.end_line, hit.start_line + signals.LINES - 1)
            if hit.path not in corpus.opened:
                yield Candidate(hit.path, ((hit.start_line, last),), "search", corpus)
                continue
            # Found by what was saved; what is open may have moved it.
            for each in corpus.outline(hit.path):
                if hit.name == (f"{each.parent}.{each.name}" if each.parent else each.name):
                    yield of_definition(corpus, each, "search")
                    break


def _mapped(
    corpus: Corpus, room: _EvidenceRoom, target: TargetLines | None, files: Sequence[str]
) -> Iterator[Candidate]:
    """The heads that matter most for the files in hand: the target's, the named, the open and the found."""
    found = {path: 0.3 for root, path in room.seen if root == corpus.root}
    favoured = found | dict.fromkeys(corpus.opened, 0.5) | dict.fromkeys(files, 1.0)
    if target:
        favoured[target.path] = 1.0

    def heads(each: IndexedDefinition) -> str | None:
        lines = corpus.lines(each.path)[each.start_line - 1 : each.start_line - 1 + each.head_lines]
        return "".join(lines).rstrip("\n") or None

    room.allowed = 1.0
    budget = MapBudget(max(0, room.left()), 1 << 20)
    in_hand = {target.path} if target else set()
    for mapped in repo_map(ranked(corpus.graph(), favoured), corpus, heads, budget, in_hand)[:MAPPED]:
        lines = {
            line
            for head in mapped.heads
            for line in range(head.start_line, head.start_line + head.text.count("\n") + 1)
        }
        yield Candidate(mapped.path, spans_of(lines), "map", corpus, mapped.rank)
