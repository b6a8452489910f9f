"""Whatever way a text leaves for a terminal or an editor, it brings no character or gap that hides something.

Ghost text, next edits and edits have gates of their own: from those, nothing may be deleted.
"""

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from config_files import environ
from lsprotocol import types

from assist_context.unseen_characters import LONGEST_RUN, is_unseen
from assist_installer.cli.downloads import show_download
from assist_server.cli.output import emit, emit_line, out, say
from assist_server.cli.terminal.answers import stream_markdown
from assist_server.cli.terminal.tables import Column, GhostExcerpt, code, facts, table
from assist_server.config.config import load_lenient
from assist_server.editor.model_lifetime import SessionStatus
from assist_server.lsp.protocol import Server
from assist_server.wording.edit_previews import EditPreview
from assist_server.wording.inert_markdown import inert_page
from assist_server.wording.sanitize import StreamSanitizer, harmless

CHARACTERS = [chr(number) for number in range(sys.maxunicode + 1) if is_unseen(chr(number))]
BLANKS = " \t\u00a0\u1680\u2003\u202f\u205f\u3000"
# Every unseen character between letters, every kind of blank, and sequences that a terminal obeys.
TEXTS = [
    *("".join(f"a{character}b" for character in CHARACTERS[at : at + 40]) for at in range(0, 7_000, 40)),
    *(f"ok(){blank * 300}evil()" for blank in BLANKS),
    *(f"ok(){' ' * 60}{character}{' ' * 60}evil()" for character in "\x1b\u202e\u200b"),
    "\x1b]52;c;Y3Vy\x07 \x1b[2J\x1b[31m red",
]
GAP = re.compile(rf"[^\S\n]{{{LONGEST_RUN + 1},}}")
Way = Callable[[str], object]


def raw_in(text: str) -> list[str]:
    return [hex(ord(character)) for character in text if is_unseen(character)] + GAP.findall(text)


def stream(text: str) -> None:
    with stream_markdown() as write:
        for character in text:
            write(character)


def download(text: str) -> None:
    with show_download(text) as show:
        show(1, 10)


TERMINAL: dict[str, Way] = {
    "a result": out,
    "a message": say,
    "a document": emit,
    "a line of JSON": emit_line,
    "a table": lambda text: table([Column("A"), Column("B")], [["x", text]]),
    "facts": lambda text: facts([(text[:20], text)]),
    "an excerpt": lambda text: code(text, ["x", text], GhostExcerpt(1, 3, text, 2)),
    "an answer": stream,
    "a download": download,
}


@pytest.mark.parametrize("way", TERMINAL)
def test_no_way_to_a_terminal_lets_anything_raw_through(way: str, capsys: pytest.CaptureFixture[str]) -> None:
    for text in TEXTS:
        TERMINAL[way](text)
        shown = capsys.readouterr()
        whole = shown.out + shown.err
        aligned = way in ("a table", "facts", "a document", "a line of JSON")  # or exact, escaped
        assert not raw_in(GAP.sub("", whole) if aligned else whole), text


def in_pieces(text: str) -> str:
    stream = StreamSanitizer()
    return "".join(map(stream.take, [*text, "."]))


def as_edit(text: str) -> str:
    """An answer with a block, as editors get it."""
    edit, plain = EditPreview(), StreamSanitizer()
    block = f"Say {text}\n<<<<<<< SEARCH\nx{text}\n=======\ny{text}\n>>>>>>> REPLACE\n"
    return "".join(plain.take(edit.feed(character)) for character in block) + plain.take(edit.end())


@pytest.mark.parametrize("shown", [harmless, in_pieces, as_edit, lambda text: inert_page(text, text, [text])])
def test_no_text_is_shown_raw(shown: Callable[[str], str]) -> None:
    for text in TEXTS:
        assert not raw_in(shown(text))


def test_a_stream_shows_what_the_whole_would() -> None:
    for text in [*TEXTS, "⚠\ufe0f Note: می\u200cخواهم 👩\u200d👩 1\ufe0f\u20e3", "a\r\nb \r\n"]:
        assert in_pieces(text) == harmless(text + ".")


class Wire:
    """What a client would get."""

    def __init__(self, place: Path) -> None:
        self.server = Server(load_lenient(environ(place)), lambda *_: pytest.fail("no model"))
        self.server.protocol.set_writer(self)  # type: ignore[arg-type]
        self.bodies: list[Any] = []

    def write(self, data: bytes) -> None:
        self.bodies.append(json.loads(data.partition(b"\r\n\r\n")[2]))

    def answer(self, result: Any) -> None:
        self.server.protocol._send_response("1", result)


def say_all(wire: Wire, text: str) -> None:
    """Every kind of message with words for people."""
    server = wire.server
    error = types.MessageType.Error
    server.window_show_message(types.ShowMessageParams(error, text))
    server.window_log_message(types.LogMessageParams(error, text))
    server.window_show_message_request(
        types.ShowMessageRequestParams(error, text, [types.MessageActionItem(text)])
    )
    server.work_done_progress.begin("t", types.WorkDoneProgressBegin(text, message=text))
    server.work_done_progress.report("t", types.WorkDoneProgressReport(message=text))
    server._show_status(SessionStatus(text, host=text, message=text, why=text))
    server.protocol.notify("assist/answer", {"notice": text, "error": text, "edit": {"files": [text]}})
    server.protocol.send_request("assist/review", {"lines": [text]})
    wire.answer({"reason": text, "words": text})
    wire.answer(types.CompletionList(False, [types.CompletionItem(text, detail=text, documentation=text)]))
    wire.answer([types.CodeAction(text, command=types.Command(text, "assist.fix"))])
    wire.answer({"edits": [], "display": {"words": text, "file": text}})
    wire.server.protocol._send_response("1", error=None, result={"error": text})


def test_no_message_to_an_editor_has_anything_raw(tmp_path: Path) -> None:
    wire = Wire(tmp_path)
    for text in TEXTS:
        say_all(wire, text)
    assert len(wire.bodies) == 13 * len(TEXTS)
    assert not raw_in(json.dumps(wire.bodies, ensure_ascii=False))


def test_what_is_text_of_a_document_and_what_an_editor_compares_stays_as_it_is(tmp_path: Path) -> None:
    wire = Wire(tmp_path)
    text = "'\u202e'\r\n"
    edit = types.TextEdit(types.Range(types.Position(0, 0), types.Position(0, 0)), text)
    wire.answer(types.InlineCompletionList([types.InlineCompletionItem(text)]))
    wire.answer(types.CompletionList(False, [types.CompletionItem("a", text_edit=edit, filter_text=text)]))
    wire.answer({"edits": [{"text": text, "textDocument": {"uri": text}}], "display": {"deleted": text}})
    params = types.ApplyWorkspaceEditParams(types.WorkspaceEdit(changes={"file:///a": [edit]}))
    wire.server.protocol.send_request(types.WORKSPACE_APPLY_EDIT, params)
    assert json.dumps(wire.bodies).count(json.dumps(text)[1:-1]) == 7
