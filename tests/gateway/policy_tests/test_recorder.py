"""The recorder plays a provider and each kind of server for the product's own clients, and keeps what it got."""

import json
from dataclasses import replace

import pytest
from team_servers import QWEN, team

from assist_escalation.policy.endpoints import Dialect, Provider
from assist_escalation.prompts import Messages, Usage
from assist_escalation.provider.infill import InfillCall, InfillLine, InfillPrompt, body
from assist_escalation.provider.request import Call, ProviderPost
from assist_escalation.provider.transport import AnswerEnd, Delta, Transport
from assist_gateway.dialects.answers import AnswerMemory, ReaderContext
from assist_gateway.dialects.dialect import DIALECTS
from assist_gateway.dialects.edit_tools import EditRules
from assist_gateway.policy_tests.agent_requests import PATHS, AgentTexts, agent_body
from assist_gateway.policy_tests.recorder import Recorder

PROMPT = InfillPrompt((), "a.py", "x = 1\n", "\n", "y = ", "", one_line=False, most=64)


@pytest.mark.parametrize("kind", ["llama.cpp", "vllm", "ollama", "mistral-fim", "openai"])
async def test_each_kind_of_server_is_played(kind: str) -> None:
    async with Recorder() as recorder:
        server = replace(team(f"{recorder.address}/7"), kind=kind)  # type: ignore[arg-type]
        sent = body(InfillCall(server, "probe-key", QWEN, PROMPT))
        line = InfillLine(server, "probe-key")
        pieces = [piece async for piece in line.stream(sent, 64)]
        await line.close()
        assert "".join(piece.text for piece in pieces) == "pass"
        (request,) = recorder.take()
        assert (request.receiver, request.body) == (7, sent)
        assert ("authorization", "Bearer probe-key") in request.headers
        assert recorder.take() == ()


async def test_a_provider_is_played() -> None:
    async with Recorder() as recorder:
        endpoint = Provider(f"{recorder.address}/3/v1", "big", residency=("internal",))
        call = Call("eu", endpoint, "probe-key", Messages("Be brief.", "Why?"), 64)

        async def reserve() -> bool:
            return False

        pieces = [piece async for piece in Transport().stream(call, reserve)]
        (request,) = recorder.take()
        assert (request.receiver, request.path) == (3, "/v1/chat/completions")
        assert "Be brief." in request.text
        assert isinstance(pieces[0], Delta)
        end = pieces[-1]
        assert isinstance(end, AnswerEnd)
        assert isinstance(end.usage, Usage)


@pytest.mark.parametrize("dialect", ["chat", "messages", "responses"])
@pytest.mark.parametrize("stream", [True, False])
async def test_a_provider_that_tools_ask_is_played(dialect: Dialect, stream: bool) -> None:
    async with Recorder() as recorder:
        endpoint = Provider(f"{recorder.address}/3/v1", "big", dialect=dialect, residency=("internal",))
        body = agent_body(dialect, "acme", AgentTexts(written='"quoted"'), stream=stream)
        post = ProviderPost(
            "acme", endpoint, DIALECTS[PATHS[dialect]].path, json.dumps(body).encode(), {}, stream, 64
        )
        transport = Transport()
        answer = await transport.post(post, "probe-key")
        raw = b"".join([chunk async for chunk in answer.chunks()])
        await transport.close()
        assert (answer.status, answer.is_stream) == (200, stream)
        reader = DIALECTS[PATHS[dialect]].reader(
            ReaderContext({}, EditRules(lambda _: None), AnswerMemory(), 1000), 1, False
        )
        for line in raw.splitlines() if stream else ():
            if line.startswith(b"data: {"):
                reader.event(line.removeprefix(b"data: ").decode())
        if not stream:
            reader.whole(json.loads(raw))
        assert reader.read().finish
        (request,) = recorder.take()
        assert '\0"quoted"' in request.text
