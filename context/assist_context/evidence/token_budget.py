"""The room for evidence while it is filled: what was taken, what it cost, and which lines are shown already.

This module knows no signal: a plan gives the shares, and candidates come in the order of their worth.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import islice

from assist_context.documents import CHARS_PER_TOKEN, Snippet
from assist_context.evidence.call_graph import TargetLines, join_spans
from assist_context.index.reader import IndexedDefinition
from assist_context.index.terms import terms
from assist_context.languages import is_page
from assist_context.pages import SECTION, page_lines
from assist_context.retrieval.candidates import CHARACTERS, Candidate, get_text, make_snippet
from assist_context.retrieval.corpus import Corpus

MARKS = 10  # characters that a snippet costs in addition to its path and text
TARGET_MOST = 0.8  # of the room, for the code in question
NEW = 0.5  # the share of a candidate's lines that must be new
ALIKE = 0.8  # two texts that share more of their words are copies of each other
ALL = 1 << 30  # characters: a text that is not cut
LEAST = 200  # characters; a shorter piece of a section says nothing

# The share of the room for each signal, in order; unused room goes to the next one.
RoomPlan = Mapping[str, float]


class EvidenceRoom:
    """The budget while it is filled, the snippets that were taken, and which lines they show."""

    def __init__(self, tokens: int, plan: RoomPlan) -> None:
        self.characters = int(tokens * CHARS_PER_TOKEN)
        self.plan = plan
        self.spent = 0
        self.allowed = 0.0  # share of the characters for all signals so far
        self.target_share = 0.0  # share of the characters that the target took
        self.snippets: list[Snippet] = []
        self._taken: list[Candidate] = []  # of each snippet
        self.seen: dict[tuple[str, str], set[int]] = {}
        self._words: list[frozenset[str]] = []  # of each page that was taken

    def remaining(self) -> int:
        """Characters that the signals so far may still fill."""
        return int(self.allowed * self.characters) - self.spent

    def take_target(self, corpus: Corpus, target: TargetLines) -> None:
        """Takes the code in question as it is, from its first line as far as it fits."""
        self.allowed = TARGET_MOST
        budget = self.remaining() - len(target.path) - MARKS
        lines_taken: list[str] = []
        for line in corpus.lines(target.path)[max(0, target.first - 1) : target.last]:
            budget -= len(line)
            if budget < 0 or "\0" in line:
                break
            lines_taken.append(line)
        if any(line.strip() for line in lines_taken):
            first = max(1, target.first)
            candidate = Candidate(target.path, ((first, first + len(lines_taken) - 1),), "target", corpus)
            self._add(candidate, "".join(lines_taken), 1.0)
        self.target_share = self.spent / max(1, self.characters)

    def take(self, signal: str, candidates: Iterable[Candidate], most: int) -> int:
        """Takes the best candidates of one signal that show something new and fit; returns how many."""
        whole = sum(self.plan.values())
        for_target = self.plan.get("target", 0.0)
        upto = list(self.plan)[: list(self.plan).index(signal) + 1]
        shares = sum(self.plan[part] for part in upto) / whole
        # A long target leaves less than the shares say; the rest is then divided in the same proportion.
        rest = sum(self.plan[part] for part in upto if part != "target") / (whole - for_target)
        self.allowed = max(shares, self.target_share + (1 - self.target_share) * rest)
        rank = 0
        for proposal in islice(candidates, most):
            room = self.remaining() - len(proposal.path) - len(proposal.corpus.name) - 1 - MARKS
            candidate = self._unseen(proposal)
            if candidate and candidate.words:
                candidate = most_telling(candidate, min(room, CHARACTERS))
            text = get_text(candidate) if candidate else ""
            if candidate and text and len(text) <= room and not self._is_copy(candidate, text):
                rank += 1
                self._add(replace(candidate, signal=signal), text, self.plan[signal] / rank)
        return rank

    def _unseen(self, each: Candidate) -> Candidate | None:
        """A candidate without the lines that are shown already; None if few new lines are left."""
        lines = {line for first, last in each.spans for line in range(first, last + 1)}
        new = lines - self.seen.get((each.corpus.root, each.path), set())
        return replace(each, spans=join_spans(new)) if new and len(new) >= NEW * len(lines) else None

    def _is_copy(self, candidate: Candidate, text: str) -> bool:
        """Return whether a page says what another one did: an older version of it, or a generated one."""
        if not is_page(candidate.path):
            return False
        words = frozenset(terms(text))
        if any(len(words & other) > ALIKE * len(words | other) for other in self._words):
            return True
        self._words.append(words)
        return False

    def widen_page(self) -> None:
        """Shows the section that is first with what is below it, as far as there is room.

        Other pieces in it are not shown twice.
        """
        if not self.snippets or self.snippets[0].signal != "page":
            return
        first = self._taken[0]
        best = first
        section = _section_around(first)
        for last in range(first.last + 1, section.end_line + 1) if section else ():
            longer = replace(first, spans=(*first.spans[:-1], (first.spans[-1][0], last)))
            if not self._fits(longer):
                break
            best = longer
        inside = self._inside(best)
        text = get_text(best, ALL)
        self.spent += len(text) - sum(len(self.snippets[at].text) for at in inside)
        self.snippets[0] = make_snippet(best, text, self.snippets[0].score)
        self._taken[0] = best
        positions = [at for at in range(len(self.snippets)) if not at or at not in inside]
        self.snippets = [self.snippets[at] for at in positions]
        self._taken = [self._taken[at] for at in positions]

    def _inside(self, candidate: Candidate) -> list[int]:
        """The numbers of the snippets that have a line of a candidate's."""
        return [
            at
            for at, spans in enumerate(self._taken)
            if (spans.corpus.root, spans.path) == (candidate.corpus.root, candidate.path)
            and spans.first <= candidate.last
            and candidate.first <= spans.last
        ]

    def _fits(self, candidate: Candidate) -> bool:
        """Return whether a candidate fits in place of the snippets that it has in it."""
        text = get_text(candidate, ALL)
        instead = sum(len(self.snippets[at].text) for at in self._inside(candidate))
        return len(text) <= min(CHARACTERS, self.characters - self.spent + instead)

    def _add(self, candidate: Candidate, text: str, score: float) -> None:
        snippet = make_snippet(candidate, text, score)
        self.snippets.append(snippet)
        self._taken.append(candidate)
        self.spent += len(text) + len(snippet.path) + MARKS
        lines_shown = self.seen.setdefault((candidate.corpus.root, candidate.path), set())
        lines_shown.update(line for first, last in candidate.spans for line in range(first, last + 1))


def _section_around(candidate: Candidate) -> IndexedDefinition | None:
    """The innermost section of a page that holds a candidate's lines."""
    around = [
        section
        for section in candidate.corpus.outline(candidate.path)
        if section.kind == SECTION
        and section.start_line <= candidate.first
        and candidate.last <= section.end_line
    ]
    return min(around, key=lambda section: section.end_line - section.start_line, default=None)


def most_telling(candidate: Candidate, most: int) -> Candidate | None:
    """A candidate as far as `most` characters go: the neighbouring lines with most of its words.

    Among equals the first lines win, since a section says at its start what it is about.
    """
    room = most - len(candidate.name) - 2
    lines = page_lines(candidate.path, candidate.corpus.lines(candidate.path))
    numbers = [line for first, last in candidate.spans for line in range(first, min(last, len(lines)) + 1)]
    if sum(len(lines[number - 1]) for number in numbers) <= room:
        return candidate
    if room < LEAST:
        return None
    words_by_line = [candidate.words.intersection(terms(lines[number - 1])) for number in numbers]
    best = (0, 0, 0)
    inside: Counter[str] = Counter()
    start = 0
    size = 0
    for end, number in enumerate(numbers):
        inside.update(words_by_line[end])
        size += len(lines[number - 1])
        while start <= end and size > room:
            inside.subtract(words_by_line[start])
            size -= len(lines[numbers[start] - 1])
            start += 1
        inside = +inside
        best = max(best, (len(inside), -start, end), key=lambda each: each[:2])
        if -best[1] == start and best[0] == len(inside):
            best = (best[0], best[1], end)  # the same lines, and more
    best_numbers = numbers[-best[1] : best[2] + 1]
    return replace(candidate, spans=join_spans(best_numbers)) if best_numbers else None
