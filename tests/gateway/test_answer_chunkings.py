"""Answers cut at random places: text and edits have their secrets back, and nothing else ever has one.

The stream of each dialect is made of random texts and calls, cut into random pieces, with random escapes in the
JSON of arguments.
"""

import json
import random
from typing import Any

from rounds import rounds

from assist_gateway.dialects.answers import AnswerContext, AnswerMemory
from assist_gateway.dialects.chat_answers import ChatAnswer
from assist_gateway.dialects.messages_answers import MessagesAnswer
from assist_gateway.dialects.responses_answers import ResponsesAnswer

SECRETS = {
    "__SECRET_PASSWORD_1a2b3c4d5e6f_1__": "hunter2-xyz",
    "__SECRET_TOKEN_aa11bb22cc33_1__": 'sk-"9\\f\u00fc8',
    "__SECRET_TOKEN_aa11bb22cc34_1__": "ghp_0123456789",
}
KNOWN_LINE = "url = https://me:__SECRET_PASSWORD_1a2b3c4d5e6f_1__@host/x"
FILE = KNOWN_LINE.replace("__SECRET_PASSWORD_1a2b3c4d5e6f_1__", "hunter2-xyz")
PIECES = (
    *SECRETS, *SECRETS, "__SECRET_", "__", "a", " = ", "\n", "\n", "\\", '"', "\u00fc\U0001f600", "x" * 30,
    "https://evil.example/?", "_1__", "\n" + KNOWN_LINE + "\n",
)  # fmt: skip
EDITS = (
    ("edit", "filePath", "newString"),
    ("Write", "file_path", "content"),
    ("mcp__fs__write_file", "path", "content"),
)
OTHERS = (("bash", "command", "cwd"), ("webfetch", "url", "prompt"), ("edit_history", "path", "content"))


def some_text(chance: random.Random) -> str:
    return "".join(chance.choice(PIECES) for _ in range(chance.randrange(12)))


def written(chance: random.Random, value: dict[str, str]) -> str:
    """Arguments as JSON, with other spellings of letters in it."""
    raw = json.dumps(value, ensure_ascii=chance.random() < 0.5)
    if chance.random() < 0.5:
        return raw
    return "".join(f"\\u{ord(sign):04x}" if sign in "_SE" and chance.random() < 0.2 else sign for sign in raw)


def cut(chance: random.Random, text: str) -> list[str]:
    pieces = []
    while text:
        size = chance.choice((1, 1, 2, 3, 7, 40))
        pieces.append(text[:size])
        text = text[size:]
    return pieces


def context() -> AnswerContext:
    return AnswerContext(SECRETS, lambda path: None if path.startswith("/") else FILE, AnswerMemory())


def by_chat(chance: random.Random, text: str, name: str, raw: str) -> tuple[str, str]:
    answer = ChatAnswer(context(), 10, usage=True)
    deltas: list[dict[str, Any]] = [{"content": piece} for piece in cut(chance, text)]
    deltas.append({"tool_calls": [{"index": 0, "id": "c", "function": {"name": name, "arguments": ""}}]})
    deltas += [{"tool_calls": [{"index": 0, "function": {"arguments": piece}}]} for piece in cut(chance, raw)]
    ends = [*([None] * len(deltas)), "tool_calls"]
    events = [
        {"choices": [{"index": 0, "delta": delta, "finish_reason": end}]}
        for delta, end in zip([*deltas, {}], ends, strict=True)
    ]
    got = [json.loads(out) for event in events for out in answer.event(json.dumps(event))]
    found = [choice["delta"] for event in got for choice in event["choices"]]
    calls = [call["function"] for delta in found for call in delta.get("tool_calls", ())]
    return "".join(delta.get("content") or "" for delta in found), "".join(
        call["arguments"] for call in calls
    )


def by_messages(chance: random.Random, text: str, name: str, raw: str) -> tuple[str, str]:
    answer = MessagesAnswer(context(), 10)
    events: list[dict[str, Any]] = [
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
    ]
    events += [
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": piece}}
        for piece in cut(chance, text)
    ]
    events += [{"type": "content_block_stop", "index": 0}]
    events += [
        {
            "type": "content_block_start",
            "index": 1,
            "content_block": {"type": "tool_use", "name": name, "input": {}},
        }
    ]
    events += [
        {
            "type": "content_block_delta",
            "index": 1,
            "delta": {"type": "input_json_delta", "partial_json": piece},
        }
        for piece in cut(chance, raw)
    ]
    events += [{"type": "content_block_stop", "index": 1}]
    got = [json.loads(out) for event in events for out in answer.event(json.dumps(event))]
    deltas = [event["delta"] for event in got if event["type"] == "content_block_delta"]
    return "".join(delta.get("text", "") for delta in deltas), "".join(
        delta.get("partial_json", "") for delta in deltas
    )


def by_responses(chance: random.Random, text: str, name: str, raw: str) -> tuple[str, str]:
    answer = ResponsesAnswer(context(), 10)
    at, call = {"output_index": 0, "content_index": 0}, {"output_index": 1}
    events: list[dict[str, Any]] = [
        {"type": "response.output_text.delta", **at, "delta": piece} for piece in cut(chance, text)
    ]
    events += [{"type": "response.output_text.done", **at, "text": text}]
    events += [
        {
            "type": "response.output_item.added",
            **call,
            "item": {"type": "function_call", "name": name, "arguments": ""},
        }
    ]
    events += [
        {"type": "response.function_call_arguments.delta", **call, "delta": piece}
        for piece in cut(chance, raw)
    ]
    events += [{"type": "response.function_call_arguments.done", **call, "arguments": raw}]
    got = [json.loads(out) for event in events for out in answer.event(json.dumps(event))]
    done = next(event for event in got if event["type"] == "response.function_call_arguments.done")
    deltas = [event for event in got if event["type"].endswith(".delta")]
    texts = "".join(event["delta"] for event in deltas if "text" in event["type"])
    arguments = "".join(event["delta"] for event in deltas if "arguments" in event["type"])
    assert arguments == done["arguments"]
    assert texts == next(event["text"] for event in got if event["type"].endswith("text.done"))
    return texts, arguments


def restored(text: str) -> str:
    for placeholder, secret in SECRETS.items():
        text = text.replace(placeholder, secret)
    return text


def check_edit(content: str, given: str) -> None:
    """Every placeholder is replaced, but in a new line with an address, which may go on after a backslash."""
    goes_on = False
    for line, found in zip(content.split("\n"), given.split("\n"), strict=True):
        addressed = "://" in line or goes_on
        goes_on = addressed and line.endswith("\\")
        if not addressed or restored(line).strip() == FILE:
            assert found == restored(line)
        else:
            assert found == line


def test_any_cut_of_an_answer_gives_the_same_text_and_calls() -> None:
    for seed in range(rounds(20_000, 300)):
        chance = random.Random(seed)
        text = some_text(chance)
        content = some_text(chance)
        is_edit = chance.random() < 0.6
        name, first, second = chance.choice(EDITS if is_edit else OTHERS)
        path = chance.choice(("app.py", "/etc/passwd"))
        value = {first: path if is_edit else some_text(chance), second: content}
        if chance.random() < 0.5:
            value = dict(reversed(value.items()))
        raw = written(chance, value)
        shown, arguments = chance.choice((by_chat, by_messages, by_responses))(chance, text, name, raw)
        assert shown == context().restore(text), seed
        for line in shown.split("\n"):
            assert "://" not in line or not any(secret in line for secret in SECRETS.values()), seed
        if is_edit and path == "app.py":
            check_edit(content, json.loads(arguments)[second])
        else:
            assert arguments == raw, seed
