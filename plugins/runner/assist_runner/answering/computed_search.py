"""A fix that is computed: small changes of suspicious lines, tried against the tests that fail.

Suspicious is what failing tests run and others do not, in the code in question, in what it calls, and in what
these tests run elsewhere. What passes is judged like any other edit. This module asks no one and knows no
model.
"""

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, groupby, islice

from assist_context.languages import language_of
from assist_context.relations.counterparts import is_test
from assist_escalation.edits.plan import MARK, Base, EditError, EditPlan, hash_text
from assist_escalation.edits.planner import plan_of_texts
from assist_runner.answering.referee_plan import RefereePlan
from assist_runner.computed_fixes.changes import CodeChange, changes
from assist_runner.computed_fixes.failures import FailureFacts, failure_of, find_failed
from assist_runner.computed_fixes.suspicion import (
    CodeLine,
    CodePlace,
    Line,
    Suspicions,
    TestLines,
    suspicions,
)
from assist_runner.referee.candidate_runs import FixCandidate
from assist_runner.referee.edit_proof import EditVerdict, is_accepted
from assist_runner.referee.edit_referee import EditReferee
from assist_runner.referee.executed_lines import statement_starts
from assist_runner.referee.failing_tests import failing_test
from assist_server.questions.draft import Question
from assist_server.questions.events import DocumentVersions

COMPUTED_WHY = "tests accept a small change that was computed"  # why no model's edit is offered
SEARCH_SECONDS = 60.0
MAX_CANDIDATES = 600
MAX_FILES = 6  # other files that failing tests run, in which an error is looked for
SLOW = 2.0  # seconds for a change, at which a user may want to name fewer tests
SHOWN = 3  # suspicious lines, and changes that pass
NAMED = 2  # failing tests that a sentence names
_NAMES = ("name", "member")  # kinds of changes
_ITSELF = re.compile(r"([\w.]+)\s*:?=\s*\1;?")  # an assignment that does nothing


@dataclass(frozen=True, slots=True)
class ComputedFix:
    """A computed edit that the tests accept, in words, with its verdict; `others` are accepted as well."""

    plan: EditPlan
    words: str
    verdict: EditVerdict
    others: tuple[CodeLine, ...] = ()


@dataclass(frozen=True, slots=True)
class FixSearch:
    """What came of a search: the fix or None, the most suspicious lines, and in words what was tried."""

    fix: ComputedFix | None
    suspicious: tuple[CodeLine, ...]
    words: str


@dataclass(frozen=True, slots=True)
class SearchBounds:
    """How many seconds a search takes at most, and who hears of it: how many were tried, what is next."""

    seconds: float = SEARCH_SECONDS
    tell: Callable[[int, str], None] = lambda *_: None


def search_fix(
    referee: EditReferee,
    question: Question,
    plan: RefereePlan,
    versions: DocumentVersions,
    bounds: SearchBounds,
) -> FixSearch | None:
    """Changes of suspicious lines that the tests accept; None where no test fails. Blocking."""
    target, before = question.target, referee.before
    if target is None or before is None or not before.failing or question.command != "fix":
        return None
    end = time.monotonic() + bounds.seconds
    own = target.lines
    places = [CodePlace(own.path, own.first, own.last, named=True)] if not is_test(own.path) else []
    places += [CodePlace(place.path, place.first, place.last) for place in plan.reached]
    texts = {place.path: referee.text(place.path).removeprefix(MARK) for place in places}
    runs = referee.executed_lines(texts or {own.path: referee.text(own.path)})
    places += _places_that_ran(runs, referee, own.path)
    texts = {place.path: referee.text(place.path).removeprefix(MARK) for place in places}
    traced = [*_traced_lines(referee, texts), *([(own.path, target.at)] if target.at > own.first else [])]
    found = suspicions(places, runs, traced, statement_starts(texts))
    made = _candidates(found, texts, referee)
    candidates = list(islice(made, MAX_CANDIDATES))
    tell = bounds.tell

    def tell_next(count: int, candidate: FixCandidate) -> None:
        tell(count, _words(candidate, texts[candidate.path]))

    began = time.monotonic()
    tried = referee.try_candidates(texts, candidates, max(1.0, end - time.monotonic()), tell_next)
    fixes = list(islice(_accepted_edits(referee, tried.passing, texts, versions), SHOWN))
    others = tuple(_new_line(candidate, texts[candidate.path]) for candidate, _ in fixes[1:])
    suspicious = tuple(_line_of(line, texts) for line in found.worst(SHOWN))
    if fixes:
        candidate, (edit, verdict) = fixes[0]
        fix = ComputedFix(edit, _words(candidate, texts[candidate.path]), verdict, others)
        return FixSearch(fix, suspicious, "")
    names = sorted(before.failing)
    named = ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")
    if not tried.count and candidates:
        return FixSearch(None, suspicious, f"the tests are too slow to try small changes, and {named} fail")
    lines = f"{tried.lines} line{'' if tried.lines == 1 else 's'}"
    words = f"tried {tried.count} small changes of {lines}, and none makes {named} pass"
    seconds = (time.monotonic() - began) / max(1, tried.count)
    if tried.count < len(candidates) and seconds > SLOW and not question.test_command:
        words += f"; each took {seconds:.0f} s: `--test COMMAND` names quicker tests"
    return FixSearch(None, suspicious, words)


def _places_that_ran(runs: Sequence[TestLines], referee: EditReferee, own: str) -> Iterator[CodePlace]:
    """The files that failing tests run, but for tests, in the language of a path; the path's own first."""
    paths = dict.fromkeys(path for run in runs if not run.passed for path, _ in sorted(run.lines))
    language = language_of(own)
    kept = [
        path for path in paths if language_of(path) == language and not is_test(path) and referee.text(path)
    ]
    for path in sorted(kept, key=lambda path: path != own)[:MAX_FILES]:
        yield CodePlace(path, 1, referee.text(path).count("\n") + 1)


def _traced_lines(referee: EditReferee, texts: Mapping[str, str]) -> list[Line]:
    """The lines that failing tests name when they say what was wrong."""
    before = referee.before
    if before is None:
        return []
    found = [(frame.path, frame.line) for test in before.failures for frame in test.frames]
    places = (re.findall(r"([\w./-]+\.\w+):(\d+)", said) for said in before.said)
    found += [(path, int(line)) for path, line in chain.from_iterable(places)]
    return [(path, line) for path, line in found if path in texts]


def _candidates(found: Suspicions, texts: Mapping[str, str], referee: EditReferee) -> Iterator[FixCandidate]:
    """The changes of the most suspicious lines first, and of lines of one file by what is likely."""
    lines = found.worst(len(found.values))
    for path, group in groupby(lines, key=lambda line: line[0]):
        of_path = list(group)
        values = [round(found.values[line], 3) for line in of_path]
        ranks = {number: values.index(value) for (_, number), value in zip(of_path, values, strict=True)}
        failure = known_failure(referee, path)
        for change in changes(language_of(path), texts[path], ranks, failure):
            yield FixCandidate(path, change)


def _accepted_edits(
    referee: EditReferee,
    passing: Sequence[FixCandidate],
    texts: Mapping[str, str],
    versions: DocumentVersions,
) -> Iterator[tuple[FixCandidate, tuple[EditPlan, EditVerdict]]]:
    """The candidates that the referee accepts: other names last, else those that change least first."""
    kept: list[CodeChange] = []
    for candidate in sorted(passing, key=_size):
        if any(_is_same_as(candidate.change, change) for change in kept):
            continue
        if _ITSELF.fullmatch(_new_line(candidate, texts[candidate.path]).text):
            continue
        path = candidate.path
        whole = referee.text(path)
        made = whole[: len(whole) - len(texts[path])] + candidate.change.apply_to(texts[path])
        verdict = referee.judge({path: made})
        if not is_accepted(verdict, "fix") or verdict.own_tests:
            continue
        verdict = referee.with_nearby(verdict, {path: made})
        if verdict.changes_all:
            continue  # `+ 1` that becomes `+ 2` gives any one value that is wanted
        try:
            edit = plan_of_texts({path: made}, {path: Base(path, whole, hash_text(whole), versions(path))})
        except EditError:
            continue
        kept.append(candidate.change)
        yield candidate, (edit, verdict)


def _size(candidate: FixCandidate) -> tuple[bool, int]:
    """How much is put in, by words and signs: more than a few say less. Of many names one passes by chance.

    Where several changes of a planted fault passed, other names were first in 5 of 9, and right in none.
    """
    change = candidate.change
    return change.kind in _NAMES, max(3, len(re.findall(r"\w+|[^\w\s]+", change.text)))


def known_failure(referee: EditReferee, path: str) -> FailureFacts:
    """What the tests that fail say about a file."""
    before = referee.before
    if before is None:
        return FailureFacts()
    name = min(before.failing)
    test = find_failed(before.failures, name)
    return failure_of(test, path, failing_test(referee.tree, name)) if test else FailureFacts()


def _line_of(line: Line, texts: Mapping[str, str]) -> CodeLine:
    path, number = line
    return CodeLine(path, number, texts[path].split("\n")[number - 1].strip())


def _new_line(candidate: FixCandidate, text: str) -> CodeLine:
    """The line of a candidate as it would be."""
    lines = candidate.change.apply_to(text).split("\n")
    at = min(_first_line(candidate, text), len(lines) - 1)
    return CodeLine(candidate.path, at + 1, lines[at].strip())


def _first_line(candidate: FixCandidate, text: str) -> int:
    """The first line that a candidate changes, from 0."""
    rows = zip(text.split("\n"), candidate.change.apply_to(text).split("\n"), strict=False)
    return next((at for at, (old, new) in enumerate(rows) if old != new), 0)


def _is_same_as(one: CodeChange, other: CodeChange) -> bool:
    """Whether two changes do the same: a comparison that is turned, and the branches that are swapped."""
    kinds = {one.kind, other.kind}
    near = (
        one.line == other.line or one.start <= other.start <= one.end or other.start <= one.start <= other.end
    )
    return "swapped branches" in kinds and kinds <= {"swapped branches", "comparison", "negation"} and near


def _words(candidate: FixCandidate, text: str) -> str:
    """A candidate in a sentence: the line as it is, and as it would be."""
    at = _first_line(candidate, text)
    old = text.split("\n")[at].strip()
    new = _new_line(candidate, text)
    return f"Line {at + 1} of {candidate.path}: `{old}` becomes `{new.text}`."
