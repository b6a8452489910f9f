"""Messages on the socket: frames of JSON, each after its length, and the values in them.

The server says hello, with what it is and which model it has. The client sends a conversation and closes the
connection to stop its answer. Then the server sends how much it reads, pieces of text, and at last a result
or an error; for a conversation with a text to `weigh`, what it doubts in that. A client may send a `cursor`
instead, and gets the text for it as a `suggestion`. What arrives is checked here;
`ValueError` says that it is not valid. The socket is in the file system: its folder, its name, and who is
at the other end are here too.
"""

import asyncio
import json
import os
import stat
import struct
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, get_args

from assist_completion.inference.conversation import (
    AnswerMillis,
    Conversation,
    Ended,
    LocalAnswer,
    Margins,
    Turn,
)
from assist_completion.inference.doubts import Doubt
from assist_completion.suggestion import CompletionRequest, Millis, Reason, Suggestion, Tokens
from assist_context.documents import Context, Snippet
from assist_context.languages import language_of

MOST = 4 << 20  # bytes of a frame: a model's whole window of text is less than a tenth of it
_HEAD = 4


@dataclass(frozen=True, slots=True)
class Hello:
    """The greeting of a server. `file` is the identity of the model's file; see `identify_file`.

    `completing` is that of the model for ghost text, "" if there is none, whose prompts have room for
    `snippet_tokens` of other files.
    """

    assist: str
    file: str
    model: str
    window: int
    prefill: float
    busy: bool
    completing: str = ""
    snippet_tokens: int = 0


def identify_file(file: Path) -> str:
    """Names a model's file as it is now: its path, size and time. Raises `OSError`."""
    facts = file.stat()
    return f"{file.resolve()} {facts.st_size} {facts.st_mtime_ns}"


def own_version() -> str:
    """Only processes of one version understand each other."""
    return version("assist-lsp")


async def send(writer: asyncio.StreamWriter, document: dict[str, Any]) -> None:
    """Write a frame. Raises `OSError` if the other end is gone."""
    body = json.dumps(document).encode()
    writer.write(len(body).to_bytes(_HEAD, "big") + body)
    await writer.drain()


async def receive(reader: asyncio.StreamReader) -> dict[str, Any] | None:
    """The next frame, or None at the end of the connection. Raises `ValueError`."""
    try:
        size = int.from_bytes(await reader.readexactly(_HEAD), "big")
        if size > MOST:
            raise ValueError(f"a frame of {size} bytes")
        document = json.loads(await reader.readexactly(size))
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    except RecursionError as error:
        raise ValueError("too many levels") from error
    if not isinstance(document, dict):
        raise ValueError("no object")
    return document


def read_hello(document: dict[str, Any]) -> Hello:
    """A server's hello. Raises `ValueError`."""
    try:
        hello = Hello(**document)
        return Hello(
            str(hello.assist),
            str(hello.file),
            str(hello.model),
            int(hello.window),
            float(hello.prefill),
            bool(hello.busy),
            str(hello.completing),
            int(hello.snippet_tokens),
        )
    except (TypeError, OverflowError) as error:
        raise ValueError("no hello") from error


def read_conversation(document: dict[str, Any]) -> Conversation:
    """A conversation from JSON. Raises `ValueError`."""
    try:
        turns = tuple(Turn(turn["role"], str(turn["text"])) for turn in document["history"])
        texts = {name: str(document[name]) for name in ("system", "user", "beginning", "ending", "draft")}
        numbers = {name: int(document[name]) for name in ("max_tokens", "sentences")}
        return Conversation(**texts, history=turns, **numbers)  # type: ignore[arg-type]
    except (KeyError, TypeError, OverflowError) as error:
        raise ValueError("no conversation") from error


def read_doubts(document: dict[str, Any]) -> tuple[Doubt, ...]:
    """Return what a model doubts, from JSON. Raises `ValueError`."""
    try:
        return tuple(Doubt(**doubt) for doubt in document["doubts"])
    except (KeyError, TypeError) as error:
        raise ValueError("no doubts") from error


def read_result(document: dict[str, Any]) -> LocalAnswer:
    """A result from JSON. Raises `ValueError`."""
    try:
        if document["ended"] not in get_args(Ended):
            raise ValueError("no result")
        margins, tokens = Margins(**document["margins"]), Tokens(**document["tokens"])
        ms = AnswerMillis(**document["ms"])
        return LocalAnswer(str(document["text"]), document["ended"], margins, tokens, ms)
    except (KeyError, TypeError) as error:
        raise ValueError("no result") from error


def cursor_document(request: CompletionRequest, *, warm: bool = False) -> dict[str, Any]:
    """A request for the text at a cursor as JSON; `warm`: the prompt is only read, for a later request."""
    context = request.context
    snippets = [(s.path, s.start_line, s.end_line, s.text) for s in context.snippets]
    texts = {"path": context.path, "before": context.before, "after": context.after}
    language = context.language.name
    cursor = {**texts, "start_line": context.start_line, "snippets": snippets, "language": language}
    return {"cursor": {**cursor, "max_lines": request.max_lines, "warm": warm}}


def read_cursor(document: dict[str, Any]) -> tuple[CompletionRequest, bool]:
    """A request for the text at a cursor from JSON, and whether that is only read. Raises `ValueError`."""
    try:
        cursor = document["cursor"]
        snippets = tuple(
            Snippet(str(path), int(first), int(last), str(text), "tool")
            for path, first, last, text in cursor["snippets"]
        )
        path, before, after = (str(cursor[name]) for name in ("path", "before", "after"))
        language = language_of(path, str(cursor["language"]))
        context = Context(path, language, before, after, int(cursor["start_line"]), snippets)
        most = int(cursor["max_lines"])
        return CompletionRequest(context, manual=True, max_lines=most, immediate=True), bool(cursor["warm"])
    except (KeyError, TypeError, OverflowError) as error:
        raise ValueError("no cursor") from error


def suggestion_document(suggestion: Suggestion) -> dict[str, Any]:
    """Return what is inserted at a cursor as JSON, without what only an editor of ours needs."""
    counts = {"tokens": asdict(suggestion.tokens), "ms": asdict(suggestion.ms)}
    return {"text": suggestion.text, "replace": suggestion.replace, "reason": suggestion.reason, **counts}


def read_suggestion(document: dict[str, Any]) -> Suggestion:
    """A suggestion from JSON. Raises `ValueError`."""
    try:
        reason = document["reason"]
        if reason not in ("", *get_args(Reason)):
            raise ValueError("no suggestion")
        tokens, ms = Tokens(**document["tokens"]), Millis(**document["ms"])
        text, size = str(document["text"]), int(document["replace"])
        return Suggestion(text=text, replace=size, reason=reason, tokens=tokens, ms=ms)
    except (KeyError, TypeError, OverflowError) as error:
        raise ValueError("no suggestion") from error


FOLDER = "run"
SUFFIX = ".sock"
LONGEST = 100  # bytes of a socket's path: systems allow 103 to 107
# `SOL_SOCKET` and `SO_PEERCRED` of Linux: process, user and group of the other end, each 4 bytes.
_CREDENTIALS = (1, 17, 12)


def find_folder(data: Path) -> Path:
    """The folder of the sockets of all servers with this data directory."""
    return data / FOLDER


def new_socket(data: Path) -> Path | None:
    """The path for the socket of this process in a private folder. None where there can be no such socket."""
    folder = find_folder(data)
    path = folder / f"{os.getpid()}{SUFFIX}"
    if sys.platform == "win32" or len(os.fsencode(path)) > LONGEST:
        return None
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not is_private(folder):
        return None
    for old in folder.glob(f"*{SUFFIX}"):
        if not _is_running(old.stem) or old == path:
            old.unlink(missing_ok=True)
    return path


def sockets(data: Path) -> Iterator[Path]:
    """The sockets of other servers, the newest first; none if others could have put them there."""
    folder = find_folder(data)
    if sys.platform == "win32" or not is_private(folder):
        return
    suggestion = []
    for path in folder.glob(f"*{SUFFIX}"):
        with suppress(OSError):
            suggestion.append((path.stat().st_mtime_ns, path))
    yield from (path for _, path in sorted(suggestion, reverse=True))


def remove(path: Path) -> None:
    """Remove a socket whose server has ended."""
    path.unlink(missing_ok=True)


def is_private(folder: Path) -> bool:
    """Return whether only this user can look into a folder and change it."""
    try:
        facts = folder.lstat()
    except OSError:
        return False
    mine = facts.st_uid == os.getuid()
    return stat.S_ISDIR(facts.st_mode) and mine and not facts.st_mode & 0o077


def is_same_user(writer: asyncio.StreamWriter) -> bool:
    """Say if the process at the other end is of this user. Beyond Linux the private folder has to do."""
    if sys.platform != "linux":
        return True
    connection = writer.get_extra_info("socket")
    try:
        _, user, _ = struct.unpack("3i", connection.getsockopt(*_CREDENTIALS))
    except (OSError, struct.error):
        return False
    return bool(user == os.getuid())


def _is_running(process: str) -> bool:
    """Return whether a process is running. Not for Windows, where signal 0 would end it."""
    try:
        os.kill(int(process), 0)
    except (ValueError, ProcessLookupError):
        return False
    except OSError:
        return True
    return True
