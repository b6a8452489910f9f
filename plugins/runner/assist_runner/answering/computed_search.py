"""A fix that is computed: small changes of the code in question, tried against the tests that fail.

It runs in the referee's copy while the model reads and writes, and is over before the model's first answer is
judged. What passes is judged like any other edit. This module asks no one and knows no model.
"""

import asyncio
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from assist_context.documents import split_lines
from assist_escalation.edits.plan import MARK, Base, EditError, EditPlan, sha256_of
from assist_escalation.edits.planner import plan_of_texts
from assist_runner.computed_fixes.candidates import CodeChange, FailureFacts, in_order
from assist_runner.computed_fixes.failures import failure_of, find_failed
from assist_runner.computed_fixes.python_repairs import python_repairs
from assist_runner.referee.edit_proof import EditVerdict, is_accepted
from assist_runner.referee.edit_referee import EditReferee
from assist_runner.referee.failing_tests import failing_test
from assist_server.questions.draft import Question
from assist_server.questions.events import DocumentVersions, FinalAnswer

COMPUTED_WHY = "tests accept a small change that was computed"  # why no model's edit is offered
SEARCH_SECONDS = 20.0  # of the tests that fail: 60 to 100 candidates, each of which takes 0.1 to 0.3 s


@dataclass(frozen=True, slots=True)
class ComputedFix:
    """A computed edit that the tests accept, in words, with its verdict; `tried` counts the candidates."""

    plan: EditPlan
    words: str
    verdict: EditVerdict
    tried: int


def computed_fix(
    referee: EditReferee,
    question: Question,
    texts: Mapping[str, str],
    versions: DocumentVersions,
    seconds: float = SEARCH_SECONDS,
) -> ComputedFix | None:
    """The first change of the code in question that the tests accept, if there is one in time. Blocking.

    `texts` are the files that an edit starts from, whole, by path.
    """
    target = question.target
    before = referee.before
    if target is None or before is None or not before.failing or question.command != "fix":
        return None
    path = target.lines.path
    whole = texts.get(path, "")
    text = whole.removeprefix(MARK)
    if target.document.language.name != "python" or not text or not referee.can_try():
        return None
    failure = known_failure(referee, path)
    found = in_order(python_repairs(text, target.lines.first, target.lines.last, failure), failure, text)
    tried = referee.try_candidates(path, text, found, seconds)
    if referee.expected is not None and len(tried.passing) > 1:
        return None  # one value says too little to choose between them
    for change in tried.passing:
        made = whole[: len(whole) - len(text)] + change.apply_to(text)
        verdict = referee.judge({path: made})
        if is_accepted(verdict, "fix"):
            verdict = referee.with_nearby(verdict, {path: made})
            if verdict.changes_all:
                continue  # `+ 1` that becomes `+ 2` gives any one value that is wanted
            base = Base(path, whole, sha256_of(whole), versions(path))
            try:
                edit = plan_of_texts({path: made}, {path: base})
            except EditError:
                continue
            return ComputedFix(edit, _words(change, text, path), verdict, tried.count)
    return None


async def until_found(
    answering: Coroutine[Any, Any, FinalAnswer], search: "asyncio.Task[ComputedFix | None]"
) -> FinalAnswer | None:
    """The answer, unless a search finds something before it: then it is stopped, and there is none."""
    answer = asyncio.create_task(answering)
    try:
        while not answer.done() and not _has_found(search):
            open_tasks = [task for task in (answer, search) if not task.done()]
            await asyncio.wait(open_tasks, return_when=asyncio.FIRST_COMPLETED)
        return answer.result() if answer.done() else None
    finally:
        if not answer.done():
            answer.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await answer


def _has_found(search: "asyncio.Task[ComputedFix | None]") -> bool:
    return search.done() and not search.cancelled() and not search.exception() and search.result() is not None


def known_failure(referee: EditReferee, path: str) -> FailureFacts:
    """What the tests that fail say about a file."""
    before = referee.before
    if before is None:
        return FailureFacts()
    name = min(before.failing)
    test = find_failed(before.failures, name)
    return failure_of(test, path, failing_test(referee.tree, name)) if test else FailureFacts()


def _words(change: CodeChange, text: str, path: str) -> str:
    """The change in a sentence.

    >>> _words(CodeChange(8, 9, "<=", "comparison", 1), "while a < b:", "a.py")
    'Line 1 of a.py: `<` becomes `<=`.'
    """
    old = text[change.start : change.end].strip()
    new = change.text.strip()
    where = f"Line {change.line} of {path}"
    added = [line.strip() for line in split_lines(new)]
    if not old or len(added) > 1:
        shown = next((line for line in added if line.startswith("except ")), added[0])
        return f"{where}: `{shown}` is new."
    return f"{where}: `{old}` becomes `{new}`."
