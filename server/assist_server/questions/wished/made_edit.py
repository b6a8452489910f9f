"""The edit that a wish means, if it is clearly one that needs no model, with the files as they are now.

It decides nothing and asks no one. A wish for a provider, or one that goes on with a conversation, is none.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from assist_context.wished_edits.code_texts import WishedCode, WishedEdit, WishedProblem
from assist_context.wished_edits.linter_edit import linter_edit
from assist_context.wished_edits.making import wished_edit
from assist_context.wished_edits.reading import LinterWish, read_wish
from assist_escalation.edits.plan import MARK, Base, EditError, EditPlan, sha256_of
from assist_escalation.edits.planner import plan_of_texts
from assist_server.questions.draft import Question, text_of
from assist_server.questions.targets import QuestionFolders
from assist_server.questions.wished.ruff import ruff_for

# Why no model is asked.
WISHED_WHY = "syntax and the index make this edit"
LINTER_WHY = "a linter makes this edit"
COMMANDS = ("refactor", "fix")


@dataclass(frozen=True, slots=True)
class MadeEdit:
    """An edit without a model, and the whole files that it starts from, by path; or why there is none.

    `why` says in words who makes it.
    """

    edit: WishedEdit | WishedProblem
    before: Mapping[str, str] = field(repr=False)
    why: str = WISHED_WHY

    def plan(self, versions: Callable[[str], int | None]) -> EditPlan:
        """The edit as a plan. What was left asks, whatever the settings say. Raises `EditError`."""
        if isinstance(self.edit, WishedProblem):
            raise EditError(f"This edit cannot be made: {self.edit.reason}.")
        scope = {
            path: Base(path, text, sha256_of(text), versions(path)) for path, text in self.before.items()
        }
        texts = {
            path: MARK + text if self.before[path].startswith(MARK) else text
            for path, text in self.edit.texts.items()
        }
        made = plan_of_texts(texts, scope)
        return replace(made, notes=(*made.notes, *self.edit.notes), unsure=(*made.unsure, *self.edit.left))


def made_edit(question: Question, folders: QuestionFolders) -> MadeEdit | None:
    """The edit that the words of a question mean, if no model is needed for it; it reads files."""
    corpus = folders.corpus
    target = question.target
    asked = question.wish == "frontier" or bool(question.provider)
    more = question.piped or question.attachments or (question.thread and question.thread.turns)
    if question.command not in COMMANDS or target is None or asked or more:
        return None
    code = WishedCode(target.lines, target.name)
    wish = read_wish(question.words)
    if isinstance(wish, LinterWish):
        found = linter_edit(
            wish, corpus, code, ruff_for(os.path.join(corpus.root, target.lines.path), folders.roots)
        )
    else:
        found = wished_edit(corpus, code, question.words)
    why = LINTER_WHY if isinstance(wish, LinterWish) else WISHED_WHY
    if found is None or isinstance(found, WishedProblem):
        return MadeEdit(found, {}, why) if found is not None else None
    before = {path: text_of(corpus, path) for path in found.texts}
    known = {path: text for path, text in before.items() if text is not None}
    current = all(text.removeprefix(MARK) == "".join(corpus.lines(path)) for path, text in known.items())
    return MadeEdit(found, known, why) if current and len(known) == len(before) else None
