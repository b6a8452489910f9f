"""A recorded session once more, through the gateway's gate and the rules as it reads them; nothing is sent.

What a provider keeps of a request's beginning is compared in pieces: the tools, the instructions, and each
part of each message. Marks that say what to keep (`cache_control`) are no part of one: agents move them on.
"""

import json
import statistics
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from assist_gateway.dialects.dialect import DIALECTS
from assist_gateway.proxy.proxied_request import AskedProvider, proxied_request
from assist_gateway.proxy.proxy_inputs import ProxyInputs
from assist_gateway.proxy.tool_conversations import ToolConversations
from assist_gateway.tool_tokens import ToolToken
from assist_server.config.config import load_lenient
from bench.sessions.leftovers import WorkspaceLines, seen_lines
from bench.sessions.workspace_states import put_state

PATHS = {"chat": "/v1/chat/completions", "messages": "/v1/messages", "responses": "/v1/responses"}
SETTINGS = """
[providers.acme]
base_url = "https://acme.example/v1"
model = "m"
dialect = "{dialect}"
residency = ["public", "internal"]
price = {{ input_usd_per_mtok = 0.01, output_usd_per_mtok = 0.01 }}
context_tokens = 10000000
[escalation]
mode = "auto"
max_cost_usd_per_request = 1000
[gateway]
max_cost_usd_per_session = 1000
[data_class]
"""


@dataclass(slots=True)
class ReplayedSession:
    """By turn: the pieces as the agent has them, as they leave, and the milliseconds of both parts."""

    asked: list[list[str]] = field(default_factory=list, repr=False)
    sent: list[list[str]] = field(default_factory=list, repr=False)
    read_ms: list[float] = field(default_factory=list, repr=False)
    gate_ms: list[float] = field(default_factory=list, repr=False)
    lines: WorkspaceLines = field(default_factory=WorkspaceLines)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    kept: Counter[str] = field(default_factory=Counter)
    redacted: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)


def replay(recording: Path, folder: Path) -> ReplayedSession:
    """Replay a recording; its workspace is put back to what it was at each turn. `folder` is empty."""
    with recording.open(encoding="utf-8") as file:
        about, *rows = map(json.loads, file)
    root = (recording.parent / about["workspace"]).resolve()
    dialect = rows[0]["dialect"]
    rules = "\n".join(f'"/{name}" = "restricted"' for name in about["restricted"])
    (folder / "config.toml").write_text(SETTINGS.format(dialect=dialect) + rules, encoding="utf-8")
    places = {"ASSIST_CONFIG_DIR": str(folder), "ASSIST_DATA_DIR": str(folder / "data")}
    inputs = ProxyInputs(load_lenient(places, ()), clock=lambda: float(len(session.sent)) * 5)
    tool = ToolToken("bench", (root,), True)
    known: ToolConversations | None = None
    session = ReplayedSession(secrets=tuple(about["secrets"]))
    for row in rows:
        if row["state"]:
            put_state(root, row["state"])
            session.lines.note(root, {*about["restricted"], ".env"})
        body = {**row["body"], "model": "acme"}
        asked = pieces(json.loads(json.dumps(body)))
        start = time.process_time()
        permissions = inputs.permissions(tool)
        road_rules = inputs.rules(tool, "acme", permissions)
        read = time.process_time()
        known = known or ToolConversations(road_rules.gate.known, permissions.patterns, b"k" * 32)
        endpoint = permissions.providers["acme"]
        to = AskedProvider(tool, "acme", endpoint, DIALECTS[PATHS[dialect]])
        proxied = proxied_request(body, row["headers"], to, road_rules, known)
        proxied.note_posted(shown=True)
        done = time.process_time()
        facts = proxied.outbound.facts
        session.left_out.update(facts["left_out"])
        if row["kind"] != "turn":
            continue
        session.asked.append(asked)
        session.sent.append(pieces(json.loads(proxied.post.body)))
        session.read_ms.append(1e3 * (read - start))
        session.gate_ms.append(1e3 * (done - read))
        session.kept = Counter({f"{part.path}": part.lines for part in proxied.kept})
        session.redacted = Counter({one["type"]: one["count"] for one in facts["redactions"]})
    return session


def pieces(body: dict[str, Any]) -> list[str]:
    """What a provider reads, in its order, each piece as JSON."""
    return [json.dumps(_without_marks(piece), sort_keys=True) for piece in _pieces(body)]


def _pieces(body: dict[str, Any]) -> Iterator[Any]:
    yield body.get("tools")
    yield body.get("system", body.get("instructions"))
    for message in body.get("messages") or body.get("input") or ():
        content = message.get("content")
        if isinstance(content, str):
            content = [{"type": "text", "text": content}]
        yield from ((message["role"], part) for part in content or ())
        if rest := {name: value for name, value in message.items() if name not in ("role", "content", "id")}:
            yield rest


def _without_marks(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_marks(part) for name, part in value.items() if name != "cache_control"}
    return [_without_marks(part) for part in value] if isinstance(value, list | tuple) else value


def kept_share(turns: list[list[str]]) -> tuple[list[int], list[str]]:
    """The turns that do not begin with all of the turn before, and the first piece of each that differs."""
    broken = []
    said = []
    for number, (before, after) in enumerate(pairwise(turns), 1):
        differs = next((at for at, piece in enumerate(before) if after[at : at + 1] != [piece]), None)
        if differs is not None:
            broken.append(number)
            then = after[differs] if differs < len(after) else ""
            said.append(
                f"turn {number}, piece {differs} of {len(before)}: {_difference(before[differs], then)}"
            )
    return broken, said


def _difference(before: str, after: str) -> str:
    at = next((n for n, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), len(after))
    return f"{before[max(0, at - 40) : at + 60]!r} -> {after[max(0, at - 40) : at + 60]!r}"


def summary(session: ReplayedSession, *, show: bool) -> dict[str, Any]:
    """The figures of a session."""
    by_agent, agent_said = kept_share(session.asked)
    broken, said = kept_share(session.sent)
    ours = [turn for turn in broken if turn not in by_agent]
    pairs = len(session.sent) - 1
    late = session.gate_ms[-20:]
    seen = seen_lines(session.lines, session.sent)
    return {
        "turns": len(session.sent),
        "characters of the last turn": sum(map(len, session.sent[-1])),
        "beginning kept": f"{pairs - len(broken)} of {pairs}",
        "changed by the agent itself": len(by_agent),
        "changed by the gate alone": ours,
        "kept lines of the last turn": dict(session.kept),
        "redactions of the last turn": dict(session.redacted),
        "left out": dict(session.left_out),
        "rules and files, ms": _quantiles(session.read_ms),
        "gate, ms": _quantiles(session.gate_ms),
        "gate, last 20 turns, ms": _quantiles(late),
        "turns that sent a secret": sent_secrets(session),
        "lines sent of files that are kept": {name: len(lines) for name, lines in seen.items()},
        **({"agent": agent_said, "gate": said, "lines": seen} if show else {}),
    }


def sent_secrets(session: ReplayedSession) -> dict[str, str]:
    """The first and the last turn that sent each planted secret; none for one that never left."""
    found = {}
    for secret in session.secrets:
        turns = [number for number, sent in enumerate(session.sent) if any(secret in piece for piece in sent)]
        if turns:
            found[secret] = f"{turns[0]} to {turns[-1]}"
    return found


def _quantiles(times: list[float]) -> str:
    ordered = sorted(times)
    return f"median {statistics.median(times):.1f}, p95 {ordered[int(len(ordered) * 0.95)]:.1f}"
