"""The work behind an editor's questions: the scene of one, its answer as messages, and its edits.

It speaks plain values and belongs to no event loop but the one that it is asked on; what blocks, it does on
threads. `inquiries` loads it at the first question.
"""

import asyncio
import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import ExitStack, aclosing, suppress
from functools import partial
from typing import Any, TypeVar

from assist_context.retrieval.corpus import Corpus
from assist_escalation.edits.plan import EditError, EditPlan
from assist_escalation.errors import EscalationError
from assist_escalation.prompts import Origin, Span
from assist_server.editor.edit_preview import ShownEdits
from assist_server.editor.inquiry import DocumentState, EditorContext, EditorQuestion, WorkspaceSnapshot
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
from assist_server.questions.targets import in_document, lay
from assist_server.records.edit_history import (
    changed_files,
    finish_interrupted,
    record_editor_edit,
    record_editor_undo,
    undo_of,
)
from assist_server.records.past_requests import note_undone
from assist_server.wording.answers import last_line, route_document
from assist_server.workspace.folder_index import corpus_of
from assist_server.workspace.folders import WorkspaceFolder, database_of, folder_of

OPENED = 24  # open documents that are parsed for a question

Message = dict[str, Any]
T = TypeVar("T")


async def answered(
    inquiry: EditorQuestion, view: WorkspaceSnapshot, around: EditorContext
) -> AsyncGenerator[Message, None]:
    """The messages of one answer, as `assist/answer` has them. Raises what `answering.answer` raises."""
    for told in await _settled(_home(inquiry, view).root, view, around):
        yield {"notice": told}
    ready, desk, problems = await asyncio.to_thread(decided, inquiry, view)
    for problem in problems:
        yield {"notice": problem}
    notes: list[asyncio.Future[None]] = []

    def note(*what: Any) -> None:
        loop = asyncio.get_running_loop()
        notes.append(loop.run_in_executor(None, partial(desks.record_feedback, view.config, *what)))

    means = AnswerSources(around.local, note, partial(_version, view, ready.root))
    shown = ShownEdits()
    try:
        async with aclosing(answer(ready, desk, means, around.editor.confirm)) as stream:
            async for event in stream:
                if isinstance(event, Began):
                    shown = ShownEdits()
                yield await _message(ready, around, event, shown)
    finally:
        await asyncio.gather(*notes)


async def _settled(root: str, view: WorkspaceSnapshot, around: EditorContext) -> tuple[str, ...]:
    """Finish what a crash interrupted, at the first question of a folder; what was done, in words."""
    if root in around.settled:
        return ()
    try:
        told = await asyncio.to_thread(finish_interrupted, view.config, root)
    except EditError as error:  # it hinders edits, not answers; the next question tries again
        return (str(error),)
    around.settled.add(root)
    return told


async def _message(ready: DecidedQuestion, around: EditorContext, event: Event, shown: ShownEdits) -> Message:
    edits = bool(ready.local.form.kind)  # only then is what looks like a block one
    match event:
        case AnswerPiece(text):
            return {"delta": shown.fed(text) if edits else text}
        case Notice(text):
            return {"notice": text}
        case Began(decision, model):
            route = {**route_document(ready), "target": decision.target, "cause": decision.cause}
            return {"route": route, "model": model, "restart": True}
        case FinalAnswer():
            return {"delta": shown.ended(), **await _ended(ready, around, event)}


async def _ended(ready: DecidedQuestion, around: EditorContext, event: FinalAnswer) -> Message:
    """The last message of an answer, once its edit was made or refused."""
    applied = False
    files = []
    problem = str(event.problem or "")
    if event.plan is not None:
        files = [change.path for change in event.plan.changes]
        applied, problem = await _edited(ready, event, event.plan, around)
    return {
        "done": True,
        "cost_usd": event.spent.cost_micro / 1e6,
        "summary": last_line(event),
        "edit": {"files": files, "applied": applied} if event.plan else None,
        "error": problem or None,
    }


async def _edited(
    ready: DecidedQuestion, event: FinalAnswer, plan: EditPlan, around: EditorContext
) -> tuple[bool, str]:
    """Whether an edit was made, and what is wrong about it, "" for nothing."""

    async def record() -> str:
        config = around.view().config
        try:
            await asyncio.to_thread(record_editor_edit, config, plan, ready.root, ready.id)
        except EscalationError as error:
            return str(error)
        finally:
            await asyncio.to_thread(desks.record_feedback, config, ready, event.decision, "accepted")
        return ""

    try:
        return await _made(plan, ready.root, around, record, "the model saw it: ask again")
    except EditError as error:
        return False, str(error)


async def _made(
    plan: EditPlan, root: str, around: EditorContext, record: Callable[[], Awaitable[str]], since: str
) -> tuple[bool, str]:
    """Have the editor make an edit, then record it: whether it was made, and what `record` says.

    Raises `EditError` where a file changed `since`. Once the editor has the edit, a cancellation waits:
    the editor may make it all the same, and then it is recorded.
    """
    made = False
    problem = ""
    for again in (False, True):
        if made or not await around.editor.agrees(plan, again=again):
            break
        made, problem = await _handed(plan, root, around, record, since)
    return made, problem


async def _handed(
    plan: EditPlan, root: str, around: EditorContext, record: Callable[[], Awaitable[str]], since: str
) -> tuple[bool, str]:
    """The same of one attempt, to which the person agreed."""
    now = around.view()
    opened = _opened(plan, now, root)
    texts = {path: each.document.text for path, (_, each) in opened.items()}
    if changed := await asyncio.to_thread(changed_files, plan, root, texts):
        raise EditError(f"{', '.join(changed)} changed since {since}")
    versions = {path: (uri, each.version) for path, (uri, each) in opened.items()}

    async def make() -> tuple[bool, str]:
        made = await around.editor.apply(plan, root, versions)
        return made, await record() if made else ""

    return await _to_its_end(make())


async def _to_its_end(work: Coroutine[Any, Any, T]) -> T:
    """The result of what is not to be left half done: only its own cancellation ends it early."""
    task = asyncio.get_running_loop().create_task(work)
    while not task.done():
        with suppress(asyncio.CancelledError):
            await asyncio.shield(task)
    return task.result()


async def undo(uri: str, around: EditorContext) -> list[str]:
    """Take back the last edit of a document's folder, in the editor; its paths. Raises `EscalationError`.

    One that is no `EditError` says that it is taken back, but that the audit log does not know of it.
    """
    view = around.view()
    root = _home(EditorQuestion("undo", uri), view).root
    edit, plan = await asyncio.to_thread(undo_of, view.config, root)

    async def record() -> str:
        try:
            await asyncio.to_thread(record_editor_undo, view.config, root, edit)
        except EscalationError as error:
            return str(error)
        finally:
            await asyncio.to_thread(note_undone, view.config, root, edit.id)
        return ""

    made, problem = await _made(plan, root, around, record, "the edit: undo what came after first")
    if not made:
        raise EditError("the editor did not take the change back")
    if problem:
        raise EscalationError(problem)
    return [change.path for change in plan.changes]


def decided(
    inquiry: EditorQuestion, view: WorkspaceSnapshot
) -> tuple[DecidedQuestion, DecisionInputs, tuple[str, ...]]:
    """A question with its decision, and what is wrong in the rules; blocks, on a thread of its own.

    `UserError` where the code in question is not known.
    """
    asked = view.opened.get(inquiry.uri)
    if asked is None and (inquiry.uri or inquiry.command != "ask"):
        raise UserError("Open the document first, then ask about it: it is read as the editor has it.")
    with ExitStack() as stack:
        home = _home(inquiry, view)
        corpora = [_corpus(folder, view, stack) for folder in (home, *(f for f in view.folders if f != home))]
        scene = QuestionFolders(corpora[0], tuple(corpora[1:]))
        aim = None
        if asked is not None:
            inside = home.relative(asked.place) if asked.place else asked.document.path
            document = lay(scene.corpus, inside, asked.document)
            aim = in_document(scene.corpus, document, *inquiry.lines)
        roots = [corpus.root for corpus in corpora]
        desk, wrong = desks.decision_inputs(view.config, roots)
        path = aim.target.path if aim else ""
        problems = tuple(
            Span(f"line {line}: {text}", Origin("editor", path, scene.corpus.root))
            for line, text in inquiry.problems
        )
        question = Question(inquiry.command, inquiry.words, aim, problems, inquiry.wish, inquiry.provider)
        return decide(question, scene, desk), desk, tuple(map(str, wrong))


def _home(inquiry: EditorQuestion, view: WorkspaceSnapshot) -> WorkspaceFolder:
    """The folder that a question is about; a file outside of all folders is alone in its own."""
    opened = view.opened.get(inquiry.uri)
    found = folder_of(view.folders, opened.place) if opened and opened.place else None
    if found is not None:
        return found
    if opened is None and view.folders:
        return view.folders[0]
    root = os.path.dirname(opened.place) if opened and opened.place else ""
    if not root:
        raise UserError("Save the document in a folder of the workspace first, then ask about it.")
    return WorkspaceFolder(root, database_of(root, view.config.paths.data))


def _corpus(folder: WorkspaceFolder, view: WorkspaceSnapshot, stack: ExitStack) -> Corpus:
    """A folder with its index and what is open of it."""
    corpus = corpus_of(folder)
    stack.callback(corpus.reader.close)
    for opened in list(view.opened.values())[-OPENED:]:
        if opened.place and folder.holds(opened.place) and not corpus.hides(folder.relative(opened.place)):
            lay(corpus, folder.relative(opened.place), opened.document)
    return corpus


def _opened(plan: EditPlan, view: WorkspaceSnapshot, root: str) -> dict[str, tuple[str, DocumentState]]:
    """What of a plan's files is open, by path, with its URI."""
    by_place = {each.place: (uri, each) for uri, each in view.opened.items() if each.place}
    places = {change.path: os.path.join(root, change.path) for change in plan.changes}
    return {path: by_place[place] for path, place in places.items() if place in by_place}


def _version(view: WorkspaceSnapshot, root: str, path: str) -> int | None:
    """The version of a document that is open."""
    place = os.path.join(root, path)
    return next((each.version for each in view.opened.values() if each.place == place), None)
