"""The model `auto`: whether a chat of a tool is answered here or by a provider, by the router of questions.

It sees the user's last words and counts, no other text. A kind that a person is asked about each time stays
here, since no one can be asked. This module answers nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assist_escalation.policy.permissions import Permissions
from assist_escalation.routing.calibration import NONE, Calibration
from assist_escalation.routing.features import RequestFacts
from assist_escalation.routing.router import Decision, RoutingRules, route
from assist_gateway.dialects.bodies import plain_text
from assist_gateway.foreign_request import GatewayRefusal
from assist_gateway.local_chat import local_call
from assist_gateway.proxy.proxied_request import ProxiedRequest

AUTO = "auto"
WINDOW = 8192  # tokens that the local model reads
_COMMAND = "ask"


@dataclass(frozen=True, slots=True)
class RouteMemory:
    """What the router knows of earlier requests. `record` gets the id and the decision of a new one."""

    offline: bool
    local_model: bool
    history: Callable[[], Sequence[float]]
    record: Callable[[str, Decision], None]
    calibration: Calibration = NONE


@dataclass(frozen=True, slots=True)
class ProviderOffer:
    """What a provider would get: its name, the request as it would leave, or why it may not."""

    provider: str
    proxied: ProxiedRequest | None
    barred: tuple[str, str]
    left_micro: int = 0


def automatic_decision(
    body: Mapping[str, Any], offer: ProviderOffer, permissions: Permissions, memory: RouteMemory
) -> Decision:
    """The router's decision about a chat. It reads the history from the disk."""
    outbound = offer.proxied.outbound if offer.proxied else None
    said = [message for message in body.get("messages") or () if isinstance(message, dict)]
    words = [plain_text(message.get("content")) for message in said if message.get("role") == "user"]
    facts = RequestFacts(
        command=_COMMAND,
        words=words[-1] if words else "",
        files=len(outbound.facts["files"]) if outbound else 0,
        context_tokens=outbound.tokens if outbound else 0,
        local_window=WINDOW,
    )
    rules = RoutingRules(
        mode=permissions.mode,
        offline=memory.offline,
        rate=permissions.max_escalation_rate,
        always_local=permissions.always_local,
        always_ask=permissions.always_ask,
        provider=offer.provider,
        barred=offer.barred,
        upper_micro=outbound.upper_micro if outbound else None,
        allow_unknown_price=permissions.allow_unknown_price,
        request_micro=permissions.request_micro,
        left_micro=offer.left_micro,
        local_model=memory.local_model and _answered_here(body),
        calibration=memory.calibration,
        thresholds=permissions.thresholds,
        own_thresholds=permissions.own_thresholds,
    )
    return route(facts, rules, "auto", memory.history())


def leaves(decision: Decision, permissions: Permissions) -> bool:
    """Whether a provider is asked. Raises `GatewayRefusal` if no one may answer."""
    asked = [kind for kind in decision.kinds if kind in permissions.always_ask]
    if decision.target == "refused":
        raise GatewayRefusal(403, decision.cause, f"No model may answer this: {decision.why}.")
    if decision.target == "frontier" and asked and decision.cause == "no_local_model":
        why = f"A person has to confirm {asked[0]} each time, which a tool cannot do: name a model."
        raise GatewayRefusal(403, "always_ask", why)
    return decision.target == "frontier" and not asked


def _answered_here(body: Mapping[str, Any]) -> bool:
    """Whether the local model can do what a request asks for."""
    try:
        local_call(body)
    except GatewayRefusal:
        return False
    return True
