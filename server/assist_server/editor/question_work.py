"""Answering an editor's questions: the decision, the answer as messages, and the edits.

It uses plain values; what blocks runs on threads. `question_tasks` imports it at the first question.
"""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from assist_escalation.edits.plan import EditError, EditPlan
from assist_escalation.errors import EscalationError
from assist_escalation.prompts import Origin, Span
from assist_escalation.routing.router import Decision
from assist_server.editor.editor_rename import ask_editor_rename
from assist_server.editor.question import DocumentState, EditorContext, EditorQuestion, WorkspaceSnapshot
from assist_server.editor.question_place import corpus_with, find_home, find_place, list_uris
from assist_server.errors import UserError
from assist_server.questions.composition import DecisionInputs, decision_inputs
from assist_server.questions.decision import AnswerContext, decide
from assist_server.questions.diff_material import add_diff, read_diff
from assist_server.questions.draft import Question
from assist_server.questions.events import (
    AnswerProgress,
    AnswerSink,
    FactsFound,
    FinalAnswer,
    PlacesFound,
    ShownSource,
    WritingPace,
    reading,
)
from assist_server.questions.instructions import DIFFS
from assist_server.questions.secret_file_texts import opened_secret_texts
from assist_server.questions.session import AnswerSession, record_happening
from assist_server.questions.targets import QuestionFolders
from assist_server.records.edit_history import (
    changed_files,
    finish_interrupted,
    next_undo,
    record_editor_edit,
    take_back,
)
from assist_server.threads.attachments import Attachment, read_attachment
from assist_server.threads.thread import Thread
from assist_server.wording.answers import (
    AnswerView,
    answer_header,
    answer_message,
    answer_view,
    progress_document,
)
from assist_server.wording.edit_previews import EditPreview
from assist_server.wording.facts import nothing_found, remark_rows
from assist_server.wording.requests import left_out_lines, not_compared_lines, route_document
from assist_server.wording.sanitize import StreamSanitizer
from assist_server.wording.views import fact_documents
from assist_server.workspace.compared_diff import ComparedDiff, add_texts, compare
from assist_server.workspace.documents import get_path
from assist_server.workspace.folder_index import open_corpus
from assist_server.workspace.git_access import make_git

GONE = "The earlier questions of this conversation are no longer available: a new conversation begins."

AnswerMessage = dict[str, Any]
TellMessage = Callable[[AnswerMessage], None]
T = TypeVar("T")


async def answer_question(
    question: EditorQuestion, snapshot: WorkspaceSnapshot, context: EditorContext, tell: TellMessage
) -> None:
    """Tell the messages of one answer, as `assist/answer` sends them. Raises as `AnswerSession` does."""
    tell({"progress": progress_document(reading(0, 0.0))})
    home = find_home(question, snapshot).root
    for notice in await _recover(home, snapshot, context):
        tell({"notice": notice})
    thread = context.threads.get(question.thread)
    if question.thread and (thread is None or thread.root != home):
        tell({"notice": GONE})
        thread = None
    diff: ComparedDiff | None = None
    if question.command in DIFFS:
        diff = await asyncio.to_thread(_read_asked_diff, question, snapshot)
        for event in _review_messages(diff, snapshot) if question.command == "review" else ():
            tell(event)
    first_context, problems = await asyncio.to_thread(decide_question, question, snapshot, thread, diff)
    tell({"request": first_context.id})
    answer_context = await ask_editor_rename(first_context, question, snapshot, context.editor.rename)
    for problem in problems:
        tell({"notice": problem})
    view = _ShownAnswer(answer_context, context, tell)
    session = AnswerSession(
        context.local,
        context.editor.confirm_request,
        view.sink(),
        versions=partial(_version, snapshot, answer_context.root),
        confirm_run=context.editor.confirm_run,
    )
    final = await session.answer(answer_context)
    await _tell_end(answer_context, context, final, view, diff)


class _ShownAnswer:
    """Tells an answer piece by piece, each answer from its beginning."""

    def __init__(self, answer_context: AnswerContext, context: EditorContext, tell: TellMessage) -> None:
        self._decided = answer_context
        self._context = context
        self.tell = tell
        self._begin()

    def _begin(self) -> None:
        self.edit = EditPreview()
        self.plain = StreamSanitizer()
        self._pace = WritingPace(time.monotonic)

    def sink(self) -> AnswerSink:
        """Find where the answer goes."""
        return AnswerSink(self.text, self.notice, self.progress, self.restart, self.facts)

    def facts(self, event: FactsFound | PlacesFound) -> None:
        """Tell what is known before any model is asked."""
        rows, root = answer_header(event)
        self.tell({"facts": fact_documents(rows, list_uris(self._context.snapshot(), root))})

    def restart(self, decision: Decision, model: str) -> None:
        """Tell who answers; what was shown of an earlier answer goes away."""
        self._begin()
        self.tell({"route": route_document(self._decided, decision), "model": model, "restart": True})

    def text(self, text: str) -> None:
        """Tell more of the answer, an edit as it is previewed."""
        if self._decided.question.command in DIFFS:  # whether a remark has its place is known at the end
            for piece in self._pace.after(0):
                self.progress(piece)
            return
        is_edit = self._decided.local.form.kind  # in others, what looks like an edit block is none
        self.tell({"delta": self.plain.take(self.edit.feed(text) if is_edit else text)})

    def notice(self, text: str) -> None:
        """Tell a message to the user."""
        self.tell({"notice": text})

    def progress(self, progress: AnswerProgress) -> None:
        """Tell what a model does."""
        self.tell({"progress": progress_document(progress)})


async def _tell_end(
    answer_context: AnswerContext,
    context: EditorContext,
    final: FinalAnswer,
    answer_shown: _ShownAnswer,
    diff: ComparedDiff | None,
) -> None:
    """Make or refuse the edit of an answer, and tell its last message."""
    if final.thread is not None:
        context.threads.put(final.thread)
    view = answer_view(answer_context, final, diff)
    last = await _last_message(view, context)
    delta = answer_shown.plain.take(answer_shown.edit.end() + view.held.text)
    thread = final.thread.id if final.thread else None
    notice = " ".join(view.held.notes)
    answer_shown.tell({"delta": delta, **last, "thread": thread, **({"notice": notice} if notice else {})})


async def _recover(root: str, snapshot: WorkspaceSnapshot, context: EditorContext) -> tuple[str, ...]:
    """Finish the edits of a folder that a crash interrupted, once; say in words what was done."""
    if root in context.recovered:
        return ()
    try:
        notes = await asyncio.to_thread(finish_interrupted, snapshot.config, root)
    except EditError as error:  # it prevents edits, not answers; the next question tries again
        return (str(error),)
    context.recovered.add(root)
    return notes


async def _last_message(view: AnswerView, context: EditorContext) -> AnswerMessage:
    """The last message of an answer, after its edit was made or refused."""
    final = view.final
    is_applied = False
    problem = str(final.problem or "")
    if final.plan is not None:
        plan = final.plan
        if final.proof is not None and final.proof.recorded is None:  # a person sees it with the edit
            plan = replace(plan, notes=(*plan.notes, view.proof_line))
        is_applied, problem = await _make_answer(view, plan, context)
    snapshot = context.snapshot()

    def uri_of(source: ShownSource) -> str:
        return list_uris(snapshot, source.root)(source.path)  # the editor's own for an open document

    return answer_message(view, uri_of, is_applied=is_applied, problem=problem)


async def _make_answer(view: AnswerView, plan: EditPlan, context: EditorContext) -> tuple[bool, str]:
    """Make the edit of an answer. Returns whether it was made, and a problem or ""."""
    answer_context = view.decided
    final = view.final

    async def record() -> str:
        config = context.snapshot().config
        try:
            await asyncio.to_thread(
                record_editor_edit, config, plan, answer_context.root, answer_context.id, view.proof_kind
            )
        except EscalationError as error:
            return str(error)
        finally:
            await asyncio.to_thread(
                partial(record_happening, answer_context, final.decision, "accepted", proof=final.proof_kind)
            )
        return ""

    is_applied = False
    problem = ""
    try:
        is_applied, problem = await _make_edit(
            plan, answer_context.root, context, record, "the model saw it: ask again"
        )
    except EditError as error:
        problem = str(error)
    if not is_applied:
        await asyncio.to_thread(record_happening, answer_context, final.decision, "not_applied")
    return is_applied, problem


async def _make_edit(
    plan: EditPlan, root: str, context: EditorContext, record: Callable[[], Awaitable[str]], since: str
) -> tuple[bool, str]:
    """Let the editor make an edit, then record it. Returns whether it was made, and what `record` returns.

    Raises `EditError` if a file changed `since`. Once the editor has the edit, a cancellation waits: the
    editor may still make the edit, and then it must be recorded.
    """
    is_made = False
    problem = ""
    for again in (False, True):
        if is_made or not await context.editor.confirm_edit(plan, again=again):
            break
        is_made, problem = await _try_edit(plan, root, context, record, since)
    return is_made, problem


async def _try_edit(
    plan: EditPlan, root: str, context: EditorContext, record: Callable[[], Awaitable[str]], since: str
) -> tuple[bool, str]:
    """One attempt at an edit, after the user has agreed."""
    files = _open_files(plan, context.snapshot(), root)
    texts = {path: state.document.text for path, (_, state) in files.items()}
    if conflict := await asyncio.to_thread(changed_files, plan, root, texts):
        raise EditError(f"{', '.join(conflict)} changed since {since}")
    versions = {path: (uri, state.version) for path, (uri, state) in files.items()}

    async def make() -> tuple[bool, str]:
        is_made = await context.editor.apply(plan, root, versions)
        return is_made, await record() if is_made else ""

    return await _finish(make())


async def _finish(work: Coroutine[Any, Any, T]) -> T:
    """The result of work that must not stay half done: cancelling the caller does not end it early."""
    task = asyncio.get_running_loop().create_task(work)
    while not task.done():
        with suppress(asyncio.CancelledError):
            await asyncio.shield(task)
    return task.result()


async def undo(uri: str, context: EditorContext) -> tuple[list[str], tuple[str, ...]]:
    """Take back the last edit of a document's folder in the editor. Raises `EscalationError`.

    Returns the paths, and in words which interrupted edits were finished first. An error that is no
    `EditError` means that the edit is taken back, but that the audit log could not be written.
    """
    snapshot = context.snapshot()
    root = find_home(EditorQuestion("undo", uri), snapshot).root
    pending = await asyncio.to_thread(next_undo, snapshot.config, root)

    async def record() -> str:
        notes = partial(take_back, snapshot.config, root, pending.edit, by_editor=True)
        try:
            await asyncio.to_thread(notes)
        except EscalationError as error:
            return str(error)
        return ""

    since = "the edit: undo the later changes first"
    is_made, problem = await _make_edit(pending.plan, root, context, record, since)
    if not is_made:
        raise EditError("the editor did not undo the change")
    if problem:
        raise EscalationError(problem)
    return [change.path for change in pending.plan.changes], pending.recovered


def decide_question(
    question: EditorQuestion,
    snapshot: WorkspaceSnapshot,
    thread: Thread | None = None,
    diff: ComparedDiff | None = None,
) -> tuple[AnswerContext, tuple[str, ...]]:
    """A question with its decision, and what is wrong in the rules. It blocks.

    Raises `UserError` if the editor does not have the document open.
    """
    if question.command in DIFFS:
        return _decide_diff(question, snapshot, diff or _read_asked_diff(question, snapshot))
    with find_place(question, snapshot) as place:
        folders = place.folders
        target = place.target
        inputs = _inputs(snapshot, folders.roots, place.asked)
        origin = Origin("editor", target.lines.path if target else "", folders.corpus.root)
        problems = tuple(Span(f"line {line}: {text}", origin) for line, text in question.problems)
        decidable = Question(
            question.command,
            question.words,
            target,
            problems,
            question.wish,
            question.provider,
            thread=thread,
            attachments=_attachments(question, folders.roots),
            asks_run=True,
        )
        return decide(decidable, folders, inputs), tuple(map(str, inputs.problems))


def _inputs(snapshot: WorkspaceSnapshot, roots: Sequence[str], names: Sequence[str]) -> DecisionInputs:
    """Collect the inputs of a decision, which also knows the values of secret files that are not saved."""
    inputs = decision_inputs(snapshot.config, roots, names)
    open_texts = {
        path: state.document
        for uri, state in snapshot.opened.items()
        for path in (state.real_path or state.document.path, get_path(uri))  # a link's own name is one too
        if path
    }
    texts = opened_secret_texts(open_texts, inputs.permissions.roots, inputs.permissions.deny)
    return replace(inputs, more_secrets=texts)


def _attachments(question: EditorQuestion, roots: Sequence[str]) -> tuple[Attachment, ...]:
    """The files and folders that the editor adds, by their URIs."""
    if wrong := [uri for uri in question.files if not get_path(uri)]:
        raise UserError(f"{wrong[0]} is not a file on this machine: add files with a path.")
    return tuple(read_attachment(get_path(uri), Path(roots[0]), roots) for uri in question.files)


def _decide_diff(
    question: EditorQuestion, snapshot: WorkspaceSnapshot, diff: ComparedDiff
) -> tuple[AnswerContext, tuple[str, ...]]:
    """A question about what changed in a folder: a commit message for what is staged, or a review."""
    home = find_home(question, snapshot)
    git = make_git(snapshot.config)
    inputs = _inputs(snapshot, [home.root], [home.root])
    diff_question = Question(question.command, question.words, wish=question.wish, provider=question.provider)
    about = add_diff(diff_question, diff, git, inputs)
    if not about.question.material:
        is_staged = question.command == "commit"
        raise UserError(
            "Nothing is staged." if is_staged else "There are no changes that a model may be shown."
        )
    with corpus_with(home, snapshot) as corpus:
        return decide(about.question, QuestionFolders(corpus), about.inputs), (
            *map(str, inputs.problems),
            *left_out_lines(about.left_out),
        )


def _read_asked_diff(question: EditorQuestion, snapshot: WorkspaceSnapshot) -> ComparedDiff:
    """Read the diff of a question. Callers come from the index: the diff is of files, too."""
    home = find_home(question, snapshot)
    git = make_git(snapshot.config)
    diff = read_diff(git, home.root, question.command, question.revision)
    if question.command != "review":
        return add_texts(git, diff)
    corpus = open_corpus(home)
    try:
        return compare(git, diff, corpus)
    finally:
        corpus.reader.close()


def _review_messages(diff: ComparedDiff, snapshot: WorkspaceSnapshot) -> Iterator[AnswerMessage]:
    """Yield what is said of a diff before a model is asked."""
    facts = diff.facts
    if rows := remark_rows(facts.found):
        yield {"facts": fact_documents(rows, list_uris(snapshot, diff.diff.root))}
    elif diff.files:
        yield {"notice": nothing_found(facts, len(diff.files))}
    for line in not_compared_lines(facts.left_out):
        yield {"notice": line}


def _open_files(
    plan: EditPlan, snapshot: WorkspaceSnapshot, root: str
) -> dict[str, tuple[str, DocumentState]]:
    """The files of a plan that are open, by path, each with its URI."""
    by_real_path = {
        state.real_path: (uri, state) for uri, state in snapshot.opened.items() if state.real_path
    }
    real_paths = {change.path: os.path.join(root, change.path) for change in plan.changes}
    return {
        path: by_real_path[real_path] for path, real_path in real_paths.items() if real_path in by_real_path
    }


def _version(snapshot: WorkspaceSnapshot, root: str, path: str) -> int | None:
    """The version of a document if it is open."""
    real_path = os.path.join(root, path)
    return next((state.version for state in snapshot.opened.values() if state.real_path == real_path), None)
