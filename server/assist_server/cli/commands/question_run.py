"""One question at the terminal: decided, shown before it is sent, answered while it is written, and applied.

Results go to stdout, everything else to stderr; with --json one document is all that stdout gets.
"""

import asyncio
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import aclosing, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assist_completion.model_store.process_lock import silent
from assist_escalation.edits.plan import EditError, EditPlan, diff
from assist_escalation.errors import EscalationError
from assist_server.cli.flags import Asking, directory, settings
from assist_server.cli.output import emit, out, say
from assist_server.cli.terminal.answers import agrees, answering
from assist_server.cli.terminal.answers import diff as show_diff
from assist_server.cli.terminal.tables import counting, facts
from assist_server.config.config import Config
from assist_server.errors import UserError
from assist_server.questions import composition as desks
from assist_server.questions.answering import (
    AnswerPiece,
    AnswerSources,
    Began,
    Event,
    FinalAnswer,
    Notice,
    answer,
)
from assist_server.questions.decision import DecidedQuestion, DecisionInputs, Question, decide
from assist_server.questions.prompt_spans import QuestionFolders
from assist_server.questions.targets import QuestionTarget, aim_at, parse_target
from assist_server.records.edit_history import apply_edit, finish_interrupted
from assist_server.wording.answers import (
    answer_document,
    last_line,
    preview_lines,
    route_document,
    route_facts,
)
from assist_server.workspace.folder_index import corpus_of, folder_at, known_folder, refreshed
from assist_server.workspace.folders import WorkspaceFolder

AGAIN = "\n\n---\n\n"  # between an answer that was given up and the next

if TYPE_CHECKING:
    from assist_completion.engine.answer_stream import Answerer


@dataclass(slots=True)
class _Asked:
    """One run of a command."""

    config: Config
    desk: DecisionInputs
    ready: DecidedQuestion
    flags: Asking
    begun: bool = False
    finished: FinalAnswer | None = None
    notices: list[str] = field(default_factory=list)


def run(command: str, target: str, words: str, flags: Asking) -> None:
    """Answer one question. Raises what `cli_errors` maps to exit codes."""
    wish = flags.wish
    if command == "ask" and not words.strip():
        raise UserError('Ask something, as in `assist ask "where are prices rounded?"`.')
    config = settings(offline=flags.offline)
    root = directory(flags.workspace)
    with _scene(config, root, target) as (scene, aim):
        desk, problems = desks.decision_inputs(config, [scene.corpus.root])
        for problem in problems:
            say(f"assist: {problem}")
        for told in finish_interrupted(config, scene.corpus.root):
            say(f"assist: {told}")
        ready = decide(Question(command, words, aim, wish=wish, provider=flags.provider), scene, desk)
    if flags.dry_run:
        emit(route_document(ready)) if flags.as_json else facts(route_facts(ready))
        return
    asked = _Asked(config, desk, ready, flags)
    asyncio.run(_answered(asked))
    if asked.finished is not None:
        _ended(asked, asked.finished)


@contextmanager
def _scene(
    config: Config, root: Path, target: str
) -> Iterator[tuple[QuestionFolders, QuestionTarget | None]]:
    """The folder with its index, as it is, and what the question is about."""
    root = _root_of(root, target)
    folder = known_folder(config, root) or folder_at(config, root)
    if config.context.index and not (target and os.path.exists(root / parse_target(target).path)):
        # A name, or a question about the whole: the index has to know it as it is now.
        with counting("indexing") as progress:
            refreshed(config, folder, progress)
    corpus = corpus_of(folder)
    try:
        yield QuestionFolders(corpus), aim_at(corpus, _from(root, folder, target)) if target else None
    finally:
        corpus.reader.close()


def _root_of(root: Path, target: str) -> Path:
    """The workspace, or for a file outside of it the folder that it is in."""
    path = Path(os.path.realpath(root / os.path.expanduser(parse_target(target).path))) if target else root
    outside = path.is_file() and not path.is_relative_to(os.path.realpath(root))
    return path.parent if outside else root


def _from(root: Path, folder: WorkspaceFolder, target: str) -> str:
    """The target as seen from the indexed folder, which may be above the one that it was named from."""
    path = parse_target(target).path
    return str(root / target) if (root / path).exists() and str(root) != folder.root else target


async def _answered(asked: _Asked) -> None:
    """Show the answer while it comes, and keep its end."""
    local = _Local(asked.config)
    means = AnswerSources(local.opened, lambda *what: desks.record_feedback(asked.config, *what))

    async def confirm(ready: DecidedQuestion) -> bool:
        return _confirmed(ready, asked.flags)  # nothing else runs here, and Ctrl-C must end it

    shows = not asked.flags.as_json and not asked.ready.local.form.kind
    with answering() if shows else nullcontext(lambda _: None) as write:
        try:
            async with aclosing(answer(asked.ready, asked.desk, means, confirm)) as stream:
                async for event in stream:
                    _take(asked, event, write)
        finally:
            local.close()


class _Local:
    """The model on this machine, loaded when it is first asked."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._model: Any = None

    async def opened(self) -> "Answerer[Any]":
        """The model; blocks nothing while it loads."""
        from assist_server.local_model.opening import open_local  # noqa: PLC0415  (loads llama.cpp, 0.4 s)

        if self._model is None:
            told = say if sys.stderr.isatty() else silent
            self._model = await asyncio.to_thread(open_local, self._config, told)
        model: Answerer[Any] = self._model
        return model

    def close(self) -> None:
        if self._model is not None:
            self._model.close()


def _take(asked: _Asked, event: Event, write: Callable[[str], None]) -> None:
    match event:
        case AnswerPiece(text):
            write(text)
        case Notice(text):
            asked.notices.append(text)
            say(text)
        case Began(_, model):
            if asked.begun:
                write(AGAIN)
            asked.begun = True
            if sys.stderr.isatty():
                say(f"asking {model} ...")
        case FinalAnswer():
            asked.finished = event


def _confirmed(ready: DecidedQuestion, flags: Asking) -> bool:
    """Whether the person lets a request out, shown what it is."""
    prepared = ready.prepared
    if prepared is None:
        return False
    if flags.yes and prepared.request.permissions.yes_allowed:
        return True
    for line in preview_lines(ready):
        say(line)
    if not sys.stdin.isatty():
        say("Nobody can be asked here: --yes sends it, where the policy allows that.")
    return agrees(f"Send this to {prepared.host}?")


def _ended(asked: _Asked, finished: FinalAnswer) -> None:
    """Show and make the edit; the last line says who answered, why, and what it took."""
    flags = asked.flags
    plan = finished.plan
    made = False
    problem: EscalationError | None = finished.problem
    if finished.problem is not None and finished.problem.excerpt:
        say(finished.problem.excerpt)
    if plan is not None:
        if not flags.as_json:
            show_diff(diff(plan))
        for note in plan.notes:
            say(f"note: {note}")
        if _may_apply(finished, flags):
            made, problem = _made(asked, plan, finished)
    if flags.as_json:
        emit(answer_document(asked.ready, finished, asked.notices, applied=made, problem=problem))
    say(last_line(finished))
    if problem is not None:
        said = "The change is made, but the audit log does not know of it" if made else "Nothing was changed"
        raise UserError(f"{said}: {problem}.".replace("..", "."), told=flags.as_json)
    if plan is not None and not made and not flags.as_json:
        out("Nothing was changed.")


def _made(asked: _Asked, plan: EditPlan, finished: FinalAnswer) -> tuple[bool, EscalationError | None]:
    """Whether the edit was made, and what went wrong, which may be the writing down alone."""
    problem: EscalationError | None = None
    try:
        apply_edit(asked.config, plan, asked.ready.root, asked.ready.id)
    except EditError as error:
        return False, error
    except EscalationError as error:
        problem = error
    desks.record_feedback(asked.config, asked.ready, finished.decision, "accepted")
    return True, problem


def _may_apply(finished: FinalAnswer, flags: Asking) -> bool:
    edit = finished.plan
    if edit is None or (flags.as_json and not flags.yes):
        return False
    if edit.protected:
        say(f"It changes {', '.join(edit.protected)}, which can change what your tools run: look closely.")
        return agrees("Make this change?")
    return flags.yes or agrees("Make this change?")
