"""Successful calls, and exactly what is sent."""

import asyncio
import json
from pathlib import Path

import pytest
from calling import KEY, PROMPT, always, call, hear
from hostile import DONE, HANG, Hostile, answer, chunk, head, refusal, usage

from assist_escalation.prompts import Usage
from assist_escalation.provider.transport import AnswerEnd, Delta, Transport


async def test_an_answer_comes_piece_by_piece_and_ends_with_its_count() -> None:
    async with Hostile(answer("Hello ", "wörld", " 🎉")) as vendor:
        heard = await hear(Transport(), call(vendor.url))
    assert heard.text == "Hello wörld 🎉"
    assert heard.end == AnswerEnd("stop", "frontier-1", Usage(input=30, output=5))


async def test_only_what_is_needed_is_sent() -> None:
    async with Hostile(answer("x")) as vendor:
        await hear(Transport(), call(vendor.url))
        (seen,) = vendor.requests
        host = f"127.0.0.1:{vendor.port}"
    assert seen.line == "POST /v1/chat/completions HTTP/1.1"
    assert seen.headers == {
        "host": host,
        "accept": "text/event-stream",
        "accept-encoding": "identity",
        "content-type": "application/json",
        "user-agent": "assist",
        "authorization": f"Bearer {KEY}",
        "content-length": str(len(seen.body)),
    }
    assert seen.json == {
        "model": "frontier-1",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": PROMPT}],
        "stream": True,
        "max_tokens": 256,
        "stream_options": {"include_usage": True},
    }


async def test_a_keyless_server_gets_no_authorization() -> None:
    async with Hostile(answer("x")) as vendor:
        heard = await hear(Transport(), call(vendor.url, key="", api_key_env=""))
    assert heard.text == "x"
    assert "authorization" not in vendor.requests[0].headers


@pytest.mark.parametrize("key", ["sk-line\nbreak", "sk with space", "schlüssel", "sk-\r\nX-Evil: 1"])
async def test_a_key_that_cannot_be_a_header_is_not_sent(key: str) -> None:
    async with Hostile(answer("x")) as vendor:
        heard = await hear(Transport(), call(vendor.url, key=key))
    assert (heard.kind, heard.error and heard.error.sent, vendor.connections) == ("auth", False, 0)
    assert "ACME_KEY" in str(heard.error)


async def test_the_token_classes_are_disjoint() -> None:
    counted = usage(100, 7, cached_tokens=60, cache_write_tokens=10)
    async with Hostile([head(), chunk("x"), chunk(finish="stop"), counted, DONE]) as vendor:
        heard = await hear(Transport(), call(vendor.url))
    assert heard.end
    assert heard.end.usage == Usage(input=30, cache_read=60, cache_write=10, output=7)


async def test_closing_the_iterator_ends_the_connection() -> None:
    async with Hostile([head(), chunk("x"), HANG]) as vendor:
        transport = Transport()
        stream = transport.stream(call(vendor.url), always)
        assert await anext(stream) == Delta("x")
        assert not vendor.gone.is_set()
        await stream.aclose()
        await asyncio.wait_for(vendor.gone.wait(), 10)


@pytest.mark.parametrize("act", [[HANG], [head(), HANG], [head(), chunk("x"), HANG]])
async def test_cancelling_ends_the_connection(act: list[bytes]) -> None:
    async with Hostile(act) as vendor:
        task = asyncio.create_task(hear(Transport(), call(vendor.url)))
        while not vendor.requests:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.wait_for(vendor.gone.wait(), 10)


async def test_closing_the_transport_ends_all_calls() -> None:
    async with Hostile([head(), chunk("x"), HANG]) as vendor:
        transport = Transport()
        tasks = [asyncio.create_task(hear(transport, call(vendor.url))) for _ in range(3)]
        while len(vendor.requests) < 3:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        await transport.close()
        assert [(await task).kind for task in tasks] == ["unreachable"] * 3


async def test_calls_run_side_by_side() -> None:
    async with Hostile([head(), 0.05, *answer("abc")[1:]]) as vendor:
        transport = Transport()
        texts = [
            (await task).text
            for task in [asyncio.create_task(hear(transport, call(vendor.url))) for _ in range(8)]
        ]
    assert texts == ["abc"] * 8
    assert vendor.connections == 8


OLD_LIMIT = (
    "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens'."
)
STRICT = '[{"type": "extra_forbidden", "loc": ["body", "stream_options"], "msg": "Extra inputs"}]'


async def test_what_a_provider_accepts_is_found_once_and_kept(tmp_path: Path) -> None:
    file = tmp_path / "state" / "abilities.json"
    acts = [
        refusal(400, "unsupported_parameter", OLD_LIMIT),
        refusal(422, "", STRICT),
        answer("x"),
        answer("y"),
    ]
    async with Hostile(*acts) as vendor:
        asked = call(vendor.url)
        first = await hear(Transport(file), asked)
        second = await hear(Transport(file), asked)
    assert (first.text, second.text) == ("x", "y")
    bodies = [seen.json for seen in vendor.requests]
    assert len(bodies) == 4
    assert "max_tokens" not in bodies[2]
    assert "stream_options" not in bodies[2]
    assert bodies[2]["max_completion_tokens"] == 256
    assert bodies[3] == bodies[2]
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["abilities.json"]


async def test_a_provider_that_refuses_both_names_is_asked_thrice_at_most() -> None:
    both = refusal(400, "unsupported", "stream_options, max_tokens and max_completion_tokens are unknown")
    async with Hostile(both) as vendor:
        heard = await hear(Transport(), call(vendor.url))
    assert (heard.kind, len(vendor.requests)) == ("refused", 3)


async def test_what_did_not_help_is_not_kept(tmp_path: Path) -> None:
    file = tmp_path / "abilities.json"
    async with Hostile(refusal(400, "invalid_value", "max_tokens is too large")) as vendor:
        await hear(Transport(file), call(vendor.url))
    assert len(vendor.requests) == 2
    assert not file.exists()


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe", b"[]", b"null", b"[" * 100_000, b'{"found": {"x": {"stream_usage": 3}}}']
)
async def test_a_broken_file_of_abilities_is_no_error(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "abilities.json"
    file.write_bytes(content)
    async with Hostile(refusal(400, "", "stream_options?"), answer("x")) as vendor:
        heard = await hear(Transport(file), call(vendor.url))
    assert heard.text == "x"
    assert len(json.loads(file.read_bytes())["found"]) == 1


async def test_a_file_of_abilities_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    transport = Transport(tmp_path / "file" / "abilities.json")
    async with Hostile(refusal(400, "", "stream_options?"), answer("x")) as vendor:
        heard = [await hear(transport, call(vendor.url)) for _ in range(2)]
    assert [each.text for each in heard] == ["x", "x"]
    assert len(vendor.requests) == 3
