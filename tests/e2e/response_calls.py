"""A provider of responses that calls a tool: whole or as events."""

import json
from collections.abc import Mapping
from typing import Any

from message_replies import named

USAGE = {"input_tokens": 1000, "output_tokens": 20, "total_tokens": 1020}


def responses_call(tool: str, arguments: Mapping[str, Any], asked: dict[str, Any]) -> list[bytes]:
    """The answer that calls a tool with these arguments, or a freeform tool with that of the name ""."""
    number = len(asked["input"])
    head = {"id": f"fc_{number}", "call_id": f"call_{number}", "name": tool, "status": "completed"}
    freeform = "" in arguments
    form = "custom_tool_call" if freeform else "function_call"
    field = "input" if freeform else "arguments"
    item = {"type": form, **head, field: arguments[""] if freeform else json.dumps(dict(arguments))}
    whole = {
        "id": f"r{number}",
        "object": "response",
        "status": "completed",
        "output": [item],
        "usage": USAGE,
    }
    if not asked.get("stream"):
        return [json.dumps(whole).encode()]
    place = {"output_index": 0, "item_id": head["id"]}
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": {**whole, "output": [], "status": "in_progress"}},
        {"type": "response.output_item.added", "output_index": 0, "item": {**item, field: ""}},
        {"type": f"response.{form}_{field}.delta", **place, "delta": item[field]},
        {"type": f"response.{form}_{field}.done", **place, field: item[field]},
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": whole},
    ]
    return named(*({**event, "sequence_number": at} for at, event in enumerate(events)))
