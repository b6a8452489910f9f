"""Who answers a request: the engine, the model that answers here, or the road to a provider.

It knows the paths and the names of models, not what is in a request. The road is a port, which `running`
fills: a provider's model and all other dialects go there.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from assist_gateway.fields import text_of
from assist_gateway.foreign_request import (
    ForeignRequest,
    ForeignResponse,
    GatewayRefusal,
    json_response,
)
from assist_gateway.infilling import CodeWriter, complete_text, infill
from assist_gateway.local_chat import chat
from assist_gateway.local_models import LocalModels
from assist_gateway.tool_tokens import ToolToken

CHAT = "/v1/chat/completions"
# Each path with its method. What is answered here comes first; the road answers the others.
PATHS: Mapping[str, str] = {
    "/v1/models": "GET",
    "/v1/completions": "POST",
    "/infill": "POST",
    CHAT: "POST",
    "/v1/messages": "POST",
    "/v1/messages/count_tokens": "POST",
    "/v1/responses": "POST",
}

Forward = Callable[[ForeignRequest, ToolToken], Awaitable[ForeignResponse]]
ProviderNames = Callable[[ToolToken], Iterable[str]]
WriterFor = Callable[[ToolToken], CodeWriter]


@dataclass(frozen=True, slots=True)
class CallAnswerers:
    """All who answer. `writer` is who completes code for a tool that does not name the local model."""

    models: LocalModels
    forward: Forward
    providers: ProviderNames
    writer: WriterFor

    def writer_of(self, request: ForeignRequest, tool: ToolToken) -> CodeWriter:
        """Who completes code for a request."""
        local = text_of(request.body, "model") in self.models.names
        return self.models if local else self.writer(tool)


async def answer_call(by: CallAnswerers, request: ForeignRequest, tool: ToolToken) -> ForeignResponse:
    """Answer a request of a tool. Raises `GatewayRefusal` and the errors of those who answer."""
    models = by.models
    match request.path:
        case "/v1/models":
            names = await asyncio.to_thread(by.providers, tool)  # which reads rules
            return json_response(_model_list(models, names))
        case "/v1/completions":
            return await complete_text(request, by.writer_of(request, tool), models.infilling)
        case "/infill":
            return await infill(request, by.writer_of(request, tool), models.infilling)
        case "/v1/chat/completions" if text_of(request.body, "model") in models.names:
            return await chat(request, models)
        case path if path != CHAT and text_of(request.body, "model") in models.names:
            raise GatewayRefusal(
                404,
                "model_not_found",
                f"The local model answers {CHAT}, not {path}: name a provider's model for that path.",
            )
        case _:
            return await by.forward(request, tool)


def _model_list(models: LocalModels, providers: Iterable[str]) -> dict[str, Any]:
    owned = [(name, "local") for name in models.names] + [(name, "provider") for name in providers]
    rows = [{"id": name, "object": "model", "created": 0, "owned_by": owner} for name, owner in owned]
    return {"object": "list", "data": rows}
