"""A road with real files and rules to a recording provider on loopback, and requests of a tool for it."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from foreign import Recorder, Reply, Status, recording
from gates import SCOPE, parts, settings

from assist_escalation.gate.prepare import GateParts
from assist_escalation.policy.endpoints import Dialect, Price
from assist_escalation.policy.permissions import Layer, Permissions, permissions
from assist_escalation.provider.provider_memory import CapabilityStore, model_key
from assist_escalation.redaction.known_secrets import Known
from assist_gateway.foreign_request import ForeignRequest, ForeignResponse
from assist_gateway.proxy.automatic_route import RouteMemory
from assist_gateway.proxy.proxied_request import ProxyRules
from assist_gateway.proxy.proxy import AnswerHere, ProviderProxy, ProxyParts
from assist_gateway.proxy.tool_conversations import KnownConversations
from assist_gateway.tool_tokens import ToolToken

NONE = Known()
# As often as it likes: the score alone decides, and a local model is there.
ROUTES = RouteMemory(False, True, lambda: (), lambda *_: None)
CHAT = "/v1/chat/completions"
PRICE = Price(3.0, 15.0)


def tool_for(folder: Path, **changed: Any) -> ToolToken:
    return replace(ToolToken("aider", (folder.resolve(),), unattributed=True), **changed)


@dataclass
class Desk:
    """A road, its tool, and what the provider and the records have."""

    road: ProviderProxy
    provider: Recorder
    gate: GateParts
    folder: Path
    tool: ToolToken

    async def ask(self, body: dict[str, Any], path: str = CHAT, **headers: str) -> ForeignResponse:
        fresh = json.loads(json.dumps(body))
        return await self.road.forward(ForeignRequest(path, fresh, headers), self.tool)

    async def whole(self, body: dict[str, Any], path: str = CHAT) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(await read(await self.ask(body, path)))
        return found

    async def streamed(self, body: dict[str, Any], path: str = CHAT) -> list[dict[str, Any]]:
        return events_in(await read(await self.ask({**body, "stream": True}, path)))

    def log(self, kind: str = "") -> list[dict[str, Any]]:
        path = self.folder / "audit.jsonl"
        lines = path.read_text().splitlines() if path.exists() else []
        found = [json.loads(line)["event"] for line in lines]
        return [event for event in found if kind in ("", event["kind"])]


async def read(response: ForeignResponse) -> bytes:
    return b"".join([chunk async for chunk in response.chunks])


def events_in(stream: bytes) -> list[dict[str, Any]]:
    lines = [line.removeprefix(b"data: ") for line in stream.split(b"\n") if line.startswith(b"data: ")]
    return [json.loads(line) for line in lines if line != b"[DONE]"]


def text_in(events: Sequence[Mapping[str, Any]]) -> str:
    deltas = [choice["delta"] for event in events for choice in event.get("choices", ())]
    return "".join(delta.get("content") or "" for delta in deltas)


def nothing_kept(text: str, claims: tuple[str, ...]) -> tuple[Any, ...]:
    return ()


@asynccontextmanager
async def desk(
    folder: Path,
    reply: Reply,
    *,
    dialect: Dialect = "chat",
    status: Status = 200,
    judge: Any = nothing_kept,
    known: Known = NONE,
    token: Mapping[str, Any] = MappingProxyType({}),
    local: AnswerHere | None = None,
    conversations: KnownConversations | None = None,
    learned: CapabilityStore | None = None,
    price: Price = PRICE,
    **changed: Any,
) -> AsyncIterator[Desk]:
    """A desk whose provider answers by `reply`; `changed` are settings."""
    async with recording(reply, status) as provider:
        made = settings(provider.url, max_cost_usd_per_request=1.0)
        acme = replace(made.providers["acme"], dialect=dialect, context_tokens=200_000, price=price)
        made = replace(made, providers={"acme": acme}, **changed)
        allowed = permissions([Layer("user", "config.toml", made)], [str(tool_for(folder).folders[0])])
        gate = replace(parts(folder), known=known)
        abilities = learned or CapabilityStore(None)
        gate.transport.abilities = abilities

        def rules(tool: ToolToken, name: str, found: Permissions) -> ProxyRules:
            return ProxyRules(
                found, gate, judge, SCOPE, abilities.find(model_key(name, acme.base_url, acme.model))
            )

        def file(tool: ToolToken, name: str, found: Permissions, path: str) -> str | None:
            place = folder / path
            return place.read_text() if place.exists() else "" if path.startswith("new") else None

        made_of = ProxyParts(lambda _: allowed, rules, file, gate.transport, ROUTES)
        road = ProviderProxy(made_of, local, conversations)
        try:
            yield Desk(road, provider, gate, folder, tool_for(folder, **token))
        finally:
            await road.close()
