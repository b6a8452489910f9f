"""The request `assist/rename`: the client passes a rename on to the other language servers of its editor.

What comes back is checked for its form only; whether the edit is made is decided elsewhere.
"""

from typing import TYPE_CHECKING, Any

from pygls.exceptions import JsonRpcException

from assist_server.editor.question import RenameByServer, ReplacedRange
from assist_server.lsp.protocol import Server, encoding_of, experimental, member_of
from assist_server.workspace.documents import to_units

if TYPE_CHECKING:  # tree-sitter, which `initialize` must not wait for
    from assist_context.wished_edits.code_texts import NameToRename

RENAME = "assist/rename"


async def ask_rename(server: Server, uri: str, line: str, name: "NameToRename") -> RenameByServer | None:
    """What another language server would change to rename a name on this line of a document.

    None if the client passes no renames on, or has no answer.
    """
    if not experimental(server, "assistRename"):
        return None
    own = server.workspace.position_encoding
    at = {"line": name.line, "character": to_units(line, name.column, encoding_of(own))}
    params = {"textDocument": {"uri": uri}, "position": at, "newName": name.new}
    try:
        found = await server.protocol.send_request_async(RENAME, params)
    except JsonRpcException:
        return None
    edits = {str(member_of(file, "uri")): _ranges(file) for file in member_of(found, "files") or ()}
    if not edits or None in edits.values():
        return None
    encoding = encoding_of(member_of(found, "positionEncoding") or own)
    return RenameByServer({uri: ranges for uri, ranges in edits.items() if ranges}, encoding)


def _ranges(file: Any) -> tuple[ReplacedRange, ...] | None:
    """The replaced ranges of a file; None if one is no range with a text."""
    found = []
    for edit in member_of(file, "edits") or ():
        numbers = [
            member_of(edit, "range", end, side) for end in ("start", "end") for side in ("line", "character")
        ]
        text = member_of(edit, "newText")
        if not isinstance(text, str) or not all(
            isinstance(number, int) and number >= 0 for number in numbers
        ):
            return None
        first, start, last, end = numbers
        found.append(ReplacedRange(first, start, last, end, text))
    return tuple(found)
