"""What a provider of the chat dialect answers, streamed in pieces or whole."""

import json
from typing import Any

from foreign import CHAT_USAGE, events

SECRET = "hunter2-xyz"
PLACE = "__SECRET_PASSWORD_"


def said(text: str = "Fine.", **message: Any) -> Any:
    """A provider that answers so, streamed in pieces of three characters or whole."""

    def reply(asked: dict[str, Any]) -> list[bytes]:
        head = {"id": "c1", "object": "chat.completion.chunk", "model": "frontier-1"}
        if not asked.get("stream"):
            whole = {"role": "assistant", "content": text, **message}
            choice = {"index": 0, "message": whole, "finish_reason": "stop"}
            return [json.dumps({**head, "choices": [choice], "usage": CHAT_USAGE}).encode()]
        pieces = [text[at : at + 3] for at in range(0, len(text), 3)]
        deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
        deltas += [{"content": piece} for piece in pieces]
        for call in message.get("tool_calls", ()):
            raw = call["function"]["arguments"]
            start = {"index": 0, "id": call["id"], "type": "function"}
            deltas.append({"tool_calls": [{**start, "function": {**call["function"], "arguments": ""}}]})
            deltas += [
                {"tool_calls": [{"index": 0, "function": {"arguments": raw[at : at + 7]}}]}
                for at in range(0, len(raw), 7)
            ]
        chunks = [
            {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas
        ]
        chunks.append({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        return events(*chunks, {**head, "choices": [], "usage": CHAT_USAGE})

    return reply


def echo_placeholder(template: str, **message: Any) -> Any:
    """A provider that writes the first placeholder it sees into `template` in place of "@"."""

    def reply(asked: dict[str, Any]) -> list[bytes]:
        seen = json.dumps(asked)
        start = seen.index(PLACE)
        name = seen[start : seen.index("__", start + len(PLACE)) + 2]
        calls = json.loads(json.dumps(message).replace("@", name))
        return said(template.replace("@", name), **calls)(asked)

    return reply
