"""Whole answers for clients that do not know `assist/answer`: shown as a document, or as a message.

A client that shows answers itself declares the experimental capability `assistAnswer`; it gets no documents.
An edit is shown as a document to every client that would make it unseen, and on request the text that would
be sent to every client that asks its user by a message.
The documents are files in a private folder of the data directory. They load nothing and set nothing in an
editor. They contain source code, so they are removed when the server ends.
"""

import asyncio
import logging
import shutil
import tempfile
import time
import weakref
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from assist_server.lsp.protocol import Server, experimental
from assist_server.wording.inert_markdown import inert_page
from assist_server.wording.sanitize import harmless
from assist_server.wording.views import fact_list
from assist_server.workspace.documents import get_name

log = logging.getLogger(__name__)

FOLDER = "answers"
PATIENCE = (
    2.0  # seconds; a client that has not replied by then cannot show documents. Kate 25.04 never replies
)
OLD = 7 * 86_400.0  # seconds; the files of a server that was killed are removed after a week

EDIT_HEAD = "This is the change that you are asked about. Editing this page has no effect."
REQUEST_HEAD = "This is the text that you are asked about. Editing this page has no effect."
# Editors obey settings in the first and last lines of a file: Vim in 5, Kate in 10, Emacs in what is after
# the last form feed. So no line of an edit is there; the first five of a diff are names and numbers.
HEAD_MARGIN = "\n" * 5
MARGIN = "\n" * 10


@dataclass(slots=True)
class _PartialAnswer:
    """The part of an answer that has arrived."""

    title: str
    facts: str = ""
    pieces: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)


class AnswerDocuments:
    """Owns the answers that are arriving, and the files of those that are complete."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._answers: dict[str, _PartialAnswer] = {}
        self._showing: set[asyncio.Task[None]] = set()
        self._folder: Path | None = None
        self._pages = 0  # edits and requests that were shown so far

    def begin(self, number: str, command: str, uri: str) -> None:
        """A question was asked: collect its answer from now on, unless the client does."""
        if not experimental(self._server, "assistAnswer"):
            name = get_name(uri) if uri else ""
            self._answers[number] = _PartialAnswer(f"{command} {name}".strip())

    def tell(self, message: dict[str, Any]) -> None:
        """A piece of an answer, or its end; at the end it is shown."""
        answer = self._answers.get(message["id"])
        if answer is None:
            return
        if facts := message.get("facts"):
            answer.facts = fact_list(facts)
        if message.get("restart"):
            answer.pieces.clear()
        answer.pieces.append(message["delta"])
        if notice := message.get("notice"):
            answer.notices.append(harmless(notice))
        if message["done"]:
            del self._answers[message["id"]]
            self._end(message, answer)

    def _end(self, message: dict[str, Any], answer: _PartialAnswer) -> None:
        error, edit = message.get("error"), message.get("edit")
        if error == "cancelled":
            return
        text = f"{answer.facts}{''.join(answer.pieces)}".strip()
        if text and edit is None:
            shown = _sources_note(message.get("sources", ()))
            notes = [note for note in (*answer.notices, shown, message.get("summary", "")) if note]
            task = asyncio.get_running_loop().create_task(self._show(message["id"], answer, text, notes))
            self._showing.add(task)
            task.add_done_callback(self._showing.discard)
        elif answer.notices:
            self._say(types.MessageType.Warning, " ".join(answer.notices))
        if error:
            self._say(types.MessageType.Warning, harmless(error))
        elif edit is not None:
            sentence = "Changed" if edit["applied"] else "Not changed:"
            self._say(
                types.MessageType.Info,
                harmless(f"{sentence} {', '.join(edit['files'])}. {message['summary']}"),
            )

    async def _show(self, number: str, answer: _PartialAnswer, text: str, notes: list[str]) -> None:
        """Show an answer as a document, or as a message if the client cannot show documents."""
        page = inert_page(answer.title, text, notes)
        try:
            path = self._write(f"{answer.title.replace(' ', '-')}-{number}.md", page)
        except OSError as error:
            log.warning("an answer could not be written: %s", error.strerror)
        else:
            if await self._open(path):
                return
            path.unlink(missing_ok=True)
        self._say(types.MessageType.Info, page.partition("\n\n")[2].rstrip("\n"))

    async def show_edit(self, lines: list[str]) -> str:
        """Show the preview of an edit as a document; return its name, or "" if the client shows none."""
        return await self._show_page("edit-{}.diff", EDIT_HEAD, lines)

    async def show_request(self, lines: list[str]) -> str:
        """The same for the text that would be sent."""
        return await self._show_page("request-{}.txt", REQUEST_HEAD, lines)

    async def _show_page(self, name: str, head: str, lines: list[str]) -> str:
        self._pages += 1
        page = "\n".join([f"{head}{HEAD_MARGIN}", *lines, MARGIN, "\f"])
        try:
            path = self._write(name.format(self._pages), page)
        except OSError as error:
            log.warning("a document could not be written: %s", error.strerror)
            return ""
        if await self._open(path, take_focus=False):  # the files keep it: the question is about them
            return path.name
        path.unlink(missing_ok=True)
        return ""

    async def _open(self, path: Path, *, take_focus: bool = True) -> bool:
        """Say if the client opens the document. All are asked: Helix 25.01 can, but does not declare it."""
        params = types.ShowDocumentParams(path.as_uri(), external=False, take_focus=take_focus)
        try:
            note = await asyncio.wait_for(self._server.window_show_document_async(params), PATIENCE)
        except (JsonRpcException, TimeoutError):
            return False
        return bool(getattr(note, "success", False))

    def _write(self, name: str, page: str) -> Path:
        """Write a new file that only the user can read. Raises `OSError`."""
        if self._folder is None:
            parent = self._server.session.config.paths.data / FOLDER
            parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _remove_old(parent)
            self._folder = Path(tempfile.mkdtemp(dir=parent))
            weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        path = self._folder / name
        path.write_text(page, encoding="utf-8", errors="replace")
        return path

    def _say(self, kind: types.MessageType, text: str) -> None:
        self._server.window_show_message(types.ShowMessageParams(kind, text))


def _sources_note(sources: Sequence[dict[str, Any]]) -> str:
    """Return what an answer was made from, in words, from its last message."""
    from assist_server.questions.events import ShownSource  # noqa: PLC0415
    from assist_server.wording.answers import sources_line  # noqa: PLC0415

    known = [{name: source[name] for name in source if name not in ("uri", "place")} for source in sources]
    return sources_line([ShownSource(**fields) for fields in known])


def _remove_old(parent: Path) -> None:
    for folder in parent.iterdir():
        with suppress(OSError):
            if time.time() - folder.stat().st_mtime > OLD:
                shutil.rmtree(folder)
