"""Completions and chats by the local models, asked through the gateway by OpenAI's own package."""

import asyncio
import json
import tempfile
from pathlib import Path

import httpx2
import openai
import pytest
from gateway_desk import GatewayDesk, running_gateway

from assist_gateway.fim_prompts import split_prompt
from assist_gateway.http.listening import GatewayAddress, bind
from assist_gateway.infilling import request_of
from assist_gateway.running import load_models, run_gateway
from assist_gateway.tool_tokens import ToolToken, add_tool, revoke_tool
from assist_server.config.config import load

CODE = "def total(prices):\n    return sum(prices)\n\n\ndef mean(prices):\n    return total(prices) / len(prices)\n"
BEFORE = CODE[: CODE.index("sum(prices)")]
QUESTION = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "What is 2 + 2?"}]


def client_of(desk: GatewayDesk) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(base_url=f"{desk.address.url}/v1", api_key=desk.token, max_retries=0)


async def test_a_chat_is_answered_here_whole_and_as_a_stream_with_its_counts(tmp_path: Path) -> None:
    async with running_gateway(tmp_path) as desk, client_of(desk) as client:
        whole = await client.chat.completions.create(model="local", messages=QUESTION)  # type: ignore[call-overload]
        assert whole.choices[0].message.content == "It is 4."
        assert whole.choices[0].finish_reason == "stop"
        assert whole.usage.completion_tokens == 8
        assert whole.usage.prompt_tokens > len("What is 2 + 2?")
        stream = await client.chat.completions.create(  # type: ignore[call-overload]
            model="local", messages=QUESTION, stream=True, stream_options={"include_usage": True}
        )
        chunks = [chunk async for chunk in stream]
        assert (
            "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == "It is 4."
        )
        assert chunks[-2].choices[0].finish_reason == "stop"
        assert chunks[-1].usage.completion_tokens == 8
        assert chunks[-1].usage.prompt_tokens_details.cached_tokens > 0
        assert len(desk.loaded) == 1


async def test_an_answer_ends_at_a_stop_and_at_the_most_tokens(tmp_path: Path) -> None:
    async with running_gateway(tmp_path, script="one two three") as desk, client_of(desk) as client:
        create = client.chat.completions.create
        stopped = await create(model="local", messages=QUESTION, stop=" three")  # type: ignore[call-overload]
        assert (stopped.choices[0].message.content, stopped.choices[0].finish_reason) == ("one two", "stop")
        short = await create(model="local", messages=QUESTION, max_tokens=3)  # type: ignore[call-overload]
        assert (short.choices[0].message.content, short.choices[0].finish_reason) == ("one", "length")
        # Agents ask for more than the window has left.
        long = await create(model="local", messages=QUESTION, max_tokens=100_000)  # type: ignore[call-overload]
        assert long.choices[0].message.content == "one two three"


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"tools": [{"type": "function", "function": {"name": "read"}}]}, "tool calls"),
        ({"response_format": {"type": "json_object"}}, "response_format"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "images"),
        ({"messages": [{"role": "user", "content": "x" * 3_000}]}, "too long"),
        ({"messages": [{"role": "assistant", "content": "x"}]}, "last message"),
        ({"n": 2}, "several answers"),
        ({"max_tokens": "3"}, "max_tokens"),
        ({"temperature": 7}, "temperature"),
    ],
)
async def test_what_the_local_model_cannot_do_is_refused_in_words(
    changes: dict[str, object], word: str, shared_desk: GatewayDesk
) -> None:
    asked = {"model": "local", "messages": QUESTION, **changes}
    async with httpx2.AsyncClient(base_url=shared_desk.address.url, headers=shared_desk.headers) as client:
        answer = await client.post("/v1/chat/completions", json=asked)
    assert answer.status_code == 400
    assert word in answer.json()["error"]["message"]


@pytest.fixture
async def shared_desk(tmp_path: Path):  # type: ignore[no-untyped-def]
    async with running_gateway(tmp_path) as desk:
        yield desk


async def test_code_is_completed_from_a_suffix_from_tokens_of_any_model_and_from_infill(
    tmp_path: Path,
) -> None:
    after = "\n\n\ndef mean(prices):\n"
    async with running_gateway(tmp_path, text=CODE) as desk, client_of(desk) as client:
        create = client.completions.create
        plain = await create(model="local", prompt=BEFORE, suffix=after, max_tokens=64)
        assert plain.choices[0].text == "sum(prices)"
        assert plain.usage is not None
        assert plain.usage.completion_tokens > 0
        marked = f"<fim_prefix>{BEFORE}<fim_suffix>{after}<fim_middle>"
        assert (await create(model="any", prompt=marked)).choices[0].text == "sum(prices)"
        stream = await create(model="local", prompt=BEFORE, suffix=after, stream=True, stop=["("])
        assert "".join([chunk.choices[0].text async for chunk in stream]) == "sum"
        # What the user typed of it costs no model at all.
        typed = await create(model="local", prompt=BEFORE + "sum(p", suffix=after)
        assert typed.choices[0].text == "rices)"
        assert typed.usage is not None
        assert typed.usage.completion_tokens == 0
        asked = {"input_prefix": BEFORE, "input_suffix": after, "prompt": "", "n_predict": 64}
        async with httpx2.AsyncClient(base_url=desk.address.url, headers=desk.headers) as http:
            found = await http.post("/infill", json=asked)
            assert found.json()["content"] == "sum(prices)"
            warmed = await http.post("/infill", json={**asked, "n_predict": 0})
            assert warmed.json()["content"] == ""


async def test_what_llama_vim_and_minuet_send_is_understood(tmp_path: Path) -> None:
    code = "def total(prices):\n    if prices:\n        return sum(prices)\n    return 0\n"
    asked = {
        "input_prefix": "def total(prices):\n",
        "prompt": "    if",
        "input_suffix": "\n",
        "input_extra": [{"filename": "b.py", "text": "B = 1\n"}],
        "n_predict": 128,
        "stop": [],
        "id_slot": 0,
        "samplers": ["top_k", "infill"],
    }
    fields = ["content", "timings/predicted_n", "tokens_cached"]
    async with (
        running_gateway(tmp_path, text=code) as desk,
        httpx2.AsyncClient(base_url=desk.address.url, headers=desk.headers) as http,
    ):
        first = {**asked, "t_max_predict_ms": 250, "response_fields": fields}
        found = await http.post("/infill", json=first)
        assert '"content":" prices:"' in found.text  # as llama.vim searches for it
        assert found.json().keys() == set(fields)
        assert found.json()["timings/predicted_n"] > 0
        whole = await http.post("/infill", json={**asked, "t_max_predict_ms": 1000})
        assert whole.json()["content"].startswith(" prices:\n        return sum(prices)")
        assert whole.json()["tokens_cached"] >= 0
    named = split_prompt("# language: python\n# indentation: use 4 spaces for a tab\n" + code, "\n")
    assert request_of(named, one_line=False).context.language.name == "python"


async def test_the_models_are_listed_and_no_other_is_answered_here(tmp_path: Path) -> None:
    async with running_gateway(tmp_path) as desk, client_of(desk) as client:
        names = [model.id async for model in client.models.list()]
        assert names == ["local", "qwen2.5-coder-0.5b"]
        with pytest.raises(openai.NotFoundError, match="has nothing for"):
            await client.chat.completions.create(model="gpt-9", messages=QUESTION)  # type: ignore[call-overload]
        assert not desk.loaded


async def test_an_answer_ends_with_its_client(tmp_path: Path) -> None:
    async with running_gateway(tmp_path, script="abcdefgh" * 200) as desk, client_of(desk) as client:
        stream = await client.chat.completions.create(  # type: ignore[call-overload]
            model="local", messages=QUESTION, stream=True, max_tokens=1500
        )
        async for _chunk in stream:
            break
        await stream.close()
        async with asyncio.timeout(60):
            while desk.loaded[0].answers.busy:
                await asyncio.sleep(0.01)
        assert desk.llamas[0].written() < 1500


async def test_a_private_socket_does_as_well(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="a") as private:
        address = GatewayAddress(path=Path(private) / "g.sock")
        async with running_gateway(tmp_path, address=address) as desk:
            transport = httpx2.AsyncHTTPTransport(uds=str(address.path))
            async with httpx2.AsyncClient(transport=transport, headers=desk.headers) as client:
                asked = {"model": "local", "messages": QUESTION}
                found = await client.post("http://localhost/v1/chat/completions", json=asked)
            assert json.loads(found.text)["choices"][0]["message"]["content"] == "It is 4."
            assert address.path is not None
            assert address.path.stat().st_mode & 0o777 == 0o600


@pytest.mark.model
async def test_the_real_models_answer_a_chat_and_complete_code(environ: dict[str, str]) -> None:
    config = load(environ)
    data = config.paths.data
    token = add_tool(data, ToolToken("openai", (data,)))
    bound = bind(GatewayAddress())
    ended = asyncio.Event()
    gateway = asyncio.create_task(
        run_gateway(config, bound, lambda: load_models(config, lambda _: None), ended.wait)
    )
    async with openai.AsyncOpenAI(base_url=f"{bound[1].url}/v1", api_key=token, max_retries=0) as client:
        code = await client.completions.create(model="local", prompt=BEFORE, suffix="\n", max_tokens=20)
        assert "prices" in code.choices[0].text
        asked = "Answer with one word: what is the capital of France?"
        chat = await client.chat.completions.create(
            model="local", messages=[{"role": "user", "content": asked}], max_tokens=20
        )
        assert "Paris" in str(chat.choices[0].message.content)
    ended.set()
    await gateway
    revoke_tool(data, "openai")
