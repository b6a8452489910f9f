"""Hostile answers: each ends in time, within its limits, with an error that says what to do."""

import gzip
import json

import pytest
from calling import KEY, QUICK, call, hear
from hostile import DONE, HANG, RESET, Hostile, Part, chunk, event, head, refusal, usage

from assist_escalation.prompts import Usage
from assist_escalation.provider.transport import Times, Transport

STOP = chunk(finish="stop")
ERROR = {"error": {"message": "secret text of the user", "type": "server_error", "code": "boom!\n"}}
CALL = {"index": 0, "function": {"name": "run", "arguments": "{}"}}


def delta(**fields: object) -> bytes:
    return event({"choices": [{"index": 0, "delta": fields, "finish_reason": None}]})


BROKEN: dict[str, tuple[str, list[Part]]] = {
    "an error object under 200": (
        "server",
        [head(content_type="application/json"), json.dumps(ERROR, indent=2).encode()],
    ),
    "a filter's error under 200": ("content-filter", [head(), event({"error": {"code": "content_filter"}})]),
    "a page of HTML": (
        "bad-reply",
        [head(content_type="text/html"), b"<!doctype html>\n<html>log in</html>\n"],
    ),
    "an endless page": ("bad-reply", [head(content_type="text/html"), *[b"<p>hello\n" * 1000] * 20, HANG]),
    "a whole completion": ("bad-reply", [head(), json.dumps({"choices": [{"message": {}}]}).encode()]),
    "nothing": ("bad-reply", [head()]),
    "no HTTP": ("unreachable", [b"SSH-2.0-OpenSSH_9.6\r\n"]),
    "endless headers": ("unreachable", [b"HTTP/1.1 200 OK\r\n", *[b"x: " + b"y" * 10_000] * 40, HANG]),
    "another success": ("bad-reply", [head(204)]),
    "an error in the middle": ("server", [head(), chunk("x"), event(ERROR), HANG]),
    "a line of 10 MB": ("too-large", [head(), b"data: " + b"x" * 10_000_000, HANG]),
    "a comment of 10 MB": ("too-large", [head(), b": " + b"x" * 10_000_000, HANG]),
    "an event of 10 MB": ("too-large", [head(), *[b"data: " + b"x" * 1000 + b"\n"] * 10_000, HANG]),
    "more than the tokens allow": ("too-large", [head(), *[chunk("x" * 10_000)] * 400, HANG]),
    "invalid UTF-8": ("bad-reply", [head(), b'data: {"choices": "\xff\xfe"}\n\n', HANG]),
    "no JSON": ("bad-reply", [head(), b"data: {nope\n\n", HANG]),
    "deep JSON": ("bad-reply", [head(), b"data: " + b"[" * 100_000 + b"\n\n", HANG]),
    "another shape": ("bad-reply", [head(), event({"choices": {"0": 1}}), HANG]),
    "a text that is a list": ("bad-reply", [head(), delta(content=[{"text": "x"}]), HANG]),
    "a second choice": ("bad-reply", [head(), event({"choices": [{"index": 1, "delta": {}}]}), HANG]),
    "empty choices": ("bad-reply", [head(), event({"choices": []}), DONE]),
    "cut off": ("bad-reply", [head(), chunk("x")]),
    "cut off without a close": (
        "unreachable",
        [b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", b"5\r\nda", RESET],
    ),
    "a tool": ("bad-reply", [head(), delta(tool_calls=[CALL]), HANG]),
    "an old tool": ("bad-reply", [head(), delta(function_call={"name": "run"}), HANG]),
    "a tool as the end": ("bad-reply", [head(), chunk(finish="tool_calls"), HANG]),
    "a gzip bomb": (
        "bad-reply",
        [head(content_encoding="gzip"), gzip.compress(b"data: x\n\n" * 5_000_000, 1), HANG],
    ),
    "a bomb of deflate": ("bad-reply", [head(content_encoding="identity, deflate"), HANG]),
    "a silence before the first byte": ("timeout", [HANG]),
    "a silence after the headers": ("timeout", [head(), HANG]),
    "a silence in the middle": ("timeout", [head(), chunk("x"), HANG]),
    "a silence in an event": ("timeout", [head(), chunk("x"), b"data: {", HANG]),
    "endless comments": ("timeout", [head(), *[b": wait\n\n", 0.05] * 200]),
    "endless comments in the middle": ("timeout", [head(), chunk("x"), *[b": wait\n\n", 0.05] * 200]),
    "headers one by one": ("timeout", [b"HTTP/1.1 200 OK\r\n", *[b"x: y\r\n", 0.05] * 400]),
}


@pytest.mark.parametrize("name", BROKEN)
async def test_a_broken_answer_is_an_error_at_once(name: str) -> None:
    kind, act = BROKEN[name]
    async with Hostile(act) as vendor:
        heard = await hear(Transport(times=QUICK if kind == "timeout" else Times()), call(vendor.url))
    assert heard.error
    assert (heard.kind, heard.error.sent) == (kind, True)
    assert "secret" not in str(heard.error)
    assert len(vendor.requests) == 1, "what came after the first byte is not asked again"


async def test_endless_events_end_with_the_total() -> None:
    times = Times(total=1.0)
    async with Hostile([head(), *[chunk("x"), 0.05] * 400]) as vendor:
        heard = await hear(Transport(times=times), call(vendor.url))
    assert heard.kind == "timeout"
    assert heard.text.startswith("xxx")


GOOD: dict[str, tuple[str, list[Part]]] = {
    "CRLF": ("stop", [head(), *[part.replace(b"\n", b"\r\n") for part in (chunk("añ"), chunk("b"), STOP, DONE)]]),
    "CR": ("stop", [head(), *[part.replace(b"\n", b"\r") for part in (chunk("añ"), chunk("b"), STOP, DONE)]]),
    "comments": ("stop", [head(), b": hi\n\n", chunk("añ"), b":\n\n: \xe2\x82\xac\n", chunk("b"), STOP, DONE]),
    "byte by byte": (
        "stop",
        [head(), *[bytes([byte]) for part in (chunk("añ"), chunk("b"), STOP, DONE) for byte in part.replace(b"\n", b"\r\n")]],
    ),
    "a byte order mark": ("stop", [head(), b"\xef\xbb\xbf" + chunk("añ"), chunk("b"), STOP, DONE]),
    "names and ids": ("stop", [head(), b"event: x\nid: 3\nretry: 9\n" + chunk("añ"), b"what: x\n" + chunk("b"), STOP, DONE]),
    "an event of two lines": ("stop", [head(), b'data: {"choices": [{"delta":\ndata: {"content": "a\xc3\xb1b"}}]}\n\n', STOP, DONE]),
    "no DONE": ("stop", [head(), chunk("añ"), chunk("b"), STOP]),
    "no last newline": ("stop", [head(), chunk("añ"), chunk("b"), STOP.rstrip()]),
    "no reason to end": ("unknown", [head(), chunk("añ"), chunk("b"), DONE]),
    "more after DONE": ("stop", [head(), chunk("añ"), chunk("b"), STOP, DONE + b"\xff" * 2_000_000, HANG]),
    "length": ("length", [head(), chunk("añb"), chunk(finish="length"), DONE]),
    "content_filter": ("content_filter", [head(), chunk("añb"), chunk(finish="content_filter"), DONE]),
    "a refusal": ("content_filter", [head(), delta(refusal="añb"), STOP.replace(b"stop", b""), DONE]),
    "empty choices first": ("stop", [head(), event({"choices": []}), delta(role="assistant"), chunk("añb"), STOP, DONE]),
    "nulls": ("stop", [head(), event({"choices": None}), delta(content=None, tool_calls=None), chunk("añb"), STOP, DONE]),
    "empty tools": ("stop", [head(), delta(content="añb", tool_calls=[]), STOP, DONE]),
    "thinking": ("stop", [head(), delta(reasoning_content="hmm"), chunk("añb"), STOP, DONE]),
    "plain text as its type": ("stop", [head(content_type="text/plain"), chunk("añb"), STOP, DONE]),
}  # fmt: skip


@pytest.mark.parametrize("name", GOOD)
async def test_an_answer_may_be_written_in_many_ways(name: str) -> None:
    finish, act = GOOD[name]
    async with Hostile(act) as vendor:
        heard = await hear(Transport(), call(vendor.url))
    assert heard.end
    assert (heard.text, heard.end.finish) == ("añb", finish)


@pytest.mark.parametrize(
    "model", ["frontier-2-2026-01-01", "org/model:free", "x" * 10_000, "\x1b]52;c;x\x07", 7, None]
)
async def test_the_model_that_answered_is_reported(model: object) -> None:
    parts = [event({"model": model, "choices": [{"delta": {"content": "x"}, "finish_reason": "stop"}]}), DONE]
    async with Hostile([head(), *parts]) as vendor:
        heard = await hear(Transport(), call(vendor.url))
    assert heard.end
    shown = model if isinstance(model, str) and len(model) < 40 and model.isprintable() else ""
    assert (
        heard.end.model == shown if shown else "\x1b" not in heard.end.model and len(heard.end.model) <= 128
    )


ABSURD = {
    "none": [],
    "null": [event({"choices": [], "usage": None})],
    "a list": [event({"choices": [], "usage": [1]})],
    "zeros": [usage(0, 0)],
    "no output though there is text": [usage(30, 0)],
    "negative": [usage(-5, 3)],
    "fractions": [usage(30.5, 3)],
    "words": [usage("30", 3)],
    "truth": [usage(True, 3)],
    "more than a model can read": [usage(10_000_000, 3)],
    "more than a model can write": [usage(30, 10_000_000)],
    "more cached than there is": [usage(30, 3, cached_tokens=31)],
    "more cached and written than there is": [usage(30, 3, cached_tokens=16, cache_write_tokens=16)],
    "negative cached": [usage(30, 3, cached_tokens=-1)],
    "infinite": [
        b'data: {"choices": [], "usage": {"prompt_tokens": Infinity, "completion_tokens": NaN}}\n\n'
    ],
}


@pytest.mark.parametrize("name", ABSURD)
async def test_an_absurd_count_is_no_count(name: str) -> None:
    async with Hostile([head(), chunk("x"), STOP, *ABSURD[name], DONE]) as vendor:
        heard = await hear(Transport(), call(vendor.url))
    assert heard.end
    assert heard.end.usage is None or heard.end.usage.estimated


async def test_a_count_before_an_error_is_kept() -> None:
    async with Hostile([head(), chunk("x"), usage(30, 5), event(ERROR)]) as vendor:
        heard = await hear(Transport(), call(vendor.url))
    assert heard.error
    assert heard.error.usage == Usage(input=30, output=5)


REFUSED = [
    ("auth", refusal(401, "invalid_api_key")),
    ("auth", refusal(403)),
    ("auth", refusal(401, f"key-{KEY}-is-wrong", f"wrong key {KEY}")),
    ("refused", refusal(402, "insufficient_balance")),
    ("refused", refusal(429, "insufficient_quota")),
    ("refused", refusal(400, "", "temperature is wrong")),
    ("unknown-model", refusal(404, "model_not_found")),
    ("unknown-model", refusal(400, "model_not_found")),
    ("context-length", refusal(413)),
    ("context-length", refusal(400, "context_length_exceeded", "max_tokens")),
    ("content-filter", refusal(400, "content_filter")),
    ("refused", [head(400, content_type="application/json", content_encoding="gzip"), gzip.compress(b"{}"), HANG]),
    ("auth", [head(401), *[b"x" * 60_000] * 10, HANG]),
    ("auth", [head(401, content_type="application/json"), b'{"error": ', HANG]),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "act"), REFUSED)
async def test_a_refusal_says_what_to_do_and_whether_it_costs_nothing(kind: str, act: list[Part]) -> None:
    async with Hostile(act) as vendor:
        heard = await hear(Transport(times=Times(idle=0.5)), call(vendor.url))
    assert heard.error
    read = kind in ("context-length", "content-filter")  # which some providers charge for
    assert (heard.kind, heard.error.sent, heard.error.usage) == (kind, True, None if read else Usage())
    assert len(vendor.requests) == 1
    assert kind != "auth" or KEY in str(act) or "ACME_KEY" in str(heard.error)
