"""Requests that were made to get a secret or a restricted line past the gateway, in odd fields and shapes."""

import json
from pathlib import Path
from typing import Any

import pytest
from chat_replies import said
from message_replies import messages_reply
from roads import desk

from assist_escalation.errors import RefusedError
from assist_escalation.redaction.findings import RedactionError
from assist_escalation.redaction.known_secrets import Known
from assist_gateway.attribution import AttributedSpan
from assist_gateway.dialects.json_places import JsonPlace
from assist_gateway.proxy.kept_texts import KeptTexts

CHAT, MESSAGES, RESPONSES = "/v1/chat/completions", "/v1/messages", "/v1/responses"
NAMES = {CHAT: "chat", MESSAGES: "messages", RESPONSES: "responses"}
TOKEN = "glpat-" + "x9Kd83hTqLmZ72Pw_wQe"
PIN = 48151623
REFUSALS = ("contains a secret", "cannot be inspected", "is not an identifier", "is not an object")
HI = {"role": "user", "content": "hi"}
CALL = {"id": TOKEN, "type": "function", "function": {"name": "f", "arguments": "{}"}}
USE = {"type": "tool_use", "id": "a", "name": "f", "input": {"pin": PIN}}
LONE = {"type": "thinking", "thinking": TOKEN, "signature": TOKEN}
RESULT = {"type": "tool_result", "tool_use_id": "a"}
THOUGHT = {"type": "thinking", "thinking": "hm nothing", "signature": "c2ln", "note": TOKEN}


def called(block: dict[str, Any]) -> list[dict[str, Any]]:
    return [HI, {"role": "assistant", "content": [block]}]


@pytest.mark.parametrize(
    ("path", "body", "headers"),
    [
        (RESPONSES, {"input": [HI], "include": [TOKEN]}, {}),
        (RESPONSES, {"input": [{**HI, "id": TOKEN}]}, {}),
        (MESSAGES, {"messages": [HI], "tools": [{"type": f"bash_{TOKEN}", "name": "bash"}]}, {}),
        (MESSAGES, {"messages": [HI]}, {"anthropic-beta": TOKEN}),
        (MESSAGES, {"messages": called(USE)}, {}),
        (MESSAGES, {"messages": called(THOUGHT)}, {}),
        (MESSAGES, {"messages": [HI], "top_k": PIN}, {}),
        (CHAT, {"messages": [HI], "seed": PIN}, {}),
        (CHAT, {"messages": [HI], "tools": [{"type": "function", "function": {"name": TOKEN}}]}, {}),
        (CHAT, {"messages": [HI, {"role": "assistant", "content": "x", "tool_calls": [CALL]}]}, {}),
        (CHAT, {"messages": [HI, {"role": "assistant", "content": "x", "function_call": TOKEN}]}, {}),
        (CHAT, {"messages": [HI, {"role": "assistant", "content": "x", "function_call": [TOKEN]}]}, {}),
        (CHAT, {"messages": [{**HI, TOKEN: 1}]}, {}),
        (CHAT, {"messages": [{**HI, f"key {TOKEN}": "x"}]}, {}),
        (CHAT, {"messages": [HI], "tools": [{"type": "function", "function": {TOKEN: 1}}]}, {}),
        (RESPONSES, {"input": [{**HI, TOKEN: True}]}, {}),
        (MESSAGES, {"messages": called({**USE, "input": {}, TOKEN: 1})}, {}),
        (MESSAGES, {"messages": [{"role": "user", "content": [{**RESULT, "content": [LONE]}]}]}, {}),
    ],
)
async def test_no_odd_field_carries_a_secret(
    tmp_path: Path, path: str, body: dict[str, Any], headers: dict[str, str]
) -> None:
    reply: Any = messages_reply("ok") if path == MESSAGES else said("ok")
    known = Known((str(PIN),))
    dialect: Any = NAMES[path]
    async with desk(tmp_path, reply, dialect=dialect, known=known) as made:
        asked = {"model": "acme", "max_tokens": 50, **body}
        if path == MESSAGES:  # the provider gives the thought that is sent back
            await made.whole({**asked, "messages": [HI], "tools": [], "top_k": 1}, path)
        before = len(made.provider.heads)
        refused = ""
        try:
            await made.ask(asked, path, **headers)
        except (RedactionError, RefusedError) as error:
            refused = str(error)
        if refused:
            assert any(words in refused for words in REFUSALS)
        assert len(made.provider.heads) == before + (not refused)
        seen = "\n".join(made.provider.heads) + made.provider.bytes_seen.decode()
        assert TOKEN not in seen
        assert str(PIN) not in seen


LINES = ["the first line of the plan", "and the second one of it"]


def judge_lines(text: str, claims: tuple[str, ...] | None) -> list[AttributedSpan]:
    """Both lines in a row are from the plan; `claims` are None for what is put together."""
    start = text.find("\n".join(LINES)) if claims is None else -1
    end = start + len("\n".join(LINES))
    return [AttributedSpan(start, end, "plan.txt", "is denied")] if start >= 0 else []


@pytest.mark.parametrize(
    "value",
    [
        [{"type": "text", "text": line} for line in LINES],
        {"lines": ["import os", *LINES, "end of it"]},
        {"line_1": LINES[0], "line_2": LINES[1]},
    ],
)
def test_lines_in_a_string_each_are_seen_together(value: Any) -> None:
    holder = {"content": value, "more": "last words"}
    places = [JsonPlace(holder, name, holder[name], item=2) for name in holder]
    kept = KeptTexts().cut(places, judge_lines, "cut")
    assert [(part.path, part.lines) for part in kept] == [("plan.txt", 2)]
    sent = json.dumps(holder)
    assert not [line for line in LINES if line in sent]
    assert sent.count("kept here by assist: 1 line of plan.txt") == 2
    assert "last words" in sent
    with pytest.raises(RefusedError):
        KeptTexts().cut([JsonPlace({"a": value}, "a", value)], judge_lines, "refuse")


def test_lines_of_two_messages_are_not_put_together() -> None:
    holder = dict(enumerate(LINES))
    places = [JsonPlace(holder, number, line, item=number) for number, line in holder.items()]
    assert KeptTexts().cut(places, judge_lines, "cut") == []
