"""Bad headers: each is reported once, and the next good message is read."""

import asyncio
import json
import time
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from assist_server.lsp.message_reader import LONGEST_BODY, TURN, MessageReader, load_in_steps

GOOD = b'{"jsonrpc":"2.0","method":"a"}'


def frame(body: bytes) -> bytes:
    return b"Content-Length: %d\r\n\r\n" % len(body) + body


async def read(*chunks: bytes) -> tuple[list[bytes], list[str]]:
    """The bodies that pygls would get, and what was reported."""
    source = asyncio.StreamReader()
    reported: list[str] = []
    large: list[bytes] = []
    reader = MessageReader(source, reported.append, bytes, large.append)

    async def feed() -> None:
        for chunk in chunks:
            source.feed_data(chunk)
            await asyncio.sleep(0)
        source.feed_eof()

    feeding = asyncio.create_task(feed())
    bodies = []
    while header := await reader.readline():
        assert await reader.readline() == b"\r\n"
        body = await reader.readexactly(int(header.removeprefix(b"Content-Length: ")))
        bodies.append(large.pop() if large else body)
    await feeding
    return bodies, reported


BAD = {
    "negative": (b"Content-Length: -5\r\n\r\n{}", "Content-Length is '-5'"),
    "no number": (b"Content-Length: abc\r\n\r\n{}", "Content-Length is 'abc'"),
    "zero": (b"Content-Length: 0\r\n\r\n", "Content-Length is '0'"),
    "huge": (b"Content-Length: 1000000000000\r\n\r\n{", "must be a number from 1 to"),
    "thousands of digits": (b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n{}", "Content-Length is '9999"),
    "missing": (b"X: 1\r\n\r\n{}", "no Content-Length"),
    "too large": (b"Content-Length: 90\r\n\r\n" + GOOD, "the next message begins after 30"),
    "a long header": (b"X: " + b"a" * 5_000_000 + b"\r\n\r\n", "a header is longer than"),
    "garbage without end": (b"\x00\xff" * 500_000, "a header is longer than"),
}


@pytest.mark.parametrize("size", [7, 1000, 10_000_000])
@pytest.mark.parametrize("name", BAD)
async def test_after_a_bad_header_the_next_message_is_read(name: str, size: int) -> None:
    bad, said = BAD[name]
    stream = frame(GOOD) + bad + frame(b'{"b":1}') + frame(b'{"c":1}')
    size = max(size, len(stream) // 2_000)
    bodies, reported = await read(*(stream[at : at + size] for at in range(0, len(stream), size)))
    assert bodies == [GOOD, b'{"b":1}', b'{"c":1}']
    assert len(reported) == 1
    assert said in reported[0]


async def test_a_length_that_is_too_small_costs_that_message_only() -> None:
    bodies, reported = await read(b"Content-Length: 10\r\n\r\n" + GOOD, frame(b'{"b":1}'))
    assert bodies == [GOOD[:10], b'{"b":1}']  # pygls answers the first one: it is no JSON
    assert reported == []


async def test_a_body_may_speak_of_headers() -> None:
    body = b'{"text":"Content-Length: 5\\r\\n\\r\\nhello"}'
    assert await read(frame(body)) == ([body], [])


async def test_the_end_within_a_message_is_the_end() -> None:
    assert await read(frame(GOOD), b"Content-Length: 50\r\n\r\n{") == ([GOOD], [])
    assert await read(b"Content-Length: 5") == ([], [])


async def test_a_large_body_is_read() -> None:
    body = b'"' + b"x" * 30_000_000 + b'"'
    assert len(body) < LONGEST_BODY
    stream = frame(body)
    bodies, reported = await read(*(stream[at : at + 65_536] for at in range(0, len(stream), 65_536)))
    assert bodies == [body]
    assert reported == []


TEXT = st.text(st.sampled_from('ab\n\r"\\\u2028\0é😀\ud83d\ude00'), max_size=40)
JSON = st.recursive(
    st.none() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


@example({"a": "\\\u2028\u2028\u2028\ud83d\ude00"}, 16, False)  # halves that are no escapes
@given(st.dictionaries(st.sampled_from("abc"), JSON), st.integers(16, 40), st.booleans())
def test_what_is_read_in_steps_is_what_json_reads(value: dict[str, Any], step: int, plain: bool) -> None:
    body = json.dumps(value, ensure_ascii=plain).encode("utf-8", "surrogatepass")
    found = load_in_steps(bytearray(body), lambda found: found, step)
    assert found == json.loads(body)


@pytest.mark.parametrize("wrong", ["\\x", "\\u12", "\x01", "\n"])
def test_a_long_string_that_is_none_is_an_error(wrong: str) -> None:
    for text in (f"{'x' * 50}{wrong}{'x' * 50}", f"{'x' * 50}{wrong}"):
        body = f'{{"a": "{text}"}}'.encode()
        with pytest.raises(ValueError):
            json.loads(body)
        with pytest.raises(ValueError):
            load_in_steps(bytearray(body), dict, 20)


async def test_other_tasks_have_their_turn_between_messages_that_take_long() -> None:
    source = asyncio.StreamReader()
    source.feed_data(frame(GOOD) * 5)
    source.feed_eof()
    turns: list[int] = []

    async def beat() -> None:
        while True:
            turns.append(1)
            await asyncio.sleep(0)

    beating = asyncio.create_task(beat())
    reader = MessageReader(source, lambda _: None)
    while await reader.readline():
        time.sleep(2 * TURN)  # noqa: ASYNC251  (a handler that computes)
    beating.cancel()
    assert len(turns) >= 4
