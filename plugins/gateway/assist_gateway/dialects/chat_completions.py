"""The dialect of `/v1/chat/completions`: where its texts are, and what is not looked into.

Messages hold text, calls of tools and their results. Arguments of calls are JSON in a string.
"""

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
    "messages", "model", "stream", "stream_options", "temperature", "top_p", "top_k", "min_p", "n", "stop",
    "max_tokens", "max_completion_tokens", "presence_penalty", "frequency_penalty", "repetition_penalty",
    "logit_bias", "logprobs", "top_logprobs", "seed", "tools", "tool_choice", "parallel_tool_calls",
    "functions", "function_call", "response_format", "reasoning_effort", "reasoning", "thinking",
    "enable_thinking", "thinking_budget", "chat_template_kwargs", "verbosity", "user", "metadata", "store",
    "prompt_cache_key", "prompt_cache_retention", "safety_identifier", "cache_control", "modalities",
    "cache_prompt", "id_slot", "grammar", "json_schema",
})  # fmt: skip
_REFUSED = {
    "audio": "An answer as audio",
    "web_search_options": "A search of the web that the provider makes",
    "prediction": "A predicted answer, which is paid for beyond the limit of the answer,",
    "previous_response_id": "A conversation that the provider keeps",
    "plugins": "A plug-in that runs at the provider",
    "models": "A choice of other models",
    "provider": "A choice of other providers",
    "route": "A choice of other providers",
    "transforms": "A change of the text that the provider makes",
}
LIMITS = ("max_completion_tokens", "max_tokens")  # names of the same limit, the newer one first
_ROLES = {
    "system": OTHER, "developer": OTHER, "user": USER, "assistant": ASSISTANT, "tool": RESULT,
    "function": RESULT,
}  # fmt: skip
_PARTS = {"image_url": "An image", "input_audio": "Audio", "file": "A file", "video_url": "A video"}


def inspect(body: dict[str, Any], uninspected: bool) -> InspectedBody:
    """The texts of a body. Raises `RefusedError` for what cannot be looked into."""
    walk = BodyWalk(uninspected)
    walk.fields(body, _FIELDS, _REFUSED)
    if (number := body.get("n")) is not None and (type(number) is not int or number != 1):
        raise BadBodyError("n is not 1: assist bounds the cost of one answer")
    modalities = body.get("modalities")
    if modalities not in (None, [], ["text"]):
        walk.refuse("An answer that is no text")
    messages = list(dicts(body.get("messages"), "messages"))
    if not messages:
        raise BadBodyError("messages is empty")
    for number, message in enumerate(messages):
        walk.item = number
        _message(walk, message)
    walk.item = -1
    _tools(walk, body)
    walk.rest(body, ("messages", "model", "tools", "functions", "modalities"))
    said = [plain_text(message.get("content")) for message in messages if message.get("role") == "user"]
    return InspectedBody(
        tuple(walk.places),
        bool(body.get("stream")),
        limit_of(body, "max_tokens", "max_completion_tokens"),
        said[0] if said else "",
        tuple(walk.dropped),
    )


def _message(walk: BodyWalk, message: dict[str, Any]) -> None:
    role = message.get("role")
    if not isinstance(role, str) or role not in _ROLES:
        raise BadBodyError(f"a message of the role {str(role)[:40]!r} is not known")
    kind = _ROLES[role]
    by_name = f"function {message.get('name')}" if role == "function" else message.get("tool_call_id")
    claims = walk.claims_of(by_name)
    _content(walk, message, kind, claims)
    for name in ("name", "tool_call_id"):
        if name in message:
            walk.word(message, name)
    if message.get("audio"):
        walk.refuse("Audio")
    for call in dicts(message.get("tool_calls"), "tool_calls"):
        _call(walk, call)
    if (function := message.get("function_call")) is not None:
        if not isinstance(function, dict):
            raise BadBodyError("function_call is no object")
        _function(walk, function)
        walk.call(f"function {function.get('name')}", function.get("arguments"))
    done = ("role", "content", "name", "tool_call_id", "audio", "tool_calls", "function_call")
    walk.rest(message, done, kind)


def _content(walk: BodyWalk, message: dict[str, Any], kind: str, claims: tuple[str, ...]) -> None:
    content = message.get("content")
    if content is None:
        return
    if isinstance(content, str):
        walk.text(message, "content", kind, claims)
        return
    for part in dicts(content, "content"):
        form = part.get("type")
        if form in ("text", "refusal"):
            walk.rest(part, ("type",), kind, claims)
        else:
            walk.refuse(_PARTS.get(str(form), f"A part of the type {str(form)[:40]!r}"))


def _call(walk: BodyWalk, call: dict[str, Any]) -> None:
    """One call of a tool, by its kind."""
    form = call.get("type", "function")
    inner = call.get(form) if form in ("function", "custom") else None
    if not isinstance(inner, dict):
        walk.refuse(f"A call of the type {str(form)[:40]!r}")
        return
    _function(walk, inner)
    if "id" in call:
        walk.word(call, "id")
    walk.call(call.get("id"), inner.get("arguments"))
    walk.rest(call, ("type", "id", str(form)))


def _function(walk: BodyWalk, function: dict[str, Any]) -> None:
    if "name" in function:
        walk.word(function, "name")
    walk.rest(function, ("name",), ARGUMENTS)


def _tools(walk: BodyWalk, body: dict[str, Any]) -> None:
    for tool in dicts(body.get("tools"), "tools"):
        form = tool.get("type")
        inner = tool.get(str(form)) if form in ("function", "custom") else None
        if not isinstance(inner, dict):
            walk.refuse(f"A tool that runs at the provider ({str(form)[:40]!r})")
            continue
        _description(walk, inner)
        walk.rest(tool, ("type", str(form)))
    for function in dicts(body.get("functions"), "functions"):
        _description(walk, function)


def _description(walk: BodyWalk, function: dict[str, Any]) -> None:
    """What is said of a tool: its name, its description, its parameters."""
    if "name" in function:
        walk.word(function, "name")
    walk.rest(function, ("name",))


def bound(body: dict[str, Any], to: OutputBound) -> None:
    """Make the body ask for this model, at most so many tokens, and nothing that is kept."""
    body["model"] = to.model
    names = [name for name in LIMITS if name in body]
    for name in names:
        del body[name]
    body[to.limit if to.proved or not names else names[0]] = to.max_output
    bound_budgets(body, to.max_output)
    if "store" in body:
        body["store"] = False
    if not to.usage:
        body.pop("stream_options", None)
    elif body.get("stream"):
        options = body.get("stream_options")
        body["stream_options"] = {**(options if isinstance(options, dict) else {}), "include_usage": True}
