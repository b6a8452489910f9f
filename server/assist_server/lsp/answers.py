"""Questions in the language server: commands, code actions, streamed answers, progress and edits.

It translates between the protocol and `QuestionTasks`. What is asked, sent or changed is not decided here.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from assist_context.documents import split_lines
from assist_context.unseen_characters import visible
from assist_escalation.edits.plan import MARK, EditError
from assist_server.editor.question import EditorQuestion, RenameByServer, ReplacedRange, WorkspaceSnapshot
from assist_server.editor.question_tasks import EXPECTED, QuestionTasks, take_snapshot
from assist_server.lsp.answer_documents import AnswerDocuments
from assist_server.lsp.choices import Choices
from assist_server.lsp.protocol import Server, experimental, get_encoding, get_member
from assist_server.lsp.text_edits import check_line_ends, line_edits
from assist_server.wording.edit_previews import PreviewLine, edit_preview, edit_warnings
from assist_server.workspace.documents import Encoding, to_units

if TYPE_CHECKING:  # numpy and tree-sitter, which `initialize` must not wait for
    from assist_escalation.edits.plan import EditPlan, FileChange
    from assist_escalation.routing.router import Wish
    from assist_server.config.run_consent import RunRequest
    from assist_server.questions.computed_edits import NameToRename
    from assist_server.questions.decision import AnswerContext

COMMANDS = ("explain", "facts", "ask", "test", "refactor", "fix")
ANSWER, CONFIRM, RUN_CODE, REVIEW = "assist/answer", "assist/confirm", "assist/run", "assist/review"
RENAME = "assist/rename"
SEND, STAY = "Send", "Stay on this machine"
RUN, NO_RUN = "Run it", "Do not run"
APPLY, DISCARD = "Apply", "Discard"
ANNOTATION = "assist"
MESSAGE_LINES = 30  # of an edit in a message: about what fits a screen; a longer message is cut or scrolls
MESSAGE_CHARACTERS = 3_000
PLAIN_REFACTORING = "Make it simpler and easier to read, and keep what it does."
_PROGRESS = "assist-answer-"


class LspEditor:
    """An `EditorPort` for a client of the protocol."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.choices = Choices(server)
        self._documents = AnswerDocuments(server)
        self._running: set[str] = set()  # ids of answers that have not ended
        self._asked: dict[str, AnswerContext] = {}  # by their ids, while the client asks its user
        self._shown: set[str] = set()  # those whose progress the client shows
        self._read: set[str] = set()  # of them, those whose progress says that the model reads

        @server.command("assist.text")
        async def text(*arguments: Any) -> dict[str, str] | None:
            return await self.request_text(str(get_member(arguments[0], "id") or "") if arguments else "")

    def tell(self, message: dict[str, Any]) -> None:
        """Send a piece of an answer, or its end."""
        self._server.protocol.notify(ANSWER, message)
        if message["id"] in self._shown:
            self._report(message)
        if route := message.get("route"):
            self._server.session.show_answering(route["target"], route["budget_left_usd"])
        elif message["done"]:
            self._server.session.show_answering("local", None)
        if message["done"]:
            self._running.discard(message["id"])
        if message["done"] and message["id"] in self._shown:
            self._shown.discard(message["id"])
            self._read.discard(message["id"])
            progress = self._server.work_done_progress
            progress.end(_PROGRESS + message["id"], types.WorkDoneProgressEnd())
        self._documents.tell(message)  # last: in Helix, the end of the progress clears the status line

    def _report(self, message: dict[str, Any]) -> None:
        """Tell the client's progress how far an answer is: once words come, it no longer says "reading"."""
        number = message["id"]
        words = ""
        if progress := message.get("progress"):
            words = progress["message"]
            self._read.add(number)
        elif message["delta"] and number in self._read:
            words = "answering"
            self._read.discard(number)
        if words:
            report = types.WorkDoneProgressReport(cancellable=True, message=words)
            self._server.work_done_progress.report(_PROGRESS + number, report)

    def begin(self, number: str, question: EditorQuestion) -> None:
        """Show a progress that can be cancelled, if the client can."""
        self._documents.begin(number, question.command, question.uri)
        title = f"assist: {question.command}"
        window = self._server.client_capabilities.window
        if not (window and window.work_done_progress):
            return
        progress = self._server.work_done_progress
        self._running.add(number)

        def on_created(_: Any) -> None:
            if number not in self._running:  # the answer ended before the client replied
                return
            self._shown.add(number)
            progress.begin(_PROGRESS + number, types.WorkDoneProgressBegin(title, cancellable=True))

        progress.create(_PROGRESS + number, on_created)

    async def confirm_request(self, context: "AnswerContext") -> bool:
        """Ask before anything is sent: by our own request if the client knows it, else by a message."""
        from assist_server.wording.requests import preview_lines, route_document  # noqa: PLC0415

        lines = preview_lines(context)
        if not experimental(self._server, "assistConfirm"):
            view = partial(self._show_request, context)
            return await self.choices.ask(["Send this to a provider?", *lines], SEND, STAY, view)
        params = {**route_document(context), "lines": lines}
        self._asked[context.id] = context
        try:
            reply = await self._server.protocol.send_request_async(CONFIRM, params)
        finally:
            del self._asked[context.id]
        return bool(get_member(reply, "send"))

    async def confirm_run(self, request: "RunRequest") -> bool:
        """Ask before code of the workspace is run for the first time."""
        from assist_server.config.run_consent import consent_lines  # noqa: PLC0415

        lines = consent_lines(request)
        if not experimental(self._server, "assistRun"):
            return await self.choices.ask(lines, RUN, NO_RUN)
        reply = await self._server.protocol.send_request_async(RUN_CODE, {"lines": lines})
        return bool(get_member(reply, "run"))

    async def request_text(self, number: str) -> dict[str, str] | None:
        """The text that the open `assist/confirm` of this id is about, and its hash; None if it is closed."""
        context = self._asked.get(number)
        if context is None or context.prepared is None:
            return None
        text = await asyncio.to_thread(_request_text, context)
        return {"text": text, "sha256": context.prepared.payload_sha256}

    async def _show_request(self, context: "AnswerContext") -> None:
        """Show the text that would be sent as a document, to a client that does not show it itself."""
        lines = (await asyncio.to_thread(_request_text, context)).split("\n")
        if not await self._documents.show_request(lines):
            words = "This editor cannot show documents; run `assist route ... --show-text` in a terminal."
            self._server.window_show_message(types.ShowMessageParams(types.MessageType.Warning, words))

    async def confirm_edit(self, plan: "EditPlan", *, again: bool = False) -> bool:
        """Ask before an edit that the client would make unseen, or that changes a protected file.

        Whatever the client supports, the user sees the added and removed lines first: in the client's own
        preview, by `assist/review`, in a document, or in the question. Kate accepts edits for two seconds
        after a code action and refuses later ones. With `again` a code action offers the edit once more.
        """
        for change in plan.changes:
            await asyncio.to_thread(check_line_ends, change.path, change.before, change.after)
        support = _edit_support(self._server)
        paths = [visible(change.path) for change in plan.changes]
        if again:
            waits = not experimental(self._server, "assistAnswer") and not support.annotates
            lines = [f"The editor did not apply the edit of {', '.join(paths)}."]
            return waits and await self.choices.ask_by_action(lines, APPLY, DISCARD)
        warnings = await asyncio.to_thread(edit_warnings, plan)
        if support.annotates and not warnings:
            return True
        warnings = (*warnings, *map(visible, plan.notes))
        lines = ["Make this edit?", *paths, *warnings]
        if support.annotates:  # the client shows the lines afterwards, and asks again
            return await self.choices.ask(lines, APPLY, DISCARD)
        preview = await asyncio.to_thread(edit_preview, plan)
        if experimental(self._server, "assistReview"):
            rows = [*warnings, *(line.text for line in preview)]
            reply = await self._server.protocol.send_request_async(REVIEW, {"lines": rows})
            return bool(get_member(reply, "apply"))
        return await self.choices.ask([*lines, await self._show_edit(preview)], APPLY, DISCARD)

    async def _show_edit(self, preview: Sequence[PreviewLine]) -> str:
        """Show an edit to a client that would make it unseen; return the words of the question about it.

        It is a document, or else the changed lines in the question itself. `EditError` if these are too many.
        """
        if name := await self._documents.show_edit([line.text for line in preview]):
            return f"The whole edit is shown in {name}."
        lines = [line.text for line in preview if line.kind != "same"]
        if len(lines) > MESSAGE_LINES or sum(map(len, lines)) > MESSAGE_CHARACTERS:
            raise EditError(
                f"the edit has {len(lines)} lines, but a message can show at most {MESSAGE_LINES}, and this "
                "editor cannot show documents. Ask again with `assist` in a terminal, which shows all "
                "lines; `assist undo` reverts edits"
            )
        return "\n".join([*lines, ""])

    async def rename(self, uri: str, line: str, name: "NameToRename") -> RenameByServer | None:
        """Return what another language server would change to rename a name on this line of a document.

        Only the form is checked. None if the client passes no renames on, or has no answer.
        """
        if not experimental(self._server, "assistRename"):
            return None
        own = self._server.workspace.position_encoding
        at = {"line": name.line, "character": to_units(line, name.column, get_encoding(own))}
        params = {"textDocument": {"uri": uri}, "position": at, "newName": name.new}
        try:
            reply = await self._server.protocol.send_request_async(RENAME, params)
        except JsonRpcException:
            return None
        edits = {str(get_member(file, "uri")): _ranges(file) for file in get_member(reply, "files") or ()}
        if not edits or None in edits.values():
            return None
        encoding = get_encoding(get_member(reply, "positionEncoding") or own)
        return RenameByServer({uri: ranges for uri, ranges in edits.items() if ranges}, encoding)

    async def apply(self, plan: "EditPlan", root: str, versions: Mapping[str, tuple[str, int]]) -> bool:
        """Send the edit to the client, annotated for confirmation if the client can do that."""
        edit = await asyncio.to_thread(_workspace_edit, _edit_support(self._server), plan, root, versions)
        params = types.ApplyWorkspaceEditParams(edit, label="assist")
        return (await self._server.workspace_apply_edit_async(params)).applied


def add_answers(server: Server) -> QuestionTasks:
    """Add the handlers. Returns the owner of the questions, which must be closed with the session."""
    editor = LspEditor(server)
    session = server.session

    def snapshot() -> WorkspaceSnapshot:
        return take_snapshot(session.config, session.workspace.folders, session.documents)

    questions = QuestionTasks(snapshot, session.model.loaded_answerer, editor)

    def add_command(command: str, name: str = "") -> None:
        @server.command(f"assist.{name or command}")
        def ask(*arguments: Any) -> dict[str, Any]:
            return _begin(questions, editor, _read_question(command, arguments[0] if arguments else {}))

    for command in COMMANDS:
        add_command(command)
    add_command("commit", "commitMessage")
    add_command("review")

    @server.command("assist.cancel")
    def cancel(number: Any = "") -> None:
        questions.cancel(str(number))

    @server.command("assist.undo")
    async def undo(*arguments: Any) -> dict[str, Any]:
        uri = str(get_member(arguments[0], "uri") or "") if arguments else ""
        try:
            files, notes = await questions.undo(uri)
        except EXPECTED as error:
            server.window_show_message(types.ShowMessageParams(types.MessageType.Warning, str(error)))
            return {"files": [], "error": str(error)}
        for text in notes:
            server.window_show_message(types.ShowMessageParams(types.MessageType.Info, text))
        return {"files": files, "error": None}

    _add_remarks(server, questions, editor)
    kinds = [types.CodeActionKind.Refactor, types.CodeActionKind.QuickFix, types.CodeActionKind.Empty]

    @server.feature(types.TEXT_DOCUMENT_CODE_ACTION, types.CodeActionOptions(code_action_kinds=kinds))
    def actions(params: types.CodeActionParams) -> list[types.CodeAction]:
        return [*editor.choices.actions(), *_code_actions(params)]

    return questions


def _request_text(context: "AnswerContext") -> str:
    from assist_server.wording.requests import payload_text  # noqa: PLC0415

    return payload_text(context.prepared) if context.prepared else ""


def _begin(questions: QuestionTasks, editor: LspEditor, question: EditorQuestion) -> dict[str, Any]:
    number = questions.ask(question)
    editor.begin(number, question)
    return {"id": number}


def _add_remarks(server: Server, questions: QuestionTasks, editor: LspEditor) -> None:
    """Add what a user can say to an answer: that it was good or bad, and to try again."""

    @server.command("assist.retry")
    def retry(*arguments: Any) -> dict[str, Any]:
        argument = arguments[0] if arguments else {}
        number = str(get_member(argument, "id") or "")
        try:
            question = questions.question_again(number, _wish(get_member(argument, "wish")))
        except EXPECTED as error:
            return {"id": None, "error": str(error)}
        return _begin(questions, editor, question)

    @server.command("assist.rate")
    async def rate(*arguments: Any) -> dict[str, Any]:
        argument = arguments[0] if arguments else {}
        verdict = get_member(argument, "verdict")
        if verdict not in ("good", "bad"):
            return {"error": f"The verdict {verdict!r} is neither good nor bad."}
        try:
            await questions.rate(str(get_member(argument, "id") or ""), good=verdict == "good")
        except EXPECTED as error:
            return {"error": str(error)}
        return {"error": None}


def stop_progress(questions: QuestionTasks, token: object) -> None:
    """The user cancelled a progress: stop the answer that it belongs to, if any."""
    if isinstance(token, str) and token.startswith(_PROGRESS):
        questions.cancel(token.removeprefix(_PROGRESS))


def _read_question(command: str, argument: Any) -> EditorQuestion:
    """The question in the object that a command gets, in which each member may be missing."""
    words = get_member(argument, "words")
    problems = [
        (_first_line(problem) + 1, str(get_member(problem, "message") or ""))
        for problem in get_member(argument, "problems") or ()
    ]
    return EditorQuestion(
        command,
        str(get_member(argument, "uri") or ""),
        _lines(get_member(argument, "range")),
        words if isinstance(words, str) else "",
        _wish(get_member(argument, "wish")) or "auto",
        str(get_member(argument, "provider") or ""),
        tuple(problems),
        str(get_member(argument, "thread") or ""),
        tuple(map(str, get_member(argument, "files") or ())),
        str(get_member(argument, "rev") or ""),
    )


def _wish(value: Any) -> "Wish | None":
    return "local" if value == "local" else "frontier" if value == "frontier" else None


def _first_line(value: Any) -> int:
    line = get_member(value, "range", "start", "line")
    return line if isinstance(line, int) else 0


def _lines(range_: Any) -> tuple[int, int]:
    """Lines from 1. A cursor means the definition there, also if it is one character wide, as in Helix.

    A range that ends at the start of a line does not include that line.
    """
    first, last = get_member(range_, "start", "line"), get_member(range_, "end", "line")
    if not (isinstance(first, int) and isinstance(last, int)):
        return 0, 0
    start, end = get_member(range_, "start", "character"), get_member(range_, "end", "character")
    if first == last and isinstance(start, int) and isinstance(end, int) and end - start <= 1:
        return first + 1, 0
    return first + 1, max(first, last - (end == 0)) + 1


def _code_actions(params: types.CodeActionParams) -> Iterator[types.CodeAction]:
    """Yield what can be asked here. A client may add words to a refactoring before it runs the command."""
    uri = params.text_document.uri
    kind = types.CodeActionKind
    where: dict[str, Any] = {"uri": uri, "range": _range_document(params.range)}
    reply = [
        {"message": problem.message, "range": _range_document(problem.range)}
        for problem in params.context.diagnostics
    ]
    rows = [
        ("Explain", "explain", kind.Empty, where),
        ("Facts", "facts", kind.Empty, where),
        ("Refactor...", "refactor", kind.RefactorRewrite, {**where, "words": PLAIN_REFACTORING}),
        ("Generate tests", "test", kind.Empty, where),
    ]
    if reply:
        rows.insert(0, ("Fix this problem", "fix", kind.QuickFix, {**where, "problems": reply}))
    only = params.context.only
    for words, command, kind_, arguments in rows:
        if only is None or any(str(kind_).startswith(str(kind_wanted)) for kind_wanted in only):
            title = f"assist: {words}"  # next to the actions of other extensions
            run = types.Command(title, f"assist.{command}", arguments=[arguments])
            diagnostics = params.context.diagnostics if command == "fix" else None
            yield types.CodeAction(title, kind_ or None, command=run, diagnostics=diagnostics)


def _range_document(range_: types.Range) -> dict[str, Any]:
    ends = {"start": range_.start, "end": range_.end}
    return {name: {"line": at.line, "character": at.character} for name, at in ends.items()}


def _ranges(file: Any) -> tuple[ReplacedRange, ...] | None:
    """The replaced ranges of a file; None if one is not a range with a text."""
    reply = []
    for edit in get_member(file, "edits") or ():
        numbers = [
            get_member(edit, "range", end, side) for end in ("start", "end") for side in ("line", "character")
        ]
        text = get_member(edit, "newText")
        if not isinstance(text, str) or not all(
            isinstance(number, int) and number >= 0 for number in numbers
        ):
            return None
        first, start, last, end = numbers
        reply.append(ReplacedRange(first, start, last, end, text))
    return tuple(reply)


@dataclass(frozen=True, slots=True)
class _EditSupport:
    """The client's support of edits: with versions, annotated for confirmation, and how it counts columns."""

    versions: bool
    annotates: bool
    encoding: Encoding


def _edit_support(server: Server) -> _EditSupport:
    capability = get_member(server.client_capabilities.workspace, "workspace_edit")
    versions = bool(get_member(capability, "document_changes"))
    annotations = get_member(capability, "change_annotation_support") is not None
    annotates = versions and annotations and not experimental(server, "assistReview")
    return _EditSupport(versions, annotates, get_encoding(server.workspace.position_encoding))


def _workspace_edit(
    support: _EditSupport, plan: "EditPlan", root: str, versions: Mapping[str, tuple[str, int]]
) -> types.WorkspaceEdit:
    """The edit as the client takes it, with the client's own URIs for open documents."""
    uri_of = {change.path: Path(root, change.path).as_uri() for change in plan.changes}
    uris = uri_of | {path: uri for path, (uri, _) in versions.items()}
    if not support.versions:
        return types.WorkspaceEdit(
            changes={uris[change.path]: _line_edits(support, change, None) for change in plan.changes}
        )
    mark = ANNOTATION if support.annotates else None
    changes: list[Any] = []
    for change in plan.changes:
        uri = uris[change.path]
        if change.removes:
            changes.append(types.DeleteFile(uri, annotation_id=mark))
            continue
        if not change.base_sha256:
            changes.append(types.CreateFile(uri, annotation_id=mark))
        version = versions[change.path][1] if change.path in versions else None
        document = types.OptionalVersionedTextDocumentIdentifier(uri, version)
        changes.append(types.TextDocumentEdit(document, _line_edits(support, change, mark)))
    annotations = {mark: types.ChangeAnnotation("assist", needs_confirmation=True)} if mark else None
    return types.WorkspaceEdit(document_changes=changes, change_annotations=annotations)


def _line_edits(support: _EditSupport, change: "FileChange", mark: str | None) -> list[Any]:
    """The edits of one file, in whole lines."""
    before, after = change.before.removeprefix(MARK), change.after.removeprefix(MARK)
    edits: list[Any] = []
    lines = split_lines(before)
    for edit in line_edits(before, after):
        start, end = types.Position(edit.first, 0), types.Position(edit.last, 0)
        if edit.last >= len(lines):  # the last line has no line end
            end = types.Position(len(lines) - 1, to_units(lines[-1], len(lines[-1]), support.encoding))
            start = min(start, end, key=lambda at: (at.line, at.character))
        span = types.Range(start, end)
        edits.append(
            types.AnnotatedTextEdit(mark, span, edit.text) if mark else types.TextEdit(span, edit.text)
        )
    return edits
