"""The way to answer with an edit that needs no model, for a wish that clearly means one.

What such a wish means is for `reading`, and how it is made for `making`. A linter's edit is made by the
user's ruff: it gets a text on its stdin, reads the settings that the team chose for it, runs no code of a
project, writes nothing, and is never a program from inside of the workspace. A wish for a provider, or a wish
that goes on with a conversation, does not count.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from assist_context.programs import find_program, system_variables
from assist_escalation.edits.plan import MARK, EditError
from assist_server.questions.computed_edits import MadeEdit, RefactoringProblem
from assist_server.questions.events import end_without_model
from assist_server.questions.session import BY_CONSTRUCTION, Applicability, AskedQuestion

if TYPE_CHECKING:
    from assist_refactorings.linter_edit import AskRuff, Findings
    from assist_server.questions.decision import AnswerContext
    from assist_server.questions.draft import Question
    from assist_server.questions.events import FinalAnswer
    from assist_server.questions.session import AnswerSession
    from assist_server.questions.targets import QuestionFolders

name = "refactoring"
commands = ("refactor", "fix")
after = "facts"
asks_models = False
# Why no model is asked.
WISHED_WHY = "syntax and the index make this edit"
LINTER_WHY = "a linter makes this edit"
_CHECK = ("check", "--no-cache", "--no-fix", "--exit-zero", "--output-format=json", "--fixable=ALL")
_PATIENCE = 10.0  # seconds: a large file takes ruff 0.1


def applies(asked: AskedQuestion) -> Applicability:
    """Say whether a wish clearly means an edit that needs no model."""
    question = asked.question
    if asked.by_models or question.expect:
        return Applicability(False, "no such edit was asked for")
    made = made_edit(question, asked.folders)
    if made is None:
        return Applicability(False, "the request is not clearly an edit that needs no model")
    return Applicability(True, made.why, made, BY_CONSTRUCTION)


async def answer(context: "AnswerContext", session: "AnswerSession") -> "FinalAnswer":
    """The edit that a wish means, or why it is refused."""
    made = context.found
    if not isinstance(made, MadeEdit):
        raise TypeError(f"{type(made).__name__} is not an edit")
    reading = made.edit.reading
    session.sink.notice(f"Understood as: {reading}.")
    final = end_without_model(context, f"{reading[0].upper()}{reading[1:]}.")
    try:
        return replace(final, plan=made.plan(session.versions))
    except EditError as error:
        return replace(final, problem=error)


def made_edit(question: "Question", folders: "QuestionFolders") -> MadeEdit | None:
    """The edit that the words of a question mean, if no model is needed for it; it reads files."""
    from assist_refactorings.code_texts import WishedCode  # noqa: PLC0415  (much, for few)
    from assist_refactorings.linter_edit import linter_edit  # noqa: PLC0415
    from assist_refactorings.making import wished_edit  # noqa: PLC0415
    from assist_refactorings.reading import LinterWish, read_wish  # noqa: PLC0415
    from assist_server.questions.draft import get_text  # noqa: PLC0415

    corpus = folders.corpus
    target = question.target
    asked = question.wish == "frontier" or bool(question.provider)
    more = question.piped or question.attachments or (question.thread and question.thread.turns)
    if target is None or asked or more:
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
    if found is None or isinstance(found, RefactoringProblem):
        return MadeEdit(found, {}, why) if found is not None else None
    before = {path: get_text(corpus, path) for path in found.texts}
    known = {path: text for path, text in before.items() if text is not None}
    current = all(text.removeprefix(MARK) == "".join(corpus.lines(path)) for path, text in known.items())
    return MadeEdit(found, known, why) if current and len(known) == len(before) else None


def ruff_for(file: str, roots: Sequence[str]) -> "AskRuff | None":
    """The ruff of the PATH, or of this interpreter's folder, for texts of a file; `None` if there is none.

    A ruff in a folder of the workspace, which `roots` are, does not count.
    """
    own = str(Path(sys.executable).parent)
    ruff = find_program("ruff", outside=roots) or find_program("ruff", own, outside=roots)
    return partial(_ask, ruff, file) if ruff else None


def _ask(ruff: str, file: str, rules: str, text: str) -> "Findings | None":
    try:
        done = subprocess.run(
            [ruff, *_CHECK, f"--select={rules}", f"--stdin-filename={file}", "-"],
            input=text.encode("utf-8", "surrogatepass"),
            capture_output=True,
            timeout=_PATIENCE,
            check=False,
            cwd=os.path.dirname(ruff),
            env=system_variables(),
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        found = json.loads(done.stdout) if done.returncode == 0 else None
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
    return found if isinstance(found, list) else None
