"""What is reserved for a request of a tool is never less than what its provider may charge for it."""

import json
from pathlib import Path
from random import Random
from typing import Any

import pytest
from roads import CHAT, Desk, desk
from rounds import rounds

from assist_escalation.errors import RefusedError
from assist_escalation.policy.endpoints import Dialect, Price

MESSAGES = "/v1/messages"
PATHS: dict[Dialect, str] = {"chat": CHAT, "messages": MESSAGES, "responses": "/v1/responses"}
HOUR = {"type": "ephemeral", "ttl": "1h"}
MARKS: tuple[Any, ...] = (None, {"type": "ephemeral"}, {"type": "ephemeral", "ttl": "5m", "scope": "x"}, HOUR)
ROUNDS = rounds(400, 60)
SENSELESS: tuple[Any, ...] = (None, -1, -(10**9), 10**12, 2**63, 0, 1, 2.5, 1e300, "9", True, [1], {})
PRICES = (
    Price(3.0, 15.0),
    Price(3.0, 15.0, 0.3, 3.75),
    Price(5.0, 1.0, 7.0, 6.25),
    Price(0.0, 1.0, 0.0, 2.0),
    Price(100_000.0, 1.0),
)
MUCH = {"max_cost_usd_per_day": 9e4, "max_cost_usd_per_request": 9e4, "gateway_session_usd": 9e4}


def body_for(dialect: Dialect, choose: Random) -> dict[str, Any]:
    """A request in which each object at which a cache can be asked for does so in one of the ways, or not."""
    words = " ".join(choose.choice(("alpha", "beta", "42", "gamma")) for _ in range(choose.randrange(9, 300)))

    def marked(value: dict[str, Any]) -> dict[str, Any]:
        mark = choose.choice(MARKS) if choose.random() < 0.2 else None
        return {**value, "cache_control": mark} if mark or choose.random() < 0.1 else value

    kind = "input_text" if dialect == "responses" else "text"
    said = marked({"role": "user", "content": [marked({"type": kind, "text": words})]})
    schema = {"type": "object", "properties": {"a": marked({"type": "string"})}}
    described = {"name": "look", "description": words, "parameters": schema}
    limit = {"max_output_tokens" if dialect == "responses" else "max_tokens": choose.randrange(1, 300)}
    body: dict[str, Any] = {"model": "acme", "messages": [said], **(limit if choose.random() < 0.8 else {})}
    if dialect == "messages":
        result = {
            "type": "tool_result",
            "tool_use_id": "c",
            "content": [marked({"type": "text", "text": "1"})],
        }
        body["messages"] += [
            {"role": "assistant", "content": [{"type": "tool_use", "id": "c", "name": "look", "input": {}}]},
            {"role": "user", "content": [marked(result)]},
        ]
        body["system"] = [marked({"type": "text", "text": words})]
        body["tools"] = [marked({"name": "look", "input_schema": schema})]
    elif dialect == "chat":
        body["tools"] = [marked({"type": "function", "function": marked(described)})]
    else:
        body["input"] = body.pop("messages")
        body["tools"] = [marked({"type": "function", **described})]
    return marked(body)


def counts_of(dialect: Dialect, tokens: int, most: int, choose: Random) -> Any:
    """Counts of a provider: any division of at most so many tokens into classes, or counts without sense."""
    if choose.random() < 0.1:
        return choose.choice((None, {}, [], "x", 5))
    sent = choose.choice((tokens, choose.randrange(1, tokens + 1)))
    read = choose.choice((0, sent, choose.randrange(sent + 1)))
    written = choose.choice((0, sent - read, choose.randrange(sent - read + 1)))
    wrote = choose.choice((most, choose.randrange(1, most + 1)))

    def odd(value: int) -> Any:
        return choose.choice(SENSELESS) if choose.random() < 0.1 else value

    if dialect == "messages":
        long = choose.choice((0, written, choose.randrange(written + 1)))
        parts = {"ephemeral_1h_input_tokens": odd(long), "ephemeral_5m_input_tokens": odd(written - long)}
        fresh = {"input_tokens": odd(sent - read - written), "output_tokens": odd(wrote)}
        cached = {"cache_read_input_tokens": odd(read), "cache_creation_input_tokens": odd(written)}
        return fresh | cached | ({"cache_creation": parts} if choose.random() < 0.7 else {})
    first, second = ("prompt", "completion") if dialect == "chat" else ("input", "output")
    details = {"cached_tokens": odd(read), "cache_write_tokens": odd(written)}
    reasoning = {"reasoning_tokens": odd(choose.randrange(wrote + 1))}
    return {
        f"{first}_tokens": odd(sent),
        f"{second}_tokens": odd(wrote),
        f"{first}_tokens_details": details,
        f"{second}_tokens_details": reasoning,
    }


def answer_with(dialect: Dialect, usage: Any) -> dict[str, Any]:
    text = {"type": "text", "text": "ok"}
    if dialect == "messages":
        return {"type": "message", "model": "m", "content": [text], "stop_reason": "end_turn", "usage": usage}
    if dialect == "responses":
        return {"object": "response", "model": "m", "status": "completed", "output": [], "usage": usage}
    choice = {"index": 0, "message": {"role": "assistant", "content": "ok"}, "finish_reason": "stop"}
    return {"model": "m", "choices": [choice], "usage": usage}


def booked(made: Desk) -> tuple[int, int]:
    """What was reserved for the last request, and what it was booked at, in micro-dollars."""
    return made.log("intent")[-1]["upper_micro"], made.log("outcome")[-1]["cost_micro"]


@pytest.mark.parametrize("dialect", PATHS)
@pytest.mark.parametrize("price", PRICES)
async def test_no_count_costs_more_than_was_reserved(tmp_path: Path, dialect: Dialect, price: Price) -> None:
    choose = Random(f"{dialect} {price}")

    def reply(asked: dict[str, Any]) -> list[bytes]:
        most = asked.get("max_output_tokens") or asked["max_tokens"]
        usage = counts_of(dialect, made.log("intent")[-1]["tokens"], most, choose)
        return [json.dumps(answer_with(dialect, usage)).encode()]

    async with desk(tmp_path, reply, dialect=dialect, price=price, **MUCH) as made:
        for number in range(ROUNDS):
            body = body_for(dialect, choose)
            await made.whole(body, PATHS[dialect])
            reserved, cost = booked(made)
            assert 0 < cost <= reserved, (number, body, made.log("outcome")[-1])


@pytest.mark.parametrize("place", ["system", "tool", "message", "block", "nested", "top", "unknown"])
async def test_a_cache_of_an_hour_is_reserved_wherever_it_is_asked_for(tmp_path: Path, place: str) -> None:
    text = {"type": "text", "text": "word " * 500}
    mark: dict[str, Any] = {"cache_control": HOUR}

    def reply(asked: dict[str, Any]) -> list[bytes]:
        parts = {"ephemeral_1h_input_tokens": 600, "ephemeral_5m_input_tokens": 0}
        usage = {"input_tokens": 4, "cache_creation_input_tokens": 600, "cache_creation": parts}
        return [json.dumps(answer_with("messages", {**usage, "output_tokens": 9})).encode()]

    body: dict[str, Any] = {"model": "acme", "max_tokens": 50, "system": [text]}
    said: dict[str, Any] = {"role": "user", "content": [{"type": "text", "text": "Hello"}]}
    body["messages"] = [said]
    schema: dict[str, Any] = {"type": "object"}
    tool: dict[str, Any] = {"name": "look", "input_schema": schema}
    body["tools"] = [tool]
    result = {"type": "tool_result", "tool_use_id": "c", "content": [{**text, **mark}]}
    match place:
        case "system":
            body["system"] = [{**text, **mark}]
        case "tool":
            tool |= mark
        case "message":
            said |= mark
        case "block":
            said["content"][0] |= mark
        case "nested":
            said["content"].append(result)
        case "top":
            body |= mark
        case _:
            schema["properties"] = {"a": {"x": [[mark]]}}
    async with desk(tmp_path, reply, dialect="messages") as made:
        for _ in range(2):  # the second time each message is known
            await made.whole(body, MESSAGES)
            reserved, cost = booked(made)
            intent, outcome = made.log("intent")[-1], made.log("outcome")[-1]
            assert reserved == intent["tokens"] * 6 + 50 * 15
            assert cost == 4 * 3 + 600 * 6 + 9 * 15
            assert (outcome["usage"]["cache_write"], outcome["usage"]["input"]) == (600, 4)


async def test_words_that_only_look_like_a_mark_cost_nothing(tmp_path: Path) -> None:
    words = 'It says "cache_control":{"type":"ephemeral","ttl":"1h"} and \\"cache_control":{"ttl":"1h"}'
    usage = {"input_tokens": 90, "output_tokens": 9}
    reply = [json.dumps(answer_with("messages", usage)).encode()]
    async with desk(tmp_path, lambda _: reply, dialect="messages") as made:
        said = {"role": "user", "content": [{"type": "text", "text": words, "cache_control": MARKS[2]}]}
        await made.whole({"model": "acme", "max_tokens": 50, "messages": [said]}, MESSAGES)
        assert booked(made)[0] == made.log("intent")[-1]["tokens"] * 3 + 50 * 15


async def test_a_summary_that_the_provider_makes_is_refused_and_clearing_is_not(tmp_path: Path) -> None:
    reply = [json.dumps(answer_with("messages", {"input_tokens": 90, "output_tokens": 9})).encode()]
    body = {"model": "acme", "max_tokens": 50, "messages": [{"role": "user", "content": "Hello"}]}
    async with desk(tmp_path, lambda _: reply, dialect="messages") as made:
        clears: dict[str, Any] = {"edits": [{"type": "clear_tool_uses_20250919"}]}
        await made.whole({**body, "context_management": clears}, MESSAGES)
        assert made.provider.requests[0]["context_management"] == clears
        clears["edits"].append({"type": "compact_20260112"})
        with pytest.raises(RefusedError, match="A summary that the provider makes"):
            await made.whole({**body, "context_management": clears}, MESSAGES)
