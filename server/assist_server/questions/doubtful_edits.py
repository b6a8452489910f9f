"""The edit that an answer makes, and why it may be wrong though it can be made: a person must look at it.

It reads the answer, the wish, and what a small model doubted in the old code, and asks no model.
"""

import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

from assist_completion.inference.doubts import Doubt
from assist_context.code.symbols import Symbols, symbols
from assist_context.code.trees.fragments import errors
from assist_context.documents import split_lines
from assist_context.facts.operator_changes import EditedText, operator_changes
from assist_context.languages import language_of
from assist_escalation.edits.plan import EditError, EditPlan, FileChange
from assist_escalation.edits.planner import plan
from assist_escalation.edits.sanity_checks import copied_secret
from assist_server.questions.draft import Draft, Question
from assist_server.questions.events import DocumentVersions, PlannedEdit

if TYPE_CHECKING:
    from assist_server.questions.decision import AnswerContext

MAX_CHANGES = 4  # that are told: more are other code
# A name of code: quoted, or with a sign, an inner capital or brackets in it.
_NAME = re.compile(r"`|_|::|\(|\w\.\w|[a-z][A-Z]|#\d")
_TABLE = tomllib.loads((files(__package__) / "wishes.toml").read_text(encoding="utf-8"))
_WORD = re.compile(r"\w+")


def plan_edit(
    draft: Draft, text: str, context: "AnswerContext", versions: DocumentVersions, secrets: Sequence[str]
) -> PlannedEdit:
    """The edit that an answer makes, or why it makes none. `secrets` are those that it must not copy."""
    try:
        spans = [span for span in draft.evidence.spans if span.origin.root == context.root]
        edit = plan(text, draft.bases(versions), draft.whole, draft.create, spans)
    except EditError as error:
        return PlannedEdit(problem=error)
    if problem := copied_secret(edit, secrets):
        return PlannedEdit(problem=EditError(problem))
    doubts = (*turned_logic(edit, context.question), *unmet_wish(edit, context.question))
    edit = replace(edit, unsure=(*edit.unsure, *doubts))
    return PlannedEdit(edit, added=_added_errors(edit), turned=doubts)


def _added_errors(edit: EditPlan) -> int:
    """Count parse errors that an edit adds, where both texts can be parsed; below 0 if it removes some."""
    count = 0
    for change in edit.changes:
        language = language_of(change.path)
        before, after = errors(language, change.before), errors(language, change.after)
        count += after - before if after is not None and before is not None else 0
    return count


def asks_for_behaviour(command: str, words: str) -> bool:
    """Say if an edit may change what code does, by the words of its request, in English (`wishes.toml`).

    Where they say nothing, a refactoring keeps what code does, and a fix does not.

    >>> asks_for_behaviour("refactor", "name the 3600"), asks_for_behaviour("refactor", "round at the end")
    (False, True)
    >>> asks_for_behaviour("fix", "rename x"), asks_for_behaviour("fix", "")
    (False, True)
    """
    if command not in ("refactor", "fix"):
        return True
    text = " ".join(word for word in words.split() if not _NAME.search(word)).lower()
    if command == "refactor" and _pattern("same").search(text):
        return False
    if _demand().search(text) or _pattern("changes").search(text):
        return True
    keeps = _pattern("keeps").search(words.lower())
    return not keeps and (command == "fix" or bool(_pattern("may_change").search(text)))


@lru_cache
def _pattern(kind: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, _TABLE[kind]))})")


@lru_cache
def _demand() -> re.Pattern[str]:
    before = r"and|then|(?:has|have|needs?|want|ought) to|it|also|please|not|let"
    verbs = "|".join(_TABLE["verbs"])
    return re.compile(rf"(?:^|[,;.:]\s*|\b(?:{before})\s+)(?:{verbs})\b")


def turned_logic(edit: EditPlan, question: Question) -> tuple[str, ...]:
    """List where an edit changes what code does, if its request does not ask for that. Parses both."""
    if asks_for_behaviour(question.command, question.words):
        return ()
    texts = [EditedText(change.path, change.before, change.after) for change in edit.changes]
    changes = operator_changes(texts, question.words)
    lines = [f"line {change.line} of {change.path}: {change.text}" for change in changes[:MAX_CHANGES]]
    more = len(changes) - len(lines)
    lines += [f"{more} more such changes"] if more > 0 else []
    return tuple(f"{words}, although you did not ask for it" for words in lines)


def unmet_wish(edit: EditPlan, question: Question) -> tuple[str, ...]:
    """List what a refactoring asks for and the edit does not do, as far as words and lines tell.

    Of 40 wishes of developers two were answered by an `else` that does nothing, and none by an early return.
    """
    if question.command != "refactor":
        return ()
    before = [line for change in edit.changes for line in split_lines(change.before)]
    after = [line for change in edit.changes for line in split_lines(change.after)]
    changes = []
    if _pattern("flatter").search(question.words.lower()) and not _is_flatter(before, after):
        changes.append("no line is nested less than before, although you asked for it")
    names_before = set(_WORD.findall("".join(before)))
    words = set(_WORD.findall("".join(after)))
    names = dict.fromkeys(_naming().findall(question.words))
    missing = [name for name in names if name not in names_before and name not in words]
    return (*changes, *(f"nothing is named {name}, although you asked for it" for name in missing))


def _is_flatter(before: list[str], after: list[str]) -> bool:
    """Return whether a line that stays has less in front of it, or fewer lines have an `else`."""
    indents = [
        Counter((line.strip(), len(line) - len(line.lstrip())) for line in side) for side in (before, after)
    ]
    gone = dict((indents[0] - indents[1]).keys())
    fewer = any(text and indent < gone.get(text, 0) for text, indent in indents[1] - indents[0])
    elses = [Counter(_WORD.findall("".join(side))) for side in (before, after)]
    return fewer or any(elses[1][word] < elses[0][word] for word in _TABLE["elses"])


@lru_cache
def _naming() -> re.Pattern[str]:
    """A name of code after a word that asks for one: with `_`, an inner capital or backticks."""
    before = "|".join(_TABLE["naming"])
    return re.compile(rf"\b(?:{before})\s+`?(?=\w*_|\w*[a-z][A-Z]|(?<=`))([^\W\d]\w*)\b(?![.:/])")


def add_doubts(edit: EditPlan, draft: Draft, doubt: Doubt | None) -> EditPlan:
    """The same edit with the reasons why it may be wrong, if there are any."""
    if draft.form.kind != "whole" or len(edit.changes) != 1:
        return edit
    change = edit.changes[0]
    changes = list(_unlike_doubt(change, draft, doubt)) if draft.prompt.command == "fix" else []
    language = language_of(change.path)
    before, after = (symbols(language, text) for text in (change.before, change.after))
    changes += [*_comments_alone(change), *_useless_names(change, before, after), *_lost_marks(change)]
    if language.name != "python" and len(after.imports) > len(before.imports):
        changes.append("it adds an import, which may not exist")  # no one here knows what there is
    return replace(edit, unsure=(*edit.unsure, *(f"{change.path}: {why}" for why in changes)))


def _unlike_doubt(change: FileChange, draft: Draft, doubt: Doubt | None) -> Iterator[str]:
    """A fix that does not correct what the model doubts most.

    Of 46 functions with one wrong token, the 1.5B corrected its strongest doubt in 26, 25 of them rightly; of
    its 18 other fixes 7 were right.
    """
    if doubt is None:
        yield "the model is sure of every line of this code"
        return
    first = draft.whole.first if draft.whole else 1
    correction = draft.old[: doubt.start] + doubt.expected + draft.old[doubt.start + len(doubt.written) :]
    before, after = (text.replace("\r\n", "\n") for text in (change.before, change.after))
    if correction in after and correction not in before:
        return
    line = split_lines(draft.old)[doubt.line].strip()
    sentence = f"the model was least sure about `{doubt.written.strip()}` in line {first + doubt.line}"
    if after.count(line) < before.count(line):
        yield f"{sentence}, and its edit of that line does not correct it"
    else:
        yield f"{sentence}, and edited something else"


def _comments_alone(change: FileChange) -> Iterator[str]:
    comment = language_of(change.path).comment
    if comment and _code_lines(change.before, comment) == _code_lines(change.after, comment):
        yield "nothing but comments and blank lines changes"


def _code_lines(text: str, comment: str) -> list[str]:
    lines = (line.rstrip() for line in split_lines(text))
    return [line for line in lines if line and not line.lstrip().startswith(comment)]


def _useless_names(change: FileChange, before: Symbols, after: Symbols) -> Iterator[str]:
    """New functions and constants that nothing in the file uses: a helper that the model forgot to call."""
    names = {definition.name for definition in before.definitions}
    words = _WORD.findall(change.after)
    for definition in after.definitions:
        name = definition.name
        if name not in names and not definition.parent and words.count(name) == 1:
            yield f"nothing uses the new {name}"


def _lost_marks(change: FileChange) -> Iterator[str]:
    """Decorators and attributes that are gone."""
    lines = {line.strip() for line in split_lines(change.after)}
    for line in map(str.strip, split_lines(change.before)):
        if line.startswith(("@", "#[")) and line not in lines:
            yield f"{line} is gone"
