"""The gateway as a way out: an agent that has read a file, and sends what it read to a provider.

The request takes the gateway's own road, without its server: what is probed is what the road lets through.
It knows chat completions; for another dialect, add its body here and its answer to the recorder.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from assist_escalation.errors import EscalationError, RefusedError
from assist_escalation.policy.permissions import Permissions
from assist_server.config.config import Config
from assist_server.gateway.foreign_request import ForeignRequest, GatewayRefusal
from assist_server.gateway.road.provider_road import ProviderRoad
from assist_server.gateway.road.road_inputs import RoadInputs
from assist_server.gateway.tool_tokens import ToolToken

SURFACE = "gateway chat"
_PATH = "/v1/chat/completions"


def can_ask(permissions: Permissions, provider: str) -> bool:
    """Whether a provider is asked by a dialect that a probe speaks."""
    return permissions.providers[provider].dialect == "chat"


def reading_agent(config: Config, root: str, provider: str, path: str) -> Callable[[], Awaitable[str]]:
    """What sends the request of an agent that has read a file; the cause why nothing was sent, or ""."""

    async def send() -> str:
        text = Path(root, path).read_text(encoding="utf-8")  # noqa: ASYNC240  (a few kilobytes)
        road = ProviderRoad(RoadInputs(config).parts())
        tool = ToolToken("probe", (Path(root),), unattributed=True)
        try:
            answer = await road.forward(ForeignRequest(_PATH, _body(provider, path, text)), tool)
            async for _ in answer.chunks:
                pass
        except RefusedError as error:
            return error.cause
        except (EscalationError, GatewayRefusal) as error:
            return str(error)
        finally:
            with suppress(EscalationError):
                await road.close()
        return ""

    return send


def _body(provider: str, path: str, text: str) -> Mapping[str, Any]:
    """A conversation in which the agent has read one file."""
    call = {"name": "read_file", "arguments": json.dumps({"path": path})}
    return {
        "model": provider,
        "stream": True,
        "messages": [
            {"role": "user", "content": "Say what the total does."},
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [{"id": "call_1", "type": "function", "function": call}],
            },
            {"role": "tool", "tool_call_id": "call_1", "content": text},
        ],
    }
