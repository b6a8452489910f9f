"""Answers of a model as events of a stream, in three dialects."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from bench.sessions.agent_tools import Call


def chat_events(text: str, calls: Sequence[Call], number: int, tokens: int) -> Iterator[str]:
    """Events of `/chat/completions`."""

    def chunk(delta: dict[str, Any], reason: str | None = None) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        return _data({"id": f"c{number}", "object": "chat.completion.chunk", "created": 1, "model": "m",
                      "choices": [choice]})  # fmt: skip

    yield chunk({"role": "assistant", "content": text})
    for index, (name, arguments) in enumerate(calls):
        function = {"name": name, "arguments": json.dumps(arguments)}
        call = {"index": index, "id": f"call_{number}_{index}", "type": "function", "function": function}
        yield chunk({"tool_calls": [call]})
    yield chunk({}, "tool_calls" if calls else "stop")
    usage = {"prompt_tokens": tokens, "completion_tokens": 20, "total_tokens": tokens + 20}
    yield _data({"id": f"c{number}", "object": "chat.completion.chunk", "created": 1, "model": "m",
                 "choices": [], "usage": usage})  # fmt: skip
    yield "data: [DONE]\n\n"


def message_events(text: str, calls: Sequence[Call], number: int, tokens: int) -> Iterator[str]:
    """Events of `/messages`."""
    usage = {"input_tokens": tokens, "output_tokens": 1}
    message = {"id": f"msg_{number}", "type": "message", "role": "assistant", "model": "m", "content": [],
               "stop_reason": None, "stop_sequence": None, "usage": usage}  # fmt: skip
    yield _event({"type": "message_start", "message": message})
    blocks: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({"type": "text", "text": ""}, {"type": "text_delta", "text": text})
    ]
    for index, (name, arguments) in enumerate(calls):
        block = {"type": "tool_use", "id": f"toolu_{number}_{index}", "name": name, "input": {}}
        blocks.append((block, {"type": "input_json_delta", "partial_json": json.dumps(arguments)}))
    for index, (block, delta) in enumerate(blocks):
        yield _event({"type": "content_block_start", "index": index, "content_block": block})
        yield _event({"type": "content_block_delta", "index": index, "delta": delta})
        yield _event({"type": "content_block_stop", "index": index})
    end = {"stop_reason": "tool_use" if calls else "end_turn", "stop_sequence": None}
    yield _event({"type": "message_delta", "delta": end, "usage": {"output_tokens": 20}})
    yield _event({"type": "message_stop"})


def response_events(text: str, calls: Sequence[Call], number: int, tokens: int) -> Iterator[str]:
    """Events of `/responses`."""
    said = {"type": "output_text", "text": text, "annotations": []}
    items: list[dict[str, Any]] = [
        {
            "type": "message",
            "id": f"msg_{number}",
            "role": "assistant",
            "status": "completed",
            "content": [said],
        }
    ]
    for index, (name, arguments) in enumerate(calls):
        known = {"id": f"fc_{number}_{index}", "call_id": f"call_{number}_{index}", "name": name,
                 "status": "completed"}  # fmt: skip
        if isinstance(arguments, str):
            items.append({"type": "custom_tool_call", **known, "input": arguments})
        else:
            items.append({"type": "function_call", **known, "arguments": json.dumps(arguments)})
    usage = {"input_tokens": tokens, "output_tokens": 20, "total_tokens": tokens + 20,
             "input_tokens_details": {"cached_tokens": 0},
             "output_tokens_details": {"reasoning_tokens": 0}}  # fmt: skip
    answer = {"id": f"resp_{number}", "object": "response", "created_at": 1, "model": "m", "output": []}
    yield _event({"type": "response.created", "response": {**answer, "status": "in_progress"}})
    for index, item in enumerate(items):
        yield _event({"type": "response.output_item.added", "output_index": index, "item": item})
        yield _event({"type": "response.output_item.done", "output_index": index, "item": item})
    done = {**answer, "status": "completed", "output": items, "usage": usage}
    yield _event({"type": "response.completed", "response": done})


def _data(document: dict[str, Any]) -> str:
    return f"data: {json.dumps(document)}\n\n"


def _event(document: dict[str, Any]) -> str:
    return f"event: {document['type']}\n{_data(document)}"
