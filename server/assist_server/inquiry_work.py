"""The work behind an editor's questions: the scene of one, its answer as messages, and its edits.

It speaks plain values and belongs to no event loop but the one that it is asked on; what blocks, it does on
threads. `inquiries` loads it at the first question.
"""

import asyncio
import os
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import ExitStack, aclosing
from functools import partial
from typing import TYPE_CHECKING, Any

from assist_context.corpus import Corpus
from assist_context.folder import Folder as Rules
from assist_context.reading import Reader
from assist_escalation.changes import MARK, EditError
from assist_escalation.model import Origin, Span
from assist_server import desk as desks
from assist_server.answer_words import last_line, route_document
from assist_server.answering import Began, Event, Finished, Means, Notice, Piece, answer
from assist_server.cli_errors import CommandError
from assist_server.deciding import Desk, Question, Ready, decide
from assist_server.editing import forgotten, recorded, undo_of
from assist_server.evidence import Scene
from assist_server.folders import Folder, database_of, folder_of
from assist_server.inquiries import Editor, Inquiry, View
from assist_server.targets import in_document, lay

if TYPE_CHECKING:
    from assist_completion.answers import Answers

OPENED = 24  # open documents that are parsed for a question

Message = dict[str, Any]


async def answered(
    inquiry: Inquiry, view: View, local: "Callable[[], Awaitable[Answers[Any]]]", editor: Editor
) -> AsyncGenerator[Message, None]:
    """The messages of one answer, as `assist/answer` has them. Raises what `answering.answer` raises."""
    ready, desk = await asyncio.to_thread(decided, inquiry, view)
    means = Means(local, desk.parts, partial(_noted, view), partial(_version, view, ready.root))
    async with aclosing(answer(ready, desk, means, editor.confirm)) as stream:
        async for event in stream:
            yield await _message(ready, view, editor, event)


async def _message(ready: Ready, view: View, editor: Editor, event: Event) -> Message:
    match event:
        case Piece(text):
            return {"delta": text}
        case Notice(text):
            return {"notice": text}
        case Began(decision, model):
            route = {**route_document(ready), "target": decision.target, "cause": decision.cause}
            return {"route": route, "model": model, "restart": True}
        case Finished():
            return await _ended(ready, view, editor, event)


async def _ended(ready: Ready, view: View, editor: Editor, event: Finished) -> Message:
    """The last message of an answer, once its edit was made or refused."""
    applied, files = False, []
    if event.plan is not None:
        files = [change.path for change in event.plan.changes]
        applied = await editor.apply(event.plan, ready.root, partial(_version, view, ready.root))
        if applied:
            await asyncio.to_thread(recorded, view.config, event.plan, ready.root, ready.id)
            _noted(view, ready, event.decision, "accepted")
    return {
        "done": True,
        "cost_usd": event.spent.cost_micro / 1e6,
        "summary": last_line(event),
        "edit": {"files": files, "applied": applied} if event.plan else None,
        "error": str(event.problem) if event.problem else None,
    }


async def undo(view: View, editor: Editor) -> list[str]:
    """Take back the last edit of the workspace, in the editor; its paths. Raises `EditError`."""
    if not view.folders:
        raise EditError("no folder is open, so there is no edit to undo")
    root = view.folders[0].root
    edit, plan = await asyncio.to_thread(undo_of, view.config, root)
    texts = {each.place: each.document.text for each in view.opened.values() if each.place}
    for change in plan.changes:
        text = texts.get(os.path.join(root, change.path))
        if text is not None and text != change.before.removeprefix(MARK):
            raise EditError(f"{change.path} changed since the edit: undo what came after first")
    if not await editor.apply(plan, root, partial(_version, view, root)):
        raise EditError("the editor did not take the change back")
    await asyncio.to_thread(forgotten, view.config, root, edit)
    return [change.path for change in plan.changes]


def _noted(view: View, *what: Any) -> None:
    """Write down what became of a request, on a thread: nobody waits for it."""
    asyncio.get_running_loop().run_in_executor(None, desks.noted, view.config, *what)


def decided(inquiry: Inquiry, view: View) -> tuple[Ready, Desk]:
    """A question with its decision; blocks, on a thread of its own."""
    with ExitStack() as stack:
        home = _home(inquiry, view)
        corpora = [_corpus(folder, view, stack) for folder in (home, *(f for f in view.folders if f != home))]
        scene, aim = Scene(corpora[0], tuple(corpora[1:])), None
        asked = view.opened.get(inquiry.uri)
        if asked is not None:
            inside = home.relative(asked.place) if asked.place else asked.document.path
            document = lay(scene.corpus, inside, asked.document)
            aim = in_document(scene.corpus, document, *inquiry.lines)
        roots = [corpus.root for corpus in corpora]
        desk, _ = desks.desk_for(view.config, roots)
        path = aim.target.path if aim else ""
        problems = tuple(
            Span(f"line {line}: {text}", Origin("editor", path, scene.corpus.root))
            for line, text in inquiry.problems
        )
        question = Question(inquiry.command, inquiry.words, aim, problems, inquiry.wish, inquiry.provider)
        return decide(question, scene, desk), desk


def _home(inquiry: Inquiry, view: View) -> Folder:
    """The folder that a question is about; a file outside of all folders is alone in its own."""
    opened = view.opened.get(inquiry.uri)
    found = folder_of(view.folders, opened.place) if opened and opened.place else None
    if found is not None:
        return found
    if opened is None and view.folders:
        return view.folders[0]
    root = os.path.dirname(opened.place) if opened and opened.place else ""
    if not root:
        raise CommandError("Save the document in a folder of the workspace first, then ask about it.")
    return Folder(root, database_of(root, view.config.paths.data))


def _corpus(folder: Folder, view: View, stack: ExitStack) -> Corpus:
    """A folder with its index and what is open of it."""
    reader = Reader(folder.database)
    stack.callback(reader.close)
    rules = Rules(folder.root)

    def hidden(path: str) -> bool:
        return rules.against(path, by_git_rules=True) is not None

    corpus = Corpus(folder.root, reader, folder.name, hidden)
    for opened in list(view.opened.values())[-OPENED:]:
        if opened.place and folder.holds(opened.place) and not hidden(folder.relative(opened.place)):
            lay(corpus, folder.relative(opened.place), opened.document)
    return corpus


def _version(view: View, root: str, path: str) -> int | None:
    """The version of a document that is open."""
    place = os.path.join(root, path)
    return next((each.version for each in view.opened.values() if each.place == place), None)
