"""A whole gate with real files, and requests for it."""

import secrets
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from assist_escalation.audit.log import AuditLog
from assist_escalation.budget.ledger import Ledger, Scope
from assist_escalation.gate.prepare import GateParts, ProviderRequest
from assist_escalation.policy.endpoints import Price, Provider
from assist_escalation.policy.permissions import Layer, Permissions, permissions
from assist_escalation.policy.settings import EscalationSettings
from assist_escalation.prompts import Origin, Prompt, Span
from assist_escalation.provider.provider_memory import AnsweringModels
from assist_escalation.provider.transport import Times, Transport
from assist_escalation.redaction.known_secrets import known_values

KEY = "k-acme-0123456789"
SCOPE = Scope("/work/shop", "me")
QUICK = Times(connect=2.0, first=2.0, idle=1.0, total=10.0)


def settings(url: str, **changed: object) -> EscalationSettings:
    acme = Provider(
        base_url=url,
        model="frontier-1",
        api_key_env="ACME_KEY",
        residency=("public", "internal"),
        price=Price(3.0, 15.0),
    )
    made = EscalationSettings(mode="auto", providers={"acme": acme}, max_cost_usd_per_day=2.0)
    return replace(made, **changed)  # type: ignore[arg-type]


def allowed(url: str, root: Path, **changed: object) -> Permissions:
    return permissions([Layer("user", "config.toml", settings(url, **changed))], [str(root.resolve())])


def parts(folder: Path, environ: Mapping[str, str] | None = None, times: Times = QUICK) -> GateParts:
    keys = {"ACME_KEY": KEY, **(environ or {})}
    return GateParts(
        ledger=Ledger(folder / "ledger.sqlite"),
        log=AuditLog(folder / "audit.jsonl"),
        transport=Transport(folder / "providers.json", times),
        keys=lambda name: keys.get(name, ""),
        known=known_values({}, {}),
        models=AnsweringModels(folder / "frontier.lock"),
        secret=lambda: b"s" * 32,
    )


def spans(root: Path, text: str = "def total(items):\n    return sum(items)\n") -> tuple[Span, ...]:
    return (
        Span("Explain code.", Origin("assist")),
        Span(text, Origin("file", "shop/cart.py", str(root.resolve()), 1, 2, "0" * 40)),
        Span("What does it do?", Origin("user")),
    )


def request(permissions: Permissions, found: tuple[Span, ...], number: str = "") -> ProviderRequest:
    return ProviderRequest(number or secrets.token_hex(6), Prompt("explain", found), permissions, SCOPE, 256)
