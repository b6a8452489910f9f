"""A whole gateway between the packages of OpenAI and Anthropic and a recording provider, with rules and files on the disk."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import openai
import pytest
from chat_replies import SECRET, echo_placeholder, said
from foreign import Recorder, Reply, recording
from message_replies import messages_reply

from assist_gateway.http.listening import GatewayAddress, bind
from assist_gateway.local_models import LoadedModels
from assist_gateway.running import run_gateway
from assist_gateway.tool_tokens import ToolToken, add_tool
from assist_server.config.config import Config, load

DENIED = "".join(
    f'resource "aws_db_instance" "main_{number}" {{ size = {number * 37} }}\n' for number in range(9)
)
SETTINGS = """
[escalation]
mode = "auto"
max_cost_usd_per_request = 1.0
[egress]
deny = ["infra/**"]
[providers.acme]
base_url = "{url}"
model = "frontier-1"
dialect = "{dialect}"
residency = ["internal"]
context_tokens = 200000
price = {{ input_usd_per_mtok = 3.0, output_usd_per_mtok = 15.0 }}
"""


def no_model() -> LoadedModels:
    raise AssertionError


@asynccontextmanager
async def gateway(
    folder: Path, reply: Reply, dialect: str = "chat"
) -> AsyncIterator[tuple[str, str, Recorder, Config]]:
    """The address of a running gateway, a tool's token, what its provider gets, and the settings."""
    async with recording(reply) as provider:
        for name in ("config", "data", "shop/infra", "shop/app"):
            (folder / name).mkdir(parents=True)
        (folder / "shop/infra/db.tf").write_text(DENIED)
        (folder / "shop/app/settings.py").write_text(f'NAME = "shop"\npassword = "{SECRET}"\n')
        (folder / "config/config.toml").write_text(SETTINGS.format(url=provider.url, dialect=dialect))
        environ = {"ASSIST_CONFIG_DIR": str(folder / "config"), "ASSIST_DATA_DIR": str(folder / "data")}
        config = load(environ)
        token = add_tool(
            config.paths.data, ToolToken("agent", ((folder / "shop").resolve(),), unattributed=True)
        )
        bound = bind(GatewayAddress())
        ended = asyncio.Event()
        running = asyncio.create_task(run_gateway(config, bound, no_model, ended.wait))
        try:
            yield bound[1].url, token, provider, config
        finally:
            ended.set()
            await running


def tool_read(path: str, text: str) -> list[dict[str, Any]]:
    """The turn of an agent that reads a file."""
    call = {"name": "read", "arguments": json.dumps({"filePath": path})}
    return [
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "c1", "type": "function", "function": call}],
        },
        {"role": "tool", "tool_call_id": "c1", "content": text},
    ]


async def test_an_agent_reads_a_denied_file_and_edits_another(tmp_path: Path) -> None:
    edit = {"filePath": "app/settings.py", "oldString": 'password = "@"', "newString": 'PASSWORD = "@"'}
    calls = [{"id": "c2", "type": "function", "function": {"name": "edit", "arguments": json.dumps(edit)}}]
    async with gateway(tmp_path, echo_placeholder("Done.", tool_calls=calls)) as (
        url,
        token,
        provider,
        config,
    ):
        client = openai.AsyncOpenAI(base_url=f"{url}/v1", api_key=token, max_retries=0)
        messages: Any = [
            {"role": "user", "content": "Rename the constant. See infra/db.tf too."},
            *tool_read("infra/db.tf", DENIED),
            *tool_read("app/settings.py", f'NAME = "shop"\npassword = "{SECRET}"\n'),
            *tool_read("app/nowhere.py", "no such file"),
        ]
        async with client:
            assert "acme" in [model.id async for model in client.models.list()]
            stream = await client.chat.completions.create(model="acme", messages=messages, stream=True)
            text = raw = ""
            async for chunk in stream:
                delta = chunk.choices[0].delta
                text += delta.content or ""
                for call in delta.tool_calls or ():
                    raw += (call.function.arguments or "") if call.function else ""
            whole = await client.chat.completions.create(model="acme", messages=messages)
        assert "[assist kept " in text
        assert "infra/db.tf" in text
        assert json.loads(raw)["newString"] == f'PASSWORD = "{SECRET}"'
        found = whole.choices[0].message.tool_calls
        assert found
        assert SECRET in found[0].function.arguments  # type: ignore[union-attr]
        assert SECRET.encode() not in provider.bytes_seen
        assert b"aws_db_instance" not in provider.bytes_seen
        log = (config.paths.data / "audit.jsonl").read_text()
        intents = [json.loads(line)["event"] for line in log.splitlines() if '"kind":"intent"' in line]
        assert [intent["tool"] for intent in intents] == ["agent", "agent"]
        assert set(intents[0]["files"]) == {"infra/db.tf", "app/settings.py"}
        assert len(intents[1]["spans"]) == 1, "of the second request only the settings are new"


async def test_the_anthropic_package_edits_a_file_next_to_a_denied_one(tmp_path: Path) -> None:
    import anthropic  # noqa: PLC0415  (a seventh of the time in which a process collects all tests)

    edit = {"file_path": "app/settings.py", "old_string": 'password = "@"', "new_string": 'PASSWORD = "@"'}
    reply = messages_reply("Done.", "Edit", edit)
    reads = (("t1", "infra/db.tf", DENIED), ("t2", "app/settings.py", f'password = "{SECRET}"\n'))
    calls = [
        {"type": "tool_use", "id": number, "name": "Read", "input": {"file_path": path}}
        for number, path, _ in reads
    ]
    results = [{"type": "tool_result", "tool_use_id": number, "content": text} for number, _, text in reads]
    messages: Any = [
        {"role": "user", "content": "Rename the constant."},
        {"role": "assistant", "content": calls},
        {"role": "user", "content": results},
    ]
    async with gateway(tmp_path, reply, "messages") as (url, token, provider, _):
        client = anthropic.AsyncAnthropic(base_url=url, auth_token=token, max_retries=0)
        async with client:
            counted = await client.messages.count_tokens(model="acme", messages=messages)
            async with client.messages.stream(model="acme", max_tokens=100, messages=messages) as stream:
                streamed = await stream.get_final_message()
            whole = await client.messages.create(model="acme", max_tokens=100, messages=messages)
        assert counted.input_tokens == 77
        told = "".join(block.text for block in streamed.content if block.type == "text")
        assert f"[assist kept {DENIED.count(chr(10))} lines of infra/db.tf" in told, (
            "the count before it is shown to no one"
        )
        for made in (streamed, whole):
            (call,) = [block for block in made.content if block.type == "tool_use"]
            assert call.input["new_string"] == f'PASSWORD = "{SECRET}"'
        assert SECRET.encode() not in provider.bytes_seen
        assert b"aws_db_instance" not in provider.bytes_seen


async def test_the_openai_package_shows_why_a_request_is_refused(tmp_path: Path) -> None:
    async with gateway(tmp_path, said()) as (url, token, provider, _):
        client = openai.AsyncOpenAI(base_url=f"{url}/v1", api_key=token, max_retries=0)
        image: Any = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:x"}}]}]
        async with client:
            try:
                await client.chat.completions.create(model="acme", messages=image)
            except openai.BadRequestError as error:
                assert "An image cannot be inspected" in str(error)  # noqa: PT017
        assert not provider.bodies


async def test_it_says_which_rules_have_to_be_accepted_before_anything_leaves(tmp_path: Path) -> None:
    async with gateway(tmp_path, said()) as (url, token, provider, _):
        (tmp_path / "shop/.assist.toml").write_text('[egress]\ndeny = ["secret/**"]\n')
        client = openai.AsyncOpenAI(base_url=f"{url}/v1", api_key=token, max_retries=0)
        async with client:
            with pytest.raises(openai.BadRequestError, match=r"\.assist\.toml is new.*config trust"):
                await client.chat.completions.create(
                    model="acme", messages=[{"role": "user", "content": "Hello"}]
                )
        assert not provider.bodies
