"""What a foreign tool asks and what it gets, whatever the dialect.

These are values only; they know no socket and no model.
"""

import json
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from assist_completion.suggestion import Tokens
from assist_gateway.sentences import inert_line

_EVENT_NAME = re.compile(r"[\w.-]{1,100}", re.ASCII)
_LINE_END = re.compile(r"\r\n|\r|\n")

JSON_HEADERS: Mapping[str, str] = {"content-type": "application/json"}
STREAM_HEADERS: Mapping[str, str] = {"content-type": "text/event-stream", "cache-control": "no-store"}


@dataclass(frozen=True, slots=True)
class ForeignRequest:
    """One request. `body` is its JSON object, empty for GET; `headers` have names in lower case."""

    path: str
    body: Mapping[str, Any] = field(default_factory=dict, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class ForeignResponse:
    """The answer: a status, headers, and the bytes of the body as they come.

    Whoever reads `chunks` closes it if it has an `aclose`; closing it early stops the work.
    """

    status: int
    headers: Mapping[str, str]
    chunks: AsyncIterator[bytes]


class GatewayRefusal(Exception):
    """A request that is not answered. The message names the thing, the value and the remedy.

    It quotes nothing of the request but names of fields and models.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


_KINDS = {401: "authentication_error", 403: "permission_error", 404: "not_found_error"}


def refusal_document(path: str, refusal: GatewayRefusal) -> dict[str, Any]:
    """A refusal in the shape that tools of this path expect; the names in its sentence are harmless."""
    message = inert_line(str(refusal))
    known = "server_error" if refusal.status >= 500 else "invalid_request_error"
    kind = "rate_limit_error" if refusal.status == 429 else _KINDS.get(refusal.status, known)
    if path.startswith("/v1/messages"):
        kind = "api_error" if kind == "server_error" else kind
        return {"type": "error", "error": {"type": kind, "message": message}}
    return {"error": {"message": message, "type": kind, "param": None, "code": refusal.code}}


def json_response(document: Any, status: int = 200) -> ForeignResponse:
    """A whole JSON document, without spaces: llama.vim searches an answer of `/infill` for `"content":"`.

    Raises `ValueError` for a number that JSON does not have.
    """
    body = json.dumps(document, separators=(",", ":"), allow_nan=False).encode()
    return ForeignResponse(status, {**JSON_HEADERS, "content-length": str(len(body))}, _once(body))


def event_bytes(document: Any) -> bytes:
    """One event of a stream, as OpenAI's API writes it."""
    return stream_event(json.dumps(document))


def stream_event(data: str, name: Any = "") -> bytes:
    """One event with its data, which is JSON. No field can hold a line end, and so none can begin another.

    >>> stream_event("{}", "ping"), stream_event("{}", "ping\\ndata: 1")
    (b'event: ping\\ndata: {}\\n\\n', b'data: {}\\n\\n')
    """
    named = f"event: {name}\n" if isinstance(name, str) and _EVENT_NAME.fullmatch(name) else ""
    lines = "".join(f"data: {line}\n" for line in _LINE_END.split(data))
    return f"{named}{lines}\n".encode("utf-8", "backslashreplace")  # half a character as JSON escapes it


def usage_of(tokens: Tokens) -> dict[str, Any]:
    """The tokens of an answer that was computed here, by OpenAI's names."""
    return {
        "prompt_tokens": tokens.prompt,
        "completion_tokens": tokens.generated,
        "total_tokens": tokens.prompt + tokens.generated,
        "prompt_tokens_details": {"cached_tokens": max(0, tokens.prompt - tokens.evaluated)},
    }


async def _once(chunk: bytes) -> AsyncIterator[bytes]:
    yield chunk
