"""A server's kind and its answers: asked with a line of code of our own, never with a user's text.

A probe is made when the user asks for it, and writes nothing.
"""

import asyncio
import json
import re
import time
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

from assist_escalation.errors import EscalationError
from assist_escalation.policy.endpoints import ModelServer, ServerKind
from assist_escalation.provider.failures import Fault, describe, refusal
from assist_escalation.provider.infill import (
    CONNECT_S,
    FimTable,
    InfillCall,
    InfillLine,
    InfillPiece,
    InfillPrompt,
    body,
)
from assist_escalation.provider.pinned_transport import PinnedTransport, load, lost_connection
from assist_escalation.provider.request import Times, check_address

# About 200 tokens, so that a server with a cache of blocks has whole blocks to find again.
_LINES = "".join(f"def add_{n}(first, second):\n    return first + second + {n}\n\n\n" for n in range(12))
PROMPT = InfillPrompt((), "sums.py", _LINES, "\n", "def add(first, second):\n    return ", "", True, 8)
PAGE_S = 15.0  # for a page of its own; a server that computes on all cores gave one after 5 s
# Milliseconds until the first answer begins: a server may have to load the model, and a probe is waited for.
_FIRST_MS = 60_000
# A page that only this kind of server has, the most particular ones first.
_PAGES: tuple[tuple[ServerKind, str], ...] = (
    ("llama.cpp", "/props"),
    ("ollama", "/api/tags"),
    ("vllm", "/version"),
    ("openai", "/v1/models"),
)
# Families that keep one state for all that they read: they drop no part of it, and read all of it again.
_HYBRID = r"qwen3\.[56]|qwen3-(coder-)?next|granite-4\.0-h|mamba|jamba|rwkv|falcon-h1|nemotron-h|lfm2"


@dataclass(frozen=True, slots=True)
class FoundServer:
    """The server at an address: its kind, the models that it names, and its context in tokens or 0."""

    kind: ServerKind
    models: tuple[str, ...]
    context_tokens: int = 0


@dataclass(frozen=True, slots=True)
class ServerProbe:
    """The answers of a server: `ms` the first time, and `again_ms` the same prompt once more.

    `cached` is the share of the second prompt that it did not compute again, None if it does not say.
    `chances`: whether it gives log-probabilities. `problem` is "" if it answered.
    """

    problem: str = ""
    ms: float = 0.0
    again_ms: float = 0.0
    cached: float | None = None
    chances: bool = False
    hybrid: bool = False


async def identify(base_url: str, key: str = "", ca_file: str = "") -> FoundServer:
    """Return what answers at an address. Raises `Fault`."""
    bare = check_address(base_url, "").removesuffix("/v1")
    last = Fault("bad-reply", "it is not a server that we know: write its [servers.NAME] by hand")
    for kind, page in _PAGES:
        try:
            page_text = await _read_page(f"{bare}{page}", key, ca_file)
        except Fault as fault:
            if fault.kind in ("unreachable", "tls", "timeout", "auth"):
                raise
            last = fault if fault.kind != "unknown-model" else last
            continue
        if kind == "llama.cpp" and "default_generation_settings" not in page_text:
            continue
        names = await _model_names(bare, kind, page_text, key, ca_file)
        settings = page_text.get("default_generation_settings")
        context = settings.get("n_ctx", 0) if isinstance(settings, dict) else 0
        return FoundServer(kind, names, context if isinstance(context, int) else 0)
    raise last


async def measure(server: ModelServer, key: str, tokens: FimTable | None) -> ServerProbe:
    """Return how a server completes our own code, twice."""
    hybrid = re.search(_HYBRID, server.model.lower()) is not None
    # A text that no earlier probe sent, so that the first answer is one without a cache.
    prompt = replace(PROMPT, head=f"# {time.time_ns()}\n{PROMPT.head}")
    line = InfillLine(replace(server, timeout_ms=_FIRST_MS), key)
    try:
        payload = body(InfillCall(server, key, tokens, prompt))
        (first, ms), (again, again_ms) = [await _ask(line, payload) for _ in range(2)]
    except EscalationError as error:
        return ServerProbe(str(error), hybrid=hybrid)
    finally:
        await line.close()
    says = again.cached > 0 or server.kind == "llama.cpp"  # others say nothing where they have nothing
    share = again.cached / again.prompt if again.prompt and says else None
    return ServerProbe("", ms, again_ms, share, first.chance is not None, hybrid)


async def _ask(line: InfillLine, payload: bytes) -> tuple[InfillPiece, float]:
    """The counts of an answer, a chance if there was any, and its milliseconds."""
    start = time.perf_counter()
    last_piece = InfillPiece("")
    async with aclosing(line.stream(payload, PROMPT.most)) as pieces:
        async for piece in pieces:
            chance = last_piece.chance if piece.chance is None else piece.chance
            prompt, cached_tokens = max(last_piece.prompt, piece.prompt), max(last_piece.cached, piece.cached)
            last_piece = InfillPiece(last_piece.text + piece.text, chance, piece.end, prompt, cached_tokens)
    return last_piece, 1e3 * (time.perf_counter() - start)


async def _model_names(
    bare: str, kind: ServerKind, document: dict[str, Any], key: str, ca_file: str
) -> tuple[str, ...]:
    if kind not in ("ollama", "openai"):
        try:
            document = await _read_page(f"{bare}/v1/models", key, ca_file)
        except Fault:
            return ()
    rows = document.get("models") if kind == "ollama" else document.get("data")
    dicts = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    names = [row.get("name") or row.get("id") for row in dicts]
    return tuple(name for name in names if isinstance(name, str))


async def _read_page(url: str, key: str, ca_file: str) -> dict[str, Any]:
    """The JSON object at one address. Raises `Fault`."""
    import httpx2  # noqa: PLC0415

    context = load(ca_file if url.lower().startswith("https:") else None)
    inner = httpx2.AsyncHTTPTransport(verify=context, trust_env=False, proxy=None)
    door = PinnedTransport(inner, httpx2.URL(url), key, Times(connect=CONNECT_S), method="GET")
    try:
        async with asyncio.timeout(PAGE_S), aclosing(door):
            response = await door.handle_async_request(httpx2.Request("GET", url))
            content = await response.aread()
    except (TimeoutError, httpx2.RequestError) as error:
        raise lost_connection(error) from None
    if response.status_code != 200:
        failure = refusal(response.status_code, content)
        raise Fault(failure.kind, describe(failure))
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        raise Fault("bad-reply", "its answer is not JSON") from None
    return document if isinstance(document, dict) else {}
