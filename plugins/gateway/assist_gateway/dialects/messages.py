"""The dialect of `/v1/messages` and its `count_tokens`: where its texts are, and what is not looked into.

Arguments of calls are objects here. What a model thought is signed by its provider: it goes back unchanged if
that provider gave it, and is left out otherwise.
"""

import re
from collections.abc import Callable
from typing import Any

from assist_gateway.dialects.bodies import (
    ARGUMENTS,
    ASSISTANT,
    RESULT,
    USER,
    BadBodyError,
    BodyWalk,
    InspectedBody,
    OutputBound,
    bound_budgets,
    dicts,
    limit_of,
    plain_text,
)

_FIELDS = frozenset({
    "messages", "model", "system", "stream", "max_tokens", "temperature", "top_p", "top_k", "stop_sequences",
    "tools", "tool_choice", "thinking", "metadata", "cache_control", "output_config", "output_format",
    "context_management",
})  # fmt: skip
_COUNTED = ("messages", "model", "system", "tools", "tool_choice", "thinking", "cache_control")
_REFUSED = {
    "container": "A container that runs at the provider",
    "mcp_servers": "A server of tools that the provider asks",
}
_BLOCKS = {"image": "An image", "document": "A document", "file": "A file"}
_THOUGHT = ("thinking", "signature", "data")
_HERE = re.compile(r"(?:bash|text_editor|memory)_\d{8}")  # tools of the vendor that run at the client


def inspect(body: dict[str, Any], uninspected: bool) -> InspectedBody:
    """The texts of a body. Raises `RefusedError` for what cannot be looked into."""
    walk = BodyWalk(uninspected)
    walk.fields(body, _FIELDS, _REFUSED)
    messages = list(dicts(body.get("messages"), "messages"))
    if not messages:
        raise BadBodyError("messages is empty")
    for number, message in enumerate(messages):
        walk.item = number
        if message.get("role") not in ("user", "assistant", "system"):
            raise BadBodyError(f"a message of the role {str(message.get('role'))[:40]!r} is not known")
        _content(walk, message, ASSISTANT if message["role"] == "assistant" else USER)
        walk.rest(message, ("role", "content"))
    walk.item = -1
    _tools(walk, body)
    _edits(walk, body.get("context_management"))
    walk.rest(body, ("messages", "model", "tools"))
    said = [plain_text(message.get("content")) for message in messages if message["role"] == "user"]
    return InspectedBody(
        tuple(walk.places),
        bool(body.get("stream")),
        limit_of(body, "max_tokens"),
        said[0] if said else "",
        tuple(walk.dropped),
    )


def _content(walk: BodyWalk, message: dict[str, Any], kind: str, claims: tuple[str, ...] = ()) -> None:
    content = message.get("content")
    if isinstance(content, str):
        walk.text(message, "content", kind, claims)
        return
    for block in dicts(content, "content"):
        form = block.get("type")
        if form == "text":
            walk.rest(block, ("type",), kind, claims)
        elif form == "tool_use":
            _call(walk, block)
        elif form == "tool_result":
            if "tool_use_id" in block:
                walk.word(block, "tool_use_id")
            _content(walk, block, RESULT, walk.claims_of(block.get("tool_use_id")))
            walk.rest(block, ("type", "tool_use_id", "content"))
        elif form in ("thinking", "redacted_thinking") and kind == ASSISTANT:  # `drop` knows no other
            walk.rest(block, ("type", *_THOUGHT))
        else:
            walk.refuse(_BLOCKS.get(str(form), f"A part of the type {str(form)[:40]!r}"))


def _call(walk: BodyWalk, block: dict[str, Any]) -> None:
    for name in ("id", "name"):
        if name in block:
            walk.word(block, name)
    if "input" in block:
        walk.text(block, "input", ARGUMENTS)
    walk.call(block.get("id"), block.get("input"))
    walk.rest(block, ("type", "id", "name", "input"))


def _tools(walk: BodyWalk, body: dict[str, Any]) -> None:
    for tool in dicts(body.get("tools"), "tools"):
        form = str(tool.get("type") or "custom")
        if form != "custom" and not _HERE.fullmatch(form):
            walk.refuse(f"A tool that runs at the provider ({form[:40]!r})")
            continue
        if "name" in tool:
            walk.word(tool, "name")
        walk.rest(tool, ("type", "name"))


def _edits(walk: BodyWalk, management: Any) -> None:
    """Let pass what clears parts of the conversation; anything else may cost more than one answer."""
    edits = management.get("edits") if isinstance(management, dict) else None
    for edit in dicts(edits, "the edits of context_management"):
        if not str(edit.get("type")).startswith("clear_"):
            walk.refuse(
                "A summary that the provider makes, which is paid for beyond the limit of the answer,"
            )


def drop_unknown_thoughts(body: dict[str, Any], knows: Callable[[str], bool]) -> None:
    """Leave out what a model thought, unless this provider gave it."""
    for message in dicts(body.get("messages"), "messages"):
        content = message.get("content")
        if isinstance(content, list):
            message["content"] = [
                block for block in content if not isinstance(block, dict) or _is_known(block, knows)
            ]


def _is_known(block: dict[str, Any], knows: Callable[[str], bool]) -> bool:
    return block.get("type") not in ("thinking", "redacted_thinking") or knows(thought(block))


def thought(block: dict[str, Any]) -> str:
    """What identifies a thought: its text and its signature, or what is encrypted."""
    return "\0".join(str(block.get(name, "")) for name in _THOUGHT)


def bound(body: dict[str, Any], to: OutputBound) -> None:
    """Make the body ask for this model, and at most so many tokens."""
    body["model"] = to.model
    body["max_tokens"] = to.max_output
    bound_budgets(body, to.max_output, least=1024)


def trim(message: dict[str, Any]) -> bool:
    """Leave out the blocks without a text."""
    content = message.get("content")
    if isinstance(content, list):
        message["content"] = [block for block in content if block.get("text") != ""]
    return True


def bound_count(body: dict[str, Any], to: OutputBound) -> None:
    """Make the body ask for a count alone."""
    body["model"] = to.model
    for name in [name for name in body if name not in _COUNTED]:
        del body[name]
