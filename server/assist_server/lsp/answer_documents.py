"""Whole answers for clients that do not know `assist/answer`: as a document, or as a message.

A client that shows answers itself says so by the experimental capability `assistAnswer`; it gets none.
The documents are Markdown files in a private folder of the data directory, gone when the server ends: they
hold pieces of source. It decides nothing about a question.
"""

import asyncio
import logging
import shutil
import tempfile
import time
import weakref
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from assist_server.lsp.protocol import Server, experimental
from assist_server.wording.sanitize import harmless
from assist_server.workspace.documents import path_of

log = logging.getLogger(__name__)

FOLDER = "answers"
PATIENCE = 2.0  # seconds until a client that says nothing has no documents to show: Kate 25.04 says nothing
OLD = 7 * 86_400.0  # seconds; what a server that was killed left behind is removed after a week


@dataclass(slots=True)
class _PartialAnswer:
    """What came of an answer so far."""

    title: str
    pieces: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)


class AnswerDocuments:
    """Owns what is gathered of the answers under way, and the files of those that ended."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._answers: dict[str, _PartialAnswer] = {}
        self._showing: set[asyncio.Task[None]] = set()
        self._folder: Path | None = None

    def began(self, number: str, command: str, uri: str) -> None:
        """A question was asked; its answer is gathered from now on, where the client would not."""
        if not experimental(self._server, "assistAnswer"):
            name = PurePosixPath(path_of(uri)).name if uri else ""
            self._answers[number] = _PartialAnswer(f"{command} {name}".strip())

    def tell(self, message: dict[str, Any]) -> None:
        """A piece of an answer, or its end; then the person sees it."""
        answer = self._answers.get(message["id"])
        if answer is None:
            return
        if message.get("restart"):
            answer.pieces.clear()
        answer.pieces.append(message["delta"])
        if notice := message.get("notice"):
            answer.notices.append(harmless(notice))
        if message["done"]:
            del self._answers[message["id"]]
            self._ended(message, answer)

    def _ended(self, message: dict[str, Any], answer: _PartialAnswer) -> None:
        error, edit = message.get("error"), message.get("edit")
        if error == "cancelled":
            return
        text = "".join(answer.pieces).strip()
        if text and edit is None:
            notes = [f"> {each}" for each in (*answer.notices, message.get("summary", "")) if each]
            task = asyncio.get_running_loop().create_task(self._show(message["id"], answer, text, notes))
            self._showing.add(task)
            task.add_done_callback(self._showing.discard)
        elif answer.notices:
            self._say(types.MessageType.Warning, " ".join(answer.notices))
        if error:
            self._say(types.MessageType.Warning, harmless(error))
        elif edit is not None:
            done = "Changed" if edit["applied"] else "Not changed:"
            self._say(
                types.MessageType.Info, harmless(f"{done} {', '.join(edit['files'])}. {message['summary']}")
            )

    async def _show(self, number: str, answer: _PartialAnswer, text: str, notes: list[str]) -> None:
        """As a document; in a message where the client has no documents to show."""
        page = "\n\n".join([f"# {answer.title}", text, *notes]) + "\n"
        try:
            path = self._written(f"{answer.title.replace(' ', '-')}-{number}.md", page)
        except OSError as error:
            log.warning("an answer could not be written: %s", error.strerror)
        else:
            if await self._opened(path):
                return
            path.unlink(missing_ok=True)
        self._say(types.MessageType.Info, "\n\n".join([text, *notes]))

    async def _opened(self, path: Path) -> bool:
        """Whether the client shows it. All are asked: Helix 25.01 can, and does not say so."""
        asked = types.ShowDocumentParams(path.as_uri(), external=False, take_focus=True)
        try:
            shown = await asyncio.wait_for(self._server.window_show_document_async(asked), PATIENCE)
        except (JsonRpcException, TimeoutError):
            return False
        return bool(getattr(shown, "success", False))

    def _written(self, name: str, page: str) -> Path:
        """A new file, readable to nobody else. Raises `OSError`."""
        if self._folder is None:
            above = self._server.session.config.paths.data / FOLDER
            above.mkdir(mode=0o700, parents=True, exist_ok=True)
            _forget_old(above)
            self._folder = Path(tempfile.mkdtemp(dir=above))
            weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        path = self._folder / name
        path.write_text(page, encoding="utf-8", errors="replace")
        return path

    def _say(self, kind: types.MessageType, text: str) -> None:
        self._server.window_show_message(types.ShowMessageParams(kind, text))


def _forget_old(above: Path) -> None:
    for each in above.iterdir():
        with suppress(OSError):
            if time.time() - each.stat().st_mtime > OLD:
                shutil.rmtree(each)
