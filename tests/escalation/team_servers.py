"""Sessions of ghost text with real files, prompts for them, and what a server of llama.cpp's kind answers."""

import secrets
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from gates import KEY, SCOPE
from hostile import Part, event, head

from assist_escalation.audit.log import AuditLog
from assist_escalation.budget.ledger import Ledger
from assist_escalation.egress.ghost_text import GhostTextSession, SessionParts
from assist_escalation.gate.ghost_text.incremental_redaction import CursorTexts
from assist_escalation.policy.endpoints import ModelServer
from assist_escalation.policy.permissions import Layer, Permissions, permissions
from assist_escalation.policy.settings import EscalationSettings
from assist_escalation.prompts import Origin, Span
from assist_escalation.provider.infill import FimTable
from assist_escalation.provider.provider_memory import AnsweringModels
from assist_escalation.redaction.known_secrets import Known

QWEN = FimTable("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>", "<|file_sep|>")


def team(url: str, **changed: Any) -> ModelServer:
    made = ModelServer(
        kind="llama.cpp", base_url=url, model="qwen2.5-coder", api_key_env="TEAM_KEY", residency=("internal",)
    )
    return replace(made, **changed)


def rules(url: str, root: Path, *others: Layer, **changed: Any) -> Permissions:
    mine = EscalationSettings(servers={"team": team(url, **changed)}, ghost_server="team")
    return permissions([Layer("user", "config.toml", mine), *others], [str(root.resolve())])


def session(
    folder: Path, found: Permissions, clock: Callable[[], float] = lambda: 0.0, **changed: Any
) -> GhostTextSession:
    parts = SessionParts(
        AuditLog(folder / "audit.jsonl"),
        Ledger(folder / "ledger.sqlite"),
        lambda: found,
        Known,
        {"TEAM_KEY": KEY}.get,  # type: ignore[arg-type]
        lambda: secrets.token_hex(6),
        SCOPE,
        AnsweringModels(folder / "frontier.lock"),
    )
    return GhostTextSession("team", QWEN, replace(parts, **changed), clock)


def texts(root: Path, typed: str = "x = ", path: str = "shop/cart.py", need: str = "") -> CursorTexts:
    origin = Origin("file", path, str(root.resolve()))
    return CursorTexts((), Span("import os\n\n", origin), Span(typed, origin), need, Span("\n", origin))


def pieces(*words: str, end: str = "eos") -> list[Part]:
    """An answer of llama.cpp's server, a token at a time."""
    found: list[Part] = [head()]
    for word in words:
        chance = [{"id": 1, "token": word, "logprob": -0.1}]
        found.append(event({"content": word, "stop": False, "completion_probabilities": chance}))
    timings = {"prompt_n": 5, "cache_n": 95}
    return [*found, event({"content": "", "stop": True, "stop_type": end, "timings": timings})]
