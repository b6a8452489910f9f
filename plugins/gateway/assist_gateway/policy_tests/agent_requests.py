"""What a tool sends in each dialect, with one text in a place of its choice: the other places say nothing.

It knows the shapes of requests, and no rule, no file and no socket.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from zlib import crc32

from assist_escalation.policy.endpoints import Dialect

PATHS: Mapping[Dialect, str] = {
    "chat": "/v1/chat/completions",
    "messages": "/v1/messages",
    "responses": "/v1/responses",
}
COUNT = "/v1/messages/count_tokens"
_HARMLESS = "notes.md"  # what a call names, where a text is not to be recognized by its path


@dataclass(frozen=True, slots=True)
class AgentTexts:
    """The texts of one conversation of an agent that called a tool once. `path` is what the call names."""

    system: str = "Be brief."
    user: str = "Say what the total does."
    assistant: str = "I look at it."
    written: str = ""
    result: str = "done"
    description: str = "Changes a file."
    schema: str = "The path of a file."
    path: str = _HARMLESS


_Placed = Callable[[str, str], AgentTexts]
# Where a text of a file can be, by what people call it; it gets the text and the file's path.
PLACES: Mapping[str, _Placed] = {
    "result of a call": lambda text, path: AgentTexts(result=text, path=path),
    "result without a path": lambda text, _: AgentTexts(result=text),
    "instructions": lambda text, _: AgentTexts(system=text),
    "user's words": lambda text, _: AgentTexts(user=text),
    "assistant's words": lambda text, _: AgentTexts(assistant=text),
    "arguments of a call": lambda text, _: AgentTexts(written=text),
    "description of a tool": lambda text, _: AgentTexts(description=text),
    "schema of a tool": lambda text, _: AgentTexts(schema=text),
}


def _line(text: str) -> str:
    """The line of the cursor. It is another one for each text, since what is known is not asked for again."""
    return f"total_{crc32(text.encode()) % 10_000} = "


# What an editor asks to be completed, by the place of a file's text in it: the path, and the body.
COMPLETIONS: Mapping[str, Callable[[str], tuple[str, dict[str, Any]]]] = {
    "code before the cursor": lambda text: (
        "/v1/completions",
        {"prompt": f"{text}\n{_line(text)}", "suffix": "\n"},
    ),
    "code after the cursor": lambda text: ("/v1/completions", {"prompt": _line(text), "suffix": f"\n{text}"}),
    "code for llama.cpp": lambda text: (
        "/infill",
        {"input_prefix": f"{text}\n{_line(text)}", "input_suffix": "\n"},
    ),
    "another file": lambda text: (
        "/infill",
        {"input_prefix": _line(text), "input_extra": [{"filename": _HARMLESS, "text": text}]},
    ),
}


def agent_body(dialect: Dialect, model: str, texts: AgentTexts, *, stream: bool) -> dict[str, Any]:
    """The body of a request in a dialect."""
    return {"model": model, "stream": stream, **_BODIES[dialect](texts)}


def _chat(texts: AgentTexts) -> dict[str, Any]:
    call = {"name": "write_file", "arguments": _arguments(texts)}
    calls = [{"id": "call_1", "type": "function", "function": call}]
    tool = {"name": "write_file", "description": texts.description, "parameters": _schema(texts)}
    return {
        "messages": [
            {"role": "system", "content": texts.system},
            {"role": "user", "content": texts.user},
            {"role": "assistant", "content": texts.assistant, "tool_calls": calls},
            {"role": "tool", "tool_call_id": "call_1", "content": texts.result},
        ],
        "tools": [{"type": "function", "function": tool}],
    }


def _messages(texts: AgentTexts) -> dict[str, Any]:
    call = {"type": "tool_use", "id": "call_1", "name": "write_file", "input": _input(texts)}
    said = {"type": "text", "text": texts.assistant}
    result = {"type": "tool_result", "tool_use_id": "call_1", "content": _parts(texts.result, "text")}
    tool = {"name": "write_file", "description": texts.description, "input_schema": _schema(texts)}
    return {
        "max_tokens": 64,
        "system": _parts(texts.system, "text"),
        "messages": [
            {"role": "user", "content": texts.user},
            {"role": "assistant", "content": [said, call]},
            {"role": "user", "content": [result]},
        ],
        "tools": [tool],
    }


def _responses(texts: AgentTexts) -> dict[str, Any]:
    call = {"type": "function_call", "call_id": "call_1", "name": "write_file"}
    tool = {"name": "write_file", "description": texts.description, "parameters": _schema(texts)}
    return {
        "instructions": texts.system,
        "input": [
            {"role": "user", "content": _parts(texts.user, "input_text")},
            {"role": "assistant", "content": _parts(texts.assistant, "output_text")},
            {**call, "arguments": _arguments(texts)},
            {"type": "function_call_output", "call_id": "call_1", "output": texts.result},
        ],
        "tools": [{"type": "function", **tool}],
    }


_BODIES: Mapping[Dialect, Callable[[AgentTexts], dict[str, Any]]] = {
    "chat": _chat,
    "messages": _messages,
    "responses": _responses,
}


def _parts(text: str, kind: str) -> list[dict[str, str]]:
    return [{"type": kind, "text": text}]


def _input(texts: AgentTexts) -> dict[str, str]:
    return {"path": texts.path, "content": texts.written}


def _arguments(texts: AgentTexts) -> str:
    return json.dumps(_input(texts))


def _schema(texts: AgentTexts) -> dict[str, Any]:
    return {"type": "object", "properties": {"path": {"type": "string", "description": texts.schema}}}
