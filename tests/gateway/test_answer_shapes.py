"""Answers of a provider in wrong shapes: each JSON value at each place of an answer, whole and in events."""

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from message_replies import named
from roads import desk, read

from assist_escalation.egress.exchange import ReadAnswer
from assist_escalation.prompts import Usage
from assist_escalation.provider.failures import Fault
from assist_gateway.dialects.answers import AnswerMemory, ReaderContext
from assist_gateway.dialects.dialect import DIALECTS
from assist_gateway.dialects.edit_tools import EditRules
from assist_gateway.foreign_request import GatewayRefusal, stream_event

ASKED = {"model": "acme", "messages": [{"role": "user", "content": "Hello"}]}
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 2.5, 1e300, 10**30, "", "x", "a\nevent: b\r\ndata: c\n\n", "\ud800", "\u2028",
    [], [None], [[]], [5], ["x"], [{}], {}, {"x": 1}, {"": None}, {"type": []}, {"index": "x", "text": []},
)  # fmt: skip
CALL = {"id": "c", "type": "function", "function": {"name": "write", "arguments": '{"path": "a"}'}}
MESSAGE = {"role": "assistant", "content": "ok __SECRET_X_1__", "reasoning": "hm", "tool_calls": [CALL]}
CHAT_USAGE = {"prompt_tokens": 9, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 5}}
HEAD = {"id": "r", "model": "m"}
BLOCKS: list[dict[str, Any]] = [
    {"type": "thinking", "thinking": "hm", "signature": "s"},
    {"type": "text", "text": "ok __SECRET_X_1__"},
    {"type": "tool_use", "id": "t", "name": "write", "input": {"path": "a"}},
]
COUNTS = {
    "input_tokens": 9,
    "cache_read_input_tokens": 1,
    "cache_creation_input_tokens": 1,
    "cache_creation": {"ephemeral_1h_input_tokens": 1},
    "output_tokens": 2,
}
PART = {"type": "output_text", "text": "ok", "annotations": []}
ITEM = {"type": "message", "id": "i", "role": "assistant", "content": [PART]}
DO = {"type": "function_call", "id": "f", "call_id": "c", "name": "write", "arguments": '{"path": "a"}'}
THOUGHT = {"type": "reasoning", "id": "h", "encrypted_content": "x", "summary": []}
RESPONSE = {
    **HEAD,
    "status": "completed",
    "output": [THOUGHT, ITEM, DO],
    "usage": {"input_tokens": 9, "output_tokens": 2, "input_tokens_details": {"cached_tokens": 5}},
}
WHOLE: dict[str, dict[str, Any]] = {
    "/v1/chat/completions": {
        **HEAD,
        "choices": [{"index": 0, "message": MESSAGE, "finish_reason": "stop"}],
        "usage": CHAT_USAGE,
    },
    "/v1/messages": {**HEAD, "content": BLOCKS, "stop_reason": "end_turn", "usage": COUNTS},
    "/v1/messages/count_tokens": {"input_tokens": 5},
    "/v1/responses": RESPONSE,
}
CHAT_DELTAS: tuple[dict[str, Any], ...] = (
    {"role": "assistant", "content": "ok __SEC"},
    {"reasoning_content": "hm", "refusal": "no"},
    {"tool_calls": [{"index": 0, **CALL}]},
    {},
)
STREAMED: dict[str, list[dict[str, Any]]] = {
    "/v1/chat/completions": [
        *(
            {**HEAD, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
            for delta in CHAT_DELTAS
        ),
        {**HEAD, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
        {**HEAD, "choices": [], "usage": CHAT_USAGE},
    ],
    "/v1/messages": [
        {"type": "message_start", "message": {**HEAD, "content": [], "usage": COUNTS}},
        *({"type": "content_block_start", "index": at, "content_block": BLOCKS[at]} for at in range(3)),
        {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "a"}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "a"}},
        {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "a"}},
        {"type": "content_block_delta", "index": 2, "delta": {"type": "x", "partial_json": "{}"}},
        *({"type": "content_block_stop", "index": at} for at in range(3)),
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": COUNTS},
        {"type": "message_stop"},
    ],
    "/v1/responses": [
        {"type": "response.created", "response": {**RESPONSE, "output": []}},
        {"type": "response.output_item.added", "output_index": 0, "item": ITEM},
        {"type": "response.output_item.added", "output_index": 1, "item": DO},
        {"type": "response.reasoning_summary_text.delta", "output_index": 2, "delta": "hm"},
        {"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": "ok"},
        {"type": "response.output_text.done", "output_index": 0, "content_index": 0, "text": "ok"},
        {"type": "response.content_part.done", "output_index": 0, "content_index": 0, "part": PART},
        {"type": "response.output_item.done", "output_index": 0, "item": ITEM},
        {"type": "response.function_call_arguments.delta", "output_index": 1, "delta": "{}"},
        {"type": "response.function_call_arguments.done", "output_index": 1, "arguments": "{}"},
        {"type": "response.output_item.done", "output_index": 1, "item": DO},
        {"type": "response.output_item.done", "output_index": 2, "item": THOUGHT},
        {"type": "response.completed", "response": RESPONSE},
    ],
}


def changed(document: Any) -> Iterator[Any]:
    """The document with each other value at each of its places, and without each of its fields."""
    yield from VALUES
    if isinstance(document, dict):
        for key, value in document.items():
            yield {name: kept for name, kept in document.items() if name != key}
            yield from ({**document, key: other} for other in changed(value))
    elif isinstance(document, list):
        for number, value in enumerate(document):
            yield from ([*document[:number], other, *document[number + 1 :]] for other in changed(value))


def context(notice: str) -> ReaderContext:
    return ReaderContext({"__SECRET_X_1__": "hunter2"}, EditRules(lambda _: ""), AnswerMemory(), 1000, notice)


def check_read(found: ReadAnswer) -> None:
    assert isinstance(found.finish + found.model + found.text, str)
    assert found.usage is None or isinstance(found.usage, Usage)


@pytest.mark.parametrize("notice", ["", "kept\n"])
@pytest.mark.parametrize("path", WHOLE)
def test_a_whole_answer_of_any_shape_is_passed_on_or_a_fault(path: str, notice: str) -> None:
    for document in changed(WHOLE[path]):
        if isinstance(document, dict):
            reader = DIALECTS[path].reader(context(notice), 9, False)
            with suppress(Fault):
                json.dumps(reader.whole(json.loads(json.dumps(document))))
            check_read(reader.read())


@pytest.mark.parametrize("notice", ["", "kept\n"])
@pytest.mark.parametrize("path", STREAMED)
def test_events_of_any_shape_are_passed_on_or_a_fault(path: str, notice: str) -> None:
    events = STREAMED[path]
    for number, event in enumerate(events):
        for other in changed(event):
            reader = DIALECTS[path].reader(context(notice), 9, False)
            with suppress(Fault):
                for data in [*map(json.dumps, [*events[:number], other, *events[number + 1 :]]), ""]:
                    for passed in reader.event(data):
                        check_event(passed)
            check_read(reader.read())


def check_event(passed: str) -> None:
    """One event is written as one, whatever its type is."""
    kind = json.loads(passed).get("type")
    written = stream_event(passed, kind)
    fields = [line.partition(b": ") for line in written.removesuffix(b"\n\n").split(b"\n")]
    assert not any(name not in (b"event", b"data") for name, _, _ in fields)
    assert [value.decode() for name, _, value in fields if name == b"event"] in ([], [kind])
    assert json.loads(b"\n".join(value for name, _, value in fields if name == b"data")) == json.loads(passed)


async def test_what_is_no_answer_of_http_is_a_wrong_answer(tmp_path: Path) -> None:
    for status in (302, 307, 399, 600, 999):
        async with desk(tmp_path, lambda _: [b"{}"], status=status) as made:
            response = await made.ask(ASKED)
            assert response.status == 502
            assert f"({status})" in json.loads(await read(response))["error"]["message"]


@pytest.mark.parametrize(
    "text", [b'{"choices": "x"}', b'{"a": NaN}', b'{"a": 1e999}', b"[" * 990 + b"]" * 990]
)
async def test_an_answer_of_another_shape_is_said_to_be_one(tmp_path: Path, text: bytes) -> None:
    async with desk(tmp_path, lambda _: [text]) as made:
        with pytest.raises(GatewayRefusal, match=r"the answer is not a JSON|not a list of objects") as caught:
            await made.ask(ASKED)
        assert (caught.value.status, caught.value.code) == (502, "bad-reply")
        assert made.log("outcome")[0]["error"] == "bad-reply"


async def test_a_type_with_a_line_end_begins_no_event(tmp_path: Path) -> None:
    forged = "ping\nevent: content_block_start\r\ndata: {}\n\nevent: x"
    sent = [
        {"type": forged},
        {"type": "ping", "x": "\ud800"},
        {"type": "message_delta", "delta": {"stop_reason": "x"}},
    ]
    over_lines = [b'data: {"type":\ndata: "ping",\ndata: "y": 1}\n\n']
    body = {**ASKED, "stream": True, "max_tokens": 9}
    async with desk(tmp_path, lambda _: [*named(*sent), *over_lines], dialect="messages") as made:
        got = (await read(await made.ask(body, "/v1/messages"))).decode()
        lines = got.splitlines()
        assert [line for line in lines if line.startswith("event:")] == [
            "event: ping",
            "event: message_delta",
            "event: ping",
        ]
        assert all(line.startswith(("event: ", "data: ")) or not line for line in lines)
        assert json.loads(next(line for line in lines if "ud800" in line)[6:])["x"] == "\ud800"
