"""Questions in the language server: commands, code actions, streamed answers, progress, edits.

It translates between the protocol and `Inquiries`; what is asked, sent or changed is not decided here.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from assist_context.model import split_lines
from assist_server.documents import path_of
from assist_server.inquiries import EXPECTED, Inquiries, Inquiry, View, view_of
from assist_server.line_edits import line_edits
from assist_server.lsp_protocol import Server, encoding_of
from assist_server.positions import to_units

if TYPE_CHECKING:  # numpy and tree-sitter, which `initialize` must not wait for
    from assist_escalation.changes import Change, EditPlan
    from assist_server.deciding import Ready

MARK = "\ufeff"  # a byte order mark is the file's, not the editor's text
COMMANDS = ("explain", "ask", "test", "refactor", "fix")
ANSWER, CONFIRM = "assist/answer", "assist/confirm"
SEND, STAY = "Send", "Stay on this machine"
ANNOTATION = "assist"
PLAIN_REFACTORING = "Make it simpler and easier to read, and keep what it does."
_PROGRESS = "assist-answer-"


class EditorOverLsp:
    """The `Editor` that a client of the protocol is."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._shown: set[str] = set()  # ids whose progress the client shows

    def tell(self, message: dict[str, Any]) -> None:
        """A piece of an answer, or its end."""
        self._server.protocol.notify(ANSWER, message)
        if route := message.get("route"):
            self._server.session.answering(route["target"], route["budget_left_usd"])
        elif message["done"]:
            self._server.session.answering("local", None)
        if message["done"] and message["id"] in self._shown:
            self._shown.discard(message["id"])
            progress = self._server.work_done_progress
            progress.end(_PROGRESS + message["id"], types.WorkDoneProgressEnd())

    def began(self, number: str, title: str) -> None:
        """Show a progress that can be cancelled, where the client can."""
        window = self._server.client_capabilities.window
        if not (window and window.work_done_progress):
            return
        progress = self._server.work_done_progress

        def agreed(_: Any) -> None:
            self._shown.add(number)
            progress.begin(_PROGRESS + number, types.WorkDoneProgressBegin(title, cancellable=True))

        progress.create(_PROGRESS + number, agreed)

    async def confirm(self, ready: "Ready") -> bool:
        """Ask before anything is sent: by our own request where the client knows it, else by a message."""
        from assist_server.answer_words import preview_lines, route_document  # noqa: PLC0415

        lines = preview_lines(ready)
        if _experimental(self._server, "assistConfirm"):
            params = {**route_document(ready), "lines": lines}
            found = await self._server.protocol.send_request_async(CONFIRM, params)
            return bool(getattr(found, "send", False))
        actions = [types.MessageActionItem(SEND), types.MessageActionItem(STAY)]
        text = "\n".join(["Send this to a provider?", *lines])
        asked = types.ShowMessageRequestParams(types.MessageType.Warning, text, actions)
        chosen = await self._server.window_show_message_request_async(asked)
        return chosen is not None and chosen.title == SEND

    async def apply(self, plan: "EditPlan", root: str, versions: Callable[[str], int | None]) -> bool:
        """Hand the edit to the client, marked as one to be confirmed where it can mark it."""
        edit = _workspace_edit(self._server, plan, root, versions)
        params = types.ApplyWorkspaceEditParams(edit, label="assist")
        return (await self._server.workspace_apply_edit_async(params)).applied


def add_answers(server: Server) -> Inquiries:
    """Add the handlers; give what owns the questions, to be closed with the session."""
    editor = EditorOverLsp(server)
    session = server.session

    def view() -> View:
        return view_of(session.config, session.workspace.folders, session.documents)

    inquiries = Inquiries(view, lambda: session.local, editor)

    def ask(command: str, *arguments: Any) -> dict[str, Any]:
        inquiry = _inquiry(command, arguments[0] if arguments else {})
        number = inquiries.ask(inquiry)
        editor.began(number, f"assist: {command}")
        return {"id": number}

    for command in COMMANDS:
        server.command(f"assist.{command}")(_named(partial(ask, command), command))

    @server.command("assist.cancel")
    def cancel(number: Any = "") -> None:
        inquiries.cancel(str(number))

    @server.command("assist.undo")
    async def undo(*arguments: Any) -> dict[str, Any]:
        uri = str(_of(arguments[0], "uri") or "") if arguments else ""
        try:
            return {"files": await inquiries.undo(uri), "error": None}
        except EXPECTED as error:
            server.window_show_message(types.ShowMessageParams(types.MessageType.Warning, str(error)))
            return {"files": [], "error": str(error)}

    kinds = [types.CodeActionKind.Refactor, types.CodeActionKind.QuickFix, types.CodeActionKind.Empty]

    @server.feature(types.TEXT_DOCUMENT_CODE_ACTION, types.CodeActionOptions(code_action_kinds=kinds))
    def actions(params: types.CodeActionParams) -> list[types.CodeAction]:
        return list(_actions(params))

    return inquiries


def stop_progress(inquiries: Inquiries, token: object) -> None:
    """The person cancelled a progress: if it is an answer's, that stops."""
    if isinstance(token, str) and token.startswith(_PROGRESS):
        inquiries.cancel(token.removeprefix(_PROGRESS))


def _named(handler: Callable[..., dict[str, Any]], command: str) -> Callable[..., dict[str, Any]]:
    """A handler under a name: pygls registers functions, not partial ones."""

    def run(*arguments: Any) -> dict[str, Any]:
        return handler(*arguments)

    run.__name__ = command
    return run


def _inquiry(command: str, sent: Any) -> Inquiry:
    """What a client sent: `{uri, range, words, wish, provider, problems}`, of which it may leave out any."""
    wish, words = _of(sent, "wish"), _of(sent, "words")
    problems = [(_line(each) + 1, str(_of(each, "message") or "")) for each in _of(sent, "problems") or ()]
    return Inquiry(
        command,
        str(_of(sent, "uri") or ""),
        _lines(_of(sent, "range")),
        words if isinstance(words, str) else "",
        "local" if wish == "local" else "frontier" if wish == "frontier" else "auto",
        str(_of(sent, "provider") or ""),
        tuple(problems),
    )


def _of(value: Any, *names: str) -> Any:
    """A member of a member, of an object or of a mapping; None where there is none."""
    for name in names:
        value = value.get(name) if isinstance(value, Mapping) else getattr(value, name, None)
    return value


def _line(value: Any) -> int:
    found = _of(value, "range", "start", "line")
    return found if isinstance(found, int) else 0


def _lines(range_: Any) -> tuple[int, int]:
    """Lines from 1; one line alone means what is there. An end at the start of a line leaves that out."""
    first, last = _of(range_, "start", "line"), _of(range_, "end", "line")
    if not (isinstance(first, int) and isinstance(last, int)):
        return 0, 0
    start, end = _of(range_, "start", "character"), _of(range_, "end", "character")
    if (first, start) == (last, end):
        return first + 1, 0
    return first + 1, max(first, last - (end == 0)) + 1


def _actions(params: types.CodeActionParams) -> Iterator[types.CodeAction]:
    """What can be asked here; a client may put words to a refactoring before it runs it."""
    uri, kind = params.text_document.uri, types.CodeActionKind
    asked: dict[str, Any] = {"uri": uri, "range": _plain(params.range)}
    found = [{"message": each.message, "range": _plain(each.range)} for each in params.context.diagnostics]
    rows = [
        ("Explain", "explain", kind.Empty, asked),
        ("Refactor...", "refactor", kind.RefactorRewrite, {**asked, "words": PLAIN_REFACTORING}),
        ("Generate tests", "test", kind.Empty, asked),
    ]
    if found:
        rows.insert(0, ("Fix this problem", "fix", kind.QuickFix, {**asked, "problems": found}))
    only = params.context.only
    for title, command, kind_, arguments in rows:
        if only is None or any(str(kind_).startswith(str(each)) for each in only):
            run = types.Command(title, f"assist.{command}", arguments=[arguments])
            diagnostics = params.context.diagnostics if command == "fix" else None
            yield types.CodeAction(title, kind_ or None, command=run, diagnostics=diagnostics)


def _plain(range_: types.Range) -> dict[str, Any]:
    ends = {"start": range_.start, "end": range_.end}
    return {name: {"line": at.line, "character": at.character} for name, at in ends.items()}


def _experimental(server: Server, name: str) -> bool:
    """Whether the client says that it knows one of our own requests."""
    return bool(_of(server.client_capabilities.experimental, name))


def _workspace_edit(
    server: Server, plan: "EditPlan", root: str, versions: Callable[[str], int | None]
) -> types.WorkspaceEdit:
    able = server.client_capabilities.workspace and server.client_capabilities.workspace.workspace_edit
    if not (able and able.document_changes):
        changes = {_uri(server, root, each.path): _edits(server, each, None) for each in plan.changes}
        return types.WorkspaceEdit(changes=changes)
    mark = ANNOTATION if able.change_annotation_support else None
    changed: list[Any] = []
    for each in plan.changes:
        uri = _uri(server, root, each.path)
        if each.removes:
            changed.append(types.DeleteFile(uri, annotation_id=mark))
            continue
        if not each.base_sha256:
            changed.append(types.CreateFile(uri, annotation_id=mark))
        document = types.OptionalVersionedTextDocumentIdentifier(uri, versions(each.path))
        changed.append(types.TextDocumentEdit(document, _edits(server, each, mark)))
    named = {mark: types.ChangeAnnotation("assist", needs_confirmation=True)} if mark else None
    return types.WorkspaceEdit(document_changes=changed, change_annotations=named)


def _edits(server: Server, change: "Change", mark: str | None) -> list[Any]:
    """Edits of whole lines."""
    before, after = change.before.removeprefix(MARK), change.after.removeprefix(MARK)
    made = []
    for each in line_edits(before, after):
        start, end = types.Position(each.first, 0), types.Position(each.last, 0)
        lines = split_lines(before)
        if each.last >= len(lines):  # the last line has no end of its own
            units = to_units(lines[-1], len(lines[-1]), encoding_of(server.workspace.position_encoding))
            end = types.Position(len(lines) - 1, units)
            start = min(start, end, key=lambda at: (at.line, at.character))
        span = types.Range(start, end)
        made.append(
            types.AnnotatedTextEdit(mark, span, each.text) if mark else types.TextEdit(span, each.text)
        )
    return made


def _uri(server: Server, root: str, path: str) -> str:
    """The client's own name for a document that is open, else one made of its path."""
    place = Path(root, path)
    for uri in server.session.documents:
        if uri.startswith("file:") and Path(path_of(uri)) == place:
            return uri
    return place.as_uri()
