"""What a provider of messages would answer: whole or as events."""

import json
from typing import Any

from chat_replies import PLACE

USAGE = {
    "input_tokens": 400,
    "cache_read_input_tokens": 500,
    "cache_creation_input_tokens": 100,
    "output_tokens": 20,
}


def named(*events: dict[str, Any]) -> list[bytes]:
    return [f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode() for event in events]


def placeholder_in(asked: dict[str, Any]) -> str:
    seen = json.dumps(asked)
    if PLACE not in seen:
        return "nothing"
    start = seen.index(PLACE)
    return seen[start : seen.index("__", start + len(PLACE)) + 2]


def messages_reply(text: str, tool: str = "", arguments: dict[str, Any] | None = None) -> Any:
    """A provider of messages; "@" becomes the first placeholder of the request."""

    def reply(asked: dict[str, Any]) -> list[bytes]:
        if "max_tokens" not in asked:
            return [b'{"input_tokens": 77}']
        place = placeholder_in(asked)
        said = text.replace("@", place)
        raw = json.dumps(arguments or {}).replace("@", place)
        blocks: list[dict[str, Any]] = [
            {"type": "thinking", "thinking": f"hm {place}", "signature": "c2ln"},
            {"type": "text", "text": said},
        ]
        blocks += [{"type": "tool_use", "id": "t1", "name": tool, "input": json.loads(raw)}] if tool else []
        head = {"id": "m1", "type": "message", "role": "assistant", "model": "frontier-1"}
        if not asked.get("stream"):
            whole = {**head, "content": blocks, "stop_reason": "end_turn", "usage": USAGE}
            return [json.dumps(whole).encode()]
        found: list[dict[str, Any]] = [
            {
                "type": "message_start",
                "message": {**head, "content": [], "usage": {**USAGE, "output_tokens": 1}},
            }
        ]
        for number, block in enumerate(blocks):
            empty = {**block, **{name: "" for name in ("thinking", "signature", "text") if name in block}}
            empty |= {"input": {}} if "input" in block else {}
            found.append({"type": "content_block_start", "index": number, "content_block": empty})
            deltas: list[dict[str, Any]] = []
            if block["type"] == "thinking":
                deltas = [
                    {"type": "thinking_delta", "thinking": block["thinking"]},
                    {"type": "signature_delta", "signature": "c2ln"},
                ]
            elif block["type"] == "text":
                deltas = [{"type": "text_delta", "text": said[at : at + 5]} for at in range(0, len(said), 5)]
            else:
                deltas = [
                    {"type": "input_json_delta", "partial_json": raw[at : at + 6]}
                    for at in range(0, len(raw), 6)
                ]
            found += [{"type": "content_block_delta", "index": number, "delta": delta} for delta in deltas]
            found.append({"type": "content_block_stop", "index": number})
        found.append(
            {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 20}}
        )
        return named(*found, {"type": "message_stop"})

    return reply
