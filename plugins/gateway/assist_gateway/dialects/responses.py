"""The dialect of `/v1/responses`: where its texts are, and what is not looked into.

Nothing is kept at the provider: `store` is false, and what refers to something kept there is refused.
Encrypted reasoning goes back if that provider gave it, and is left out otherwise.
"""

from collections.abc import Callable, Sequence
from typing import Any

from assist_gateway.dialects.bodies import (
    ARGUMENTS,
    ASSISTANT,
    OTHER,
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
    "input", "model", "instructions", "stream", "stream_options", "max_output_tokens", "temperature", "top_p",
    "tools", "tool_choice", "parallel_tool_calls", "reasoning", "text", "truncation", "include", "metadata",
    "user", "store", "prompt_cache_key", "safety_identifier", "top_logprobs", "max_tool_calls",
})  # fmt: skip
_REFUSED = {
    "previous_response_id": "A conversation that the provider keeps",
    "conversation": "A conversation that the provider keeps",
    "prompt": "A prompt that the provider keeps",
    "background": "An answer that the provider keeps",
}
_PARTS = {"input_image": "An image", "input_file": "A file", "input_audio": "Audio"}
_CALLS = ("function_call", "custom_tool_call", "local_shell_call")
_RESULTS = ("function_call_output", "custom_tool_call_output", "local_shell_call_output")
_ROLES = {"system": OTHER, "developer": OTHER, "user": USER, "assistant": ASSISTANT}
_HERE = ("function", "custom", "local_shell")
_SAID_BY_CODEX = ("<environment_context>", "<user_instructions>", "# AGENTS.md instructions")


def inspect(body: dict[str, Any], uninspected: bool) -> InspectedBody:
    """The texts of a body. Raises `RefusedError` for what cannot be looked into."""
    walk = BodyWalk(uninspected)
    walk.fields(body, _FIELDS, _REFUSED)
    said: list[str] = []
    if isinstance(body.get("input"), str):
        body["input"] = [{"role": "user", "content": body["input"]}]
    items = list(dicts(body.get("input"), "input"))
    if not items:
        raise BadBodyError("input is empty")
    for number, item in enumerate(items):
        walk.item = number
        _item(walk, item)
        if item.get("role") == "user":
            content = item.get("content")
            said.append(plain_text(content))
    walk.item = -1
    for tool in dicts(body.get("tools"), "tools"):
        _tool(walk, tool)
    walk.rest(body, ("input", "model", "tools"))
    return InspectedBody(
        tuple(walk.places),
        bool(body.get("stream")),
        limit_of(body, "max_output_tokens"),
        _beginning_of(said),
        tuple(walk.dropped),
    )


def _beginning_of(said: Sequence[str]) -> str:
    """What a user said first. What Codex says for its user before that is the same in all conversations."""
    return next(
        (text for text in said if not text.lstrip().startswith(_SAID_BY_CODEX)), said[0] if said else ""
    )


def _tool(walk: BodyWalk, tool: dict[str, Any]) -> None:
    """A tool, or a namespace of tools."""
    form = str(tool.get("type"))
    if form == "namespace":
        for inner in dicts(tool.get("tools"), "the tools of a namespace"):
            if inner.get("type") == "namespace":
                raise BadBodyError("a namespace of tools holds another one")
            _tool(walk, inner)
    elif form not in _HERE and not _is_search_here(tool, "tool_search"):
        walk.refuse(f"A tool that runs at the provider ({form[:40]!r})")
        return
    _words(walk, tool, "name")
    walk.rest(tool, ("type", "name", *(("tools",) if form == "namespace" else ())))


def _is_search_here(value: dict[str, Any], *forms: str) -> bool:
    """Whether this is a search for tools that the tool itself does, and not the provider."""
    return value.get("type") in forms and value.get("execution") == "client"


def _item(walk: BodyWalk, item: dict[str, Any]) -> None:
    form = item.get("type", "message")
    if form == "message":
        role = item.get("role")
        if not isinstance(role, str) or role not in _ROLES:
            raise BadBodyError(f"a message of the role {str(role)[:40]!r} is not known")
        _content(walk, item, "content", _ROLES[role])
        _words(walk, item, "id", "status")
        walk.rest(item, ("type", "role", "content", "id", "status"))
    elif form in _CALLS:
        walk.call(item.get("call_id"), item.get("arguments") or item.get("action"))
        _words(walk, item, "id", "call_id", "name", "namespace", "status")
        walk.rest(item, ("type", "id", "call_id", "name", "namespace", "status"), ARGUMENTS)
    elif form in _RESULTS:
        claims = walk.claims_of(item.get("call_id"))
        _content(walk, item, "output", RESULT, claims)
        _words(walk, item, "id", "call_id", "status")
        walk.rest(item, ("type", "id", "call_id", "status", "output"))
    elif _is_search_here(item, "tool_search_call", "tool_search_output"):
        _words(walk, item, "id", "call_id", "status", "execution")
        for tool in dicts(item.get("tools"), "the tools that were found"):
            _tool(walk, tool)
        walk.rest(item, ("type", "id", "call_id", "status", "execution", "tools"), ARGUMENTS)
    elif form == "reasoning":
        _words(walk, item, "id", "status")
        walk.rest(item, ("type", "id", "status", "encrypted_content"), ASSISTANT)
    else:
        walk.refuse(f"A part of the type {str(form)[:40]!r}")


def _words(walk: BodyWalk, item: dict[str, Any], *names: str) -> None:
    for name in names:
        if name in item:
            walk.word(item, name)


def _content(
    walk: BodyWalk, item: dict[str, Any], name: str, kind: str, claims: tuple[str, ...] = ()
) -> None:
    if isinstance(item.get(name), str):
        walk.text(item, name, kind, claims)
        return
    for part in dicts(item.get(name), name):
        form = part.get("type")
        if form in ("input_text", "output_text", "refusal", "text", "summary_text"):
            walk.rest(part, ("type",), kind, claims)
        else:
            walk.refuse(_PARTS.get(str(form), f"A part of the type {str(form)[:40]!r}"))


def drop_unknown_thoughts(body: dict[str, Any], knows: Callable[[str], bool]) -> None:
    """Leave out reasoning that this provider did not give."""
    items = body.get("input")
    if isinstance(items, list):
        body["input"] = [item for item in items if not isinstance(item, dict) or _is_known(item, knows)]


def _is_known(item: dict[str, Any], knows: Callable[[str], bool]) -> bool:
    return item.get("type") != "reasoning" or knows(str(item.get("encrypted_content") or ""))


def bound(body: dict[str, Any], to: OutputBound) -> None:
    """Make the body ask for this model, at most so many tokens, and nothing that is kept."""
    body["model"] = to.model
    body["max_output_tokens"] = to.max_output
    bound_budgets(body, to.max_output)
    body["store"] = False


def trim(item: dict[str, Any]) -> bool:
    """Whether an item is more than a line of ours that came back, and is empty now."""
    return item.get("role") != "assistant" or bool(plain_text(item.get("content")))
