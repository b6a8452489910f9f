"""What a recorder answers: one short piece of text, in the protocol of the path that was asked.

The counts are so that little money is booked, and can be true.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

_SAYS = "A probe has no answer."
_WRITES = "pass"
_OUTPUT = 8  # tokens
_DONE = b"data: [DONE]\n\n"
_STREAM = "text/event-stream"
_JSON = "application/json"


def played_answer(path: str, body: bytes) -> bytes:
    """The answer to a request, with its head. `path` is what follows the receiver's number."""
    tokens = len(body) // 32 + 1
    kind, content = _ANSWERS.get(path, _chat)(tokens, b'"stream":true' in body.replace(b" ", b""))
    return f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nConnection: close\r\n\r\n".encode() + content


_PlayedAnswer = tuple[str, bytes]  # the type of its content, and that


def _llama_cpp(tokens: int, stream: bool) -> _PlayedAnswer:
    del stream
    chance = [{"id": 1, "token": _WRITES, "logprob": -0.1}]
    first = {"content": _WRITES, "stop": False, "completion_probabilities": chance}
    last = {"content": "", "stop": True, "stop_type": "eos", "timings": {"prompt_n": tokens}}
    return _STREAM, _data_lines(first, last)


def _ollama(tokens: int, stream: bool) -> _PlayedAnswer:
    del stream
    row = {"response": _WRITES, "done": True, "done_reason": "stop", "prompt_eval_count": tokens}
    return "application/x-ndjson", json.dumps(row).encode() + b"\n"


def _completions(tokens: int, stream: bool) -> _PlayedAnswer:
    del stream
    choice = {"index": 0, "text": _WRITES, "finish_reason": "stop"}
    return _STREAM, _data_lines({"choices": [choice], "usage": _usage(tokens)}) + _DONE


def _chat(tokens: int, stream: bool) -> _PlayedAnswer:
    if not stream:
        said = {"index": 0, "message": {"role": "assistant", "content": _SAYS}, "finish_reason": "stop"}
        return _JSON, json.dumps({"choices": [said], "usage": _usage(tokens)}).encode()
    piece = {"index": 0, "delta": {"role": "assistant", "content": _SAYS}, "finish_reason": None}
    end = {"index": 0, "delta": {}, "finish_reason": "stop"}
    chunks = ({"choices": [piece]}, {"choices": [end]}, {"choices": [], "usage": _usage(tokens)})
    return _STREAM, _data_lines(*chunks) + _DONE


def _messages(tokens: int, stream: bool) -> _PlayedAnswer:
    usage = {"input_tokens": tokens, "output_tokens": _OUTPUT}
    head = {"id": "msg_1", "type": "message", "role": "assistant", "model": "probe", "stop_sequence": None}
    text = {"type": "text", "text": _SAYS}
    if not stream:
        whole = {**head, "content": [text], "stop_reason": "end_turn", "usage": usage}
        return _JSON, json.dumps(whole).encode()
    begun: dict[str, Any] = {**head, "content": [], "stop_reason": None, "usage": usage}
    delta = {"type": "text_delta", "text": _SAYS}
    return _STREAM, _event_lines(
        {"type": "message_start", "message": begun},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": delta},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": _OUTPUT}},
        {"type": "message_stop"},
    )


def _count(tokens: int, stream: bool) -> _PlayedAnswer:
    del stream
    return _JSON, json.dumps({"input_tokens": tokens}).encode()


def _responses(tokens: int, stream: bool) -> _PlayedAnswer:
    part = {"type": "output_text", "text": _SAYS, "annotations": []}
    item = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [part]}
    usage = {"input_tokens": tokens, "output_tokens": _OUTPUT, "total_tokens": tokens + _OUTPUT}
    head = {"id": "resp_1", "object": "response", "model": "probe"}
    whole = {**head, "status": "completed", "output": [item], "usage": usage}
    if not stream:
        return _JSON, json.dumps(whole).encode()
    place = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    empty = {**item, "status": "in_progress", "content": []}
    begun: dict[str, Any] = {**head, "status": "in_progress", "output": []}
    return _STREAM, _event_lines(
        {"type": "response.created", "response": begun},
        {"type": "response.output_item.added", "output_index": 0, "item": empty},
        {"type": "response.content_part.added", **place, "part": {**part, "text": ""}},
        {"type": "response.output_text.delta", **place, "delta": _SAYS},
        {"type": "response.output_text.done", **place, "text": _SAYS},
        {"type": "response.content_part.done", **place, "part": part},
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": whole},
    )


_ANSWERS: Mapping[str, Callable[[int, bool], _PlayedAnswer]] = {
    "/completion": _llama_cpp,
    "/api/generate": _ollama,
    "/v1/completions": _completions,
    "/v1/fim/completions": _completions,
    "/v1/messages": _messages,
    "/v1/messages/count_tokens": _count,
    "/v1/responses": _responses,
}


def _usage(tokens: int) -> dict[str, int]:
    return {"prompt_tokens": tokens, "completion_tokens": _OUTPUT, "total_tokens": tokens + _OUTPUT}


def _data_lines(*chunks: dict[str, Any]) -> bytes:
    return b"".join(f"data: {json.dumps(chunk)}\n\n".encode() for chunk in chunks)


def _event_lines(*events: dict[str, Any]) -> bytes:
    return b"".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode() for event in events)
