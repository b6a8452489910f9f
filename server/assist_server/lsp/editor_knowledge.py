"""The request by which an editor is asked what its other language servers know: a value to JSON, and back.

Any member of an answer may be missing or wrong. What follows from it is decided in `editor/editor_knowledge`.
"""

import asyncio
import re
import uuid
from collections.abc import Iterator
from typing import Any

from lsprotocol import types

from assist_server.editor.editor_knowledge import PATIENCE, MembersQuestion
from assist_server.editor.member_lists import MemberList
from assist_server.lsp.protocol import Server, get_member

ASK = "assist/editorKnowledge"
CAPABILITY = "assistEditorKnowledge"
# Items of an answer. `os` has 387, `document` 267 and `torch` more; 1,000 are 60 kB, which take 1 ms to read.
MOST = 1_000
MAX_PROBLEMS = 100
LONGEST = 1_000  # characters of a label or a problem
_NAME = re.compile(r"[^\W\d]\w*")


def ask_about_members(server: Server, capabilities: types.ClientCapabilities) -> None:
    """Ask the client from now on, if it says that it can be asked."""
    if not get_member(capabilities.experimental, CAPABILITY):
        return

    async def ask(question: MembersQuestion) -> MemberList | None:
        line, units = question.at
        params = {
            "textDocument": {"uri": question.uri, "version": question.version},
            "position": {"line": line, "character": units},
            "want": "members",
            "limit": MOST,
            "within": round(1e3 * PATIENCE),
        }
        return _member_list(await _answer(server, params))

    server.session.context.knowledge.ask = ask


async def _answer(server: Server, params: dict[str, Any]) -> Any:
    """The client's answer, None for an error. To cancel this is to cancel the request."""
    number = str(uuid.uuid4())
    answer = server.protocol.send_request(ASK, params, msg_id=number)
    end = asyncio.Event()
    loop = asyncio.get_running_loop()
    answer.add_done_callback(lambda _: loop.call_soon_threadsafe(end.set))
    try:
        await end.wait()
    except asyncio.CancelledError:
        server.protocol.notify(types.CANCEL_REQUEST, types.CancelParams(number))
        raise
    return None if answer.cancelled() or answer.exception() is not None else answer.result()


def _member_list(answer: Any) -> MemberList | None:
    """A list as a value; None if there is none."""
    items = get_member(answer, "items")
    if not isinstance(items, list):
        return None
    kinds = (get_member(item, "kind") for item in items[:MOST])
    problems = get_member(answer, "problems")
    members = problems[:MAX_PROBLEMS] if isinstance(problems, list) else ()
    return MemberList(
        frozenset(name for item in items[:MOST] for name in _names(item)),
        frozenset(kind for kind in kinds if isinstance(kind, int)),
        incomplete=bool(get_member(answer, "isIncomplete")),
        missing=bool(get_member(answer, "missing")) or len(items) > MOST,
        problems=tuple(problem[:LONGEST] for problem in members if isinstance(problem, str)),
    )


def _names(item: Any) -> Iterator[str]:
    """Yield what an item is called: a label may have marks around its name, or parameters after it."""
    for part in ("label", "filterText"):
        text = get_member(item, part)
        name = _NAME.search(text[:LONGEST]) if isinstance(text, str) else None
        if name is not None:
            yield name[0]
